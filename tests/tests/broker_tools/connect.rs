//! Java's Kafka Connect with the tutorial's connectors, file to topic to file.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use e2e::{JavaConnect, Worker, WorkerFiles, eventually, wait_until};
use serde_json::{Value, json};

use crate::place::{Place, fed_at, rows, said_at};

const SOON: Duration = Duration::from_secs(60);
/// Lines of the distributed worker, all together.
const LINES: u32 = 240;

/// A worker's folder, with a file of numbered lines and the file that they shall end in.
struct Tutorial {
    files: WorkerFiles,
    from: PathBuf,
    to: PathBuf,
}

impl Tutorial {
    fn new(place: &Place) -> Self {
        let files = WorkerFiles::at(place.bootstrap()).unwrap();
        let [from, to] = ["test.txt", "test.sink.txt"].map(|name| files.folder().join(name));
        Self { files, from, to }
    }

    fn add(&self, numbers: Range<u32>) {
        let text: String = numbers.map(|number| format!("line {number}\n")).collect();
        File::options().create(true).append(true).open(&self.from).unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// One line after the other, for as long as `meanwhile` may take.
    fn add_slowly(&self, numbers: Range<u32>, meanwhile: impl FnOnce()) {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for number in numbers {
                    self.add(number..number + 1);
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
            std::thread::sleep(Duration::from_millis(200));
            meanwhile();
        });
    }

    /// What is in both connectors' configurations.
    fn connectors<'a>(&'a self, topic: &'a str) -> [(&'a str, Vec<(&'a str, &'a str)>); 2] {
        let [from, to] = [&self.from, &self.to].map(|path| path.to_str().unwrap());
        let source = vec![("connector.class", "FileStreamSource"), ("topic", topic), ("file", from)];
        let sink = vec![("connector.class", "FileStreamSink"), ("topics", topic), ("file", to)];
        [("local-file-source", source), ("local-file-sink", sink)]
    }

    fn sunk(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.to).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits until that many lines have come, each once and in order.
    fn holds(&self, count: u32, worker: &Worker) {
        let arrived = wait_until("all lines", SOON, || self.sunk().len() >= count as usize);
        arrived.unwrap_or_else(|error| panic!("{error}\n{}", worker.log()));
        assert_eq!(self.sunk(), numbered(count));
    }
}

fn numbered(count: u32) -> Vec<String> {
    (0..count).map(|number| format!("line {number}")).collect()
}

#[test]
fn standalone_runs_the_tutorial_and_goes_on_where_it_stopped() {
    let mut place = Place::start();
    let tutorial = Tutorial::new(&place);
    let worker_file = tutorial.files.standalone(&[]).unwrap();
    let connectors =
        tutorial.connectors("connect-test").map(|(name, lines)| tutorial.files.connector(name, &lines).unwrap());
    tutorial.add(0..30);
    let mut worker = JavaConnect::standalone(&worker_file, &connectors).unwrap();
    tutorial.holds(30, &worker);
    // The broker goes away and comes back below it.
    place.stop();
    tutorial.add(30..60);
    place.start_again();
    tutorial.holds(60, &worker);
    assert_eq!(worker.terminate().unwrap(), 143);

    place.stop();
    place.start_again();
    tutorial.add(60..90);
    let mut worker = JavaConnect::standalone(&worker_file, &connectors).unwrap();
    tutorial.holds(90, &worker);
    assert_eq!(worker.terminate().unwrap(), 143);
    let committed = said_at(&place, "ConsumerGroupCommand", &["--describe", "--group", "connect-local-file-sink"]);
    assert_eq!(rows(&committed, "connect-local-file-sink")[0][2..6], ["0", "90", "90", "0"], "{committed}");
}

fn start(worker_file: &std::path::Path) -> Worker {
    JavaConnect::distributed(worker_file).unwrap()
}

/// Creates or changes a connector; a worker that rebalances right now asks to try again.
fn put(worker: &Worker, name: &str, lines: &[(&str, &str)]) {
    let config: serde_json::Map<String, Value> =
        lines.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    let path = format!("/connectors/{name}/config");
    eventually("the connector to be taken", SOON, || {
        let reply = worker.rest().put(&path, &Value::Object(config.clone()))?;
        assert!(matches!(reply.status, 200 | 201 | 409), "{reply:?}\n{}", worker.log());
        Ok((reply.status != 409).then_some(()))
    })
    .unwrap();
}

/// Runs the tutorial on a distributed worker that is stopped and started, as the broker is, too; gives the broker back.
/// With `flowing` the broker is killed while lines come, and otherwise while nothing moves.
fn distributed(flowing: bool, more: &[(&str, &str)], source: &[(&str, &str)], sink: &[(&str, &str)]) -> Place {
    let mut place = Place::start();
    let tutorial = Tutorial::new(&place);
    let worker_file = tutorial.files.distributed("cluster", more).unwrap();
    tutorial.add(0..30);
    let mut worker = start(&worker_file);
    for ((name, lines), own) in tutorial.connectors("connect-test").into_iter().zip([source, sink]) {
        put(&worker, name, &[&lines[..], own].concat());
    }
    tutorial.holds(30, &worker);
    for name in ["local-file-source", "local-file-sink"] {
        worker.wait_for_state(name, "RUNNING", SOON).unwrap();
    }
    // Another configuration, over REST: the worker reads it back from its topic, and the task starts anew.
    let (name, lines) = tutorial.connectors("connect-test")[0].clone();
    put(&worker, name, &[&lines[..], source, &[("batch.size", "500")]].concat());
    tutorial.add(30..60);
    tutorial.holds(60, &worker);
    assert_eq!(worker.terminate().unwrap(), 143, "{}", worker.log());

    // What it knew is in its topics, and these are in the broker's folder.
    place.stop();
    place.start_again();
    tutorial.add(60..90);
    let mut worker = start(&worker_file);
    tutorial.holds(90, &worker);
    let config = worker.rest().get("/connectors/local-file-source/config").unwrap().json().unwrap();
    assert_eq!(config["batch.size"], "500");

    if flowing {
        tutorial.add_slowly(90..LINES, || {
            place.kill();
            place.start_again();
        });
    } else {
        place.kill();
        tutorial.add(90..LINES);
        place.start_again();
    }
    tutorial.holds(LINES, &worker);
    for name in ["local-file-source", "local-file-sink"] {
        worker.wait_for_state(name, "RUNNING", SOON).unwrap();
    }
    assert_eq!(worker.terminate().unwrap(), 143, "{}", worker.log());
    place
}

#[test]
fn distributed_runs_the_tutorial_and_goes_on_from_its_topics() {
    let place = distributed(false, &[], &[], &[]);
    for topic in ["cluster-configs", "cluster-offsets", "cluster-status"] {
        let described = said_at(&place, "TopicCommand", &["--describe", "--topic", topic]);
        assert!(described.lines().next().unwrap().contains("cleanup.policy=compact"), "{described}");
    }
    let group = said_at(&place, "GroupsCommand", &["--list"]);
    assert_eq!(rows(&group, "cluster")[0][..2], ["cluster", "Classic"], "{group}");
}

#[test]
fn distributed_with_exactly_once_sources_writes_each_line_once() {
    let worker = [("exactly.once.source.support", "enabled")];
    let source = [("exactly.once.support", "requested"), ("transaction.boundary", "poll")];
    let place = distributed(true, &worker, &source, &[("consumer.override.isolation.level", "read_committed")]);
    fed_at(&place, "ConsoleProducer", &["--topic", "connect-test"], "the end\n");
    let count = (LINES + 1).to_string();
    let all = ["--topic", "connect-test", "--from-beginning", "--isolation-level", "read_committed"];
    let read = said_at(&place, "ConsoleConsumer", &[&all[..], &["--max-messages", &count]].concat());
    let mut lines: Vec<_> = read.lines().collect();
    assert_eq!(lines.pop(), Some("the end"), "a line came twice, or is missing");
    assert_eq!(lines, numbered(LINES));
}

#[test]
fn two_distributed_workers_share_the_work_and_one_takes_over_when_the_other_is_killed() {
    let place = Place::start();
    let tutorial = Tutorial::new(&place);
    let quick = [
        ("session.timeout.ms", "6000"),
        ("heartbeat.interval.ms", "1000"),
        ("scheduled.rebalance.max.delay.ms", "0"),
        ("consumer.session.timeout.ms", "6000"),
        ("consumer.heartbeat.interval.ms", "1000"),
    ];
    let others = WorkerFiles::at(place.bootstrap()).unwrap();
    let mut first = start(&tutorial.files.distributed("pair", &quick).unwrap());
    tutorial.add(0..30);
    let connectors = tutorial.connectors("connect-test");
    for (name, lines) in &connectors {
        put(&first, name, lines);
    }
    tutorial.holds(30, &first);
    let second = start(&others.distributed("pair", &quick).unwrap());
    let homes = || -> Option<BTreeSet<String>> {
        let home = |name: &str| {
            let status = second.rest().get(&format!("/connectors/{name}/status")).ok()?.json().ok()?;
            let task = &status["tasks"][0];
            (task["state"] == "RUNNING").then(|| task["worker_id"].as_str().unwrap_or_default().to_owned())
        };
        connectors.iter().map(|(name, _)| home(name)).collect()
    };
    wait_until("a task for each", SOON, || homes().is_some_and(|homes| homes.len() == 2))
        .unwrap_or_else(|error| panic!("{error}\n{}", second.log()));
    tutorial.add(30..60);
    // What is delivered and not committed may come again when a task moves, but nothing is missing or out of order.
    let complete = |count: u32| {
        let mut seen = BTreeSet::new();
        let mut lines = tutorial.sunk();
        lines.retain(|line| seen.insert(line.clone()));
        lines == numbered(count)
    };
    wait_until("lines over two workers", SOON, || complete(60))
        .unwrap_or_else(|error| panic!("{error}\n{}", second.log()));

    first.kill();
    tutorial.add(60..90);
    wait_until("the second to take over", SOON, || complete(90))
        .unwrap_or_else(|error| panic!("{error}\n{}", second.log()));
    let own = format!("127.0.0.1:{}", others.port());
    wait_until("both tasks on the second", SOON, || {
        homes().is_some_and(|homes| homes == BTreeSet::from([own.clone()]))
    })
    .unwrap_or_else(|error| panic!("{error}\n{:?}\n{}", homes(), second.log()));
}
