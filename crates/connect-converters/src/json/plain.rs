//! Schemaless JSON, as JsonConverter with `schemas.enable=false` writes and reads it: the format of stored offsets.

use bytes::Bytes;
use connect_api::{Error, Result, Value};

use super::value_write::{self, Depth};
use super::{encoding, node::Reader, text};

/// Appends `value` as JSON. Maps are written in the order in which a Java `HashMap` is walked; a map with a key that
/// is no string becomes an array of pairs.
///
/// # Errors
/// [`connect_api::Kind::Data`] for values that schemaless JSON has no form for: logical types and structs.
pub fn write_value(value: &Value, out: &mut Vec<u8>) -> Result<()> {
    value_write::schemaless(value, Depth::default(), out)
}

/// Reads the first JSON value of `text`; what follows it is ignored. Blank text is null.
///
/// Integers become [`Value::Int64`], larger ones wrap; other numbers [`Value::Float64`]; objects maps.
///
/// # Errors
/// [`connect_api::Kind::Data`] when the text is no JSON.
pub fn parse(text: &[u8]) -> Result<Value> {
    parse_shared(&Bytes::copy_from_slice(text))
}

/// The same for shared bytes; strings of the value may point into them.
///
/// # Errors
/// [`connect_api::Kind::Data`] when the text is no JSON.
pub fn parse_shared(text: &Bytes) -> Result<Value> {
    let text = encoding::to_utf8(text).map_err(|error| malformed(error.to_error()))?;
    Reader::of(&text).plain().map_err(|error| malformed(error.to_error()))
}

/// What JsonConverter says of bytes that are no JSON.
pub(super) fn malformed(cause: Error) -> Error {
    Error::data("Converting byte[] to Kafka Connect data failed due to serialization error: ").caused_by(cause)
}

/// Appends `text` as a JSON string, quotes included, escaped as Jackson does.
pub fn write_string(content: &str, out: &mut Vec<u8>) {
    text::write_string(content, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use connect_api::Map;

    fn written(value: &Value) -> String {
        let mut out = Vec::new();
        write_value(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn maps_are_written_in_the_order_of_a_java_hash_map() {
        let partition: Map = [("filename", "f"), ("server", "s")].into_iter().collect();
        let key = Value::Array(vec![Value::from("c"), Value::from(partition)]);
        assert_eq!(written(&key), r#"["c",{"server":"s","filename":"f"}]"#);
        assert_eq!(parse(written(&key).as_bytes()).unwrap(), key);
    }

    #[test]
    fn other_keys_make_an_array_of_pairs() {
        let map: Map = [(Value::Int32(1), Value::from("x"))].into_iter().collect();
        assert_eq!(written(&Value::from(map)), r#"[[1,"x"]]"#);
    }

    #[test]
    fn blank_text_is_null_and_bad_text_an_error() {
        assert_eq!(parse(b" \n").unwrap(), Value::Null);
        assert_eq!(parse(b"{\"a\":1} rest").unwrap(), Value::from([("a", 1_i64)].into_iter().collect::<Map>()));
        let error = parse(b"{").unwrap_err();
        assert_eq!(
            error.message(),
            Some("Converting byte[] to Kafka Connect data failed due to serialization error: ")
        );
    }
}
