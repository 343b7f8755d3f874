//! The rows that were accepted and are not yet reported, by partition; everything a producer's lock guards.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use env::{Instant, Random};
use indexmap::IndexMap;
use kafka_wire::{Compression, partition_for_key};

use super::batch::{Batch, Meta, alone, record_size};
use super::partitioner::Sticky;
use super::rows::{Completion, Row, Rows};
use crate::cluster::Snapshot;
use crate::config::ProducerConfig;
use crate::error::ClientError;

/// Completions kept for the caller before nothing more is accepted.
pub(super) const MAX_UNCOLLECTED: usize = 8192;

/// Everything below one lock.
pub(super) struct Accumulator {
    pub(super) config: Arc<ProducerConfig>,
    pub(super) topics: IndexMap<Arc<str>, Topic>,
    /// The number of the next row.
    pub(super) next_row: u64,
    /// Rows accepted and not yet reported.
    pub(super) outstanding: u64,
    /// Bytes of batches that are not yet reported.
    pub(super) memory: usize,
    pub(super) completions: VecDeque<Completion<ClientError>>,
    /// Rows below this do not linger.
    pub(super) flush_below: u64,
    /// What the first row that was not accepted waits for.
    pub(super) blocked: Option<Blocked>,
    /// Memory to build batches in.
    pub(super) spare: Vec<Vec<u8>>,
    /// Nothing more is accepted.
    pub(super) closing: bool,
    /// Where the next drain begins, so that all partitions get their turn.
    pub(super) drain_from: usize,
}

/// A topic that rows were appended to.
pub(super) struct Topic {
    /// Its partitions; empty until they are known.
    pub(super) partitions: Vec<Queue>,
    /// How many partitions the cluster says it has.
    pub(super) count: i32,
    sticky: Option<Sticky>,
    /// The update that must be served before the broker's refusal of the topic is believed.
    asked: Option<u64>,
    /// The update that must be served before the absence of a partition is believed.
    asked_for_partition: Option<u64>,
    /// Bytes after compression by bytes before, estimated.
    pub(super) ratio: f64,
    pub(super) last_use: Instant,
}

/// A partition's batches, in order: the one in flight, those that are full, the open one.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) leader: Option<i32>,
    pub(super) in_flight: Option<Meta>,
    pub(super) full: VecDeque<Batch>,
    pub(super) open: Option<Batch>,
    /// After a failure: not to be sent again before.
    pub(super) not_before: Option<Instant>,
}

/// Why a row was not accepted.
#[derive(Debug, Clone)]
pub(super) struct Blocked {
    /// The row that waits.
    pub(super) row: u64,
    /// Since when.
    pub(super) since: Instant,
    /// For what.
    pub(super) on: BlockedOn,
}

/// What a row waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BlockedOn {
    /// Memory for so many bytes.
    Memory(usize),
    /// The caller to collect completions.
    Completions,
    /// The partitions of this topic; the partition asked for, when it is only that one.
    Topic(Arc<str>, Option<i32>),
}

/// How far an append got.
pub(super) struct Appended {
    /// Rows accepted.
    pub(super) accepted: usize,
    /// Whether there is something new for the sender.
    pub(super) wake: bool,
    /// Why the next row was refused, if it was.
    pub(super) refused: Option<ClientError>,
}

/// What an append may look at.
pub(super) struct World<'a> {
    pub(super) now: Instant,
    pub(super) unix_millis: i64,
    pub(super) snapshot: &'a Snapshot,
    pub(super) random: &'a dyn Random,
    /// Asks for metadata of a topic; the number of the update.
    pub(super) ask: &'a dyn Fn(&Arc<str>) -> u64,
    /// Whether that update has come.
    pub(super) is_served: &'a dyn Fn(u64) -> bool,
}

enum Stop {
    Wait(BlockedOn),
    Refuse(ClientError),
}

impl Accumulator {
    pub(super) fn new(config: Arc<ProducerConfig>) -> Self {
        Self {
            config,
            topics: IndexMap::new(),
            next_row: 0,
            outstanding: 0,
            memory: 0,
            completions: VecDeque::new(),
            flush_below: 0,
            blocked: None,
            spare: Vec::new(),
            closing: false,
            drain_from: 0,
        }
    }

    /// Appends rows until one must wait or is refused.
    pub(super) fn append(&mut self, rows: &Rows, range: Range<usize>, world: &World<'_>) -> Appended {
        let mut appended = Appended { accepted: 0, wake: false, refused: None };
        // The topic of the row before: rows mostly come one topic at a time.
        let mut topic: Option<(&Arc<str>, usize)> = None;
        for row in &rows.rows()[range] {
            let at = match topic {
                Some((name, at)) if Arc::ptr_eq(name, &row.topic) => Ok(at),
                _ => self.topic(&row.topic, world),
            };
            let done = at.and_then(|at| {
                topic = Some((&row.topic, at));
                self.append_row(rows, row, at, world)
            });
            match done {
                Ok(wake) => {
                    appended.accepted += 1;
                    appended.wake |= wake;
                }
                Err(Stop::Refuse(error)) => {
                    appended.refused = Some(error);
                    break;
                }
                Err(Stop::Wait(on)) => {
                    self.block(on, world.now);
                    appended.wake = true;
                    break;
                }
            }
        }
        if appended.accepted > 0 && self.blocked.as_ref().is_some_and(|blocked| blocked.row < self.next_row) {
            self.blocked = None;
        }
        appended
    }

    /// A row that waits once more has waited since the first time.
    fn block(&mut self, on: BlockedOn, now: Instant) {
        let since =
            self.blocked.as_ref().filter(|blocked| blocked.row == self.next_row).map_or(now, |blocked| blocked.since);
        self.blocked = Some(Blocked { row: self.next_row, since, on });
    }

    /// The place of a topic whose partitions are known.
    fn topic(&mut self, name: &Arc<str>, world: &World<'_>) -> Result<usize, Stop> {
        let entry = self.topics.entry(name.clone());
        let at = entry.index();
        let topic = entry.or_insert_with(|| Topic::new(world.now));
        topic.last_use = world.now;
        if topic.partitions.is_empty() {
            match topic.resolve(name, world) {
                Ok(true) => {}
                Ok(false) => return Err(Stop::Wait(BlockedOn::Topic(name.clone(), None))),
                Err(error) => {
                    self.topics.swap_remove(name);
                    return Err(Stop::Refuse(error));
                }
            }
        }
        Ok(at)
    }

    /// Appends one row; whether the sender should look.
    fn append_row(&mut self, rows: &Rows, row: &Row, at: usize, world: &World<'_>) -> Result<bool, Stop> {
        let size = record_size(rows, row);
        if alone(size) > self.config.max_request_size {
            let (topic, size, limit) = (row.topic.clone(), alone(size), self.config.max_request_size);
            return Err(Stop::Refuse(ClientError::RecordTooLarge { topic, size, limit }));
        }
        // A record larger than all memory passes when it is alone.
        if self.memory > 0 && self.memory.saturating_add(alone(size)) > self.config.buffer_memory {
            return Err(Stop::Wait(BlockedOn::Memory(alone(size))));
        }
        if self.completions.len() >= MAX_UNCOLLECTED {
            return Err(Stop::Wait(BlockedOn::Completions));
        }
        let (name, topic) = self.topics.get_index_mut(at).expect("the index was looked up below the same lock");
        let limit = topic.batch_limit(&self.config);
        let key = row.key.as_ref().filter(|_| !self.config.ignore_keys);
        let (partition, is_sticky) = match (row.partition, key) {
            (Some(partition), _) => (topic.check_partition(name, partition, world)?, false),
            (None, Some(key)) => (partition_for_key(rows.bytes(key), topic.count) as usize, false),
            (None, None) => (topic.sticky_partition(size, limit, &self.config, world.random), true),
        };
        let queue = &mut topic.partitions[partition];
        let mut wake = queue.make_room(size, limit);
        if queue.open.is_none() {
            let batch = Batch::new(&self.config, world.now, self.spare.pop());
            self.memory += batch.meta.memory;
            queue.open = Some(batch);
            wake = true;
        }
        let batch = queue.open.as_mut().expect("it was just opened");
        let timestamp = row.timestamp.unwrap_or(world.unix_millis);
        let added = match batch.append(rows, row, self.next_row, timestamp) {
            Ok(added) => added,
            Err(error) => {
                self.memory -= queue.drop_empty();
                return Err(Stop::Refuse(error));
            }
        };
        self.memory += added;
        self.next_row += 1;
        self.outstanding += 1;
        if is_sticky {
            topic.count_sticky(added, &self.config, world.random);
        }
        Ok(wake)
    }

    /// Whether the row that waited may be tried again; its error, when waiting is in vain.
    pub(super) fn is_ready(&mut self, world: &World<'_>) -> Result<bool, ClientError> {
        let Some(blocked) = self.blocked.clone() else { return Ok(true) };
        let (ready, text) = match blocked.on {
            BlockedOn::Memory(needed) => (
                self.memory == 0 || self.memory.saturating_add(needed) <= self.config.buffer_memory,
                "Failed to allocate memory within the configured max blocking time".to_owned(),
            ),
            BlockedOn::Completions => {
                (self.completions.len() < MAX_UNCOLLECTED, "Completions were not collected within".to_owned())
            }
            BlockedOn::Topic(name, partition) => (self.is_topic_ready(&name, world)?, absent(&name, partition)),
        };
        if !ready && world.now.saturating_since(blocked.since) >= self.config.max_block {
            let millis = self.config.max_block.as_millis();
            self.blocked = None;
            return Err(ClientError::timeout(format!("{text} {millis} ms.")));
        }
        Ok(ready)
    }

    fn is_topic_ready(&mut self, name: &Arc<str>, world: &World<'_>) -> Result<bool, ClientError> {
        let Some(topic) = self.topics.get_mut(name) else { return Ok(true) };
        if !topic.partitions.is_empty() {
            // A partition was out of range: the next append decides, once the update has come.
            return Ok(topic.asked_for_partition.is_none_or(world.is_served));
        }
        let resolved = topic.resolve(name, world);
        if resolved.is_err() {
            self.topics.swap_remove(name);
            self.blocked = None;
        }
        resolved
    }

    /// Takes over leaders and partition counts.
    pub(super) fn apply(&mut self, snapshot: &Snapshot) {
        for (name, topic) in &mut self.topics {
            topic.apply(name, snapshot);
        }
    }

    /// Forgets topics that were not used since `before` and have nothing to send; their names.
    pub(super) fn forget_idle(&mut self, before: Instant) -> Vec<Arc<str>> {
        let idle = |topic: &Topic| topic.last_use < before && topic.partitions.iter().all(Queue::is_empty);
        let names: Vec<Arc<str>> =
            self.topics.iter().filter(|(_, topic)| idle(topic)).map(|(name, _)| name.clone()).collect();
        self.topics.retain(|_, topic| !idle(topic));
        names
    }

    /// Frees what a reported batch held.
    pub(super) fn release(&mut self, memory: usize) {
        self.memory -= memory;
        if self.memory == 0 {
            // No buffers while nothing flows.
            self.spare = Vec::new();
        }
    }

    /// Reports every row that is not yet reported as failed with `error`, and forgets all batches.
    pub(super) fn fail_all(&mut self, error: &ClientError) {
        self.closing = true;
        self.spare = Vec::new();
        for (name, topic) in std::mem::take(&mut self.topics) {
            for (partition, queue) in topic.partitions.into_iter().enumerate() {
                let queued = queue.full.into_iter().chain(queue.open).map(|batch| batch.meta);
                for meta in queue.in_flight.into_iter().chain(queued).filter(|meta| meta.count > 0) {
                    self.outstanding -= u64::from(meta.count);
                    self.completions.push_back(Completion {
                        topic: name.clone(),
                        partition: partition as i32,
                        runs: meta.runs,
                        log_append_time: None,
                        error: Some(error.clone()),
                    });
                }
            }
        }
        self.memory = 0;
    }
}

fn absent(topic: &str, partition: Option<i32>) -> String {
    match partition {
        None => format!("Topic {topic} not present in metadata after"),
        Some(partition) => format!("Partition {partition} of topic {topic} is not present in metadata after"),
    }
}

impl Topic {
    fn new(now: Instant) -> Self {
        Self {
            partitions: Vec::new(),
            count: 0,
            sticky: None,
            asked: None,
            asked_for_partition: None,
            ratio: 1.0,
            last_use: now,
        }
    }

    /// Whether the partitions are known now; asks for them the first time.
    fn resolve(&mut self, name: &Arc<str>, world: &World<'_>) -> Result<bool, ClientError> {
        self.apply(name, world.snapshot);
        if !self.partitions.is_empty() {
            self.asked = None;
            return Ok(true);
        }
        let Some(asked) = self.asked else {
            self.asked = Some((world.ask)(name));
            return Ok(false);
        };
        let error = world.snapshot.topics.get(name).and_then(|topic| topic.error);
        match error {
            Some(code) if !code.is_retriable() && (world.is_served)(asked) => Err(ClientError::about_topic(code, name)),
            _ => Ok(false),
        }
    }

    fn apply(&mut self, name: &str, snapshot: &Snapshot) {
        // With an error the leaders known stay: they answer with the same error, for the batch concerned.
        let Some(known) = snapshot.topics.get(name).filter(|known| known.error.is_none()) else { return };
        self.count = known.partitions.len() as i32;
        if self.partitions.len() < known.partitions.len() {
            self.partitions.resize_with(known.partitions.len(), Queue::default);
        }
        for (partition, queue) in self.partitions.iter_mut().enumerate() {
            queue.leader = known.partitions.get(partition).and_then(|known| known.leader);
        }
    }

    /// A partition that was asked for by number. One that is not there is waited for until a fresh answer denies it.
    fn check_partition(&mut self, name: &Arc<str>, partition: i32, world: &World<'_>) -> Result<usize, Stop> {
        if (0..self.count).contains(&partition) {
            return Ok(partition as usize);
        }
        match self.asked_for_partition {
            Some(asked) if (world.is_served)(asked) => {
                self.asked_for_partition = None;
                self.apply(name, world.snapshot);
                if (0..self.count).contains(&partition) {
                    return Ok(partition as usize);
                }
                let (topic, count) = (name.clone(), self.count);
                Err(Stop::Refuse(ClientError::InvalidPartition { topic, partition, count }))
            }
            Some(_) => Err(Stop::Wait(BlockedOn::Topic(name.clone(), Some(partition)))),
            None => {
                self.asked_for_partition = Some((world.ask)(name));
                Err(Stop::Wait(BlockedOn::Topic(name.clone(), Some(partition))))
            }
        }
    }

    /// How large a batch may get before compression, so that it has about `batch.size` bytes after.
    fn batch_limit(&self, config: &ProducerConfig) -> usize {
        // Parity: Java adds 5 % to the estimate.
        const MARGIN: f64 = 1.05;
        match config.compression {
            Compression::None => config.batch_size,
            _ => ((config.batch_size as f64 / (self.ratio * MARGIN)) as usize).max(1),
        }
    }

    fn choose_sticky(&self, config: &ProducerConfig, random: &dyn Random) -> Option<Sticky> {
        let known = self.partitions.iter().take(self.count as usize);
        let queues = known.map(|queue| (queue.leader.is_some(), queue.full.len() + usize::from(queue.open.is_some())));
        Sticky::choose(queues, config.adaptive_partitioning, random)
    }

    /// The partition for a record without a key: changes between batches once a batch's worth went to the last.
    fn sticky_partition(&mut self, size: usize, limit: usize, config: &ProducerConfig, random: &dyn Random) -> usize {
        let done = match &self.sticky {
            None => true,
            Some(sticky) => {
                let open = self.partitions.get(sticky.partition).and_then(|queue| queue.open.as_ref());
                !open.is_some_and(|batch| batch.has_room(size, limit)) && sticky.is_done(config.batch_size)
            }
        };
        if done {
            self.sticky = self.choose_sticky(config, random);
        }
        self.sticky.map_or(0, |sticky| sticky.partition)
    }

    fn count_sticky(&mut self, added: usize, config: &ProducerConfig, random: &dyn Random) {
        if self.sticky.as_mut().is_some_and(|sticky| sticky.produced(added, config.batch_size)) {
            self.sticky = self.choose_sticky(config, random);
        }
    }

    /// Learns from a batch that was compressed; slowly towards better, quickly towards worse.
    pub(super) fn learn_ratio(&mut self, observed: f64) {
        const WORSE: f64 = 0.05;
        const BETTER: f64 = 0.005;
        self.ratio = if observed > self.ratio {
            (self.ratio + WORSE).max(observed)
        } else {
            (self.ratio - BETTER).max(observed)
        };
    }
}

impl Queue {
    /// Whether nothing waits and nothing is in flight.
    pub(super) fn is_empty(&self) -> bool {
        self.in_flight.is_none() && self.full.is_empty() && self.open.is_none()
    }

    /// Closes the open batch when the record does not fit; whether it did.
    fn make_room(&mut self, size: usize, limit: usize) -> bool {
        match self.open.take_if(|batch| !batch.has_room(size, limit)) {
            Some(batch) => {
                self.full.push_back(batch);
                true
            }
            None => false,
        }
    }

    /// Drops an open batch that has no record; the memory it was counted with.
    fn drop_empty(&mut self) -> usize {
        self.open.take_if(|batch| batch.meta.count == 0).map_or(0, |batch| batch.meta.memory)
    }
}
