//! Versions of plug-ins (KIP-891), of which one is installed.

use serde_json::{Value, json};

use super::configs::{scene, source};
use super::play::compare_on;
use super::steps::*;

const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";
const SIMPLE: &str = "org.apache.kafka.connect.storage.SimpleHeaderConverter";
const TRANSFORM: &str = "org.apache.kafka.connect.transforms.RegexRouter";
const PREDICATE: &str = "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone";

/// Configurations that ask for `version` of each kind of plug-in, one kind each.
fn asking(version: &str) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let owned = |entries: &[(&'static str, &str)]| {
        entries.iter().map(|(key, value)| (*key, (*value).to_owned())).collect::<Vec<_>>()
    };
    let stages = |own: (&'static str, &str)| {
        owned(&[
            ("transforms", "t"),
            ("transforms.t.type", TRANSFORM),
            ("transforms.t.regex", "a"),
            ("transforms.t.replacement", "b"),
            ("transforms.t.predicate", "p"),
            ("predicates", "p"),
            ("predicates.p.type", PREDICATE),
            own,
        ])
    };
    vec![
        ("connector", owned(&[("connector.plugin.version", version)])),
        ("key", owned(&[("key.converter", JSON), ("key.converter.plugin.version", version)])),
        ("value", owned(&[("value.converter", JSON), ("value.converter.plugin.version", version)])),
        ("header", owned(&[("header.converter", SIMPLE), ("header.converter.plugin.version", version)])),
        ("alone", owned(&[("key.converter.plugin.version", version)])),
        ("transform", stages(("transforms.t.plugin.version", version))),
        ("predicate", stages(("predicates.p.plugin.version", version))),
    ]
}

fn list(name: &'static str, version: &str) -> Vec<Step> {
    let folder = scene();
    let mut steps = Vec::new();
    for (kind, more) in asking(version) {
        let more: Vec<(&str, &str)> = more.iter().map(|(key, value)| (*key, &**value)).collect();
        let config = source(folder.path(), &more);
        let mut named: Value = config.clone();
        named["name"] = json!("v");
        steps.push(put("/connector-plugins/FileStreamSource/config/validate", &named));
        // Java's second answer about the same version of a connector is the NullPointerException of a cache.
        if kind != "connector" || version == "4.3.1" {
            steps.push(put(&format!("/connectors/{name}-{kind}/config"), &config));
        }
    }
    steps.push(get("/connectors"));
    steps
}

#[test]
fn versions_that_are_installed_are_used() {
    let mut steps = list("own", "4.3.1");
    steps.extend(list("range", "[4.0,5.0)"));
    steps.extend(list("latest", "latest"));
    steps.push(get("/connectors?expand=info"));
    compare_on(&[], &steps);
}

#[test]
fn versions_that_are_not_there_are_refused() {
    let mut steps = list("old", "0.0.9");
    steps.extend(list("later", "(4.3.1,)"));
    steps.extend(list("broken", "[1"));
    steps.extend(list("empty", ""));
    compare_on(&[], &steps);
}

#[test]
fn workers_that_name_the_versions_of_their_converters_are_javas() {
    let lines = &[
        ("key.converter.plugin.version", "4.3.1"),
        ("value.converter.plugin.version", "[4.3,)"),
        ("header.converter.plugin.version", "latest"),
    ];
    compare_on(lines, &list("worker", "4.3.1"));
}
