//! The interface of logs.

use std::io;

use bytes::Bytes;
use kafka_wire::Batch;

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
    fn read(&self, offset: i64, max_bytes: usize, at_least_one: bool) -> io::Result<Bytes>;

    /// The offset of the first record kept.
    fn start_offset(&self) -> i64;

    /// The offset the next record gets.
    fn end_offset(&self) -> i64;

    /// The first record whose timestamp is `timestamp` or later.
    ///
    /// # Errors
    /// When a batch cannot be read.
    fn find_by_time(&self, timestamp: i64) -> io::Result<Option<TimedOffset>>;

    /// The first record of those with the latest timestamp.
    ///
    /// # Errors
    /// When a batch cannot be read.
    fn latest_time(&self) -> io::Result<Option<TimedOffset>>;

    /// Drops whole batches from the beginning until at most `bytes` are kept, or one batch.
    ///
    /// # Errors
    /// When they cannot be dropped.
    fn truncate_to_bytes(&mut self, bytes: u64) -> io::Result<()>;
}
