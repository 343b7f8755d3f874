//! Offsets of connectors: seen, changed, removed, refused.

use std::sync::LazyLock;

use e2e::{RealKafka, Record};
use serde_json::{Value, json};

use super::configs::{scene, sink, source};
use super::play::compare;
use super::steps::*;

/// A topic with two partitions of three records, which nobody writes to any more.
static TOPIC: LazyLock<&str> = LazyLock::new(|| {
    let topic = "rest-offsets";
    let kafka = RealKafka::shared().unwrap();
    kafka.create_topic(topic, 2, &[]).unwrap();
    let record = |number: i32| Record::to(topic).partition(number % 2).value(format!("line {number}"));
    kafka.produce(&(0..6).map(record).collect::<Vec<_>>()).unwrap();
    topic
});

fn offsets(path: &str, offsets: Value) -> Step {
    patch(&format!("/connectors/{path}/offsets"), &json!({"offsets": offsets}))
}

/// One partition of a file source.
fn position(file: &Value, position: Value) -> Value {
    json!({"partition": {"filename": file}, "offset": {"position": position}})
}

/// One partition of a sink.
fn committed(topic: Value, partition: Value, offset: Value) -> Value {
    json!({"partition": {"kafka_topic": topic, "kafka_partition": partition}, "offset": {"kafka_offset": offset}})
}

fn named(name: &str, config: &Value, state: &str) -> Step {
    post("/connectors", &json!({"name": name, "config": config, "initial_state": state}))
}

#[test]
fn when_offsets_may_be_changed_is_javas() {
    let folder = scene();
    let config = source(folder.path(), &[]);
    let file = config["file"].clone();
    let change = || offsets("when", json!([position(&file, json!(4))]));
    compare(&[
        get("/connectors/none/offsets"),
        offsets("none", json!([position(&file, json!(4))])),
        delete("/connectors/none/offsets"),
        offsets("none", json!([])),
        named("when", &config, "RUNNING"),
        Step::Until("when", "RUNNING"),
        until_offsets("when", &json!([position(&file, json!(8))])),
        get("/connectors/when/offsets"),
        get("/connectors/when/offsets/"),
        with("HEAD", "/connectors/when/offsets", &[("accept", "application/json")], None),
        change(),
        delete("/connectors/when/offsets"),
        offsets("when", json!([])),
        put_empty("/connectors/when/pause"),
        Step::Until("when", "PAUSED"),
        get("/connectors/when/offsets"),
        change(),
        delete("/connectors/when/offsets"),
        put_empty("/connectors/when/stop"),
        Step::UntilAlone("when", "STOPPED"),
        get("/connectors/when/offsets"),
        change(),
        get("/connectors/when/offsets"),
        // Paused after it was stopped: it has no tasks.
        put_empty("/connectors/when/pause"),
        Step::UntilAlone("when", "PAUSED"),
        change(),
        delete("/connectors/when/offsets"),
        put_empty("/connectors/when/stop"),
        Step::UntilAlone("when", "STOPPED"),
        delete("/connectors/when/offsets"),
        until_offsets("when", &json!([])),
        get("/connectors/when/offsets"),
        delete("/connectors/when/offsets"),
        // Offsets outlive the connector.
        change(),
        delete("/connectors/when"),
        get("/connectors/when/offsets"),
        named("when", &config, "STOPPED"),
        Step::UntilAlone("when", "STOPPED"),
        get("/connectors/when/offsets"),
        delete("/connectors/when/offsets"),
        until_offsets("when", &json!([])),
        delete("/connectors/when"),
    ]);
}

#[test]
fn bodies_of_offsets_are_read_as_java_reads_them() {
    let folder = scene();
    let config = source(folder.path(), &[]);
    let path = "/connectors/body/offsets";
    let mut steps = vec![named("body", &config, "STOPPED"), Step::UntilAlone("body", "STOPPED"), get(path)];
    for body in [
        "",
        "null",
        "garbage",
        "[]",
        "{\"offsets\":{}}",
        "{\"offsets\":[1]}",
        "{\"offsets\":[[]]}",
        "{\"offsets\":[[{},null]]}",
        "{\"x\":1}",
        "{\"offsets\":[{\"x\":1}]}",
    ] {
        steps.push(unreadable("PATCH", path, body));
    }
    for body in [
        "{\"offsets\":[{\"partition\":1}]}",
        "{\"offsets\":[{\"partition\":[]}]}",
        "{\"offsets\":[{\"offset\":\"x\"}]}",
    ] {
        steps.push(unreadable("PATCH", path, body));
    }
    steps.extend([
        patch(path, &json!({})),
        patch(path, &json!({"offsets": null})),
        patch(path, &json!({"offsets": []})),
        ask("PATCH", path, Some("{\"offsets\":[null]}".to_owned())),
        unreadable("PATCH", path, "{\"offsets\":[{\"partition\":{\"filename\":\"x\"}},null]}"),
        put(path, &json!({"offsets": []})),
        post(path, &json!({"offsets": []})),
        with("PATCH", path, &[("content-type", "text/plain")], Some("{}")),
        with("PATCH", path, &[], Some("{}")),
        with("DELETE", path, &[("content-type", "text/plain")], None),
        with("GET", path, &[("accept", "text/html")], None),
        with("OPTIONS", "/connectors/body/offsets/more", &[], None),
        get(path),
    ]);
    compare(&steps);
}

#[test]
fn offsets_of_file_sources_are_javas() {
    let folder = scene();
    let config = source(folder.path(), &[]);
    let file = config["file"].clone();
    let path = "/connectors/source/offsets";
    let mut steps = vec![named("source", &config, "STOPPED"), Step::UntilAlone("source", "STOPPED")];
    let positions = json!([
        4, 0, "4", 1.5, 4.0, -1, null, true, [4], {"a": 4}, 9223372036854775807_i64, 9223372036854775808_u64, 1e30,
        100_000_000,
    ]);
    for value in positions.as_array().unwrap() {
        steps.extend([offsets("source", json!([position(&file, value.clone())])), get(path)]);
    }
    let partitions = json!([
        {}, null, {"file": "x"}, {"filename": null}, {"filename": 1}, {"filename": ["a"]}, {"filename": {"a": 1}},
        {"filename": "other", "more": 1.5}, {"filename": 18446744073709551615_u64}, {"filename": true},
    ]);
    for partition in partitions.as_array().unwrap() {
        steps.push(offsets("source", json!([{"partition": partition, "offset": {"position": 2}}])));
        steps.push(get(path));
    }
    for partition in partitions.as_array().unwrap() {
        steps.push(offsets("source", json!([{"partition": partition, "offset": null}])));
    }
    let other = json!("other");
    steps.extend([
        get(path),
        offsets("source", json!([{"partition": {"filename": file}}])),
        offsets("source", json!([{}])),
        offsets("source", json!([{"partition": {"filename": file}, "offset": {}}])),
        offsets("source", json!([{"partition": {"filename": file}, "offset": {"position": 3, "more": "x", "b": 2}}])),
        get(path),
        // Several at once, also one twice: the last counts.
        offsets("source", json!([position(&file, json!(1)), position(&other, json!(2)), position(&file, json!(3))])),
        get(path),
        // One that is wrong: nothing is stored.
        offsets("source", json!([position(&file, json!(4)), position(&other, json!(-2))])),
        get(path),
        offsets("source", json!([{"partition": {"filename": "other"}, "offset": null}])),
        get(path),
        delete(path),
        until_offsets("source", &json!([])),
        get(path),
        delete(path),
        // Standard input has no offsets.
        put("/connectors/source/config", &source(folder.path(), &[("file", "")])),
        get(path),
        offsets("source", json!([position(&file, json!(4))])),
        delete(path),
        delete("/connectors/source"),
    ]);
    compare(&steps);
}

#[test]
fn offsets_of_file_sinks_are_javas() {
    let folder = scene();
    let config = sink(folder.path(), &[("topics", *TOPIC)]);
    let path = "/connectors/sink/offsets";
    let (topic, all) = (json!(*TOPIC), |offset: i64| {
        json!([committed(json!(*TOPIC), json!(0), json!(offset)), committed(json!(*TOPIC), json!(1), json!(offset))])
    });
    let mut steps = vec![
        named("sink", &config, "STOPPED"),
        Step::UntilAlone("sink", "STOPPED"),
        get(path),
        delete(path),
        put_empty("/connectors/sink/resume"),
        Step::Until("sink", "RUNNING"),
        until_offsets("sink", &all(3)),
        get(path),
        offsets("sink", all(1)),
        delete(path),
        put_empty("/connectors/sink/stop"),
        Step::UntilAlone("sink", "STOPPED"),
        get(path),
        offsets("sink", all(1)),
        get(path),
    ];
    for partition in json!([
        null, {}, {"kafka_topic": topic}, {"kafka_partition": 0}, {"kafka_topic": null, "kafka_partition": 0},
        {"kafka_topic": topic, "kafka_partition": null}, {"kafka_topic": topic, "kafka_partition": "x"},
        {"kafka_topic": topic, "kafka_partition": 0.5}, {"kafka_topic": topic, "kafka_partition": 2147483648_u64},
        {"kafka_topic": topic, "kafka_partition": true}, {"kafka_topic": topic, "kafka_partition": [0, "a"]},
        {"kafka_topic": topic, "kafka_partition": {"a": 1, "b": null}}, {"kafka_topic": topic, "kafka_partition": ""},
        {"kafka_topic": topic, "kafka_partition": 2}, {"kafka_topic": topic, "kafka_partition": -1},
        {"kafka_topic": 5, "kafka_partition": 0}, {"kafka_topic": "no-such-topic", "kafka_partition": 0},
        {"kafka_topic": topic, "kafka_partition": "1", "more": "x"}, {"kafka_topic": "", "kafka_partition": 0},
        {"kafka_topic": ["a"], "kafka_partition": 0},
    ])
    .as_array()
    .unwrap()
    {
        for offset in [json!({"kafka_offset": 2}), Value::Null] {
            steps.push(offsets("sink", json!([{"partition": partition, "offset": offset}])));
        }
        steps.push(get(path));
    }
    for offset in json!([
        {}, {"offset": 1}, {"kafka_offset": null}, {"kafka_offset": true}, {"kafka_offset": "2"}, {"kafka_offset": "x"},
        {"kafka_offset": 1.5}, {"kafka_offset": -1}, {"kafka_offset": "+3"}, {"kafka_offset": 18446744073709551615_u64},
        {"kafka_offset": 1_000_000}, {"kafka_offset": 9223372036854775807_i64, "more": 1}, {"kafka_offset": 1e3},
        {"kafka_offset": ""}, {"kafka_offset": " 1"}, {"kafka_offset": 0},
    ])
    .as_array()
    .unwrap()
    {
        let partition = json!({"kafka_topic": topic, "kafka_partition": 0});
        steps.extend([offsets("sink", json!([{"partition": partition, "offset": offset}])), get(path)]);
    }
    let none =
        |partition: i32| json!({"partition": {"kafka_topic": topic, "kafka_partition": partition}, "offset": null});
    steps.extend([
        // Some are set and some removed in one request.
        offsets("sink", json!([committed(topic.clone(), json!(0), json!(2)), none(1)])),
        get(path),
        offsets("sink", json!([none(1)])),
        offsets("sink", json!([none(0), none(1)])),
        get(path),
        // The group may be gone with its last offset; what then comes is the broker's.
        offsets("sink", all(2)),
        get(path),
        put_empty("/connectors/sink/resume"),
        Step::Until("sink", "RUNNING"),
        until_offsets("sink", &all(3)),
        put_empty("/connectors/sink/stop"),
        Step::UntilAlone("sink", "STOPPED"),
        delete(path),
        get(path),
        delete(path),
        offsets("sink", json!([none(0)])),
        get(path),
        // A group of another name.
        put(
            "/connectors/sink/config",
            &sink(folder.path(), &[("topics", *TOPIC), ("consumer.override.group.id", "own")]),
        ),
        get(path),
        offsets("sink", all(1)),
        get(path),
        put("/connectors/sink/config", &config),
        get(path),
        put(
            "/connectors/sink/config",
            &sink(folder.path(), &[("topics", *TOPIC), ("consumer.override.group.id", "own")]),
        ),
        delete(path),
        get(path),
        delete("/connectors/sink"),
    ]);
    compare(&steps);
}

#[test]
fn offsets_of_other_connectors_are_javas() {
    let _ = scene();
    let class = |name: &str, more: Value| {
        let mut config = json!({"connector.class": format!("org.apache.kafka.connect.tools.{name}Connector")});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        config
    };
    let verifiable = class("VerifiableSource", json!({"topic": "rest-lines", "throughput": "1"}));
    let numbered = json!([{"partition": {"id": 0}, "offset": {"seqno": 1000}}]);
    compare(&[
        named("verifiable", &verifiable, "STOPPED"),
        Step::UntilAlone("verifiable", "STOPPED"),
        get("/connectors/verifiable/offsets"),
        offsets("verifiable", numbered.clone()),
        get("/connectors/verifiable/offsets"),
        offsets("verifiable", json!([{"partition": {"id": "x"}, "offset": {"any": [1]}}])),
        offsets("verifiable", json!([{"partition": {"id": {"a": 1}}, "offset": {"any": 1}}])),
        offsets("verifiable", json!([{"partition": null, "offset": {"any": 1}}])),
        get("/connectors/verifiable/offsets"),
        delete("/connectors/verifiable/offsets"),
        until_offsets("verifiable", &json!([])),
        delete("/connectors/verifiable/offsets"),
        named("schema", &class("SchemaSource", json!({"topic": "rest-lines"})), "STOPPED"),
        Step::UntilAlone("schema", "STOPPED"),
        offsets("schema", numbered),
        delete("/connectors/schema/offsets"),
        named("mock", &class("MockSource", json!({"mock_mode": "none"})), "STOPPED"),
        Step::UntilAlone("mock", "STOPPED"),
        delete("/connectors/mock/offsets"),
        named("reader", &class("VerifiableSink", json!({"topics": *TOPIC})), "STOPPED"),
        Step::UntilAlone("reader", "STOPPED"),
        offsets("reader", json!([committed(json!(*TOPIC), json!(0), json!(1))])),
        get("/connectors/reader/offsets"),
        delete("/connectors/reader/offsets"),
        get("/connectors/reader/offsets"),
    ]);
}
