//! What P1 to P4 move, from where to where, and how it is known to be complete.

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Process, eventually};

use crate::bench::Bench;
use crate::form::{Form, Person};
use crate::lines::Lines;
use crate::meter::{Meter, own_cpu};
use crate::progress::{Course, Mark, Span, watch};
use crate::worker::{Side, Subject, start, stop};

const PATIENCE: Duration = Duration::from_secs(60);

/// A workload.
pub(super) struct Workload {
    /// Its name.
    pub(super) row: &'static str,
    /// What is moved, behind the number of records.
    pub(super) title: &'static str,
    /// What the records are.
    pub(super) form: Form,
    /// Moves them once.
    pub(super) run: fn(&mut Bench, Subject) -> Result<Sample>,
    /// How they were checked, behind their number.
    pub(super) checked: &'static str,
}

/// One run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) steady: Span,
    pub(super) cold: Option<Span>,
    /// Zero for the raw wire.
    pub(super) peak: u64,
}

/// A file into a topic.
pub(super) const P1: Workload = Workload {
    row: "P1",
    title: "lines of 100 B, FileStreamSource, StringConverter, into a topic of one partition",
    form: Form::Text,
    run: source_run,
    checked: "lines, once, in order",
};

/// A topic into a file.
pub(super) const P2: Workload = Workload {
    row: "P2",
    title: "records of 100 B from a topic of one partition in batches of 1 MB, StringConverter, FileStreamSink",
    form: Form::Text,
    run: file_run,
    checked: "lines, once, in order",
};

/// A topic into nothing.
pub(super) const P3: Workload = Workload {
    row: "P3",
    title: "records of 625 B from a topic of one partition in batches of 1 MB, ByteArrayConverter, MockSink",
    form: Form::Envelope,
    run: counting_run,
    checked: "records counted by their committed offsets",
};

/// A topic through conversion and transforms into nothing.
pub(super) const P4: Workload = Workload {
    row: "P4",
    title: "records of 625 B from a topic of one partition in batches of 1 MB, JsonConverter with schemas, ReplaceField, \
            MaskField, InsertField, FileStreamSink on /dev/null",
    form: Form::Envelope,
    run: transforming_run,
    checked: "records counted by their committed offsets, and 20,000 compared as they came into a file",
};

fn source_run(bench: &mut Bench, subject: Subject) -> Result<Sample> {
    let topic = bench.fresh("source");
    bench.wire().create_topic(&topic)?;
    let sample = if subject.side == Side::Wire {
        raw(bench, |bench| bench.produce(&topic))?
    } else {
        let files = bench.worker_files()?;
        let worker = files.standalone(&[])?;
        let file = bench.source_file().display().to_string();
        let own = [("file", file.as_str()), ("topic", topic.as_str())];
        let lines = [&FILE_SOURCE[..], &own, subject.setting.source()].concat();
        let connector = files.connector(&topic, &lines)?;
        let process = start(subject.side, &worker, &[connector])?;
        worker_run(bench, process, |bench| bench.wire().count(&topic))?
    };
    bench.check_topic(&topic)?;
    Ok(sample)
}

fn file_run(bench: &mut Bench, subject: Subject) -> Result<Sample> {
    let topic = bench.prepare(Form::Text)?;
    if subject.side == Side::Wire {
        return reading_run(bench, &topic);
    }
    let name = bench.fresh("sink");
    let output = bench.folder().join(format!("{name}.txt"));
    let files = bench.worker_files()?;
    let worker = files.standalone(&[])?;
    let file = output.display().to_string();
    let own = [("file", file.as_str()), ("topics", topic.as_str())];
    let lines = [&FILE_SINK[..], &own, subject.setting.sink()].concat();
    let connector = files.connector(&name, &lines)?;
    let process = start(subject.side, &worker, &[connector])?;
    let stride = bench.lines()?.stride() as u64;
    let count = |_: &mut Bench| Ok(std::fs::metadata(&output).map_or(0, |file| file.len()) / stride);
    let sample = worker_run(bench, process, count)?;
    bench.lines()?.check_file(&output)?;
    std::fs::remove_file(&output)?;
    Ok(sample)
}

const MOCK_SINK: [(&str, &str); 3] = [
    ("connector.class", "org.apache.kafka.connect.tools.MockSinkConnector"),
    ("tasks.max", "1"),
    ("value.converter", "org.apache.kafka.connect.converters.ByteArrayConverter"),
];

/// Lines of connectors, without where they read and write.
pub(super) const FILE_SOURCE: [(&str, &str); 2] = [("connector.class", "FileStreamSource"), ("tasks.max", "1")];
pub(super) const FILE_SINK: [(&str, &str); 2] = [("connector.class", "FileStreamSink"), ("tasks.max", "1")];
pub(super) const TRANSFORMS: [(&str, &str); 14] = [
    ("connector.class", "FileStreamSink"),
    ("tasks.max", "1"),
    ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
    ("value.converter.schemas.enable", "true"),
    ("transforms", "replace,mask,insert"),
    ("transforms.replace.type", "org.apache.kafka.connect.transforms.ReplaceField$Value"),
    ("transforms.replace.exclude", "mail"),
    ("transforms.replace.renames", "at:time"),
    ("transforms.mask.type", "org.apache.kafka.connect.transforms.MaskField$Value"),
    ("transforms.mask.fields", "name"),
    ("transforms.mask.replacement", "xxx"),
    ("transforms.insert.type", "org.apache.kafka.connect.transforms.InsertField$Value"),
    ("transforms.insert.offset.field", "offset"),
    ("transforms.insert.topic.field", "topic"),
];
/// So many records are compared with what the transforms should have made of them.
const COMPARED: u64 = 20_000;

fn counting_run(bench: &mut Bench, subject: Subject) -> Result<Sample> {
    let topic = bench.prepare(Form::Envelope)?;
    if subject.side == Side::Wire {
        reading_run(bench, &topic)
    } else {
        committing_run(bench, subject, &topic, &MOCK_SINK)
    }
}

fn transforming_run(bench: &mut Bench, subject: Subject) -> Result<Sample> {
    let topic = bench.prepare(Form::Envelope)?;
    if subject.side == Side::Wire {
        return reading_run(bench, &topic);
    }
    compare(bench, subject)?;
    let lines = [&TRANSFORMS[..], &[("file", "/dev/null")]].concat();
    committing_run(bench, subject, &topic, &lines)
}

/// A sink whose progress only its commits tell.
fn committing_run(bench: &mut Bench, subject: Subject, topic: &str, lines: &[(&str, &str)]) -> Result<Sample> {
    let name = bench.fresh("sink");
    let files = bench.worker_files()?;
    let worker = files.standalone(&[("offset.flush.interval.ms", "200")])?;
    let lines = [lines, &[("topics", topic)], subject.setting.sink()].concat();
    let connector = files.connector(&name, &lines)?;
    let process = start(subject.side, &worker, &[connector])?;
    let group = format!("connect-{name}");
    worker_run(bench, process, |bench| bench.wire().committed(&group, topic))
}

/// The transforms of [`TRANSFORMS`] do what they are meant to, on this side too.
fn compare(bench: &mut Bench, subject: Subject) -> Result<()> {
    let (topic, name) = (bench.fresh("compared"), bench.fresh("sink"));
    bench.wire().create_topic(&topic)?;
    bench.wire().produce(&topic, &Lines::new(Form::Envelope, COMPARED))?;
    let files = bench.worker_files()?;
    let file = files.folder().join("compared.txt");
    let path = file.display().to_string();
    let worker = files.standalone(&[])?;
    let lines = [&TRANSFORMS[..], &[("file", &path), ("topics", &topic)]].concat();
    let connector = files.connector(&name, &lines)?;
    let process = start(subject.side, &worker, &[connector])?;
    let group = format!("connect-{name}");
    eventually("all records to be compared", PATIENCE, || {
        let committed = bench.wire().committed(&group, &topic);
        Ok(committed.ok().filter(|committed| *committed == COMPARED))
    })?;
    stop(process)?;
    let text = std::fs::read_to_string(&file)?;
    for (number, line) in text.lines().enumerate() {
        let expected = transformed(number as u64, &topic);
        ensure!(line == expected, "record {number} should become {expected}, but became {line}");
    }
    ensure!(text.lines().count() as u64 == COMPARED, "{} records in place of {COMPARED}", text.lines().count());
    Ok(())
}

/// What FileStreamSink prints of record `number` behind the transforms.
fn transformed(number: u64, topic: &str) -> String {
    let person = Person::new(number);
    let Person { id, age, active, at, note, .. } = &person;
    let balance = person.balance();
    format!(
        "Struct{{id={id},name=xxx,age={age},balance={balance},active={active},time={at},note={note},topic={topic},offset={number}}}"
    )
}

/// The raw wire's part of a sink row.
fn reading_run(bench: &mut Bench, topic: &str) -> Result<Sample> {
    let total = bench.lines()?.count();
    raw(bench, |bench| {
        bench.wire().consume(topic, total, |record| {
            black_box(record);
            Ok(())
        })
    })
}

/// Watches a worker that has just been started until all lines are through, then stops it.
fn worker_run(
    bench: &mut Bench,
    mut process: Process,
    mut count: impl FnMut(&mut Bench) -> Result<u64>,
) -> Result<Sample> {
    let broker = bench.broker()?;
    let course: Course = watch(&mut process, broker, bench.lengths(), || count(bench))?;
    let peak = Meter::of(&process).memory()?.peak;
    stop(process)?;
    Ok(Sample { steady: course.steady()?, cold: course.cold(), peak })
}

fn raw(bench: &mut Bench, work: impl FnOnce(&mut Bench) -> Result<()>) -> Result<Sample> {
    let broker = bench.broker()?;
    let mark = |records| Mark::set(records, own_cpu()?, broker, true);
    let before = mark(0)?;
    work(bench)?;
    let after = mark(bench.lines()?.count())?;
    let steady = Span::between(&before, &after).context("no records")?;
    Ok(Sample { steady, cold: None, peak: 0 })
}
