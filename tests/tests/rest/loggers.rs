//! Levels of loggers.

use serde_json::json;

use super::play::compare;
use super::steps::*;

fn set(logger: &str, level: &str) -> Step {
    put(&format!("/admin/loggers/{logger}"), &json!({"level": level}))
}

fn level(logger: &str) -> Step {
    get(&format!("/admin/loggers/{logger}"))
}

#[test]
fn loggers_over_rest_are_javas() {
    const SINK: &str = "org.apache.kafka.connect.runtime.WorkerSinkTask";
    const X: &str = "/admin/loggers/com.example.x";
    compare(&[
        // Both begin alike from here on.
        set("root", "ERROR"),
        level("root"),
        level("ROOT"),
        get("/admin/loggers"),
        get("/admin/loggers/"),
        level("no.such"),
        level("a%20b"),
        // Names that begin alike change together, and only changes are told.
        set("com.example.rest", "DEBUG"),
        set("com.example.rest", "DEBUG"),
        level("com.example.rest"),
        level("com.example"),
        set("com.example.restdiff", "ERROR"),
        set("com.example", "trace"),
        level("com.example.restdiff"),
        set("com.example.rest", "error"),
        level("com.example.restdiff"),
        level("com.example"),
        set("com.ex", "fatal"),
        get("/admin/loggers"),
        set("com.example.new", "FATAL"),
        level("com.example.new"),
        // A logger of a class, and what is above it.
        set(SINK, "DEBUG"),
        set(SINK, "DEBUG"),
        level(SINK),
        level("org.apache.kafka.connect.runtime.Worker"),
        set("org.apache.kafka.connect.runtime.Work", "DEBUG"),
        level("org.apache.kafka.connect.runtime.Work"),
        set("org.apache.kafka.connect", "WARN"),
        level(SINK),
        set("", "INFO"),
        set("a%20b", "WARN"),
        level("a%20b"),
        set("%C3%BC", "ALL"),
        level("%C3%BC"),
        level("a/b"),
        // Levels that are none.
        put(X, &json!({})),
        put(X, &json!({"level": null})),
        put(X, &json!({"level": 5})),
        put(X, &json!({"level": true})),
        set("com.example.x", ""),
        set("com.example.x", "  "),
        set("com.example.x", "verbose"),
        level("com.example.x"),
        set("com.example.x", " debug "),
        put(X, &json!({"level": "OFF", "extra": "1"})),
        set("com.example.x", "OFF"),
        level("com.example.x"),
        set("com.example.x.y", "ALL"),
        set("com.example.x", "WARN"),
        unreadable("PUT", X, "garbage"),
        unreadable("PUT", X, "[]"),
        unreadable("PUT", X, "{\"level\":[\"DEBUG\"]}"),
        ask("PUT", X, Some("null".to_owned())),
        ask("PUT", X, Some(String::new())),
        put_empty(X),
        with("PUT", X, &[("content-type", "text/plain")], Some("{\"level\":\"DEBUG\"}")),
        with("PUT", X, &[], Some("{\"level\":\"DEBUG\"}")),
        // Scopes.
        put(&format!("{X}?scope=cluster"), &json!({"level": "INFO"})),
        level("com.example.x"),
        level("com.example.x.y"),
        put(&format!("{X}?scope=CLUSTER"), &json!({"level": "INFO"})),
        put(&format!("{X}?scope=Worker"), &json!({"level": "WARN"})),
        put(&format!("{X}?scope=nonsense"), &json!({"level": "INFO"})),
        put(&format!("{X}?scope="), &json!({"level": "WARN"})),
        put(&format!("{X}?scope=worker&scope=cluster"), &json!({"level": "INFO"})),
        put(&format!("{X}?scope=nonsense"), &json!({"level": "nope"})),
        put(&format!("{X}?scope=cluster"), &json!({})),
        // Requests that do not fit.
        post_empty("/admin/loggers"),
        put("/admin/loggers", &json!({"level": "INFO"})),
        delete(X),
        get("/admin"),
        with("HEAD", "/admin/loggers/root", &[("accept", "application/json")], None),
        with("GET", "/admin/loggers", &[("accept", "text/html")], None),
        // The root is everything, and what is off is not listed.
        set("root", "OFF"),
        level("root"),
        get("/admin/loggers"),
        set("Root", "OFF"),
        set("Root", "INFO"),
        get("/admin/loggers"),
        level(SINK),
    ]);
}
