//! What the plug-ins of this crate have in common.

use connect_api::{Error, Role};
use kafka_config::{ConfigDef, ConfigError, ConfigKey, Importance, RawConfig, Type, ValidString};

/// The version of Apache Kafka whose converters these stand for.
pub(crate) const VERSION: &str = "4.3.1";
/// What a converter is used for; the runtime says it.
pub(crate) const TYPE_KEY: &str = "converter.type";

/// The key that all converters have.
pub(crate) fn type_key() -> ConfigKey {
    ConfigKey::new(TYPE_KEY, Type::String)
        .validator(ValidString::of(["key", "value", "header"]))
        .importance(Importance::Low)
        .doc("What this converter converts: keys, values or headers.")
}

/// The keys of converters that have no others.
pub(crate) fn type_only() -> ConfigDef {
    ConfigDef::new().define(type_key())
}

/// `config` with the type that follows from `role`.
pub(crate) fn with_type(config: &RawConfig, role: Role) -> RawConfig {
    let mut config = config.clone();
    let name = match role {
        Role::Key => "key",
        Role::Value => "value",
        Role::Header => "header",
    };
    config.insert(TYPE_KEY, name);
    config
}

/// The ConfigException that Java throws.
pub(crate) fn config_error(error: ConfigError) -> Error {
    Error::config(error.to_string())
}
