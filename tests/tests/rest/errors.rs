//! Requests that cannot be carried out, and those that cannot be read.

use serde_json::{Value, json};

use super::configs::{scene, sink, source};
use super::play::compare;
use super::steps::*;

#[test]
fn errors_over_rest_are_javas() {
    let folder = scene();
    let folder = folder.path();
    let named = |name: &str, config: Value| json!({"name": name, "config": config});
    let without = |mut config: Value, key: &str| {
        config.as_object_mut().unwrap().remove(key);
        config
    };
    let odd =
        json!({"tasks.max": "0", "errors.tolerance": "some", "errors.retry.timeout": "soon", "transforms": "a,a"});
    let odd: Vec<(&str, &str)> =
        odd.as_object().unwrap().iter().map(|(key, value)| (&**key, value.as_str().unwrap())).collect();
    compare(&[
        // Nothing of that name.
        get("/nowhere"),
        get("/connectors/none"),
        get("/connectors/none/config"),
        get("/connectors/none/status"),
        get("/connectors/none/tasks"),
        get("/connectors/none/tasks/0/status"),
        patch("/connectors/none/config", &json!({"a": "b"})),
        delete("/connectors/none"),
        put_empty("/connectors/none/pause"),
        put_empty("/connectors/none/resume"),
        put_empty("/connectors/none/stop"),
        post_empty("/connectors/none/restart?includeTasks=true"),
        post_empty("/connectors/none/restart?onlyFailed=true"),
        // Configurations that cannot be.
        post("/connectors", &named("x", without(source(folder, &[]), "topic"))),
        post("/connectors", &named("x", without(source(folder, &[]), "connector.class"))),
        post("/connectors", &named("x", source(folder, &[("topic", "")]))),
        post("/connectors", &named("x", source(folder, &[("tasks.max", "many"), ("batch.size", "x")]))),
        post("/connectors", &named("x", source(folder, &odd))),
        post("/connectors", &named("x", source(folder, &[("name", "y")]))),
        post("/connectors", &named("", source(folder, &[]))),
        post("/connectors", &named("x\u{1}y", source(folder, &[]))),
        post("/connectors", &named("x", sink(folder, &[("topics", "")]))),
        post("/connectors", &named("x", without(sink(folder, &[]), "topics"))),
        post("/connectors", &named("x", sink(folder, &[("topics", "a,a")]))),
        post("/connectors", &named("x", sink(folder, &[("topics", "a,,b")]))),
        post("/connectors", &named("x", sink(folder, &[("errors.deadletterqueue.topic.name", "rest-lines")]))),
        post("/connectors", &named("x", source(folder, &[("key.converter", "NoSuchConverter")]))),
        post("/connectors", &named("x", source(folder, &[("transforms", "t")]))),
        post("/connectors", &named("x", source(folder, &[("transforms", "t"), ("transforms.t.type", "NoSuchThing")]))),
        post(
            "/connectors",
            &named("x", source(folder, &[("transforms", "t"), ("transforms.t.type", "FileStreamSource")])),
        ),
        put("/connectors/x/config", &source(folder, &[("name", "y")])),
        put("/connectors/x/config", &without(source(folder, &[]), "topic")),
        put("/connectors/x/config", &json!({})),
        get("/connectors/x"),
        get("/connectors"),
        // Requests that cannot be read.
        unreadable("POST", "/connectors", "garbage"),
        unreadable("POST", "/connectors", "{\"name\":\"x\",\"config\":{}} garbage"),
        unreadable("POST", "/connectors", "null"),
        unreadable("POST", "/connectors", ""),
        unreadable("POST", "/connectors", "{\"name\":\"x\"}"),
        unreadable("POST", "/connectors", "{\"name\":\"x\",\"config\":{},\"unknown\":1}"),
        unreadable("POST", "/connectors", "{\"name\":\"x\",\"config\":{\"a\":{\"b\":1}}}"),
        unreadable("POST", "/connectors", "{\"name\":\"x\",\"config\":{\"a\":[]}}"),
        unreadable("POST", "/connectors", "{\"name\":\"x\",\"config\":{},\"initial_state\":\"ASLEEP\"}"),
        unreadable("PUT", "/connectors/x/config", "[]"),
        unreadable("PUT", "/connectors/x/config", "{\"a\":"),
        // Requests that do not fit.
        put("/connectors", &json!({})),
        delete("/"),
        post("/connectors/x/config", &json!({})),
        with("GET", "/connectors", &[("accept", "text/html")], None),
        with("GET", "/", &[("accept", "*/*")], None),
        with("GET", "/", &[], None),
        with("POST", "/connectors", &[("content-type", "text/plain")], Some("{}")),
        with("PUT", "/connectors/x/config", &[("content-type", "application/x-www-form-urlencoded")], Some("a=b")),
        with("HEAD", "/connectors", &[("accept", "application/json")], None),
        with("HEAD", "/connectors/none", &[("accept", "application/json")], None),
        with("OPTIONS", "/nowhere", &[], None),
        get("/connectors/"),
        get("/connectors/none/"),
        get("/connectors;a=b"),
        get("/connectors/a%2Fb"),
        get("/connectors/%zz"),
        get("/connectors//status"),
    ]);
}
