//! Numbers made of other values, and narrowed as Java does.

use connect_api::{Decimal, Error, Kind, Result, Type, Value};
use kafka_config::parse_integer;

use crate::java_float;

/// A number on its way to its type.
pub(super) enum Number {
    /// An integer of any width.
    Integer(i64),
    /// A `float`.
    Single(f32),
    /// A `double`.
    Double(f64),
    /// A `BigDecimal`: its low 64 bits, and the nearest `float` and `double`.
    Decimal(i64, f32, f64),
    /// A `boolean`.
    Boolean(bool),
}

impl Number {
    /// The value of type `target`, which is a number or a boolean.
    pub(super) fn to(&self, target: Type) -> Value {
        match target {
            Type::Int8 => Value::Int8(self.int() as i8),
            Type::Int16 => Value::Int16(self.int() as i16),
            Type::Int32 => Value::Int32(self.int()),
            Type::Int64 => Value::Int64(self.long()),
            Type::Float32 => Value::Float32(match *self {
                Number::Integer(value) => value as f32,
                Number::Single(value) | Number::Decimal(_, value, _) => value,
                Number::Double(value) => value as f32,
                Number::Boolean(value) => f32::from(u8::from(value)),
            }),
            Type::Float64 => Value::Float64(match *self {
                Number::Integer(value) => value as f64,
                Number::Single(value) => f64::from(value),
                Number::Double(value) | Number::Decimal(_, _, value) => value,
                Number::Boolean(value) => f64::from(u8::from(value)),
            }),
            // Parity: what is truncated to nothing is false.
            _ => Value::Boolean(self.long() != 0),
        }
    }

    /// Integers wrap, floating-point numbers saturate; what is narrower than an `int` is cut from one.
    fn int(&self) -> i32 {
        match *self {
            Number::Integer(value) | Number::Decimal(value, _, _) => value as i32,
            Number::Single(value) => value as i32,
            Number::Double(value) => value as i32,
            Number::Boolean(value) => i32::from(value),
        }
    }

    fn long(&self) -> i64 {
        match *self {
            Number::Integer(value) | Number::Decimal(value, _, _) => value,
            Number::Single(value) => value as i64,
            Number::Double(value) => value as i64,
            Number::Boolean(value) => i64::from(value),
        }
    }
}

/// The number in a value; text is read as the `target` type is.
///
/// # Errors
/// When there is none.
pub(super) fn number(value: &Value, target: Type) -> Result<Number> {
    Ok(match value {
        Value::Boolean(value) => Number::Boolean(*value),
        Value::Int8(value) => Number::Integer(i64::from(*value)),
        Value::Int16(value) => Number::Integer(i64::from(*value)),
        Value::Int32(value) => Number::Integer(i64::from(*value)),
        Value::Int64(value) => Number::Integer(*value),
        Value::Float32(value) => Number::Single(*value),
        Value::Float64(value) => Number::Double(*value),
        Value::Decimal(value) => decimal(value),
        Value::String(text) => read(text, target)?,
        other => {
            let class = other.java_class();
            return Err(Error::data(format!("Unexpected type in Cast transformation: class {class}")));
        }
    })
}

fn decimal(value: &Decimal) -> Number {
    let text = value.to_string();
    // Neither fails on digits with a point and an exponent.
    Number::Decimal(value.low_bits(), text.parse().unwrap_or(f32::NAN), text.parse().unwrap_or(f64::NAN))
}

fn read(text: &str, target: Type) -> Result<Number> {
    let integer = |least: i64, most: i64| match parse_integer(text) {
        Some(value) if (least..=most).contains(&value) => Ok(Number::Integer(value)),
        // Parity: `byte` and `short` are read as an `int` first.
        Some(value) if target < Type::Int32 && i32::try_from(value).is_ok() => {
            Err(out_of_range(text, number_format(format!("Value out of range. Value:\"{text}\" Radix:10"))))
        }
        _ => Err(out_of_range(text, number_format(format!("For input string: \"{text}\"")))),
    };
    let no_float = || {
        let blank = text.trim_matches(|c: char| c <= ' ').is_empty();
        let message = if blank { "empty String".to_owned() } else { format!("For input string: \"{text}\"") };
        out_of_range(text, number_format(message))
    };
    match target {
        Type::Int8 => integer(i64::from(i8::MIN), i64::from(i8::MAX)),
        Type::Int16 => integer(i64::from(i16::MIN), i64::from(i16::MAX)),
        Type::Int32 => integer(i64::from(i32::MIN), i64::from(i32::MAX)),
        Type::Int64 => integer(i64::MIN, i64::MAX),
        Type::Float32 => java_float::parse(text).map(Number::Single).ok_or_else(no_float),
        Type::Float64 => java_float::parse(text).map(Number::Double).ok_or_else(no_float),
        _ => Ok(Number::Boolean(text.eq_ignore_ascii_case("true"))),
    }
}

fn out_of_range(text: &str, cause: Error) -> Error {
    Error::data(format!("Value ({text}) was out of range for requested data type")).caused_by(cause)
}

fn number_format(message: String) -> Error {
    Error::new(Kind::IllegalArgument, message).with_class("java.lang.NumberFormatException")
}
