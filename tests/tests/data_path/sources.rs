//! File sources on a worker of each engine.

use e2e::{Engine, RealKafka, Stored, WorkerFiles};

use super::{JSON, Lines, SOON, STRING, ended, lines, wait_for_task, worker};

/// A file source, what its file holds, and how many records are to come of it.
pub(crate) struct Source {
    /// The connector; its topic has its engine's name too.
    pub(crate) name: &'static str,
    content: Vec<u8>,
    partitions: i32,
    count: usize,
    fails: bool,
    lines: Lines,
}

/// What a source did.
pub(crate) struct Outcome {
    /// Partition, key, value and headers of each record, partition by partition.
    pub(crate) records: Vec<Plain>,
    /// State and trace of its task.
    pub(crate) end: (String, Option<String>),
}

/// A record as text.
pub(crate) type Plain = (i32, Option<String>, Option<String>, Vec<(String, Option<String>)>);

fn source(name: &'static str, content: impl Into<Vec<u8>>, count: usize, own: &[(&'static str, &str)]) -> Source {
    Source { name, content: content.into(), partitions: 1, count, fails: false, lines: lines(own) }
}

const HOIST: (&str, &str) = ("transforms.hoist.type", "org.apache.kafka.connect.transforms.HoistField$Value");
const FIELD: (&str, &str) = ("transforms.hoist.field", "line");

pub(crate) fn all() -> Vec<Source> {
    let mut all = texts();
    all.extend(converted());
    all.extend(keyed());
    all.extend(clients());
    all
}

/// Files in odd shapes.
fn texts() -> Vec<Source> {
    let string = ("value.converter", STRING);
    let mixed = b"plain\nwith return\r\nlone\rreturn\n\n\r\n\xef\xbb\xbfmark\nbad \xff\xc3( end\n\xed\xa0\x80\n\xf0\x9f\x98\x80\n\
        nul \0 tab \t\n\xe2\x80\xa8 separator\n\xc2\x85 next line\nlast\nwithout an end";
    let long = ["x".repeat(1023), "y".repeat(1024), "\u{e9}".repeat(4097), "z".repeat(300_000), "end".to_owned()];
    let accents = "caf\u{e9}\n\u{65e5}\u{672c} \u{1f600}\n\u{20ac}\n";
    vec![
        source("mixed", &mixed[..], 14, &[string]),
        source("long-lines", long.join("\n") + "\n", 5, &[string]),
        source("latin", accents, 3, &[string, ("value.converter.encoding", "ISO-8859-1")]),
        source("wide", accents, 3, &[string, ("value.converter.encoding", "UTF-16")]),
        source("escaped", "quote \" slash \\ /\nbell \u{7}\u{1b}\u{7f}\n\u{2028}\u{1f600}\n", 3, &[]),
        source("raw", "abc\n", 0, &[("value.converter", "org.apache.kafka.connect.converters.ByteArrayConverter")])
            .failing(),
    ]
}

/// Converters of the worker and of the connector, and headers.
fn converted() -> Vec<Source> {
    let header = |number: usize, value: &str| {
        let alias = format!("transforms.h{number}");
        [
            (format!("{alias}.type"), "org.apache.kafka.connect.transforms.InsertHeader".to_owned()),
            (format!("{alias}.header"), format!("n{}", number % 8)),
            (format!("{alias}.value.literal"), value.to_owned()),
        ]
    };
    let literals =
        ["12", "text", "[1,2]", "{\"a\":1}", "2024-01-01", "true", "1.5", "", "\"quoted\"", "2024-01-01T00:00:00.000Z"];
    let headers = |mut source: Source| {
        let aliases: Vec<_> = (0..literals.len()).map(|number| format!("h{number}")).collect();
        source.lines.push(("transforms", aliases.join(",")));
        for (number, literal) in literals.iter().enumerate() {
            source.lines.extend(header(number, literal).map(|(key, value)| (&*key.leak(), value)));
        }
        source
    };
    let text = "a\nb\n";
    vec![
        source("of-the-worker", text, 2, &[]),
        source("own-class", text, 2, &[("value.converter", JSON)]),
        source("own-class-and-key", text, 2, &[("value.converter", JSON), ("value.converter.schemas.enable", "false")]),
        source(
            "own-key",
            text,
            2,
            &[("value.converter.schemas.enable", "true"), ("key.converter.schemas.enable", "true")],
        ),
        source("own-key-class", text, 2, &[("key.converter", JSON)]),
        headers(source("simple-headers", text, 2, &[])),
        headers(source("string-headers", text, 2, &[("header.converter", STRING)])),
        headers(source("json-headers", text, 2, &[("header.converter", JSON)])),
        headers(source(
            "plain-json-headers",
            text,
            2,
            &[("header.converter", JSON), ("header.converter.schemas.enable", "false")],
        )),
        headers(source("headers-without-class", text, 2, &[("header.converter.schemas.enable", "false")])),
    ]
}

/// Which partition a key belongs to.
fn keyed() -> Vec<Source> {
    let text: String = (0..200).map(|number| format!("key {}\n", number * number * 31 % 1009)).collect();
    let key = [
        HOIST,
        FIELD,
        ("transforms.key.type", "org.apache.kafka.connect.transforms.ValueToKey"),
        ("transforms.key.fields", "line"),
        ("transforms.extract.type", "org.apache.kafka.connect.transforms.ExtractField$Key"),
        ("transforms.extract.field", "line"),
    ];
    let named = |name, own: &[(&'static str, &str)]| Source {
        partitions: 7,
        ..source(name, text.clone(), 200, &[&key[..], own].concat())
    };
    let json = ("key.converter", JSON);
    vec![
        named("text-keys", &[("transforms", "hoist,key,extract"), ("key.converter", STRING)]),
        named("struct-keys", &[("transforms", "hoist,key"), json]),
        named("plain-keys", &[("transforms", "hoist,key")]),
        named("ignored-keys", &[("transforms", "hoist,key"), ("producer.override.partitioner.ignore.keys", "false")]),
    ]
}

/// What producers are told, and records that they refuse.
fn clients() -> Vec<Source> {
    let text = format!("small\n{}\nlast\n", "long ".repeat(150_000));
    let huge = format!("small\n{}\nlast\n", "h".repeat(10 << 20));
    let string = ("value.converter", STRING);
    let mut all: Vec<_> = ["gzip", "snappy", "lz4", "zstd"]
        .into_iter()
        .map(|codec| {
            let own = [string, ("producer.override.compression.type", codec), ("producer.override.linger.ms", "20")];
            source(codec, text.clone(), 3, &own)
        })
        .collect();
    let small = [("producer.override.batch.size", "1"), ("producer.override.acks", "1"), string, ("batch.size", "100")];
    all.push(source("small-batches", "line\n".repeat(100), 100, &small));
    all.push(source("huge", huge.clone(), 1, &[string]).failing());
    all.push(source("huge-tolerated", huge, 2, &[string, ("errors.tolerance", "all")]));
    let low = [string, ("producer.override.max.request.size", "1000")];
    all.push(source("low-limit", format!("small\n{}\n", "l".repeat(2000)), 1, &low).failing());
    all
}

impl Source {
    fn failing(self) -> Self {
        Self { fails: true, ..self }
    }

    fn topic(&self, engine: Engine) -> String {
        format!("from-{}-{}", self.name, engine.name())
    }

    fn connector(&self, engine: Engine, kafka: &RealKafka, files: &WorkerFiles) -> std::path::PathBuf {
        let from = files.folder().join(self.name);
        std::fs::write(&from, &self.content).unwrap();
        kafka.create_topic(&self.topic(engine), self.partitions, &[]).unwrap();
        let (topic, from) = (self.topic(engine), from.display().to_string());
        let mut all = vec![("connector.class", "FileStreamSource"), ("topic", &topic), ("file", &from)];
        all.extend(self.lines.iter().map(|(key, value)| (*key, value.as_str())));
        files.connector(self.name, &all).unwrap()
    }
}

fn plain(record: &Stored) -> Plain {
    let text = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| bytes.escape_ascii().to_string());
    let headers = record.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    (record.partition, text(&record.key), text(&record.value), headers)
}

pub(crate) fn play(engine: Engine, kafka: &RealKafka, sources: &[Source]) -> Vec<Outcome> {
    let files = WorkerFiles::new(kafka).unwrap();
    let connectors: Vec<_> = sources.iter().map(|source| source.connector(engine, kafka, &files)).collect();
    let mut worker = worker(engine, &files, &connectors);
    for source in sources {
        wait_for_task(&worker, source.name, if source.fails { "FAILED" } else { "RUNNING" });
        let arrived = kafka.wait_for_records(&source.topic(engine), source.count, SOON);
        arrived.unwrap_or_else(|error| panic!("{engine:?}: {}: {error:#}", source.name));
    }
    let outcome = |source: &Source| {
        let mut records: Vec<_> = kafka.consume_all(&source.topic(engine)).unwrap().iter().map(plain).collect();
        records.sort_by_key(|(partition, ..)| *partition);
        Outcome { records, end: ended(&worker, source.name, engine, &files) }
    };
    let outcomes = sources.iter().map(outcome).collect();
    assert_eq!(worker.terminate().unwrap(), engine.clean_exit());
    outcomes
}
