//! The definitions of workers and connectors against those of Apache Kafka Connect 4.3.1, row by row.
#![allow(clippy::unwrap_used)] // a fixture that cannot be read must fail the test

use connect_config::connector::{ConnectorKind, definition};
use connect_config::worker::standalone_definition;
use kafka_config::{ConfigDef, ConfigKey, DefaultValue, convert_to_string};

/// One key as `definitions.tsv` lists it, behind its owner.
fn row(key: &ConfigKey) -> String {
    let default = match &key.default {
        DefaultValue::Required => "(required)".to_owned(),
        DefaultValue::Null => "null".to_owned(),
        DefaultValue::Value(value) => convert_to_string(value),
    };
    let validator = key.validator.as_ref().map(|validator| validator.describe()).unwrap_or_default();
    let display = if key.display_name == key.name { "" } else { &key.display_name };
    [
        key.name.as_str(),
        key.kind.name(),
        &default,
        key.importance.name(),
        &validator,
        key.group.as_deref().unwrap_or_default(),
        &key.order_in_group.to_string(),
        key.width.name(),
        display,
        &key.dependents.join(","),
        if key.internal { "true" } else { "" },
    ]
    .join("\t")
}

fn compare(owner: &str, definition: &ConfigDef) {
    let mut ours: Vec<String> = definition.keys().filter(|key| !key.name.starts_with("moldau.")).map(row).collect();
    ours.sort_unstable();
    let prefix = format!("{owner}\t");
    let rows = include_str!("definitions.tsv").lines().filter_map(|line| line.strip_prefix(&prefix));
    let mut theirs: Vec<String> = rows.map(str::to_owned).collect();
    theirs.sort_unstable();
    assert!(theirs.len() >= 19, "{} rows", theirs.len());
    assert_eq!(ours.len(), theirs.len());
    for (our, their) in ours.iter().zip(&theirs) {
        assert_eq!(our, their, "{owner}");
    }
}

#[test]
fn standalone_worker() {
    compare("standalone", &standalone_definition());
}

#[test]
fn source_connector() {
    compare("source-connector", &definition(ConnectorKind::Source));
}

#[test]
fn sink_connector() {
    compare("sink-connector", &definition(ConnectorKind::Sink));
}

/// Every connector has the common keys, in one and the same form.
#[test]
fn common_keys() {
    for kind in [ConnectorKind::Source, ConnectorKind::Sink] {
        let definition = definition(kind);
        for line in include_str!("definitions.tsv").lines().filter_map(|line| line.strip_prefix("connector\t")) {
            let name = line.split('\t').next().unwrap();
            assert_eq!(row(definition.get(name).unwrap()), line);
        }
    }
}
