//! P1 to P4: every side does a workload in turn; the report compares what that cost.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::workload::{Sample, Workload};
use crate::bench::Bench;
use crate::progress::Span;
use crate::statistics::{Spread, noise, ratio};
use crate::table::{megabytes, percent, table, thousands};
use crate::worker::{Setting, Side, Subject};

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

/// Measures a workload with every side, and gives the report.
pub(super) fn measure(bench: &mut Bench, workload: &Workload) -> Result<String> {
    let samples = rounds(bench, workload)?;
    let (row, records) = (workload.row, thousands(bench.lengths().end as f64));
    Ok(format!("{row}  {records} {}\n{}", workload.title, report(bench, workload, &samples)?))
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

fn rounds(bench: &mut Bench, workload: &Workload) -> Result<Samples> {
    bench.prepare(workload.form)?;
    let mut samples = Samples::default();
    let twin = [MOLDAU, JAVA].into_iter().find(|subject| bench.takes_part(subject.side));
    if let Some(twin) = twin {
        samples.twins = Some((twin, [run(bench, workload, "A/A", twin)?, run(bench, workload, "A/A", twin)?]));
    }
    for pair in 0..bench.arguments().pairs {
        let label = format!("pair {}", pair + 1);
        for subject in order(pair, bench.arguments().java_default) {
            if bench.takes_part(subject.side) {
                let sample = run(bench, workload, &label, subject)?;
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

fn run(bench: &mut Bench, workload: &Workload, label: &str, subject: Subject) -> Result<Sample> {
    let row = workload.row;
    let sample = (workload.run)(bench, subject).with_context(|| format!("{row}, {subject}"))?;
    let steady = &sample.steady;
    eprintln!(
        "{row} {label}: {subject}: {:.3} CPU-s/M, {} records/s, others {}",
        steady.cpu_per_million,
        thousands(steady.per_second),
        percent(steady.others)
    );
    Ok(sample)
}

fn report(bench: &Bench, workload: &Workload, samples: &Samples) -> Result<String> {
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
        "  content: {runs} runs, each with all {} {}; CRC32C {:08x}",
        thousands(lines.count() as f64),
        workload.checked,
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
