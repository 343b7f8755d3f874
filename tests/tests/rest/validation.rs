//! Configurations that nobody has submitted yet.

use std::path::Path;

use serde_json::{Value, json};

use super::configs::{scene, sink, source};
use super::play::compare;
use super::steps::*;

fn validate(plugin: &str, config: &Value) -> Step {
    put(&format!("/connector-plugins/{plugin}/config/validate"), config)
}

#[test]
fn validations_over_rest_are_javas() {
    let folder = scene();
    let folder = folder.path();
    let mut steps = validations(folder);
    steps.extend(validations_of_stages(folder));
    steps.extend(validations_of_clients(folder));
    compare(&steps);
}

fn validations(folder: &Path) -> Vec<Step> {
    let source = |more: &[(&str, &str)]| validate("FileStreamSource", &source(folder, more));
    let sink = |more: &[(&str, &str)]| validate("FileStreamSinkConnector", &sink(folder, more));
    vec![
        // The name is missing in all that do not set it.
        source(&[]),
        source(&[("name", "v")]),
        source(&[("name", "")]),
        source(&[("name", "v"), ("tasks.max", "x"), ("batch.size", "y"), ("free", "text")]),
        source(&[("name", "v"), ("tasks.max", "0"), ("batch.size", "0"), ("topic", "")]),
        source(&[("name", "v"), ("errors.tolerance", "some"), ("errors.log.enable", "maybe")]),
        source(&[("name", "v"), ("errors.retry.timeout", "soon"), ("config.action.reload", "never")]),
        source(&[("name", "v"), ("connector.plugin.version", "0.0.1")]),
        source(&[("name", "v"), ("connector.plugin.version", "[1")]),
        source(&[("name", "v"), ("connector.plugin.version", "latest")]),
        source(&[("name", "v"), ("connector.plugin.version", "[4.0,)")]),
        source(&[
            // Java's second answer about the same version is the NullPointerException of a cache.
            ("connector.plugin.version", "0.0.2"),
            ("transforms", "k"),
            ("transforms.k.type", "x.NotThere"),
            ("tasks.max", "x"),
            ("key.converter", "Nope"),
            ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
            ("producer.override.linger.ms", "7"),
        ]),
        put("/connectors/v/config", &self::source(folder, &[("connector.plugin.version", "0.0.3")])),
        put("/connectors/v/config", &self::source(folder, &[("connector.plugin.version", "[1")])),
        put("/connectors/v/config", &self::source(folder, &[("tasks.max", "x"), ("key.converter", "Nope")])),
        source(&[("name", "v"), ("exactly.once.support", "always"), ("transaction.boundary", "never")]),
        source(&[("name", "v"), ("key.converter", "Nope"), ("value.converter", "FileStreamSource")]),
        source(&[("name", "v"), ("key.converter", "org.apache.kafka.connect.json.JsonConverter")]),
        source(&[
            ("name", "v"),
            ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
            ("value.converter.schemas.enable", "perhaps"),
            ("value.converter.schemas.cache.size", "many"),
            ("value.converter.decimal.format", "ROMAN"),
            ("header.converter", "org.apache.kafka.connect.storage.SimpleHeaderConverter"),
            ("key.converter", "org.apache.kafka.connect.storage.StringConverter"),
            ("key.converter.converter.encoding", "no-such"),
        ]),
        validate(
            "FileStreamSource",
            &json!({"connector.class": "FileStreamSource", "name": "v", "topic": null, "tasks.max": null}),
        ),
        validate(
            "FileStreamSource",
            &json!({"connector.class": "FileStreamSource", "name": null, "free": null, "more": null}),
        ),
        sink(&[]),
        sink(&[("name", "v"), ("topics", "a,a")]),
        sink(&[("name", "v"), ("topics", "a,,b")]),
        sink(&[("name", "v"), ("topics", "")]),
        sink(&[("name", "v"), ("errors.deadletterqueue.topic.name", "rest-lines")]),
        sink(&[("name", "v"), ("errors.deadletterqueue.topic.replication.factor", "many")]),
        // Which plug-in.
        validate("FileStreamSink", &json!({"connector.class": "FileStreamSource"})),
        validate("Source", &json!({"connector.class": "FileStreamSource"})),
        validate("Connector", &json!({"connector.class": "FileStreamSource"})),
        validate("anything", &json!({"name": "v", "topics": "a"})),
        validate("anything", &json!({"connector.class": null})),
        validate("anything", &json!({})),
        validate("NotThere", &json!({"connector.class": "x.NotThere"})),
        validate(
            "FileStreamSource",
            &json!({"connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector"}),
        ),
        unreadable("PUT", "/connector-plugins/FileStreamSource/config/validate", "[]"),
        unreadable("PUT", "/connector-plugins/FileStreamSource/config/validate", "null"),
        get("/connector-plugins/FileStreamSource/config/validate"),
    ]
}

fn validations_of_stages(folder: &Path) -> Vec<Step> {
    let source = |more: &[(&str, &str)]| {
        let mut config = source(folder, more);
        config["name"] = json!("v");
        validate("FileStreamSource", &config)
    };
    let package = "org.apache.kafka.connect.transforms";
    let class = |name: &str| format!("{package}.{name}");
    vec![
        source(&[
            ("transforms", "k,i"),
            ("transforms.k.type", &class("ValueToKey")),
            ("transforms.k.fields", "id"),
            ("transforms.i.type", &class("InsertField$Value")),
            ("transforms.i.static.field", "a"),
            ("transforms.i.predicate", "p"),
            ("predicates", "p"),
            ("predicates.p.type", &class("predicates.TopicNameMatches")),
            ("predicates.p.pattern", "a.*"),
        ]),
        source(&[("transforms", "k"), ("transforms.k.type", &class("ValueToKey"))]),
        source(&[("transforms", "k"), ("transforms.k.type", &class("ValueToKey")), ("transforms.k.fields", "")]),
        source(&[("transforms", "k")]),
        source(&[("transforms", "k,k")]),
        source(&[("transforms", "k"), ("transforms.k.type", "x.NotThere")]),
        source(&[("transforms", "k"), ("transforms.k.type", &class("predicates.RecordIsTombstone"))]),
        source(&[
            ("transforms", "r"),
            ("transforms.r.type", &class("RegexRouter")),
            ("transforms.r.regex", "("),
            ("transforms.r.negate", "true"),
            ("transforms.r.plugin.version", "0.0.1"),
        ]),
        source(&[
            ("transforms", "h,c"),
            ("transforms.h.type", &class("HeaderFrom$Key")),
            ("transforms.h.operation", "steal"),
            ("transforms.c.type", &class("Cast$Value")),
            ("transforms.c.spec", "a:int99"),
        ]),
        source(&[
            ("predicates", "p,q"),
            ("predicates.p.type", &class("predicates.TopicNameMatches")),
            ("predicates.p.pattern", "("),
            ("predicates.q.type", &class("predicates.HasHeaderKey")),
        ]),
    ]
}

fn validations_of_clients(folder: &Path) -> Vec<Step> {
    let of = |plugin: &str, mut config: Value| {
        config["name"] = json!("v");
        validate(plugin, &config)
    };
    let dead = ("errors.deadletterqueue.topic.name", "dead");
    vec![
        of(
            "FileStreamSource",
            source(
                folder,
                &[
                    ("producer.override.linger.ms", "7"),
                    ("producer.override.free", "x"),
                    ("producer.override.acks", "all"),
                ],
            ),
        ),
        of("FileStreamSource", source(folder, &[("producer.override.linger.ms", "soon")])),
        put("/connectors/v/config", &source(folder, &[("producer.override.linger.ms", "soon")])),
        of("FileStreamSource", source(folder, &[("consumer.override.linger.ms", "soon")])),
        of("FileStreamSource", source(folder, &[("producer.override.compression.type", "zip")])),
        of(
            "FileStreamSink",
            sink(
                folder,
                &[
                    ("consumer.override.max.poll.records", "5"),
                    ("consumer.override.fetch.min.bytes", "1"),
                    ("consumer.override.client.id", "me"),
                ],
            ),
        ),
        of(
            "FileStreamSink",
            sink(
                folder,
                &[
                    dead,
                    ("producer.override.batch.size", "5"),
                    ("admin.override.retries", "3"),
                    ("consumer.override.client.rack", "r"),
                ],
            ),
        ),
    ]
}
