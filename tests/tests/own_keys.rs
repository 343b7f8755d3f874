//! What Moldau does beyond Java where a connector asks for it with keys of its own.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "black-box tests")]

use std::time::Duration;

use e2e::{EmbeddedBroker, Moldau, WorkerFiles, eventually};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(60);

#[test]
fn a_task_that_fails_is_restarted_a_few_times_and_its_status_says_so() {
    let broker = EmbeddedBroker::start().unwrap();
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let mut worker = Moldau::standalone(&files.standalone(&[]).unwrap(), &[]).unwrap();
    let create = |name: &str, more: &[(&str, &str)]| {
        let mut config = json!({
            "connector.class": "MockSink", "topics": "t", "mock_mode": "task-failure", "delay_ms": "0"
        });
        for (key, value) in more {
            config[*key] = json!(value);
        }
        let reply = worker.rest().post("/connectors", &json!({"name": name, "config": config})).unwrap();
        assert_eq!(reply.status, 201, "{}", reply.body);
    };
    let status =
        |name: &str| -> Value { worker.rest().get(&format!("/connectors/{name}/status")).unwrap().json().unwrap() };
    create("plain", &[]);
    create("healed", &[("moldau.restart.max.attempts", "3"), ("moldau.restart.backoff.ms", "20")]);
    let given_up = eventually("three restarts in vain", SOON, || {
        let task = status("healed")["tasks"][0].clone();
        let done = task["state"] == "FAILED" && task["moldau"]["restart_attempts"] == 3;
        Ok((done && task["moldau"].get("next_restart_ms").is_none()).then_some(task))
    });
    let task = given_up.unwrap_or_else(|error| panic!("{error:#}\n{}\n{}", status("healed"), worker.log()));
    assert_eq!(task["moldau"], json!({"restarts": 3, "restart_attempts": 3, "restart_max_attempts": 3}));
    assert!(task["trace"].as_str().unwrap().contains("Exception"), "{task}");
    assert!(worker.log().contains("restart 2 of 3"), "{}", worker.log());

    // Whoever restarts it by hand gives it new attempts.
    assert_eq!(worker.rest().post("/connectors/healed/tasks/0/restart", &json!(null)).unwrap().status, 204);
    let again = eventually("more restarts", SOON, || {
        Ok((status("healed")["tasks"][0]["moldau"]["restarts"] == 6).then_some(()))
    });
    again.unwrap_or_else(|error| panic!("{error:#}\n{}", status("healed")));
    let plain = status("plain");
    assert!(!plain.to_string().contains("moldau"), "{plain}");
    assert_eq!(plain["tasks"][0]["state"], "FAILED");
    assert_eq!(worker.terminate().unwrap(), 0);
}

#[test]
fn the_status_of_a_running_task_says_what_its_transforms_dropped() {
    let broker = EmbeddedBroker::start().unwrap();
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let worker = Moldau::standalone(&files.standalone(&[]).unwrap(), &[]).unwrap();
    let input = files.folder().join("input.txt");
    std::fs::write(&input, "1\nx\n2\n").unwrap();
    let create = |name: &str, more: Value| {
        let mut config = json!({"connector.class": "FileStreamSource", "file": input, "topic": name});
        config.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
        let reply = worker.rest().post("/connectors", &json!({"name": name, "config": config})).unwrap();
        assert_eq!(reply.status, 201, "{}", reply.body);
    };
    create("whole", json!({}));
    let class = |name: &str| format!("org.apache.kafka.connect.transforms.{name}");
    create(
        "picky",
        json!({
            "errors.tolerance": "all",
            "transforms": "numbers,through,none",
            "transforms.numbers.type": class("Cast$Value"), "transforms.numbers.spec": "int32",
            "transforms.through.type": class("HoistField$Value"), "transforms.through.field": "n",
            "transforms.none.type": class("Filter"),
        }),
    );
    let task = |name: &str| -> Value {
        worker.rest().get(&format!("/connectors/{name}/tasks/0/status")).unwrap().json().unwrap()
    };
    let counts = |filtered: u64, failed: u64| {
        json!({"dropped": [
            {"transform": "numbers", "class": class("Cast$Value"), "filtered": 0, "failed": failed},
            {"transform": "none", "class": class("Filter"), "filtered": filtered, "failed": 0},
        ]})
    };
    let shows = |wanted: Value| {
        let seen = eventually("the counts", SOON, || Ok((task("picky")["moldau"] == wanted).then_some(())));
        seen.unwrap_or_else(|error| panic!("{error:#}\n{}\n{}", task("picky"), worker.log()));
        assert_eq!(task("picky")["state"], "RUNNING");
    };
    shows(counts(2, 1));
    std::fs::write(&input, "1\nx\n2\ny\nz\n3\n").unwrap();
    shows(counts(3, 3));
    let status: Value = worker.rest().get("/connectors/picky/status").unwrap().json().unwrap();
    assert_eq!((&status["tasks"][0]["moldau"], status["connector"].get("moldau")), (&counts(3, 3), None));
    assert_eq!(task("whole").get("moldau"), None, "where nothing is dropped the status is Java's");
}
