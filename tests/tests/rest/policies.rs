//! What connectors may override of their clients' configurations.

use serde_json::{Value, json};

use super::configs::{scene, sink, source};
use super::play::{Lines, compare_on};
use super::steps::*;

const POLICY: &str = "connector.client.config.override.policy";

/// What is asked of each policy: 12 validations and five connectors.
fn list() -> Vec<Step> {
    let folder = scene();
    let folder = folder.path();
    let of = |plugin: &str, mut config: Value| {
        config["name"] = json!("v");
        put(&format!("/connector-plugins/{plugin}/config/validate"), &config)
    };
    let from = |more: &[(&str, &str)]| of("FileStreamSource", source(folder, more));
    let to = |more: &[(&str, &str)]| of("FileStreamSink", sink(folder, more));
    let dead = ("errors.deadletterqueue.topic.name", "dead");
    let creates = [("topic.creation.default.replication.factor", "1"), ("topic.creation.default.partitions", "1")];
    let module = "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"p4ss\";";
    let mut steps = vec![
        from(&[]),
        from(&[("producer.override.linger.ms", "7")]),
        from(&[("producer.override.acks", "all"), ("producer.override.free", "x")]),
        from(&[("producer.override.sasl.jaas.config", module), ("producer.override.sasl.mechanism", "PLAIN")]),
        from(&[("producer.override.security.protocol", "PLAINTEXT"), ("producer.override.ssl.key.password", "p4ss")]),
        from(&[("admin.override.retries", "3"), ("consumer.override.max.poll.records", "3")]),
        from(&[&creates[..], &[("admin.override.retries", "3"), ("admin.override.sasl.mechanism", "PLAIN")]].concat()),
        to(&[("consumer.override.max.poll.records", "3"), ("consumer.override.sasl.mechanism", "PLAIN")]),
        to(&[("producer.override.linger.ms", "7"), ("admin.override.retries", "3")]),
        to(&[dead, ("producer.override.linger.ms", "7"), ("admin.override.retries", "3")]),
        to(&[dead, ("consumer.override.client.id", "me"), ("producer.override.client.id", "me")]),
        to(&[("consumer.override.", "x"), ("consumer.overrideless", "y")]),
    ];
    steps.extend([
        put("/connectors/a/config", &source(folder, &[("producer.override.linger.ms", "7")])),
        put("/connectors/b/config", &source(folder, &[("producer.override.security.protocol", "PLAINTEXT")])),
        put("/connectors/c/config", &sink(folder, &[("consumer.override.max.poll.records", "5")])),
        put("/connectors/d/config", &sink(folder, &[("producer.override.linger.ms", "5")])),
        put(
            "/connectors/e/config",
            &source(folder, &[("producer.override.client.id", "x"), ("admin.override.x", "y")]),
        ),
        get("/connectors"),
    ]);
    steps
}

fn compare(lines: Lines) {
    compare_on(lines, &list());
}

#[test]
fn all_lets_connectors_override_everything() {
    compare(&[(POLICY, "All")]);
}

#[test]
fn none_lets_them_override_nothing() {
    compare(&[(POLICY, "None")]);
}

#[test]
fn principal_lets_them_say_who_they_are() {
    compare(&[(POLICY, "org.apache.kafka.connect.connector.policy.PrincipalConnectorClientConfigOverridePolicy")]);
}

#[test]
fn allowlist_lets_them_override_what_is_listed() {
    compare(&[
        (POLICY, "Allowlist"),
        ("connector.client.config.override.allowlist", "linger.ms, client.id,max.poll.records"),
    ]);
}

#[test]
fn an_empty_allowlist_allows_nothing() {
    compare(&[(POLICY, "Allowlist")]);
}
