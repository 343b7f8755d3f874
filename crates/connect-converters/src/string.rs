//! StringConverter: the text of any value.

use bytes::Bytes;
use connect_api::convert::AsHeaderConverter;
use connect_api::plugin::{ConverterPlugin, HeaderConverterPlugin, Plugin};
use connect_api::{
    Converter, Datum, DecodeContext, EncodeContext, Encoded, HeaderConverter, Result, Role, Schema, Value,
};
use kafka_config::{ConfigDef, ConfigKey, Importance, RawConfig, Type, Width};

use crate::charset::Charset;
use crate::java_text;
use crate::plugin::{VERSION, config_error, type_key, with_type};

const ENCODING: &str = "converter.encoding";

/// Writes the text that Java's `toString` gives for a value, and reads text as optional strings
/// (`org.apache.kafka.connect.storage.StringConverter`).
#[derive(Clone, Debug, Default)]
pub struct StringConverter {
    charset: Charset,
}

impl StringConverter {
    /// A converter.
    ///
    /// # Errors
    /// When the configuration is wrong, or `converter.encoding` is not known.
    pub fn new(config: &RawConfig, role: Role) -> Result<Self> {
        let parsed = definition().parse(&with_type(config, role)).map_err(config_error)?;
        Ok(Self { charset: Charset::named(parsed.string(ENCODING).map_err(config_error)?)? })
    }
}

impl Converter for StringConverter {
    fn encode(&mut self, _context: EncodeContext<'_>, datum: &Datum, out: &mut Vec<u8>) -> Result<Encoded> {
        match &datum.value {
            Value::Null => return Ok(Encoded::Null),
            Value::String(text) => self.charset.encode(text, out)?,
            value => self.charset.encode(&java_text::value_text(value), out)?,
        }
        Ok(Encoded::Written)
    }

    fn decode(&mut self, _context: DecodeContext<'_>, bytes: Option<&Bytes>) -> Result<Datum> {
        let value = bytes.map_or(Value::Null, |bytes| Value::String(self.charset.decode(bytes)));
        Ok(Datum { schema: Some(Schema::optional_string()), value })
    }
}

fn definition() -> ConfigDef {
    ConfigDef::new().define(type_key()).define(
        ConfigKey::new(ENCODING, Type::String)
            .default("UTF-8")
            .importance(Importance::High)
            .doc("The name of the character set in which text is written and read, as Java spells it.")
            .width(Width::Medium)
            .display_name("Encoding"),
    )
}

/// `org.apache.kafka.connect.storage.StringConverter`, for keys, values and headers.
#[derive(Clone, Copy, Debug, Default)]
pub struct StringConverterPlugin;

impl Plugin for StringConverterPlugin {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.storage.StringConverter"
    }

    fn version(&self) -> &'static str {
        VERSION
    }

    fn config(&self) -> ConfigDef {
        definition()
    }
}

impl ConverterPlugin for StringConverterPlugin {
    fn converter(&self, config: &RawConfig, role: Role) -> Result<Box<dyn Converter>> {
        Ok(Box::new(StringConverter::new(config, role)?))
    }
}

impl HeaderConverterPlugin for StringConverterPlugin {
    fn header_converter(&self, config: &RawConfig) -> Result<Box<dyn HeaderConverter>> {
        Ok(Box::new(AsHeaderConverter(StringConverter::new(config, Role::Header)?)))
    }
}
