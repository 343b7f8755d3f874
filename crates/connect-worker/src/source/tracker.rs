//! Which source offsets are safe: the records in flight of one task.
//!
//! Rows enter in the order in which the producer accepted them and are numbered as the producer numbers them. An offset
//! is safe when its record and every earlier one of its source partition are acknowledged
//! (Apache: `SubmittedRecords`).

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::sync::Arc;

use connect_api::source::{Acknowledgement, Stored};
use connect_api::{Error, Record, SourceOffset, SourceOrigin, SourcePartition};
use connect_kafka::Completion;
use env::planted::{self, Bug};
use indexmap::IndexMap;

use crate::budget::Lease;

/// A row on its way.
#[derive(Debug)]
pub struct Entry {
    /// Index of its source partition, from [`Tracker::intern`]; `None`: a row of the runtime's own, such as an offset.
    pub slot: Option<usize>,
    /// The position after it; `None` once it has become committable.
    pub offset: Option<SourceOffset>,
    /// The connector's tag.
    pub tag: u64,
    /// Its timestamp in milliseconds since 1970, -1 when it has none.
    pub timestamp: i64,
    /// Whether it is acknowledged.
    pub done: bool,
    /// What the source made, where it is to be a letter if Kafka refuses it.
    pub original: Option<Arc<Record>>,
}

#[derive(Debug, Default)]
struct Slot {
    /// Rows not yet committable, in order.
    pending: VecDeque<u64>,
    /// The newest safe offset that nobody took yet.
    committable: Option<SourceOffset>,
}

impl Slot {
    fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.committable.is_none()
    }
}

/// With fewer source partitions than this, idle ones are not looked for.
const FEW_SLOTS: usize = 4_096;

/// The records in flight of one task.
#[derive(Debug, Default)]
pub struct Tracker {
    slots: IndexMap<SourcePartition, Slot, RandomState>,
    last_slot: usize,
    /// When there are as many slots, idle ones are forgotten.
    slot_limit: usize,
    ring: VecDeque<Entry>,
    /// The number of the row at the front of the ring.
    base: u64,
    unacknowledged: u64,
    leases: VecDeque<(u64, Lease)>,
    acknowledgements: Option<Vec<Acknowledgement>>,
    failure: Option<Error>,
    abandoned: bool,
}

impl Tracker {
    /// An empty tracker; it collects acknowledgements only when somebody `wants` them.
    pub fn new(wants: bool) -> Self {
        Self { acknowledgements: wants.then(Vec::new), slot_limit: FEW_SLOTS, ..Self::default() }
    }

    /// The index of a source partition, good until the next call. Costs a pointer comparison when it is the one asked
    /// for last.
    pub fn intern(&mut self, partition: &SourcePartition) -> usize {
        if let Some((last, _)) = self.slots.get_index(self.last_slot)
            && last.same(partition)
        {
            return self.last_slot;
        }
        if self.slots.len() >= self.slot_limit {
            self.forget_idle_slots();
        }
        let entry = self.slots.entry(partition.clone());
        self.last_slot = entry.index();
        entry.or_default();
        self.last_slot
    }

    fn forget_idle_slots(&mut self) {
        let mut kept = 0;
        let mut moved = Vec::with_capacity(self.slots.len());
        for slot in self.slots.values() {
            moved.push(kept);
            kept += usize::from(!slot.is_idle());
        }
        self.slots.retain(|_, slot| !slot.is_idle());
        // The slot of a row that waits only for earlier rows may be gone; nobody asks for it any more.
        for slot in self.ring.iter_mut().filter_map(|entry| entry.slot.as_mut()) {
            *slot = moved[*slot];
        }
        self.slot_limit = FEW_SLOTS.max(2 * kept);
    }

    /// The producer accepted this row, next in its numbering.
    pub fn accepted(&mut self, entry: Entry) {
        if self.abandoned {
            return;
        }
        let row = self.base + self.ring.len() as u64;
        if let Some(slot) = entry.slot {
            if planted::acts(Bug::OffsetBeforeAcknowledgement) {
                self.slots[slot].committable = entry.offset.clone();
            }
            self.slots[slot].pending.push_back(row);
        }
        self.ring.push_back(entry);
        self.unacknowledged += 1;
    }

    /// The producer accepted `count` rows that come from the runtime itself.
    pub fn accepted_own(&mut self, count: usize) {
        for _ in 0..count {
            self.accepted(Entry { slot: None, offset: None, tag: 0, timestamp: -1, done: false, original: None });
        }
    }

    /// The share of the budget that all rows accepted so far hold; given back when they are done.
    pub fn hold(&mut self, lease: Lease) {
        let end = self.base + self.ring.len() as u64;
        if end > self.base {
            self.leases.push_back((end, lease));
        }
    }

    /// These records will never reach Kafka: dropped by a transform, or skipped.
    pub fn gone(&mut self, tag: u64) {
        if let Some(list) = self.acknowledgements.as_mut().filter(|_| !self.abandoned) {
            list.push(Acknowledgement { tag, stored: None });
        }
    }

    /// The producer will never take this record and it is skipped: what comes before it makes its offset safe.
    pub fn refused(&mut self, origin: &SourceOrigin) {
        self.lettered(origin);
        self.gone(origin.tag);
    }

    /// The record is in the dead letter queue, or on its way there, which is waited for before any offset is stored:
    /// what comes before it makes its offset safe.
    pub fn lettered(&mut self, origin: &SourceOrigin) {
        if self.abandoned {
            return;
        }
        let slot = self.intern(&origin.partition);
        if planted::acts(Bug::LetterBeforeRows) {
            self.slots[slot].committable = Some(origin.offset.clone());
            return;
        }
        match self.slots[slot].pending.back() {
            Some(row) => self.ring[(row - self.base) as usize].offset = Some(origin.offset.clone()),
            None => self.slots[slot].committable = Some(origin.offset.clone()),
        }
    }

    /// Rows are stored.
    pub fn stored(&mut self, completion: &Completion) {
        for run in &completion.runs {
            for index in 0..u64::from(run.count) {
                let Some((tag, timestamp)) = self.acknowledge(run.first_row + index) else { continue };
                if let Some(list) = &mut self.acknowledgements {
                    list.push(Acknowledgement {
                        tag,
                        stored: Some(Stored {
                            topic: completion.topic.clone(),
                            partition: completion.partition,
                            offset: if run.base_offset < 0 { -1 } else { run.base_offset + index as i64 },
                            timestamp: completion.log_append_time.unwrap_or(timestamp),
                        }),
                    });
                }
            }
        }
        self.let_go();
    }

    /// Rows failed in the producer and are skipped under `errors.tolerance=all`, or are not visible because their
    /// transaction was aborted. Gives their originals, as far as they were kept.
    pub fn skipped(&mut self, completion: &Completion) -> Vec<Arc<Record>> {
        let mut originals = Vec::new();
        for run in &completion.runs {
            for row in run.first_row..run.first_row + u64::from(run.count) {
                originals.extend(self.original(row));
                if let Some((tag, _)) = self.acknowledge(row) {
                    self.gone(tag);
                }
            }
        }
        self.let_go();
        originals
    }

    fn original(&mut self, row: u64) -> Option<Arc<Record>> {
        let index = usize::try_from(row.checked_sub(self.base)?).ok()?;
        self.ring.get_mut(index)?.original.take()
    }

    /// The transaction that everything not told yet belongs to was aborted.
    pub fn aborted(&mut self) {
        for acknowledgement in self.acknowledgements.iter_mut().flatten() {
            acknowledgement.stored = None;
        }
    }

    /// Rows failed in the producer and the task fails: their offsets, and later ones, are never safe.
    pub fn failed(&mut self, error: Error) {
        self.failure.get_or_insert(error);
    }

    /// Why the task must fail.
    pub fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// How many rows are neither stored nor skipped.
    pub fn unacknowledged(&self) -> u64 {
        self.unacknowledged
    }

    /// The task was given up: what still happens to its rows counts no more, and its share of the budget is free.
    pub fn abandon(&mut self) {
        *self = Self { abandoned: true, failure: self.failure.take(), ..Self::new(self.acknowledgements.is_some()) };
    }

    /// Marks a row as done, and offsets as safe that become so by it. Gives tag and timestamp, once.
    fn acknowledge(&mut self, row: u64) -> Option<(u64, i64)> {
        let index = usize::try_from(row.checked_sub(self.base)?).ok()?;
        let entry = self.ring.get_mut(index).filter(|entry| !entry.done)?;
        entry.done = true;
        entry.original = None;
        self.unacknowledged -= 1;
        let (slot, told) = (&mut self.slots[entry.slot?], (entry.tag, entry.timestamp));
        if planted::acts(Bug::GapInAcknowledgedPrefix) {
            slot.committable = entry.offset.clone();
        }
        while let Some(&row) = slot.pending.front() {
            let entry = &mut self.ring[(row - self.base) as usize];
            if !entry.done {
                break;
            }
            slot.committable = entry.offset.take();
            slot.pending.pop_front();
        }
        Some(told)
    }

    /// Lets go of finished rows and of what they held.
    fn let_go(&mut self) {
        while self.ring.front().is_some_and(|entry| entry.done && entry.offset.is_none()) {
            self.ring.pop_front();
            self.base += 1;
        }
        while self.leases.front().is_some_and(|(end, _)| *end <= self.base) {
            self.leases.pop_front();
        }
    }

    /// The safe offsets that changed since the last call.
    pub fn take_committable(&mut self) -> Vec<(SourcePartition, SourceOffset)> {
        let changed = self
            .slots
            .iter_mut()
            .filter_map(|(partition, slot)| slot.committable.take().map(|offset| (partition.clone(), offset)));
        changed.collect()
    }

    /// Offsets that could not be stored: taken again next time, unless newer ones are safe by then.
    pub fn restore(&mut self, offsets: Vec<(SourcePartition, SourceOffset)>) {
        if self.abandoned {
            return;
        }
        for (partition, offset) in offsets {
            let slot = self.intern(&partition);
            self.slots[slot].committable.get_or_insert(offset);
        }
    }

    /// The acknowledgements since the last call.
    pub fn take_acknowledgements(&mut self) -> Vec<Acknowledgement> {
        self.acknowledgements.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// How many acknowledgements nobody has taken.
    pub fn untold(&self) -> usize {
        self.acknowledgements.as_ref().map_or(0, Vec::len)
    }
}

#[cfg(test)]
mod tests {
    use connect_kafka::Run;

    use super::*;

    fn partition(name: &str) -> SourcePartition {
        SourcePartition::new([("p", name)])
    }

    fn completion(runs: &[(u64, u32)]) -> Completion {
        let runs = runs.iter().map(|&(first_row, count)| Run { first_row, count, base_offset: 100 }).collect();
        Completion { topic: "t".into(), partition: 3, runs, log_append_time: None, error: None }
    }

    fn accept(tracker: &mut Tracker, rows: &[(&str, i64)]) {
        for (name, offset) in rows {
            let slot = Some(tracker.intern(&partition(name)));
            let tag = *offset as u64;
            let offset = Some(SourceOffset::of([("o", *offset)]));
            tracker.accepted(Entry { slot, offset, tag, timestamp: 70, done: false, original: None });
        }
    }

    fn committable(tracker: &mut Tracker) -> Vec<(SourcePartition, i64)> {
        let offset = |o: SourceOffset| o.get("o").and_then(connect_api::Value::as_i64).expect("a number");
        tracker.take_committable().into_iter().map(|(p, o)| (p, offset(o))).collect()
    }

    #[test]
    fn an_offset_is_safe_when_all_before_it_in_its_partition_are_acknowledged() {
        let mut tracker = Tracker::new(false);
        accept(&mut tracker, &[("a", 1), ("b", 2), ("a", 3), ("b", 4), ("a", 5)]);
        tracker.stored(&completion(&[(1, 2)]));
        assert_eq!(committable(&mut tracker), [(partition("b"), 2)], "a's first is missing");
        tracker.stored(&completion(&[(0, 1)]));
        assert_eq!(committable(&mut tracker), [(partition("a"), 3)]);
        tracker.stored(&completion(&[(3, 2)]));
        assert_eq!(committable(&mut tracker), [(partition("a"), 5), (partition("b"), 4)]);
        assert_eq!((tracker.unacknowledged(), tracker.ring.len(), tracker.base), (0, 0, 5));
    }

    #[test]
    fn a_failed_row_holds_back_all_later_offsets_of_its_partition() {
        let mut tracker = Tracker::new(false);
        accept(&mut tracker, &[("a", 1), ("a", 2), ("a", 3)]);
        tracker.failed(Error::connect("no"));
        tracker.stored(&completion(&[(0, 1), (2, 1)]));
        assert_eq!(committable(&mut tracker), [(partition("a"), 1)]);
        assert_eq!(tracker.unacknowledged(), 1);
    }

    #[test]
    fn offsets_that_were_not_stored_come_again_unless_newer_ones_are_safe() {
        let mut tracker = Tracker::new(false);
        accept(&mut tracker, &[("a", 1), ("a", 2)]);
        tracker.stored(&completion(&[(0, 1)]));
        let taken = tracker.take_committable();
        tracker.restore(taken.clone());
        assert_eq!(committable(&mut tracker), [(partition("a"), 1)]);
        tracker.stored(&completion(&[(1, 1)]));
        tracker.restore(taken);
        assert_eq!(committable(&mut tracker), [(partition("a"), 2)]);
    }

    #[test]
    fn acknowledgements_carry_tags_and_places() {
        let mut tracker = Tracker::new(true);
        accept(&mut tracker, &[("a", 7), ("a", 8)]);
        tracker.gone(99);
        tracker.stored(&completion(&[(0, 2)]));
        let list = tracker.take_acknowledgements();
        assert_eq!(list.iter().map(|ack| ack.tag).collect::<Vec<_>>(), [99, 7, 8]);
        assert!(list[0].stored.is_none());
        let place = list[2].stored.as_ref().expect("stored");
        assert_eq!((&*place.topic, place.partition, place.offset, place.timestamp), ("t", 3, 101, 70));
        tracker.stored(&completion(&[(0, 2)]));
        assert!(tracker.take_acknowledgements().is_empty(), "each is told once");
    }

    #[test]
    fn rows_of_the_runtime_are_counted_as_the_producer_counts_and_told_to_nobody() {
        let mut tracker = Tracker::new(true);
        accept(&mut tracker, &[("a", 1)]);
        tracker.accepted_own(2);
        accept(&mut tracker, &[("a", 2)]);
        tracker.stored(&completion(&[(0, 3)]));
        assert_eq!(tracker.take_acknowledgements().iter().map(|ack| ack.tag).collect::<Vec<_>>(), [1]);
        tracker.stored(&completion(&[(3, 1)]));
        assert_eq!(tracker.take_acknowledgements().iter().map(|ack| ack.tag).collect::<Vec<_>>(), [2]);
        assert_eq!((tracker.unacknowledged(), tracker.ring.len()), (0, 0));
    }

    #[test]
    fn the_offset_of_a_refused_record_is_safe_when_those_before_it_are() {
        let mut tracker = Tracker::new(true);
        let refuse = |tracker: &mut Tracker, offset: i64| {
            tracker.refused(&SourceOrigin {
                partition: partition("a"),
                offset: SourceOffset::of([("o", offset)]),
                original: None,
                tag: 50,
            });
        };
        refuse(&mut tracker, 1);
        assert_eq!(committable(&mut tracker), [(partition("a"), 1)]);
        accept(&mut tracker, &[("a", 2)]);
        refuse(&mut tracker, 3);
        assert_eq!(committable(&mut tracker), []);
        tracker.stored(&completion(&[(0, 1)]));
        assert_eq!(committable(&mut tracker), [(partition("a"), 3)]);
    }

    #[test]
    fn idle_source_partitions_are_forgotten_and_the_others_keep_their_rows() {
        let mut tracker = Tracker::new(false);
        let count = 3 * FEW_SLOTS as u64;
        for row in 0..count {
            accept(&mut tracker, &[(row.to_string().as_str(), row as i64)]);
            if row != 1 {
                tracker.stored(&completion(&[(row, 1)]));
                tracker.take_committable();
            }
        }
        assert!(tracker.slots.len() <= FEW_SLOTS + 1, "{}", tracker.slots.len());
        tracker.stored(&completion(&[(1, 1)]));
        assert_eq!(committable(&mut tracker), [(partition("1"), 1)]);
        assert_eq!((tracker.ring.len(), tracker.base), (0, count));
    }

    fn lease(budget: &crate::Budget, bytes: usize) -> Lease {
        env_sim::Sim::new(1).run(|env, _| async move { budget.share(&env, bytes).lease(bytes).await })
    }

    #[test]
    fn nothing_counts_after_the_task_was_given_up() {
        let budget = crate::Budget::new(1 << 20);
        let mut tracker = Tracker::new(true);
        accept(&mut tracker, &[("a", 1), ("a", 2)]);
        tracker.hold(lease(&budget, 1 << 20));
        tracker.stored(&completion(&[(0, 1)]));
        tracker.abandon();
        assert_eq!(budget.free(), 1 << 20);
        tracker.skipped(&completion(&[(1, 1)]));
        accept(&mut tracker, &[("a", 3)]);
        tracker.gone(9);
        tracker.restore(vec![(partition("a"), SourceOffset::of([("o", 1)]))]);
        assert!(tracker.take_acknowledgements().is_empty() && tracker.take_committable().is_empty());
        assert_eq!(tracker.unacknowledged(), 0);
    }

    #[test]
    fn a_lease_ends_with_its_last_row() {
        let budget = crate::Budget::new(1 << 20);
        let mut tracker = Tracker::new(false);
        accept(&mut tracker, &[("a", 1), ("a", 2)]);
        tracker.hold(lease(&budget, 1 << 19));
        tracker.stored(&completion(&[(1, 1)]));
        assert_eq!(budget.free(), 1 << 19);
        tracker.stored(&completion(&[(0, 1)]));
        assert_eq!(budget.free(), 1 << 20);
        tracker.hold(lease(&budget, 1 << 19));
        assert_eq!(budget.free(), 1 << 20, "nothing is in flight any more");
    }
}
