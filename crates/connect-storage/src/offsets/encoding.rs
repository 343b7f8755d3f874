//! Offsets as bytes: what JsonConverter with `schemas.enable=false` makes of them, maps in the order of a Java
//! `HashMap`. The offset topic and the offset file hold the same bytes.

use bytes::Bytes;
use connect_api::data::{Map, Text, Value};
use connect_api::{Error, Result, SourceOffset, SourcePartition};
use connect_converters::json::plain;

/// The key under which a partition's offset is stored: `["connector",{"filename":"/tmp/a"}]`, or `["connector",null]`.
///
/// # Errors
/// [`connect_api::Kind::Data`] when the partition holds anything but primitive values.
pub fn encode_partition<'a>(connector: &str, partition: impl Into<Option<&'a SourcePartition>>) -> Result<Bytes> {
    let partition = match partition.into() {
        None => Value::Null,
        Some(partition) => {
            let entries = partition.entries();
            check_primitive(entries.iter().map(|(key, value)| (key, value)))?;
            Value::from(entries.iter().cloned().collect::<Map>())
        }
    };
    let mut out = Vec::new();
    plain::write_value(&Value::Array(vec![Value::from(connector), partition]), &mut out)?;
    Ok(out.into())
}

/// A stored offset: `{"position":6}`.
///
/// # Errors
/// [`connect_api::Kind::Data`] when the offset holds anything but primitive values.
pub fn encode_offset(offset: &SourceOffset) -> Result<Bytes> {
    check_primitive(offset.entries())?;
    let map: Map = offset.entries().map(|(key, value)| (key.clone(), value.clone())).collect();
    let mut out = Vec::new();
    plain::write_value(&Value::from(map), &mut out)?;
    Ok(out.into())
}

/// Reads a stored offset; `null` is none. Integers come back as int64, other numbers as float64, bytes as Base64 text.
///
/// # Errors
/// [`connect_api::Kind::Data`] when the bytes are no JSON object of primitive values.
pub fn decode_offset(bytes: &[u8]) -> Result<Option<SourceOffset>> {
    match plain::parse(bytes)? {
        Value::Null => Ok(None),
        value => Ok(Some(SourceOffset::of(primitive_entries(value)?))),
    }
}

/// Reads the key of a stored offset: the connector and the partition, which is `None` when the connector gave none.
///
/// # Errors
/// [`connect_api::Kind::Data`] when the bytes are no such key.
pub fn decode_partition(bytes: &[u8]) -> Result<(String, Option<SourcePartition>)> {
    let no_key = || Error::data("The key of a stored offset is not an array of a connector's name and a partition");
    let Value::Array(parts) = plain::parse(bytes)? else { return Err(no_key()) };
    let [Value::String(connector), partition] = <[Value; 2]>::try_from(parts).map_err(|_| no_key())? else {
        return Err(no_key());
    };
    let partition = match partition {
        Value::Null => None,
        value => Some(SourcePartition::new(primitive_entries(value)?)),
    };
    Ok((connector.to_string(), partition))
}

fn primitive_entries(value: Value) -> Result<Vec<(Text, Value)>> {
    let Value::Map(map) = value else { return Err(Error::data("Offsets must be specified as a Map")) };
    let entries = map.into_iter().map(|(key, value)| match key {
        Value::String(key) => Ok((key, value)),
        _ => Err(Error::data("Offsets may only use String keys")),
    });
    let entries = entries.collect::<Result<Vec<_>>>()?;
    check_primitive(entries.iter().map(|(key, value)| (key, value)))?;
    Ok(entries)
}

fn check_primitive<'a>(entries: impl Iterator<Item = (&'a Text, &'a Value)>) -> Result<()> {
    for (key, value) in entries {
        let found = match value {
            Value::Array(_) => "ARRAY",
            Value::Map(_) => "MAP",
            Value::Struct(_) => "STRUCT",
            Value::Decimal(_) => "class java.math.BigDecimal",
            Value::Date(_) => "class java.util.Date",
            _ => continue,
        };
        let message = "Offsets may only contain primitive types as values, but field";
        return Err(Error::data(format!("{message} {key} contains {found}")));
    }
    Ok(())
}
