//! Connectors that want more tasks than they may have (KIP-1004), beside Java's.

use std::fs;
use std::io;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use e2e::{EmbeddedBroker, JavaConnect, Rest, WorkerFiles, eventually, kafka_libs, without_frames};
use serde_json::{Value, json};

use crate::worker::World;

const GREEDY: &str = include_str!("../../../java/plugins/Greedy.java");
const SOON: Duration = Duration::from_secs(60);

/// What this process logs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
        log
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// A status without what differs from worker to worker: its id, and the frames of traces.
fn status(rest: &Rest, name: &str) -> Value {
    let mut status = rest.get(&format!("/connectors/{name}/status")).unwrap().json().unwrap_or_default();
    let tasks = status["tasks"].as_array().cloned().unwrap_or_default();
    let tasks = tasks.into_iter().map(plain).collect();
    status["connector"] = plain(status["connector"].clone());
    status["tasks"] = Value::Array(tasks);
    status
}

fn plain(mut state: Value) -> Value {
    if let Some(state) = state.as_object_mut() {
        state.remove("worker_id");
        if let Some(trace) = state.get_mut("trace") {
            *trace = json!(without_frames(trace.as_str().unwrap()));
        }
    }
    state
}

fn config(name: &str, enforce: Option<bool>) -> Value {
    let mut config = json!({"connector.class": "demo.Greedy", "tasks.max": "2", "name": name});
    if let Some(enforce) = enforce {
        config["tasks.max.enforce"] = json!(enforce.to_string());
    }
    config
}

/// Until the connector is in that state and has so many tasks, all of them running.
fn wait_for(rest: &Rest, name: &str, state: &str, count: usize) {
    let reached = eventually(&format!("{name} to be {state}"), SOON, || {
        let status = status(rest, name);
        let tasks = status["tasks"].as_array().unwrap();
        let run = tasks.iter().filter(|task| task["state"] == "RUNNING").count() == count;
        Ok((status["connector"]["state"] == state && run).then_some(()))
    });
    reached.unwrap_or_else(|error| panic!("{error:#}\n{}", status(rest, name)));
}

/// What a worker says and does: answers, states, and how often it warns in these words.
fn played(rest: &Rest, log: impl Fn() -> String) -> Value {
    let reply = rest.post("/connectors", &json!({"name": "lax", "config": config("lax", Some(false))})).unwrap();
    assert_eq!(reply.status, 201, "{}", reply.body);
    let created = reply.json().unwrap();
    wait_for(rest, "lax", "RUNNING", 4);
    let lax = status(rest, "lax");
    let warning = "The connector lax has generated 4 tasks, which is greater than 2, the maximum number of tasks it is \
                   configured to create. This behavior should be considered a bug and will be disallowed in future \
                   releases of Kafka Connect. Please report this to the maintainers of the connector and request that \
                   they adjust their connector's taskConfigs() method to respect the maxTasks parameter.";
    let warnings = log().matches(warning).count();

    // Java answers these after 90 seconds.
    let unanswered = rest.clone();
    thread::spawn(move || unanswered.put("/connectors/lax/config", &config("lax", Some(true))));
    wait_for(rest, "lax", "FAILED", 4);
    let strict = status(rest, "lax");
    let unanswered = rest.clone();
    thread::spawn(move || unanswered.post("/connectors", &json!({"name": "new", "config": config("new", None)})));
    wait_for(rest, "new", "FAILED", 0);
    let info = rest.get("/connectors/new").unwrap().json().unwrap();
    json!([created, lax, warnings, strict, status(rest, "new"), info])
}

fn java() -> Value {
    let broker = EmbeddedBroker::start().unwrap();
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let compiled = kafka_libs().unwrap().compile("greedy", &[("Greedy.java", GREEDY)]).unwrap();
    let place = files.folder().join("plugins/greedy");
    fs::create_dir_all(&place).unwrap();
    let mut jar = Command::new("jar");
    jar.arg("cf").arg(place.join("greedy.jar")).arg("-C").arg(&compiled).arg("demo");
    let ended = jar.status().expect("`jar` was not found: install a JDK 17 or newer (openjdk-17-jdk-headless)");
    assert!(ended.success(), "{jar:?}");
    let path = files.folder().join("plugins").display().to_string();
    let worker = JavaConnect::standalone(
        &files.standalone(&[("plugin.path", &path), ("plugin.discovery", "hybrid_warn")]).unwrap(),
        &[],
    )
    .unwrap();
    played(worker.rest(), || worker.log())
}

#[test]
fn a_connector_that_wants_too_many_tasks_is_treated_as_java_treats_it() {
    let log = Log::start();
    let world = World::start();
    let ours = played(world.rest(), || log.text());
    let java = java();
    assert_eq!(ours, java, "ours is on the left");
    assert_eq!(ours[2], 5, "one of the connector, one of each task");
    assert_eq!(ours[4]["tasks"], json!([]));
    // Java's request for this is never answered.
    let reply = world.create("answered", "demo.Greedy", &[("tasks.max", "2")]);
    let text = reply.json().unwrap()["message"].as_str().unwrap().to_owned();
    assert_eq!(reply.status, 500);
    assert!(text.starts_with("The connector answered has generated 4 tasks, which is greater than 2,"), "{text}");
    assert!(text.ends_with("this option will be removed in a future release of Kafka Connect."), "{text}");
}
