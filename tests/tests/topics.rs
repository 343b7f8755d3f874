//! Topics that connectors make and find, played against the real Kafka Connect and against ours on a real Kafka.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "black-box tests read and write real files")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use e2e::{Engine, RealKafka, Record, Worker, WorkerFiles, wait_for, wait_until};

const SOON: Duration = Duration::from_secs(60);

type Lines<'a> = &'a [(&'a str, &'a str)];

/// A worker that runs these connectors, and the folder that it needs.
fn start(
    engine: Engine,
    kafka: &RealKafka,
    worker: Lines<'_>,
    connectors: &[(String, Lines<'_>)],
) -> (WorkerFiles, Worker) {
    let files = WorkerFiles::new(kafka).unwrap();
    let connectors: Vec<_> = connectors.iter().map(|(name, lines)| files.connector(name, lines).unwrap()).collect();
    let worker = engine.standalone(&files.standalone(worker).unwrap(), &connectors).unwrap();
    (files, worker)
}

/// Each engine's answer to the same scenario; Java's comes first.
fn both<T: PartialEq + std::fmt::Debug>(scenario: impl Fn(Engine) -> T) -> T {
    let java = scenario(Engine::Java);
    let ours = scenario(Engine::under_test());
    assert_eq!(ours, java, "ours is on the left");
    ours
}

const RULES: Lines<'_> = &[
    ("connector.class", "FileStreamSource"),
    ("topic.creation.groups", "logs,wide"),
    ("topic.creation.default.replication.factor", "-1"),
    ("topic.creation.default.partitions", "-1"),
    ("topic.creation.logs.include", "made-[a-z]+-log-.*,no-such-topic"),
    ("topic.creation.logs.exclude", ".*-excluded"),
    ("topic.creation.logs.partitions", "3"),
    ("topic.creation.logs.compression.type", "gzip"),
    ("topic.creation.logs.retention.ms", "86400000"),
    ("topic.creation.wide.include", "(?i)MADE-\\\\w+-(wide|log-a)"),
    ("topic.creation.wide.partitions", "5"),
    ("topic.creation.wide.replication.factor", "1"),
    ("topic.creation.wide.min.insync.replicas", "1"),
    ("admin.override.default.api.timeout.ms", "30000"),
];

#[test]
fn topics_are_created_as_javas_rules_say() {
    let kafka = RealKafka::shared().unwrap();
    let made = both(|engine| {
        let name = |end: &str| format!("made-{}-{end}", engine.name());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("in.txt");
        std::fs::write(&file, "a line\n").unwrap();
        let ends = ["log-a", "log-excluded", "wide", "plain", "there"];
        kafka.create_topic(&name("there"), 2, &[("retention.ms", "1000000")]).unwrap();
        let lines: Vec<(String, Vec<(&str, String)>)> = ends
            .iter()
            .map(|end| {
                let mut lines: Vec<_> = RULES.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
                lines.extend([("topic", name(end)), ("file", file.display().to_string())]);
                (name(end), lines)
            })
            .collect();
        let borrowed: Vec<Vec<(&str, &str)>> =
            lines.iter().map(|(_, lines)| lines.iter().map(|(key, value)| (*key, &**value)).collect()).collect();
        let connectors: Vec<_> =
            lines.iter().zip(&borrowed).map(|((name, _), lines)| (name.clone(), &lines[..])).collect();
        let (_files, mut worker) = start(engine, kafka, &[], &connectors);
        let made: BTreeMap<_, _> = ends
            .iter()
            .map(|end| {
                let records = kafka.wait_for_records(&name(end), 1, SOON);
                let records = records.unwrap_or_else(|error| panic!("{error:#}\n{}", worker.log()));
                assert_eq!(records.len(), 1);
                (*end, kafka.driver().unwrap().topic_config(&name(end)).unwrap())
            })
            .collect();
        worker.terminate().unwrap();
        made
    });
    let counts: Vec<_> = made.iter().map(|(end, (partitions, _))| (*end, *partitions)).collect();
    assert_eq!(counts, [("log-a", 3), ("log-excluded", 1), ("plain", 1), ("there", 2), ("wide", 5)]);
    assert_eq!(made["log-a"].1["compression.type"], "gzip");
}

#[test]
fn topics_are_created_by_an_admin_client_of_its_own_layers() {
    let kafka = RealKafka::shared().unwrap();
    both(|engine| {
        let name = |end: &str| format!("admin-{}-{end}", engine.name());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("in.txt");
        std::fs::write(&file, "a line\n").unwrap();
        let (lost, found) = (name("lost"), name("found"));
        let common = [
            ("connector.class", "FileStreamSource"),
            ("file", file.to_str().unwrap()),
            ("topic.creation.default.replication.factor", "1"),
            ("topic.creation.default.partitions", "4"),
        ];
        let of_lost = [&common[..], &[("topic", &*lost)]].concat();
        let own = ("admin.override.bootstrap.servers", kafka.bootstrap());
        let of_found = [&common[..], &[("topic", &*found), own]].concat();
        // Nobody is there, so only the connector that says where Kafka is can create its topic.
        let worker = [
            ("admin.bootstrap.servers", "127.0.0.1:1"),
            ("admin.default.api.timeout.ms", "500"),
            ("admin.request.timeout.ms", "400"),
        ];
        let connectors = [(lost.clone(), &of_lost[..]), (found.clone(), &of_found[..])];
        let (_files, mut worker) = start(engine, kafka, &worker, &connectors);
        assert_eq!(kafka.wait_for_records(&found, 1, SOON).unwrap().len(), 1);
        assert_eq!(kafka.driver().unwrap().topic_config(&found).unwrap().0, 4);
        wait_until("a second try", SOON, || worker.log().matches("Backing off before retrying").count() > 1).unwrap();
        worker.wait_for_state(&lost, "RUNNING", SOON).unwrap();
        assert!(!kafka.driver().unwrap().topics().unwrap().contains(&lost));
        assert!(worker.log().contains(&format!("Timed out while describing topics '{lost}'")), "{}", worker.log());
        worker.terminate().unwrap() == engine.clean_exit()
    });
}

fn read(path: &Path) -> Vec<String> {
    let mut lines: Vec<String> = std::fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn a_sink_with_a_pattern_follows_topics_that_come_and_go() {
    let kafka = RealKafka::shared().unwrap();
    both(|engine| {
        let topic = |end: &str| format!("follow-{}-{end}", engine.name());
        let send = |end: &str, value: &str| kafka.produce(&[Record::to(&topic(end)).value(value)]).unwrap();
        kafka.create_topic(&topic("one"), 1, &[]).unwrap();
        kafka.create_topic(&topic("one-more"), 1, &[]).unwrap();
        send("one", "1");
        send("one-more", "no part of it");
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.txt");
        // Capital letters by a flag, a class that is an intersection, and a topic's name as a whole.
        let pattern = format!("(?i)FOLLOW-{}-[a-z&&[^q]]+", engine.name());
        let sink = [
            ("connector.class", "FileStreamSink"),
            ("topics.regex", &*pattern),
            ("file", out.to_str().unwrap()),
            ("consumer.override.metadata.max.age.ms", "500"),
            // So long a consumer tries to commit what it has read of a topic that is gone.
            ("consumer.override.default.api.timeout.ms", "3000"),
        ];
        let name = format!("follow-{}", engine.name());
        let (_files, mut worker) = start(engine, kafka, &[], &[(name.clone(), &sink)]);
        let lines = |wanted: &[&str], worker: &Worker| {
            let wanted: Vec<String> = wanted.iter().map(|line| (*line).to_owned()).collect();
            let same = wait_for(&wanted, SOON, || read(&out));
            same.unwrap_or_else(|error| panic!("{}: {error:#}\n{}", engine.name(), worker.log()));
        };
        lines(&["1"], &worker);
        // A topic that comes is read from its start, one that goes disturbs nobody, and may come again.
        kafka.create_topic(&topic("two"), 2, &[]).unwrap();
        send("two", "2");
        lines(&["1", "2"], &worker);
        kafka.driver().unwrap().delete_topic(&topic("one")).unwrap();
        send("two", "3");
        lines(&["1", "2", "3"], &worker);
        kafka.create_topic(&topic("three"), 1, &[]).unwrap();
        send("three", "4");
        lines(&["1", "2", "3", "4"], &worker);
        let used = worker.rest().get(&format!("/connectors/{name}/topics")).unwrap().json().unwrap();
        let mut used: Vec<&str> = used[&name]["topics"].as_array().unwrap().iter().filter_map(|t| t.as_str()).collect();
        used.sort_unstable();
        assert_eq!(used, [topic("one"), topic("three"), topic("two")]);
        worker.terminate().unwrap() == engine.clean_exit()
    });
}

#[test]
fn a_pattern_that_takes_every_topic_leaves_out_kafkas_own() {
    // Of its own, for every topic there is counts.
    let kafka = RealKafka::start().unwrap();
    both(|engine| {
        let topic = format!("every-{}", engine.name());
        kafka.create_topic(&topic, 1, &[]).unwrap();
        kafka.produce(&[Record::to(&topic).value("x")]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.txt");
        let sink = [("connector.class", "FileStreamSink"), ("topics.regex", ".*"), ("file", out.to_str().unwrap())];
        let (_files, mut worker) =
            start(engine, &kafka, &[("offset.flush.interval.ms", "200")], &[("every".to_owned(), &sink)]);
        // What the sink commits is written to __consumer_offsets, which it would read.
        let committed = || kafka.driver().unwrap().group_offsets("connect-every").unwrap();
        wait_until("a commit", SOON, || committed().contains_key(&(topic.clone(), 0))).unwrap();
        kafka.produce(&[Record::to(&topic).value("y")]).unwrap();
        wait_until("the second record", SOON, || committed().get(&(topic.clone(), 0)) == Some(&2)).unwrap();
        assert!(committed().keys().all(|(topic, _)| topic.starts_with("every-")), "{:?}", committed());
        let used = worker.rest().get("/connectors/every/topics").unwrap().body;
        assert!(!used.contains("__consumer_offsets"), "{used}");
        worker.terminate().unwrap() == engine.clean_exit()
    });
}
