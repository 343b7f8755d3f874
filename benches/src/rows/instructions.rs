//! I: instructions per record, which Valgrind counts. They repeat to a percent or two on any machine, busy or not, so a
//! change that costs something is seen; the baseline stands in `instructions.tsv` beside this crate's manifest.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use e2e::{Moldau, Process, eventually};

use super::workload::{FILE_SINK, FILE_SOURCE, TRANSFORMS};
use crate::bench::Bench;
use crate::form::Form;
use crate::lines::Lines;
use crate::table::{table, thousands};
use crate::worker::{Setting, stop};

/// Two runs of these lengths; what the second has more, it has from its records alone.
const LENGTHS: [u64; 2] = [20_000, 60_000];
/// More than this above the baseline is a failure.
const TOLERANCE: f64 = 0.05;
/// A worker under Valgrind is fifty times slower.
const PATIENCE: Duration = Duration::from_secs(300);
const BASELINE: &str = include_str!("../../instructions.tsv");

/// A path that records take.
struct Way {
    name: &'static str,
    form: Form,
    source: bool,
    lines: &'static [(&'static str, &'static str)],
}

const WAYS: [Way; 3] = [
    Way { name: "P1", form: Form::Text, source: true, lines: &FILE_SOURCE },
    Way { name: "P2", form: Form::Text, source: false, lines: &FILE_SINK },
    Way { name: "P4", form: Form::Envelope, source: false, lines: &TRANSFORMS },
];

/// Counts, compares with the baseline, and fails where a count is above it.
pub(super) fn instructions(bench: &mut Bench) -> Result<String> {
    let heading = ["", "instructions per record", "baseline"].map(str::to_owned).to_vec();
    let (mut rows, mut above) = (vec![heading], Vec::new());
    for way in &WAYS {
        let counted = way.per_record(bench).with_context(|| format!("I, {}", way.name))?;
        let known = baseline(way.name)?;
        rows.push(vec![way.name.to_owned(), thousands(counted), thousands(known)]);
        if counted > known * (1.0 + TOLERANCE) {
            above.push(way.name);
        }
    }
    let text =
        format!("I  instructions of the whole worker, {} records less {}\n{}", LENGTHS[1], LENGTHS[0], table(&rows));
    ensure!(above.is_empty(), "{text}\n  {above:?}: more than {:.0} % above the baseline", TOLERANCE * 100.0);
    Ok(text)
}

fn baseline(name: &str) -> Result<f64> {
    let line = BASELINE.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('\t'));
    let number = line.with_context(|| format!("instructions.tsv has no line {name}"))?;
    number.trim().parse().with_context(|| format!("instructions.tsv: {number} is no number"))
}

impl Way {
    fn per_record(&self, bench: &mut Bench) -> Result<f64> {
        let [few, many] = LENGTHS;
        let more = self.count(bench, many)?.saturating_sub(self.count(bench, few)?);
        Ok(more as f64 / (many - few) as f64)
    }

    /// The instructions of a worker from its start until so many records are through and it is stopped.
    fn count(&self, bench: &mut Bench, records: u64) -> Result<u64> {
        let (topic, name) = (bench.fresh("counted"), bench.fresh("counted"));
        let files = bench.worker_files()?;
        let worker = files.standalone(&[("offset.flush.interval.ms", "1000")])?;
        let lines = Lines::new(self.form, records);
        let (input, group) = (files.folder().join("input.txt"), format!("connect-{name}"));
        let path = input.display().to_string();
        bench.wire().create_topic(&topic)?;
        let own: &[(&str, &str)] = if self.source {
            lines.write(&input)?;
            &[("file", &path), ("topic", &topic)]
        } else {
            bench.wire().produce(&topic, &lines)?;
            &[("file", "/dev/null"), ("topics", &topic)]
        };
        let settings = if self.source { Setting::Tuned.source() } else { Setting::Tuned.sink() };
        let connector = files.connector(&name, &[self.lines, own, settings].concat())?;
        let process = counted(&worker, &[connector])?;
        eventually("all records to be through", PATIENCE, || {
            let wire = bench.wire();
            let through = if self.source { wire.count(&topic) } else { wire.committed(&group, &topic) };
            Ok((through? == records).then_some(()))
        })?;
        stop(process)?;
        total(files.folder())
    }
}

/// A worker whose instructions are counted into files beside its own.
fn counted(worker: &Path, connectors: &[PathBuf]) -> Result<Process> {
    let folder = worker.parent().context("a worker file stands in a folder")?;
    let mut command = Command::new("valgrind");
    command
        .args(["--quiet", "--tool=callgrind", "--trace-children=yes"])
        .arg(format!("--callgrind-out-file={}/counted.%p", folder.display()))
        .arg(Moldau::binary()?)
        .arg("standalone")
        .arg(worker)
        .args(connectors)
        .env("MOLDAU_LOG", "warn");
    Process::spawn("moldau under valgrind", &mut command, &folder.join("worker.log"))
        .context("instructions are counted by Valgrind, which has to be installed")
}

/// The sum over the processes: the binary starts itself anew once.
fn total(folder: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("counted.")) {
            let text = std::fs::read_to_string(&path)?;
            let line = text.lines().find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
            total += line.context("Valgrind wrote no sum")?.trim().parse::<u64>()?;
        }
    }
    if total == 0 {
        bail!("Valgrind wrote nothing into {}", folder.display());
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_has_a_baseline() {
        for way in &WAYS {
            assert!(baseline(way.name).unwrap() > 100.0);
        }
        assert!(baseline("P99").is_err());
    }
}
