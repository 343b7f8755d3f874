//! The common schema of the elements of a list, or of the keys or values of a map, and values made to fit it.

use connect_api::data::LogicalType;
use connect_api::{Datum, Schema, Type, Value};

use crate::calendar::DAY;

/// Finds the schema that all data have in common. Null fits every schema here, and is refused when fitted.
#[derive(Default)]
pub(super) struct Common {
    schema: Option<Schema>,
    given_up: bool,
}

impl Common {
    pub(super) fn merge(&mut self, datum: &Datum) {
        let Some(new) = &datum.schema else { return };
        if self.given_up {
            return;
        }
        self.schema = match self.schema.take() {
            None => Some(new.clone()),
            Some(previous) => merge(previous, new),
        };
        self.given_up = self.schema.is_none();
    }

    pub(super) fn into_schema(self) -> Option<Schema> {
        self.schema
    }
}

fn merge(previous: Schema, new: &Schema) -> Option<Schema> {
    if previous.kind() == new.kind() {
        // Parity: of two schemas of one type the later one is taken, whatever else tells them apart.
        return Some(new.clone());
    }
    let (old, rank) = (width(previous.kind())?, width(new.kind())?);
    Some(if rank > old { new.clone() } else { previous })
}

fn width(kind: Type) -> Option<u8> {
    match kind {
        Type::Int8 => Some(0),
        Type::Int16 => Some(1),
        Type::Int32 => Some(2),
        Type::Int64 => Some(3),
        Type::Float32 => Some(4),
        Type::Float64 => Some(5),
        _ => None,
    }
}

/// `value` as one of `schema`; `None` where Java refuses the conversion.
pub(super) fn fit(schema: &Schema, value: Value) -> Option<Value> {
    Some(match (schema.kind(), schema.logical(), value) {
        (_, _, Value::Null) => return None,
        (_, Some(LogicalType::Date | LogicalType::Time | LogicalType::Timestamp), date @ Value::Date(_)) => date,
        (_, Some(LogicalType::Date), number) => Value::Date(i64::from(long(&number)? as i32) * DAY),
        (_, Some(LogicalType::Time), number) => {
            let millis = i64::from(long(&number)? as i32);
            (0..=DAY).contains(&millis).then_some(Value::Date(millis))?
        }
        (_, Some(LogicalType::Timestamp), number) => Value::Date(long(&number)?),
        (Type::Int8, _, value) => Value::Int8(long(&value)? as i8),
        (Type::Int16, _, value) => Value::Int16(long(&value)? as i16),
        (Type::Int32, _, value) => Value::Int32(long(&value)? as i32),
        (Type::Int64, _, value) => Value::Int64(long(&value)?),
        (Type::Float32, _, Value::Float32(value)) => Value::Float32(value),
        (Type::Float32, _, value) => Value::Float32(double(&value)? as f32),
        (Type::Float64, _, value) => Value::Float64(double(&value)?),
        (_, _, value) => value,
    })
}

fn long(value: &Value) -> Option<i64> {
    match value {
        Value::Float32(value) => Some(*value as i64),
        Value::Float64(value) => Some(*value as i64),
        value => value.as_i64(),
    }
}

fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Float32(value) => Some(f64::from(*value)),
        Value::Float64(value) => Some(*value),
        value => value.as_i64().map(|value| value as f64),
    }
}
