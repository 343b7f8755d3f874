//! Keys of the worker file that change what connectors write, and where the worker answers, beside Java's worker.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "black-box tests read and write real files")]

use std::collections::BTreeMap;
use std::time::Duration;

use e2e::{Engine, Port, RealKafka, Rest, WorkerFiles, eventually};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(60);
const ENGINES: [Engine; 2] = [Engine::Java, Engine::Moldau];

const STRING: &str = "org.apache.kafka.connect.storage.StringConverter";
const SIMPLE: &str = "org.apache.kafka.connect.storage.SimpleHeaderConverter";
const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";

/// Key, value and header of the one record that a connector wrote.
type Written = [String; 3];

/// What connectors make of one line, with one header, and a map as the key.
fn written(
    engine: Engine,
    lines: &[(&str, &str)],
    connectors: &[(&str, &[(&str, &str)])],
) -> BTreeMap<String, Written> {
    let kafka = RealKafka::shared().unwrap();
    let files = WorkerFiles::new(kafka).unwrap();
    let input = files.folder().join("in.txt");
    std::fs::write(&input, "line\n").unwrap();
    let input = input.display().to_string();
    let topic = |name: &str| format!("worker-keys-{}-{name}", engine.name());
    let mut paths = Vec::new();
    for (name, own) in connectors {
        let topic = topic(name);
        let mut config = vec![
            ("connector.class", "FileStreamSource"),
            ("file", &input),
            ("topic", &topic),
            ("transforms", "key,header"),
            ("transforms.key.type", "org.apache.kafka.connect.transforms.HoistField$Key"),
            ("transforms.key.field", "k"),
            ("transforms.header.type", "org.apache.kafka.connect.transforms.InsertHeader"),
            ("transforms.header.header", "h"),
            ("transforms.header.value.literal", "text"),
        ];
        config.extend_from_slice(own);
        paths.push(files.connector(name, &config).unwrap());
    }
    let mut worker = engine.standalone(&files.standalone(lines).unwrap(), &paths).unwrap();
    let mut found = BTreeMap::new();
    for (name, _) in connectors {
        let record = eventually(&format!("a record of {name}"), SOON, || {
            Ok(kafka.consume_all(&topic(name)).unwrap_or_default().pop())
        });
        let record = record.unwrap_or_else(|error| panic!("{error:#}\n{}", worker.log()));
        let text = |bytes: &Option<Vec<u8>>| String::from_utf8(bytes.clone().unwrap()).unwrap();
        found.insert((*name).to_owned(), [text(&record.key), text(&record.value), text(&record.headers[0].1)]);
    }
    assert_eq!(worker.terminate().unwrap(), engine.clean_exit());
    found
}

#[test]
fn records_are_written_by_the_workers_converters_unless_a_connector_has_its_own() {
    let lines = [
        ("key.converter", STRING),
        ("value.converter", JSON),
        ("value.converter.schemas.enable", "false"),
        ("header.converter", JSON),
        ("header.converter.schemas.enable", "false"),
    ];
    let connectors: [(&str, &[(&str, &str)]); 4] = [
        ("plain", &[]),
        ("other", &[("key.converter", JSON), ("value.converter", STRING), ("header.converter", SIMPLE)]),
        // With the worker's classes, but none of the worker's keys for them.
        ("same", &[("value.converter", JSON), ("header.converter", JSON)]),
        ("set", &[("key.converter", JSON), ("key.converter.schemas.enable", "false"), ("value.converter", STRING)]),
    ];
    let [java, ours] = ENGINES.map(|engine| written(engine, &lines, &connectors));
    assert_eq!(java, ours);
    let enveloped = |text: &str| json!({"schema": {"type": "string", "optional": false}, "payload": text}).to_string();
    let is = |name: &str, expected: [&str; 3]| {
        let same = |found: &str, expected: &str| {
            found == expected
                || serde_json::from_str::<Value>(found).ok().is_some_and(|found| {
                    serde_json::from_str::<Value>(expected).is_ok_and(|expected| found == expected)
                })
        };
        assert!(ours[name].iter().zip(expected).all(|(found, expected)| same(found, expected)), "{name}: {ours:?}");
    };
    is("plain", ["{k=null}", "\"line\"", "\"text\""]);
    is("other", ["{\"schema\":null,\"payload\":{\"k\":null}}", "line", "text"]);
    is("same", ["{k=null}", &enveloped("line"), &enveloped("text")]);
    is("set", ["{\"k\":null}", "line", "\"text\""]);
}

/// Statuses at two listeners and the worker's name, with the port of the first as `FIRST`.
fn answers(engine: Engine, first: &str) -> (Vec<u16>, String) {
    let files = WorkerFiles::new(RealKafka::shared().unwrap()).unwrap();
    let port = Port::reserve().unwrap();
    let first = first.replace("FIRST", &port.number().to_string());
    let listeners = format!("{first}, HTTP://127.0.0.1:{}", files.port());
    let worker_file = files.standalone(&[("listeners", &listeners)]).unwrap();
    let input = files.folder().join("in.txt").display().to_string();
    let connector = [("connector.class", "FileStreamSource"), ("file", &*input), ("topic", "worker-keys-listeners")];
    let mut worker = engine.standalone(&worker_file, &[files.connector("a", &connector).unwrap()]).unwrap();
    let other = Rest::new(port.number());
    let statuses = [&other, worker.rest()].map(|rest| rest.get("/connectors").unwrap().status).to_vec();
    let name = eventually("a status", SOON, || {
        let status = other.get("/connectors/a/status")?.json()?;
        Ok(status["connector"]["worker_id"].as_str().map(str::to_owned))
    });
    let name = name.unwrap().replace(&port.number().to_string(), "FIRST");
    assert_eq!(worker.terminate().unwrap(), engine.clean_exit());
    (statuses, name)
}

#[test]
fn every_listener_answers_and_the_first_names_the_worker() {
    for first in ["http://127.0.0.1:FIRST", "http://:FIRST"] {
        let [java, ours] = ENGINES.map(|engine| answers(engine, first));
        assert_eq!(java, ours, "{first}");
        assert_eq!(ours.0, [200, 200]);
    }
}
