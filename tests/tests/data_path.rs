//! Records on their way through whole workers, the real Kafka Connect and ours: what sources store, what sinks print and commit, with
//! converters, headers, codecs, timestamps, transactions and overrides of clients. Both engines' records are compared one by one.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "black-box tests read and write real files")]

#[path = "data_path/sinks.rs"]
mod sinks;
#[path = "data_path/sources.rs"]
mod sources;

use std::fmt::Debug;
use std::time::Duration;

use e2e::{Engine, RealKafka, Worker, WorkerFiles, eventually, without_frames};

const SOON: Duration = Duration::from_secs(90);
const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";
const STRING: &str = "org.apache.kafka.connect.storage.StringConverter";

type Lines = Vec<(&'static str, String)>;

/// A connector's lines from pairs of texts.
fn lines(pairs: &[(&'static str, &str)]) -> Lines {
    pairs.iter().map(|(key, value)| (*key, (*value).to_owned())).collect()
}

/// A worker whose converters write JSON without schemas, for connectors that say nothing else.
fn worker(engine: Engine, files: &WorkerFiles, connectors: &[std::path::PathBuf]) -> Worker {
    let own = [
        ("key.converter", JSON),
        ("key.converter.schemas.enable", "false"),
        ("value.converter", JSON),
        ("value.converter.schemas.enable", "false"),
    ];
    engine.standalone(&files.standalone(&own).unwrap(), connectors).unwrap()
}

/// State and trace of the only task, without what differs between engines.
fn ended(worker: &Worker, name: &str, engine: Engine, files: &WorkerFiles) -> (String, Option<String>) {
    let status = worker.rest().get(&format!("/connectors/{name}/tasks/0/status")).unwrap().json().unwrap();
    let plain = |trace: &str| {
        let folder = files.folder().display().to_string();
        without_frames(trace).trim_end().replace(&folder, "FOLDER").replace(&format!("-{}", engine.name()), "-ENGINE")
    };
    (status["state"].as_str().unwrap_or_default().to_owned(), status["trace"].as_str().map(plain))
}

fn wait_for_task(worker: &Worker, name: &str, state: &str) {
    let mut last = String::new();
    let reached = eventually(&format!("the task of {name} to be {state}"), SOON, || {
        let Ok(reply) = worker.rest().get(&format!("/connectors/{name}/tasks/0/status")) else { return Ok(None) };
        last.clone_from(&reply.body);
        Ok(reply.json().is_ok_and(|status| status["state"] == state).then_some(()))
    });
    reached.unwrap_or_else(|error| panic!("{error:#}: {last}"));
}

/// All differences between what Java did and what ours did, told in the end.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + Debug>(&mut self, what: &str, java: &T, ours: &T) {
        if java != ours {
            let cut = |value: &T| format!("{value:?}").chars().take(1500).collect::<String>();
            self.0.push(format!("{what}\n  Java: {}\n  ours: {}", cut(java), cut(ours)));
        }
    }

    fn compare_lists<T: PartialEq + Debug>(&mut self, what: &str, java: &[T], ours: &[T]) {
        self.compare(&format!("number of {what}"), &java.len(), &ours.len());
        for (index, (java, ours)) in java.iter().zip(ours).enumerate() {
            self.compare(&format!("{what} {index}"), java, ours);
        }
    }

    fn assert_none(self) {
        assert!(self.0.is_empty(), "{} difference(s)\n{}", self.0.len(), self.0.join("\n"));
    }
}

#[test]
fn sources_store_the_records_that_javas_store() {
    let kafka = RealKafka::shared().unwrap();
    let sources = sources::all();
    let [java, ours] = [Engine::Java, Engine::Moldau].map(|engine| sources::play(engine, kafka, &sources));
    let mut differences = Differences::default();
    for ((source, java), ours) in sources.iter().zip(&java).zip(&ours) {
        differences.compare_lists(&format!("records of {}", source.name), &java.records, &ours.records);
        differences.compare(&format!("end of {}", source.name), &java.end, &ours.end);
    }
    assert!(java.iter().map(|outcome| outcome.records.len()).sum::<usize>() > 500);
    differences.assert_none();
}

#[test]
fn sinks_print_and_commit_what_javas_do() {
    let kafka = RealKafka::shared().unwrap();
    let sinks = sinks::all(kafka);
    let [java, ours] = [Engine::Java, Engine::Moldau].map(|engine| sinks::play(engine, kafka, &sinks));
    let mut differences = Differences::default();
    for ((sink, java), ours) in sinks.iter().zip(&java).zip(&ours) {
        differences.compare_lists(&format!("lines of {}", sink.name), &java.lines, &ours.lines);
        differences.compare(&format!("offsets of {}", sink.name), &java.committed, &ours.committed);
        differences.compare(&format!("end of {}", sink.name), &java.end, &ours.end);
    }
    assert!(java.iter().map(|outcome| outcome.lines.len()).sum::<usize>() > 150);
    differences.assert_none();
}
