//! `docs/parity-keys.md`: one row for each key of workers, clients, connectors and plug-ins and for each REST call, no
//! row for anything else, and no state that the code contradicts.
#![allow(clippy::unwrap_used)] // a document that cannot be read must fail the test

use std::collections::{BTreeMap, BTreeSet};

use connect_config::client_keys;
use connect_config::connector::{ConnectorKind, definition, own_key_names};
use connect_config::later::{Client, client_findings, worker_findings};
use connect_config::worker::standalone_definition;
use kafka_client::{AdminConfig, ConsumerConfig, ProducerConfig};
use kafka_config::{ConfigDef, RawConfig, Type};

const DOCUMENT: &str = include_str!("../../../docs/parity-keys.md");

/// The cells of the rows under a heading, without the head of the table.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let mut lines = DOCUMENT.lines().skip_while(|line| line.trim_start_matches('#').trim() != heading);
    assert!(lines.next().is_some(), "there is no heading {heading:?}");
    let section = lines.take_while(|line| !line.starts_with('#'));
    let table = section.filter(|line| line.starts_with('|')).skip(2);
    table.map(|line| line.trim().trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// What is between the backticks of a cell, joined by blanks.
fn name(cells: &[&str], columns: usize) -> String {
    let code = |cell: &&str| cell.split('`').nth(1).map(str::to_owned);
    cells.iter().take(columns).filter_map(code).collect::<Vec<_>>().join(" ")
}

/// Compares the rows under a heading, whose first columns name something, with what there is. `rest` ends a row that has
/// to be added.
fn compare(heading: &str, columns: usize, expected: &BTreeSet<String>, rest: &str) {
    let mut found = BTreeSet::new();
    let mut wrong = String::new();
    for cells in rows(heading) {
        let name = name(&cells, columns);
        if !expected.contains(&name) {
            wrong += &format!("there is nothing of this name: {name:?}\n");
        }
        if !found.insert(name.clone()) {
            wrong += &format!("a second row for {name:?}\n");
        }
    }
    for name in expected.difference(&found) {
        let parts: Vec<String> = name.splitn(columns, ' ').map(|part| format!("`{part}`")).collect();
        let none = "| – ".repeat(columns - parts.len());
        wrong += &format!("| {} {none}{rest}\n", parts.join(" | "));
    }
    assert!(wrong.is_empty(), "docs/parity-keys.md, {heading}; rows that are missing are ready to paste:\n{wrong}");
}

fn names(definition: &ConfigDef) -> BTreeSet<String> {
    definition.keys().map(|key| key.name.clone()).collect()
}

/// The keys of Java's distributed worker that a standalone one does not have.
fn distributed() -> BTreeSet<String> {
    let table = include_str!("../../connect-config/tests/definitions.tsv");
    let keys = table.lines().filter_map(|line| line.strip_prefix("distributed\t")?.split('\t').next());
    keys.map(str::to_owned).collect()
}

#[test]
fn every_key_of_a_worker_has_its_row() {
    let standalone = names(&standalone_definition());
    assert_eq!(of_golden("standalone").difference(&standalone).next(), None);
    compare("Standalone workers", 1, &standalone, "| works | |");
    let distributed = distributed();
    assert!(distributed.len() > 80, "{}", distributed.len());
    compare("Distributed workers", 1, &distributed, "| missing | |");
}

#[test]
fn every_key_of_a_connector_has_its_row() {
    let (source, sink) = (names(&definition(ConnectorKind::Source)), names(&definition(ConnectorKind::Sink)));
    assert_eq!(of_golden("source-connector").difference(&source).next(), None);
    assert_eq!(of_golden("sink-connector").difference(&sink).next(), None);
    let both: BTreeSet<String> = source.intersection(&sink).cloned().collect();
    compare("Sources and sinks", 1, &both, "| works | |");
    compare("Sources", 1, &source.difference(&both).cloned().collect(), "| works | |");
    compare("Sinks", 1, &sink.difference(&both).cloned().collect(), "| works | |");
    let own = [ConnectorKind::Source, ConnectorKind::Sink].into_iter().flat_map(own_key_names);
    compare("Moldau's own", 1, &own.collect(), "| ours | |");
}

/// Plug-ins and their keys; those without a key stand alone.
fn of_plugins<'a>(plugins: impl Iterator<Item = (&'static str, ConfigDef)> + 'a) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (class, definition) in plugins {
        let class = class.rsplit('.').next().unwrap_or(class);
        // The variants for keys and values have the same keys.
        let class = class.split('$').next().unwrap_or(class);
        let keys = names(&definition);
        if keys.is_empty() {
            found.insert(class.to_owned());
        }
        found.extend(keys.into_iter().map(|key| format!("{class} {key}")));
    }
    found
}

#[test]
fn every_key_of_a_plugin_has_its_row() {
    let builtin = connect_plugins::builtin();
    let converters = builtin.converters.iter().map(|(class, plugin)| (class, plugin.config()));
    let headers = builtin.header_converters.iter().map(|(class, plugin)| (class, plugin.config()));
    compare("Converters", 2, &of_plugins(converters.chain(headers)), "| works | |");
    let transforms = of_plugins(builtin.transforms.iter().map(|(class, plugin)| (class, plugin.config())));
    for (class, key) in of_java() {
        let class = class.rsplit('.').next().unwrap().split('$').next().unwrap();
        assert!(transforms.contains(&format!("{class} {key}")), "Java's {class} has a key {key}");
    }
    compare("Transforms", 2, &transforms, "| works | |");
    let predicates = builtin.predicates.iter().map(|(class, plugin)| (class, plugin.config()));
    compare("Predicates", 2, &of_plugins(predicates), "| works | |");
    let connectors = builtin.connectors.iter().map(|(class, plugin)| (class, plugin.config()));
    compare("Connectors", 2, &of_plugins(connectors), "| works | |");
}

/// Java's keys as the goldens have them, of one owner.
fn of_golden(owner: &str) -> BTreeSet<String> {
    let golden = include_str!("../../../tests/golden/config-keys.jsonl");
    let cases = golden.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let own = cases.filter(|case| case["input"]["owner"] == owner);
    let keys: BTreeSet<String> = own.filter_map(|case| case["input"]["key"].as_str().map(str::to_owned)).collect();
    assert!(keys.len() > 20, "{owner}: {}", keys.len());
    keys
}

/// Classes of Java's transforms and their keys, as the goldens have them.
fn of_java() -> Vec<(String, String)> {
    let goldens = [
        include_str!("../../../tests/golden/transforms-structure-keys.jsonl"),
        include_str!("../../../tests/golden/transforms-values-keys.jsonl"),
    ];
    let mut found = Vec::new();
    for line in goldens.iter().flat_map(|golden| golden.lines()) {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(class) = case["input"]["transform"].as_str() else { continue };
        for key in case["output"].as_array().into_iter().flatten() {
            found.extend(key["name"].as_str().map(|key| (class.to_owned(), key.to_owned())));
        }
    }
    assert!(found.len() > 40, "{}", found.len());
    found
}

/// What the router's source routes, since a router cannot be asked.
fn routes() -> BTreeSet<String> {
    let source = include_str!("../../connect-rest/src/server.rs");
    // Its tests have routes of their own.
    let source = source.split("#[cfg(test)]").next().unwrap();
    let mut found = BTreeSet::new();
    for call in source.split(".route(").skip(1) {
        let path = call.split('"').nth(1).unwrap();
        let end = call.find(".route").or(call.find("\n}")).unwrap_or(call.len());
        for (method, function) in
            [("GET", "get("), ("POST", "post("), ("PUT", "put("), ("PATCH", "patch("), ("DELETE", "delete(")]
        {
            let before = |at: usize| call[..at].chars().next_back().is_some_and(|c| !c.is_alphanumeric() && c != '_');
            if call[..end].match_indices(function).any(|(at, _)| before(at)) {
                found.insert(format!("{method} {path}"));
            }
        }
    }
    assert!(found.len() >= 28, "{found:?}");
    found
}

#[test]
fn every_rest_call_has_its_row() {
    compare("REST", 1, &routes(), "| works | |");
}

/// The first words of a state.
const STATES: [&str; 7] = ["works", "differs", "missing", "refused", "warned", "no effect", "ours"];

fn word(state: &str) -> &str {
    STATES.into_iter().find(|word| state.starts_with(word)).unwrap_or("")
}

#[test]
fn states_are_words_and_tables_have_their_columns() {
    let mut tables: BTreeMap<Vec<&str>, usize> = BTreeMap::new();
    let mut head: Vec<&str> = Vec::new();
    for line in DOCUMENT.lines() {
        if !line.starts_with('|') {
            head.clear();
            continue;
        }
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        if head.is_empty() {
            head = cells;
            continue;
        }
        assert_eq!(cells.len(), head.len(), "{line}");
        let is_there = cells.iter().any(|cell| ["works", "differs", "ours"].contains(&word(cell)));
        let is_row = line.starts_with("| `") || head[0] == "Call";
        assert!(!is_row || !is_there || cells[cells.len() - 1].contains("::"), "what is there has its test: {line}");
        *tables.entry(head.clone()).or_default() += 1;
        for (title, cell) in head.iter().zip(&cells) {
            let is_state = ["State", "producer", "consumer", "admin"].contains(title) && !cell.starts_with("---");
            assert!(!is_state || *cell == "–" || !word(cell).is_empty(), "{cell:?} is no state: {line}");
        }
    }
    assert!(tables.values().sum::<usize>() > 400);
}

#[test]
fn every_key_of_a_client_has_its_row() {
    let mut all = BTreeSet::new();
    for client in [Client::Producer, Client::Consumer, Client::Admin] {
        all.extend(names(client_keys::definition(client)));
    }
    for client in ["producer", "consumer", "admin"] {
        assert_eq!(of_golden(client).difference(&all).next(), None);
    }
    compare("Kafka clients", 1, &all, "| – | – | – | |");
}

#[test]
fn states_of_client_keys_are_those_of_the_code() {
    let mut wrong = String::new();
    for cells in rows("Kafka clients") {
        let key = name(&cells, 1);
        for (place, client) in [Client::Producer, Client::Consumer, Client::Admin].into_iter().enumerate() {
            let state = word(cells[1 + place]);
            let exists = client_keys::definition(client).get(&key).is_some();
            // No key has this as a value that is fine.
            let raw = RawConfig::from([(format!("x.{key}"), "?")]);
            let refused = client_findings(client, "x.", &raw).first().map(|finding| finding.refused);
            let reads = match client {
                Client::Producer => ProducerConfig::reads(&key),
                Client::Consumer => ConsumerConfig::reads(&key),
                Client::Admin => AdminConfig::reads(&key),
            };
            let expected = match (exists, refused) {
                (false, _) => "",
                (true, Some(true)) => "refused",
                (true, Some(false)) => "warned",
                (true, None) if reads => "works",
                (true, None) => "no effect",
            };
            // What works in another way is read by the code, too.
            let state = if state == "differs" { "works" } else { state };
            if state != expected {
                wrong += &format!("{key} of {client:?}: {expected:?} in the code, {state:?} in the document\n");
            }
        }
    }
    assert!(wrong.is_empty(), "docs/parity-keys.md, Kafka clients:\n{wrong}");
}

/// A value that the key's definition takes and that is not its default.
fn unusual(key: &str, kind: Type) -> &'static str {
    match (key, kind) {
        ("client.dns.lookup", _) => "resolve_canonical_bootstrap_servers_only",
        ("metrics.recording.level", _) => "DEBUG",
        ("plugin.discovery", _) => "only_scan",
        ("ssl.client.auth", _) => "required",
        ("listeners" | "admin.listeners", _) => "http://127.0.0.1:0",
        ("response.http.headers.config", _) => "set a:b",
        ("moldau.memory.bytes", _) => "1048577",
        (_, Type::Boolean) => "true",
        (_, Type::Int | Type::Short | Type::Long | Type::Double) => "1",
        _ => "x",
    }
}

#[test]
fn states_of_worker_keys_are_those_of_the_code() {
    let definition = standalone_definition();
    let mut wrong = String::new();
    for cells in rows("Standalone workers") {
        let (key, state) = (name(&cells, 1), word(cells[1]));
        let mut raw = RawConfig::from([
            ("bootstrap.servers", "a:1"),
            ("key.converter", "x"),
            ("value.converter", "x"),
            ("offset.storage.file.filename", "f"),
        ]);
        raw.insert(key.as_str(), unusual(&key, definition.get(&key).unwrap().kind));
        let findings = worker_findings(&raw, &definition.parse(&raw).unwrap());
        let found = findings.iter().find(|finding| finding.name == key).map(|finding| finding.refused);
        let fits = match found {
            Some(true) => state == "refused",
            Some(false) => state == "warned",
            None => !["refused", "warned"].contains(&state),
        };
        if !fits {
            wrong += &format!("{key}: refused by the code: {found:?}, but {state:?} in the document\n");
        }
    }
    assert!(wrong.is_empty(), "docs/parity-keys.md, Standalone workers:\n{wrong}");
}
