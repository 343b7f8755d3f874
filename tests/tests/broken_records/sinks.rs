//! Plays sinks on a worker of each engine.

use std::path::Path;
use std::time::Duration;

use e2e::{Engine, Letter, RealKafka, Worker, WorkerFiles, eventually, failures_of, without_frames};

use super::inputs::Sink;

const SOON: Duration = Duration::from_secs(90);

/// What a sink did with its topic.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The sink's file.
    pub(crate) file: String,
    /// The dead letter queue.
    pub(crate) letters: Vec<Letter>,
    /// What the log says of failed records.
    pub(crate) log: Vec<String>,
    /// The committed offset of the only partition.
    pub(crate) committed: Option<i64>,
    /// Why the task failed, if it did.
    pub(crate) trace: Option<String>,
}

impl Outcome {
    pub(crate) fn lines(&self) -> Vec<&str> {
        self.file.lines().collect()
    }
}

/// Plays all sinks on both engines, Java's first, with the same topics.
pub(crate) fn play_on_both(sinks: &[Sink]) -> [Vec<Outcome>; 2] {
    let kafka = RealKafka::shared().unwrap();
    for sink in sinks {
        kafka.create_topic(sink.name, 1, &[]).unwrap();
        kafka.produce(&sink.records).unwrap();
    }
    [Engine::Java, Engine::Moldau].map(|engine| play(engine, kafka, sinks))
}

fn play(engine: Engine, kafka: &RealKafka, sinks: &[Sink]) -> Vec<Outcome> {
    let files = WorkerFiles::new(kafka).unwrap();
    let strict = sinks.iter().all(|sink| sink.name.starts_with("strict"));
    let connectors: Vec<_> = sinks.iter().map(|sink| connector(engine, &files, sink, strict)).collect();
    let mut worker = engine.standalone(&files.standalone(&[]).unwrap(), &connectors).unwrap();
    for sink in sinks {
        let state = if strict { "FAILED" } else { "RUNNING" };
        wait_for_task(&worker, sink.name, state);
        if !strict {
            let end = i64::try_from(sink.records.len()).unwrap();
            let done = eventually(&format!("{} to commit {end}", sink.name), SOON, || {
                Ok((committed(engine, kafka, sink) == Some(end)).then_some(()))
            });
            done.unwrap_or_else(|error| panic!("{engine:?}: {error:#}\n{}", worker.log()));
        }
    }
    let traces: Vec<_> = sinks.iter().map(|sink| trace(&worker, sink.name)).collect();
    assert_eq!(worker.terminate().unwrap(), engine.clean_exit());
    let outcomes = sinks.iter().zip(traces).map(|(sink, trace)| Outcome {
        file: std::fs::read_to_string(file(files.folder(), sink)).unwrap_or_default(),
        letters: kafka.consume_all(&queue(engine, sink)).unwrap().iter().map(Letter::of).collect(),
        log: failures_of(&worker.log(), &format!("{}-0", sink.name)).into_iter().map(str::to_owned).collect(),
        committed: committed(engine, kafka, sink),
        trace,
    });
    outcomes.collect()
}

fn connector(engine: Engine, files: &WorkerFiles, sink: &Sink, strict: bool) -> std::path::PathBuf {
    let (to, queue, group) = (file(files.folder(), sink), queue(engine, sink), group(engine, sink));
    let mut lines = vec![
        ("connector.class", "FileStreamSink"),
        ("topics", sink.name),
        ("file", to.to_str().unwrap()),
        ("consumer.override.group.id", &group),
        ("errors.tolerance", if strict { "none" } else { "all" }),
        ("errors.log.enable", "true"),
        ("errors.log.include.messages", "true"),
        ("errors.deadletterqueue.topic.name", &queue),
        ("errors.deadletterqueue.topic.replication.factor", "1"),
        ("errors.deadletterqueue.context.headers.enable", "true"),
    ];
    lines.extend(&sink.lines);
    files.connector(sink.name, &lines).unwrap()
}

fn queue(engine: Engine, sink: &Sink) -> String {
    format!("{}-dlq-{}", sink.name, engine.name())
}

fn group(engine: Engine, sink: &Sink) -> String {
    format!("{}-{}", sink.name, engine.name())
}

fn file(folder: &Path, sink: &Sink) -> std::path::PathBuf {
    folder.join(format!("{}.out", sink.name))
}

fn committed(engine: Engine, kafka: &RealKafka, sink: &Sink) -> Option<i64> {
    let offsets = kafka.driver().unwrap().group_offsets(&group(engine, sink)).unwrap_or_default();
    offsets.get(&(sink.name.to_owned(), 0)).copied()
}

/// Waits until the only task is in `state`; the connector itself runs in any case.
pub(crate) fn wait_for_task(worker: &Worker, name: &str, state: &str) {
    let mut last = String::new();
    let reached = eventually(&format!("the task of {name} to be {state}"), SOON, || {
        let Ok(reply) = worker.rest().get(&format!("/connectors/{name}/tasks/0/status")) else { return Ok(None) };
        last.clone_from(&reply.body);
        Ok(reply.json().is_ok_and(|status| status["state"] == state).then_some(()))
    });
    reached.unwrap_or_else(|error| panic!("{error:#}: {last}\n{}", worker.log()));
}

/// Why the only task failed: classes, messages and causes.
pub(crate) fn trace(worker: &Worker, name: &str) -> Option<String> {
    let status = worker.rest().get(&format!("/connectors/{name}/tasks/0/status")).unwrap().json().unwrap();
    status["trace"].as_str().map(|trace| without_frames(trace).trim_end().to_owned())
}
