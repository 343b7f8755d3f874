//! Values as text.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use connect_api::Value;

use crate::calendar::{DAY, Moment};
use crate::java_text;

/// The text of a value (`Values.convertToString`): strings as they are, `[1,"a"]`, `{"k":1}`, bytes as Base64, dates
/// as `yyyy-MM-dd`, `HH:mm:ss.SSSZ` or both, in UTC. Fields of structs that are unset show their default. `None` for null.
pub fn convert_to_string(value: &Value) -> Option<String> {
    if value.is_null() {
        return None;
    }
    let mut out = String::new();
    append(value, false, &mut out);
    Some(out)
}

fn append(value: &Value, embedded: bool, out: &mut String) {
    match value {
        Value::String(text) if embedded => quote(text, out),
        Value::Bytes(bytes) if embedded => quote(&STANDARD.encode(bytes), out),
        Value::Bytes(bytes) => out.push_str(&STANDARD.encode(bytes)),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                append(item, true, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (index, (key, value)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                append(key, true, out);
                out.push(':');
                append(value, true, out);
            }
            out.push('}');
        }
        Value::Struct(value) => {
            out.push('{');
            for (field, slot) in value.schema().fields().iter().zip(value.slots()) {
                if field.index > 0 {
                    out.push(',');
                }
                quote(&field.name, out);
                out.push(':');
                match field.schema.default_value() {
                    Some(default) if slot.is_null() => append(default, true, out),
                    _ => append(slot, true, out),
                }
            }
            out.push('}');
        }
        Value::Date(millis) => append_date(*millis, out),
        Value::Decimal(decimal) => write!(out, "{decimal}").expect("writing to a string cannot fail"),
        plain => java_text::write_value(plain, out),
    }
}

fn append_date(millis: i64, out: &mut String) {
    let moment = Moment::of(millis);
    // Parity: everything before the second day, also long before it, prints as a time of day.
    if millis < DAY {
        out.push_str(&moment.time());
    } else if millis % DAY == 0 {
        out.push_str(&moment.date());
    } else {
        out.push_str(&moment.date());
        out.push('T');
        out.push_str(&moment.time());
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
}
