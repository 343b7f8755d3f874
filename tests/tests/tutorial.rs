//! The standalone tutorial on a real Kafka: what a user of Kafka Connect does on the first day, and what changes hands between the real
//! Kafka Connect and ours.
#![allow(clippy::disallowed_methods, reason = "black-box tests read and write real files")]

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e::{Engine, Moldau, RealKafka, Stored, Worker, WorkerFiles, kafka_libs, wait_for};

const SOON: Duration = Duration::from_secs(30);

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// A copy of `config/<name>` with some texts, each of which must be there, replaced.
fn substituted(name: &str, folder: &Path, replacements: &[(&str, &str)]) -> PathBuf {
    let mut text = std::fs::read_to_string(repository().join("config").join(name)).unwrap();
    for (from, to) in replacements {
        assert!(text.contains(from), "{name} has no {from}");
        text = text.replace(from, to);
    }
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// The three files of the tutorial, with ports and paths of our own, and `more` replaced in the worker file.
fn tutorial_files(kafka: &RealKafka, files: &WorkerFiles, more: &[(&str, &str)]) -> (PathBuf, Vec<PathBuf>) {
    let folder = files.folder();
    let path = |name: &str| folder.join(name).display().to_string();
    let (bootstrap, listener) = (kafka.bootstrap(), format!("\nlisteners=http://127.0.0.1:{}", files.port()));
    let plugins = format!("\nplugin.path={}", kafka_libs().unwrap().plugin_path().display());
    let offsets = files.offsets().display().to_string();
    let mut own = vec![
        ("localhost:9092", bootstrap),
        ("/tmp/connect.offsets", &offsets),
        ("\n#listeners=http://localhost:8083", &listener),
        ("\n#plugin.path=/usr/local/share/connectors", &plugins),
    ];
    own.extend(more);
    let worker = substituted("connect-standalone.properties", folder, &own);
    let source =
        substituted("connect-file-source.properties", folder, &[("=test.txt", &format!("={}", path("test.txt")))]);
    let sink =
        substituted("connect-file-sink.properties", folder, &[("=test.sink.txt", &format!("={}", path("sink.txt")))]);
    (worker, vec![source, sink])
}

fn by_script(worker: &Path, connectors: &[PathBuf]) -> Worker {
    Moldau::by_script(&repository().join("bin/connect-standalone.sh"), worker, connectors).unwrap()
}

fn texts(records: &[Stored]) -> Vec<String> {
    records.iter().map(Stored::text).collect()
}

#[test]
fn the_tutorial_moves_lines_from_file_to_topic_to_file_and_goes_on_after_a_restart() {
    let kafka = RealKafka::shared().unwrap();
    let files = WorkerFiles::new(kafka).unwrap();
    let (worker_file, connectors) = tutorial_files(kafka, &files, &[]);
    let (from, to) = (files.folder().join("test.txt"), files.folder().join("sink.txt"));
    append(&from, "foo\nbar\n");

    let mut worker = by_script(&worker_file, &connectors);
    wait_for(&"foo\nbar\n".to_owned(), SOON, || read(&to)).unwrap();
    append(&from, "Another line\nhalf of");
    wait_for(&"foo\nbar\nAnother line\n".to_owned(), SOON, || read(&to)).unwrap();
    append(&from, " a line\n");
    let four = "foo\nbar\nAnother line\nhalf of a line\n".to_owned();
    wait_for(&four, SOON, || read(&to)).unwrap();
    assert_eq!(worker.terminate().unwrap(), 0);

    append(&from, "while away\n");
    let mut worker = by_script(&worker_file, &connectors);
    wait_for(&format!("{four}while away\n"), SOON, || read(&to)).unwrap();
    assert_eq!(worker.terminate().unwrap(), 0);

    let envelope = |line: &str| format!(r#"{{"schema":{{"type":"string","optional":false}},"payload":"{line}"}}"#);
    let stored = kafka.consume_all("connect-test").unwrap();
    assert_eq!(texts(&stored), ["foo", "bar", "Another line", "half of a line", "while away"].map(envelope));
    let offsets: Vec<i64> = stored.iter().map(|record| record.offset).collect();
    assert_eq!(offsets, [0, 1, 2, 3, 4]);
    assert_eq!(read(&to), format!("{four}while away\n"));
}

/// Lines whose JSON is not obvious.
const HARD_LINES: &str = "plain\n\n \t tabs and blanks \t \nquote \" backslash \\ slash / \\n \\u0041\n\
    controls \u{1} \u{8} \u{b} \u{c} \u{1b} \u{1f} \u{7f} \u{80} \u{9f}\n\
    f\u{fc}r \u{441}\u{442}\u{440}\u{43e}\u{43a}\u{430} \u{6f22}\u{5b57} \u{1f600} \u{10ffff} e\u{301}\n\
    \u{2028} \u{2029} \u{feff} \u{fffd} \u{ffff} </script> <&>\n\
    carriage\rreturn\r\nand both\r\n{\"schema\":{\"type\":\"string\"},\"payload\":null}\nnull\n123\n";

/// What one connector wrote, in all that a consumer can compare.
fn comparable(records: &[Stored]) -> Vec<impl PartialEq + std::fmt::Debug> {
    let one = |record: &Stored| (record.offset, record.key.clone(), record.text(), record.headers.clone());
    records.iter().map(one).collect()
}

#[test]
fn records_are_javas_byte_for_byte_with_and_without_schemas() {
    let kafka = RealKafka::shared().unwrap();
    let count = 13;
    let json = "org.apache.kafka.connect.json.JsonConverter";
    let both = |engine: Engine, schemas: &str| {
        let files = WorkerFiles::new(kafka).unwrap();
        let from = files.folder().join("hard.txt");
        append(&from, HARD_LINES);
        let worker = files.standalone(&[
            ("key.converter", json),
            ("value.converter", json),
            ("key.converter.schemas.enable", schemas),
            ("value.converter.schemas.enable", schemas),
        ]);
        let topics = [format!("hard-{schemas}-{}", engine.name()), format!("hard-own-{schemas}-{}", engine.name())];
        let source = |topic: &str, more: &[(&str, &str)]| {
            let mut lines =
                vec![("connector.class", "FileStreamSource"), ("topic", topic), ("file", from.to_str().unwrap())];
            lines.extend(more);
            files.connector(topic, &lines).unwrap()
        };
        let other = if schemas == "true" { "false" } else { "true" };
        let connectors = [
            source(&topics[0], &[]),
            source(&topics[1], &[("value.converter", json), ("value.converter.schemas.enable", other)]),
        ];
        let mut worker = engine.standalone(&worker.unwrap(), &connectors).unwrap();
        let stored = topics.map(|topic| kafka.wait_for_records(&topic, count, SOON).unwrap());
        assert_eq!(worker.terminate().unwrap(), engine.clean_exit());
        stored
    };
    let [java_with, java_without] = both(Engine::Java, "true");
    assert_eq!((java_with.len(), java_without.len()), (count, count), "{java_with:?}");
    let [with, without] = both(Engine::Moldau, "true");
    assert_eq!(comparable(&with), comparable(&java_with));
    assert_eq!(comparable(&without), comparable(&java_without));
    let [without, with] = both(Engine::Moldau, "false");
    assert_eq!(comparable(&with), comparable(&java_with));
    assert_eq!(comparable(&without), comparable(&java_without));
}

#[test]
fn the_tutorial_with_schemas_off_stores_plain_json() {
    let kafka = RealKafka::shared().unwrap();
    let files = WorkerFiles::new(kafka).unwrap();
    let off = [
        ("key.converter.schemas.enable=true", "key.converter.schemas.enable=false"),
        ("value.converter.schemas.enable=true", "value.converter.schemas.enable=false"),
    ];
    let (worker, connectors) = tutorial_files(kafka, &files, &off);
    for (path, from, to) in [
        (&connectors[0], "topic=connect-test", "topic=plain-json"),
        (&connectors[1], "topics=connect-test", "topics=plain-json"),
        (&connectors[1], "name=local-file-sink", "name=plain-json-sink"),
    ] {
        std::fs::write(path, read(path).replace(from, to)).unwrap();
    }
    append(&files.folder().join("test.txt"), "foo\nsaid \"bar\"\n");
    let mut worker = by_script(&worker, &connectors);
    wait_for(&"foo\nsaid \"bar\"\n".to_owned(), SOON, || read(&files.folder().join("sink.txt"))).unwrap();
    assert_eq!(worker.terminate().unwrap(), 0);
    assert_eq!(texts(&kafka.consume_all("plain-json").unwrap()), [r#""foo""#, r#""said \"bar\"""#]);
}

/// One leg of a relay: `engine` reads what was appended for it and stops.
fn leg(kafka: &RealKafka, files: &WorkerFiles, engine: Engine, connectors: &[PathBuf], last: [(&str, &str); 2]) {
    let worker = files.standalone(&[]).unwrap();
    let mut worker = engine.standalone(&worker, connectors).unwrap();
    for (topic, line) in last {
        let arrived = e2e::wait_until(&format!("{line} in {topic}"), SOON, || {
            kafka.consume_all(topic).is_ok_and(|records| texts(&records).iter().any(|text| text == line))
        });
        arrived.unwrap_or_else(|error| panic!("{error}\n{}", worker.log()));
    }
    assert_eq!(worker.terminate().unwrap(), engine.clean_exit());
}

#[test]
fn java_and_moldau_take_turns_on_one_offset_file() {
    let kafka = RealKafka::shared().unwrap();
    let files = WorkerFiles::new(kafka).unwrap();
    let (ascii, text) = (files.folder().join("ascii.txt"), files.folder().join("text.txt"));
    let connectors = [("ascii", &ascii), ("text", &text)].map(|(name, file)| {
        let topic = format!("relay-{name}");
        let lines = [("connector.class", "FileStreamSource"), ("topic", &topic), ("file", file.to_str().unwrap())];
        files.connector(name, &lines).unwrap()
    });
    let ascii_line = |number: usize| format!("line {number} {}", "x".repeat(number % 17));
    let text_line = |number: usize| {
        format!("\u{441}\u{442}\u{440}\u{43e}\u{43a}\u{430} {number} \u{1f600}{}", "\u{e9}".repeat(number % 5))
    };
    let legs = [Engine::Java, Engine::Moldau, Engine::Java, Engine::Moldau];
    let mut held_before_third = 0;
    for (turn, engine) in legs.into_iter().enumerate() {
        let numbers = turn * 30..(turn + 1) * 30;
        append(&ascii, &numbers.clone().map(|number| ascii_line(number) + "\n").collect::<String>());
        append(&text, &numbers.clone().map(|number| text_line(number) + "\n").collect::<String>());
        if turn == 2 {
            held_before_third = kafka.consume_all("relay-text").unwrap().len();
        }
        let last = numbers.end - 1;
        leg(kafka, &files, engine, &connectors, [("relay-ascii", &ascii_line(last)), ("relay-text", &text_line(last))]);
        if turn == 2 {
            // Our positions are bytes, from which Java goes on exactly.
            let held = texts(&kafka.consume_all("relay-text").unwrap());
            assert_eq!(held[held_before_third..], numbers.map(text_line).collect::<Vec<_>>());
        }
    }
    // Of ASCII text nobody repeats anything.
    assert_eq!(texts(&kafka.consume_all("relay-ascii").unwrap()), (0..120).map(ascii_line).collect::<Vec<_>>());
    // Of other text lines may come again where Java counted characters; none is missing and none is a fragment.
    let mut first_seen = texts(&kafka.consume_all("relay-text").unwrap());
    let mut seen = std::collections::BTreeSet::new();
    first_seen.retain(|line| seen.insert(line.clone()));
    assert_eq!(first_seen, (0..120).map(text_line).collect::<Vec<_>>());
}

#[test]
fn java_reads_what_moldau_wrote_and_writes_the_same_sink_file() {
    let kafka = RealKafka::shared().unwrap();
    let json = "org.apache.kafka.connect.json.JsonConverter";
    let values = [
        r#"{"schema":{"type":"string","optional":false},"payload":"text"}"#,
        r#"{"schema":{"type":"int32","optional":true},"payload":null}"#,
        r#"{"schema":{"type":"struct","fields":[{"field":"a","type":"int64"},{"field":"b","type":"double","optional":true}],"name":"n"},"payload":{"a":1,"b":0.1}}"#,
        r#"{"schema":{"type":"array","items":{"type":"string"}},"payload":["x","y z",""]}"#,
        r#"{"schema":{"type":"map","keys":{"type":"string"},"values":{"type":"float"}},"payload":{"one":1.0,"two":2e10,"three":-0.5}}"#,
        r#"{"schema":{"type":"boolean"},"payload":true}"#,
        r#"{"schema":null,"payload":{"free":[1,2.50,null,{"x":{}}]}}"#,
    ];
    kafka.create_topic("shapes", 1, &[]).unwrap();
    let mut records: Vec<e2e::Record> = values.iter().map(|value| e2e::Record::to("shapes").value(*value)).collect();
    records.push(e2e::Record::to("shapes").key("tombstone"));
    kafka.produce(&records).unwrap();
    let sink = |engine: Engine| {
        let files = WorkerFiles::new(kafka).unwrap();
        let to = files.folder().join("out.txt");
        let lines = [
            ("connector.class", "FileStreamSink"),
            ("topics", "shapes"),
            ("file", to.to_str().unwrap()),
            ("value.converter", json),
        ];
        let name = format!("shapes-{}", engine.name());
        let connector = files.connector(&name, &lines).unwrap();
        let mut worker = engine.standalone(&files.standalone(&[]).unwrap(), &[connector]).unwrap();
        let arrived = e2e::wait_until("the last line", SOON, || read(&to).lines().count() == values.len() + 1);
        arrived.unwrap_or_else(|error| panic!("{error}\n{}\n{}", read(&to), worker.log()));
        worker.terminate().unwrap();
        read(&to)
    };
    assert_eq!(sink(Engine::Moldau), sink(Engine::Java));
}
