//! Connectors from their creation to their end.

use serde_json::json;

use super::configs::{scene, sink, source};
use super::play::compare;
use super::steps::*;

#[test]
fn the_life_of_connectors_over_rest_is_javas() {
    let folder = scene();
    let folder = folder.path();
    compare(&[
        get("/"),
        get("/connectors"),
        post("/connectors", &json!({"name": "a", "config": source(folder, &[])})),
        Step::Until("a", "RUNNING"),
        post("/connectors", &json!({"name": "a", "config": source(folder, &[])})),
        get("/connectors"),
        get("/connectors/a"),
        get("/connectors/a/config"),
        get("/connectors/a/status"),
        get("/connectors/a/tasks"),
        get("/connectors/a/tasks/0/status"),
        get("/connectors/a/tasks/1/status"),
        get("/connectors/a/tasks/x/status"),
        put("/connectors/b/config", &sink(folder, &[])),
        Step::UntilTasks("b", 2),
        get("/connectors"),
        get("/connectors/b"),
        get("/connectors/b/tasks"),
        get("/connectors/b/status"),
        get("/connectors?expand=status"),
        get("/connectors?expand=info"),
        get("/connectors?expand=info&expand=status"),
        get("/connectors?expand=nothing"),
        get("/connectors?expand=status,info"),
        // Configuration.
        put("/connectors/a/config", &source(folder, &[("batch.size", "7"), ("free", "text")])),
        Step::Until("a", "RUNNING"),
        get("/connectors/a/config"),
        get("/connectors/a/tasks"),
        patch("/connectors/a/config", &json!({"free": null, "batch.size": "8", "more": "x"})),
        Step::Until("a", "RUNNING"),
        get("/connectors/a/config"),
        put("/connectors/b/config", &sink(folder, &[("tasks.max", "1")])),
        Step::UntilTasks("b", 1),
        get("/connectors/b"),
        get("/connectors/b/status"),
        // Pause, resume, stop.
        put_empty("/connectors/a/pause"),
        Step::Until("a", "PAUSED"),
        get("/connectors/a/status"),
        put_empty("/connectors/a/pause"),
        put("/connectors/a/config", &source(folder, &[])),
        Step::Until("a", "PAUSED"),
        get("/connectors/a/status"),
        put_empty("/connectors/a/resume"),
        Step::Until("a", "RUNNING"),
        put_empty("/connectors/a/stop"),
        Step::UntilAlone("a", "STOPPED"),
        get("/connectors/a/status"),
        get("/connectors/a"),
        get("/connectors/a/tasks"),
        get("/connectors/a/tasks/0/status"),
        put_empty("/connectors/a/resume"),
        Step::Until("a", "RUNNING"),
        get("/connectors/a/status"),
        // Restarts.
        post_empty("/connectors/a/restart"),
        Step::Until("a", "RUNNING"),
        post_empty("/connectors/a/restart?includeTasks=false&onlyFailed=false"),
        Step::Until("a", "RUNNING"),
        post_empty("/connectors/a/restart?includeTasks=true"),
        Step::Until("a", "RUNNING"),
        post_empty("/connectors/a/restart?onlyFailed=true"),
        post_empty("/connectors/a/restart?includeTasks=true&onlyFailed=true"),
        Step::Until("a", "RUNNING"),
        post_empty("/connectors/a/restart?includeTasks=yes"),
        Step::Until("a", "RUNNING"),
        post_empty("/connectors/a/tasks/0/restart"),
        Step::Until("a", "RUNNING"),
        get("/connectors/a/status"),
        post_empty("/connectors/a/tasks/x/restart"),
        // The end.
        delete("/connectors/a"),
        get("/connectors/a"),
        get("/connectors/a/status"),
        delete("/connectors/a"),
        delete("/connectors/b"),
        get("/connectors"),
    ]);
}
