//! Values and errors of configurations against what the definitions of Apache Kafka Connect 4.3.1 said about the same
//! ones: a line of `validation.jsonl` each, printed by `ConfigDef.validateAll`, `SinkConnectorConfig.validate` and
//! `ConfigDef.parse`.
#![allow(clippy::unwrap_used)] // a fixture that cannot be read must fail the test

use std::collections::BTreeMap;

use connect_config::connector::{ConnectorKind, check_sink, definition};
use connect_config::worker::standalone_definition;
use kafka_config::{RawConfig, convert_to_string};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    kind: String,
    config: BTreeMap<String, Option<String>>,
    errors: BTreeMap<String, Vec<String>>,
    values: BTreeMap<String, Option<String>>,
    first: Option<String>,
}

#[test]
fn says_what_java_says() {
    let mut compared = 0;
    for line in include_str!("validation.jsonl").lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let raw = RawConfig::from(case.config);
        let definition = match case.kind.as_str() {
            "source" => definition(ConnectorKind::Source),
            "sink" => definition(ConnectorKind::Sink),
            _ => standalone_definition(),
        };
        let found = definition.validate_all(&raw);
        let mut errors: BTreeMap<String, Vec<String>> = found
            .iter()
            .filter(|value| !value.errors.is_empty())
            .map(|value| (value.name.clone(), value.errors.clone()))
            .collect();
        if case.kind == "sink" {
            for (name, text) in connect_config::connector::sink_faults(&raw) {
                errors.entry(name.to_owned()).or_default().push(text);
            }
            assert_eq!(check_sink(&raw).is_err(), !connect_config::connector::sink_faults(&raw).is_empty());
        }
        assert_eq!(errors, case.errors, "{line}");
        let values: BTreeMap<String, Option<String>> = found
            .iter()
            .filter(|value| raw.contains_key(&value.name))
            .map(|value| (value.name.clone(), value.value.as_ref().map(convert_to_string)))
            .collect();
        assert_eq!(values, case.values, "{line}");
        assert_eq!(definition.parse(&raw).err().map(|error| error.to_string()), case.first, "{line}");
        compared += 1;
    }
    assert!(compared >= 70, "{compared}");
}
