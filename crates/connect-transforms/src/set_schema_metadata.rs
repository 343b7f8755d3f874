//! SetSchemaMetadata: gives the schema of a struct another name, another version, or both.

use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{
    Error, Record, Result, Rewrite, Schema, Struct, Text, Transform, Type as SchemaType, Value, Verdict,
};
use kafka_config::{ConfigDef, ConfigError, ConfigKey, Importance, RawConfig, Type};

use crate::operand::{
    Side, all_fields, copies_alike, or_default, refused, rehomed, replace_null, replace_null_key, take_struct,
};
use crate::plan::{Plans, locations};

const NAME: &str = "schema.name";
const VERSION: &str = "schema.version";

/// The plug-in `SetSchemaMetadata$Key` or `SetSchemaMetadata$Value`.
#[derive(Clone, Copy, Debug)]
pub struct SetSchemaMetadataPlugin(pub Side);

impl Plugin for SetSchemaMetadataPlugin {
    fn class(&self) -> &'static str {
        match self.0 {
            Side::Key => "org.apache.kafka.connect.transforms.SetSchemaMetadata$Key",
            Side::Value => "org.apache.kafka.connect.transforms.SetSchemaMetadata$Value",
        }
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        let key = |name, kind| ConfigKey::new(name, kind).default_null().importance(Importance::High);
        ConfigDef::new()
            .define(key(NAME, Type::String).doc("The new name; without it the schema keeps its own."))
            .define(key(VERSION, Type::Int).doc("The new version; without it the schema keeps its own."))
            .define(replace_null_key())
    }
}

impl TransformPlugin for SetSchemaMetadataPlugin {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        let config = self.config().parse(config).map_err(refused)?;
        let (name, version) = (config.get_string(NAME).map(Text::from), config.get_int(VERSION));
        let replace_null = replace_null(&config)?;
        if name.is_none() && version.is_none() {
            return Err(refused(ConfigError::sentence("Neither schema name nor version configured")));
        }
        Ok(Box::new(SetSchemaMetadata { side: self.0, name, version, replace_null, plans: Plans::new() }))
    }
}

struct SetSchemaMetadata {
    side: Side,
    name: Option<Text>,
    version: Option<i32>,
    replace_null: bool,
    plans: Plans<Plan>,
}

/// The new schema, and what messages call its fields.
struct Plan {
    schema: Schema,
    locations: Vec<String>,
}

impl Plan {
    fn new(input: &Schema, name: Option<&Text>, version: Option<i32>) -> Result<Self> {
        if input.kind() != SchemaType::Struct {
            // Parity: Java asks every schema for its fields, which only structs have.
            return Err(Error::data("Cannot list fields on non-struct type"));
        }
        let name = name.or(input.name()).cloned();
        let schema = input.with_name_and_version(name, version.or(input.version()));
        Ok(Self { schema, locations: locations(input) })
    }

    /// Checks what the renamed struct will hold.
    fn check(&self, value: &Struct, replace_null: bool) -> Result<()> {
        // Two schemas of the same number of fields can differ; Java puts the fields over by their place.
        if value.slots().len() != self.schema.fields().len() {
            return Err(Error::data("Struct schemas do not match."));
        }
        for ((field, slot), location) in self.schema.fields().iter().zip(value.slots()).zip(&self.locations) {
            field.schema.validate_as(location, or_default(slot, &field.schema, replace_null))?;
        }
        Ok(())
    }
}

impl Transform for SetSchemaMetadata {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        let datum = self.side.of(record);
        let schema = match (&datum.schema, &datum.value) {
            (None, Value::Null) => return Ok(Verdict::Keep),
            (None, _) => return Err(Error::data("Schema required for [updating schema metadata]")),
            (Some(schema), _) => schema,
        };
        let (name, version, replace_null) = (self.name.as_ref(), self.version, self.replace_null);
        let plan = self.plans.plan(schema, || Plan::new(schema, name, version))?;
        if let Value::Struct(value) = &datum.value {
            plan.check(value, replace_null)?;
        }
        let datum = self.side.of_mut(record);
        if let Some(value) = take_struct(&mut datum.value) {
            datum.value = rehomed(value, plan.schema.clone(), replace_null).into();
        }
        datum.schema = Some(plan.schema.clone());
        Ok(Verdict::Keep)
    }

    fn rewrite(&self, input: &Schema) -> Option<Rewrite> {
        let plan = Plan::new(input, self.name.as_ref(), self.version).ok()?;
        copies_alike(self.side, input, self.replace_null).then(|| Rewrite::new(plan.schema, all_fields(input)))?
    }
}
