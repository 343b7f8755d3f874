//! The interface of logs.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use kafka_wire::Batch;

use super::{Compaction, CompactionRules};

/// A place in a log, found by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedOffset {
    /// The record's offset.
    pub offset: i64,
    /// Its timestamp, in milliseconds since 1970.
    pub timestamp: i64,
}

/// The batches of one partition, in the order of their offsets. The caller has checked each batch and serialises the
/// calls.
pub trait Log: Send {
    /// Appends one batch; its records get the offsets from [`Log::end_offset`] on. Gives the first of them.
    ///
    /// # Errors
    /// When it could not be kept; then nothing of it is.
    fn append(&mut self, batch: Batch) -> io::Result<i64>;

    /// Whole batches from the one that holds `offset` on, at most `max_bytes` of them; with `at_least_one`, the first
    /// whatever its size. Empty at the end of the log.
    ///
    /// # Errors
    /// When they cannot be read.
    fn read(&mut self, offset: i64, max_bytes: usize, at_least_one: bool) -> io::Result<Bytes>;

    /// The offset of the first record kept.
    fn start_offset(&self) -> i64;

    /// The offset the next record gets.
    fn end_offset(&self) -> i64;

    /// The first record whose timestamp is `timestamp` or later.
    ///
    /// # Errors
    /// When a batch cannot be read.
    fn find_by_time(&mut self, timestamp: i64) -> io::Result<Option<TimedOffset>>;

    /// The first record of those with the latest timestamp.
    ///
    /// # Errors
    /// When a batch cannot be read.
    fn latest_time(&mut self) -> io::Result<Option<TimedOffset>>;

    /// Shows every batch from the one that holds `offset` on, in order; stops at the first error of `visit`.
    ///
    /// # Errors
    /// That of `visit`, or when a batch cannot be read.
    fn scan(&mut self, offset: i64, visit: &mut dyn FnMut(&Batch) -> io::Result<()>) -> io::Result<()>;

    /// Records below `offset` are gone: it is the new start. Batches that hold none but such records are dropped when
    /// it is convenient.
    ///
    /// # Errors
    /// When that could not be kept.
    fn delete_before(&mut self, offset: i64) -> io::Result<()>;

    /// Drops from the beginning what is beyond the limits, in whole batches or larger pieces. What is at `stable` or
    /// later stays.
    ///
    /// # Errors
    /// When it cannot be dropped.
    fn retain(&mut self, limits: &Retention, stable: i64, now: i64) -> io::Result<()>;

    /// Begins to compact the pieces that nothing is appended to any more, up to `stable`; `None` when there is too little to
    /// gain. The caller runs it, while the log is used by others, and gives it to [`Log::finish_compaction`].
    ///
    /// # Errors
    /// When the log cannot be read.
    fn begin_compaction(&mut self, rules: &CompactionRules, stable: i64, now: i64) -> io::Result<Option<Compaction>>;

    /// Puts what [`Log::begin_compaction`] has begun in the place of what it was made from.
    ///
    /// # Errors
    /// When it cannot be kept; then at least that is there which is newer than what could be replaced.
    fn finish_compaction(&mut self, done: Compaction) -> io::Result<()>;

    /// From now on these settings count.
    fn configure(&mut self, settings: &LogSettings);

    /// Bytes of batches that are kept.
    fn size(&self) -> u64;

    /// What makes the next start quick: called at the end, after the last append. The log can still be used.
    ///
    /// # Errors
    /// As [`Log::flush`].
    fn close(&mut self) -> io::Result<()> {
        self.flush()
    }

    /// Makes what was appended durable: after it returns, a crash of the machine loses none of it.
    ///
    /// # Errors
    /// Any error means that it may be lost.
    fn flush(&mut self) -> io::Result<()>;
}

/// What a log keeps at most (`cleanup.policy=delete`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// `retention.bytes`; `None`: any number.
    pub bytes: Option<u64>,
    /// `retention.ms`, by the largest timestamp of a piece; `None`: for ever.
    pub millis: Option<i64>,
}

/// How a log is kept, whatever is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// `segment.bytes`
    pub segment_bytes: u64,
    /// `segment.ms`
    pub segment_millis: i64,
    /// `flush.messages`: after so many records they are made durable before anything else happens.
    pub flush_messages: u64,
    /// `flush.ms`: records are durable after that time at the latest.
    pub flush_interval: Duration,
}

impl Default for LogSettings {
    /// Kafka's defaults, but for the flush interval: a second, where Kafka relies on replicas instead.
    fn default() -> Self {
        Self {
            segment_bytes: 1024 * 1024 * 1024,
            segment_millis: 7 * 24 * 60 * 60 * 1000,
            flush_messages: i64::MAX as u64,
            flush_interval: Duration::from_secs(1),
        }
    }
}
