//! Records and files that go wrong while a worker runs: the task fails with a message that names what is wrong, nothing is lost, and it
//! goes on where it was once the cause is gone.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "black-box tests measure real time and read and write real files"
)]

use std::path::Path;
use std::time::Duration;

use e2e::{Engine, RealKafka, Record, Stored, Worker, WorkerFiles, eventually, wait_for, wait_until};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(40);

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn texts(records: &[Stored]) -> Vec<String> {
    records.iter().map(Stored::text).collect()
}

fn in_topic(topic: &str) -> Vec<String> {
    RealKafka::shared().unwrap().consume_all(topic).map(|records| texts(&records)).unwrap_or_default()
}

/// Waits until the first task of the connector has failed; gives its trace.
#[track_caller]
fn trace_of_failure(worker: &Worker, connector: &str) -> String {
    let mut last = String::new();
    let trace = eventually("the task to fail", SOON, || {
        let status = worker.rest().get(&format!("/connectors/{connector}/status"))?;
        last = status.body.clone();
        let task = &status.json()?["tasks"][0];
        Ok((task["state"] == "FAILED").then(|| task["trace"].as_str().unwrap_or_default().to_owned()))
    });
    trace.unwrap_or_else(|error| panic!("{error}\n{last}\n{}", worker.log()))
}

#[track_caller]
fn assert_names(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

/// A worker with one connector.
struct Scene {
    files: WorkerFiles,
    worker: Worker,
    name: &'static str,
}

impl Scene {
    fn start(name: &'static str, config: &Value) -> Self {
        Self::start_with(name, &[], config)
    }

    fn start_with(name: &'static str, worker_lines: &[(&str, &str)], config: &Value) -> Self {
        let files = WorkerFiles::new(RealKafka::shared().unwrap()).unwrap();
        let worker = Engine::under_test().standalone(&files.standalone(worker_lines).unwrap(), &[]).unwrap();
        let scene = Self { files, worker, name };
        scene.configure(config);
        scene
    }

    fn configure(&self, config: &Value) {
        let reply = self.worker.rest().put(&format!("/connectors/{}/config", self.name), config).unwrap();
        assert!(reply.status == 201 || reply.status == 200, "{}: {}", reply.status, reply.body);
    }

    fn trace_of_failure(&self) -> String {
        trace_of_failure(&self.worker, self.name)
    }

    fn restart_task(&self) {
        let reply = self.worker.rest().request("POST", &format!("/connectors/{}/tasks/0/restart", self.name), None);
        assert_eq!(reply.unwrap().status, 204);
    }

    fn committed(&self, topic: &str) -> Option<i64> {
        let kafka = RealKafka::shared().unwrap();
        let offsets = kafka.driver().unwrap().group_offsets(&format!("connect-{}", self.name)).unwrap();
        offsets.get(&(topic.to_owned(), 0)).copied()
    }

    fn ends_cleanly(mut self) {
        assert_eq!(self.worker.terminate().unwrap(), Engine::under_test().clean_exit(), "{}", self.worker.log());
        drop(self.files);
    }
}

fn sink(topic: &str, file: &Path) -> Value {
    json!({"connector.class": "FileStreamSink", "topics": topic, "file": file})
}

fn source(topic: &str, file: &Path) -> Value {
    json!({"connector.class": "FileStreamSource", "topic": topic, "file": file})
}

fn topic_with(topic: &str, values: &[&str]) {
    let kafka = RealKafka::shared().unwrap();
    kafka.create_topic(topic, 1, &[]).unwrap();
    append(topic, values);
}

fn append(topic: &str, values: &[&str]) {
    let records: Vec<Record> = values.iter().map(|value| Record::to(topic).value(*value)).collect();
    RealKafka::shared().unwrap().produce(&records).unwrap();
}

#[test]
fn a_sink_file_that_cannot_be_opened_fails_the_task_and_loses_nothing() {
    topic_with("unopened", &["one", "two"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.txt");
    std::fs::create_dir(&file).unwrap();
    let scene = Scene::start("unopened-sink", &sink("unopened", &file));
    let trace = scene.trace_of_failure();
    assert_names(&trace, &["Couldn't find or create file", file.to_str().unwrap(), "FileStreamSinkTask", "irectory"]);
    assert_eq!(scene.committed("unopened"), None);
    std::fs::remove_dir(&file).unwrap();
    scene.restart_task();
    wait_for(&"one\ntwo\n".to_owned(), SOON, || read(&file)).unwrap();
    scene.ends_cleanly();
    assert_eq!(read(&file), "one\ntwo\n");
}

#[test]
fn a_full_disk_under_the_sink_fails_the_task_with_nothing_committed() {
    topic_with("full", &["one", "two"]);
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::start("full-sink", &sink("full", Path::new("/dev/full")));
    // Java stays RUNNING here and commits what was never written.
    let trace = scene.trace_of_failure();
    assert_names(&trace, &["/dev/full", "No space left on device"]);
    assert_eq!(scene.committed("full"), None);
    let file = folder.path().join("out.txt");
    scene.configure(&sink("full", &file));
    wait_for(&"one\ntwo\n".to_owned(), SOON, || read(&file)).unwrap();
    scene.ends_cleanly();
}

#[test]
fn a_source_file_that_cannot_be_read_fails_the_task_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in.txt");
    std::fs::create_dir(&file).unwrap();
    let scene = Scene::start("unread-source", &source("unread", &file));
    assert_names(&scene.trace_of_failure(), &[file.to_str().unwrap(), "irectory"]);
    std::fs::remove_dir(&file).unwrap();
    scene.restart_task();
    // A file that is not there yet is waited for.
    std::thread::sleep(Duration::from_millis(1500));
    std::fs::write(&file, "one\ntwo\n").unwrap();
    wait_for(&["one", "two"].map(str::to_owned).to_vec(), SOON, || in_topic("unread")).unwrap();
    assert_names(&scene.worker.log(), &["Couldn't find file", file.to_str().unwrap()]);
    scene.ends_cleanly();
}

#[test]
fn a_record_that_the_converter_refuses_fails_the_task_behind_what_was_good() {
    topic_with("refused", &["\"one\"", "\"two\"", "\"three\""]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.txt");
    let mut config = sink("refused", &file);
    config["value.converter"] = json!("org.apache.kafka.connect.json.JsonConverter");
    config["value.converter.schemas.enable"] = json!("false");
    let scene = Scene::start("refused-sink", &config);
    wait_for(&Some(3), SOON, || scene.committed("refused")).unwrap();
    append("refused", &["\"four\""]);
    wait_for(&Some(4), SOON, || scene.committed("refused")).unwrap();
    append("refused", &["{not json", "\"five\""]);
    let trace = scene.trace_of_failure();
    if Engine::under_test() == Engine::Moldau {
        // The trace is Java's, which does not say which record it was; the log does.
        assert_names(&scene.worker.log(), &["topic=refused", "partition=0", "offset=4"]);
    }
    assert_names(&trace, &["Tolerance exceeded in error handler", "org.apache.kafka.connect.errors.DataException"]);
    assert_eq!(scene.committed("refused"), Some(4), "what was good is committed, and nothing else");
    assert_eq!(read(&file), "one\ntwo\nthree\nfour\n");

    // It fails there again until the configuration lets it pass.
    scene.restart_task();
    scene.trace_of_failure();
    config["errors.tolerance"] = json!("all");
    scene.configure(&config);
    wait_for(&"one\ntwo\nthree\nfour\nfive\n".to_owned(), SOON, || read(&file)).unwrap();
    wait_for(&Some(6), SOON, || scene.committed("refused")).unwrap();
    scene.ends_cleanly();
}

#[test]
fn records_in_another_format_than_configured_get_a_hint_with_the_line_to_change() {
    topic_with("formats", &["{\"a\":1}", "{\"a\":2}", "plain", "\u{0}\u{0}\u{0}\u{0}\u{7}avro"]);
    let folder = tempfile::tempdir().unwrap();
    let mut config = sink("formats", &folder.path().join("out.txt"));
    config["value.converter"] = json!("JsonConverter");
    config["errors.tolerance"] = json!("all");
    let scene = Scene::start("formats-sink", &config);
    wait_for(&Some(4), SOON, || scene.committed("formats")).unwrap();
    if Engine::under_test() == Engine::Moldau {
        let log = scene.worker.log();
        let hints: Vec<&str> =
            log.lines().filter(|line| line.contains("cannot be read in stage VALUE_CONVERTER")).collect();
        assert_eq!(hints.len(), 3, "one for each reason, not for each record: {hints:#?}");
        assert_names(hints[0], &["formats-0@0", "JsonConverter", "set value.converter.schemas.enable=false"]);
        assert_names(
            hints[1],
            &["formats-0@2", "plain text", "set value.converter=org.apache.kafka.connect.storage.StringConverter"],
        );
        assert_names(hints[2], &["formats-0@3", "Avro of a schema registry (schema id 7)"]);
    }
    scene.ends_cleanly();
}

#[test]
fn a_record_larger_than_every_budget_passes_alone() {
    let kafka = RealKafka::shared().unwrap();
    kafka.create_topic("large", 1, &[("max.message.bytes", "20000000")]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.txt"), folder.path().join("out.txt"));
    let small = |number: usize| format!("small {number}\n");
    let mut text: String = (0..500).map(small).collect();
    text += &("x".repeat(9_000_000) + "\n");
    text.extend((500..1000).map(small));
    text += &("y".repeat(5_000_000) + "\n");
    text += "last\n";
    std::fs::write(&from, &text).unwrap();
    let lines = [
        ("moldau.memory.bytes", "2097152"),
        ("producer.max.request.size", "15000000"),
        ("producer.buffer.memory", "33554432"),
    ];
    let scene = Scene::start_with("large-source", &lines, &source("large", &from));
    let reply = scene.worker.rest().put("/connectors/large-sink/config", &sink("large", &to)).unwrap();
    assert_eq!(reply.status, 201, "{}", reply.body);
    let arrived = wait_until("the last line", SOON, || read(&to).len() >= text.len());
    arrived.unwrap_or_else(|error| panic!("{error}: {} of {}\n{}", read(&to).len(), text.len(), scene.worker.log()));
    assert!(read(&to) == text, "the lines are not those of the source");
    scene.ends_cleanly();
    assert_eq!(kafka.consume_all("large").unwrap().len(), 1003);
}

#[test]
fn a_record_larger_than_max_request_size_fails_the_task_with_topic_and_size() {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("in.txt");
    let large = "z".repeat(1_500_000);
    std::fs::write(&from, format!("before\n{large}\nafter\n")).unwrap();
    let scene = Scene::start("oversized-source", &source("oversized", &from));
    let trace = scene.trace_of_failure();
    assert_names(&trace, &["org.apache.kafka.common.errors.RecordTooLargeException", "1048576", "max.request.size"]);
    if Engine::under_test() == Engine::Moldau {
        // The trace is Java's, which does not name the topic; the log does.
        assert_names(&scene.worker.log(), &["topic=oversized", "15000"]);
    }
    let mut config = source("oversized", &from);
    config["producer.override.max.request.size"] = json!("2000000");
    // The broker takes it only where the topic lets it.
    scene.configure(&config);
    let expected = vec!["before".to_owned(), large, "after".to_owned()];
    let arrived = wait_until("all lines", SOON, || in_topic("oversized").len() >= 3);
    arrived.unwrap_or_else(|error| panic!("{error}\n{}", scene.worker.log()));
    assert!(in_topic("oversized") == expected, "not the lines of the file, each once and in order");
    scene.ends_cleanly();
}

#[test]
fn a_record_larger_than_the_topic_takes_fails_the_task() {
    let kafka = RealKafka::shared().unwrap();
    kafka.create_topic("narrow", 1, &[("max.message.bytes", "1000")]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("in.txt");
    std::fs::write(&from, format!("before\n{}\nafter\n", "w".repeat(5_000))).unwrap();
    let scene = Scene::start("narrow-source", &source("narrow", &from));
    let trace = scene.trace_of_failure();
    assert_names(&trace, &["org.apache.kafka.common.errors.RecordTooLargeException"]);
    // A batch that is too large is split until only the large record fails.
    assert_eq!(in_topic("narrow").first().map(String::as_str), Some("before"));
    scene.ends_cleanly();
}

#[test]
fn an_offset_folder_that_goes_away_costs_repetitions_and_no_lines() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    std::fs::create_dir(&kept).unwrap();
    let offsets = kept.join("offsets");
    let from = folder.path().join("in.txt");
    std::fs::write(&from, "one\n").unwrap();
    let lines = [("offset.storage.file.filename", offsets.to_str().unwrap()), ("offset.flush.interval.ms", "200")];
    let scene = Scene::start_with("homeless-source", &lines, &source("homeless", &from));
    wait_until("the first line", SOON, || in_topic("homeless") == ["one"]).unwrap();
    std::fs::remove_dir_all(&kept).unwrap();
    std::fs::write(&from, "one\ntwo\n").unwrap();
    wait_until("the second line", SOON, || in_topic("homeless") == ["one", "two"]).unwrap();
    let complained = wait_until("a complaint", SOON, || scene.worker.log().contains("Failed to commit offsets"));
    complained.unwrap_or_else(|error| panic!("{error}\n{}", scene.worker.log()));
    std::fs::create_dir(&kept).unwrap();
    wait_until("the offset file", SOON, || offsets.is_file())
        .unwrap_or_else(|error| panic!("{error}\n{}", scene.worker.log()));
    scene.ends_cleanly();
}

#[test]
fn a_key_of_a_later_version_is_an_error_on_that_key_over_rest() {
    let files = WorkerFiles::new(RealKafka::shared().unwrap()).unwrap();
    let mut worker = e2e::Moldau::standalone(&files.standalone(&[]).unwrap(), &[]).unwrap();
    let file = files.folder().join("x");
    for (mut config, key, value) in [
        (source("later", &file), "exactly.once.support", "required"),
        (source("later", &file), "transaction.boundary", "interval"),
        (source("later", &file), "producer.override.security.protocol", "SSL"),
        (sink("later", &file), "consumer.override.isolation.level", "read_committed"),
    ] {
        config[key] = json!(value);
        let reply = worker.rest().put("/connectors/later/config", &config).unwrap();
        assert_eq!(reply.status, 400, "{key}: {}", reply.body);
        assert_names(&reply.body, &[&format!("Configuration '{key}'"), "this version of Moldau cannot", "yet"]);
    }
    assert_eq!(worker.rest().get("/connectors").unwrap().body, "[]");
    assert_eq!(worker.terminate().unwrap(), 0);
}
