//! Text of values as Java's `toString` gives it.

use std::fmt::Write as _;

use connect_api::Value;

use crate::calendar::Moment;
use crate::java_map;

/// Appends `Double.toString`.
///
/// The digits are the fewest that read back as the same number, as since JDK 19. Older ones print up to two digits
/// more for some numbers (`2.0E-3` is never one of them, `1.9999999999999998E23` for `2.0E23` is); both read back alike.
pub fn write_double(value: f64, out: &mut Vec<u8>) {
    if !value.is_finite() {
        return out.extend_from_slice(not_finite(value));
    }
    if let Some(thousandths) = thousandths(value) {
        return push_thousandths(thousandths, |text| out.extend_from_slice(text.as_bytes()));
    }
    let mut buffer = ryu::Buffer::new();
    let shortest = buffer.format_finite(value);
    if plain_layout(value.abs()) {
        return out.extend_from_slice(shortest.as_bytes());
    }
    // Java prints at least two digits, and the nearest two where one would do; that differs only for the tiniest.
    if value.abs() < f64::MIN_POSITIVE {
        let two = format!("{value:.1e}");
        if two.parse() == Ok(value) {
            return scientific(&two, out);
        }
    }
    scientific(shortest, out);
}

/// Appends `Float.toString`, with the digits that [`write_double`] speaks of.
pub fn write_float(value: f32, out: &mut Vec<u8>) {
    if !value.is_finite() {
        return out.extend_from_slice(not_finite(f64::from(value)));
    }
    let mut buffer = ryu::Buffer::new();
    let shortest = buffer.format_finite(value);
    if plain_layout(f64::from(value.abs())) {
        return out.extend_from_slice(shortest.as_bytes());
    }
    if value.abs() < f32::MIN_POSITIVE {
        let two = format!("{value:.1e}");
        if two.parse() == Ok(value) {
            return scientific(&two, out);
        }
    }
    scientific(shortest, out);
}

fn not_finite(value: f64) -> &'static [u8] {
    if value.is_nan() {
        b"NaN"
    } else if value > 0.0 {
        b"Infinity"
    } else {
        b"-Infinity"
    }
}

fn plain_layout(magnitude: f64) -> bool {
    magnitude == 0.0 || (1e-3..1e7).contains(&magnitude)
}

/// The number in thousandths, when it is a whole number of them and Java prints it without an exponent: amounts of money
/// and measured values mostly are. At most ten digits, and no other number of so few is as near, so these are the
/// shortest that read back as the same number.
#[inline]
fn thousandths(value: f64) -> Option<i64> {
    let magnitude = value.abs();
    if !(1e-3..1e7).contains(&magnitude) {
        return None;
    }
    let rounded = (value * 1000.0).round();
    // The quotient of two whole numbers is the double that is nearest to it.
    (rounded / 1000.0 == value).then_some(rounded as i64)
}

/// Prints such a number: at least one digit behind the point, and no further zeros.
fn push_thousandths(thousandths: i64, mut push: impl FnMut(&str)) {
    if thousandths < 0 {
        push("-");
    }
    let magnitude = thousandths.unsigned_abs();
    push(itoa::Buffer::new().format(magnitude / 1000));
    let fraction = magnitude % 1000;
    let digits = [b'.', digit(fraction / 100), digit(fraction / 10), digit(fraction)];
    let length = match (fraction % 10, fraction % 100) {
        (1.., _) => 4,
        (0, 1..) => 3,
        (0, 0) => 2,
    };
    push(std::str::from_utf8(&digits[..length]).unwrap_or(".0"));
}

/// The last digit of a number.
fn digit(number: u64) -> u8 {
    b'0' + (number % 10) as u8
}

/// Appends a decimal number in computerised scientific notation: `d.d+E-n`.
fn scientific(text: &str, out: &mut Vec<u8>) {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent.parse().unwrap_or(0)),
        None => (text, 0_i32),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = [whole, fraction].concat();
    let digits = all.trim_start_matches('0');
    let exponent = exponent + whole.len() as i32 - 1 - (all.len() - digits.len()) as i32;
    let digits = digits.trim_end_matches('0');
    out.extend_from_slice(sign.as_bytes());
    out.extend_from_slice(digits.get(..1).unwrap_or("0").as_bytes());
    out.push(b'.');
    let rest = digits.get(1..).filter(|rest| !rest.is_empty()).unwrap_or("0");
    out.extend_from_slice(rest.as_bytes());
    out.push(b'E');
    out.extend_from_slice(itoa::Buffer::new().format(exponent).as_bytes());
}

/// `Double.toString`; see [`write_double`].
pub fn double_text(value: f64) -> String {
    let mut out = Vec::new();
    write_double(value, &mut out);
    String::from_utf8(out).expect("numbers are ASCII")
}

/// `Float.toString`; see [`write_float`].
pub fn float_text(value: f32) -> String {
    let mut out = Vec::new();
    write_float(value, &mut out);
    String::from_utf8(out).expect("numbers are ASCII")
}

/// `String.valueOf(value)`: `null`, `Struct{a=1,b=x}` without unset fields, `[1, 2]`, `{a=1}` in the order of a Java
/// `HashMap`, dates in UTC. A `byte[]` is `[B@0`: Java prints an identity there that no two runs share.
pub fn value_text(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, &mut out);
    out
}

/// Appends [`value_text`].
pub fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int8(value) => out.push_str(itoa::Buffer::new().format(*value)),
        Value::Int16(value) => out.push_str(itoa::Buffer::new().format(*value)),
        Value::Int32(value) => out.push_str(itoa::Buffer::new().format(*value)),
        Value::Int64(value) => out.push_str(itoa::Buffer::new().format(*value)),
        Value::Float32(value) => out.push_str(&float_text(*value)),
        // The usual layout needs no memory of its own.
        Value::Float64(value) => match thousandths(*value) {
            Some(thousandths) => push_thousandths(thousandths, |text| out.push_str(text)),
            None if plain_layout(value.abs()) => out.push_str(ryu::Buffer::new().format_finite(*value)),
            None => out.push_str(&double_text(*value)),
        },
        Value::String(text) => out.push_str(text),
        Value::Bytes(_) => out.push_str("[B@0"),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_value(item, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (index, (key, value)) in java_map::entries(map).into_iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_value(key, out);
                out.push('=');
                write_value(value, out);
            }
            out.push('}');
        }
        Value::Struct(value) => {
            out.push_str("Struct{");
            let fields = value.schema().fields().iter().zip(value.slots());
            for (index, (field, value)) in fields.filter(|(_, value)| !value.is_null()).enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&field.name);
                out.push('=');
                write_value(value, out);
            }
            out.push('}');
        }
        Value::Decimal(decimal) => write!(out, "{decimal}").expect("writing to a string cannot fail"),
        Value::Date(millis) => out.push_str(&Moment::of(*millis).java_date()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use connect_api::{Map, Schema, SchemaBuilder, Struct};

    #[test]
    fn doubles_are_laid_out_as_in_java() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.001, "0.001"),
            (0.000_999, "9.99E-4"),
            (9_999_999.999, "9999999.999"),
            (1e7, "1.0E7"),
            (-123_456_789.0, "-1.23456789E8"),
            (1e21, "1.0E21"),
            (2e23, "2.0E23"),
            (1e-7, "1.0E-7"),
            (f64::from_bits(1), "4.9E-324"),
            (2.2250738585072014E-308, "2.2250738585072014E-308"),
            (f64::MAX, "1.7976931348623157E308"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(double_text(value), text);
        }
    }

    #[test]
    fn whole_thousandths_are_printed_as_all_numbers() {
        for number in (0..200_000_u64).map(|n| n * 50_021 % 10_000_000_000).chain(0..20_000) {
            let value = number as f64 / 1000.0;
            assert_eq!(thousandths(value), (number > 0 && number < 10_000_000_000).then_some(number as i64));
            for value in [value, -value, value.next_up(), value.next_down()] {
                if plain_layout(value.abs()) {
                    assert_eq!(double_text(value), ryu::Buffer::new().format_finite(value), "{value:?}");
                    assert_eq!(value_text(&Value::Float64(value)), double_text(value));
                }
            }
        }
    }

    #[test]
    fn floats_are_laid_out_as_in_java() {
        for (value, text) in
            [(1.0E10_f32, "1.0E10"), (f32::from_bits(1), "1.4E-45"), (1.175_494_4E-38, "1.1754944E-38"), (0.1, "0.1")]
        {
            assert_eq!(float_text(value), text);
        }
    }

    #[test]
    fn values_print_as_java_objects() {
        let schema = SchemaBuilder::structure()
            .field("a", Schema::int32())
            .field("gone", Schema::optional_int32())
            .field("list", SchemaBuilder::array(Some(Schema::string())).build())
            .build();
        let mut value = Struct::new(schema).unwrap();
        value.put("a", 1_i32).unwrap().put("list", Value::Array(vec!["x".into(), "y".into()])).unwrap();
        assert_eq!(value_text(&Value::Struct(value)), "Struct{a=1,list=[x, y]}");
        let map: Map = [("b", Value::Null), ("a", Value::from(1.5))].into_iter().collect();
        assert_eq!(value_text(&Value::from(map)), "{a=1.5, b=null}");
        assert_eq!(value_text(&Value::Date(1_600_000_000_123)), "Sun Sep 13 12:26:40 UTC 2020");
    }
}
