//! SimpleHeaderConverter: headers as text that people can read, and types guessed from such text.

use bytes::Bytes;
use connect_api::plugin::{HeaderConverterPlugin, Plugin};
use connect_api::{Datum, DecodeContext, EncodeContext, Encoded, HeaderConverter, Result, Schema, Value};
use kafka_config::{ConfigDef, RawConfig};

use crate::charset::utf8_lossy;
use crate::plugin::VERSION;
use crate::values;

/// Writes values as [`values::convert_to_string`] does and reads them as [`values::parse_string`] does
/// (`org.apache.kafka.connect.storage.SimpleHeaderConverter`).
#[derive(Clone, Copy, Debug, Default)]
pub struct SimpleHeaderConverter;

impl HeaderConverter for SimpleHeaderConverter {
    fn encode(&mut self, _context: EncodeContext<'_>, _key: &str, datum: &Datum, out: &mut Vec<u8>) -> Result<Encoded> {
        match &datum.value {
            Value::Null => return Ok(Encoded::Null),
            Value::String(text) => out.extend_from_slice(text.as_bytes()),
            value => out.extend_from_slice(values::convert_to_string(value).unwrap_or_default().as_bytes()),
        }
        Ok(Encoded::Written)
    }

    fn decode(&mut self, _context: DecodeContext<'_>, _key: &str, bytes: Option<&Bytes>) -> Result<Datum> {
        let Some(bytes) = bytes else {
            return Ok(Datum::NULL);
        };
        match values::parse_string(&utf8_lossy(bytes)) {
            Ok(datum) => Ok(datum),
            // Parity: what cannot be parsed, even as a string, stays as it is.
            Err(_) => Ok(Datum::new(Schema::bytes(), bytes.clone())),
        }
    }
}

/// `org.apache.kafka.connect.storage.SimpleHeaderConverter`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SimpleHeaderConverterPlugin;

impl Plugin for SimpleHeaderConverterPlugin {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.storage.SimpleHeaderConverter"
    }

    fn version(&self) -> &'static str {
        VERSION
    }

    fn config(&self) -> ConfigDef {
        ConfigDef::new()
    }
}

impl HeaderConverterPlugin for SimpleHeaderConverterPlugin {
    fn header_converter(&self, _config: &RawConfig) -> Result<Box<dyn HeaderConverter>> {
        Ok(Box::new(SimpleHeaderConverter))
    }
}
