//! HoistField: the record becomes the only field of a new one.

use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{Map, Record, Result, Schema, SchemaBuilder, Struct, Text, Transform, Value, Verdict};
use kafka_config::{ConfigDef, ConfigKey, RawConfig, Type};

use crate::operand::{Side, refused};
use crate::plan::Plans;

const FIELD: &str = "field";

/// The plug-in `HoistField$Key` or `HoistField$Value`.
#[derive(Clone, Copy, Debug)]
pub struct HoistFieldPlugin(pub Side);

impl Plugin for HoistFieldPlugin {
    fn class(&self) -> &'static str {
        match self.0 {
            Side::Key => "org.apache.kafka.connect.transforms.HoistField$Key",
            Side::Value => "org.apache.kafka.connect.transforms.HoistField$Value",
        }
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        ConfigDef::new().define(ConfigKey::new(FIELD, Type::String).doc("The name of the only field of the result."))
    }
}

impl TransformPlugin for HoistFieldPlugin {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        let config = self.config().parse(config).map_err(refused)?;
        let field: Option<Text> = config.get_string(FIELD).map(Text::from);
        let location = format!("field: \"{}\"", field.as_deref().unwrap_or_default());
        Ok(Box::new(HoistField { side: self.0, field, location, plans: Plans::new() }))
    }
}

struct HoistField {
    side: Side,
    /// `None` when it was set to null, which Java takes: a map has that key then.
    field: Option<Text>,
    /// What messages call the field.
    location: String,
    /// The schema around an input schema.
    plans: Plans<Schema>,
}

impl Transform for HoistField {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        let datum = self.side.of(record);
        let Some(schema) = &datum.schema else {
            let value = std::mem::take(&mut self.side.of_mut(record).value);
            let key = self.field.clone().map_or(Value::Null, Value::String);
            self.side.of_mut(record).value = Map::from_iter([(key, value)]).into();
            return Ok(Verdict::Keep);
        };
        let field = self.field.as_ref();
        let output = self.plans.plan(schema, || {
            SchemaBuilder::structure().field(field.cloned().unwrap_or_default(), schema.clone()).try_build()
        })?;
        schema.validate_as(&self.location, &datum.value)?;
        let output = output.clone();
        let datum = self.side.of_mut(record);
        let value = std::mem::take(&mut datum.value);
        datum.value = Struct::from_slots(output.clone(), vec![value]).into();
        datum.schema = Some(output);
        Ok(Verdict::Keep)
    }
}
