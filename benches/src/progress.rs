//! Watching a worker at work: how far it was when, and what it had used by then.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use e2e::Process;

use crate::meter::{Meter, machine_cpu, own_cpu};

const PAUSE: Duration = Duration::from_millis(10);
/// Java needs seconds until its first record; nobody needs longer between two.
const STALL: Duration = Duration::from_secs(90);

/// What was used when so many records were through.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) records: u64,
    pub(crate) at: Instant,
    pub(crate) worker: Duration,
    pub(crate) broker: Duration,
    /// By everybody else on the machine.
    pub(crate) others: Duration,
}

impl Mark {
    /// Now. `worker` is what the worker has used; it is this program itself where `worker_is_self`.
    pub(crate) fn set(records: u64, worker: Duration, broker: Meter, worker_is_self: bool) -> Result<Self> {
        let broker = broker.cpu()?;
        let ours = if worker_is_self { worker } else { worker + own_cpu()? };
        let others = machine_cpu()?.saturating_sub(ours + broker);
        Ok(Self { records, at: Instant::now(), worker, broker, others })
    }
}

/// The marks of one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Course {
    /// Before any record.
    pub(crate) start: Mark,
    /// When the first records were seen.
    pub(crate) first: Mark,
    /// When the worker counts as warm.
    pub(crate) warm: Mark,
    /// When all were through.
    pub(crate) end: Mark,
}

/// What passed between two marks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    pub(crate) records: u64,
    pub(crate) cpu_per_million: f64,
    pub(crate) broker_per_million: f64,
    pub(crate) per_second: f64,
    /// Share of the whole machine that others used meanwhile.
    pub(crate) others: f64,
}

impl Span {
    /// None if no record passed.
    pub(crate) fn between(from: &Mark, to: &Mark) -> Option<Self> {
        let records = to.records.checked_sub(from.records).filter(|records| *records > 0)?;
        let millions = records as f64 / 1e6;
        let seconds = (to.at - from.at).as_secs_f64().max(1e-9);
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        Some(Self {
            records,
            cpu_per_million: to.worker.saturating_sub(from.worker).as_secs_f64() / millions,
            broker_per_million: to.broker.saturating_sub(from.broker).as_secs_f64() / millions,
            per_second: records as f64 / seconds,
            others: to.others.saturating_sub(from.others).as_secs_f64() / seconds / cores,
        })
    }
}

impl Course {
    /// From warm to the end; from the start if there were too few records to see the worker warm.
    pub(crate) fn steady(&self) -> Result<Span> {
        Span::between(&self.warm, &self.end)
            .or_else(|| Span::between(&self.start, &self.end))
            .context("no records were measured")
    }

    /// The records before that, without the process's own start.
    pub(crate) fn cold(&self) -> Option<Span> {
        Span::between(&self.first, &self.warm)
    }
}

/// Watches until `count` says that `total` records are through; more are an error.
pub(crate) fn watch(
    process: &mut Process,
    broker: Meter,
    total: u64,
    warm: u64,
    mut count: impl FnMut() -> Result<u64>,
) -> Result<Course> {
    let worker = Meter::of(process);
    let mark = |records| Mark::set(records, worker.cpu()?, broker, false);
    let start = mark(0)?;
    let (mut first, mut warmed) = (None, None);
    let (mut last, mut moved) = (0, Instant::now());
    loop {
        let records = count()?;
        if let Some(status) = process.ended()? {
            bail!("the worker ended ({status}) after {records} records\n{}", process.log_tail());
        }
        if records != last {
            (last, moved) = (records, Instant::now());
        } else if moved.elapsed() > STALL {
            bail!("nothing moved for {STALL:?} after {records} of {total} records\n{}", process.log_tail());
        }
        if records > total {
            bail!("{records} records arrived where {total} were sent\n{}", process.log_tail());
        }
        if records > 0 && first.is_none() {
            first = Some(mark(records)?);
        }
        if records >= warm && warmed.is_none() {
            warmed = Some(mark(records)?);
        }
        if let (Some(first), Some(warm), true) = (first, warmed, records == total) {
            return Ok(Course { start, first, warm, end: mark(records)? });
        }
        std::thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn idle(script: &str) -> (tempfile::TempDir, Process) {
        let folder = tempfile::tempdir().unwrap();
        let process =
            Process::spawn("sh", Command::new("sh").args(["-c", script]), &folder.path().join("log")).unwrap();
        (folder, process)
    }

    #[test]
    fn spans_are_per_million() {
        let at = Instant::now();
        let from =
            Mark { records: 0, at, worker: Duration::from_secs(1), broker: Duration::ZERO, others: Duration::ZERO };
        let to = Mark {
            records: 2_000_000,
            at: at + Duration::from_secs(4),
            worker: Duration::from_secs(4),
            broker: Duration::from_secs(1),
            others: Duration::ZERO,
        };
        let expected = Span {
            records: 2_000_000,
            cpu_per_million: 1.5,
            broker_per_million: 0.5,
            per_second: 500_000.0,
            others: 0.0,
        };
        assert_eq!(Span::between(&from, &to), Some(expected));
        assert_eq!(Span::between(&to, &to), None);
    }

    #[test]
    fn marks_are_set_when_their_records_are_through() {
        let (_folder, mut process) = idle("sleep 100");
        let meter = Meter::of(&process);
        let mut counts = [0, 0, 10, 20, 40, 90, 90].into_iter();
        let course = watch(&mut process, meter, 90, 30, || Ok(counts.next().unwrap())).unwrap();
        assert_eq!([course.first.records, course.warm.records, course.end.records], [10, 40, 90]);
        assert_eq!((course.cold().unwrap().records, course.steady().unwrap().records), (30, 50));
        let course = watch(&mut process, meter, 90, 30, || Ok(90)).unwrap();
        assert_eq!((course.cold(), course.steady().unwrap().records), (None, 90));
    }

    #[test]
    fn too_many_records_and_a_dead_worker_are_errors() {
        let (_folder, mut process) = idle("sleep 100");
        let meter = Meter::of(&process);
        assert!(watch(&mut process, meter, 5, 1, || Ok(6)).unwrap_err().to_string().contains("6 records"));
        let (_folder, mut process) = idle("echo trouble; exit 3");
        let error = watch(&mut process, meter, 5, 1, || Ok(0)).unwrap_err().to_string();
        assert!(error.contains("trouble"), "{error}");
    }
}
