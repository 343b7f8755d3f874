//! Where each partition stands: what was handed out, what is buffered, what is being asked for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use env::Instant;
use env::planted::{self, Bug};

use super::chunk::{Chunk, Progress};
use super::event::{FetchedRecords, StartAt};
use crate::error::ClientError;
use crate::topic_partition::TopicPartition;

/// Chunks buffered per partition: one is handed out while the next is fetched.
const MAX_CHUNKS: usize = 2;

/// The partitions of a consumer.
#[derive(Default)]
pub(super) struct Partitions {
    entries: BTreeMap<TopicPartition, Partition>,
    /// Partitions with something buffered, in the order in which it came.
    ready: VecDeque<TopicPartition>,
    /// Bytes buffered.
    buffered: usize,
    /// Numbers positions, so that an answer to a question about an earlier one is told apart.
    next_seq: u64,
    /// Nothing is handed out or fetched: the partitions are being revoked.
    pub(super) suspended: bool,
}

/// One partition.
pub(super) struct Partition {
    position: Option<i64>,
    /// Where to fetch next: behind what is buffered.
    fetch_at: i64,
    paused: bool,
    chunks: VecDeque<Chunk>,
    seq: u64,
    need: Need,
    /// Nothing is to be asked before.
    not_before: Option<Instant>,
    /// What every poll says until somebody seeks.
    failed: Option<ClientError>,
}

/// What must be known of a partition before it can be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing more.
    Nothing,
    /// The group's committed offset.
    Committed,
    /// The offset at this time: -2 the earliest, -1 the latest.
    AtTime(i64),
    /// Nothing now: an answer is on its way.
    Asked,
}

/// A position that a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) of: TopicPartition,
    pub(super) seq: u64,
    /// The position, or the time asked for.
    pub(super) at: i64,
}

pub(super) const EARLIEST: i64 = -2;
pub(super) const LATEST: i64 = -1;

impl Partitions {
    /// Replaces all partitions; those that stay begin anew too.
    pub(super) fn assign(&mut self, partitions: impl IntoIterator<Item = (TopicPartition, StartAt)>) {
        self.clear();
        for (of, start) in partitions {
            let seq = self.seq();
            self.entries.insert(of, Partition::new(start, seq));
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.ready.clear();
        self.buffered = 0;
        self.suspended = false;
    }

    fn seq(&mut self) -> u64 {
        self.next_seq += 1;
        self.next_seq
    }

    /// The partitions.
    pub(super) fn assigned(&self) -> Vec<TopicPartition> {
        self.entries.keys().cloned().collect()
    }

    /// Whether every partition's position is known, or known not to be.
    pub(super) fn are_settled(&self) -> bool {
        self.entries.values().all(|partition| partition.position.is_some() || partition.failed.is_some())
    }

    /// The offset of the next record to be handed out.
    pub(super) fn position(&self, of: &TopicPartition) -> Option<i64> {
        self.entries.get(of)?.position
    }

    /// What is wrong with a partition, until somebody seeks.
    pub(super) fn failure(&self, of: &TopicPartition) -> Option<ClientError> {
        self.entries.get(of)?.failed.clone()
    }

    /// Moves the position; what is buffered or on its way is dropped. False when the partition is not assigned.
    pub(super) fn seek(&mut self, of: &TopicPartition, start: StartAt) -> bool {
        let seq = self.seq();
        let Some(partition) = self.entries.get_mut(of) else { return false };
        if let (true, StartAt::Offset(offset)) = (planted::acts(Bug::SeekKeepsBuffer), &start) {
            partition.position = Some(*offset);
            return true;
        }
        self.buffered -= partition.buffered();
        let paused = partition.paused;
        *partition = Partition::new(start, seq);
        partition.paused = paused;
        self.ready.retain(|ready| ready != of);
        true
    }

    /// Pauses or resumes; what is buffered stays. False when the partition is not assigned.
    pub(super) fn set_paused(&mut self, of: &TopicPartition, paused: bool) -> bool {
        let partition = self.entries.get_mut(of);
        partition.map(|partition| partition.paused = paused).is_some()
    }

    /// The partitions that are paused.
    pub(super) fn paused(&self) -> Vec<TopicPartition> {
        self.entries.iter().filter(|(_, partition)| partition.paused).map(|(of, _)| of.clone()).collect()
    }

    /// Up to `max` records, from the partition whose data came first on.
    ///
    /// # Errors
    /// What is wrong with a partition, when no other record can be handed out before it is said.
    pub(super) fn take(&mut self, max: usize, check_crcs: bool) -> Result<Vec<FetchedRecords>, ClientError> {
        let mut taken = Vec::new();
        if self.suspended {
            return Ok(taken);
        }
        let mut left = max;
        let mut skipped = VecDeque::new();
        while left > 0
            && let Some(of) = self.ready.pop_front()
        {
            let Some(partition) = self.entries.get_mut(&of) else { continue };
            if partition.paused {
                skipped.push_back(of);
                continue;
            }
            let before = partition.buffered();
            partition.take(&of, &mut left, check_crcs, &mut taken);
            self.buffered -= before - partition.buffered();
            if !partition.chunks.is_empty() {
                self.ready.push_front(of);
            }
        }
        while let Some(of) = skipped.pop_back() {
            self.ready.push_front(of);
        }
        if taken.is_empty()
            && let Some(error) = self.entries.values().find_map(|partition| partition.failed.clone())
        {
            return Err(error);
        }
        Ok(taken)
    }

    /// The partitions whose committed offsets are to be asked for; they count as asked from now on.
    pub(super) fn ask_committed(&mut self, now: Instant) -> Vec<Asked> {
        let entries = self.entries.iter_mut().filter(|(_, partition)| partition.may_ask(now));
        let needy = entries.filter(|(_, partition)| partition.need == Need::Committed);
        needy.map(|(of, partition)| partition.ask(of, 0)).collect()
    }

    /// The partitions whose offset at a time is to be asked for and `filter` wants; they count as asked from now on.
    pub(super) fn ask_times(&mut self, now: Instant, filter: impl Fn(&TopicPartition) -> bool) -> Vec<Asked> {
        let entries = self.entries.iter_mut().filter(|(of, partition)| partition.may_ask(now) && filter(of));
        let needy = entries.filter_map(|(of, partition)| match partition.need {
            Need::AtTime(time) => Some(partition.ask(of, time)),
            _ => None,
        });
        needy.collect()
    }

    /// The partitions that could be fetched now.
    pub(super) fn fetchable(&self, now: Instant) -> impl Iterator<Item = Fetchable<'_>> {
        let suspended = self.suspended;
        let entries = self.entries.iter().filter(move |_| !suspended);
        let wanted = entries.filter(move |(_, partition)| {
            !partition.paused
                && partition.position.is_some()
                && partition.need == Need::Nothing
                && partition.failed.is_none()
                && partition.not_before.is_none_or(|not_before| not_before <= now)
        });
        wanted.map(|(of, partition)| Fetchable {
            asked: Asked { of: of.clone(), seq: partition.seq, at: partition.fetch_at },
            of,
            has_room: partition.chunks.len() < MAX_CHUNKS,
        })
    }

    /// Whether some partition needs its offset at a time.
    pub(super) fn needs_times(&self, now: Instant) -> impl Iterator<Item = &TopicPartition> {
        let needy = self
            .entries
            .iter()
            .filter(move |(_, partition)| matches!(partition.need, Need::AtTime(_)) && partition.may_ask(now));
        needy.map(|(of, _)| of)
    }

    /// When the next partition that waits after a failure may be asked again.
    pub(super) fn next_retry(&self, now: Instant) -> Option<Instant> {
        let waits = self.entries.values().filter_map(|partition| partition.not_before);
        waits.filter(|not_before| *not_before > now).min()
    }

    /// Bytes buffered.
    pub(super) fn buffered(&self) -> usize {
        self.buffered
    }

    fn current(&mut self, asked: &Asked) -> Option<&mut Partition> {
        self.entries
            .get_mut(&asked.of)
            .filter(|partition| partition.seq == asked.seq || planted::acts(Bug::StaleAnswerTaken))
    }

    /// Takes what a fetch brought.
    pub(super) fn put(&mut self, asked: &Asked, bytes: Bytes) {
        let Some(partition) = self.current(asked) else { return };
        // An answer to a question asked twice.
        let other = partition.fetch_at != asked.at && !planted::acts(Bug::StaleAnswerTaken);
        if other || bytes.is_empty() {
            return;
        }
        let (chunk, next) = Chunk::new(bytes);
        match next {
            Some(next) => partition.fetch_at = next.max(partition.fetch_at),
            None => {
                let (topic, number) = (asked.of.topic.clone(), asked.of.partition);
                let reason: Arc<str> = "the broker's answer holds no whole batch".into();
                partition.failed =
                    Some(ClientError::CorruptRecord { topic, partition: number, offset: asked.at, reason });
                return;
            }
        }
        let size = chunk.bytes();
        partition.chunks.push_back(chunk);
        self.buffered += size;
        if !self.ready.contains(&asked.of) {
            self.ready.push_back(asked.of.clone());
        }
    }

    /// The position is known.
    pub(super) fn place(&mut self, asked: &Asked, offset: i64) {
        if let Some(partition) = self.current(asked) {
            partition.position = Some(offset);
            partition.fetch_at = offset;
            partition.need = Need::Nothing;
            partition.not_before = None;
        }
    }

    /// Something else must be known first.
    pub(super) fn need(&mut self, asked: &Asked, need: Need, not_before: Option<Instant>) {
        if let Some(partition) = self.current(asked) {
            partition.need = need;
            partition.not_before = not_before;
        }
    }

    /// The offset is not in the partition any more: what is buffered is handed out first.
    pub(super) fn reset(&mut self, asked: &Asked, time: i64) {
        if let Some(partition) = self.current(asked)
            && partition.chunks.is_empty()
        {
            partition.need = Need::AtTime(time);
        }
    }

    /// Not to be fetched before.
    pub(super) fn delay(&mut self, asked: &Asked, not_before: Instant) {
        if let Some(partition) = self.current(asked) {
            partition.not_before = Some(not_before);
        }
    }

    /// What every poll is to say, once what is buffered was handed out.
    pub(super) fn fail(&mut self, asked: &Asked, error: ClientError) {
        if let Some(partition) = self.current(asked) {
            partition.failed = Some(error);
        }
    }
}

/// A partition that could be fetched now.
pub(super) struct Fetchable<'a> {
    pub(super) of: &'a TopicPartition,
    pub(super) asked: Asked,
    /// Whether another chunk may be buffered.
    pub(super) has_room: bool,
}

impl Partition {
    fn new(start: StartAt, seq: u64) -> Self {
        let (position, need) = match start {
            StartAt::Offset(offset) => (Some(offset), Need::Nothing),
            StartAt::Earliest => (None, Need::AtTime(EARLIEST)),
            StartAt::Latest => (None, Need::AtTime(LATEST)),
            StartAt::Committed => (None, Need::Committed),
        };
        Self {
            position,
            fetch_at: position.unwrap_or(0),
            paused: false,
            chunks: VecDeque::new(),
            seq,
            need,
            not_before: None,
            failed: None,
        }
    }

    fn buffered(&self) -> usize {
        self.chunks.iter().map(Chunk::bytes).sum()
    }

    fn may_ask(&self, now: Instant) -> bool {
        self.failed.is_none() && self.not_before.is_none_or(|not_before| not_before <= now)
    }

    fn ask(&mut self, of: &TopicPartition, at: i64) -> Asked {
        self.need = Need::Asked;
        Asked { of: of.clone(), seq: self.seq, at }
    }

    /// Moves up to `left` records out of the chunks.
    fn take(&mut self, of: &TopicPartition, left: &mut usize, check_crcs: bool, taken: &mut Vec<FetchedRecords>) {
        let Some(mut position) = self.position else { return self.chunks.clear() };
        while *left > 0
            && let Some(chunk) = self.chunks.front_mut()
        {
            let mut records = Vec::new();
            let read = chunk.read(&mut position, *left, check_crcs, &mut records);
            self.position = Some(position);
            *left -= records.len();
            let (progress, timestamp_type) = match read {
                Ok(read) => read,
                Err(error) => {
                    let (topic, partition) = (of.topic.clone(), of.partition);
                    let reason = error.to_string().into();
                    self.failed = Some(ClientError::CorruptRecord { topic, partition, offset: position, reason });
                    self.chunks.clear();
                    // Read again, and told again, after a seek only.
                    (Progress::Exhausted, kafka_wire::batch::TimestampType::CreateTime)
                }
            };
            if progress == Progress::Exhausted {
                self.chunks.pop_front();
            }
            if !records.is_empty() {
                taken.push(FetchedRecords {
                    topic: of.topic.clone(),
                    partition: of.partition,
                    timestamp_type,
                    records,
                    next_offset: position,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kafka_wire::{BatchBuilder, BatchOptions};

    use super::*;

    fn batch(base: i64, count: usize) -> Bytes {
        let mut builder = BatchBuilder::new(BatchOptions::default()).at_offset(base, 0);
        for _ in 0..count {
            builder.append(7, None, Some(b"x"), std::iter::empty::<(&[u8], Option<&[u8]>)>()).unwrap();
        }
        builder.finish(None, false).unwrap()
    }

    fn name(partition: i32) -> TopicPartition {
        TopicPartition::new("t", partition)
    }

    fn now() -> Instant {
        Instant::from_origin(Duration::from_secs(1))
    }

    fn assigned(offsets: &[i64]) -> Partitions {
        let mut partitions = Partitions::default();
        let starts = offsets.iter().enumerate().map(|(at, offset)| (name(at as i32), StartAt::Offset(*offset)));
        partitions.assign(starts);
        partitions
    }

    fn asked(partitions: &Partitions, of: i32) -> Asked {
        let found = partitions.fetchable(now()).find(|each| each.of.partition == of);
        found.expect("it can be fetched").asked
    }

    fn offsets(taken: &[FetchedRecords]) -> Vec<(i32, i64)> {
        taken.iter().flat_map(|each| each.records.iter().map(|record| (each.partition, record.offset))).collect()
    }

    #[test]
    fn hands_out_in_order_of_arrival_within_the_limit() {
        let mut partitions = assigned(&[0, 0]);
        let (zero, one) = (asked(&partitions, 0), asked(&partitions, 1));
        partitions.put(&one, batch(0, 2));
        partitions.put(&zero, batch(0, 2));
        assert_eq!(offsets(&partitions.take(3, true).unwrap()), [(1, 0), (1, 1), (0, 0)]);
        assert_eq!((partitions.position(&name(0)), partitions.position(&name(1))), (Some(1), Some(2)));
        assert_eq!(offsets(&partitions.take(3, true).unwrap()), [(0, 1)]);
        assert_eq!(partitions.buffered(), 0);
        assert!(partitions.take(3, true).unwrap().is_empty());
    }

    #[test]
    fn one_chunk_ahead() {
        let mut partitions = assigned(&[0]);
        partitions.put(&asked(&partitions, 0), batch(0, 2));
        let second = asked(&partitions, 0);
        assert_eq!(second.at, 2);
        partitions.put(&second, batch(2, 1));
        assert!(!partitions.fetchable(now()).next().unwrap().has_room);
        // The same answer once more changes nothing.
        partitions.put(&second, batch(2, 1));
        assert_eq!(offsets(&partitions.take(9, true).unwrap()), [(0, 0), (0, 1), (0, 2)]);
    }

    #[test]
    fn a_seek_drops_what_is_buffered_and_on_its_way() {
        let mut partitions = assigned(&[0]);
        let before = asked(&partitions, 0);
        partitions.put(&before, batch(0, 2));
        let on_its_way = asked(&partitions, 0);
        assert!(partitions.seek(&name(0), StartAt::Offset(1)));
        assert_eq!(partitions.buffered(), 0);
        partitions.put(&on_its_way, batch(2, 1));
        assert!(partitions.take(9, true).unwrap().is_empty());
        partitions.put(&asked(&partitions, 0), batch(0, 2));
        assert_eq!(offsets(&partitions.take(9, true).unwrap()), [(0, 1)]);
        assert!(!partitions.seek(&name(5), StartAt::Offset(1)));
    }

    #[test]
    fn what_is_paused_keeps_its_buffer() {
        let mut partitions = assigned(&[0, 0]);
        let (zero, one) = (asked(&partitions, 0), asked(&partitions, 1));
        partitions.put(&zero, batch(0, 1));
        partitions.put(&one, batch(0, 1));
        assert!(partitions.set_paused(&name(0), true));
        assert_eq!(partitions.paused(), [name(0)]);
        assert_eq!(offsets(&partitions.take(9, true).unwrap()), [(1, 0)]);
        assert!(partitions.fetchable(now()).all(|each| each.of.partition == 1));
        partitions.set_paused(&name(0), false);
        assert_eq!(offsets(&partitions.take(9, true).unwrap()), [(0, 0)]);
    }

    #[test]
    fn positions_are_asked_for_once() {
        let mut partitions = Partitions::default();
        partitions.assign([(name(0), StartAt::Committed), (name(1), StartAt::Earliest)]);
        assert!(!partitions.are_settled());
        let committed = partitions.ask_committed(now());
        assert_eq!(committed.len(), 1);
        assert!(partitions.ask_committed(now()).is_empty());
        partitions.need(&committed[0], Need::AtTime(LATEST), None);
        let times = partitions.ask_times(now(), |_| true);
        assert_eq!(times.iter().map(|each| each.at).collect::<Vec<_>>(), [LATEST, EARLIEST]);
        partitions.place(&times[0], 7);
        partitions.place(&times[1], 0);
        assert!(partitions.are_settled());
        assert_eq!(partitions.position(&name(0)), Some(7));
    }

    #[test]
    fn a_failed_partition_is_told_after_the_rest() {
        let mut partitions = assigned(&[0, 0]);
        let (zero, one) = (asked(&partitions, 0), asked(&partitions, 1));
        partitions.fail(&zero, ClientError::Closed("x"));
        partitions.put(&one, batch(0, 1));
        assert_eq!(offsets(&partitions.take(9, true).unwrap()), [(1, 0)]);
        assert_eq!(partitions.take(9, true).unwrap_err(), ClientError::Closed("x"));
        assert_eq!(partitions.take(9, true).unwrap_err(), ClientError::Closed("x"));
        partitions.seek(&name(0), StartAt::Offset(3));
        assert!(partitions.take(9, true).unwrap().is_empty());
    }
}
