//! Reports of failed records to the log and the dead letter queue.

use std::fmt::Write as _;
use std::sync::Arc;

use connect_api::{Error, Origin, RawRecord, Record, TimestampType};

use super::record_text::source_text;
use super::{DeadLetterQueue, Stage};
use crate::TaskId;

/// A failed record.
#[derive(Debug)]
pub struct Failure<'a> {
    /// Where it failed.
    pub stage: Stage,
    /// The Java class that was executing.
    pub class: &'a str,
    /// What went wrong.
    pub error: &'a Error,
    /// The record.
    pub record: FailedRecord<'a>,
}

/// What is known of a failed record.
#[derive(Clone, Copy, Debug)]
pub enum FailedRecord<'a> {
    /// It came from a source connector.
    Source(&'a Record),
    /// It was consumed from Kafka.
    Consumed {
        /// Topic.
        topic: &'a Arc<str>,
        /// Partition.
        partition: i32,
        /// Offset.
        offset: i64,
        /// Milliseconds since 1970.
        timestamp: i64,
        /// What the timestamp means.
        timestamp_type: TimestampType,
        /// The bytes.
        raw: &'a RawRecord,
    },
}

impl<'a> FailedRecord<'a> {
    /// The record as it came, whatever transforms made of it; a source record without its original, as it is.
    pub fn of(record: &'a Record) -> Self {
        match &record.origin {
            Origin::Source(origin) => FailedRecord::Source(origin.original.as_deref().unwrap_or(record)),
            Origin::Sink(origin) => FailedRecord::Consumed {
                topic: &origin.topic,
                partition: origin.partition,
                offset: origin.offset,
                timestamp: record.timestamp.unwrap_or(-1),
                timestamp_type: origin.timestamp_type,
                raw: &origin.raw,
            },
        }
    }
}

/// Writes failures to the log (`errors.log.enable`).
#[derive(Clone, Debug)]
pub struct LogReporter {
    /// The task.
    pub task: TaskId,
    /// `errors.log.include.messages`
    pub include_messages: bool,
}

impl LogReporter {
    /// The line Apache Kafka Connect logs for this failure.
    pub fn line(&self, failure: &Failure<'_>) -> String {
        let mut line = format!(
            "Error encountered in task {}. Executing stage '{}' with class '{}'",
            self.task,
            failure.stage.name(),
            failure.class
        );
        if self.include_messages {
            match &failure.record {
                FailedRecord::Source(record) => {
                    let _ = write!(line, ", where source record is = {}", source_text(record));
                }
                FailedRecord::Consumed { topic, partition, offset, timestamp, timestamp_type, .. } => {
                    let _ = write!(line, ", where consumed record is {{topic='{topic}', partition={partition}, ");
                    let _ = write!(line, "offset={offset}");
                    if *timestamp_type != TimestampType::NoTimestampType {
                        let _ = write!(line, ", timestamp={timestamp}, timestampType={timestamp_type}");
                    }
                    line.push('}');
                }
            }
        }
        line.push('.');
        line
    }

    fn report(&self, failure: &Failure<'_>) {
        tracing::error!(error = failure.error.trace(), "{}", self.line(failure));
    }
}

/// Everybody who is told of failed records.
#[derive(Clone, Default)]
pub struct Reporters {
    /// The log.
    pub log: Option<LogReporter>,
    /// The dead letter queue.
    pub dead_letters: Option<Arc<DeadLetterQueue>>,
}

impl Reporters {
    /// Tells everybody; returns at once. What the dead letter queue makes of it is waited for before offsets are
    /// committed.
    pub fn report(&self, failure: &Failure<'_>) {
        if let Some(log) = &self.log {
            log.report(failure);
        }
        if let Some(queue) = &self.dead_letters {
            drop(queue.report(failure));
        }
    }

    /// Whether the records of a source must keep what they were before the transforms, for those who are told.
    pub fn want_originals(&self) -> bool {
        self.dead_letters.is_some() || self.log.as_ref().is_some_and(|log| log.include_messages)
    }

    /// Whether anybody listens: decides whether a sink gets an errant-record reporter.
    pub fn any(&self) -> bool {
        self.log.is_some() || self.dead_letters.is_some()
    }
}
