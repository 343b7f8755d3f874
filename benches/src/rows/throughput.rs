//! P1 and P2: a file into a topic, a topic into a file.

use std::collections::BTreeMap;
use std::hint::black_box;

use anyhow::{Context, Result};
use e2e::Process;

use crate::bench::Bench;
use crate::lines::{LINE, LINE_IN_FILE};
use crate::meter::{Meter, own_cpu};
use crate::progress::{Course, Mark, Span, watch};
use crate::statistics::{Spread, noise, ratio};
use crate::table::{megabytes, percent, table, thousands};
use crate::worker::{Setting, Side, Subject, start, stop};

const JAVA: Subject = Subject::new(Side::Java, Setting::Tuned);
const MOLDAU: Subject = Subject::new(Side::Moldau, Setting::Tuned);
const WIRE: Subject = Subject::new(Side::Wire, Setting::Tuned);
const JAVA_DEFAULT: Subject = Subject::new(Side::Java, Setting::Default);
const MOLDAU_DEFAULT: Subject = Subject::new(Side::Moldau, Setting::Default);
/// In the order of the report.
const SUBJECTS: [Subject; 5] = [JAVA, MOLDAU, WIRE, JAVA_DEFAULT, MOLDAU_DEFAULT];
/// Compared with each other, in pairs of runs.
const RATIOS: [(Subject, Subject); 4] =
    [(JAVA, MOLDAU), (JAVA_DEFAULT, MOLDAU_DEFAULT), (JAVA_DEFAULT, MOLDAU), (MOLDAU, WIRE)];
/// More of the machine in other hands than this is said.
const BUSY: f64 = 0.1;

/// One run.
#[derive(Debug, Clone, Copy)]
struct Sample {
    steady: Span,
    cold: Option<Span>,
    /// Zero for the raw wire.
    peak: u64,
}

type Runner = fn(&mut Bench, Subject) -> Result<Sample>;

pub(super) fn source(bench: &mut Bench) -> Result<String> {
    let samples = rounds(bench, "P1", source_run)?;
    Ok(format!(
        "P1  FileStreamSource: {} lines of {LINE} B, StringConverter, into a topic of one partition\n{}",
        thousands(bench.lengths().end as f64),
        report(bench, &samples)?
    ))
}

pub(super) fn sink(bench: &mut Bench) -> Result<String> {
    let samples = rounds(bench, "P2", sink_run)?;
    Ok(format!(
        "P2  FileStreamSink: {} records of {LINE} B, StringConverter, from a topic of one partition in batches of 1 MB\n{}",
        thousands(bench.lengths().end as f64),
        report(bench, &samples)?
    ))
}

/// All runs of a row.
#[derive(Debug, Default)]
struct Samples {
    /// The same subject twice, before the pairs.
    twins: Option<(Subject, [Sample; 2])>,
    runs: BTreeMap<usize, Vec<Sample>>,
}

impl Samples {
    fn of(&self, subject: Subject) -> &[Sample] {
        let place = SUBJECTS.iter().position(|known| *known == subject);
        place.and_then(|place| self.runs.get(&place)).map(Vec::as_slice).unwrap_or_default()
    }

    fn cpu(&self, subject: Subject) -> Vec<f64> {
        self.of(subject).iter().map(|sample| sample.steady.cpu_per_million).collect()
    }
}

fn rounds(bench: &mut Bench, row: &str, runner: Runner) -> Result<Samples> {
    bench.prepare()?;
    let mut samples = Samples::default();
    let twin = [MOLDAU, JAVA].into_iter().find(|subject| bench.takes_part(subject.side));
    if let Some(twin) = twin {
        samples.twins = Some((twin, [run(bench, row, "A/A", twin, runner)?, run(bench, row, "A/A", twin, runner)?]));
    }
    for pair in 0..bench.arguments().pairs {
        let label = format!("pair {}", pair + 1);
        for subject in order(pair, bench.arguments().java_default) {
            if bench.takes_part(subject.side) {
                let sample = run(bench, row, &label, subject, runner)?;
                let place = SUBJECTS.iter().position(|known| *known == subject).context("a subject of the report")?;
                samples.runs.entry(place).or_default().push(sample);
            }
        }
    }
    Ok(samples)
}

/// A B, then B A, and so on; those without a partner come behind.
fn order(pair: usize, java_default: bool) -> Vec<Subject> {
    let mut subjects = vec![JAVA, MOLDAU];
    if java_default {
        subjects.extend([JAVA_DEFAULT, MOLDAU_DEFAULT]);
    }
    if pair % 2 == 1 {
        subjects.reverse();
    }
    subjects.push(WIRE);
    if !java_default {
        subjects.push(MOLDAU_DEFAULT);
    }
    subjects
}

fn run(bench: &mut Bench, row: &str, label: &str, subject: Subject, runner: Runner) -> Result<Sample> {
    let sample = runner(bench, subject).with_context(|| format!("{row}, {subject}"))?;
    let steady = &sample.steady;
    eprintln!(
        "{row} {label}: {subject}: {:.3} CPU-s/M, {} records/s, others {}",
        steady.cpu_per_million,
        thousands(steady.per_second),
        percent(steady.others)
    );
    Ok(sample)
}

fn source_run(bench: &mut Bench, subject: Subject) -> Result<Sample> {
    let topic = bench.fresh("source");
    bench.wire().create_topic(&topic)?;
    let sample = if subject.side == Side::Wire {
        raw(bench, |bench| bench.produce(&topic))?
    } else {
        let files = bench.worker_files()?;
        let worker = files.standalone(&[])?;
        let file = bench.source_file().display().to_string();
        let mut lines = vec![
            ("connector.class", "FileStreamSource"),
            ("tasks.max", "1"),
            ("file", file.as_str()),
            ("topic", topic.as_str()),
        ];
        lines.extend(subject.setting.source());
        let connector = files.connector(&topic, &lines)?;
        let process = start(subject.side, &worker, &[connector])?;
        worker_run(bench, process, |bench| bench.wire().count(&topic))?
    };
    bench.check_topic(&topic)?;
    Ok(sample)
}

fn sink_run(bench: &mut Bench, subject: Subject) -> Result<Sample> {
    let topic = bench.prepare()?;
    if subject.side == Side::Wire {
        let total = bench.lines()?.count();
        return raw(bench, |bench| {
            bench.wire().consume(&topic, total, |line| {
                black_box(line);
                Ok(())
            })
        });
    }
    let name = bench.fresh("sink");
    let output = bench.folder().join(format!("{name}.txt"));
    let files = bench.worker_files()?;
    let worker = files.standalone(&[])?;
    let file = output.display().to_string();
    let mut lines = vec![
        ("connector.class", "FileStreamSink"),
        ("tasks.max", "1"),
        ("file", file.as_str()),
        ("topics", topic.as_str()),
    ];
    lines.extend(subject.setting.sink());
    let connector = files.connector(&name, &lines)?;
    let process = start(subject.side, &worker, &[connector])?;
    let count = |_: &mut Bench| Ok(std::fs::metadata(&output).map_or(0, |file| file.len()) / LINE_IN_FILE as u64);
    let sample = worker_run(bench, process, count)?;
    bench.lines()?.check_file(&output)?;
    std::fs::remove_file(&output)?;
    Ok(sample)
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

fn report(bench: &Bench, samples: &Samples) -> Result<String> {
    let heading = ["", "CPU-s/M", "records/s", "peak RSS", "broker CPU-s/M", "others"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for subject in SUBJECTS {
        rows.extend(figures(subject, samples.of(subject)));
    }
    let mut text = table(&rows);
    for (over, under) in RATIOS {
        if let Some(spread) = ratio(&samples.cpu(over), &samples.cpu(under)) {
            text.push_str(&format!("  {over} / {under}: {spread}\n"));
        }
    }
    text.push_str(&noise_line(samples));
    let runs: usize = samples.runs.values().map(Vec::len).sum::<usize>() + samples.twins.iter().count() * 2;
    text.push_str(&busy_line(samples));
    if !bench.lengths().meaningful() {
        text.push_str("  caution: so few records fit into a worker's buffers; these figures mean nothing\n");
    }
    let lines = bench.lines()?;
    text.push_str(&format!(
        "  content: {runs} runs, each with all {} lines, once, in order; CRC32C {:08x}",
        thousands(lines.count() as f64),
        lines.crc()
    ));
    Ok(text)
}

fn figures(subject: Subject, samples: &[Sample]) -> Vec<Vec<String>> {
    let spread =
        |field: fn(&Span) -> f64| Spread::of(&samples.iter().map(|sample| field(&sample.steady)).collect::<Vec<_>>());
    let Some(cpu) = spread(|span| span.cpu_per_million) else { return Vec::new() };
    let text = |spread: Option<Spread>| spread.map(|spread| spread.to_string()).unwrap_or_default();
    let peak = samples.iter().map(|sample| sample.peak).max().unwrap_or(0);
    let mut rows = vec![vec![
        subject.to_string(),
        cpu.to_string(),
        spread(|span| span.per_second).map(|spread| thousands(spread.median)).unwrap_or_default(),
        if peak == 0 { String::new() } else { megabytes(peak as f64) },
        text(spread(|span| span.broker_per_million)),
        spread(|span| span.others).map(|others| percent(others.median)).unwrap_or_default(),
    ]];
    let cold: Vec<Span> = samples.iter().filter_map(|sample| sample.cold).collect();
    if let Some(records) = cold.iter().map(|span| span.records).max() {
        let of = |field: fn(&Span) -> f64| Spread::of(&cold.iter().map(field).collect::<Vec<_>>());
        rows.push(vec![
            format!("  first {:.2} million, cold", records as f64 / 1e6),
            text(of(|span| span.cpu_per_million)),
            of(|span| span.per_second).map(|spread| thousands(spread.median)).unwrap_or_default(),
            String::new(),
            text(of(|span| span.broker_per_million)),
        ]);
    }
    rows
}

fn noise_line(samples: &Samples) -> String {
    let mut parts = Vec::new();
    if let Some((subject, twins)) = &samples.twins
        && let Some(noise) = noise(&twins.map(|sample| sample.steady.cpu_per_million))
    {
        parts.push(format!("A/A ({subject} twice) {}", percent(noise)));
    }
    for subject in SUBJECTS {
        if let Some(noise) = noise(&samples.cpu(subject)) {
            parts.push(format!("{subject} {}", percent(noise)));
        }
    }
    format!("  noise, largest over smallest of equal runs: {}\n", parts.join(", "))
}

/// A warning where other work disturbed the runs.
fn busy_line(samples: &Samples) -> String {
    let worst = samples.runs.values().flatten().map(|sample| sample.steady.others).fold(0.0, f64::max);
    if worst < BUSY {
        return String::new();
    }
    format!("  caution: other programs used up to {} of the machine meanwhile; repeat on a quiet one\n", percent(worst))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_alternate() {
        assert_eq!(order(0, false), [JAVA, MOLDAU, WIRE, MOLDAU_DEFAULT]);
        assert_eq!(order(1, false), [MOLDAU, JAVA, WIRE, MOLDAU_DEFAULT]);
        assert_eq!(order(1, true), [MOLDAU_DEFAULT, JAVA_DEFAULT, MOLDAU, JAVA, WIRE]);
    }

    #[test]
    fn a_report_has_a_line_for_each_subject_and_one_for_the_cold_part() {
        let span = |cpu| Span {
            records: 1_000_000,
            cpu_per_million: cpu,
            broker_per_million: 0.1,
            per_second: 1e6,
            others: 0.0,
        };
        let sample = |cpu| Sample { steady: span(cpu), cold: Some(span(cpu * 2.0)), peak: 50 << 20 };
        let rows = figures(JAVA, &[sample(2.0), sample(2.2), sample(2.1)]);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0][..4], ["Java tuned", "2.10 (2.00–2.20)", "1,000,000", "50 MB"]);
        assert_eq!(rows[1][..2], ["  first 1.00 million, cold", "4.20 (4.00–4.40)"]);
        assert!(figures(JAVA, &[]).is_empty());
        let samples = Samples { twins: Some((MOLDAU, [sample(1.0), sample(1.1)])), runs: BTreeMap::new() };
        assert!(noise_line(&samples).contains("A/A (Moldau tuned twice) 10 %"));
    }
}
