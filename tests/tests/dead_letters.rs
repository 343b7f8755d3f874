//! Records that cannot be delivered: the good ones arrive once and in order, the bad ones are in the dead letter queue as Java writes it.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "black-box tests read real files")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use e2e::{Engine, Letter, RealKafka, Record, Worker, WorkerFiles, wait_for};

const SOON: Duration = Duration::from_secs(40);
const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// What a sink did with a topic: its file, and its dead letters.
struct Outcome {
    file: String,
    letters: Vec<Letter>,
    log: String,
}

/// A topic, the sink that reads it, and how many of its records are good and bad.
struct Scenario {
    topic: &'static str,
    records: Vec<Record>,
    good: usize,
    bad: usize,
    lines: Vec<(&'static str, &'static str)>,
}

/// Whose run it is: tells its queue and its group from those of others.
#[derive(Clone, Copy)]
struct Run {
    engine: Engine,
    name: &'static str,
}

impl Run {
    fn tested() -> Self {
        Self { engine: Engine::under_test(), name: "tested" }
    }

    fn queue(self, scenario: &Scenario) -> String {
        format!("{}-dlq-{}", scenario.topic, self.name)
    }

    fn group(self, scenario: &Scenario) -> String {
        format!("{}-{}", scenario.topic, self.name)
    }

    /// Runs a tolerant sink for each scenario until all its lines and dead letters have come, and stops.
    fn outcomes(self, scenarios: &[&Scenario]) -> Vec<Outcome> {
        let files = WorkerFiles::new(RealKafka::shared().unwrap()).unwrap();
        let connectors: Vec<PathBuf> = scenarios.iter().map(|scenario| self.connector(&files, scenario)).collect();
        let mut worker = self.engine.standalone(&files.standalone(&[]).unwrap(), &connectors).unwrap();
        for scenario in scenarios {
            self.wait(&files, scenario, &mut worker);
        }
        assert_eq!(worker.terminate().unwrap(), self.engine.clean_exit());
        scenarios.iter().map(|scenario| self.outcome(&files, scenario, &worker)).collect()
    }

    fn connector(self, files: &WorkerFiles, scenario: &Scenario) -> PathBuf {
        let (to, queue, group) = (sink_file(files, scenario), self.queue(scenario), self.group(scenario));
        let mut lines = vec![
            ("connector.class", "FileStreamSink"),
            ("topics", scenario.topic),
            ("file", to.to_str().unwrap()),
            ("consumer.override.group.id", &group),
            ("errors.tolerance", "all"),
            ("errors.log.enable", "true"),
            ("errors.deadletterqueue.topic.name", &queue),
            ("errors.deadletterqueue.topic.replication.factor", "1"),
            ("errors.deadletterqueue.context.headers.enable", "true"),
        ];
        lines.extend(&scenario.lines);
        files.connector(&format!("{}-sink", scenario.topic), &lines).unwrap()
    }

    fn wait(self, files: &WorkerFiles, scenario: &Scenario, worker: &mut Worker) {
        let kafka = RealKafka::shared().unwrap();
        let letters = kafka.wait_for_records(&self.queue(scenario), scenario.bad, SOON);
        letters.unwrap_or_else(|error| panic!("{:?}: {error:#}\n{}", self.engine, worker.log()));
        let to = sink_file(files, scenario);
        let arrived = wait_for(&scenario.good, SOON, || read(&to).lines().count());
        arrived.unwrap_or_else(|error| panic!("{:?}: {error:#}\n{}\n{}", self.engine, read(&to), worker.log()));
        worker.wait_for_state(&format!("{}-sink", scenario.topic), "RUNNING", SOON).unwrap();
    }

    fn outcome(self, files: &WorkerFiles, scenario: &Scenario, worker: &Worker) -> Outcome {
        let kafka = RealKafka::shared().unwrap();
        let end = kafka.driver().unwrap().end_offsets(scenario.topic).unwrap()[&0];
        let committed = kafka.driver().unwrap().group_offsets(&self.group(scenario)).unwrap();
        assert_eq!(committed[&(scenario.topic.to_owned(), 0)], end, "the bad records are behind us, too");
        let queue = self.queue(scenario);
        assert_eq!(kafka.driver().unwrap().topic_config(&queue).unwrap().0, 1, "partitions of the queue");
        let letters = kafka.consume_all(&queue).unwrap();
        assert_eq!(letters.len(), scenario.bad, "a bad record came twice");
        let letters = letters.iter().map(Letter::of).collect();
        Outcome { file: read(&sink_file(files, scenario)), letters, log: worker.log() }
    }
}

fn sink_file(files: &WorkerFiles, scenario: &Scenario) -> PathBuf {
    files.folder().join(format!("{}.out", scenario.topic))
}

fn produce(scenario: &Scenario) {
    let kafka = RealKafka::shared().unwrap();
    kafka.create_topic(scenario.topic, 1, &[]).unwrap();
    kafka.produce(&scenario.records).unwrap();
}

/// What Java does with all scenarios, in one worker for all tests.
fn javas(topic: &str) -> &'static Outcome {
    static OUTCOMES: OnceLock<BTreeMap<&'static str, Outcome>> = OnceLock::new();
    let outcomes = OUTCOMES.get_or_init(|| {
        let all = [values_that_are_no_json(), wrong_envelopes(), refused_by_a_transform(), unreadable_keys()];
        all.iter().for_each(produce);
        let outcomes = Run { engine: Engine::Java, name: "java" }.outcomes(&all.each_ref());
        all.iter().map(|scenario| scenario.topic).zip(outcomes).collect()
    });
    &outcomes[topic]
}

/// Runs our worker, compares with what Java did, and gives the outcome.
fn same_as_java(scenario: &Scenario) -> Outcome {
    let java = javas(scenario.topic);
    let ours = Run::tested().outcomes(&[scenario]).remove(0);
    assert_eq!(ours.file, java.file);
    for (ours, java) in ours.letters.iter().zip(&java.letters) {
        assert_eq!(ours, java);
    }
    assert_eq!(ours.letters.len(), java.letters.len());
    ours
}

fn values_that_are_no_json() -> Scenario {
    let record = || Record::to("converter");
    let good = |number: usize| record().key("k").value(format!("{{\"number\":{number}}}"));
    Scenario {
        topic: "converter",
        records: vec![
            good(0),
            record().timestamp(1_600_000_000_001).key([0, 255, 7]).value("{\"open\":").header("origin", "x"),
            good(1),
            good(2),
            record()
                .timestamp(5)
                .value([b'"', 0xc3, 0x28, b'"'])
                .header("h", "one")
                .header("h", "two")
                .null_header("h"),
            record().timestamp(6).key("both").value("{} {}"),
            record().timestamp(7).value("not json").header("__connect.errors.topic", "of an earlier queue"),
            good(3),
            record().timestamp(8).value("[1,]").header("bytes", [0, 1, 2]),
            record().timestamp(9).value("\"unterminated"),
            record().timestamp(10).value("{\"a\":01}"),
            record().timestamp(11).value("{\"a\":1"),
            good(4),
        ],
        good: 7,
        bad: 6,
        lines: vec![("value.converter", JSON), ("value.converter.schemas.enable", "false")],
    }
}

#[test]
fn values_that_are_no_json_are_in_the_queue_with_their_bytes_and_all_headers() {
    let ours = same_as_java(&values_that_are_no_json());
    // What follows the first JSON value is ignored, and numbers may begin with zeros.
    assert_eq!(ours.file, "{number=0}\n{number=1}\n{number=2}\n{}\n{number=3}\n{a=1}\n{number=4}\n");
    assert!(ours.log.contains("VALUE_CONVERTER") && ours.log.contains("converter-sink-0"), "{}", ours.log);
}

fn wrong_envelopes() -> Scenario {
    let record = |value: &str| Record::to("envelope").timestamp(1).value(value);
    Scenario {
        topic: "envelope",
        records: vec![
            record(r#"{"schema":{"type":"string"},"payload":"first"}"#),
            record(r#"{"payload":"no schema"}"#),
            record(r#"{"schema":{"type":"string"},"payload":1,"more":2}"#),
            record(r#"{"schema":{"type":"string"},"payload":1}"#),
            record(r#"{"schema":{"type":"int32"},"payload":null}"#),
            record(r#"{"schema":{"type":"nothing"},"payload":1}"#),
            record(r#"{"schema":{},"payload":1}"#),
            record(r#"{"schema":{"type":"struct","fields":[{"field":"a","type":"int32"}]},"payload":{}}"#),
            record(r#"{"schema":{"type":"array"},"payload":[]}"#),
            record("plain"),
            record(""),
            record(r#"{"schema":{"type":"string"},"payload":"last"}"#),
        ],
        good: 3,
        bad: 9,
        lines: vec![("value.converter", JSON), ("value.converter.schemas.enable", "true")],
    }
}

#[test]
fn envelopes_that_are_wrong_are_in_the_queue() {
    // A number where a string should be is read as null.
    assert_eq!(same_as_java(&wrong_envelopes()).file, "first\nnull\nlast\n");
}

fn refused_by_a_transform() -> Scenario {
    let record = |value: &str| Record::to("transform").key("key").value(value);
    Scenario {
        topic: "transform",
        records: vec![
            record(r#"{"id":1,"secret":"s"}"#),
            record(r#""text""#).timestamp(1).header("kept", "1"),
            record("[1]").timestamp(2),
            record(r#"{"id":2}"#),
            record("7").timestamp(3),
            record(r#"{"id":3,"other":null}"#),
            record("broken").timestamp(4),
        ],
        good: 3,
        bad: 4,
        lines: vec![
            ("value.converter", JSON),
            ("value.converter.schemas.enable", "false"),
            ("transforms", "drop,key"),
            ("transforms.drop.type", "org.apache.kafka.connect.transforms.ReplaceField$Value"),
            ("transforms.drop.exclude", "secret"),
            ("transforms.key.type", "org.apache.kafka.connect.transforms.ValueToKey"),
            ("transforms.key.fields", "id"),
        ],
    }
}

#[test]
fn records_that_a_transform_refuses_are_in_the_queue_as_they_were_before_it() {
    let ours = same_as_java(&refused_by_a_transform());
    assert_eq!(ours.file, "{id=1}\n{id=2}\n{other=null, id=3}\n");
    assert!(ours.log.contains("TRANSFORMATION") && ours.log.contains("VALUE_CONVERTER"), "{}", ours.log);
}

fn unreadable_keys() -> Scenario {
    let record = || Record::to("keys").value(r#""v""#);
    let record_at = |time| record().timestamp(time);
    Scenario {
        topic: "keys",
        records: vec![record().key("1"), record_at(1).key("{"), record(), record_at(2).key("x").header("a", "b")],
        good: 2,
        bad: 2,
        lines: vec![
            ("key.converter", JSON),
            ("key.converter.schemas.enable", "false"),
            ("value.converter", JSON),
            ("value.converter.schemas.enable", "false"),
        ],
    }
}

#[test]
fn keys_that_cannot_be_read_are_in_the_queue_too() {
    assert_eq!(same_as_java(&unreadable_keys()).file, "v\nv\n");
}

#[test]
fn many_good_records_around_bad_ones_arrive_once_and_in_order() {
    let bad = |number: &usize| number.is_multiple_of(97);
    let bad_value = |number: usize| format!("{{bad {number}");
    let value = |number| if bad(&number) { bad_value(number) } else { format!("\"{number}\"") };
    let scenario = Scenario {
        topic: "many",
        records: (0..5_000).map(|number| Record::to("many").value(value(number))).collect(),
        good: 5_000 - 52,
        bad: 52,
        lines: vec![("value.converter", JSON), ("value.converter.schemas.enable", "false")],
    };
    produce(&scenario);
    let ours = Run::tested().outcomes(&[&scenario]).remove(0);
    let expected: String = (0..5_000).filter(|number| !bad(number)).map(|number| format!("{number}\n")).collect();
    assert_eq!(ours.file, expected);
    let values: Vec<_> = ours.letters.iter().map(|letter| letter.value.clone().unwrap()).collect();
    assert_eq!(values, (0..5_000).filter(bad).map(|number| bad_value(number).into_bytes()).collect::<Vec<_>>());
}
