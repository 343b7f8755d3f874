//! Keys as data, from which definitions are made.

use kafka_config::{ConfigDef, ConfigError, ConfigKey, Importance, Lambda, Range, Type, ValidList, ValidString, Value};

/// A key.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Type,
    /// The default as text; `None`: no value.
    pub(super) default: Option<&'static str>,
    pub(super) rule: Rule,
    pub(super) doc: &'static str,
}

/// What values a key takes, besides those of its type.
pub(super) enum Rule {
    Any,
    AtLeast(i64),
    Between(i32, i32),
    OneOf(&'static [&'static str]),
    /// A list of these words, or of none.
    ListOf(&'static [&'static str]),
    GzipLevel,
    ThrottledReplicas,
}

/// A definition with these keys, in this order.
pub(super) fn definition<'a>(keys: impl IntoIterator<Item = &'a Key>) -> ConfigDef {
    keys.into_iter().fold(ConfigDef::new(), |definition, key| {
        let described =
            ConfigKey::new(key.name, key.kind).default_option(key.default).importance(Importance::Medium).doc(key.doc);
        definition.define(ruled(described, key))
    })
}

fn ruled(described: ConfigKey, key: &Key) -> ConfigKey {
    match key.rule {
        Rule::Any => described,
        Rule::AtLeast(least) if key.kind == Type::Int => described.validator(Range::at_least(least as i32)),
        Rule::AtLeast(least) => described.validator(Range::at_least(least)),
        Rule::Between(least, most) => described.validator(Range::between(least, most)),
        Rule::OneOf(words) => described.validator(ValidString::of(words.iter().copied())),
        Rule::ListOf(words) => described.validator(ValidList::of(words.iter().copied())),
        Rule::GzipLevel => described.validator(Lambda::new("[1,...,9] or -1", gzip_level)),
        Rule::ThrottledReplicas => described.validator(Lambda::new(REPLICAS, throttled_replicas)),
    }
}

fn gzip_level(name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
    match value {
        Some(Value::Int(1..=9 | -1)) => Ok(()),
        Some(other) => Err(ConfigError::invalid(name, other, "Value must be between 1 and 9 or equal to -1")),
        None => Err(ConfigError::invalid(name, "null", "Value must be non-null")),
    }
}

const REPLICAS: &str = "[partitionId]:[brokerId],[partitionId]:[brokerId],...";

fn throttled_replicas(name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
    let Some(items) = value.and_then(Value::as_list) else {
        return Err(ConfigError::invalid(name, "null", "Value must be non-null"));
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_replica =
        |item: &String| item.split_once(':').is_some_and(|(part, broker)| is_number(part) && is_number(broker));
    let fine = items.iter().all(is_replica) || matches!(items, [only] if only.trim() == "*");
    if fine {
        return Ok(());
    }
    let message = format!("{name} must be the literal '*' or a list of replicas in the following format: {REPLICAS}");
    Err(ConfigError::invalid(name, format!("[{}]", items.join(", ")), message))
}
