//! A partition: its log, the producers that write to it, and the fetches that wait for it to grow.

use std::io;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use kafka_wire::batch::{ControlType, control_batch};
use kafka_wire::{Batch, Batches, ErrorCode, ProducerState};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::append_rules::{AppendError, AppendRules};
use super::producers::{Aborted, Guard, Open, Producers};
use crate::log::{Log, MemoryLog, Retention, TimedOffset};

/// A partition of a topic.
pub(crate) struct Partition {
    inner: Mutex<Inner>,
}

struct Inner {
    log: Box<dyn Log>,
    producers: Producers,
    /// Woken, and forgotten, by the next append.
    waiting: Vec<Weak<Notify>>,
    deleted: bool,
}

/// What a read gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) records: Bytes,
    pub(crate) start_offset: i64,
    pub(crate) end_offset: i64,
    /// Up to here every transaction is decided.
    pub(crate) stable_offset: i64,
    /// The aborted transactions among the records; `None` when the reader takes what is not committed too.
    pub(crate) aborted: Option<Vec<Aborted>>,
}

/// What a reader sees (`isolation.level`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// Everything.
    ReadUncommitted,
    /// Nothing beyond the first transaction that is open.
    ReadCommitted,
}

impl Isolation {
    /// From its number on the wire.
    pub(crate) fn of(level: i8) -> Self {
        if level == 0 { Self::ReadUncommitted } else { Self::ReadCommitted }
    }
}

/// What an append gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    pub(crate) start_offset: i64,
    /// The time the broker gave to the records, in milliseconds since 1970.
    pub(crate) append_time: Option<i64>,
}

/// The end of a producer's transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
    pub(crate) commit: bool,
}

impl Partition {
    /// The partition whose log this is. What its producers did is read from it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) fn open(mut log: Box<dyn Log>) -> io::Result<Self> {
        let mut producers = Producers::default();
        let start = log.start_offset();
        log.scan(start, &mut |batch| producers.replay(batch).map_err(io::Error::other))?;
        producers.forget_before(start);
        let inner = Inner { log, producers, waiting: Vec::new(), deleted: false };
        Ok(Self { inner: Mutex::new(inner) })
    }

    /// Before a batch of a transaction is appended: `Some` when the transaction's coordinator has to agree first. What it
    /// gives goes into [`Partition::append`].
    pub(crate) fn verify(&self, batch: ProducerState) -> Option<Guard> {
        self.inner.lock().producers.verify(batch)
    }

    /// Appends the one batch that `records` is, and wakes who waits for it. A batch that is in the log already is not
    /// appended again.
    pub(crate) fn append(
        &self,
        records: Bytes,
        rules: AppendRules,
        guard: Option<Guard>,
    ) -> Result<Appended, AppendError> {
        let batch = rules.check(records)?;
        let header = batch.header().clone();
        let mut inner = self.inner.lock();
        if inner.deleted {
            return Err(ErrorCode::UnknownTopicOrPartition.into());
        }
        let start_offset = inner.log.start_offset();
        if header.producer.id >= 0
            && let Some(known) = inner.producers.check(&header, guard)?
        {
            // Parity: a duplicate's largest timestamp is answered as if it were the broker's.
            let append_time = Some(known.timestamp);
            return Ok(Appended { base_offset: known.base_offset, start_offset, append_time });
        }
        let base_offset = inner.log.append(batch)?;
        if header.producer.id >= 0 {
            inner.producers.appended(&header, base_offset, Some(rules.now));
        }
        inner.wake();
        inner.retain(&Retention { bytes: rules.retention_bytes, millis: None })?;
        Ok(Appended { base_offset, start_offset: inner.log.start_offset(), append_time: rules.append_time })
    }

    /// Appends the end of a producer's transaction, at the broker's time `now`. A partition that is deleted needs none.
    ///
    /// # Errors
    /// When it could not be kept, or a producer with a newer epoch is there.
    pub(crate) fn append_marker(&self, marker: Marker, now: i64) -> Result<(), AppendError> {
        /// There has never been another coordinator.
        const COORDINATOR_EPOCH: i32 = 0;
        let Marker { producer_id, epoch, commit } = marker;
        let control = if commit { ControlType::Commit } else { ControlType::Abort };
        let bytes = control_batch(control, (producer_id, epoch), 0, 0, now, COORDINATOR_EPOCH);
        let batch = bytes.and_then(Batch::new).map_err(io::Error::other)?;
        let mut inner = self.inner.lock();
        if inner.deleted {
            return Ok(());
        }
        inner.producers.check_marker(producer_id, epoch)?;
        let offset = inner.log.append(batch)?;
        inner.producers.ended(producer_id, epoch, commit, offset, Some(now));
        inner.wake();
        Ok(())
    }

    /// The transactions that have records here and no end.
    pub(crate) fn open_transactions(&self) -> Vec<Open> {
        self.inner.lock().producers.open()
    }

    /// Batches from `offset` on, as [`Log::read`], as far as the reader may see. `waiter` is woken by whatever is
    /// appended after this read; in the same step, so that nothing is missed between reading and waiting.
    pub(crate) fn read(
        &self,
        offset: i64,
        max_bytes: usize,
        at_least_one: bool,
        isolation: Isolation,
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
        let stable_offset = inner.stable_offset();
        let last = if isolation == Isolation::ReadCommitted { stable_offset } else { end_offset };
        let records = if offset < last {
            let records = inner.log.read(offset, max_bytes, at_least_one).map_err(|error| unreadable(&error))?;
            if last < end_offset { cut(records, last) } else { records }
        } else {
            Bytes::new()
        };
        let aborted = (isolation == Isolation::ReadCommitted).then(|| {
            let mut aborted = inner.producers.aborted(offset, last);
            if !aborted.is_empty() {
                let end = next_offset(&records).unwrap_or(offset);
                aborted.retain(|aborted| aborted.first_offset < end);
            }
            aborted
        });
        Ok(Slice { records, start_offset, end_offset, stable_offset, aborted })
    }

    /// Whether reading from `offset` on is answered from memory, at once.
    pub(crate) fn is_read_up_to(&self, offset: i64) -> bool {
        // Who has the lock may be waiting for the disk.
        self.inner.try_lock().is_some_and(|inner| inner.log.end_offset() <= offset)
    }

    /// The offset beyond which this reader sees nothing.
    pub(crate) fn last_offset(&self, isolation: Isolation) -> i64 {
        let inner = self.inner.lock();
        match isolation {
            Isolation::ReadUncommitted => inner.log.end_offset(),
            Isolation::ReadCommitted => inner.stable_offset(),
        }
    }

    pub(crate) fn start_offset(&self) -> i64 {
        self.inner.lock().log.start_offset()
    }

    pub(crate) fn end_offset(&self) -> i64 {
        self.inner.lock().log.end_offset()
    }

    pub(crate) fn find_by_time(&self, timestamp: i64) -> Result<Option<TimedOffset>, ErrorCode> {
        self.inner.lock().log.find_by_time(timestamp).map_err(|error| unreadable(&error))
    }

    pub(crate) fn latest_time(&self) -> Result<Option<TimedOffset>, ErrorCode> {
        self.inner.lock().log.latest_time().map_err(|error| unreadable(&error))
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
        inner.log.delete_before(before).map_err(|error| unreadable(&error))?;
        let start = inner.log.start_offset();
        inner.producers.forget_before(start);
        Ok(start)
    }

    /// Works with the log; the offset is the one up to which every transaction is decided.
    pub(crate) fn with_log<T>(&self, work: impl FnOnce(&mut dyn Log, i64) -> T) -> T {
        let mut inner = self.inner.lock();
        let stable = inner.stable_offset();
        let done = work(&mut *inner.log, stable);
        let start = inner.log.start_offset();
        inner.producers.forget_before(start);
        done
    }

    /// The topic is gone: who waits learns of it.
    pub(crate) fn delete(&self) {
        let mut inner = self.inner.lock();
        inner.deleted = true;
        inner.log = Box::new(MemoryLog::new());
        inner.producers = Producers::default();
        inner.wake();
    }
}

/// What a client is told when the disk does not give what it holds; why, the log says.
fn unreadable(error: &io::Error) -> ErrorCode {
    tracing::warn!(%error, "a log cannot be read or cut");
    ErrorCode::KafkaStorageError
}

impl Inner {
    /// The offset up to which every transaction is decided.
    fn stable_offset(&self) -> i64 {
        self.producers.stable_offset(self.log.start_offset(), self.log.end_offset())
    }

    /// Drops what the limits allow.
    fn retain(&mut self, limits: &Retention) -> io::Result<()> {
        let stable = self.stable_offset();
        self.log.retain(limits, stable, 0)?;
        self.producers.forget_before(self.log.start_offset());
        Ok(())
    }

    fn wake(&mut self) {
        for waiter in self.waiting.drain(..).filter_map(|waiter| waiter.upgrade()) {
            waiter.notify_one();
        }
    }
}

/// The whole batches of `records` that begin before `end`.
fn cut(records: Bytes, end: i64) -> Bytes {
    let mut batches = Batches::new(records.clone());
    let mut left = batches.remaining().len();
    while let Some(Ok(batch)) = batches.next() {
        if batch.header().base_offset >= end {
            break;
        }
        left = batches.remaining().len();
    }
    records.slice(..records.len() - left)
}

/// The offset after the last of these batches.
fn next_offset(records: &Bytes) -> Option<i64> {
    Batches::new(records.clone()).filter_map(Result::ok).last().map(|batch| batch.header().next_offset())
}
