//! Records that a sink reports as bad, also long after their put.

use std::collections::BTreeMap;
use std::sync::Arc;

use connect_api::sink::{ErrantRecordReporter, TopicPartition};
use connect_api::{Error, Record, Result};
use env::BoxFuture;
use futures_util::FutureExt;
use futures_util::future::Shared;
use parking_lot::Mutex;

use crate::errors::{Decision, FailedRecord, Failure, Reporters, Stage, Tolerance};

/// A report that is on its way to the dead letter queue.
type Report = Shared<BoxFuture<'static, Result<()>>>;

/// Reports not yet durable, by partition of the record reported.
#[derive(Clone, Default)]
pub struct Reports(Arc<Mutex<BTreeMap<TopicPartition, Vec<Report>>>>);

impl Reports {
    /// Waits until the reports of these partitions are durable.
    pub async fn durable(&self, partitions: &[TopicPartition]) {
        let waiting: Vec<Report> = {
            let reports = self.0.lock();
            partitions.iter().filter_map(|partition| reports.get(partition)).flatten().cloned().collect()
        };
        for report in waiting {
            // A report that failed was logged by the queue; Java commits on as well.
            let _ = report.await;
        }
        // Only now: whoever gives up waiting finds them again.
        self.0.lock().retain(|_, reports| {
            reports.retain(|report| report.peek().is_none());
            !reports.is_empty()
        });
    }

    /// Forgets the reports of partitions that are somebody else's.
    pub fn forget(&self, partitions: &[TopicPartition]) {
        let mut reports = self.0.lock();
        for partition in partitions {
            reports.remove(partition);
        }
    }

    /// How many reports are remembered.
    pub fn len(&self) -> usize {
        self.0.lock().values().map(Vec::len).sum()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The class that reports about records show which the sink itself refused.
pub(super) const SINK_TASK: &str = "org.apache.kafka.connect.sink.SinkTask";

/// The reporter that a sink task gets.
pub struct ErrantRecords {
    tolerance: Tolerance,
    reporters: Reporters,
    reports: Reports,
}

impl ErrantRecords {
    /// Reports to `reporters`; what is on its way is remembered in `reports`.
    pub fn new(tolerance: Tolerance, reporters: Reporters, reports: Reports) -> Self {
        Self { tolerance, reporters, reports }
    }
}

impl ErrantRecordReporter for ErrantRecords {
    fn report(&self, record: &Record, error: Error) -> Result<BoxFuture<'static, Result<()>>> {
        let failed = FailedRecord::of(record);
        let failure = Failure { stage: Stage::TaskPut, class: SINK_TASK, error: &error, record: failed };
        if let Some(log) = &self.reporters.log {
            tracing::error!(error = error.trace(), "{}", log.line(&failure));
        }
        let sent = self.reporters.dead_letters.as_ref().map(|queue| queue.report(&failure));
        // An errant record is never retried: only the tolerance counts.
        let fatal = Error::connect(error.message().unwrap_or_default()).caused_by(error.clone());
        if let Decision::Fail(exceeded) = self.tolerance.decide(&fatal, 1, std::time::Duration::ZERO, |_| 0) {
            return Err(match error.is_retriable() {
                true => exceeded,
                false => crate::errors::exceeded(&error),
            });
        }
        let Some(sent) = sent else { return Ok(Box::pin(std::future::ready(Ok(())))) };
        let report: Report = sent.shared();
        if let Some(origin) = record.sink_origin() {
            let partition = TopicPartition::new(origin.topic.clone(), origin.partition);
            let mut reports = self.reports.0.lock();
            let list = reports.entry(partition).or_default();
            list.retain(|report| report.peek().is_none());
            list.push(report.clone());
        }
        Ok(Box::pin(report))
    }
}
