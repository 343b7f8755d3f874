//! Every key of workers, connectors and clients, and what validating its values finds, against Apache Kafka's classes.
#![allow(clippy::unwrap_used)] // a fixture that cannot be read must fail the test

use std::collections::BTreeSet;

use connect_config::client_keys;
use connect_config::connector::{ConnectorKind, definition};
use connect_config::later::Client;
use connect_config::worker::standalone_definition;
use kafka_config::{ClassLookup, ConfigDef, ConfigKey, RawConfig, convert_to_string};
use serde_json::{Value, json};

const OWNERS: [&str; 6] = ["standalone", "source-connector", "sink-connector", "producer", "consumer", "admin"];

fn of(owner: &str) -> ConfigDef {
    match owner {
        "standalone" => standalone_definition(),
        "source-connector" => definition(ConnectorKind::Source),
        "sink-connector" => definition(ConnectorKind::Sink),
        "producer" => client_keys::definition(Client::Producer).clone(),
        "consumer" => client_keys::definition(Client::Consumer).clone(),
        _ => client_keys::definition(Client::Admin).clone(),
    }
}

fn cases(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The one class that the cases name and Java has.
struct Converter;

impl ClassLookup for Converter {
    fn find_class(&self, name: &str) -> Option<String> {
        (name == "org.apache.kafka.connect.json.JsonConverter").then(|| name.to_owned())
    }
}

fn described(key: &ConfigKey) -> Value {
    json!({
        "type": key.kind.name(),
        "required": !key.has_default(),
        "default": key.default_value().map(convert_to_string),
        "importance": key.importance.name(),
        "group": key.group,
        "order": key.order_in_group,
        "width": key.width.name(),
        "display": key.display_name,
        "dependents": key.dependents,
    })
}

#[test]
fn every_key_is_javas() {
    let cases = cases(include_str!("../../../tests/golden/config-keys.jsonl"));
    let mut different = Vec::new();
    for owner in OWNERS {
        let definition = of(owner);
        let mut missing: BTreeSet<&str> =
            definition.keys().map(|key| key.name.as_str()).filter(|name| !name.starts_with("moldau.")).collect();
        for case in cases.iter().filter(|case| case["input"]["owner"] == owner) {
            let name = case["input"]["key"].as_str().unwrap();
            missing.remove(name);
            let ours = definition.get(name).map(described).unwrap_or_default();
            if ours != case["output"] {
                different.push(format!("{owner} {name}\n  java:   {}\n  moldau: {ours}", case["output"]));
            }
        }
        assert!(missing.is_empty(), "{owner}: Java has no {missing:?}");
    }
    println!("{} keys compared", cases.len());
    assert!(different.is_empty(), "{} of {} differ:\n{}", different.len(), cases.len(), different.join("\n"));
}

#[test]
fn every_value_is_judged_as_by_java() {
    let cases = cases(include_str!("../../../tests/golden/config-values.jsonl"));
    let definitions = OWNERS.map(|owner| (owner, of(owner)));
    let mut covered: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut different = Vec::new();
    for case in &cases {
        let (owner, key) = (case["input"]["owner"].as_str().unwrap(), case["input"]["key"].as_str().unwrap());
        covered.insert((owner, key));
        let definition = &definitions.iter().find(|(name, _)| *name == owner).unwrap().1;
        let value = case["input"]["value"].as_str().map(str::to_owned);
        let raw: RawConfig = [(key.to_owned(), value)].into_iter().collect();
        let found = definition.validate_all_with(&raw, &Converter).into_iter().find(|value| value.name == key).unwrap();
        let ours = json!({"value": found.value.as_ref().map(convert_to_string), "errors": found.errors});
        if ours != case["output"] {
            different.push(format!("{}\n  java:   {}\n  moldau: {ours}", case["input"], case["output"]));
        }
    }
    for (owner, definition) in definitions.iter().take(3) {
        let open: Vec<&str> = definition
            .keys()
            .map(|key| key.name.as_str())
            .filter(|name| !covered.contains(&(owner, name)) && !name.starts_with("moldau."))
            .collect();
        assert!(open.is_empty(), "{owner}: no case for {open:?}");
    }
    println!("{} values of {} keys compared", cases.len(), covered.len());
    assert!(different.is_empty(), "{} of {} differ:\n{}", different.len(), cases.len(), different.join("\n"));
}
