//! The keys of sink connectors, and the rules between them.

use kafka_config::{
    AnyClass, ConfigDef, ConfigError, ConfigValue, Importance, RawConfig, Type, ValidList, Value, Width, parse_type,
};

use super::keys::key;
use crate::java_pattern::{JavaPattern, UsablePattern};

const TOPICS: &str = "topics";
const TOPICS_REGEX: &str = "topics.regex";
pub(super) const DLQ_TOPIC: &str = "errors.deadletterqueue.topic.name";

/// Adds them in Java's order.
pub(super) fn with_sink_keys(definition: ConfigDef) -> ConfigDef {
    let dlq = |name: &str, kind: Type, order: i32, display: &str, doc: &str| {
        key(name, kind, display, doc).importance(Importance::Medium).group("Error Handling", order).width(Width::Medium)
    };
    definition
        .define(
            key(TOPICS, Type::List, "Topics", "The topics whose records the sink gets.")
                .default("")
                .validator(ValidList::any(true, false))
                .importance(Importance::High)
                .group("Common", 4)
                .width(Width::Long),
        )
        .define(
            key(
                TOPICS_REGEX,
                Type::String,
                "Topics regex",
                "A Java regular expression of the topics whose records the sink gets; instead of topics.",
            )
            .default("")
            .validator(UsablePattern)
            .importance(Importance::High)
            .group("Common", 4)
            .width(Width::Long),
        )
        .define(
            dlq(
                DLQ_TOPIC,
                Type::String,
                6,
                "Dead Letter Queue Topic Name",
                "The topic that records which fail are copied to; none if blank.",
            )
            .default(""),
        )
        .define(
            dlq(
                "errors.deadletterqueue.topic.replication.factor",
                Type::Short,
                7,
                "Dead Letter Queue Topic Replication Factor",
                "The replication factor of that topic where it has to be created.",
            )
            .default(3),
        )
        .define(
            dlq(
                "errors.deadletterqueue.context.headers.enable",
                Type::Boolean,
                8,
                "Enable Error Context Headers",
                "Whether those records carry headers that say what went wrong (__connect.errors.*).",
            )
            .default(false),
        )
}

/// The rules between `topics`, `topics.regex` and the dead letter queue (`SinkConnectorConfig.validate`): key and
/// message of each that is broken, in Java's order.
pub fn sink_faults(raw: &RawConfig) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    let set = |name: &str| raw.get(name).filter(|value| !value.trim_matches(|c: char| c <= ' ').is_empty());
    let (topics, pattern) = (set(TOPICS), set(TOPICS_REGEX));
    let both = match (topics, pattern) {
        (Some(_), Some(_)) => Some("topics and topics.regex are mutually exclusive options, but both are set."),
        (None, None) => Some("Must configure one of topics or topics.regex"),
        _ => None,
    };
    faults.extend(both.into_iter().flat_map(|text| [(TOPICS, text.to_owned()), (TOPICS_REGEX, text.to_owned())]));
    let Some(dlq) = set(DLQ_TOPIC).map(|topic| topic.trim_matches(|c: char| c <= ' ')) else { return faults };
    if topics.is_some() {
        let list = topics_list(raw);
        if list.iter().any(|topic| topic == dlq) {
            let list = list.join(", ");
            faults.push((
                TOPICS,
                format!(
                    "The DLQ topic '{dlq}' may not be included in the list of topics ('topics=[{list}]') consumed by the connector"
                ),
            ));
        }
    }
    if let Some(pattern) = pattern
        && JavaPattern::new(pattern).is_ok_and(|pattern| pattern.matches(dlq).unwrap_or(false))
    {
        faults.push((
            TOPICS_REGEX,
            format!(
                "The DLQ topic '{dlq}' may not be matched by the regex for the topics ('topics.regex={pattern}') consumed by the connector"
            ),
        ));
    }
    faults
}

/// The same as an error, as a sink's start reports it.
///
/// # Errors
/// The first rule that is broken.
pub fn check_sink(raw: &RawConfig) -> Result<(), ConfigError> {
    match sink_faults(raw).into_iter().next() {
        Some((name, text)) => Err(ConfigError::invalid(name, raw.get(name).unwrap_or("null"), text)),
        None => Ok(()),
    }
}

/// Adds the broken rules to what validation found.
pub(super) fn add_sink_faults(raw: &RawConfig, values: &mut Vec<ConfigValue>) {
    for (name, text) in sink_faults(raw) {
        super::preflight::add_error(values, name, text);
    }
}

/// The topics, without empty items and duplicates (`parseTopicsList`).
pub fn topics_list(raw: &RawConfig) -> Vec<String> {
    let parsed = raw.get(TOPICS).and_then(|text| parse_type(TOPICS, text, Type::List, &AnyClass).ok());
    let mut topics: Vec<String> = Vec::new();
    for topic in parsed.as_ref().and_then(Value::as_list).unwrap_or_default() {
        if !topic.is_empty() && !topics.contains(topic) {
            topics.push(topic.clone());
        }
    }
    topics
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults<const N: usize>(entries: [(&str, &str); N]) -> Vec<(&'static str, String)> {
        sink_faults(&RawConfig::from(entries))
    }

    #[test]
    fn one_of_topics_and_regex() {
        let both = "topics and topics.regex are mutually exclusive options, but both are set.";
        assert_eq!(
            faults([("topics", "a"), ("topics.regex", "b")]),
            [("topics", both.to_owned()), ("topics.regex", both.to_owned())]
        );
        let none = "Must configure one of topics or topics.regex";
        assert_eq!(faults([("topics", "  ")]), [("topics", none.to_owned()), ("topics.regex", none.to_owned())]);
        assert_eq!(faults([("topics", "a")]), []);
        assert_eq!(
            check_sink(&RawConfig::new()).unwrap_err().to_string(),
            "Invalid value null for configuration topics: Must configure one of topics or topics.regex"
        );
    }

    #[test]
    fn a_dead_letter_queue_is_not_consumed() {
        assert_eq!(
            faults([("topics", "a, b,b,,"), (DLQ_TOPIC, " b ")]),
            [(
                "topics",
                "The DLQ topic 'b' may not be included in the list of topics ('topics=[a, b]') consumed by the connector"
                    .to_owned()
            )]
        );
        assert_eq!(
            faults([("topics.regex", "d.*"), (DLQ_TOPIC, "dlq")]),
            [(
                "topics.regex",
                "The DLQ topic 'dlq' may not be matched by the regex for the topics ('topics.regex=d.*') consumed by the connector"
                    .to_owned()
            )]
        );
        assert_eq!(faults([("topics.regex", "d"), (DLQ_TOPIC, "dlq")]), []);
    }
}
