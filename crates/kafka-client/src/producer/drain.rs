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
    fn ready_leaders(&self, now: Instant, capacity: &dyn Fn(i32) -> Capacity, drained: &mut Drained) -> BTreeSet<i32> {
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
            let message =
                format!("Expiring {} record(s) for {to}:{waited} ms has passed since batch creation", meta.count);
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
                if hurried || flushed {
                    Instant::from_origin(Duration::ZERO)
                } else {
                    open.meta.created + config.linger
                }
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

#[cfg(test)]
mod tests {
    use env::Random;
    use kafka_config::RawConfig;
    use kafka_wire::ErrorCode;

    use super::super::accumulator::World;
    use super::super::outcome::{Outcome, Stored};
    use super::super::rows::{Row, Rows};
    use super::*;
    use crate::cluster::{PartitionInfo, Snapshot, TopicInfo};

    struct Zero;

    impl Random for Zero {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    /// An accumulator, and the time.
    struct Bench {
        accumulator: Accumulator,
        now: Instant,
        snapshot: Snapshot,
    }

    impl Bench {
        /// Topic `t`, its partitions led by these brokers.
        fn new(leaders: &[i32], extra: &[(&str, &str)]) -> Self {
            let mut raw = RawConfig::from([("bootstrap.servers", "a:1"), ("enable.idempotence", "false")]);
            extra.iter().for_each(|(name, value)| raw.insert(*name, *value));
            let config = ProducerConfig::parse(&raw).unwrap();
            let partitions =
                leaders.iter().map(|leader| PartitionInfo { leader: Some(*leader), leader_epoch: 0 }).collect();
            let topics = BTreeMap::from([(Arc::from("t"), TopicInfo { partitions, ..TopicInfo::default() })]);
            let snapshot = Snapshot { topics, generation: 1, ..Snapshot::default() };
            Self { accumulator: Accumulator::new(config.into()), now: Instant::from_origin(Duration::ZERO), snapshot }
        }

        fn append(&mut self, partition: i32, size: usize) {
            let mut rows = Rows::new();
            rows.data_mut().resize(size, b'x');
            let (value, timestamp) = (Some(0..size as u32), Some(1));
            rows.push(Row {
                topic: "t".into(),
                partition: Some(partition),
                timestamp,
                key: None,
                value,
                headers: 0..0,
            });
            let world = World {
                now: self.now,
                unix_millis: 1,
                snapshot: &self.snapshot,
                random: &Zero,
                ask: &|_| 1,
                is_served: &|_| true,
            };
            assert_eq!(self.accumulator.append(&rows, 0..1, &world).accepted, 1);
        }

        fn wait(&mut self, millis: u64) {
            self.now = self.now + Duration::from_millis(millis);
        }

        /// What is sent now: broker and partitions.
        fn drain(&mut self) -> Vec<(i32, Vec<i32>)> {
            let drained = self.accumulator.drain(self.now, &|_| Capacity::Free);
            let requests = drained.requests.into_iter();
            requests.map(|(broker, sent)| (broker, sent.iter().map(|each| each.to.partition).collect())).collect()
        }

        fn look_again(&mut self) -> Option<Duration> {
            self.accumulator.drain(self.now, &|_| Capacity::Free).look_again.map(Instant::since_origin)
        }

        fn settle(&mut self, partition: i32, result: Result<(), ErrorCode>) -> bool {
            let bytes = {
                let mut builder = kafka_wire::BatchBuilder::new(kafka_wire::BatchOptions::default());
                builder.append(1, None, None, []).unwrap();
                builder.finish(None, false).unwrap()
            };
            let stored = Stored { base_offset: 0, log_append_time: None };
            let result = result.map(|()| stored).map_err(|code| ClientError::from(code).into());
            let outcome = Outcome { to: TopicPartition::new("t", partition), bytes: Some(bytes), size: 100, result };
            self.accumulator.settle(outcome, self.now, &Zero)
        }
    }

    #[test]
    fn a_batch_lingers_unless_it_is_full_or_flushed() {
        let mut bench = Bench::new(&[1, 2], &[("linger.ms", "50"), ("batch.size", "1000")]);
        bench.append(0, 100);
        assert_eq!(bench.drain(), []);
        assert_eq!(bench.look_again(), Some(Duration::from_millis(50)));
        bench.wait(50);
        assert_eq!(bench.drain(), [(1, vec![0])]);
        bench.append(1, 600);
        bench.append(1, 600);
        assert_eq!(bench.drain(), [(2, vec![1])]);
        assert!(bench.settle(1, Ok(())) || bench.drain().is_empty());
        bench.accumulator.flush_below = bench.accumulator.next_row;
        assert_eq!(bench.drain(), [(2, vec![1])]);
    }

    #[test]
    fn a_batch_that_is_due_takes_others_of_its_broker_along() {
        let mut bench = Bench::new(&[1, 2, 1], &[("linger.ms", "50")]);
        bench.append(0, 10);
        bench.wait(30);
        bench.append(1, 10);
        bench.append(2, 10);
        bench.wait(20);
        assert_eq!(bench.drain(), [(1, vec![0, 2])]);
    }

    #[test]
    fn requests_are_bounded_and_every_partition_has_its_turn() {
        let extra = [("linger.ms", "0"), ("max.request.size", "1000")];
        let mut bench = Bench::new(&[1, 1, 1], &extra);
        let mut first = Vec::new();
        for _ in 0..3 {
            (0..3).for_each(|partition| bench.append(partition, 600));
            let sent = bench.drain();
            assert_eq!(sent[0].1.len(), 1, "two do not fit");
            first.push(sent[0].1[0]);
            assert!(!bench.settle(sent[0].1[0], Ok(())));
        }
        first.sort_unstable();
        assert_eq!(first, [0, 1, 2]);
    }

    #[test]
    fn a_partition_has_one_batch_in_flight_and_a_retry_comes_first() {
        let mut bench = Bench::new(&[1], &[("linger.ms", "0"), ("retry.backoff.ms", "100")]);
        bench.append(0, 10);
        assert_eq!(bench.drain(), [(1, vec![0])]);
        bench.append(0, 10);
        bench.wait(1000);
        assert_eq!(bench.drain(), []);
        assert!(bench.settle(0, Err(ErrorCode::NotLeaderOrFollower)), "metadata is stale");
        assert_eq!(bench.drain(), [], "it waits");
        bench.wait(120);
        assert_eq!(bench.drain(), [(1, vec![0])]);
        assert!(!bench.settle(0, Ok(())));
        let reported: Vec<u64> =
            bench.accumulator.completions.iter().map(|completion| completion.runs[0].first_row).collect();
        assert_eq!(reported, [0]);
        assert_eq!(bench.drain(), [(1, vec![0])]);
    }

    #[test]
    fn a_final_error_is_reported_and_the_next_batch_goes() {
        let mut bench = Bench::new(&[1], &[("linger.ms", "0")]);
        bench.append(0, 10);
        bench.drain();
        bench.append(0, 10);
        assert!(!bench.settle(0, Err(ErrorCode::TopicAuthorizationFailed)));
        assert!(bench.accumulator.completions[0].error.is_some());
        assert_eq!(bench.drain(), [(1, vec![0])]);
        assert_eq!(bench.accumulator.outstanding, 1);
    }

    #[test]
    fn what_waits_too_long_expires() {
        let extra = [("linger.ms", "0"), ("delivery.timeout.ms", "30000"), ("request.timeout.ms", "1000")];
        let mut bench = Bench::new(&[1], &extra);
        bench.append(0, 10);
        bench.wait(30_000);
        assert_eq!(bench.drain(), []);
        let error = bench.accumulator.completions[0].error.clone().unwrap();
        assert_eq!(error.to_string(), "Expiring 1 record(s) for t-0:30000 ms has passed since batch creation");
        assert_eq!((bench.accumulator.outstanding, bench.accumulator.memory), (0, 0));
    }
}
