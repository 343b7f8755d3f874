//! Names, states to begin with, starts that fail.

use serde_json::{Value, json};

use super::configs::{scene, sink, source};
use super::play::compare;
use super::steps::*;

#[test]
fn names_initial_states_and_failures_over_rest_are_javas() {
    let folder = scene();
    let folder = folder.path();
    let occupied = folder.join("a folder");
    std::fs::create_dir(&occupied).unwrap();
    let named = |name: &str, config: Value| json!({"name": name, "config": config});
    let initial =
        |name: &str, state: Value| json!({"name": name, "config": source(folder, &[]), "initial_state": state});
    compare(&[
        post("/connectors", &named(" trimmed \u{fc}+b?c#d&e=f ", source(folder, &[]))),
        get("/connectors"),
        get("/connectors/trimmed%20%C3%BC+b%3Fc%23d&e=f/config"),
        delete("/connectors/trimmed%20%C3%BC+b%3Fc%23d&e=f"),
        // Scalars become texts.
        ask(
            "POST",
            "/connectors",
            Some(format!(
                "{{\"name\":\"scalars\",\"config\":{{\"connector.class\":\"FileStreamSource\",\"topic\":\"rest-scalars\",\
             \"file\":\"{}\",\"batch.size\":5,\"tasks.max\":1,\"yes\":true,\"number\":1.50,\"big\":12345678901234567890}}}}",
                folder.join("in.txt").display()
            )),
        ),
        Step::Until("scalars", "RUNNING"),
        get("/connectors/scalars/config"),
        delete("/connectors/scalars"),
        // States to begin with.
        post("/connectors", &initial("paused", json!("PAUSED"))),
        Step::UntilAlone("paused", "PAUSED"),
        get("/connectors/paused/status"),
        get("/connectors/paused/tasks"),
        put_empty("/connectors/paused/resume"),
        Step::Until("paused", "RUNNING"),
        get("/connectors/paused/status"),
        delete("/connectors/paused"),
        post("/connectors", &initial("stopped", json!("stopped"))),
        Step::UntilAlone("stopped", "STOPPED"),
        get("/connectors/stopped/status"),
        post_empty("/connectors/stopped/restart"),
        get("/connectors/stopped/status"),
        delete("/connectors/stopped"),
        post("/connectors", &initial("null", json!(null))),
        Step::Until("null", "RUNNING"),
        delete("/connectors/null"),
        // A task that fails, and how it is restarted.
        put("/connectors/failing/config", &sink(folder, &[("file", occupied.to_str().unwrap()), ("tasks.max", "1")])),
        Step::UntilFailed("failing"),
        get("/connectors/failing/status"),
        get("/connectors/failing/tasks/0/status"),
        get("/connectors?expand=status"),
        post_empty("/connectors/failing/restart?onlyFailed=true"),
        get("/connectors/failing/status"),
        post_empty("/connectors/failing/restart?includeTasks=true&onlyFailed=true"),
        Step::UntilFailed("failing"),
        put("/connectors/failing/config", &sink(folder, &[("tasks.max", "1")])),
        Step::Until("failing", "RUNNING"),
        get("/connectors/failing/status"),
        delete("/connectors/failing"),
        get("/connectors"),
    ]);
}
