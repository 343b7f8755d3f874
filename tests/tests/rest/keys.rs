//! Keys of the worker that show in the answers about connectors.

use super::configs::{scene, sink, source};
use super::play::compare_on;
use super::steps::*;

#[test]
fn the_name_of_a_worker_is_what_it_is_advertised_as() {
    let folder = scene();
    let steps = [
        put("/connectors/a/config", &source(folder.path(), &[])),
        Step::UntilTasks("a", 1),
        get("/connectors/a/status"),
        get("/connectors/a/tasks/0/status"),
    ];
    compare_on(&[("rest.advertised.host.name", "my.host"), ("rest.advertised.port", "4711")], &steps);
    compare_on(&[("rest.advertised.listener", "http"), ("rest.advertised.port", "81")], &steps);
}

/// Each client is given one key that lets it fail, each in its own way; the log of the topic is not touched.
#[test]
fn keys_with_a_prefix_reach_the_client_of_that_kind() {
    let folder = scene();
    std::fs::write(folder.path().join("in.txt"), "x".repeat(300) + "\n").unwrap();
    let created = [("topic.creation.default.replication.factor", "1"), ("topic.creation.default.partitions", "1")];
    let mut steps = Vec::new();
    for (name, config) in [
        ("writes", source(folder.path(), &[])),
        ("reads", sink(folder.path(), &[("tasks.max", "1")])),
        ("creates", source(folder.path(), &created)),
    ] {
        steps.extend([
            put(&format!("/connectors/{name}/config"), &config),
            Step::UntilFailed(name),
            get(&format!("/connectors/{name}/status")),
        ]);
    }
    let lines = &[
        ("producer.max.request.size", "200"),
        ("consumer.auto.offset.reset", "none"),
        ("admin.retry.backoff.ms", "-1"),
    ];
    compare_on(lines, &steps);
}
