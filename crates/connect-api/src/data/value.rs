//! A value of Connect's data model, with or without a schema.

use std::fmt;
use std::hash::{Hash, Hasher};

use bytes::Bytes;

use super::{Decimal, Map, Schema, Struct, Text};

/// A value. At most 40 bytes; text and bytes are counted references that may point into a fetched batch, so cloning
/// them copies nothing.
#[derive(Clone, Default)]
pub enum Value {
    /// No value.
    #[default]
    Null,
    /// `boolean`
    Boolean(bool),
    /// `int8`
    Int8(i8),
    /// `int16`
    Int16(i16),
    /// `int32`
    Int32(i32),
    /// `int64`
    Int64(i64),
    /// `float32`
    Float32(f32),
    /// `float64`
    Float64(f64),
    /// `string`
    String(Text),
    /// `bytes`
    Bytes(Bytes),
    /// `array`
    Array(Vec<Value>),
    /// `map`
    Map(Box<Map>),
    /// `struct`
    Struct(Struct),
    /// The logical type Decimal (Java's `BigDecimal`).
    Decimal(Box<Decimal>),
    /// The logical types Date, Time and Timestamp (Java's `java.util.Date`): milliseconds since 1970-01-01T00:00Z.
    /// The name of the schema says which of the three it is.
    Date(i64),
}

const _: () = assert!(size_of::<Value>() <= 40);

impl Value {
    /// Whether this is [`Value::Null`].
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// A string.
    pub fn string(text: impl Into<Text>) -> Self {
        Value::String(text.into())
    }

    /// The text, when it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, when it is an integer of any width.
    pub fn as_i64(&self) -> Option<i64> {
        match *self {
            Value::Int8(n) => Some(n.into()),
            Value::Int16(n) => Some(n.into()),
            Value::Int32(n) => Some(n.into()),
            Value::Int64(n) => Some(n),
            _ => None,
        }
    }

    /// The Java class that Apache Kafka Connect has for such a value; messages name it. `null` for [`Value::Null`].
    pub fn java_class(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Boolean(_) => "java.lang.Boolean",
            Value::Int8(_) => "java.lang.Byte",
            Value::Int16(_) => "java.lang.Short",
            Value::Int32(_) => "java.lang.Integer",
            Value::Int64(_) => "java.lang.Long",
            Value::Float32(_) => "java.lang.Float",
            Value::Float64(_) => "java.lang.Double",
            Value::String(_) => "java.lang.String",
            Value::Bytes(_) => "[B",
            Value::Array(_) => "java.util.ArrayList",
            Value::Map(_) => "java.util.HashMap",
            Value::Struct(_) => "org.apache.kafka.connect.data.Struct",
            Value::Decimal(_) => "java.math.BigDecimal",
            Value::Date(_) => "java.util.Date",
        }
    }

    /// Bytes of memory behind this value, besides the value itself; for budgets, so an estimate.
    pub fn heap_size(&self) -> usize {
        match self {
            Value::String(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Array(items) => items.iter().map(|item| size_of::<Value>() + item.heap_size()).sum(),
            Value::Map(map) => {
                map.iter().map(|(k, v)| 2 * size_of::<Value>() + 16 + k.heap_size() + v.heap_size()).sum()
            }
            Value::Struct(value) => value.slots().iter().map(|slot| size_of::<Value>() + slot.heap_size()).sum(),
            Value::Decimal(decimal) => 48 + (decimal.unscaled.bits() / 8) as usize,
            _ => 0,
        }
    }
}

/// Equality is Java's `equals`: of the same class with the same content; floats compare by their bits, so that a NaN
/// equals itself and a map can be keyed by any value.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Boolean(a), Value::Boolean(b)) => a == b,
            (Value::Int8(a), Value::Int8(b)) => a == b,
            (Value::Int16(a), Value::Int16(b)) => a == b,
            (Value::Int32(a), Value::Int32(b)) => a == b,
            (Value::Int64(a), Value::Int64(b)) | (Value::Date(a), Value::Date(b)) => a == b,
            (Value::Float32(a), Value::Float32(b)) => a.to_bits() == b.to_bits(),
            (Value::Float64(a), Value::Float64(b)) => a.to_bits() == b.to_bits(),
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Bytes(a), Value::Bytes(b)) => a == b,
            (Value::Array(a), Value::Array(b)) => a == b,
            (Value::Map(a), Value::Map(b)) => a == b,
            (Value::Struct(a), Value::Struct(b)) => a == b,
            (Value::Decimal(a), Value::Decimal(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Value::Null => {}
            Value::Boolean(b) => b.hash(state),
            Value::Int8(n) => n.hash(state),
            Value::Int16(n) => n.hash(state),
            Value::Int32(n) => n.hash(state),
            Value::Int64(n) | Value::Date(n) => n.hash(state),
            Value::Float32(n) => n.to_bits().hash(state),
            Value::Float64(n) => n.to_bits().hash(state),
            Value::String(text) => text.hash(state),
            Value::Bytes(bytes) => bytes.hash(state),
            Value::Array(items) => items.hash(state),
            // The order of a map is no part of its identity.
            Value::Map(map) => map.len().hash(state),
            Value::Struct(value) => value.slots().hash(state),
            Value::Decimal(decimal) => decimal.hash(state),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Boolean(b) => write!(f, "{b}"),
            Value::Int8(n) => write!(f, "{n}i8"),
            Value::Int16(n) => write!(f, "{n}i16"),
            Value::Int32(n) => write!(f, "{n}i32"),
            Value::Int64(n) => write!(f, "{n}i64"),
            Value::Float32(n) => write!(f, "{n:?}f32"),
            Value::Float64(n) => write!(f, "{n:?}f64"),
            Value::String(text) => write!(f, "{:?}", &**text),
            Value::Bytes(bytes) => write!(f, "{bytes:?}"),
            Value::Array(items) => items.fmt(f),
            Value::Map(map) => map.fmt(f),
            Value::Struct(value) => value.fmt(f),
            Value::Decimal(decimal) => write!(f, "{decimal}"),
            Value::Date(millis) => write!(f, "date({millis})"),
        }
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident),*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Value::$variant(value)
            }
        }
    )*};
}
from!(bool => Boolean, i8 => Int8, i16 => Int16, i32 => Int32, i64 => Int64, f32 => Float32, f64 => Float64,
      Text => String, Bytes => Bytes, Struct => Struct);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(text.into())
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Value::Map(Box::new(map))
    }
}

impl From<Decimal> for Value {
    fn from(decimal: Decimal) -> Self {
        Value::Decimal(Box::new(decimal))
    }
}

/// A value and its schema, if it has one (Java's `SchemaAndValue`). The default is no schema and no value: a tombstone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Datum {
    /// The schema; `None` for schemaless data.
    pub schema: Option<Schema>,
    /// The value.
    pub value: Value,
}

impl Datum {
    /// No schema, no value.
    pub const NULL: Datum = Datum { schema: None, value: Value::Null };

    /// A value with a schema. The pair is not validated; see [`Schema::validate`].
    pub fn new(schema: Schema, value: impl Into<Value>) -> Self {
        Self { schema: Some(schema), value: value.into() }
    }

    /// A value without a schema.
    pub fn schemaless(value: impl Into<Value>) -> Self {
        Self { schema: None, value: value.into() }
    }
}
