//! A log in memory.

use std::collections::{BTreeMap, VecDeque};
use std::io;

use bytes::{Bytes, BytesMut};
use kafka_wire::Batch;
use kafka_wire::batch::assign_offsets;

use super::disk::first_in;
use super::{Cleaned, Cleaner, Compaction, CompactionRules, LEADER_EPOCH, Log, LogSettings, Retention, TimedOffset};

/// A [`Log`] in memory.
#[derive(Debug, Default)]
pub struct MemoryLog {
    batches: VecDeque<Batch>,
    start: i64,
    end: i64,
    bytes: u64,
    settings: LogSettings,
    /// Where the part begins that is not compacted since it is still appended to: what a segment is in files.
    active: Active,
    cleaned_to: i64,
    /// Up to where nothing is to be gained by compacting.
    seen_to: i64,
    uncleanable: bool,
}

/// The batches of a log's last part.
#[derive(Debug, Default)]
struct Active {
    base: i64,
    bytes: u64,
    first_timestamp: i64,
}

impl MemoryLog {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The index of the first batch that ends at `offset` or later.
    fn batch_at(&self, offset: i64) -> usize {
        self.batches.partition_point(|batch| batch.header().last_offset() < offset)
    }

    /// Begins a new part when the present one is full or old.
    fn roll(&mut self, next: &Batch) {
        let (header, size) = (next.header(), next.bytes().len() as u64);
        let active = &mut self.active;
        let is_full = active.bytes + size > self.settings.segment_bytes;
        let is_old = header.max_timestamp.saturating_sub(active.first_timestamp) > self.settings.segment_millis;
        if active.bytes > 0 && (is_full || is_old) {
            *active = Active { base: self.end, ..Active::default() };
        }
        if active.bytes == 0 {
            active.first_timestamp = header.max_timestamp;
        }
        active.bytes += size;
    }

    fn drop_first(&mut self) {
        if let Some(batch) = self.batches.pop_front() {
            self.bytes -= batch.bytes().len() as u64;
        }
    }
}

impl Log for MemoryLog {
    fn append(&mut self, batch: Batch) -> io::Result<i64> {
        let base = self.end;
        // The memory belongs to the whole request, which may hold batches of other partitions: copied, so that
        // dropping one frees it.
        let mut bytes = BytesMut::from(&batch.bytes()[..]);
        assign_offsets(&mut bytes, base, LEADER_EPOCH).map_err(io::Error::other)?;
        let batch = Batch::new(bytes.freeze()).map_err(io::Error::other)?;
        self.roll(&batch);
        self.end = batch.header().next_offset();
        self.bytes += batch.bytes().len() as u64;
        self.batches.push_back(batch);
        Ok(base)
    }

    fn read(&mut self, offset: i64, max_bytes: usize, at_least_one: bool) -> io::Result<Bytes> {
        let first = self.batch_at(offset);
        let mut size = 0;
        let mut count = 0;
        for batch in self.batches.range(first..) {
            let grown = size + batch.bytes().len();
            if grown > max_bytes && !(at_least_one && count == 0) {
                break;
            }
            size = grown;
            count += 1;
        }
        if count == 1 {
            return Ok(self.batches[first].bytes().clone());
        }
        let mut read = BytesMut::with_capacity(size);
        for batch in self.batches.range(first..first + count) {
            read.extend_from_slice(batch.bytes());
        }
        Ok(read.freeze())
    }

    fn start_offset(&self) -> i64 {
        self.start
    }

    fn end_offset(&self) -> i64 {
        self.end
    }

    fn find_by_time(&mut self, timestamp: i64) -> io::Result<Option<TimedOffset>> {
        for batch in self.batches.iter().filter(|batch| batch.header().max_timestamp >= timestamp) {
            if let Some(found) = first_in(batch, timestamp, self.start)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn latest_time(&mut self) -> io::Result<Option<TimedOffset>> {
        let latest = self.batches.iter().map(|batch| batch.header().max_timestamp).max();
        latest.map_or(Ok(None), |latest| self.find_by_time(latest))
    }

    fn scan(&mut self, offset: i64, visit: &mut dyn FnMut(&Batch) -> io::Result<()>) -> io::Result<()> {
        self.batches.range(self.batch_at(offset)..).try_for_each(visit)
    }

    fn delete_before(&mut self, offset: i64) -> io::Result<()> {
        self.start = self.start.max(offset.min(self.end));
        while self.batches.front().is_some_and(|batch| batch.header().next_offset() <= self.start) {
            self.drop_first();
        }
        Ok(())
    }

    fn retain(&mut self, limits: &Retention, stable: i64, now: i64) -> io::Result<()> {
        while let Some(first) = self.batches.front() {
            let header = first.header();
            let too_many = limits.bytes.is_some_and(|bytes| self.bytes > bytes) && self.batches.len() > 1;
            let too_old = limits.millis.is_some_and(|millis| header.max_timestamp < now.saturating_sub(millis));
            if header.next_offset() > stable || !(too_many || too_old) {
                break;
            }
            self.start = self.start.max(header.next_offset());
            self.drop_first();
        }
        Ok(())
    }

    fn begin_compaction(&mut self, rules: &CompactionRules, stable: i64, now: i64) -> io::Result<Option<Compaction>> {
        if self.active.bytes > 0 && now.saturating_sub(self.active.first_timestamp) > self.settings.segment_millis {
            self.active = Active { base: self.end, ..Active::default() };
        }
        let limit = stable.min(self.active.base);
        let old_enough = now.saturating_sub(rules.min_lag_millis);
        let closed = self.batches.iter().take_while(|batch| {
            let header = batch.header();
            header.next_offset() <= limit && (rules.min_lag_millis <= 0 || header.max_timestamp <= old_enough)
        });
        let batches: Vec<Batch> = closed.cloned().collect();
        let size = |from: i64| -> usize {
            let counted = batches.iter().filter(|batch| batch.header().next_offset() > from);
            counted.map(|batch| batch.bytes().len()).sum()
        };
        let (dirty, all) = (size(self.cleaned_to), size(0));
        let end = batches.last().map_or(0, |batch| batch.header().next_offset());
        if self.uncleanable || end <= self.seen_to || (dirty as f64) < all as f64 * rules.min_dirty_ratio {
            return Ok(None);
        }
        let cleaner = Cleaner::new(rules, now);
        let (cleaned_to, changes) = (self.cleaned_to, BTreeMap::new());
        let compaction = MemoryCompaction { cleaner, batches, cleaned_to, changes, failed: None };
        Ok(Some(Compaction::Memory(Box::new(compaction))))
    }

    fn finish_compaction(&mut self, done: Compaction) -> io::Result<()> {
        let Compaction::Memory(mut done) = done else { return Ok(()) };
        if let Some(error) = done.failed {
            self.uncleanable = true;
            return Err(error);
        }
        let end = done.batches.last().map_or(self.cleaned_to, |batch| batch.header().next_offset());
        self.cleaned_to = self.cleaned_to.max(done.cleaner.cleaned_to(end));
        self.seen_to = if done.cleaner.was_full() { self.cleaned_to } else { end };
        let kept = self
            .batches
            .drain(..)
            .filter_map(|batch| done.changes.remove(&batch.header().base_offset).unwrap_or(Some(batch)));
        self.batches = kept.collect();
        self.bytes = self.batches.iter().map(|batch| batch.bytes().len() as u64).sum();
        Ok(())
    }

    fn configure(&mut self, settings: &LogSettings) {
        self.settings = *settings;
    }

    fn size(&self) -> u64 {
        self.bytes
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Compaction of a log in memory.
pub struct MemoryCompaction {
    cleaner: Cleaner,
    batches: Vec<Batch>,
    /// Up to where the log had been compacted before.
    cleaned_to: i64,
    /// What takes the place of batches, by their base offsets.
    changes: BTreeMap<i64, Option<Batch>>,
    failed: Option<io::Error>,
}

impl MemoryCompaction {
    /// All of it at once: whether there is more.
    pub(crate) fn step(&mut self) -> bool {
        self.failed = self.run().err();
        false
    }

    fn run(&mut self) -> io::Result<()> {
        for batch in &self.batches {
            self.cleaner.survey(batch.header(), || Ok(batch.clone()))?;
        }
        for batch in self.batches.iter().filter(|batch| batch.header().next_offset() > self.cleaned_to) {
            self.cleaner.learn(batch)?;
        }
        for batch in &self.batches {
            let change = match self.cleaner.clean(batch)? {
                Cleaned::Kept => continue,
                Cleaned::Replaced(bytes) => Some(Batch::new(bytes).map_err(io::Error::other)?),
                Cleaned::Dropped => None,
            };
            self.changes.insert(batch.header().base_offset, change);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use kafka_wire::batch::DEFAULT_MAX_DECOMPRESSED;
    use kafka_wire::{BatchBuilder, BatchOptions, Batches};
    use proptest::prelude::*;

    use super::*;

    fn batch(timestamps: &[i64], size: usize) -> Batch {
        let mut builder = BatchBuilder::new(BatchOptions::default());
        for timestamp in timestamps {
            builder.append(*timestamp, None, Some(&vec![b'x'; size]), []).unwrap();
        }
        Batch::new(builder.finish(None, false).unwrap()).unwrap()
    }

    fn offsets(bytes: Bytes) -> Vec<i64> {
        let records = Batches::new(bytes).flat_map(|batch| {
            let batch = batch.unwrap();
            batch.check_crc().unwrap();
            batch.records(DEFAULT_MAX_DECOMPRESSED).unwrap()
        });
        records.map(|record| record.unwrap().offset).collect()
    }

    #[test]
    fn offsets_go_on_from_batch_to_batch() {
        let mut log = MemoryLog::new();
        assert_eq!(log.append(batch(&[1, 2, 3], 1)).unwrap(), 0);
        assert_eq!(log.append(batch(&[4], 1)).unwrap(), 3);
        assert_eq!((log.start_offset(), log.end_offset()), (0, 4));
        assert_eq!(offsets(log.read(0, usize::MAX, false).unwrap()), [0, 1, 2, 3]);
        // Reading from the middle of a batch gives the whole batch.
        assert_eq!(offsets(log.read(2, usize::MAX, false).unwrap()), [0, 1, 2, 3]);
        assert_eq!(offsets(log.read(3, usize::MAX, false).unwrap()), [3]);
        assert!(log.read(4, usize::MAX, true).unwrap().is_empty());
    }

    #[test]
    fn only_whole_batches_are_read() {
        let mut log = MemoryLog::new();
        let size = batch(&[1], 100).bytes().len();
        for _ in 0..3 {
            log.append(batch(&[1], 100)).unwrap();
        }
        assert_eq!(offsets(log.read(0, 2 * size, false).unwrap()), [0, 1]);
        assert_eq!(offsets(log.read(0, 3 * size - 1, false).unwrap()), [0, 1]);
        assert!(log.read(0, size - 1, false).unwrap().is_empty());
        assert_eq!(offsets(log.read(0, 0, true).unwrap()), [0]);
    }

    #[test]
    fn the_first_record_of_a_time_is_found() {
        let mut log = MemoryLog::new();
        assert_eq!(log.find_by_time(0).unwrap(), None);
        assert_eq!(log.latest_time().unwrap(), None);
        log.append(batch(&[10, 30, 20], 1)).unwrap();
        log.append(batch(&[30, 40], 1)).unwrap();
        let at = |offset, timestamp| Some(TimedOffset { offset, timestamp });
        assert_eq!(log.find_by_time(0).unwrap(), at(0, 10));
        assert_eq!(log.find_by_time(15).unwrap(), at(1, 30));
        assert_eq!(log.find_by_time(31).unwrap(), at(4, 40));
        assert_eq!(log.find_by_time(41).unwrap(), None);
        assert_eq!(log.latest_time().unwrap(), at(4, 40));
    }

    #[test]
    fn old_batches_go_and_the_last_stays() {
        let mut log = MemoryLog::new();
        for _ in 0..3 {
            log.append(batch(&[1, 1], 100)).unwrap();
        }
        log.retain(&Retention { bytes: Some(0), millis: None }, i64::MAX, 0).unwrap();
        assert_eq!((log.start_offset(), log.end_offset()), (4, 6));
        assert_eq!(offsets(log.read(4, usize::MAX, false).unwrap()), [4, 5]);
    }

    proptest! {
        #[test]
        fn a_reader_that_goes_on_where_it_stopped_sees_every_record_once(
            sizes in prop::collection::vec((1_usize..5, 1_usize..200), 1..20),
            max_bytes in 1_usize..2_000,
        ) {
            let mut log = MemoryLog::new();
            for (count, size) in &sizes {
                log.append(batch(&vec![1; *count], *size)).unwrap();
            }
            let mut seen = Vec::new();
            while (seen.len() as i64) < log.end_offset() {
                seen.extend(offsets(log.read(seen.len() as i64, max_bytes, true).unwrap()));
            }
            prop_assert_eq!(seen, (0..log.end_offset()).collect::<Vec<_>>());
        }
    }
}
