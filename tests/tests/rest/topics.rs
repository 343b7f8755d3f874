//! The topics that connectors use, how they are found and created.

use std::path::Path;

use e2e::{RealKafka, Record};
use serde_json::{Value, json};

use super::configs::{scene, sink, source};
use super::play::{compare, compare_on};
use super::steps::*;

fn used(connector: &'static str, topics: &[&str]) -> Step {
    Step::UntilAnswer(format!("/connectors/{connector}/topics"), json!({connector: {"topics": topics}}))
}

fn get_topics(connector: &str) -> Step {
    get(&format!("/connectors/{connector}/topics"))
}

fn reset(connector: &str) -> Step {
    put_empty(&format!("/connectors/{connector}/topics/reset"))
}

fn create(name: &str, config: &Value) -> Step {
    put(&format!("/connectors/{name}/config"), config)
}

#[test]
fn the_topics_of_connectors_over_rest_are_javas() {
    let folder = scene();
    let folder = folder.path();
    RealKafka::shared().unwrap().produce(&[Record::to("rest-lines").value("x")]).unwrap();
    let empty = folder.join("empty.txt");
    std::fs::write(&empty, "").unwrap();
    compare(&[
        get_topics("nobody"),
        reset("nobody"),
        get_topics("nobody"),
        create("src", &source(folder, &[])),
        Step::Until("src", "RUNNING"),
        used("src", &["rest-lines"]),
        get_topics("src"),
        get("/connectors/src/topics/"),
        put("/connectors/src/topics/reset", &json!({})),
        get_topics("src"),
        // A restart uses no topic until a record is stored; what is known stays known.
        create("snk", &sink(folder, &[("tasks.max", "1")])),
        Step::Until("snk", "RUNNING"),
        used("snk", &["rest-lines"]),
        get_topics("snk"),
        put_empty("/connectors/snk/pause"),
        Step::Until("snk", "PAUSED"),
        get_topics("snk"),
        put_empty("/connectors/snk/stop"),
        Step::UntilAlone("snk", "STOPPED"),
        get_topics("snk"),
        put_empty("/connectors/snk/resume"),
        Step::Until("snk", "RUNNING"),
        post_empty("/connectors/snk/restart?includeTasks=true"),
        Step::Until("snk", "RUNNING"),
        get_topics("snk"),
        reset("snk"),
        get_topics("snk"),
        // Another topic comes to those known.
        create("two", &source(folder, &[("topic", "rest-used-1")])),
        used("two", &["rest-used-1"]),
        create(
            "two",
            &source(folder, &[("topic", "rest-used-2"), ("file", folder.join("more.txt").to_str().unwrap())]),
        ),
        Step::Until("two", "RUNNING"),
        get_topics("two"),
        // Deleted, and made again.
        delete("/connectors/two"),
        get_topics("two"),
        create("two", &source(folder, &[("file", empty.to_str().unwrap())])),
        Step::Until("two", "RUNNING"),
        get_topics("two"),
        reset("two"),
        get_topics("two"),
        delete("/connectors/two"),
        get_topics("two"),
        // Requests that do not fit.
        post_empty("/connectors/src/topics"),
        delete("/connectors/src/topics"),
        get("/connectors/src/topics/reset"),
        post_empty("/connectors/src/topics/reset"),
        with("GET", "/connectors/src/topics", &[("accept", "text/html")], None),
        with("HEAD", "/connectors/src/topics", &[("accept", "application/json")], None),
    ]);
}

#[test]
fn workers_that_track_no_topics_or_let_nobody_reset_them_answer_as_javas() {
    let folder = scene();
    let folder = folder.path();
    compare_on(
        &[("topic.tracking.enable", "false")],
        &[
            create("src", &source(folder, &[])),
            Step::Until("src", "RUNNING"),
            get_topics("src"),
            reset("src"),
            get_topics("nobody"),
            reset("nobody"),
        ],
    );
    compare_on(
        &[("topic.tracking.allow.reset", "false")],
        &[
            create("src", &source(folder, &[])),
            Step::Until("src", "RUNNING"),
            used("src", &["rest-lines"]),
            get_topics("src"),
            reset("src"),
            reset("nobody"),
            get_topics("nobody"),
        ],
    );
}

#[test]
fn patterns_of_topics_over_rest_are_javas() {
    let folder = scene();
    let folder = folder.path();
    let pattern = |more: &[(&str, &str)]| {
        let mut config = sink(folder, more);
        config.as_object_mut().unwrap().remove("topics");
        config["name"] = json!("v");
        put("/connector-plugins/FileStreamSink/config/validate", &config)
    };
    let regex = |text: &str| pattern(&[("topics.regex", text)]);
    let dlq = "errors.deadletterqueue.topic.name";
    let named = |mut config: Value, more: &[(&str, &str)]| {
        config.as_object_mut().unwrap().remove("topics");
        more.iter().for_each(|(key, value)| config[*key] = json!(value));
        config
    };
    compare(&[
        regex("rest-.*"),
        regex(""),
        regex("  "),
        regex("("),
        regex("a{2,1}"),
        regex("[b-a]"),
        regex("*"),
        regex("\\"),
        regex("(?i)REST-[a-z&&[^b]]+"),
        pattern(&[("topics.regex", "rest-.*"), (dlq, "rest-dead")]),
        pattern(&[("topics.regex", "rest-.*"), (dlq, "dead-rest-")]),
        pattern(&[("topics.regex", " rest "), (dlq, "rest")]),
        pattern(&[("topics.regex", "a"), ("topics", "a")]),
        pattern(&[("topics.regex", "a"), ("topics", " ")]),
        create("x", &named(sink(folder, &[]), &[("topics.regex", "(")])),
        create("x", &named(sink(folder, &[]), &[("topics.regex", "a"), ("topics", "b")])),
        create("x", &named(sink(folder, &[]), &[("topics.regex", "rest-.*"), (dlq, "rest-dead")])),
        create("p", &named(sink(folder, &[]), &[("topics.regex", "rest-li[a-z]es"), ("tasks.max", "1")])),
        Step::Until("p", "RUNNING"),
        get("/connectors/p/tasks"),
        create("src", &source(folder, &[])),
        used("src", &["rest-lines"]),
        used("p", &["rest-lines"]),
        get_topics("p"),
        delete("/connectors/p"),
    ]);
}

fn creating(folder: &Path, topic: &str, more: &[(&str, &str)]) -> Value {
    let mut config = source(folder, &[("topic", topic)]);
    more.iter().for_each(|(key, value)| config[*key] = json!(value));
    config
}

const ONE: (&str, &str) = ("topic.creation.default.replication.factor", "1");
const PARTITIONS: (&str, &str) = ("topic.creation.default.partitions", "1");

#[test]
fn rules_for_new_topics_over_rest_are_javas() {
    let folder = scene();
    let folder = folder.path();
    let validate = |more: &[(&str, &str)]| {
        let mut config = creating(folder, "rest-lines", more);
        config["name"] = json!("v");
        put("/connector-plugins/FileStreamSource/config/validate", &config)
    };
    // None of these can start; Java says why, and keeps the connector, FAILED.
    let wrong = |name: &'static str, more: &[(&str, &str)]| {
        [
            create(name, &creating(folder, "rest-lines", more)),
            get(&format!("/connectors/{name}/status")),
            delete(&format!("/connectors/{name}")),
        ]
    };
    let group = ("topic.creation.groups", "g");
    let mut steps = vec![
        validate(&[("topic.creation.groups", "a,b")]),
        validate(&[("topic.creation.groups", "a,a")]),
        validate(&[("topic.creation.default.partitions", "0"), ("topic.creation.x.include", "(")]),
        validate(&[ONE, PARTITIONS, ("admin.override.retries", "5"), ("admin.override.free", "x")]),
        validate(&[ONE, ("admin.override.retries", "soon")]),
        create("x", &creating(folder, "rest-lines", &[("topic.creation.groups", "a,a")])),
    ];
    steps.extend(wrong("w1", &[group]));
    steps.extend(wrong("w2", &[ONE]));
    steps.extend(wrong("w3", &[ONE, ("topic.creation.default.partitions", "0")]));
    steps.extend(wrong("w4", &[PARTITIONS, ("topic.creation.default.replication.factor", "-2")]));
    steps.extend(wrong("w5", &[ONE, ("topic.creation.default.partitions", "many")]));
    steps.extend(wrong("w6", &[ONE, PARTITIONS, group, ("topic.creation.g.include", "a,(")]));
    steps.extend(wrong("w7", &[ONE, PARTITIONS, group, ("topic.creation.g.partitions", "-3")]));
    steps.extend([
        create(
            "typo",
            &creating(folder, "rest-new-1", &[ONE, PARTITIONS, ("topic.creation.default.retention.sm", "1")]),
        ),
        Step::UntilFailed("typo"),
        get("/connectors/typo/status"),
        delete("/connectors/typo"),
        create(
            "many",
            &creating(folder, "rest-new-2", &[PARTITIONS, ("topic.creation.default.replication.factor", "9")]),
        ),
        Step::UntilFailed("many"),
        get("/connectors/many/status"),
        delete("/connectors/many"),
        create("name", &creating(folder, "rest new", &[ONE, PARTITIONS])),
        Step::UntilFailed("name"),
        get("/connectors/name/status"),
        delete("/connectors/name"),
        create("good", &creating(folder, "rest-new-3", &[ONE, PARTITIONS])),
        Step::Until("good", "RUNNING"),
        used("good", &["rest-new-3"]),
        get("/connectors/good/tasks"),
    ]);
    compare(&steps);
    let steps = [
        create("off", &creating(folder, "rest-new-4", &[group, ("topic.creation.default.partitions", "0")])),
        Step::Until("off", "RUNNING"),
        used("off", &["rest-new-4"]),
        get("/connectors/off/status"),
    ];
    compare_on(&[("topic.creation.enable", "false")], &steps);
}
