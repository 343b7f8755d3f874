//! The configuration of JsonConverter.

use connect_api::{Result, Role};
use kafka_config::{CaseInsensitiveValidString, ConfigDef, ConfigKey, Importance, RawConfig, Type, Width};

use crate::plugin::{config_error, type_key, with_type};

const SCHEMAS_ENABLE: &str = "schemas.enable";
const SCHEMAS_CACHE_SIZE: &str = "schemas.cache.size";
const SCHEMA_CONTENT: &str = "schema.content";
const DECIMAL_FORMAT: &str = "decimal.format";
const REPLACE_NULL: &str = "replace.null.with.default";

/// How Decimals are written (`decimal.format`); both are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DecimalFormat {
    /// The unscaled bytes, as Base64 text.
    #[default]
    Base64,
    /// A JSON number.
    Numeric,
}

/// The configuration of a [`super::JsonConverter`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonConfig {
    /// `schemas.enable`: whether data travel in an envelope with their schema.
    pub schemas_enable: bool,
    /// `schemas.cache.size`: how many schemas are remembered in each direction.
    pub schemas_cache_size: i32,
    /// `schema.content`: the schema of all data that are read, which then come without an envelope.
    pub schema_content: Option<String>,
    /// `decimal.format`.
    pub decimal_format: DecimalFormat,
    /// `replace.null.with.default`: whether null is taken for the default where there is one.
    pub replace_null_with_default: bool,
}

impl Default for JsonConfig {
    fn default() -> Self {
        Self {
            schemas_enable: true,
            schemas_cache_size: 1000,
            schema_content: None,
            decimal_format: DecimalFormat::Base64,
            replace_null_with_default: true,
        }
    }
}

impl JsonConfig {
    /// From text; `role` is what `converter.type` is when it is not given.
    ///
    /// # Errors
    /// As [`ConfigDef::parse`].
    pub fn parse(config: &RawConfig, role: Role) -> Result<Self> {
        let parsed = definition().parse(&with_type(config, role)).map_err(config_error)?;
        let numeric = parsed.string(DECIMAL_FORMAT).map_err(config_error)?.eq_ignore_ascii_case("NUMERIC");
        Ok(Self {
            schemas_enable: parsed.bool(SCHEMAS_ENABLE).map_err(config_error)?,
            schemas_cache_size: parsed.int(SCHEMAS_CACHE_SIZE).map_err(config_error)?,
            schema_content: parsed.get_string(SCHEMA_CONTENT).filter(|text| !text.is_empty()).map(str::to_owned),
            decimal_format: if numeric { DecimalFormat::Numeric } else { DecimalFormat::Base64 },
            replace_null_with_default: parsed.bool(REPLACE_NULL).map_err(config_error)?,
        })
    }
}

/// The keys of JsonConverter.
pub(super) fn definition() -> ConfigDef {
    ConfigDef::new()
        .define(type_key())
        .define(
            ConfigKey::new(SCHEMAS_ENABLE, Type::Boolean)
                .default(true)
                .importance(Importance::High)
                .doc("Whether records carry their schema: each is then an object of a schema and a payload.")
                .group("Schemas", 0)
                .width(Width::Medium)
                .display_name("Enable Schemas"),
        )
        .define(
            ConfigKey::new(SCHEMAS_CACHE_SIZE, Type::Int)
                .default(1000)
                .importance(Importance::High)
                .doc("How many schemas this converter remembers at most.")
                .group("Schemas", 1)
                .width(Width::Medium)
                .display_name("Schema Cache Size"),
        )
        .define(
            ConfigKey::new(SCHEMA_CONTENT, Type::String)
                .default_null()
                .importance(Importance::High)
                .doc(
                    "The schema, as JSON, of every record that is read; the records then hold the payload alone. \
                     Used only while schemas are enabled, and not when writing.",
                )
                .group("Schemas", 2)
                .width(Width::Medium)
                .display_name("Schema Content"),
        )
        .define(
            ConfigKey::new(DECIMAL_FORMAT, Type::String)
                .default("BASE64")
                .validator(CaseInsensitiveValidString::of(["BASE64", "NUMERIC"]))
                .importance(Importance::Low)
                .doc("How decimal numbers are written: BASE64 for their bytes, NUMERIC for JSON numbers.")
                .group("Serialization", 0)
                .width(Width::Medium)
                .display_name("Decimal Format"),
        )
        .define(
            ConfigKey::new(REPLACE_NULL, Type::Boolean)
                .default(true)
                .importance(Importance::Low)
                .doc("Whether a null becomes the default value of its schema, where there is one.")
                .group("Serialization", 1)
                .width(Width::Medium)
                .display_name("Replace null with default"),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(entries: [(&str, &str); 1]) -> String {
        JsonConfig::parse(&RawConfig::from(entries), Role::Key).unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_of_the_keys_are_the_defaults() {
        assert_eq!(JsonConfig::parse(&RawConfig::new(), Role::Header).unwrap(), JsonConfig::default());
        let names: Vec<_> = definition().keys().map(|key| key.name.clone()).collect();
        assert_eq!(
            names,
            [
                "converter.type",
                "schemas.enable",
                "schemas.cache.size",
                "schema.content",
                "decimal.format",
                "replace.null.with.default"
            ]
        );
    }

    #[test]
    fn wrong_values_are_refused_as_in_java() {
        assert_eq!(
            says([("decimal.format", "TEXT")]),
            "org.apache.kafka.common.config.ConfigException: Invalid value TEXT for configuration decimal.format: String must be one of (case insensitive): NUMERIC, BASE64"
        );
        assert_eq!(
            says([("schemas.enable", "maybe")]),
            "org.apache.kafka.common.config.ConfigException: Invalid value maybe for configuration schemas.enable: Expected value to be either true or false"
        );
    }
}
