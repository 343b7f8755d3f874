//! Which batches to send now, and when to look again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use env::Instant;

use super::accumulator::{Accumulator, BlockedOn, Queue, Topic};
use super::batch::Body;
use super::rows::Completion;
use crate::config::ProducerConfig;
use crate::error::ClientError;
use crate::topic_partition::TopicPartition;

/// What a look at the queues found.
#[derive(Default)]
pub(super) struct Drained {
    /// The batches of each broker, one per partition.
    pub(super) requests: BTreeMap<i32, Vec<Shipment>>,
    /// Brokers that have batches to send and no connection.
    pub(super) unconnected: BTreeSet<i32>,
    /// Batches are ready for partitions whose leader is not known.
    pub(super) leaderless: bool,
    /// When to look again, if nothing happens before.
    pub(super) look_again: Option<Instant>,
    /// Whether there are new completions.
    pub(super) completed: bool,
}

/// A batch's bytes on their way.
pub(super) struct Shipment {
    /// Where to.
    pub(super) to: TopicPartition,
    /// The records.
    pub(super) body: Body,
    /// Bytes before compression.
    pub(super) size: usize,
}

/// What the sender can do for a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Capacity {
    /// Take a request.
    Free,
    /// Nothing: as many requests are in flight as may be.
    Busy,
    /// Nothing before a connection is made.
    Unconnected,
}

impl Accumulator {
    /// Takes the batches that are to be sent now. `capacity` tells what can be done for a broker.
    pub(super) fn drain(&mut self, now: Instant, capacity: &dyn Fn(i32) -> Capacity) -> Drained {
        let mut drained = Drained { completed: self.expire(now), ..Drained::default() };
        let ready = self.ready_leaders(now, capacity, &mut drained);
        if ready.is_empty() {
            return drained;
        }
        let mut sizes: BTreeMap<i32, usize> = BTreeMap::new();
        let partitions: usize = self.topics.values().map(|topic| topic.partitions.len()).sum();
        let from = self.drain_from % partitions.max(1);
        self.drain_from = from + 1;
        // In two rounds, so that a different partition comes first each time.
        for round in [from..partitions, 0..from] {
            let mut at = 0;
            for (name, topic) in &mut self.topics {
                for (partition, queue) in topic.partitions.iter_mut().enumerate() {
                    let mine = round.contains(&at);
                    at += 1;
                    let Some(leader) = queue.leader.filter(|leader| mine && ready.contains(leader)) else { continue };
                    let size = sizes.entry(leader).or_default();
                    if let Some(shipment) = queue.ship(name, partition, now, self.config.max_request_size, size) {
                        drained.requests.entry(leader).or_default().push(shipment);
                    }
                }
            }
        }
        drained
    }

    /// The brokers that have something to send and can take it. One batch that is due takes those of the same broker
    /// that are not due along.
    fn ready_leaders(
        &self,
        now: Instant,
        capacity: &dyn Fn(i32) -> Capacity,
        drained: &mut Drained,
    ) -> BTreeSet<i32> {
        let exhausted = self.blocked.as_ref().is_some_and(|blocked| matches!(blocked.on, BlockedOn::Memory(_)));
        let hurried = exhausted || self.closing;
        let mut ready = BTreeSet::new();
        for queue in self.topics.values().flat_map(|topic| &topic.partitions) {
            let Some(due) = queue.due(&self.config, hurried, self.flush_below) else { continue };
            if due > now {
                drained.look_again = Some(drained.look_again.map_or(due, |other| other.min(due)));
                continue;
            }
            match queue.leader.map(|leader| (leader, capacity(leader))) {
                Some((leader, Capacity::Free)) => {
                    ready.insert(leader);
                }
                Some((leader, Capacity::Unconnected)) => {
                    drained.unconnected.insert(leader);
                }
                Some((_, Capacity::Busy)) => {}
                None => drained.leaderless = true,
            }
        }
        ready
    }

    /// Reports batches whose `delivery.timeout.ms` is over; whether there were any.
    fn expire(&mut self, now: Instant) -> bool {
        let timeout = self.config.delivery_timeout;
        let mut expired = Vec::new();
        for (name, topic) in &mut self.topics {
            for (partition, queue) in topic.partitions.iter_mut().enumerate() {
                // Batches stand in the order of their creation, but one that was split or retried comes first.
                while let Some(meta) = queue.take_expired(now, timeout) {
                    expired.push((TopicPartition::new(name.clone(), partition as i32), meta));
                }
            }
        }
        let any = !expired.is_empty();
        for (to, meta) in expired {
            let waited = now.saturating_since(meta.created).as_millis();
            let message = format!(
                "Expiring {} record(s) for {to}:{waited} ms has passed since batch creation",
                meta.count
            );
            self.outstanding -= u64::from(meta.count);
            self.release(meta.memory);
            self.completions.push_back(Completion {
                topic: to.topic,
                partition: to.partition,
                runs: meta.runs,
                log_append_time: None,
                error: Some(ClientError::timeout(message)),
            });
        }
        any
    }
}

impl Queue {
    /// When the first batch is to be sent; `None` when there is none, or one is in flight.
    fn due(&self, config: &ProducerConfig, hurried: bool, flush_below: u64) -> Option<Instant> {
        if self.in_flight.is_some() {
            return None;
        }
        let due = match (self.full.front(), &self.open) {
            (Some(_), _) => Instant::from_origin(Duration::ZERO),
            (None, None) => return None,
            (None, Some(open)) => {
                let flushed = open.meta.runs.first().is_some_and(|run| run.first_row < flush_below);
                if hurried || flushed { Instant::from_origin(Duration::ZERO) } else { open.meta.created + config.linger }
            }
        };
        let due = self.not_before.map_or(due, |not_before| due.max(not_before));
        // One that expires first must be looked at first.
        let oldest = self.full.front().or(self.open.as_ref())?;
        Some(due.min(oldest.meta.created + config.delivery_timeout))
    }

    /// Puts the first batch in flight, when it fits into a request that has `request_size` bytes already.
    fn ship(
        &mut self,
        topic: &Arc<str>,
        partition: usize,
        now: Instant,
        max_request_size: usize,
        request_size: &mut usize,
    ) -> Option<Shipment> {
        if self.in_flight.is_some() || self.not_before.is_some_and(|not_before| not_before > now) {
            return None;
        }
        let size = self.full.front().or(self.open.as_ref())?.meta.memory;
        if *request_size > 0 && request_size.saturating_add(size) > max_request_size {
            return None;
        }
        *request_size += size;
        let batch = self.full.pop_front().or_else(|| self.open.take())?;
        self.in_flight = Some(batch.meta);
        self.not_before = None;
        Some(Shipment { to: TopicPartition::new(topic.clone(), partition as i32), body: batch.body, size })
    }

    fn take_expired(&mut self, now: Instant, timeout: Duration) -> Option<super::batch::Meta> {
        let is_over = |created: Instant| created + timeout <= now;
        if self.full.front().is_some_and(|batch| is_over(batch.meta.created)) {
            return self.full.pop_front().map(|batch| batch.meta);
        }
        if self.full.is_empty() {
            return self.open.take_if(|batch| is_over(batch.meta.created)).map(|batch| batch.meta);
        }
        None
    }
}

impl Topic {
    /// The queue of a partition.
    pub(super) fn queue(&mut self, partition: i32) -> Option<&mut Queue> {
        self.partitions.get_mut(usize::try_from(partition).ok()?)
    }
}
