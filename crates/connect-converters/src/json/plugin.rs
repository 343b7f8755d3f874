//! JsonConverter as a plug-in.

use connect_api::convert::AsHeaderConverter;
use connect_api::plugin::{ConverterPlugin, HeaderConverterPlugin, Plugin};
use connect_api::{Converter, HeaderConverter, Result, Role};
use kafka_config::{ConfigDef, RawConfig};

use super::config::{JsonConfig, definition};
use super::converter::JsonConverter;
use crate::plugin::VERSION;

/// `org.apache.kafka.connect.json.JsonConverter`, for keys, values and headers.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonConverterPlugin;

impl Plugin for JsonConverterPlugin {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.json.JsonConverter"
    }

    fn version(&self) -> &'static str {
        VERSION
    }

    fn config(&self) -> ConfigDef {
        definition()
    }
}

impl ConverterPlugin for JsonConverterPlugin {
    fn converter(&self, config: &RawConfig, role: Role) -> Result<Box<dyn Converter>> {
        Ok(Box::new(JsonConverter::new(JsonConfig::parse(config, role)?)?))
    }
}

impl HeaderConverterPlugin for JsonConverterPlugin {
    fn header_converter(&self, config: &RawConfig) -> Result<Box<dyn HeaderConverter>> {
        let converter = JsonConverter::new(JsonConfig::parse(config, Role::Header)?)?;
        Ok(Box::new(AsHeaderConverter(converter)))
    }
}
