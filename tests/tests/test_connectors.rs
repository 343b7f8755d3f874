//! Apache's connectors for tests, by Java's classes in the real Kafka Connect and by ours: records, printed lines, states and failures
//! are the same.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "black-box tests read and write real files")]

use std::collections::BTreeMap;
use std::time::Duration;

use e2e::{Engine, RealKafka, Stored, Worker, WorkerFiles, eventually};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(60);
const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";

/// Plays a scenario on a worker of each engine, Java's first; connectors are converted by JsonConverter with schemas.
fn both<T>(play: impl Fn(Engine, &RealKafka, &mut Worker) -> T) -> [T; 2] {
    let kafka = RealKafka::shared().unwrap();
    [Engine::Java, Engine::Moldau].map(|engine| {
        let files = WorkerFiles::new(kafka).unwrap();
        let file = files.standalone(&[("key.converter", JSON), ("value.converter", JSON)]).unwrap();
        let mut worker = engine.standalone(&file, &[]).unwrap();
        let result = play(engine, kafka, &mut worker);
        assert_eq!(worker.terminate().unwrap(), engine.clean_exit());
        result
    })
}

/// Creates a connector; the status of the answer, and its message when it is no success.
fn create(worker: &Worker, name: &str, class: &str, lines: &[(&str, &str)]) -> (u16, Value) {
    let mut config = json!({"connector.class": class});
    for (key, value) in lines {
        config[*key] = json!(value);
    }
    let reply = worker.rest().post("/connectors", &json!({"name": name, "config": config})).unwrap();
    let body = reply.json().unwrap();
    (reply.status, if reply.status < 300 { Value::Null } else { body["message"].clone() })
}

/// A text without what differs between engines and runs: topics end with the engine's name, numbers follow some keys.
fn masked(text: &str, engine: Engine) -> String {
    let mut text = text.replace(engine.name(), "ENGINE");
    for key in ["\"time_ms\":", "\"offset\":", "\"sinkTask\":"] {
        let mut out = String::new();
        let mut parts = text.split(key);
        out.push_str(parts.next().unwrap());
        for part in parts {
            out.push_str(key);
            out.push('*');
            out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
        }
        text = out;
    }
    text
}

/// The lines of JSON a worker printed for records below `limit`, in the order of their tasks, numbers and stages.
fn printed(worker: &Worker, limit: i64, engine: Engine) -> Vec<String> {
    let stage = |line: &Value| {
        let has = |key: &str| line.get(key).is_some();
        (has("sinkTask"), has("committed") || has("flushed"))
    };
    let mut lines = Vec::new();
    for line in worker.log().lines().filter(|line| line.starts_with('{')) {
        let Ok(parsed) = serde_json::from_str::<Value>(line) else { panic!("not JSON: {line}") };
        let (task, seqno) = (parsed["task"].as_i64().unwrap(), parsed["seqno"].as_i64().unwrap());
        if seqno < limit {
            lines.push((task, seqno, stage(&parsed), masked(line, engine)));
        }
    }
    lines.sort();
    lines.into_iter().map(|(.., line)| line).collect()
}

/// Keys and values of the records below `limit` by partition, in the order of their offsets: what tasks do side by side comes in any
/// order, so the text is sorted by key, stably.
fn converted(records: &[Stored], limit: usize, engine: Engine) -> Vec<(String, Vec<String>)> {
    let mut by_key: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in records {
        assert!(record.headers.is_empty(), "{record:?}");
        let key = String::from_utf8(record.key.clone().unwrap()).unwrap();
        by_key.entry(format!("{} {key}", record.partition)).or_default().push(masked(&record.text(), engine));
    }
    by_key.into_iter().map(|(key, values)| (key, values.into_iter().take(limit).collect())).collect()
}

#[test]
fn verifiable_source_and_sink_make_javas_records_and_print_javas_lines() {
    let (tasks, each) = (3, 5);
    let [java, moldau] = both(|engine, kafka, worker| {
        let topic = format!("verifiable-{}", engine.name());
        kafka.create_topic(&topic, 3, &[]).unwrap();
        let shared = [("tasks.max", "3"), ("throughput", "20"), ("topic", topic.as_str())];
        assert_eq!(create(worker, "load", "VerifiableSource", &shared).0, 201);
        let sink =
            [("tasks.max", "2"), ("topics", topic.as_str()), ("consumer.override.auto.offset.reset", "earliest")];
        let made = create(worker, "check", "org.apache.kafka.connect.tools.VerifiableSinkConnector", &sink);
        assert_eq!(made, (201, Value::Null));
        // Each record is printed when it is made, acknowledged, received and committed.
        let lines = eventually("all lines", SOON, || {
            let lines = printed(worker, each, engine);
            Ok((lines.len() >= tasks * each as usize * 4).then_some(lines))
        });
        let records = converted(&kafka.consume_all(&topic).unwrap(), each as usize, engine);
        let configs = worker.rest().get("/connectors/load/tasks").unwrap().json().unwrap();
        let configs: Value = serde_json::from_str(&masked(&configs.to_string(), engine)).unwrap();
        (lines.unwrap(), records, configs)
    });
    assert_eq!(java.0.len(), tasks * each as usize * 4, "{:#?}", java.0);
    assert_eq!(moldau.0, java.0);
    assert_eq!(java.1.len(), tasks);
    assert_eq!(moldau, java);
}
