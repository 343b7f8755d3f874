//! The check of a connector's configuration before it is taken: the part that concerns Connect's own keys. The
//! connector's keys, the converters' and the clients' come on top (see `AbstractHerder.validateConnectorConfig`).

use kafka_config::{ConfigDef, ConfigError, ConfigValue, RawConfig};

use super::enrichment::{classes, enrich};
use super::keys::definition_for_worker;
use super::own_keys::with_set_keys;
use super::settings::ConnectorKind;
use super::sink_keys::add_sink_faults;
use crate::later::connector_findings;
use crate::plugin_lookup::Plugins;
use crate::worker::WorkerConfig;

/// The error of every key that was submitted as null.
pub const NULL_VALUE: &str = "Null value can not be supplied as the configuration value.";

/// What was found out.
#[derive(Debug, Clone)]
pub struct Preflight {
    /// Connect's keys with those of the transforms and predicates.
    pub definition: ConfigDef,
    /// A value for each key, in the order of the definition, then values of unknown keys that have errors.
    pub values: Vec<ConfigValue>,
    /// What to log once: keys that have no effect yet.
    pub warnings: Vec<String>,
}

/// Checks Connect's own keys of a configuration.
///
/// # Errors
/// Only where Java answers with an error instead of a result: keys that two transforms define in the same place.
pub fn preflight(
    kind: ConnectorKind,
    raw: &RawConfig,
    plugins: &Plugins,
    worker: &WorkerConfig,
) -> Result<Preflight, ConfigError> {
    let base = with_set_keys(definition_for_worker(kind, plugins, raw, worker), kind, raw);
    let definition = enrich(&base, raw, plugins, false)?;
    let mut values = definition.validate_all_with(raw, &classes(plugins));
    if kind == ConnectorKind::Sink {
        add_sink_faults(raw, &mut values);
    }
    for (name, _) in raw.iter().filter(|(_, value)| value.is_none()) {
        add_error(&mut values, name, NULL_VALUE);
    }
    let mut warnings = Vec::new();
    for finding in connector_findings(kind, raw) {
        if finding.refused {
            add_error(&mut values, &finding.name, finding.sentence);
        } else {
            warnings.push(finding.sentence);
        }
    }
    Ok(Preflight { definition, values, warnings })
}

/// Adds an error to a key's value, making the value where there is none.
pub(super) fn add_error(values: &mut Vec<ConfigValue>, name: &str, text: impl Into<String>) {
    match values.iter_mut().find(|value| value.name == name) {
        Some(value) => value.errors.push(text.into()),
        None => {
            let mut value = ConfigValue::new(name);
            value.errors.push(text.into());
            values.push(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin_lookup::tests::{Some5, plugins};
    use kafka_config::{Value, convert_to_string};

    fn worker() -> WorkerConfig {
        let raw = RawConfig::from([
            ("bootstrap.servers", "localhost:9092"),
            ("key.converter", "JsonConverter"),
            ("value.converter", "JsonConverter"),
            ("offset.storage.file.filename", "/tmp/connect.offsets"),
        ]);
        WorkerConfig::standalone(&raw, &Some5).unwrap()
    }

    fn check(kind: ConnectorKind, entries: &[(&str, &str)]) -> Preflight {
        let mut raw = RawConfig::from([("name", "c"), ("connector.class", "FileStreamSource")]);
        for (name, value) in entries {
            raw.insert(*name, *value);
        }
        preflight(kind, &raw, &plugins(), &worker()).unwrap()
    }

    fn errors(preflight: &Preflight) -> Vec<(&str, Vec<&str>)> {
        let wrong = preflight.values.iter().filter(|value| !value.errors.is_empty());
        wrong.map(|value| (value.name.as_str(), value.errors.iter().map(String::as_str).collect())).collect()
    }

    #[test]
    fn a_sound_source() {
        let found = check(ConnectorKind::Source, &[]);
        assert_eq!(errors(&found), []);
        let value = |name: &str| found.values.iter().find(|value| value.name == name).unwrap();
        assert_eq!(
            value("key.converter").value,
            Some(Value::Class("org.apache.kafka.connect.json.JsonConverter".into()))
        );
        assert_eq!(value("connector.plugin.version").value, Some("4.3.1".into()));
        assert_eq!(value("connector.plugin.version").recommended_values, ["4.3.1".into()]);
        let offered: Vec<String> = value("value.converter").recommended_values.iter().map(convert_to_string).collect();
        assert_eq!(
            offered,
            ["org.apache.kafka.connect.json.JsonConverter", "org.apache.kafka.connect.storage.StringConverter"]
        );
    }

    #[test]
    fn wrong_values_and_wrong_classes() {
        let found = check(
            ConnectorKind::Source,
            &[
                ("tasks.max", "x"),
                ("key.converter", "Nope"),
                ("value.converter", "RecordIsTombstone"),
                ("errors.tolerance", "some"),
                ("connector.plugin.version", "[1"),
            ],
        );
        assert_eq!(
            errors(&found),
            [
                ("connector.plugin.version", vec!["Unbounded range: [1"]),
                (
                    "tasks.max",
                    vec![
                        "Invalid value x for configuration tasks.max: Not a number of type INT",
                        "Invalid value null for configuration tasks.max: Value must be non-null",
                    ]
                ),
                (
                    "key.converter",
                    vec!["Invalid value Nope for configuration key.converter: Class Nope could not be found."]
                ),
                (
                    "value.converter",
                    vec![
                        "Class class org.apache.kafka.connect.transforms.predicates.RecordIsTombstone does not implement the Converter interface"
                    ]
                ),
                (
                    "errors.tolerance",
                    vec!["Invalid value some for configuration errors.tolerance: String must be one of: none, all"]
                ),
            ]
        );
    }

    #[test]
    fn sinks_have_topics() {
        let found = check(ConnectorKind::Sink, &[("topics", "a,a")]);
        assert_eq!(errors(&found), [("topics", vec!["Configuration 'topics' values must not be duplicated."])]);
        let found = check(ConnectorKind::Sink, &[("topics", "a,,b")]);
        assert_eq!(errors(&found), [("topics", vec!["Configuration 'topics' values must not be empty."])]);
        let found = check(ConnectorKind::Sink, &[]);
        assert_eq!(errors(&found).len(), 2);
    }

    #[test]
    fn what_comes_later_is_an_error_on_its_key() {
        let found = check(ConnectorKind::Source, &[("exactly.once.support", "required"), ("moldau.x", "1")]);
        assert_eq!(errors(&found).len(), 1);
        assert_eq!(found.warnings.len(), 1);
    }

    #[test]
    fn patterns_of_topics_are_javas_and_can_be_matched_here() {
        let says = |pattern: &str| {
            let found = check(ConnectorKind::Sink, &[("topics.regex", pattern)]);
            let errors = errors(&found);
            errors.iter().map(|(key, texts)| format!("{key}: {}", texts.join("; "))).collect::<Vec<_>>()
        };
        assert!(says("(?i)a[b-d&&[^c]]+").is_empty());
        assert_eq!(
            says("("),
            [
                "topics.regex: Invalid value ( for configuration topics.regex: Invalid regex: Unclosed group near index 1\n("
            ]
        );
        assert_eq!(
            says("\\Ga"),
            [
                "topics.regex: Invalid value \\Ga for configuration topics.regex: This regular expression cannot be used: \
              \\G is not known here"
            ]
        );
    }

    #[test]
    fn rules_for_new_topics_are_not_checked_here() {
        let found = check(ConnectorKind::Source, &[("topic.creation.default.partitions", "0")]);
        assert_eq!(errors(&found), []);
    }

    #[test]
    fn nulls_are_errors() {
        let mut raw = RawConfig::from([("name", "c"), ("connector.class", "FileStreamSource")]);
        raw.insert_null("tasks.max");
        raw.insert_null("file");
        let found = preflight(ConnectorKind::Source, &raw, &plugins(), &worker()).unwrap();
        assert_eq!(
            errors(&found),
            [
                (
                    "tasks.max",
                    vec!["Invalid value null for configuration tasks.max: Value must be non-null", NULL_VALUE]
                ),
                ("file", vec![NULL_VALUE]),
            ]
        );
    }
}
