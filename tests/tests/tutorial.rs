//! The standalone tutorial on a real Kafka: what a user of Kafka Connect does on the first day, and what changes hands between the real
//! Kafka Connect and ours.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "black-box tests read and write real files")]

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

/// A source for each of two files, and a sink for what the first one sends.
struct Relay {
    files: WorkerFiles,
    connectors: Vec<PathBuf>,
}

impl Relay {
    fn new(kafka: &RealKafka) -> Self {
        let files = WorkerFiles::new(kafka).unwrap();
        let source = |name: &str| {
            let (topic, file) = (format!("relay-{name}"), files.folder().join(name));
            let lines = [("connector.class", "FileStreamSource"), ("topic", &topic), ("file", file.to_str().unwrap())];
            files.connector(&format!("{name}-source"), &lines).unwrap()
        };
        let sink_file = files.folder().join("sink");
        let sink =
            [("connector.class", "FileStreamSink"), ("topics", "relay-ascii"), ("file", sink_file.to_str().unwrap())];
        let connectors = vec![source("ascii"), source("text"), files.connector("relay-sink", &sink).unwrap()];
        Self { files, connectors }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.files.folder().join(name)
    }

    /// One leg: `engine` carries everything up to these last lines, and stops.
    fn leg(&self, kafka: &RealKafka, engine: Engine, last_ascii: &str, last_text: &str) {
        let mut worker = engine.standalone(&self.files.standalone(&[]).unwrap(), &self.connectors).unwrap();
        let is_there = || {
            let held = kafka.consume_all("relay-text").unwrap_or_default();
            read(&self.file("sink")).ends_with(&format!("{last_ascii}\n"))
                && held.iter().any(|record| record.text() == last_text)
        };
        let arrived = e2e::wait_until(&format!("{last_ascii} and {last_text}"), SOON, is_there);
        arrived.unwrap_or_else(|error| panic!("{engine:?}: {error}\n{}", worker.log()));
        assert_eq!(worker.terminate().unwrap(), engine.clean_exit());
    }
}

#[test]
fn java_and_moldau_take_turns_on_one_offset_file_and_one_group() {
    let kafka = RealKafka::shared().unwrap();
    let relay = Relay::new(kafka);
    let ascii = |number: usize| format!("line {number} {}", "x".repeat(number % 17));
    let text = |number: usize| {
        let cyrillic = "\u{441}\u{442}\u{440}\u{43e}\u{43a}\u{430}";
        format!("{cyrillic} {number} \u{1f600}{}", "\u{e9}".repeat(number % 5))
    };
    let mut held_before_third = 0;
    for (turn, engine) in [Engine::Java, Engine::Moldau, Engine::Java, Engine::Moldau].into_iter().enumerate() {
        let numbers = turn * 30..(turn + 1) * 30;
        append(&relay.file("ascii"), &numbers.clone().map(|number| ascii(number) + "\n").collect::<String>());
        append(&relay.file("text"), &numbers.clone().map(|number| text(number) + "\n").collect::<String>());
        if turn == 2 {
            held_before_third = kafka.consume_all("relay-text").unwrap().len();
        }
        relay.leg(kafka, engine, &ascii(numbers.end - 1), &text(numbers.end - 1));
        if turn == 2 {
            // Our positions are bytes, from which Java goes on exactly.
            let held = texts(&kafka.consume_all("relay-text").unwrap());
            assert_eq!(held[held_before_third..], numbers.map(text).collect::<Vec<_>>());
        }
    }
    // Of ASCII text nobody repeats anything, neither into the topic nor into the sink file.
    let all: Vec<String> = (0..120).map(ascii).collect();
    assert_eq!(texts(&kafka.consume_all("relay-ascii").unwrap()), all);
    assert_eq!(read(&relay.file("sink")).lines().collect::<Vec<_>>(), all);
    // Of other text lines may come again where Java counted characters; none is missing and none is a fragment.
    let mut first_seen = texts(&kafka.consume_all("relay-text").unwrap());
    let mut seen = std::collections::BTreeSet::new();
    first_seen.retain(|line| seen.insert(line.clone()));
    assert_eq!(first_seen, (0..120).map(text).collect::<Vec<_>>());
}

#[test]
fn without_files_lines_go_from_standard_input_to_standard_output() {
    let kafka = RealKafka::shared().unwrap();
    let files = WorkerFiles::new(kafka).unwrap();
    let connectors = [
        files.connector("stdin", &[("connector.class", "FileStreamSource"), ("topic", "streams")]).unwrap(),
        files.connector("stdout", &[("connector.class", "FileStreamSink"), ("topics", "streams")]).unwrap(),
    ];
    let mut command = std::process::Command::new(Moldau::binary().unwrap());
    command.arg("standalone").arg(files.standalone(&[]).unwrap()).args(connectors);
    let (mut process, mut input, output) =
        e2e::Process::piped("moldau", &mut command, &files.folder().join("log")).unwrap();
    input.write_all("one\ntwo \u{fc}\nthree".as_bytes()).unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(output));
    assert_eq!(lines.next().unwrap().unwrap(), "one");
    assert_eq!(lines.next().unwrap().unwrap(), "two \u{fc}");
    input.write_all(b" and a half\n").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "three and a half");
    assert_eq!(process.terminate(SOON).unwrap(), 0);
    // Nothing but lines of the topic is on standard output.
    assert!(lines.next().is_none());
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
