//! File sinks on a worker of each engine, which read the same topics.

use std::collections::BTreeMap;
use std::path::PathBuf;

use e2e::{Engine, RealKafka, Record, WorkerFiles, eventually};

use super::{JSON, Lines, SOON, STRING, ended, lines, wait_for_task, worker};

/// A file sink, and the offset it is to commit for the only partition of its topic.
pub(crate) struct Sink {
    /// The connector is called so with its engine's name behind, its topic is called so.
    pub(crate) name: &'static str,
    lines: Lines,
    /// None: its task fails.
    end: Option<i64>,
}

/// What a sink did.
pub(crate) struct Outcome {
    /// The lines of its file.
    pub(crate) lines: Vec<String>,
    /// The group's offsets by partition.
    pub(crate) committed: BTreeMap<(String, i32), i64>,
    /// State and trace of its task.
    pub(crate) end: (String, Option<String>),
}

/// Puts all that is known of a record, but its key, into its value.
const TELL: [(&str, &str); 8] = [
    ("transforms", "hoist,insert"),
    ("transforms.hoist.type", "org.apache.kafka.connect.transforms.HoistField$Value"),
    ("transforms.hoist.field", "value"),
    ("transforms.insert.type", "org.apache.kafka.connect.transforms.InsertField$Value"),
    ("transforms.insert.topic.field", "topic"),
    ("transforms.insert.partition.field", "partition"),
    ("transforms.insert.offset.field", "offset"),
    ("transforms.insert.timestamp.field", "timestamp"),
];

fn sink(name: &'static str, end: impl Into<Option<i64>>, own: &[(&'static str, &str)]) -> Sink {
    Sink { name, lines: lines(own), end: end.into() }
}

/// Fills the topics and gives the sinks.
pub(crate) fn all(kafka: &RealKafka) -> Vec<Sink> {
    let telling = |own: &[(&'static str, &'static str)]| {
        [&TELL[..], &[("value.converter", STRING), ("key.converter", STRING)], own].concat()
    };
    let mut all = vec![
        sink("codecs", fill_codecs(kafka), &telling(&[])),
        sink("appended", fill_appended(kafka), &telling(&[])),
        sink("transactions", fill_transactions(kafka), &telling(&[])),
        sink("one-by-one", fill_lines(kafka, "one-by-one"), &telling(&[("consumer.override.max.poll.records", "1")])),
        sink(
            "tiny-fetches",
            fill_lines(kafka, "tiny-fetches"),
            &telling(&[
                ("consumer.override.fetch.max.bytes", "1"),
                ("consumer.override.max.partition.fetch.bytes", "1"),
            ]),
        ),
    ];
    fill_lines(kafka, "no-offset");
    fill_lines(kafka, "into-a-folder");
    all.push(sink("no-offset", None, &telling(&[("consumer.override.auto.offset.reset", "none")])));
    all.push(sink("into-a-folder", None, &telling(&[("file", "FOLDER")])));
    create(kafka, "huge-key", &[]);
    kafka.produce(&[Record::to("huge-key").key("k".repeat(500_000)).value("1").timestamp(1)]).unwrap();
    all.push(sink("huge-key", None, &[]));
    all.push(sink("into-nowhere", None, &telling(&[("file", "FOLDER/no/such/folder")])));
    let schemas = [("value.converter", JSON)];
    all.push(sink(
        "printed",
        fill(kafka, "printed", &printed().iter().map(String::as_str).collect::<Vec<_>>()),
        &schemas,
    ));
    let plain = [
        r#"{"b":1,"a":[1,2.5,null,"x"],"c":{"d":true}}"#,
        "[1,[2,{}]]",
        "1",
        "\"text\"",
        "null",
        "1.0e300",
        "12345678901234567890",
    ];
    all.push(sink("printed-plain", fill(kafka, "printed-plain", &plain), &[]));
    for (name, class) in [
        ("no-texts", STRING),
        ("no-json", JSON),
        ("no-bytes", "org.apache.kafka.connect.converters.ByteArrayConverter"),
        ("no-numbers", "org.apache.kafka.connect.converters.LongConverter"),
    ] {
        create(kafka, name, &[]);
        kafka.produce(&[Record::to(name).timestamp(1), Record::to(name).key("1").timestamp(2)]).unwrap();
        all.push(sink(name, 2, &[("value.converter", class)]));
    }
    let wide = [TELL.as_slice(), &[("value.converter", STRING), ("value.converter.encoding", "UTF-16LE")]].concat();
    all.push(sink("wide", fill(kafka, "wide", &["a\0b\0", "a\0b", ""]), &wide));
    let longs = fill(kafka, "own-keys", &["{\"schema\":{\"type\":\"int64\"},\"payload\":7}"]);
    all.push(sink("own-keys", longs, &[("value.converter.schemas.enable", "true")]));
    all
}

fn create(kafka: &RealKafka, topic: &str, config: &[(&str, &str)]) {
    kafka.create_topic(topic, 1, config).unwrap();
}

fn fill(kafka: &RealKafka, topic: &str, values: &[&str]) -> i64 {
    create(kafka, topic, &[]);
    let records: Vec<_> = values.iter().map(|value| Record::to(topic).value(*value).timestamp(5)).collect();
    kafka.produce(&records).unwrap();
    values.len() as i64
}

fn fill_lines(kafka: &RealKafka, topic: &str) -> i64 {
    let lines: Vec<_> = (0..40).map(|number| format!("line {number}")).collect();
    fill(kafka, topic, &lines.iter().map(String::as_str).collect::<Vec<_>>())
}

fn fill_codecs(kafka: &RealKafka) -> i64 {
    create(kafka, "codecs", &[]);
    let mut end = 0;
    for (number, codec) in ["none", "gzip", "snappy", "lz4", "zstd"].into_iter().enumerate() {
        let value = |at: i64| format!("{codec} {at} {}", "abc".repeat(number * 1000));
        let mut records: Vec<_> =
            (0..20).map(|at| Record::to("codecs").value(value(at)).timestamp(at * 1000)).collect();
        records.push(Record::to("codecs").key("k".repeat(500_000)).header("h", "1").null_header("h").header("", ""));
        records.push(Record::to("codecs").key("").value("").timestamp(0));
        records.push(Record::to("codecs").value(b"\xff\x00\xc3".to_vec()).timestamp(1_700_000_000_123));
        end += records.len() as i64;
        let config = [("compression.type", codec), ("linger.ms", "50"), ("batch.size", "200000")];
        kafka.driver().unwrap().produce_with(&records, &config).unwrap();
    }
    end
}

fn fill_appended(kafka: &RealKafka) -> i64 {
    create(kafka, "appended", &[("message.timestamp.type", "LogAppendTime")]);
    let records: Vec<_> = (0..30).map(|at| Record::to("appended").value(format!("{at}")).timestamp(at)).collect();
    kafka.driver().unwrap().produce_with(&records, &[("compression.type", "lz4"), ("linger.ms", "20")]).unwrap();
    records.len() as i64
}

/// What is aborted is read too, and behind the last record is a mark that is none.
fn fill_transactions(kafka: &RealKafka) -> i64 {
    create(kafka, "transactions", &[]);
    let records = |name: &str| -> Vec<Record> {
        (0..5).map(|at| Record::to("transactions").value(format!("{name} {at}")).timestamp(at)).collect()
    };
    let mut driver = kafka.driver().unwrap();
    driver.transaction("data-path", &records("first"), true).unwrap();
    driver.transaction("data-path", &records("aborted"), false).unwrap();
    driver.transaction("data-path", &records("last"), true).unwrap();
    // Three transactions of five records; the last mark is behind the last record.
    17
}

/// Envelopes of every type.
fn printed() -> Vec<String> {
    let of = |schema: &str, payload: &str| format!(r#"{{"schema":{{{schema}}},"payload":{payload}}}"#);
    let logical = |kind: &str, name: &str, payload: &str| {
        let schema = format!(
            r#""type":"{kind}","version":1,"name":"org.apache.kafka.connect.data.{name}","parameters":{{"scale":"2"}}"#
        );
        of(&schema, payload)
    };
    let fields = r#""type":"struct","fields":[{"field":"a","type":"int32"},{"field":"b","type":"string","optional":true},
        {"field":"c","type":"double","optional":true,"default":1.5},{"field":"d","type":"array","optional":true,"items":{"type":"float"}},
        {"field":"e","type":"struct","optional":true,"fields":[{"field":"x","type":"boolean"}]}]"#;
    let map = r#""type":"map","keys":{"type":"string"},"values":{"type":"int32"}"#;
    vec![
        of(r#""type":"int8""#, "-128"),
        of(r#""type":"int64""#, "9223372036854775807"),
        of(r#""type":"float""#, "1.0E10"),
        of(r#""type":"float""#, "0.001"),
        of(r#""type":"double""#, "1.0E-5"),
        of(r#""type":"double""#, "123456789.125"),
        of(r#""type":"boolean""#, "true"),
        of(r#""type":"string""#, "\"two\\nlines\""),
        of(r#""type":"string","optional":true"#, "null"),
        of(r#""type":"string","optional":true,"default":"standard""#, "null"),
        of(r#""type":"array","items":{"type":"int16","optional":true}"#, "[1,null,3]"),
        of(map, r#"{"b":1,"a":2,"Aa":3,"BB":4,"long name":5}"#),
        of(
            r#""type":"map","keys":{"type":"int32"},"values":{"type":"string","optional":true}"#,
            r#"[[5,"x"],[-1,null]]"#,
        ),
        of(fields, r#"{"a":1,"b":"x","c":2,"d":[1,2.5],"e":{"x":true}}"#),
        of(fields, r#"{"a":1,"b":null,"c":null,"d":null,"e":null}"#),
        of(fields, r#"{"a":1}"#),
        logical("bytes", "Decimal", "\"MDk=\""),
        logical("bytes", "Decimal", "\"/w==\""),
        logical("int32", "Date", "19000"),
        logical("int32", "Date", "-1"),
        logical("int32", "Time", "3723004"),
        logical("int64", "Timestamp", "1600000000123"),
        logical("int64", "Timestamp", "-62135769600000"),
        of(r#""type":"string""#, "\"last\""),
    ]
}

impl Sink {
    fn connector(&self, engine: Engine, files: &WorkerFiles) -> PathBuf {
        let to = files.folder().join(format!("{}.out", self.name)).display().to_string();
        let folder = files.folder().display().to_string();
        let mut all =
            vec![("connector.class", "FileStreamSink".to_owned()), ("topics", self.name.to_owned()), ("file", to)];
        for (key, value) in &self.lines {
            all.retain(|(known, _)| known != key);
            all.push((key, value.replace("FOLDER", &folder)));
        }
        let all: Vec<_> = all.iter().map(|(key, value)| (*key, value.as_str())).collect();
        files.connector(&self.own_name(engine), &all).unwrap()
    }

    fn own_name(&self, engine: Engine) -> String {
        format!("{}-{}", self.name, engine.name())
    }

    fn committed(&self, engine: Engine, kafka: &RealKafka) -> BTreeMap<(String, i32), i64> {
        let group = format!("connect-{}", self.own_name(engine));
        kafka.driver().unwrap().group_offsets(&group).unwrap_or_default()
    }
}

pub(crate) fn play(engine: Engine, kafka: &RealKafka, sinks: &[Sink]) -> Vec<Outcome> {
    let files = WorkerFiles::new(kafka).unwrap();
    let connectors: Vec<_> = sinks.iter().map(|sink| sink.connector(engine, &files)).collect();
    let mut worker = worker(engine, &files, &connectors);
    for sink in sinks {
        let Some(end) = sink.end else {
            wait_for_task(&worker, &sink.own_name(engine), "FAILED");
            continue;
        };
        let mut last = BTreeMap::new();
        let done = eventually(&format!("{} to commit {end}", sink.name), SOON, || {
            last = sink.committed(engine, kafka);
            Ok((last.values().sum::<i64>() == end).then_some(()))
        });
        done.unwrap_or_else(|error| panic!("{engine:?}: {error:#}: {last:?}"));
    }
    let ends: Vec<_> = sinks.iter().map(|sink| ended(&worker, &sink.own_name(engine), engine, &files)).collect();
    assert_eq!(worker.terminate().unwrap(), engine.clean_exit());
    let outcome = |(sink, end): (&Sink, _)| {
        let file = std::fs::read(files.folder().join(format!("{}.out", sink.name))).unwrap_or_default();
        let lines = file.split(|byte| *byte == b'\n').map(|line| line.escape_ascii().to_string()).collect();
        Outcome { lines, committed: sink.committed(engine, kafka), end }
    };
    sinks.iter().zip(ends).map(outcome).collect()
}
