//! JSON trees as Connect values, with every leniency of JsonConverter. This is the reading that decides; the quick one
//! in [`super::value_scan`] gives up where it is not sure and leaves the text to this one.

use bytes::Bytes;
use connect_api::data::LogicalType;
use connect_api::{Decimal, Error, Kind, Map, Result, Schema, Struct, Text, Type, Value};

use super::node::Node;
use super::{base64_text, logical};
use crate::calendar::DAY;

/// The value that `node` is under `schema`. An absent member is `None`.
pub(super) fn convert(schema: Option<&Schema>, node: Option<&Node>, replace_null: bool) -> Result<Value> {
    let Some(schema) = schema else {
        return Ok(node.map_or(Value::Null, schemaless));
    };
    let node = match node {
        None | Some(Node::Null) => return null(schema, replace_null),
        Some(node) => node,
    };
    if let Some(logical) = schema.logical() {
        return convert_logical(schema, logical, node);
    }
    Ok(match schema.kind() {
        Type::Boolean => Value::Boolean(matches!(node, Node::Boolean(true))),
        Type::Int8 => Value::Int8(node.int_value() as i8),
        Type::Int16 => Value::Int16(node.int_value() as i16),
        Type::Int32 => Value::Int32(node.int_value()),
        Type::Int64 => Value::Int64(node.long_value()),
        Type::Float32 => Value::Float32(node.float_value()),
        Type::Float64 => Value::Float64(node.double_value()),
        Type::String => node.as_text().map_or(Value::Null, |text| Value::String(text.clone())),
        Type::Bytes => match node.as_text() {
            Some(text) => {
                Value::Bytes(bytes(text).map_err(|cause| Error::data("Invalid bytes field").caused_by(cause))?)
            }
            None => Value::Null,
        },
        Type::Array => {
            let items = node.children().map(|item| convert(schema.value_schema(), Some(item), replace_null));
            Value::Array(items.collect::<Result<_>>()?)
        }
        Type::Map => convert_map(schema, node, replace_null)?,
        Type::Struct => convert_struct(schema, node, replace_null)?,
    })
}

/// What a null stands for.
pub(super) fn null(schema: &Schema, replace_null: bool) -> Result<Value> {
    match schema.default_value() {
        Some(default) if replace_null => Ok(default.clone()),
        _ if schema.is_optional() => Ok(Value::Null),
        _ => Err(Error::data(format!("Invalid null value for required {} field", schema.kind()))),
    }
}

fn schemaless(node: &Node) -> Value {
    match node {
        Node::Missing | Node::Null => Value::Null,
        Node::Boolean(value) => Value::Boolean(*value),
        Node::Int(_) | Node::Big(_) => Value::Int64(node.long_value()),
        Node::Float(_) => Value::Float64(node.double_value()),
        Node::Text(text) => Value::String(text.clone()),
        Node::Array(elements) => Value::Array(elements.iter().map(schemaless).collect()),
        Node::Object(members) => {
            Value::from(members.iter().map(|(name, value)| (name.clone(), schemaless(value))).collect::<Map>())
        }
    }
}

fn convert_map(schema: &Schema, node: &Node, replace_null: bool) -> Result<Value> {
    let value_schema = schema.value_schema();
    let mut map = Map::new();
    if schema.key_schema().is_some_and(|key| key.kind() == Type::String) {
        let Node::Object(members) = node else {
            return Err(Error::data(format!(
                "Maps with string fields should be encoded as JSON objects, but found {}",
                node.kind()
            )));
        };
        for (name, value) in members {
            map.insert(name.clone(), convert(value_schema, Some(value), replace_null)?);
        }
        return Ok(Value::from(map));
    }
    let Node::Array(entries) = node else {
        return Err(Error::data(format!(
            "Maps with non-string fields should be encoded as JSON array of tuples, but found {}",
            node.kind()
        )));
    };
    for entry in entries {
        match entry {
            Node::Array(pair) if pair.len() == 2 => {
                let key = convert(schema.key_schema(), Some(&pair[0]), replace_null)?;
                map.insert(key, convert(value_schema, Some(&pair[1]), replace_null)?);
            }
            Node::Array(pair) => {
                return Err(Error::data(format!(
                    "Found invalid map entry, expected length 2 but found :{}",
                    pair.len()
                )));
            }
            _ => {
                let kind = entry.kind();
                return Err(Error::data(format!("Found invalid map entry instead of array tuple: {kind}")));
            }
        }
    }
    Ok(Value::from(map))
}

fn convert_struct(schema: &Schema, node: &Node, replace_null: bool) -> Result<Value> {
    if !matches!(node, Node::Object(_)) {
        return Err(Error::data(format!("Structs should be encoded as JSON objects, but found {}", node.kind())));
    }
    let mut value = Struct::new(schema.clone())?;
    for field in schema.fields() {
        value.put(&field.name, convert(Some(&field.schema), node.get(&field.name), replace_null)?)?;
    }
    Ok(Value::Struct(value))
}

fn convert_logical(schema: &Schema, logical: LogicalType, node: &Node) -> Result<Value> {
    let wrong = |needed: &str| {
        Error::data(format!(
            "Invalid type for {logical:?}, underlying representation should be {needed} but was {}",
            node.kind()
        ))
    };
    match (logical, node) {
        (LogicalType::Decimal, Node::Text(text)) => decode_decimal(schema, text)
            .map(Value::from)
            .map_err(|cause| Error::data("Invalid bytes for Decimal field").caused_by(cause)),
        (LogicalType::Decimal, node) => node.decimal_value().map(Value::from).ok_or_else(|| wrong("numeric or bytes")),
        (LogicalType::Date, Node::Int(days)) => match i32::try_from(*days) {
            Ok(days) => Ok(Value::Date(i64::from(days) * DAY)),
            Err(_) => Err(wrong("integer")),
        },
        (LogicalType::Time, Node::Int(millis)) if i32::try_from(*millis).is_ok() => {
            if !(0..=DAY).contains(millis) {
                return Err(Error::data(
                    "Time values must use number of milliseconds greater than 0 and less than 86400000",
                ));
            }
            Ok(Value::Date(*millis))
        }
        (LogicalType::Date | LogicalType::Time, _) => Err(wrong("integer")),
        (LogicalType::Timestamp, Node::Int(_) | Node::Big(_)) => Ok(Value::Date(node.long_value())),
        (LogicalType::Timestamp, _) => Err(wrong("integral")),
    }
}

fn decode_decimal(schema: &Schema, text: &Text) -> Result<Decimal> {
    let bytes = bytes(text)?;
    let scale = logical::scale(schema)?;
    Decimal::from_bytes(&bytes, scale).ok_or_else(|| {
        Error::new(Kind::IllegalArgument, "Zero length BigInteger").with_class("java.lang.NumberFormatException")
    })
}

fn bytes(text: &Text) -> Result<Bytes> {
    base64_text::decode(text).map(Bytes::from).map_err(|reason| {
        Error::new(
            Kind::Serialization,
            format!("Cannot access contents of TextNode as binary due to broken Base64 encoding: {reason}"),
        )
        .with_class("com.fasterxml.jackson.databind.exc.InvalidFormatException")
    })
}
