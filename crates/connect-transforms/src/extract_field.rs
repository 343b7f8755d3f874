//! ExtractField: the field takes the place of the record that has it.

use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{Datum, Error, Kind, Record, Result, Schema, Transform, Value, Verdict};
use kafka_config::{ConfigDef, ConfigKey, RawConfig, Type};

use crate::field_path::{FieldPath, Step, check_struct, syntax_key, take_from_struct};
use crate::operand::{
    Side, null_pointer, refused, replace_null, replace_null_key, require_map, require_struct, take_map, take_struct,
};
use crate::plan::Plans;

const PURPOSE: &str = "field extraction";
const FIELD: &str = "field";

/// The plug-in `ExtractField$Key` or `ExtractField$Value`.
#[derive(Clone, Copy, Debug)]
pub struct ExtractFieldPlugin(pub Side);

impl Plugin for ExtractFieldPlugin {
    fn class(&self) -> &'static str {
        match self.0 {
            Side::Key => "org.apache.kafka.connect.transforms.ExtractField$Key",
            Side::Value => "org.apache.kafka.connect.transforms.ExtractField$Value",
        }
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        ConfigDef::new()
            .define(ConfigKey::new(FIELD, Type::String).doc("The field, or the path to it; see field.syntax.version."))
            .define(replace_null_key())
            .define(syntax_key())
    }
}

impl TransformPlugin for ExtractFieldPlugin {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        let config = self.config().parse(config).map_err(refused)?;
        let Some(field) = config.get_string(FIELD) else { return Err(null_pointer(None)) };
        Ok(Box::new(ExtractField {
            side: self.0,
            path: FieldPath::new(field, &config).map_err(refused)?,
            text: field.to_owned(),
            replace_null: replace_null(&config)?,
            plans: Plans::new(),
        }))
    }
}

struct ExtractField {
    side: Side,
    path: FieldPath,
    /// The path as it was configured.
    text: String,
    replace_null: bool,
    plans: Plans<Plan>,
}

/// The way to the field, and its schema.
struct Plan {
    steps: Vec<Step>,
    schema: Schema,
}

impl Plan {
    fn new(input: &Schema, path: &FieldPath, text: &str) -> Result<Self> {
        match path.locate(input)? {
            Some((steps, schema)) => Ok(Self { steps, schema }),
            None => Err(Error::new(Kind::IllegalArgument, format!("Unknown field: {text}"))),
        }
    }
}

impl ExtractField {
    fn apply_schemaless(&self, datum: &mut Datum) -> Result<()> {
        if !datum.value.is_null() {
            self.path.check_map(require_map(&datum.value, PURPOSE)?)?;
            if let Some(map) = take_map(&mut datum.value) {
                datum.value = self.path.take_from_map(map);
            }
        }
        Ok(())
    }

    fn apply_with_schema(&mut self, record: &mut Record) -> Result<()> {
        let datum = self.side.of(record);
        let Some(schema) = &datum.schema else { return Ok(()) };
        let value = match &datum.value {
            Value::Null => None,
            value => Some(require_struct(value, PURPOSE)?),
        };
        let (path, text) = (&self.path, &self.text);
        let plan = self.plans.plan(schema, || Plan::new(schema, path, text))?;
        if let Some(value) = value {
            check_struct(&plan.steps, value)?;
        }
        let datum = self.side.of_mut(record);
        if let Some(value) = take_struct(&mut datum.value) {
            datum.value = take_from_struct(&plan.steps, value, self.replace_null);
        }
        datum.schema = Some(plan.schema.clone());
        Ok(())
    }
}

impl Transform for ExtractField {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        match self.side.of(record).schema {
            None => self.apply_schemaless(self.side.of_mut(record))?,
            Some(_) => self.apply_with_schema(record)?,
        }
        Ok(Verdict::Keep)
    }
}
