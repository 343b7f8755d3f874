//! The two schemas and their values.

use connect_api::{Datum, Schema, SchemaBuilder, Struct, Value};

/// Makes the values of one task.
pub(crate) struct Values {
    id: i32,
    first: Schema,
    /// The second version, when there are two.
    second: Option<Schema>,
}

impl Values {
    /// Those of task `id`; in turn of both versions with `multiple`.
    pub(crate) fn new(id: i32, multiple: bool) -> Self {
        Self { id, first: schema(1), second: multiple.then(|| schema(2)) }
    }

    /// The value of record `seqno`, the one after `made` others, in the slice `partitioning`.
    pub(crate) fn value(&self, seqno: i64, made: u64, partitioning: i32) -> Datum {
        let second = self.second.as_ref().filter(|_| made % 2 == 1);
        let mut slots = vec![
            Value::Boolean(true),
            Value::Int32(12),
            Value::Int64(12),
            Value::Float32(12.2),
            Value::Float64(12.2),
            Value::Int32(partitioning),
        ];
        if second.is_some() {
            slots.push(Value::string("def"));
        }
        slots.extend([Value::Int32(self.id), Value::Int64(seqno)]);
        let schema = second.unwrap_or(&self.first).clone();
        Datum::new(schema.clone(), Value::Struct(Struct::from_slots(schema, slots)))
    }
}

/// The schema `record` in that version.
fn schema(version: i32) -> Schema {
    let mut builder = SchemaBuilder::structure()
        .version(version)
        .name("record")
        .field("boolean", Schema::boolean())
        .field("int", Schema::int32())
        .field("long", Schema::int64())
        .field("float", Schema::float32())
        .field("double", Schema::float64())
        .field("partitioning", Schema::int32());
    if version == 2 {
        builder = builder.field("string", SchemaBuilder::new(connect_api::Type::String).default_value("abc").build());
    }
    builder.field("id", Schema::int32()).field("seqno", Schema::int64()).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_their_schemas_and_versions_take_turns() {
        let versions = |multiple: bool| {
            let values = Values::new(4, multiple);
            let one = |made: u64| {
                let datum = values.value(made as i64 + 10, made, 1);
                let Value::Struct(value) = &datum.value else { panic!("{datum:?}") };
                value.validate().unwrap();
                assert_eq!(datum.schema.as_ref(), Some(value.schema()));
                assert_eq!(value.get("id").unwrap(), &Value::Int32(4));
                assert_eq!(value.get("seqno").unwrap(), &Value::Int64(made as i64 + 10));
                assert_eq!(value.get("partitioning").unwrap(), &Value::Int32(1));
                value.schema().version().unwrap()
            };
            [0, 1, 2, 3].map(one)
        };
        assert_eq!(versions(false), [1, 1, 1, 1]);
        assert_eq!(versions(true), [1, 2, 1, 2]);
    }
}
