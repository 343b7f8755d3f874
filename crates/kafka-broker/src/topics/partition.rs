//! A partition: its log, and the fetches that wait for it to grow.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use kafka_wire::batch::set_log_append_time;
use kafka_wire::{Batch, BatchError, Batches, ErrorCode};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::log::{Log, MemoryLog, Retention, TimedOffset};

/// A partition of a topic.
pub(crate) struct Partition {
    inner: Mutex<Inner>,
}

struct Inner {
    log: Box<dyn Log>,
    /// Woken, and forgotten, by the next append.
    waiting: Vec<Weak<Notify>>,
    deleted: bool,
}

/// Why a batch was not appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppendError {
    pub(crate) code: ErrorCode,
    pub(crate) message: Option<String>,
}

/// What a read gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) records: Bytes,
    pub(crate) start_offset: i64,
    pub(crate) end_offset: i64,
}

/// What an append gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    pub(crate) start_offset: i64,
}

/// How batches are appended to a topic's partitions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AppendRules {
    /// `max.message.bytes`
    pub(crate) max_batch_bytes: usize,
    /// `retention.bytes`
    pub(crate) retention_bytes: Option<u64>,
    /// The broker's time, for `message.timestamp.type=LogAppendTime`.
    pub(crate) append_time: Option<i64>,
}

impl Partition {
    pub(crate) fn new(log: Box<dyn Log>) -> Self {
        let inner = Inner { log, waiting: Vec::new(), deleted: false };
        Self { inner: Mutex::new(inner) }
    }

    /// Appends the one batch that `records` is, and wakes who waits for it.
    pub(crate) fn append(&self, records: Bytes, rules: AppendRules) -> Result<Appended, AppendError> {
        let batch = rules.check(records)?;
        let mut inner = self.inner.lock();
        if inner.deleted {
            return Err(ErrorCode::UnknownTopicOrPartition.into());
        }
        let limits = Retention { bytes: rules.retention_bytes, millis: None };
        let appended = inner.log.append(batch).and_then(|base_offset| {
            let end = inner.log.end_offset();
            inner.log.retain(&limits, end, 0)?;
            Ok(Appended { base_offset, start_offset: inner.log.start_offset() })
        });
        inner.wake();
        appended.map_err(|error| AppendError { code: ErrorCode::KafkaStorageError, message: Some(error.to_string()) })
    }

    /// Batches from `offset` on, as [`Log::read`]. `waiter` is woken by whatever is appended after this read; in the
    /// same step, so that nothing is missed between reading and waiting.
    pub(crate) fn read(
        &self,
        offset: i64,
        max_bytes: usize,
        at_least_one: bool,
        waiter: &Arc<Notify>,
    ) -> Result<Slice, ErrorCode> {
        let mut inner = self.inner.lock();
        if inner.deleted {
            return Err(ErrorCode::UnknownTopicOrPartition);
        }
        let (start_offset, end_offset) = (inner.log.start_offset(), inner.log.end_offset());
        if offset < start_offset || offset > end_offset {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        inner.waiting.retain(|waiting| waiting.strong_count() > 0 && !waiting.ptr_eq(&Arc::downgrade(waiter)));
        inner.waiting.push(Arc::downgrade(waiter));
        let records = inner.log.read(offset, max_bytes, at_least_one).map_err(|_| ErrorCode::KafkaStorageError)?;
        Ok(Slice { records, start_offset, end_offset })
    }

    pub(crate) fn start_offset(&self) -> i64 {
        self.inner.lock().log.start_offset()
    }

    pub(crate) fn end_offset(&self) -> i64 {
        self.inner.lock().log.end_offset()
    }

    pub(crate) fn find_by_time(&self, timestamp: i64) -> Result<Option<TimedOffset>, ErrorCode> {
        self.inner.lock().log.find_by_time(timestamp).map_err(|_| ErrorCode::KafkaStorageError)
    }

    pub(crate) fn latest_time(&self) -> Result<Option<TimedOffset>, ErrorCode> {
        self.inner.lock().log.latest_time().map_err(|_| ErrorCode::KafkaStorageError)
    }

    /// Records below `before` are gone, or all there are; gives the first offset that is left.
    ///
    /// # Errors
    /// When there is no such offset, or it could not be kept.
    pub(crate) fn delete_before(&self, before: Option<i64>) -> Result<i64, ErrorCode> {
        let mut inner = self.inner.lock();
        if inner.deleted {
            return Err(ErrorCode::UnknownTopicOrPartition);
        }
        let end = inner.log.end_offset();
        let before = before.unwrap_or(end);
        if before < 0 || before > end {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        inner.log.delete_before(before).map_err(|_| ErrorCode::KafkaStorageError)?;
        Ok(inner.log.start_offset())
    }

    /// The topic is gone: who waits learns of it.
    pub(crate) fn delete(&self) {
        let mut inner = self.inner.lock();
        inner.deleted = true;
        inner.log = Box::new(MemoryLog::new());
        inner.wake();
    }
}

impl Inner {
    fn wake(&mut self) {
        for waiter in self.waiting.drain(..).filter_map(|waiter| waiter.upgrade()) {
            waiter.notify_one();
        }
    }
}

impl AppendRules {
    /// The batch, when it is one that may be appended.
    fn check(&self, records: Bytes) -> Result<Batch, AppendError> {
        let invalid = |message: &str| AppendError { code: ErrorCode::InvalidRecord, message: Some(message.into()) };
        let mut batches = Batches::new(records);
        let batch = match batches.next() {
            Some(batch) => batch.map_err(|error| refused(&error))?,
            None if batches.remaining().is_empty() => {
                return Err(invalid("The request has no record batch for the partition."));
            }
            None => return Err(refused(&BatchError::Corrupt("the batch is cut off"))),
        };
        if !batches.remaining().is_empty() {
            return Err(invalid("The request must have exactly one record batch for the partition."));
        }
        let (header, size) = (batch.header(), batch.bytes().len());
        if size > self.max_batch_bytes {
            let max = self.max_batch_bytes;
            let message = format!("The record batch size is {size} bytes, which exceeds the maximum of {max} bytes.");
            return Err(AppendError { code: ErrorCode::MessageTooLarge, message: Some(message) });
        }
        batch.check_crc().map_err(|error| refused(&error))?;
        header.compression().map_err(|error| refused(&error))?;
        if header.is_control() {
            return Err(invalid("Clients may not write control records."));
        }
        if header.is_transactional() {
            let message = "This broker does not support transactions yet.";
            return Err(AppendError { code: ErrorCode::InvalidTxnState, message: Some(message.into()) });
        }
        if header.count <= 0 || i64::from(header.last_offset_delta) != i64::from(header.count) - 1 {
            return Err(invalid("The record batch's number of records and last offset contradict each other."));
        }
        match self.append_time {
            None => Ok(batch),
            Some(time) => {
                let mut bytes = bytes::BytesMut::from(&batch.bytes()[..]);
                set_log_append_time(&mut bytes, time).map_err(|error| refused(&error))?;
                Batch::new(bytes.freeze()).map_err(|error| refused(&error))
            }
        }
    }
}

fn refused(error: &BatchError) -> AppendError {
    let code = match error {
        BatchError::UnsupportedMagic(_) => ErrorCode::UnsupportedForMessageFormat,
        BatchError::UnknownCompression(_) => ErrorCode::UnsupportedCompressionType,
        _ => ErrorCode::CorruptMessage,
    };
    AppendError { code, message: Some(error.to_string()) }
}

impl From<ErrorCode> for AppendError {
    fn from(code: ErrorCode) -> Self {
        Self { code, message: None }
    }
}
