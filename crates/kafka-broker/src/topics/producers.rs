//! What a partition knows of the producers that write to it: where each stands in its sequence, whose transactions are
//! open, and which were aborted. The rules are those of `ProducerStateManager` and `ProducerAppendInfo`.
//!
//! Everything here follows from the log, so that it can be made again by reading it.

use std::collections::{BTreeMap, VecDeque};

use kafka_wire::batch::ControlType;
use kafka_wire::{Batch, BatchError, BatchHeader, ErrorCode, ProducerState};

/// As many of a producer's batches are remembered, to know a duplicate: as many as a producer may have under way.
const BATCHES: usize = 5;
/// `producer.id.expiration.ms`: a producer not heard of for so long is forgotten, in milliseconds.
const EXPIRATION: i64 = 24 * 60 * 60 * 1000;
/// `producer.id.expiration.check.interval.ms`, in milliseconds.
const EXPIRATION_CHECK: u64 = 10 * 60 * 1000;
/// More producers are not remembered; those not heard of for the longest time are forgotten first.
const MAX_PRODUCERS: usize = 10_000;
/// More batches whose transaction is being looked up at a time are not remembered.
const MAX_VERIFICATIONS: usize = 1_000;
/// The epoch of a producer of which nothing is known.
const NO_EPOCH: i16 = -1;

/// The producers of one partition.
#[derive(Debug, Clone, Default)]
pub(super) struct Producers {
    known: BTreeMap<i64, Producer>,
    /// Open transactions by their first offset.
    open: BTreeMap<i64, i64>,
    /// In the order of their markers.
    aborted: VecDeque<Aborted>,
    verifications: BTreeMap<i64, Verification>,
    next_guard: u64,
    checked_for_expiration: i64,
}

/// A batch that is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    base_sequence: i32,
    last_sequence: i32,
    pub(super) base_offset: i64,
    /// Its largest timestamp, in milliseconds since 1970.
    pub(super) timestamp: i64,
}

/// An aborted transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Aborted {
    /// Whose it was.
    pub(crate) producer_id: i64,
    /// Of its first record in the partition.
    pub(crate) first_offset: i64,
    /// Of its marker.
    pub(crate) last_offset: i64,
}

/// What the coordinator's word on a batch of a transaction is good for: the first batch, unless a marker comes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Guard(u64);

/// A transaction with records in the partition and no marker yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Producer {
    epoch: i16,
    batches: VecDeque<Known>,
    /// The first offset of its open transaction.
    open_from: Option<i64>,
    /// The broker's time, in milliseconds since 1970; `None` for one found in a log, until it is next looked at.
    heard_of: Option<i64>,
}

/// A transaction's first batch here, as long as it is not in the log.
#[derive(Debug, Clone, Copy)]
struct Verification {
    guard: Guard,
    epoch: i16,
    /// A batch beyond it must not come first.
    lowest_sequence: i32,
}

impl Producers {
    /// A batch of a transaction is about to be appended: `Some` when the coordinator has to be asked first.
    pub(super) fn verify(&mut self, batch: ProducerState) -> Option<Guard> {
        let known = self.known.get(&batch.id);
        if known.is_some_and(|producer| producer.open_from.is_some() && producer.epoch == batch.epoch) {
            return None;
        }
        if let Some(verification) = self.verifications.get_mut(&batch.id) {
            if batch.epoch > verification.epoch {
                verification.epoch = batch.epoch;
                verification.lowest_sequence = batch.base_sequence;
            } else if batch.epoch == verification.epoch {
                verification.lowest_sequence = verification.lowest_sequence.min(batch.base_sequence);
            }
            return Some(verification.guard);
        }
        if self.verifications.len() >= MAX_VERIFICATIONS {
            let oldest = self.verifications.iter().min_by_key(|(_, verification)| verification.guard.0);
            if let Some(id) = oldest.map(|(id, _)| *id) {
                self.verifications.remove(&id);
            }
        }
        let guard = Guard(self.next_guard);
        self.next_guard += 1;
        let verification = Verification { guard, epoch: batch.epoch, lowest_sequence: batch.base_sequence };
        self.verifications.insert(batch.id, verification);
        Some(guard)
    }

    /// Whether a client's batch with a producer id may be appended; `Some` when it already is in the log.
    pub(super) fn check(&mut self, header: &BatchHeader, guard: Option<Guard>) -> Result<Option<Known>, ErrorCode> {
        let batch = header.producer;
        let known = self.known.get(&batch.id);
        if let Some(duplicate) = known.and_then(|producer| producer.find(header)) {
            // One that comes late, after its transaction, must not be taken for the first of the next.
            if let Some(verification) = self.verifications.get_mut(&batch.id)
                && verification.lowest_sequence == batch.base_sequence
            {
                verification.lowest_sequence = i32::MAX;
            }
            return Ok(Some(duplicate));
        }
        let open = known.is_some_and(|producer| producer.open_from.is_some());
        let verification = self.verifications.get(&batch.id);
        if header.is_transactional() && !open {
            let verified = verification.is_some_and(|verification| Some(verification.guard) == guard);
            if !verified {
                return Err(ErrorCode::InvalidTxnState);
            }
        }
        let epoch = known.map_or(NO_EPOCH, |producer| producer.epoch);
        if batch.epoch < epoch {
            return Err(ErrorCode::InvalidProducerEpoch);
        }
        if verification.is_some_and(|verification| batch.base_sequence > verification.lowest_sequence) {
            return Err(ErrorCode::OutOfOrderSequenceNumber);
        }
        // A producer of which nothing is known may go on with any sequence number: its batches may have been deleted.
        let expected = match known {
            None => None,
            Some(producer) if batch.epoch != producer.epoch => Some(0),
            Some(producer) => Some(producer.next_sequence()),
        };
        if expected.is_some_and(|expected| batch.base_sequence != expected) {
            return Err(ErrorCode::OutOfOrderSequenceNumber);
        }
        if open && !header.is_transactional() {
            return Err(ErrorCode::InvalidTxnState);
        }
        Ok(None)
    }

    /// A batch with a producer id is in the log at `base_offset`.
    pub(super) fn appended(&mut self, header: &BatchHeader, base_offset: i64, now: Option<i64>) {
        let batch = header.producer;
        self.make_room(batch.id, now);
        let producer = self.known.entry(batch.id).or_insert_with(|| Producer::new(batch.epoch));
        producer.set_epoch(batch.epoch);
        producer.heard_of = now;
        if producer.batches.len() == BATCHES {
            producer.batches.pop_front();
        }
        producer.batches.push_back(Known {
            base_sequence: batch.base_sequence,
            last_sequence: header.last_sequence(),
            base_offset,
            timestamp: header.max_timestamp,
        });
        if header.is_transactional() {
            if producer.open_from.is_none() {
                producer.open_from = Some(base_offset);
                self.open.insert(base_offset, batch.id);
            }
            self.verifications.remove(&batch.id);
        }
    }

    /// Whether a marker of this epoch may be appended.
    pub(super) fn check_marker(&self, producer_id: i64, epoch: i16) -> Result<(), ErrorCode> {
        let known = self.known.get(&producer_id).map_or(NO_EPOCH, |producer| producer.epoch);
        if epoch < known { Err(ErrorCode::InvalidProducerEpoch) } else { Ok(()) }
    }

    /// The marker that ends a producer's transaction is in the log at `offset`.
    pub(super) fn ended(&mut self, producer_id: i64, epoch: i16, commit: bool, offset: i64, now: Option<i64>) {
        self.make_room(producer_id, now);
        let producer = self.known.entry(producer_id).or_insert_with(|| Producer::new(epoch));
        producer.set_epoch(epoch);
        producer.heard_of = now;
        if let Some(first_offset) = producer.open_from.take() {
            self.open.remove(&first_offset);
            if !commit {
                self.aborted.push_back(Aborted { producer_id, first_offset, last_offset: offset });
            }
        }
        self.verifications.remove(&producer_id);
    }

    /// Takes in a batch found in a log.
    ///
    /// # Errors
    /// When a marker cannot be read.
    pub(super) fn replay(&mut self, batch: &Batch) -> Result<(), BatchError> {
        let header = batch.header();
        if header.producer.id < 0 {
            return Ok(());
        }
        let (id, epoch) = (header.producer.id, header.producer.epoch);
        match batch.control_type()? {
            Some(ControlType::Commit) => self.ended(id, epoch, true, header.base_offset, None),
            Some(ControlType::Abort) => self.ended(id, epoch, false, header.base_offset, None),
            Some(ControlType::Other(_)) => {}
            None if header.is_control() => {}
            None => self.appended(header, header.base_offset, None),
        }
        Ok(())
    }

    /// The offset up to which every transaction is decided, in a log from `start` to `end`.
    pub(super) fn stable_offset(&self, start: i64, end: i64) -> i64 {
        self.open.keys().next().map_or(end, |first| (*first).max(start))
    }

    /// The aborted transactions with records or their marker in `from..to`.
    pub(super) fn aborted(&self, from: i64, to: i64) -> Vec<Aborted> {
        let begin = self.aborted.partition_point(|aborted| aborted.last_offset < from);
        self.aborted.range(begin..).filter(|aborted| aborted.first_offset < to).copied().collect()
    }

    /// The transactions without a marker yet.
    pub(super) fn open(&self) -> Vec<Open> {
        let open = self.open.values().filter_map(|id| self.known.get(id).map(|producer| (*id, producer.epoch)));
        open.map(|(producer_id, epoch)| Open { producer_id, epoch }).collect()
    }

    /// Records below `start` are gone from the log, and nobody will ask about them.
    pub(super) fn forget_before(&mut self, start: i64) {
        while self.aborted.front().is_some_and(|aborted| aborted.last_offset < start) {
            self.aborted.pop_front();
        }
    }

    /// Before `id` is heard of: forgets who was not for too long, from time to time, and who has to go for `id`.
    fn make_room(&mut self, id: i64, now: Option<i64>) {
        if self.known.contains_key(&id) {
            return;
        }
        if let Some(now) = now
            && now.saturating_sub(self.checked_for_expiration).unsigned_abs() >= EXPIRATION_CHECK
        {
            self.checked_for_expiration = now;
            self.known.retain(|_, producer| {
                let heard_of = *producer.heard_of.get_or_insert(now);
                producer.open_from.is_some() || now.saturating_sub(heard_of) < EXPIRATION
            });
        }
        if self.known.len() >= MAX_PRODUCERS {
            // Those with open transactions stay: the coordinator bounds their number.
            let idle = self.known.iter().filter(|(_, producer)| producer.open_from.is_none());
            if let Some(id) = idle.min_by_key(|(_, producer)| producer.heard_of).map(|(id, _)| *id) {
                self.known.remove(&id);
            }
        }
    }
}

impl Producer {
    fn new(epoch: i16) -> Self {
        Self { epoch, batches: VecDeque::new(), open_from: None, heard_of: None }
    }

    /// With a new epoch the sequence numbers begin anew.
    fn set_epoch(&mut self, epoch: i16) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.batches.clear();
        }
    }

    fn find(&self, header: &BatchHeader) -> Option<Known> {
        let is_it = |known: &&Known| {
            known.base_sequence == header.producer.base_sequence && known.last_sequence == header.last_sequence()
        };
        (header.producer.epoch == self.epoch).then(|| self.batches.iter().find(is_it).copied()).flatten()
    }

    /// After 2147483647 comes 0.
    fn next_sequence(&self) -> i32 {
        self.batches.back().map_or(0, |last| last.last_sequence.wrapping_add(1) & i32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use kafka_wire::batch::control_batch;
    use kafka_wire::{BatchBuilder, BatchOptions};
    use proptest::prelude::*;

    use super::*;

    fn batch((id, epoch, base_sequence): (i64, i16, i32), count: usize, transactional: bool) -> Batch {
        let mut builder = BatchBuilder::new(BatchOptions::default());
        for _ in 0..count {
            builder.append(7, None, Some(b"x"), []).unwrap();
        }
        let producer = ProducerState { id, epoch, base_sequence };
        Batch::new(builder.finish(Some(producer), transactional).unwrap()).unwrap()
    }

    fn marker(id: i64, epoch: i16, commit: bool, offset: i64) -> Batch {
        let marker = if commit { ControlType::Commit } else { ControlType::Abort };
        Batch::new(control_batch(marker, (id, epoch), offset, 0, 0, 0).unwrap()).unwrap()
    }

    /// Producers and the log they write to.
    #[derive(Default)]
    struct Written {
        producers: Producers,
        log: Vec<Batch>,
        end: i64,
    }

    impl Written {
        /// The offset given, or that of the duplicate.
        fn write(&mut self, batch: &Batch) -> Result<i64, ErrorCode> {
            let guard = batch.header().is_transactional().then(|| self.producers.verify(batch.header().producer));
            if let Some(known) = self.producers.check(batch.header(), guard.flatten())? {
                return Ok(known.base_offset);
            }
            let base = self.end;
            self.producers.appended(batch.header(), base, None);
            let mut bytes = batch.bytes().to_vec();
            kafka_wire::batch::assign_offsets(&mut bytes, base, 0).unwrap();
            let batch = Batch::new(bytes.into()).unwrap();
            self.end = batch.header().next_offset();
            self.log.push(batch);
            Ok(base)
        }

        fn end(&mut self, id: i64, epoch: i16, commit: bool) -> Result<(), ErrorCode> {
            self.producers.check_marker(id, epoch)?;
            self.producers.ended(id, epoch, commit, self.end, None);
            self.log.push(marker(id, epoch, commit, self.end));
            self.end += 1;
            Ok(())
        }

        /// As a broker that starts finds it.
        fn replayed(&self) -> Producers {
            let mut producers = Producers::default();
            for batch in &self.log {
                producers.replay(batch).unwrap();
            }
            producers
        }
    }

    #[test]
    fn a_sequence_goes_on_without_gaps_and_a_duplicate_is_known() {
        let mut written = Written::default();
        assert_eq!(written.write(&batch((1, 0, 0), 3, false)), Ok(0));
        assert_eq!(written.write(&batch((1, 0, 3), 1, false)), Ok(3));
        assert_eq!(written.write(&batch((1, 0, 5), 1, false)), Err(ErrorCode::OutOfOrderSequenceNumber));
        assert_eq!(written.write(&batch((1, 0, 0), 3, false)), Ok(0));
        // Not one of those sent: neither a duplicate nor the next.
        assert_eq!(written.write(&batch((1, 0, 0), 2, false)), Err(ErrorCode::OutOfOrderSequenceNumber));
        for sequence in 4..9 {
            written.write(&batch((1, 0, sequence), 1, false)).unwrap();
        }
        assert_eq!(written.write(&batch((1, 0, 3), 1, false)), Err(ErrorCode::OutOfOrderSequenceNumber), "the sixth");
        assert_eq!(written.write(&batch((1, 0, 4), 1, false)), Ok(4), "the fifth");
        assert_eq!(written.end, 9);
    }

    #[test]
    fn a_new_epoch_begins_at_zero_and_an_old_one_is_fenced() {
        let mut written = Written::default();
        written.write(&batch((1, 3, 0), 1, false)).unwrap();
        assert_eq!(written.write(&batch((1, 4, 1), 1, false)), Err(ErrorCode::OutOfOrderSequenceNumber));
        written.write(&batch((1, 4, 0), 1, false)).unwrap();
        assert_eq!(written.write(&batch((1, 3, 1), 1, false)), Err(ErrorCode::InvalidProducerEpoch));
        assert_eq!(written.write(&batch((2, 9, 77), 1, false)), Ok(2), "of a producer unknown anything is taken");
        assert_eq!(written.write(&batch((2, 9, 79), 1, false)), Err(ErrorCode::OutOfOrderSequenceNumber));
    }

    #[test]
    fn sequence_numbers_wrap() {
        let mut written = Written::default();
        written.write(&batch((1, 0, i32::MAX - 1), 3, false)).unwrap();
        assert_eq!(written.write(&batch((1, 0, 2), 1, false)), Err(ErrorCode::OutOfOrderSequenceNumber));
        assert_eq!(written.write(&batch((1, 0, 1), 1, false)), Ok(3));
        assert_eq!(written.write(&batch((1, 0, i32::MAX - 1), 3, false)), Ok(0));
        written.write(&batch((2, 0, i32::MAX), 1, false)).unwrap();
        written.write(&batch((2, 0, 0), 1, false)).unwrap();
    }

    #[test]
    fn the_oldest_open_transaction_bounds_what_is_stable() {
        let mut written = Written::default();
        written.write(&batch((1, 0, 0), 2, false)).unwrap();
        written.write(&batch((2, 0, 0), 2, true)).unwrap();
        written.write(&batch((3, 0, 0), 2, true)).unwrap();
        assert_eq!(written.write(&batch((2, 0, 2), 1, false)), Err(ErrorCode::InvalidTxnState));
        assert_eq!(written.producers.stable_offset(0, written.end), 2);
        written.end(3, 0, false).unwrap();
        assert_eq!(written.producers.stable_offset(0, written.end), 2);
        written.end(2, 0, true).unwrap();
        assert_eq!(written.producers.stable_offset(0, written.end), 8);
        let aborted = Aborted { producer_id: 3, first_offset: 4, last_offset: 6 };
        assert_eq!(written.producers.aborted(0, 8), [aborted]);
        assert_eq!(written.producers.aborted(6, 8), [aborted]);
        assert_eq!(written.producers.aborted(7, 8), []);
        assert_eq!(written.producers.aborted(0, 4), []);
        written.producers.forget_before(7);
        assert_eq!(written.producers.aborted(0, 8), []);
        assert_eq!(written.write(&batch((2, 0, 2), 1, true)), Ok(8), "the sequence goes on after a marker");
        // A marker with a newer epoch fences the producer and begins a new sequence.
        written.end(2, 1, false).unwrap();
        assert_eq!(written.write(&batch((2, 0, 3), 1, true)), Err(ErrorCode::InvalidProducerEpoch));
        assert_eq!(written.write(&batch((2, 1, 3), 1, true)), Err(ErrorCode::OutOfOrderSequenceNumber));
        assert_eq!(written.end(2, 0, false), Err(ErrorCode::InvalidProducerEpoch));
    }

    #[test]
    fn a_word_of_the_coordinator_is_good_until_a_marker_comes() {
        let mut producers = Producers::default();
        let first = batch((1, 0, 0), 1, true);
        assert_eq!(producers.check(first.header(), None), Err(ErrorCode::InvalidTxnState));
        let guard = producers.verify(first.header().producer);
        assert!(guard.is_some());
        producers.ended(1, 0, false, 0, None);
        assert_eq!(producers.check(first.header(), guard), Err(ErrorCode::InvalidTxnState));
        let guard = producers.verify(first.header().producer);
        // One that overtakes the first has to wait for it.
        let second = batch((1, 0, 1), 1, true);
        assert_eq!(producers.verify(second.header().producer), guard);
        assert_eq!(producers.check(second.header(), guard), Err(ErrorCode::OutOfOrderSequenceNumber));
        assert_eq!(producers.check(first.header(), guard), Ok(None));
        producers.appended(first.header(), 1, None);
        assert_eq!(producers.verify(second.header().producer), None, "the transaction is open");
        assert_eq!(producers.check(second.header(), None), Ok(None));
    }

    #[test]
    fn who_is_not_heard_of_is_forgotten() {
        let mut producers = Producers::default();
        for id in 0..MAX_PRODUCERS as i64 + 10 {
            producers.appended(batch((id, 0, 0), 1, id == 3).header(), id, Some(id));
        }
        assert_eq!(producers.known.len(), MAX_PRODUCERS);
        assert!(producers.known.contains_key(&3), "its transaction is open");
        assert!(!producers.known.contains_key(&0));
        producers.appended(batch((99_999, 0, 0), 1, false).header(), 0, Some(EXPIRATION * 2));
        assert_eq!(producers.known.keys().copied().collect::<Vec<_>>(), [3, 99_999]);
        for id in 0..2 * MAX_VERIFICATIONS as i64 {
            producers.verify(ProducerState { id, epoch: 0, base_sequence: 0 });
        }
        assert_eq!(producers.verifications.len(), MAX_VERIFICATIONS);
    }

    #[derive(Debug, Clone)]
    enum Step {
        /// The next batch of a producer, of so many records.
        Send(i64, usize),
        /// One of the last batches again.
        Repeat(i64, usize),
        /// One that does not follow.
        Skip(i64),
        End(i64, bool),
        Bump(i64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let id = 0_i64..4;
        let step = prop_oneof![
            6 => (id.clone(), 1_usize..4).prop_map(|(id, count)| Step::Send(id, count)),
            3 => (id.clone(), 0_usize..5).prop_map(|(id, back)| Step::Repeat(id, back)),
            1 => id.clone().prop_map(Step::Skip),
            2 => (id.clone(), any::<bool>()).prop_map(|(id, commit)| Step::End(id, commit)),
            1 => id.prop_map(Step::Bump),
        ];
        prop::collection::vec(step, 1..80)
    }

    /// What a producer has sent since its epoch began: batch and offset.
    #[derive(Default, Clone)]
    struct Model {
        epoch: i16,
        next: i32,
        sent: Vec<(Batch, i64)>,
        open: Option<i64>,
    }

    proptest! {
        /// Producers 0 and 1 are transactional, 2 and 3 are not.
        #[test]
        fn each_batch_is_written_once_and_a_replay_finds_the_same(steps in steps()) {
            let mut written = Written::default();
            let mut models = vec![Model { next: i32::MAX - 5, ..Model::default() }; 4];
            for step in steps {
                match step {
                    Step::Send(id, count) => {
                        let model = &mut models[id as usize];
                        let batch = batch((id, model.epoch, model.next), count, id < 2);
                        let end = written.end;
                        prop_assert_eq!(written.write(&batch), Ok(end));
                        model.next = model.next.wrapping_add(count as i32) & i32::MAX;
                        model.sent.push((batch, end));
                        if id < 2 {
                            model.open.get_or_insert(end);
                        }
                    }
                    Step::Repeat(id, back) => {
                        let sent = &models[id as usize].sent;
                        if let Some((batch, offset)) = sent.iter().rev().nth(back) {
                            let end = written.end;
                            // A transaction that is over is not opened again by a duplicate.
                            prop_assert_eq!(written.write(batch), Ok(*offset));
                            prop_assert_eq!(written.end, end);
                        }
                    }
                    Step::Skip(id) => {
                        let model = &models[id as usize];
                        if !model.sent.is_empty() {
                            let batch = batch((id, model.epoch, model.next.wrapping_add(1) & i32::MAX), 1, id < 2);
                            prop_assert_eq!(written.write(&batch), Err(ErrorCode::OutOfOrderSequenceNumber));
                            // It will not come, or the next would have to be lower.
                            written.producers.verifications.clear();
                        }
                    }
                    Step::End(id, commit) => {
                        if id < 2 {
                            let model = &mut models[id as usize];
                            written.end(id, model.epoch, commit).unwrap();
                            model.open = None;
                            if model.sent.is_empty() {
                                model.next = 0;
                            }
                        }
                    }
                    Step::Bump(id) => {
                        let model = &mut models[id as usize];
                        if model.open.is_none() {
                            *model = Model { epoch: model.epoch + 1, ..Model::default() };
                        }
                    }
                }
                let stable = models.iter().filter_map(|model| model.open).min().unwrap_or(written.end);
                prop_assert_eq!(written.producers.stable_offset(0, written.end), stable);
            }
            let replayed = written.replayed();
            prop_assert_eq!(&replayed.known, &written.producers.known);
            prop_assert_eq!(&replayed.open, &written.producers.open);
            prop_assert_eq!(&replayed.aborted, &written.producers.aborted);
        }
    }
}
