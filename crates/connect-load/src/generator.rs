//! A source task that makes its records itself.

use std::sync::Arc;

use async_trait::async_trait;
use connect_api::source::{OffsetReader, SourceBatch, SourceReader, SourceTaskContext};
use connect_api::{Error, Kind, Record, Result, Signal, SourceOffset, SourcePartition, Text, Value};

use crate::pace::{Pace, Turn};
use crate::printer::Printer;

/// The key of stored partitions: the task's number.
const ID: &str = "id";
/// The key of stored offsets: the number of the record.
const SEQNO: &str = "seqno";

/// What a task numbers its records in: `{"id": <task>}` with offsets `{"seqno": <number of the record>}`.
#[derive(Clone, Debug)]
pub struct Partition {
    partition: SourcePartition,
    offset_keys: Arc<[Text]>,
}

impl Partition {
    /// That of the task `id`.
    pub fn of(id: i32) -> Self {
        Self { partition: SourcePartition::new([(ID, id)]), offset_keys: SourceOffset::keys([SEQNO]) }
    }

    /// The source partition.
    pub fn partition(&self) -> SourcePartition {
        self.partition.clone()
    }

    /// The source offset of record `seqno`.
    pub fn offset(&self, seqno: i64) -> SourceOffset {
        SourceOffset::new(&self.offset_keys, [Value::Int64(seqno)])
    }

    /// The number of the next record: the one after the stored one, or 0.
    ///
    /// # Errors
    /// When the stored number is none, with what Java says of its type.
    pub async fn next(&self, offsets: &dyn OffsetReader) -> Result<i64> {
        let stored = offsets.offset(&self.partition).await?;
        match stored.as_ref().map(|offset| offset.get(SEQNO).unwrap_or(&Value::Null)) {
            None => Ok(0),
            Some(Value::Int64(seqno)) => Ok(seqno.wrapping_add(1)),
            Some(Value::Null) => Err(Error::new(
                Kind::Connect,
                "Cannot invoke \"java.lang.Long.longValue()\" because the return value of \
                 \"java.util.Map.get(Object)\" is null",
            )
            .with_class("java.lang.NullPointerException")),
            Some(other) => {
                let class = other.java_class();
                let text = format!(
                    "class {class} cannot be cast to class java.lang.Long ({class} and java.lang.Long are in module \
                     java.base of loader 'bootstrap')"
                );
                Err(Error::new(Kind::Connect, text).with_class("java.lang.ClassCastException"))
            }
        }
    }
}

/// Makes records.
pub trait Generator: Send {
    /// Makes record `seqno`, the one after `made` others of this run, at `now` (milliseconds since 1970); appends what
    /// is to be printed, each line with its line feed.
    ///
    /// # Errors
    /// Any fails the task, after the records before this one were sent and what was appended was printed.
    fn record(&self, seqno: i64, made: u64, now: i64, lines: &mut String) -> Result<Record>;
}

/// Polls a [`Generator`] at a [`Pace`], until it has made enough or is stopped.
pub struct Endless<G> {
    context: SourceTaskContext,
    generator: G,
    pace: Pace,
    printer: Printer,
    /// The number of the next record.
    seqno: i64,
    /// How many were made in this run.
    made: u64,
    /// The most records of this run.
    limit: u64,
    lines: String,
    /// What the next poll fails with.
    failed: Option<Error>,
}

impl<G: Generator> Endless<G> {
    /// Starts with record `seqno` and makes at most `limit`.
    pub fn new(context: SourceTaskContext, generator: G, per_second: i64, seqno: i64, limit: u64) -> Self {
        let (pace, printer) = (Pace::new(&context.env, per_second), Printer::new(&context.env));
        Self { context, generator, pace, printer, seqno, made: 0, limit, lines: String::new(), failed: None }
    }

    /// What may be done now.
    fn turn(&self) -> Turn {
        let left = self.limit - self.made;
        match usize::try_from(left).unwrap_or(usize::MAX).min(SourceBatch::TARGET_RECORDS) {
            0 => Turn::Never,
            wanted => self.pace.turn(self.made, wanted, self.context.env.clock().now()),
        }
    }

    /// Makes `count` records, fewer when one fails.
    fn make(&mut self, count: usize, batch: &mut SourceBatch) {
        let now = self.context.env.clock().unix_millis();
        for _ in 0..count {
            match self.generator.record(self.seqno, self.made, now, &mut self.lines) {
                Ok(record) => batch.push(record.with_tag(self.seqno as u64)),
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
            self.seqno = self.seqno.wrapping_add(1);
            self.made += 1;
        }
        self.printer.print(&self.lines);
        self.lines.clear();
    }
}

#[async_trait]
impl<G: Generator> SourceReader for Endless<G> {
    async fn poll(&mut self, batch: &mut SourceBatch) -> Result<()> {
        let (env, token) = (self.context.env.clone(), self.context.token.clone());
        while batch.is_empty() && token.signal() == Signal::Run {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            match self.turn() {
                Turn::Make(count) => self.make(count, batch),
                Turn::Wait(wait) => {
                    tokio::select! {
                        biased;
                        _ = token.changed_from(Signal::Run) => {}
                        () = env.sleep(wait) => {}
                    }
                }
                Turn::Never => {
                    token.changed_from(Signal::Run).await;
                }
            }
        }
        Ok(())
    }
}
