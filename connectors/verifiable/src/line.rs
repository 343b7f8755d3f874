//! What Java's Jackson prints for maps of plain objects.

use connect_api::Value;
use connect_converters::json::plain;
use connect_converters::{java_map, java_text};

/// Why a value cannot be printed: what Jackson says, and where the value stands below the one that was given.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unprintable {
    text: String,
    path: String,
}

impl Unprintable {
    /// The line printed instead of one that has the value under `key`.
    pub(crate) fn line(&self, key: &str) -> String {
        let Self { text, path } = self;
        format!(
            "Bad data can't be written as json: {text} (through reference chain: java.util.HashMap[\"{key}\"]{path})"
        )
    }

    fn structure() -> Self {
        let text = "No serializer found for class org.apache.kafka.connect.data.Struct and no properties discovered \
                    to create BeanSerializer (to avoid exception, disable SerializationFeature.FAIL_ON_EMPTY_BEANS)";
        Self { text: text.to_owned(), path: String::new() }
    }

    fn below(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }
}

/// The line printed for a struct under `key`.
pub(crate) fn bad_struct(key: &str) -> String {
    Unprintable::structure().line(key)
}

/// A string, or `null`.
pub(crate) fn quoted(text: Option<&str>) -> String {
    let Some(text) = text else {
        return "null".to_owned();
    };
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            // Unlike JsonConverter, which writes bytes, nothing else is escaped.
            '\0'..='\u{1f}' => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Appends `value` as Jackson writes the Java object that Connect has for it.
///
/// # Errors
/// For structs, which Jackson cannot write, and maps with a null key.
pub(crate) fn write(value: &Value, out: &mut String) -> Result<(), Unprintable> {
    match value {
        Value::Struct(_) => return Err(Unprintable::structure()),
        Value::Date(millis) => out.push_str(&millis.to_string()),
        Value::Decimal(_) => java_text::write_value(value, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out).map_err(|error| error.below(&format!("->java.util.ArrayList[{index}]")))?;
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (index, (key, item)) in java_map::entries(map).into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                let key = key_text(key)?;
                out.push_str(&quoted(Some(&key)));
                out.push(':');
                write(item, out).map_err(|error| error.below(&format!("->java.util.HashMap[\"{key}\"]")))?;
            }
            out.push('}');
        }
        Value::String(text) => out.push_str(&quoted(Some(text))),
        _ => plain_json(value, out),
    }
    Ok(())
}

fn key_text(key: &Value) -> Result<String, Unprintable> {
    match key {
        Value::Null => Err(Unprintable {
            text: "Null key for a Map not allowed in JSON (use a converting NullKeySerializer?)".to_owned(),
            path: "->java.util.HashMap[\"null\"]".to_owned(),
        }),
        Value::Bytes(_) => {
            let mut text = String::new();
            plain_json(key, &mut text);
            Ok(text.trim_matches('"').to_owned())
        }
        _ => Ok(java_text::value_text(key)),
    }
}

/// Appends a value that is neither a container nor of a logical type.
fn plain_json(value: &Value, out: &mut String) {
    let mut bytes = Vec::new();
    let written = plain::write_value(value, &mut bytes);
    debug_assert!(written.is_ok(), "{value:?} has a form without a schema");
    out.push_str(&String::from_utf8_lossy(&bytes));
}

#[cfg(test)]
mod tests {
    use connect_api::{Decimal, Map, Schema, SchemaBuilder, Struct};

    use super::*;

    fn text(value: Value) -> String {
        let mut out = String::new();
        match write(&value, &mut out) {
            Ok(()) => out,
            Err(error) => error.line("task"),
        }
    }

    fn map<const N: usize>(entries: [(Value, Value); N]) -> Value {
        let mut map = Map::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        Value::from(map)
    }

    fn one_field() -> Value {
        let schema = SchemaBuilder::structure().field("a", Schema::int32()).build();
        Value::Struct(Struct::new(schema).unwrap())
    }

    /// Each right side is what Jackson 2.19 printed.
    #[test]
    fn values_are_printed_as_jackson_prints_them() {
        for (value, expected) in [
            (Value::Null, "null"),
            (Value::Boolean(true), "true"),
            (Value::Int8(3), "3"),
            (Value::Int64(-1), "-1"),
            (Value::Float32(12.2), "12.2"),
            (Value::Float64(1e10), "1.0E10"),
            (Value::Float64(1e-5), "1.0E-5"),
            (Value::Float32(f32::NAN), "\"NaN\""),
            (Value::Float64(f64::NEG_INFINITY), "\"-Infinity\""),
            (
                Value::string("a\"\\/\u{1}\u{1f}\u{7f}\u{2028}\u{1f600}\n"),
                "\"a\\\"\\\\/\\u0001\\u001F\u{7f}\u{2028}\u{1f600}\\n\"",
            ),
            (Value::Bytes(vec![1, 2, 255, 4].into()), "\"AQL/BA==\""),
            (Value::from(Decimal::new(120, 2)), "1.20"),
            (Value::from(Decimal::new(1, -10)), "1E+10"),
            (Value::Date(86_400_000), "86400000"),
            (Value::Array(vec![Value::Int32(1), Value::string("a")]), "[1,\"a\"]"),
            (
                map([
                    (Value::Int32(1), Value::Int32(2)),
                    (Value::Boolean(true), Value::Int32(3)),
                    (Value::Float64(2.5), Value::Int32(1)),
                ]),
                "{\"1\":2,\"2.5\":1,\"true\":3}",
            ),
            (map([(Value::Bytes(vec![1].into()), Value::Null)]), "{\"AQ==\":null}"),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    #[test]
    fn what_jackson_cannot_print_is_said_as_it_says_it() {
        let bad = "Bad data can't be written as json: ";
        let no_bean = "No serializer found for class org.apache.kafka.connect.data.Struct and no properties discovered \
                       to create BeanSerializer (to avoid exception, disable \
                       SerializationFeature.FAIL_ON_EMPTY_BEANS)";
        let chain = "(through reference chain: java.util.HashMap[\"task\"]";
        assert_eq!(text(one_field()), format!("{bad}{no_bean} {chain})"));
        let array = Value::Array(vec![Value::Int32(1), one_field()]);
        assert_eq!(text(array), format!("{bad}{no_bean} {chain}->java.util.ArrayList[1])"));
        let inner = map([(Value::string("x"), one_field())]);
        assert_eq!(text(inner), format!("{bad}{no_bean} {chain}->java.util.HashMap[\"x\"])"));
        let null = "Null key for a Map not allowed in JSON (use a converting NullKeySerializer?)";
        let keyed = map([(Value::Null, Value::Int32(1))]);
        assert_eq!(text(keyed), format!("{bad}{null} {chain}->java.util.HashMap[\"null\"])"));
        assert_eq!(bad_struct("task"), text(one_field()));
    }
}
