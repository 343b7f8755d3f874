//! ValueToKey: makes the key of fields of the value.

use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{Datum, Error, Map, Record, Result, Schema, SchemaBuilder, Struct, Text, Transform, Verdict};
use kafka_config::{ConfigDef, ConfigKey, Importance, RawConfig, Type, ValidList};

use crate::operand::{or_default, refused, replace_null, replace_null_key, require_map, require_struct};
use crate::plan::Plans;

const PURPOSE: &str = "copying fields from value to key";
const FIELDS: &str = "fields";

/// The plug-in `ValueToKey`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ValueToKeyPlugin;

impl Plugin for ValueToKeyPlugin {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.transforms.ValueToKey"
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        ConfigDef::new()
            .define(
                ConfigKey::new(FIELDS, Type::List)
                    .validator(ValidList::any(false, false))
                    .importance(Importance::High)
                    .doc("The fields of the value that make the key, in this order."),
            )
            .define(replace_null_key())
    }
}

impl TransformPlugin for ValueToKeyPlugin {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        let config = self.config().parse(config).map_err(refused)?;
        Ok(Box::new(ValueToKey {
            fields: config.list(FIELDS).iter().map(|name| name.as_str().into()).collect(),
            replace_null: replace_null(&config)?,
            plans: Plans::new(),
        }))
    }
}

struct ValueToKey {
    fields: Vec<Text>,
    replace_null: bool,
    plans: Plans<Plan>,
}

/// How a value makes a key.
struct Plan {
    schema: Schema,
    columns: Vec<Column>,
}

struct Column {
    /// The field of the value.
    input: usize,
    /// What messages call the field.
    location: String,
}

impl Plan {
    fn new(input: &Schema, fields: &[Text]) -> Result<Self> {
        let mut builder = SchemaBuilder::structure();
        let mut columns = Vec::with_capacity(fields.len());
        for name in fields {
            let field = input.field(name).ok_or_else(|| Error::data(format!("Field does not exist: {name}")))?;
            builder = builder.field(name.clone(), field.schema.clone());
            columns.push(Column { input: field.index, location: format!("field: \"{name}\"") });
        }
        Ok(Self { schema: builder.try_build()?, columns })
    }

    fn key(&self, value: &Struct, replace_null: bool) -> Result<Struct> {
        let mut slots = Vec::with_capacity(self.columns.len());
        for (field, column) in self.schema.fields().iter().zip(&self.columns) {
            let slot = or_default(&value.slots()[column.input], &field.schema, replace_null);
            field.schema.validate_as(&column.location, slot)?;
            slots.push(slot.clone());
        }
        Ok(Struct::from_slots(self.schema.clone(), slots))
    }
}

impl Transform for ValueToKey {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        let Some(schema) = &record.value.schema else {
            let map = require_map(&record.value.value, PURPOSE)?;
            let mut key = Map::sized(self.fields.len());
            for name in &self.fields {
                key.insert(name.clone(), map.get_str(name).cloned().unwrap_or_default());
            }
            record.key = Datum::schemaless(key);
            return Ok(Verdict::Keep);
        };
        let value = require_struct(&record.value.value, PURPOSE)?;
        let fields = &self.fields;
        let plan = self.plans.plan(value.schema(), || Plan::new(value.schema(), fields))?;
        record.key = Datum::new(plan.schema.clone(), plan.key(value, self.replace_null)?);
        if !schema.same(value.schema()) {
            // Parity: the record's schema becomes the one that the struct has itself.
            record.value.schema = Some(value.schema().clone());
        }
        Ok(Verdict::Keep)
    }
}
