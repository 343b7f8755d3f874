//! `/health` of a worker that is still starting, and of one that has started.

use std::fs;
use std::process::Command;
use std::time::Duration;

use e2e::{EmbeddedBroker, Engine, JavaConnect, Moldau, WorkerFiles, wait_for};
use serde_json::json;

/// What the worker says of itself while a connector file keeps it waiting, and behind that.
fn play(engine: Engine, broker: &EmbeddedBroker) -> [(u16, String); 2] {
    let files = WorkerFiles::at(broker.bootstrap()).unwrap();
    let worker = files.standalone(&[]).unwrap();
    // Whoever reads it waits for a writer.
    let connector = files.folder().join("connector.json");
    assert!(Command::new("mkfifo").arg(&connector).status().unwrap().success());
    let connectors = [connector.clone()];
    let mut running = match engine {
        Engine::Java => JavaConnect::spawn(&worker, &connectors, &["-Xmx512m", "-XX:TieredStopAtLevel=1"]),
        Engine::Moldau => Moldau::spawn(&worker, &connectors, &[]),
    }
    .unwrap();
    running.wait_until_ready(Duration::from_secs(60)).unwrap();
    let health = || running.rest().get("/health").map(|reply| (reply.status, reply.body)).unwrap();
    let starting = health();
    // Of the forms a file can have, this is the one that Java tries first: it opens the file for each again.
    let config = json!({
        "name": "c", "connector.class": "FileStreamSource", "topic": "health", "file": files.folder().join("in.txt"),
    });
    fs::write(&connector, config.to_string()).unwrap();
    wait_for(&200, Duration::from_secs(60), || health().0).unwrap_or_else(|error| panic!("{error}\n{}", running.log()));
    let started = health();
    assert_eq!(running.terminate().unwrap(), engine.clean_exit());
    [starting, started]
}

#[test]
fn a_worker_says_how_it_is_as_javas_does() {
    let broker = EmbeddedBroker::start().unwrap();
    let ours = play(Engine::under_test(), &broker);
    assert_eq!(ours, play(Engine::Java, &broker));
    assert_eq!((ours[0].0, ours[1].0), (503, 200));
}
