//! Whether a value fits a schema (`ConnectSchema.validateValue`).

use super::{LogicalType, Schema, Type, Value};
use crate::{Error, Result};

/// The value under the schema, and everything in it; `location` is what messages call it.
pub(super) fn validate(schema: Option<&Schema>, location: &str, value: &Value) -> Result<()> {
    let Some(schema) = schema else {
        return Err(Error::data(format!("No schema defined for {location}")));
    };
    let kind = schema.kind();
    let fits = match (schema.logical(), kind, value) {
        (_, _, Value::Null) => {
            return if schema.is_optional() {
                Ok(())
            } else {
                Err(Error::data(format!("Invalid value: null used for required {location}, schema type: {kind}")))
            };
        }
        (Some(LogicalType::Decimal), _, value) => matches!(value, Value::Decimal(_)),
        (Some(_), _, value) => matches!(value, Value::Date(_)),
        (None, Type::Int8, Value::Int8(_))
        | (None, Type::Int16, Value::Int16(_))
        | (None, Type::Int32, Value::Int32(_))
        | (None, Type::Int64, Value::Int64(_))
        | (None, Type::Float32, Value::Float32(_))
        | (None, Type::Float64, Value::Float64(_))
        | (None, Type::Boolean, Value::Boolean(_))
        | (None, Type::String, Value::String(_))
        | (None, Type::Bytes, Value::Bytes(_))
        | (None, Type::Array, Value::Array(_))
        | (None, Type::Map, Value::Map(_))
        | (None, Type::Struct, Value::Struct(_)) => true,
        _ => false,
    };
    if !fits {
        let name = schema.name().map(|name| format!(" \"{name}\"")).unwrap_or_default();
        let class = value.java_class();
        return Err(Error::data(format!(
            "Invalid Java object for schema{name} with type {kind}: class {class} for {location}"
        )));
    }
    validate_nested(schema, location, value)
}

fn validate_nested(schema: &Schema, location: &str, value: &Value) -> Result<()> {
    match value {
        Value::Struct(value) => {
            if value.schema() != schema {
                return Err(Error::data("Struct schemas do not match."));
            }
            value.validate()
        }
        Value::Array(items) => {
            let location = format!("element of array {location}");
            items.iter().try_for_each(|item| validate(schema.value_schema(), &location, item))
        }
        Value::Map(map) => {
            let (key_location, value_location) = (format!("key of map {location}"), format!("value of map {location}"));
            map.iter().try_for_each(|(key, value)| {
                validate(schema.key_schema(), &key_location, key)?;
                validate(schema.value_schema(), &value_location, value)
            })
        }
        _ => Ok(()),
    }
}
