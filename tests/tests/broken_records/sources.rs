//! Sources whose lines a transform or a converter refuses, on a worker of each engine.

use std::time::Duration;

use e2e::{Engine, Letter, RealKafka, Worker, WorkerFiles, eventually, failures_of};

use super::inputs::JSON;
use super::sinks::{trace, wait_for_task};

const SOON: Duration = Duration::from_secs(90);

/// A file source and its lines, the last of which is good unless the source is to fail.
pub(crate) struct Source {
    /// The connector, and its topic.
    pub(crate) name: &'static str,
    text: &'static str,
    good: usize,
    fails: bool,
    lines: Vec<(&'static str, &'static str)>,
}

/// What a source did.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What is in its topic.
    pub(crate) records: Vec<Letter>,
    /// What the log says of failed records.
    pub(crate) log: Vec<String>,
    /// Why the task failed, if it did.
    pub(crate) trace: Option<String>,
    /// The offset in the file that is stored.
    pub(crate) position: Option<i64>,
}

pub(crate) fn all() -> Vec<Source> {
    let cast = vec![
        ("transforms", "cast"),
        ("transforms.cast.type", "org.apache.kafka.connect.transforms.Cast$Value"),
        ("transforms.cast.spec", "int16"),
        ("value.converter", JSON),
    ];
    let chain = vec![
        ("transforms", "hoist,at,insert,route"),
        ("transforms.hoist.type", "org.apache.kafka.connect.transforms.HoistField$Value"),
        ("transforms.hoist.field", "line"),
        ("transforms.at.type", "org.apache.kafka.connect.transforms.TimestampConverter$Value"),
        ("transforms.at.field", "line"),
        ("transforms.at.format", "yyyy-MM-dd"),
        ("transforms.at.target.type", "Timestamp"),
        ("transforms.at.predicate", "mine"),
        ("transforms.insert.type", "org.apache.kafka.connect.transforms.InsertHeader"),
        ("transforms.insert.header", "from"),
        ("transforms.insert.value.literal", "a file"),
        ("transforms.route.type", "org.apache.kafka.connect.transforms.RegexRouter"),
        ("transforms.route.regex", "(.*)-raw"),
        ("transforms.route.replacement", "$1"),
        ("predicates", "mine"),
        ("predicates.mine.type", "org.apache.kafka.connect.transforms.predicates.TopicNameMatches"),
        ("predicates.mine.pattern", ".*-raw"),
        ("value.converter", JSON),
    ];
    let long = vec![("value.converter", "org.apache.kafka.connect.converters.LongConverter")];
    let partition = vec![
        ("transforms", "hoist,insert"),
        ("transforms.hoist.type", "org.apache.kafka.connect.transforms.HoistField$Value"),
        ("transforms.hoist.field", "line"),
        ("transforms.insert.type", "org.apache.kafka.connect.transforms.InsertField$Value"),
        ("transforms.insert.partition.field", "p!"),
        ("value.converter", JSON),
    ];
    let quiet = |mut lines: Vec<(&'static str, &'static str)>| {
        lines.push(("errors.log.include.messages", "false"));
        lines
    };
    let source = |name, text, good, fails, lines| Source { name, text, good, fails, lines };
    let numbers = "1\none\n2\n\n3.5\n40000\n -7\n-7\n0x1\ntrue\nab\n99999999999999999999\n8\n";
    let days = "2024-01-01\nsoon\n2024-1-1\n\n2024-12-31x\n31.12.2024\n2024-02-30\nlast\n2024-02-29\n";
    vec![
        source("tolerant-cast", numbers, 3, false, cast.clone()),
        source("tolerant-chain", days, 4, false, chain.clone()),
        source("quiet-cast", "a\nb\n1\n", 1, false, quiet(cast.clone())),
        source("failing-cast", "1\n2\nx\n3\n", 2, true, cast),
        source("failing-chain", "2024-01-01\n2024-01-02\nlater\n", 2, true, chain),
        source("failing-converter", "1\n", 0, true, long),
        source("failing-partition", "1\n", 0, true, partition),
    ]
}

/// Plays all sources on both engines, Java's first.
pub(crate) fn play_on_both(sources: &[Source]) -> [Vec<Outcome>; 2] {
    let kafka = RealKafka::shared().unwrap();
    [Engine::Java, Engine::Moldau].map(|engine| play(engine, kafka, sources))
}

fn topic(engine: Engine, source: &Source) -> String {
    format!("{}-{}", source.name, engine.name())
}

fn play(engine: Engine, kafka: &RealKafka, sources: &[Source]) -> Vec<Outcome> {
    let files = WorkerFiles::new(kafka).unwrap();
    let connectors: Vec<_> = sources.iter().map(|source| connector(engine, kafka, &files, source)).collect();
    let mut worker = engine.standalone(&files.standalone(&[]).unwrap(), &connectors).unwrap();
    for source in sources {
        wait_for_task(&worker, source.name, if source.fails { "FAILED" } else { "RUNNING" });
        let arrived = kafka.wait_for_records(&topic(engine, source), source.good, SOON);
        arrived.unwrap_or_else(|error| panic!("{engine:?}: {}: {error:#}\n{}", source.name, worker.log()));
        let stored = eventually(&format!("the offset of {}", source.name), SOON, || {
            let position = position(&files, source);
            Ok((source.fails || position == Some(source.text.len() as i64)).then_some(()))
        });
        stored.unwrap_or_else(|error| panic!("{engine:?}: {error:#}\n{}", worker.log()));
    }
    let outcomes = sources.iter().map(|source| Outcome {
        records: kafka
            .consume_all(&topic(engine, source))
            .unwrap()
            .iter()
            .map(|record| plain(record, engine))
            .collect(),
        log: log(&worker, engine, source, files.folder()),
        trace: trace(&worker, source.name),
        position: position(&files, source),
    });
    let outcomes: Vec<_> = outcomes.collect();
    assert_eq!(worker.terminate().unwrap(), engine.clean_exit());
    outcomes
}

/// A record without its time, which is when it was read.
fn plain(record: &e2e::Stored, _engine: Engine) -> Letter {
    Letter { timestamp: 0, ..Letter::of(record) }
}

fn connector(engine: Engine, kafka: &RealKafka, files: &WorkerFiles, source: &Source) -> std::path::PathBuf {
    let from = files.folder().join(source.name);
    std::fs::write(&from, source.text).unwrap();
    kafka.create_topic(&topic(engine, source), 1, &[]).unwrap();
    let raw = if source.name.ends_with("chain") { "-raw" } else { "" };
    let topic = format!("{}{raw}", topic(engine, source));
    let mut lines = vec![
        ("connector.class", "FileStreamSource"),
        ("topic", topic.as_str()),
        ("file", from.to_str().unwrap()),
        ("errors.tolerance", if source.fails { "none" } else { "all" }),
        ("errors.log.enable", "true"),
        ("errors.log.include.messages", "true"),
    ];
    for (key, value) in &source.lines {
        lines.retain(|(known, _)| known != key);
        lines.push((key, value));
    }
    files.connector(source.name, &lines).unwrap()
}

/// The sentences of the log, without folders, engines and times, which differ.
fn log(worker: &Worker, engine: Engine, source: &Source, folder: &std::path::Path) -> Vec<String> {
    let plain = |text: &str| {
        let text = text.replace(&folder.display().to_string(), "FOLDER").replace(engine.name(), "ENGINE");
        let Some(at) = text.find(", timestamp=").map(|at| at + ", timestamp=".len()) else { return text };
        let rest = text[at..].trim_start_matches(|c: char| c.is_ascii_digit());
        format!("{}TIME{rest}", &text[..at])
    };
    failures_of(&worker.log(), &format!("{}-0", source.name)).into_iter().map(plain).collect()
}

/// What the offset file says of a source: both engines write keys and values as JSON into it, one after the other.
fn position(files: &WorkerFiles, source: &Source) -> Option<i64> {
    let bytes = std::fs::read(files.offsets()).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let (_, after_key) = text.split_once(&format!("[\"{}\",", source.name))?;
    let (_, number) = after_key.split_once("{\"position\":")?;
    number.split_once('}')?.0.parse().ok()
}
