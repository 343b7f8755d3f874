//! Where connectors go on when somebody has set their offsets: to another line, to a wrong type, beyond the end of the file or the
//! log, into a topic that was made anew. Played on the real Kafka Connect and on ours; each ends in a state, none turns in circles.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "black-box tests read and write real files")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use e2e::{Engine, JavaTools, RealKafka, Record, Worker, WorkerFiles, eventually};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(60);

/// One engine's worker, with names of its own for topics and connectors.
struct Scene {
    engine: Engine,
    kafka: &'static RealKafka,
    files: WorkerFiles,
    worker: Worker,
}

/// Plays a scenario on both engines, Java's first.
fn both<T>(play: impl Fn(&mut Scene) -> T) -> [T; 2] {
    [Engine::Java, Engine::Moldau].map(|engine| on(engine, &play))
}

fn on<T>(engine: Engine, play: impl Fn(&mut Scene) -> T) -> T {
    let kafka = RealKafka::shared().unwrap();
    let files = WorkerFiles::new(kafka).unwrap();
    // A rebalance that waits for nobody, and consumers that soon see a topic that was made anew.
    let file = files.standalone(&[("consumer.metadata.max.age.ms", "1000")]).unwrap();
    let worker = engine.standalone(&file, &[]).unwrap();
    let mut scene = Scene { engine, kafka, files, worker };
    let result = play(&mut scene);
    assert_eq!(scene.worker.terminate().unwrap(), engine.clean_exit());
    result
}

impl Scene {
    /// The name of a topic or connector, of this engine alone.
    fn own(&self, name: &str) -> String {
        format!("{name}-{}", self.engine.name())
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.files.folder().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn topic(&self, name: &str, values: &[&str]) -> String {
        let topic = self.own(name);
        self.kafka.create_topic(&topic, 1, &[]).unwrap();
        self.produce(&topic, values);
        topic
    }

    fn produce(&self, topic: &str, values: &[&str]) {
        let record = |value: &&str| Record::to(topic).value(*value);
        self.kafka.produce(&values.iter().map(record).collect::<Vec<_>>()).unwrap();
    }

    fn create(&self, name: &str, config: Value, state: &str) {
        let body = json!({"name": name, "config": config, "initial_state": state});
        let reply = self.worker.rest().post("/connectors", &body).unwrap();
        assert_eq!(reply.status, 201, "{}", reply.body);
    }

    fn say(&self, method: &str, path: &str) {
        let reply = self.worker.rest().request(method, path, None).unwrap();
        assert!(reply.status < 300, "{method} {path}: {}", reply.body);
    }

    /// Stops a connector, changes its offsets, and lets it go on.
    fn go_on_from(&self, name: &str, offsets: &Value) {
        self.say("PUT", &format!("/connectors/{name}/stop"));
        self.change(name, offsets);
        self.say("PUT", &format!("/connectors/{name}/resume"));
    }

    fn change(&self, name: &str, offsets: &Value) {
        let path = format!("/connectors/{name}/offsets");
        let reply = self.worker.rest().patch(&path, &json!({"offsets": offsets})).unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
    }

    fn wait_for_offsets(&self, name: &str, offsets: &Value) {
        let mut last = Value::Null;
        let reached = e2e::wait_until("offsets", SOON, || {
            last = self.worker.rest().get(&format!("/connectors/{name}/offsets")).unwrap().json().unwrap();
            last["offsets"] == *offsets
        });
        reached.unwrap_or_else(|error| panic!("{error:#}: {last}\n{}", self.worker.log()));
    }

    /// The first line of the trace with which the only task fails, without the engine's name.
    fn failure(&self, name: &str) -> String {
        let trace = eventually("a failed task", SOON, || {
            let status = self.worker.rest().get(&format!("/connectors/{name}/status"))?.json()?;
            let task = &status["tasks"][0];
            Ok((task["state"] == "FAILED").then(|| task["trace"].as_str().unwrap_or_default().to_owned()))
        });
        let trace = trace.unwrap_or_else(|error| panic!("{error:#}\n{}", self.worker.log()));
        trace.lines().next().unwrap_or_default().replace(&self.own(""), "-ENGINE")
    }

    /// The values of a topic, once there are as many.
    fn values(&self, topic: &str, count: usize) -> Vec<String> {
        let records = self.kafka.wait_for_records(topic, count, SOON);
        let records = records.unwrap_or_else(|error| panic!("{error:#}\n{}", self.worker.log()));
        records.iter().map(|record| record.text()).collect()
    }

    /// The lines of a file, once there are as many.
    fn lines(&self, path: &Path, count: usize) -> Vec<String> {
        let read = || std::fs::read_to_string(path).unwrap_or_default();
        let reached = e2e::wait_until("lines", SOON, || read().lines().count() >= count);
        reached.unwrap_or_else(|error| panic!("{error:#}: {}\n{}", read(), self.worker.log()));
        read().lines().map(str::to_owned).collect()
    }

    /// A worker that has nothing to do uses next to nothing of a processor.
    fn is_quiet(&self) {
        let (before, begun) = (self.worker.usage().unwrap().cpu, Instant::now());
        std::thread::sleep(Duration::from_secs(2));
        let share = (self.worker.usage().unwrap().cpu - before).as_secs_f64() / begun.elapsed().as_secs_f64();
        assert!(share < 0.3, "{share} of a processor\n{}", self.worker.log());
    }
}

fn source(file: &Path, topic: &str) -> Value {
    json!({"connector.class": "FileStreamSource", "topic": topic, "file": file})
}

fn at(file: &Path, position: Value) -> Value {
    json!([{"partition": {"filename": file}, "offset": {"position": position}}])
}

fn committed(topic: &str, offset: i64) -> Value {
    json!([{"partition": {"kafka_topic": topic, "kafka_partition": 0}, "offset": {"kafka_offset": offset}}])
}

#[test]
fn a_source_goes_on_with_the_line_it_is_sent_to() {
    let [java, ours] = both(|scene| {
        let file = scene.file("in.txt", "one\ntwo\nthree\n");
        let (name, topic) = (scene.own("to-line"), scene.topic("to-line", &[]));
        scene.create(&name, source(&file, &topic), "RUNNING");
        scene.wait_for_offsets(&name, &at(&file, json!(14)));
        scene.go_on_from(&name, &at(&file, json!(4)));
        scene.wait_for_offsets(&name, &at(&file, json!(14)));
        assert_eq!(scene.values(&topic, 5).len(), 5);
        // From the beginning, and then once more with a line that is new.
        scene.say("PUT", &format!("/connectors/{name}/stop"));
        scene.say("DELETE", &format!("/connectors/{name}/offsets"));
        scene.wait_for_offsets(&name, &json!([]));
        scene.say("PUT", &format!("/connectors/{name}/resume"));
        scene.wait_for_offsets(&name, &at(&file, json!(14)));
        assert_eq!(scene.values(&topic, 8).len(), 8);
        scene.say("PUT", &format!("/connectors/{name}/stop"));
        scene.change(&name, &json!([{"partition": {"filename": file}, "offset": null}]));
        scene.change(&name, &at(&file, json!(8)));
        scene.file("in.txt", "one\ntwo\nthree\nfour\n");
        scene.say("PUT", &format!("/connectors/{name}/resume"));
        scene.wait_for_offsets(&name, &at(&file, json!(19)));
        scene.values(&topic, 10)
    });
    let expected = ["one", "two", "three", "two", "three", "one", "two", "three", "three", "four"];
    assert_eq!((java, ours), (expected.map(str::to_owned).to_vec(), expected.map(str::to_owned).to_vec()));
}

/// Stores offsets that the connector itself would refuse, by one of the same name that takes all.
fn poison(scene: &Scene, name: &str, offsets: &Value) {
    let other = json!({"connector.class": "VerifiableSourceConnector", "topic": "none", "throughput": "1"});
    scene.create(name, other, "STOPPED");
    scene.change(name, offsets);
    scene.wait_for_offsets(name, offsets);
    scene.say("DELETE", &format!("/connectors/{name}"));
}

#[test]
fn stored_positions_of_a_wrong_type_fail_the_task() {
    let [java, ours] = both(|scene| {
        let file = scene.file("in.txt", "one\ntwo\n");
        let topic = scene.topic("wrong-type", &[]);
        let mut failures = Vec::new();
        for (number, position) in [json!("4"), json!(4.5), json!(true), json!("")].into_iter().enumerate() {
            let name = format!("wrong-{number}");
            poison(scene, &name, &at(&file, position));
            scene.create(&name, source(&file, &topic), "RUNNING");
            failures.push(scene.failure(&name));
            scene.say("DELETE", &format!("/connectors/{name}"));
        }
        scene.is_quiet();
        failures
    });
    assert_eq!(java, ours);
    let text = "org.apache.kafka.connect.errors.ConnectException: Offset position is the incorrect type";
    assert!(ours.iter().all(|failure| failure == text), "{ours:?}");
}

#[test]
fn stored_numbers_of_a_wrong_type_fail_a_verifiable_source() {
    let [java, ours] = both(|scene| {
        let topic = scene.topic("wrong-number", &[]);
        let config = json!({"connector.class": "VerifiableSourceConnector", "topic": topic, "throughput": "1"});
        let mut failures = Vec::new();
        for (number, seqno) in [json!("4"), json!(4.5), json!(true)].into_iter().enumerate() {
            let name = format!("number-{number}");
            scene.create(&name, config.clone(), "STOPPED");
            scene.change(&name, &json!([{"partition": {"id": 0}, "offset": {"seqno": seqno}}]));
            scene.say("PUT", &format!("/connectors/{name}/resume"));
            failures.push(scene.failure(&name));
            scene.say("DELETE", &format!("/connectors/{name}"));
        }
        failures
    });
    assert_eq!(java, ours);
}

#[test]
fn stored_positions_before_the_file_are_its_start() {
    let [java, ours] = both(|scene| {
        let file = scene.file("in.txt", "one\ntwo\n");
        let (name, topic) = ("before", scene.topic("before", &[]));
        poison(scene, name, &at(&file, json!(-100)));
        scene.create(name, source(&file, &topic), "RUNNING");
        let values = scene.values(&topic, 2);
        scene.is_quiet();
        values
    });
    assert_eq!((java.as_slice(), ours.as_slice()), (&["one".to_owned(), "two".to_owned()][..], &java[..]));
}

/// Java's task turns in circles here, for good and deaf to a stop, until the file is as long.
#[test]
fn a_position_beyond_the_file_is_told_and_the_file_read_from_its_start() {
    on(Engine::Moldau, |scene| {
        let file = scene.file("in.txt", "one\ntwo\n");
        let (name, topic) = ("beyond", scene.topic("beyond", &[]));
        scene.create(name, source(&file, &topic), "STOPPED");
        for position in [1000, i64::MAX] {
            scene.change(name, &at(&file, json!(position)));
            scene.say("PUT", &format!("/connectors/{name}/resume"));
            scene.wait_for_offsets(name, &at(&file, json!(8)));
            scene.say("PUT", &format!("/connectors/{name}/stop"));
        }
        scene.say("PUT", &format!("/connectors/{name}/resume"));
        assert_eq!(scene.values(&topic, 4), ["one", "two", "one", "two"]);
        assert!(scene.worker.log().contains("the file is shorter than the stored position"), "{}", scene.worker.log());
        scene.is_quiet();
    });
}

/// A sink of that topic with a file for its lines.
fn sink(scene: &Scene, topic: &str, more: &[(&str, &str)]) -> (PathBuf, Value) {
    let file = scene.files.folder().join(format!("{topic}.txt"));
    let mut config = json!({"connector.class": "FileStreamSink", "topics": topic, "file": file});
    for (key, value) in more {
        config[*key] = json!(value);
    }
    (file, config)
}

#[test]
fn a_sink_goes_on_with_the_record_it_is_sent_to() {
    let [java, ours] = both(|scene| {
        let topic = scene.topic("sent", &["a", "b", "c"]);
        let (name, (file, config)) = (scene.own("sent"), sink(scene, &topic, &[]));
        scene.create(&name, config, "RUNNING");
        scene.wait_for_offsets(&name, &committed(&topic, 3));
        scene.go_on_from(&name, &committed(&topic, 1));
        scene.wait_for_offsets(&name, &committed(&topic, 3));
        scene.say("PUT", &format!("/connectors/{name}/stop"));
        scene.say("DELETE", &format!("/connectors/{name}/offsets"));
        scene.say("PUT", &format!("/connectors/{name}/resume"));
        scene.lines(&file, 8)
    });
    let expected = ["a", "b", "c", "b", "c", "a", "b", "c"].map(str::to_owned);
    assert_eq!((java.as_slice(), ours.as_slice()), (&expected[..], &expected[..]));
}

#[test]
fn offsets_beyond_the_log_follow_the_policy_for_lost_offsets() {
    let [java, ours] = both(|scene| {
        let topic = scene.topic("beyond-log", &["a", "b", "c"]);
        let name = scene.own("beyond-earliest");
        let (file, config) = sink(scene, &topic, &[]);
        scene.create(&name, config, "STOPPED");
        scene.change(&name, &committed(&topic, 1000));
        scene.say("PUT", &format!("/connectors/{name}/resume"));
        scene.wait_for_offsets(&name, &committed(&topic, 3));
        let from_start = scene.lines(&file, 3);
        scene.say("DELETE", &format!("/connectors/{name}"));
        std::fs::remove_file(&file).unwrap();

        let name = scene.own("beyond-latest");
        let (_, config) = sink(scene, &topic, &[("consumer.override.auto.offset.reset", "latest")]);
        scene.create(&name, config, "STOPPED");
        scene.change(&name, &committed(&topic, 1000));
        scene.say("PUT", &format!("/connectors/{name}/resume"));
        // It is at the end once something new arrives.
        let new = || {
            scene.produce(&topic, &["new"]);
            std::fs::read_to_string(&file).is_ok_and(|text| !text.is_empty())
        };
        e2e::wait_until("a new line", SOON, new).unwrap_or_else(|error| panic!("{error:#}\n{}", scene.worker.log()));
        let only_new = std::fs::read_to_string(&file).unwrap().lines().all(|line| line == "new");
        scene.say("DELETE", &format!("/connectors/{name}"));

        let name = scene.own("beyond-none");
        let (_, config) = sink(scene, &topic, &[("consumer.override.auto.offset.reset", "none")]);
        scene.create(&name, config, "STOPPED");
        scene.change(&name, &committed(&topic, 1_000_000));
        scene.say("PUT", &format!("/connectors/{name}/resume"));
        let failure = scene.failure(&name);
        // Java also tells what the consumer knew of the leader.
        let failure = match (failure.split_once("FetchPosition{offset="), failure.split_once("}}")) {
            (Some((before, _)), Some((_, after))) => format!("{before}1000000{after}"),
            _ => failure,
        };
        scene.is_quiet();
        (from_start, only_new, failure)
    });
    assert_eq!((&java.0, java.1), (&["a", "b", "c"].map(str::to_owned).to_vec(), true));
    assert_eq!(java, ours);
}

#[test]
fn offsets_before_the_log_follow_the_policy_for_lost_offsets() {
    let [java, ours] = both(|scene| {
        let topic = scene.topic("before-log", &["a", "b", "c"]);
        let wish = scene.file(
            "delete.json",
            &json!({"version": 1, "partitions":
            [{"topic": topic, "partition": 0, "offset": 2}]})
            .to_string(),
        );
        let mut tools = JavaTools::start(&scene.files.folder().join("tools.log")).unwrap();
        let bootstrap = ["--bootstrap-server", scene.kafka.bootstrap(), "--offset-json-file", wish.to_str().unwrap()];
        assert_eq!(tools.run("DeleteRecordsCommand", &bootstrap, "").unwrap().code, 0);
        let (name, (file, config)) = (scene.own("before-log"), sink(scene, &topic, &[]));
        scene.create(&name, config, "STOPPED");
        scene.change(&name, &committed(&topic, 0));
        scene.say("PUT", &format!("/connectors/{name}/resume"));
        let lines = scene.lines(&file, 1);
        scene.wait_for_offsets(&name, &committed(&topic, 3));
        scene.is_quiet();
        lines
    });
    assert_eq!((java.as_slice(), ours.as_slice()), (&["c".to_owned()][..], &["c".to_owned()][..]));
}

#[test]
fn a_topic_made_anew_is_read_from_its_start() {
    let [java, ours] = both(|scene| {
        let topic = scene.topic("anew", &["a", "b", "c"]);
        let (name, (file, config)) = (scene.own("anew"), sink(scene, &topic, &[]));
        scene.create(&name, config, "RUNNING");
        scene.wait_for_offsets(&name, &committed(&topic, 3));
        // While it is stopped, and with an offset of the old topic.
        scene.say("PUT", &format!("/connectors/{name}/stop"));
        scene.kafka.driver().unwrap().delete_topic(&topic).unwrap();
        scene.kafka.create_topic(&topic, 1, &[]).unwrap();
        scene.produce(&topic, &["d", "e"]);
        scene.change(&name, &committed(&topic, 3));
        scene.say("PUT", &format!("/connectors/{name}/resume"));
        let mut lines = scene.lines(&file, 5);
        scene.wait_for_offsets(&name, &committed(&topic, 2));
        // While it runs.
        scene.kafka.driver().unwrap().delete_topic(&topic).unwrap();
        // A consumer's question may have made it already.
        let _ = scene.kafka.create_topic(&topic, 1, &[]);
        scene.produce(&topic, &["f"]);
        lines = scene.lines(&file, lines.len() + 1);
        scene.is_quiet();
        lines
    });
    assert_eq!(java, ours);
}
