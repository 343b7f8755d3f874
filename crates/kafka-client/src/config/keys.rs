//! How keys are defined, and what those that have no effect mean.

use kafka_config::{
    CaseInsensitiveValidString, ConfigDef, ConfigError, ConfigKey, ParsedConfig, Range, RawConfig, Type, ValidString,
};

use crate::error::ClientError;

pub(super) fn int(name: &str, default: i32) -> ConfigKey {
    ConfigKey::new(name, Type::Int).default(default)
}

pub(super) fn int_from(name: &str, default: i32, least: i32) -> ConfigKey {
    int(name, default).validator(Range::at_least(least))
}

pub(super) fn long(name: &str, default: i64) -> ConfigKey {
    ConfigKey::new(name, Type::Long).default(default)
}

pub(super) fn long_from(name: &str, default: i64, least: i64) -> ConfigKey {
    long(name, default).validator(Range::at_least(least))
}

pub(super) fn flag(name: &str, default: bool) -> ConfigKey {
    ConfigKey::new(name, Type::Boolean).default(default)
}

pub(super) fn text(name: &str, default: &str) -> ConfigKey {
    ConfigKey::new(name, Type::String).default(default)
}

pub(super) fn optional_text(name: &str) -> ConfigKey {
    ConfigKey::new(name, Type::String).default_null()
}

pub(super) fn word(name: &str, default: &str, words: &[&str]) -> ConfigKey {
    text(name, default).validator(ValidString::of(words.iter().copied()))
}

pub(super) fn word_in_any_case(name: &str, default: &str, words: &[&str]) -> ConfigKey {
    text(name, default).validator(CaseInsensitiveValidString::of(words))
}

pub(super) fn list(name: &str, default: &[&str]) -> ConfigKey {
    ConfigKey::new(name, Type::List).default(kafka_config::Value::from(default))
}

/// Keys of Java clients that have no effect here and need no word: serializers (this client takes bytes), whatever belongs
/// to security protocols other than PLAINTEXT, which Java ignores too then, and what Connect says its own sentence about.
const HARMLESS: &[&str] = &[
    "key.serializer",
    "value.serializer",
    "key.deserializer",
    "value.deserializer",
    "metric.reporters",
    "auto.include.jmx.reporter",
    "enable.metrics.push",
    "receive.buffer.bytes",
    "send.buffer.bytes",
    "security.providers",
    "client.dns.lookup",
    "client.rack",
    "config.providers",
    "group.instance.id",
    "transaction.timeout.ms",
    "partitioner.availability.timeout.ms",
    "compression.lz4.level",
    "auto.commit.interval.ms",
    "internal.throw.on.fetch.stable.offset.unsupported",
];
const HARMLESS_PREFIXES: &[&str] = &["ssl.", "sasl.", "metrics.", "config.providers.", "share."];

/// Whether a key that is not defined is known to have no effect worth a word.
pub(super) fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&name) || HARMLESS_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Parses, and lists the submitted keys that have no effect.
pub(super) fn parse(def: &ConfigDef, raw: &RawConfig) -> Result<(ParsedConfig, Vec<String>), ConfigError> {
    let parsed = def.parse(raw)?;
    let ignored = parsed.unknown_keys().filter(|name| !is_harmless(name)).map(str::to_owned).collect();
    Ok((parsed, ignored))
}

/// The error for a key whose feature this version does not have.
pub(super) fn not_yet(name: &str, value: &str, instead: &str) -> ClientError {
    ClientError::unsupported(format!(
        "The configuration {name}={value} asks for something that this version cannot do yet{}{instead}.",
        if instead.is_empty() { "" } else { "; " }
    ))
}

/// Refuses a LIST or STRING key that may only be empty.
pub(super) fn refuse_unless_empty(raw: &RawConfig, name: &str) -> Result<(), ClientError> {
    match raw.get(name) {
        Some(value) if !value.trim().is_empty() => Err(not_yet(name, value.trim(), "remove it")),
        _ => Ok(()),
    }
}
