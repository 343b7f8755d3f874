//! ByteArrayConverter: bytes as they are.

use bytes::Bytes;
use connect_api::convert::AsHeaderConverter;
use connect_api::plugin::{ConverterPlugin, HeaderConverterPlugin, Plugin};
use connect_api::{
    Converter, Datum, DecodeContext, EncodeContext, Encoded, Error, HeaderConverter, Result, Role, Schema, Type, Value,
};
use kafka_config::{ConfigDef, RawConfig};

use crate::plugin::{VERSION, config_error, type_only, with_type};

/// Passes bytes through (`org.apache.kafka.connect.converters.ByteArrayConverter`).
#[derive(Clone, Copy, Debug, Default)]
pub struct ByteArrayConverter;

impl Converter for ByteArrayConverter {
    fn encode(&mut self, _context: EncodeContext<'_>, datum: &Datum, out: &mut Vec<u8>) -> Result<Encoded> {
        if let Some(schema) = datum.schema.as_ref().filter(|schema| schema.kind() != Type::Bytes) {
            return Err(Error::data(format!("Invalid schema type for ByteArrayConverter: {}", schema.kind())));
        }
        match &datum.value {
            Value::Null => Ok(Encoded::Null),
            Value::Bytes(bytes) => {
                out.extend_from_slice(bytes);
                Ok(Encoded::Written)
            }
            value => Err(Error::data(format!(
                "ByteArrayConverter is not compatible with objects of type class {}",
                value.java_class()
            ))),
        }
    }

    fn decode(&mut self, _context: DecodeContext<'_>, bytes: Option<&Bytes>) -> Result<Datum> {
        let value = bytes.map_or(Value::Null, |bytes| Value::Bytes(bytes.clone()));
        Ok(Datum { schema: Some(Schema::optional_bytes()), value })
    }
}

/// `org.apache.kafka.connect.converters.ByteArrayConverter`, for keys, values and headers.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByteArrayConverterPlugin;

impl Plugin for ByteArrayConverterPlugin {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.converters.ByteArrayConverter"
    }

    fn version(&self) -> &'static str {
        VERSION
    }

    fn config(&self) -> ConfigDef {
        type_only()
    }
}

impl ConverterPlugin for ByteArrayConverterPlugin {
    fn converter(&self, config: &RawConfig, role: Role) -> Result<Box<dyn Converter>> {
        type_only().parse(&with_type(config, role)).map_err(config_error)?;
        Ok(Box::new(ByteArrayConverter))
    }
}

impl HeaderConverterPlugin for ByteArrayConverterPlugin {
    fn header_converter(&self, config: &RawConfig) -> Result<Box<dyn HeaderConverter>> {
        type_only().parse(&with_type(config, Role::Header)).map_err(config_error)?;
        Ok(Box::new(AsHeaderConverter(ByteArrayConverter)))
    }
}
