//! BooleanConverter and the number converters: one value of fixed size, big-endian.

use bytes::Bytes;
use connect_api::convert::AsHeaderConverter;
use connect_api::plugin::{ConverterPlugin, HeaderConverterPlugin, Plugin};
use connect_api::{
    Converter, Datum, DecodeContext, EncodeContext, Encoded, Error, HeaderConverter, Kind, Result, Role, Schema, Type,
    Value,
};
use kafka_config::{ConfigDef, RawConfig};

use crate::plugin::{VERSION, config_error, type_only, with_type};

/// The type of value that a [`PrimitiveConverter`] converts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primitive {
    /// One byte, 0 or 1.
    Boolean,
    /// `int16`
    Short,
    /// `int32`
    Integer,
    /// `int64`
    Long,
    /// `float32`
    Float,
    /// `float64`
    Double,
}

impl Primitive {
    /// All of them.
    pub const ALL: [Primitive; 6] = [
        Primitive::Boolean,
        Primitive::Short,
        Primitive::Integer,
        Primitive::Long,
        Primitive::Float,
        Primitive::Double,
    ];

    /// The Java class of the values, without its package.
    fn class(self) -> &'static str {
        match self {
            Primitive::Boolean => "Boolean",
            Primitive::Short => "Short",
            Primitive::Integer => "Integer",
            Primitive::Long => "Long",
            Primitive::Float => "Float",
            Primitive::Double => "Double",
        }
    }

    /// The word for it in messages.
    fn word(self) -> &'static str {
        match self {
            Primitive::Boolean => "boolean",
            Primitive::Short => "short",
            Primitive::Integer => "integer",
            Primitive::Long => "long",
            Primitive::Float => "float",
            Primitive::Double => "double",
        }
    }

    /// Java's name of the class that reads it; two do not tell their own.
    fn deserializer(self) -> &'static str {
        match self {
            Primitive::Boolean => "BooleanDeserializer",
            Primitive::Short => "ShortDeserializer",
            Primitive::Integer => "IntegerDeserializer",
            Primitive::Long => "LongDeserializer",
            Primitive::Float | Primitive::Double => "Deserializer",
        }
    }

    fn size(self) -> usize {
        match self {
            Primitive::Boolean => 1,
            Primitive::Short => 2,
            Primitive::Integer | Primitive::Float => 4,
            Primitive::Long | Primitive::Double => 8,
        }
    }

    fn schema(self) -> Schema {
        match self {
            Primitive::Boolean => Schema::optional_boolean(),
            Primitive::Short => Schema::optional_int16(),
            Primitive::Integer => Schema::optional_int32(),
            Primitive::Long => Schema::optional_int64(),
            Primitive::Float => Schema::optional_float32(),
            Primitive::Double => Schema::optional_float64(),
        }
    }

    fn read(self, bytes: &[u8]) -> Result<Value> {
        match (self, bytes) {
            (Primitive::Boolean, [0]) => Ok(Value::Boolean(false)),
            (Primitive::Boolean, [1]) => Ok(Value::Boolean(true)),
            (Primitive::Boolean, [other]) => {
                Err(unreadable(format!("Unexpected byte received by BooleanDeserializer: {}", *other as i8)))
            }
            (Primitive::Short, [a, b]) => Ok(Value::Int16(i16::from_be_bytes([*a, *b]))),
            (Primitive::Integer, [a, b, c, d]) => Ok(Value::Int32(i32::from_be_bytes([*a, *b, *c, *d]))),
            (Primitive::Float, [a, b, c, d]) => Ok(Value::Float32(f32::from_be_bytes([*a, *b, *c, *d]))),
            (Primitive::Long, _) if let Ok(bytes) = bytes.try_into() => Ok(Value::Int64(i64::from_be_bytes(bytes))),
            (Primitive::Double, _) if let Ok(bytes) = bytes.try_into() => Ok(Value::Float64(f64::from_be_bytes(bytes))),
            _ => Err(unreadable(format!("Size of data received by {} is not {}", self.deserializer(), self.size()))),
        }
    }
}

fn unreadable(message: String) -> Error {
    Error::new(Kind::Serialization, message)
}

/// Converts values of one primitive type (`org.apache.kafka.connect.converters.LongConverter` and its like).
#[derive(Clone, Copy, Debug)]
pub struct PrimitiveConverter(pub Primitive);

impl PrimitiveConverter {
    fn refuse(self, value: &Value) -> Error {
        let class = value.java_class();
        if self.0 == Primitive::Boolean {
            return Error::data(format!("BooleanConverter is not compatible with objects of type class {class}"));
        }
        let number = matches!(
            value,
            Value::Int8(_)
                | Value::Int16(_)
                | Value::Int32(_)
                | Value::Int64(_)
                | Value::Float32(_)
                | Value::Float64(_)
                | Value::Decimal(_)
        );
        let wanted = if number { self.0.class() } else { "Number" };
        let cause = Error::new(
            Kind::IllegalArgument,
            format!(
                "class {class} cannot be cast to class java.lang.{wanted} ({class} and java.lang.{wanted} are in module java.base of loader 'bootstrap')"
            ),
        );
        Error::data(format!("Failed to serialize to {} (was class {class}): ", self.0.word()))
            .caused_by(cause.with_class("java.lang.ClassCastException"))
    }
}

impl Converter for PrimitiveConverter {
    fn encode(&mut self, _context: EncodeContext<'_>, datum: &Datum, out: &mut Vec<u8>) -> Result<Encoded> {
        // Only the one for booleans looks at the schema.
        if self.0 == Primitive::Boolean
            && let Some(schema) = datum.schema.as_ref().filter(|schema| schema.kind() != Type::Boolean)
        {
            return Err(Error::data(format!("Invalid schema type for BooleanConverter: {}", schema.kind())));
        }
        match (self.0, &datum.value) {
            (_, Value::Null) => return Ok(Encoded::Null),
            (Primitive::Boolean, Value::Boolean(value)) => out.push(u8::from(*value)),
            (Primitive::Short, Value::Int16(value)) => out.extend_from_slice(&value.to_be_bytes()),
            (Primitive::Integer, Value::Int32(value)) => out.extend_from_slice(&value.to_be_bytes()),
            (Primitive::Long, Value::Int64(value)) => out.extend_from_slice(&value.to_be_bytes()),
            (Primitive::Float, Value::Float32(value)) => {
                // Java writes every NaN alike.
                let value = if value.is_nan() { f32::from_bits(0x7FC0_0000) } else { *value };
                out.extend_from_slice(&value.to_be_bytes());
            }
            (Primitive::Double, Value::Float64(value)) => {
                let value = if value.is_nan() { f64::from_bits(0x7FF8_0000_0000_0000) } else { *value };
                out.extend_from_slice(&value.to_be_bytes());
            }
            (_, value) => return Err(self.refuse(value)),
        }
        Ok(Encoded::Written)
    }

    fn decode(&mut self, _context: DecodeContext<'_>, bytes: Option<&Bytes>) -> Result<Datum> {
        let value = match bytes {
            None => Value::Null,
            Some(bytes) => self
                .0
                .read(bytes)
                .map_err(|cause| Error::data(format!("Failed to deserialize {}: ", self.0.word())).caused_by(cause))?,
        };
        Ok(Datum { schema: Some(self.0.schema()), value })
    }
}

/// The converter of one primitive type, for keys, values and headers.
#[derive(Clone, Copy, Debug)]
pub struct PrimitiveConverterPlugin(pub Primitive);

impl Plugin for PrimitiveConverterPlugin {
    fn class(&self) -> &'static str {
        match self.0 {
            Primitive::Boolean => "org.apache.kafka.connect.converters.BooleanConverter",
            Primitive::Short => "org.apache.kafka.connect.converters.ShortConverter",
            Primitive::Integer => "org.apache.kafka.connect.converters.IntegerConverter",
            Primitive::Long => "org.apache.kafka.connect.converters.LongConverter",
            Primitive::Float => "org.apache.kafka.connect.converters.FloatConverter",
            Primitive::Double => "org.apache.kafka.connect.converters.DoubleConverter",
        }
    }

    fn version(&self) -> &'static str {
        VERSION
    }

    fn config(&self) -> ConfigDef {
        type_only()
    }
}

impl ConverterPlugin for PrimitiveConverterPlugin {
    fn converter(&self, config: &RawConfig, role: Role) -> Result<Box<dyn Converter>> {
        type_only().parse(&with_type(config, role)).map_err(config_error)?;
        Ok(Box::new(PrimitiveConverter(self.0)))
    }
}

impl HeaderConverterPlugin for PrimitiveConverterPlugin {
    fn header_converter(&self, config: &RawConfig) -> Result<Box<dyn HeaderConverter>> {
        type_only().parse(&with_type(config, Role::Header)).map_err(config_error)?;
        Ok(Box::new(AsHeaderConverter(PrimitiveConverter(self.0))))
    }
}
