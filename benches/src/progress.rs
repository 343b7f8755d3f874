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
    /// When the measured ones were through.
    pub(crate) end: Mark,
}

/// How many records make a run. A worker reads ahead of what is acknowledged, so at each mark it has paid for more records than are
/// through; with as much to come behind the last mark as its buffers hold, that is true of both ends of a span alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lengths {
    /// So many until the worker is warm.
    pub(crate) warm: u64,
    /// So many until the end of the measurement.
    pub(crate) end: u64,
    /// All.
    pub(crate) total: u64,
}

impl Lengths {
    /// For a measurement that ends with record number `end`.
    pub(crate) fn of(end: u64) -> Self {
        let warm = (end / 3).max(WARM.min(end / 2));
        Self { warm, end, total: end + BEHIND.min(end / 2) }
    }

    /// Whether buffers are small beside the measured part.
    pub(crate) fn meaningful(&self) -> bool {
        self.end - self.warm >= 2 * BEHIND
    }
}

/// Java's compiler has done its work by then.
const WARM: u64 = 1_000_000;
/// `buffer.memory` is 32 MiB: 310,000 records of 100 B.
const BEHIND: u64 = 500_000;

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

/// Watches until `count` says that all records are through; more are an error.
pub(crate) fn watch(
    process: &mut Process,
    broker: Meter,
    lengths: Lengths,
    mut count: impl FnMut() -> Result<u64>,
) -> Result<Course> {
    let worker = Meter::of(process);
    let mark = |records| Mark::set(records, worker.cpu()?, broker, false);
    let start = mark(0)?;
    let Lengths { warm, end, total } = lengths;
    let (mut first, mut warmed, mut ended) = (None, None, None);
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
        if records >= end && ended.is_none() {
            ended = Some(mark(records)?);
        }
        if let (Some(first), Some(warm), Some(end), true) = (first, warmed, ended, records == total) {
            return Ok(Course { start, first, warm, end });
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
        let lengths = Lengths { warm: 30, end: 80, total: 100 };
        let mut counts = [0, 0, 10, 20, 40, 90, 100].into_iter();
        let course = watch(&mut process, meter, lengths, || Ok(counts.next().unwrap())).unwrap();
        assert_eq!([course.first.records, course.warm.records, course.end.records], [10, 40, 90]);
        assert_eq!((course.cold().unwrap().records, course.steady().unwrap().records), (30, 50));
        let course = watch(&mut process, meter, lengths, || Ok(100)).unwrap();
        assert_eq!((course.cold(), course.steady().unwrap().records), (None, 100));
    }

    #[test]
    fn java_is_warm_after_a_third_and_a_million_and_its_buffers_are_full_at_the_end() {
        let lengths = |warm, end, total| Lengths { warm, end, total };
        for (end, expected, meaningful) in [
            (30, lengths(15, 30, 45), false),
            (1_000_000, lengths(500_000, 1_000_000, 1_500_000), false),
            (2_400_000, lengths(1_000_000, 2_400_000, 2_900_000), true),
            (9_000_000, lengths(3_000_000, 9_000_000, 9_500_000), true),
        ] {
            assert_eq!((Lengths::of(end), expected.meaningful()), (expected, meaningful));
        }
    }

    #[test]
    fn too_many_records_and_a_dead_worker_are_errors() {
        let (_folder, mut process) = idle("sleep 100");
        let meter = Meter::of(&process);
        assert!(
            watch(&mut process, meter, Lengths { warm: 1, end: 5, total: 5 }, || Ok(6))
                .unwrap_err()
                .to_string()
                .contains("6 records")
        );
        let (_folder, mut process) = idle("echo trouble; exit 3");
        let error =
            watch(&mut process, meter, Lengths { warm: 1, end: 5, total: 5 }, || Ok(0)).unwrap_err().to_string();
        assert!(error.contains("trouble"), "{error}");
    }
}
