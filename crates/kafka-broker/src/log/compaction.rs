//! Compaction (`cleanup.policy=compact`): which records of a log stay. Pure: batches in, batches out.
//!
//! The latest record of each key stays, with its offset. A tombstone stays for `delete.retention.ms` after it was seen here
//! first (KIP-534: that time stands in the batch from then on). Records of aborted transactions go at once; the marker
//! of a transaction goes as a tombstone does once no record of its transaction is left. The last batch of a producer
//! stays without records for a day, so that its sequence numbers are remembered.

use std::collections::{BTreeMap, HashMap};
use std::io;

use bytes::Bytes;
use kafka_wire::batch::{ControlType, DEFAULT_MAX_DECOMPRESSED};
use kafka_wire::{Batch, BatchBuilder, BatchError, BatchHeader, BatchOptions};

/// Memory for the keys of one pass, in bytes (`log.cleaner.dedupe.buffer.size`; Kafka takes 128 MiB for all partitions).
/// What does not fit waits for the next pass.
const MAX_KEY_BYTES: usize = 64 * 1024 * 1024;
/// What a key costs besides its own bytes.
const KEY_OVERHEAD: usize = 64;
/// `producer.id.expiration.ms`
const PRODUCER_EXPIRATION: i64 = 24 * 60 * 60 * 1000;

/// How a log is compacted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CompactionRules {
    /// `delete.retention.ms`
    pub delete_retention_millis: i64,
    /// `min.compaction.lag.ms`
    pub min_lag_millis: i64,
    /// `min.cleanable.dirty.ratio`
    pub min_dirty_ratio: f64,
}

impl Default for CompactionRules {
    fn default() -> Self {
        Self { delete_retention_millis: 24 * 60 * 60 * 1000, min_lag_millis: 0, min_dirty_ratio: 0.5 }
    }
}

/// One pass over a log. Show it every header with [`Cleaner::survey`], then every batch from the first that was never
/// compacted on with [`Cleaner::learn`], then every batch with [`Cleaner::clean`]; each time in order, and up to the same
/// place, which no open transaction has passed. A transaction whose end comes later still ends the pass there.
pub(crate) struct Cleaner {
    now: i64,
    delete_retention: i64,
    max_key_bytes: usize,
    /// The ends of each producer's transactions: the marker's offset, and whether it aborts.
    markers: BTreeMap<i64, Vec<(i64, bool)>>,
    /// Where transactions begin whose ends were not seen: whether they are aborted, nobody knows here.
    undecided: BTreeMap<i64, i64>,
    /// The offset of each producer's last batch.
    last_of_producer: BTreeMap<i64, i64>,
    /// The offset of the last record of each key. Never walked through, so that its order does not matter.
    latest: HashMap<Box<[u8]>, i64>,
    key_bytes: usize,
    /// Where memory ended.
    full_at: Option<i64>,
    /// Producers whose current transaction has records left.
    has_records: BTreeMap<i64, bool>,
}

/// What becomes of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cleaned {
    /// It stays as it is.
    Kept,
    /// This takes its place.
    Replaced(Bytes),
    /// It goes.
    Dropped,
}

impl Cleaner {
    pub(crate) fn new(rules: &CompactionRules, now: i64) -> Self {
        Self {
            now,
            delete_retention: rules.delete_retention_millis,
            max_key_bytes: MAX_KEY_BYTES,
            markers: BTreeMap::new(),
            undecided: BTreeMap::new(),
            last_of_producer: BTreeMap::new(),
            latest: HashMap::new(),
            key_bytes: 0,
            full_at: None,
            has_records: BTreeMap::new(),
        }
    }

    #[cfg(test)]
    pub(crate) fn with_key_bytes(mut self, bytes: usize) -> Self {
        self.max_key_bytes = bytes;
        self
    }

    /// The offset up to which the log is compacted after this pass, when it was shown up to `end`.
    pub(crate) fn cleaned_to(&self, end: i64) -> i64 {
        self.limit().min(end)
    }

    /// Whether another pass over the same batches would do more.
    pub(crate) fn was_full(&self) -> bool {
        self.full_at.is_some()
    }

    /// Batches from here on stay as they are.
    fn limit(&self) -> i64 {
        let undecided = self.undecided.values().copied().min();
        self.full_at.unwrap_or(i64::MAX).min(undecided.unwrap_or(i64::MAX))
    }

    /// Takes note of who wrote what; `batch` gives the batch of the header, which is needed for control batches alone.
    ///
    /// # Errors
    /// Those of `batch`, or when a control batch cannot be read.
    pub(crate) fn survey(&mut self, header: &BatchHeader, batch: impl FnOnce() -> io::Result<Batch>) -> io::Result<()> {
        if header.producer.id < 0 {
            return Ok(());
        }
        self.last_of_producer.insert(header.producer.id, header.base_offset);
        if header.is_control()
            && let Some(kind) = batch()?.control_type().map_err(io::Error::other)?
        {
            let ends = self.markers.entry(header.producer.id).or_default();
            ends.push((header.base_offset, kind == ControlType::Abort));
        }
        if header.is_control() {
            self.undecided.remove(&header.producer.id);
        } else if header.is_transactional() && header.count > 0 {
            self.undecided.entry(header.producer.id).or_insert(header.base_offset);
        }
        Ok(())
    }

    /// Takes note of the keys in a batch.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn learn(&mut self, batch: &Batch) -> io::Result<()> {
        let header = batch.header();
        if header.base_offset >= self.limit() || header.is_control() || self.is_aborted(header) {
            return Ok(());
        }
        let mut records = batch.records(DEFAULT_MAX_DECOMPRESSED).map_err(io::Error::other)?;
        while let Some(record) = records.next_view() {
            let record = record.map_err(io::Error::other)?;
            let Some(key) = record.key else { continue };
            if let Some(latest) = self.latest.get_mut(key) {
                *latest = record.offset;
                continue;
            }
            self.key_bytes += key.len() + KEY_OVERHEAD;
            self.latest.insert(key.into(), record.offset);
        }
        // A batch is learnt as a whole, so that one whose keys are too many alone does not stop everything for ever.
        if self.key_bytes > self.max_key_bytes {
            self.full_at = Some(header.next_offset());
        }
        Ok(())
    }

    /// What becomes of a batch.
    ///
    /// # Errors
    /// When it cannot be read or written anew.
    pub(crate) fn clean(&mut self, batch: &Batch) -> io::Result<Cleaned> {
        if batch.header().base_offset >= self.limit() {
            return Ok(Cleaned::Kept);
        }
        let cleaned = match batch.header().is_control() {
            true => self.clean_marker(batch),
            false => self.clean_records(batch),
        };
        cleaned.map_err(io::Error::other)
    }

    fn clean_marker(&mut self, batch: &Batch) -> Result<Cleaned, BatchError> {
        let header = batch.header();
        let needed = self.has_records.remove(&header.producer.id).unwrap_or(false);
        if needed || header.count == 0 {
            return Ok(if needed || self.is_remembered(header) { Cleaned::Kept } else { Cleaned::Dropped });
        }
        match header.delete_horizon() {
            Some(horizon) if horizon <= self.now => self.emptied(header),
            Some(_) => Ok(Cleaned::Kept),
            None => rewrite(batch, Some(self.horizon()), |_, _, _| true).map(Cleaned::Replaced),
        }
    }

    fn clean_records(&mut self, batch: &Batch) -> Result<Cleaned, BatchError> {
        let header = batch.header();
        if header.count == 0 {
            return Ok(if self.is_remembered(header) { Cleaned::Kept } else { Cleaned::Dropped });
        }
        if self.is_aborted(header) {
            return self.emptied(header);
        }
        let expired = header.delete_horizon().is_some_and(|horizon| horizon <= self.now);
        let (mut kept, mut tombstones) = (0, false);
        let mut records = batch.records(DEFAULT_MAX_DECOMPRESSED)?;
        while let Some(record) = records.next_view() {
            let record = record?;
            if self.stays(record.key, record.value.is_none(), record.offset, expired) {
                kept += 1;
                tombstones |= record.value.is_none();
            }
        }
        if header.is_transactional() {
            *self.has_records.entry(header.producer.id).or_default() |= kept > 0;
        }
        let horizon = tombstones.then(|| header.delete_horizon().unwrap_or_else(|| self.horizon()));
        if kept == header.count && (horizon.is_none() || horizon == header.delete_horizon()) {
            return Ok(Cleaned::Kept);
        }
        if kept == 0 {
            return self.emptied(header);
        }
        rewrite(batch, horizon, |key, dead, offset| self.stays(key, dead, offset, expired)).map(Cleaned::Replaced)
    }

    /// Whether a record stays. One without a key has no place in a compacted log.
    fn stays(&self, key: Option<&[u8]>, is_tombstone: bool, offset: i64, expired: bool) -> bool {
        let Some(key) = key else { return false };
        let is_latest = self.latest.get(key).is_none_or(|latest| *latest <= offset);
        is_latest && !(is_tombstone && expired)
    }

    fn horizon(&self) -> i64 {
        self.now.saturating_add(self.delete_retention)
    }

    fn is_aborted(&self, header: &BatchHeader) -> bool {
        if !header.is_transactional() || header.is_control() {
            return false;
        }
        let ends = self.markers.get(&header.producer.id);
        let end = ends.and_then(|ends| ends.get(ends.partition_point(|(offset, _)| *offset < header.base_offset)));
        end.is_some_and(|(_, aborts)| *aborts)
    }

    /// Whether a batch has to stay, be it without records, since its producer goes on behind it.
    fn is_remembered(&self, header: &BatchHeader) -> bool {
        let is_last = self.last_of_producer.get(&header.producer.id) == Some(&header.base_offset);
        is_last && header.max_timestamp >= self.now.saturating_sub(PRODUCER_EXPIRATION)
    }

    /// A batch of whose records none stays.
    fn emptied(&self, header: &BatchHeader) -> Result<Cleaned, BatchError> {
        if !self.is_remembered(header) {
            return Ok(Cleaned::Dropped);
        }
        let builder = BatchBuilder::new(BatchOptions::default());
        let bytes = builder.at_offset(header.base_offset, header.partition_leader_epoch).finish_compacted(header)?;
        Ok(Cleaned::Replaced(bytes))
    }
}

/// The batch with those records alone that `stays` (key, whether it is a tombstone, offset) wants.
fn rewrite(
    batch: &Batch,
    horizon: Option<i64>,
    stays: impl Fn(Option<&[u8]>, bool, i64) -> bool,
) -> Result<Bytes, BatchError> {
    let header = batch.header();
    let options = BatchOptions { compression: header.compression()?, level: None, capacity: batch.bytes().len() };
    let mut builder = BatchBuilder::new(options).at_offset(header.base_offset, header.partition_leader_epoch);
    if let Some(horizon) = horizon {
        builder = builder.with_delete_horizon(horizon);
    }
    let mut records = batch.records(DEFAULT_MAX_DECOMPRESSED)?;
    while let Some(record) = records.next_view() {
        let record = record?;
        if !stays(record.key, record.value.is_none(), record.offset) {
            continue;
        }
        let delta = i32::try_from(record.offset - header.base_offset);
        let delta = delta.map_err(|_| BatchError::Corrupt("a record is far from its batch"))?;
        builder.append_at(delta, record.timestamp, record.key, record.value, record.headers)?;
    }
    builder.finish_compacted(header)
}
