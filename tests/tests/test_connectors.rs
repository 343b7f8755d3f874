//! Apache's connectors for tests, by Java's classes in the real Kafka Connect and by ours: records, printed lines, states and failures
//! are the same.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "black-box tests read and write real files")]

use std::collections::BTreeMap;
use std::time::Duration;

use e2e::{Engine, RealKafka, Record, Stored, Worker, WorkerFiles, eventually, wait_until};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(60);
const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";

/// Plays a scenario on a worker of each engine, Java's first; connectors are converted by JsonConverter with schemas.
fn both<T>(play: impl Fn(Engine, &RealKafka, &mut Worker) -> T) -> [T; 2] {
    let kafka = RealKafka::shared().unwrap();
    [Engine::Java, Engine::Moldau].map(|engine| {
        let files = WorkerFiles::new(kafka).unwrap();
        let file = files.standalone(&[("key.converter", JSON), ("value.converter", JSON)]).unwrap();
        let mut worker = engine.standalone(&file, &[]).unwrap();
        let result = play(engine, kafka, &mut worker);
        assert_eq!(worker.terminate().unwrap(), engine.clean_exit());
        result
    })
}

/// Creates a connector; the status of the answer, and its message when it is no success.
fn create(worker: &Worker, name: &str, class: &str, lines: &[(&str, &str)]) -> (u16, Value) {
    let mut config = json!({"connector.class": class});
    for (key, value) in lines {
        config[*key] = json!(value);
    }
    let reply = worker.rest().post("/connectors", &json!({"name": name, "config": config})).unwrap();
    let body = reply.json().unwrap();
    (reply.status, if reply.status < 300 { Value::Null } else { body["message"].clone() })
}

/// A text without what differs between engines and runs: topics end with the engine's name, numbers follow some keys.
fn masked(text: &str, engine: Engine) -> String {
    let mut text = text.replace(&format!("-{}", engine.name()), "-ENGINE");
    for key in ["\"time_ms\":", "\"offset\":", "\"sinkTask\":"] {
        let mut out = String::new();
        let mut parts = text.split(key);
        out.push_str(parts.next().unwrap());
        for part in parts {
            out.push_str(key);
            out.push('*');
            out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
        }
        text = out;
    }
    text
}

/// The lines of JSON a worker printed for records below `limit`, in the order of their tasks, numbers and stages.
fn printed(worker: &Worker, limit: i64, engine: Engine) -> Vec<String> {
    let stage = |line: &Value| {
        let has = |key: &str| line.get(key).is_some();
        (has("sinkTask"), has("committed") || has("flushed"))
    };
    let mut lines = Vec::new();
    for line in worker.log().lines().filter(|line| line.starts_with('{')) {
        let Ok(parsed) = serde_json::from_str::<Value>(line) else { panic!("not JSON: {line}") };
        let (task, seqno) = (parsed["task"].as_i64().unwrap(), parsed["seqno"].as_i64().unwrap());
        if seqno < limit {
            lines.push((task, seqno, stage(&parsed), masked(line, engine)));
        }
    }
    lines.sort();
    lines.into_iter().map(|(.., line)| line).collect()
}

/// Keys and values of the records below `limit` by partition, in the order of their offsets: what tasks do side by side comes in any
/// order, so the text is sorted by key, stably.
fn converted(records: &[Stored], limit: usize, engine: Engine) -> Vec<(String, Vec<String>)> {
    let mut by_key: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in records {
        assert!(record.headers.is_empty(), "{record:?}");
        let key = String::from_utf8(record.key.clone().unwrap()).unwrap();
        by_key.entry(format!("{} {key}", record.partition)).or_default().push(masked(&record.text(), engine));
    }
    by_key.into_iter().map(|(key, values)| (key, values.into_iter().take(limit).collect())).collect()
}

#[test]
fn verifiable_source_and_sink_make_javas_records_and_print_javas_lines() {
    let (tasks, each) = (3, 5);
    let [java, moldau] = both(|engine, kafka, worker| {
        let topic = format!("verifiable-{}", engine.name());
        kafka.create_topic(&topic, 3, &[]).unwrap();
        let shared = [("tasks.max", "3"), ("throughput", "20"), ("topic", topic.as_str())];
        assert_eq!(create(worker, "load", "VerifiableSource", &shared).0, 201);
        let sink =
            [("tasks.max", "2"), ("topics", topic.as_str()), ("consumer.override.auto.offset.reset", "earliest")];
        let made = create(worker, "check", "org.apache.kafka.connect.tools.VerifiableSinkConnector", &sink);
        assert_eq!(made, (201, Value::Null));
        // Each record is printed when it is made, acknowledged, received and committed.
        let lines = eventually("all lines", SOON, || {
            let lines = printed(worker, each, engine);
            Ok((lines.len() >= tasks * each as usize * 4).then_some(lines))
        });
        let records = converted(&kafka.consume_all(&topic).unwrap(), each as usize, engine);
        let configs = worker.rest().get("/connectors/load/tasks").unwrap().json().unwrap();
        let configs: Value = serde_json::from_str(&masked(&configs.to_string(), engine)).unwrap();
        (lines.unwrap(), records, configs)
    });
    assert_eq!(java.0.len(), tasks * each as usize * 4, "{:#?}", java.0);
    assert_eq!(moldau.0, java.0);
    assert_eq!(java.1.len(), tasks);
    assert_eq!(moldau, java);
}

#[test]
fn schema_source_makes_javas_records_byte_for_byte() {
    let each = 20;
    let [java, moldau] = both(|engine, kafka, worker| {
        let topics = ["one", "two"].map(|versions| format!("schema-{versions}-{}", engine.name()));
        for (topic, multiple) in topics.iter().zip(["false", "true"]) {
            kafka.create_topic(topic, 3, &[]).unwrap();
            let count = each.to_string();
            let lines = [
                ("tasks.max", "3"),
                ("topic", topic.as_str()),
                ("num.messages", &count),
                ("throughput", "-1"),
                ("multiple.schema", multiple),
                ("partition.count", "7"),
            ];
            assert_eq!(create(worker, topic, "SchemaSource", &lines), (201, Value::Null));
        }
        let records = topics.each_ref().map(|topic| {
            let stored = kafka.wait_for_records(topic, 3 * each, SOON).unwrap();
            assert_eq!(stored.len(), 3 * each);
            let one = |record: &Stored| (record.partition, record.offset, record.key.clone(), record.text());
            let mut records: Vec<_> = stored.iter().map(one).collect();
            records.sort();
            records
        });
        let mut lines: Vec<String> =
            worker.log().lines().filter(|line| line.starts_with("{\"task\": ")).map(str::to_owned).collect();
        lines.sort();
        // With all made, tasks wait and go on running.
        worker.wait_for_state(&topics[1], "RUNNING", SOON).unwrap();
        (records, lines)
    });
    assert_eq!(java.1.len(), 2 * 3 * each);
    assert_eq!(moldau, java);
}

/// A connector's name, class and own lines.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

/// States and traces without frames of a connector that has failed, in whole or in part.
fn failed(worker: &Worker, name: &str) -> Value {
    let without_frames = |trace: &Value| -> Vec<String> {
        let lines = trace.as_str().unwrap_or_default().lines();
        lines.filter(|line| !line.starts_with('\t')).map(str::to_owned).collect()
    };
    let path = format!("/connectors/{name}/status");
    let found = eventually(&format!("a failure of {name}"), SOON, || {
        let status = worker.rest().get(&path)?.json()?;
        let tasks = status["tasks"].as_array().cloned().unwrap_or_default();
        let of = |part: &Value| json!([part["state"], without_frames(&part["trace"])]);
        let parts: Vec<Value> = std::iter::once(&status["connector"]).chain(&tasks).map(of).collect();
        Ok(parts.iter().any(|part| part[0] == "FAILED").then(|| json!(parts)))
    });
    found.unwrap()
}

#[test]
fn mocks_and_wrong_configurations_fail_as_javas_do() {
    let [java, moldau] = both(|engine, kafka, worker| {
        let topic = format!("mock-{}", engine.name());
        kafka.create_topic(&topic, 1, &[]).unwrap();
        let load = [("topic", topic.as_str()), ("throughput", "1"), ("num.messages", "5"), ("topics", &topic)];
        let cases: &[Case<'_>] = &[
            ("whole-source", "MockSource", &[("mock_mode", "connector-failure"), ("delay_ms", "500")]),
            ("whole-sink", "MockSink", &[("mock_mode", "connector-failure"), ("delay_ms", "500")]),
            ("part-source", "MockSource", &[("mock_mode", "task-failure"), ("delay_ms", "500"), ("tasks.max", "4")]),
            ("part-sink", "MockSink", &[("mock_mode", "task-failure"), ("delay_ms", "500"), ("tasks.max", "4")]),
            ("no-delay", "MockSource", &[("mock_mode", "task-failure"), ("delay_ms", "soon")]),
            ("no-delay-at-all", "MockSink", &[("mock_mode", "task-failure"), ("delay_ms", "")]),
            ("no-rate", "VerifiableSource", &[("throughput", "fast")]),
            ("no-count", "SchemaSource", &[("num.messages", "9223372036854775808")]),
            ("no-slices", "SchemaSource", &[("partition.count", "0")]),
        ];
        let mut results = Vec::new();
        for &(name, class, own) in cases {
            let shared = load.iter().filter(|(key, _)| class.ends_with("Sink") || *key != "topics");
            let lines: Vec<_> = shared.chain(own).copied().collect();
            results.push((name, create(worker, name, class, &lines)));
        }
        let states: Vec<_> = cases.iter().map(|(name, ..)| (*name, failed(worker, name))).collect();
        // A connector that cannot start, sources without a topic, and mocks that are not asked to fail.
        let broken = create(worker, "no-start", "MockSource", &[("mock_mode", "connector-failure"), ("delay_ms", "x")]);
        let broken = (broken, failed(worker, "no-start"));
        let lost: Vec<_> = [
            ("lost", "VerifiableSource", "false"),
            ("lost-all", "VerifiableSource", "true"),
            ("lost-struct", "SchemaSource", "false"),
        ]
        .map(|(name, class, complete)| {
            let lines = [("throughput", "1"), ("num.messages", "5"), ("complete.record.data", complete)];
            (create(worker, name, class, &lines), failed(worker, name))
        })
        .into();
        let calm = ["calm-source", "calm-sink"].map(|name| {
            let class = if name == "calm-sink" { "MockSink" } else { "MockSource" };
            let all = [("mock_mode", "tantrum"), ("delay_ms", "x"), ("topics", topic.as_str())];
            let made = create(worker, name, class, if class == "MockSink" { &all } else { &all[..2] });
            worker.wait_for_state(name, "RUNNING", SOON).unwrap();
            made
        });
        (results, states, broken, lost, calm)
    });
    assert_eq!(moldau, java);
}

#[test]
fn complete_records_are_javas_and_a_restart_goes_on_with_the_next_number() {
    let kafka = RealKafka::shared().unwrap();
    let [java, moldau] = [Engine::Java, Engine::Moldau].map(|engine| {
        let files = WorkerFiles::new(kafka).unwrap();
        let file = files.standalone(&[("key.converter", JSON), ("value.converter", JSON)]).unwrap();
        let topic = format!("complete-{}", engine.name());
        let lines = [
            ("connector.class", "VerifiableSource"),
            ("tasks.max", "2"),
            ("topic", topic.as_str()),
            ("throughput", "50"),
            ("complete.record.data", "true"),
        ];
        let connector = [files.connector("load", &lines).unwrap()];
        // The other engine goes on where this one stopped.
        let other = if engine == Engine::Java { Engine::Moldau } else { Engine::Java };
        for (engine, count) in [(engine, 10), (other, 100)] {
            let mut worker = engine.standalone(&file, &connector).unwrap();
            kafka.wait_for_records(&topic, count, SOON).unwrap();
            assert_eq!(worker.terminate().unwrap(), engine.clean_exit());
        }
        converted(&kafka.consume_all(&topic).unwrap(), 5, engine)
    });
    assert_eq!(java.len(), 2);
    assert_eq!(moldau, java);
    for engine in [Engine::Java, Engine::Moldau] {
        let records = kafka.consume_all(&format!("complete-{}", engine.name())).unwrap();
        for task in 0..2 {
            let of_task = |value: &Value| value["payload"]["task"] == task;
            let values = records.iter().map(|record| serde_json::from_str::<Value>(&record.text()).unwrap());
            let numbers: Vec<_> =
                values.filter(of_task).map(|value| value["payload"]["seqno"].as_i64().unwrap()).collect();
            assert_eq!(numbers, (0..numbers.len() as i64).collect::<Vec<_>>(), "task {task}, begun by {engine:?}");
        }
    }
}

/// What a connector's task does with a configuration: it fails, or it runs and has made all its records.
enum Ends {
    Failed,
    Running,
}

/// A connector's name, class, end and own lines.
type OptionCase<'a> = (&'static str, &'static str, Ends, &'a [(&'a str, &'a str)]);

#[test]
fn each_option_has_javas_meaning_and_each_wrong_value_javas_failure() {
    use Ends::{Failed, Running};
    let quick = ("throughput", "-1");
    let [java, moldau] = both(|engine, kafka, worker| {
        let load = "VerifiableSource";
        let schema = "SchemaSource";
        let mock = ("mock_mode", "task-failure");
        let cases: &[OptionCase<'_>] = &[
            ("no-throughput", load, Failed, &[]),
            ("empty-throughput", load, Failed, &[("throughput", "")]),
            ("fraction", load, Failed, &[("throughput", "5.0")]),
            ("too-fast", load, Failed, &[("throughput", "9223372036854775808")]),
            ("none", load, Running, &[("throughput", "0"), ("complete.record.data", "yes")]),
            ("wide", load, Running, &[("throughput", "\u{ff10}"), ("complete.record.data", "TRUE"), ("id", "7")]),
            ("uncounted", schema, Failed, &[quick]),
            ("half-counted", schema, Failed, &[quick, ("num.messages", "4 ")]),
            ("unpaced", schema, Failed, &[("num.messages", "4")]),
            ("no-slice", schema, Failed, &[quick, ("num.messages", "4"), ("partition.count", "")]),
            ("many-slices", schema, Failed, &[quick, ("num.messages", "4"), ("partition.count", "2147483648")]),
            ("backwards", schema, Running, &[quick, ("num.messages", "4"), ("partition.count", "-3")]),
            ("kinds", schema, Running, &[quick, ("num.messages", "+5"), ("multiple.schema", "TRUE"), ("id", "x")]),
            ("one-kind", schema, Running, &[quick, ("num.messages", "4"), ("multiple.schema", "yes")]),
            ("nothing", schema, Running, &[quick, ("num.messages", "0")]),
            ("less", schema, Running, &[quick, ("num.messages", "-1"), ("partition.count", "0")]),
            ("slow", schema, Running, &[("throughput", "0"), ("num.messages", "4")]),
            ("early-source", "MockSource", Failed, &[mock, ("delay_ms", "-5")]),
            ("early-sink", "MockSink", Failed, &[mock, ("delay_ms", "-5")]),
            ("early-whole", "MockSource", Failed, &[("mock_mode", "connector-failure"), ("delay_ms", "-5")]),
            ("usual-source", "MockSource", Failed, &[mock]),
            ("usual-sink", "MockSink", Failed, &[mock]),
            ("usual-whole", "MockSink", Failed, &[("mock_mode", "connector-failure")]),
            ("never-source", "MockSource", Running, &[mock, ("delay_ms", "9223372036854775807")]),
            ("never-sink", "MockSink", Running, &[mock, ("delay_ms", "9223372036854775807")]),
            (
                "never-whole",
                "MockSink",
                Running,
                &[("mock_mode", "connector-failure"), ("delay_ms", "9223372036854775")],
            ),
            ("loud", "MockSink", Running, &[("mock_mode", "Task-Failure"), ("delay_ms", "-5")]),
        ];
        let topic = |name: &str| format!("option-{name}-{}", engine.name());
        for &(name, class, _, own) in cases {
            let topic = topic(name);
            kafka.create_topic(&topic, 1, &[]).unwrap();
            let place = [(if class == "MockSink" { "topics" } else { "topic" }, topic.as_str())];
            let lines: Vec<_> = place.iter().chain(own).copied().collect();
            assert_eq!(create(worker, name, class, &lines), (201, Value::Null), "{name}");
        }
        let mut found = Vec::new();
        for &(name, class, ref ends, _) in cases {
            let made = match ends {
                Failed => vec![failed(worker, name).to_string()],
                Running if class.starts_with("Mock") => Vec::new(),
                Running => {
                    let count = [("none", 1), ("wide", 1), ("kinds", 5), ("nothing", 0), ("less", 0), ("slow", 1)];
                    let count = count.iter().find(|(known, _)| *known == name).map_or(4, |(_, count)| *count);
                    let stored = kafka.wait_for_records(&topic(name), count, SOON).unwrap();
                    stored.iter().map(|record| masked(&record.text(), engine)).collect()
                }
            };
            found.push((name, made));
        }
        // Those that are to run run still, now that the usual delay of 15 seconds is over, and have made nothing more.
        for &(name, _, ref ends, _) in cases {
            if matches!(ends, Running) {
                worker.wait_for_state(name, "RUNNING", SOON).unwrap();
                let count = kafka.consume_all(&topic(name)).unwrap().len();
                found.push((name, vec![count.to_string()]));
            }
        }
        found
    });
    assert_eq!(moldau, java);
}

#[test]
fn a_sink_prints_keys_and_values_of_any_kind_as_javas_does() {
    let typed = |schema: &str, payload: &str| format!("{{\"schema\":{schema},\"payload\":{payload}}}");
    let of = |kind: &str| format!("{{\"type\":\"{kind}\"}}");
    let logical = |kind: &str, name: &str| {
        format!(
            "{{\"type\":\"{kind}\",\"name\":\"org.apache.kafka.connect.data.{name}\",\"version\":1,\"parameters\":{{\"scale\":\"2\"}}}}"
        )
    };
    let array = |items: &str| format!("{{\"type\":\"array\",\"items\":{items}}}");
    let map = |keys: &str, values: &str| format!("{{\"type\":\"map\",\"keys\":{keys},\"values\":{values}}}");
    let structure = r#"{"type":"struct","fields":[{"field":"a","type":"int32"}]}"#;
    let free = |payload: &str| typed("null", payload);
    let values = [
        typed(&of("boolean"), "true"),
        typed(&of("int8"), "-128"),
        typed(&of("int64"), "9223372036854775807"),
        typed(&of("float"), "1e-7"),
        typed(&of("double"), "1e21"),
        typed(&of("string"), r#""a\"\\\u0007\u2028\u00e9\ud83d\ude00/""#),
        typed(&of("bytes"), "\"AP8=\""),
        typed(&logical("bytes", "Decimal"), "\"ew==\""),
        typed(&logical("int32", "Date"), "19000"),
        typed(&logical("int32", "Time"), "86399999"),
        typed(&logical("int64", "Timestamp"), "-1"),
        typed(&array(&of("int32")), "[3,1,2]"),
        typed(&array(structure), r#"[{"a":1}]"#),
        typed(&map(&of("string"), &of("int64")), r#"{"zeta":1,"alpha":2,"Aa":3,"BB":4}"#),
        typed(&map(&of("int32"), &of("string")), r#"[[100,"x"],[-1,"y"],[33,"z"]]"#),
        typed(&map(&of("string"), structure), r#"{"k":{"a":1}}"#),
        typed(structure, r#"{"a":1}"#),
        free(r#"{"b":[1,2.5,null,{"c":"d"}],"a":true}"#),
        free("[]"),
        free("12.50"),
        free("null"),
    ];
    let [java, moldau] = both(|engine, kafka, worker| {
        let topic = format!("printed-{}", engine.name());
        kafka.create_topic(&topic, 1, &[]).unwrap();
        let by_value = values.iter().map(|value| Record::to(&topic).value(value.as_str()));
        let by_key = values.iter().map(|key| Record::to(&topic).key(key.as_str()).value(values[0].as_str()));
        let records: Vec<_> = by_value.chain(by_key).chain([Record::to(&topic)]).collect();
        kafka.produce(&records).unwrap();
        let lines = [("topics", topic.as_str()), ("consumer.override.auto.offset.reset", "earliest")];
        assert_eq!(create(worker, "printing", "VerifiableSink", &lines), (201, Value::Null));
        let printed = |log: &str| -> Vec<String> {
            let lines = log.lines().filter(|line| line.starts_with('{') || line.starts_with("Bad data"));
            lines.map(|line| masked(line, engine)).collect()
        };
        let all = 2 * records.len();
        wait_until("all lines", SOON, || printed(&worker.log()).len() >= all).unwrap();
        printed(&worker.log())
    });
    assert!(java.iter().any(|line| line.starts_with("Bad data")), "{java:#?}");
    assert_eq!(moldau, java);
}
