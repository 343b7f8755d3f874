//! A consumer in memory: delivers what the cluster has, and what a coordinator would say when the test says it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{BufMut, BytesMut};
use connect_api::sink::{Offsets, TopicPartition};
use connect_api::{Error, RawRecord, Result, TimestampType};
use connect_kafka::{ConsumedRecord, Consumer, ConsumerEvent, Interrupt, PartitionRecords, Revocation, TopicMatcher};
use env::{Env, Instant};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{Cluster, Journal, StoredRecord};

enum Event {
    Assign(Vec<TopicPartition>),
    Revoke(Vec<TopicPartition>),
    Lose(Vec<TopicPartition>),
    Fail(Error),
}

struct Position {
    next: i64,
    paused: bool,
}

struct Inner {
    topics: Vec<Arc<str>>,
    assigned: BTreeMap<TopicPartition, Position>,
    events: VecDeque<Event>,
    interrupted: bool,
    last_poll: Instant,
    refused_commits: usize,
    closed: bool,
    /// Another consumer has taken its place in the group.
    replaced: bool,
}

#[derive(Default)]
struct Script {
    by_hand: bool,
    max_poll_records: Option<usize>,
    max_poll_interval: Option<Duration>,
    fail_commits: usize,
}

/// The test's hand on all consumers of one client id, one after the other.
#[derive(Clone)]
pub(crate) struct ConsumerControl {
    env: Env,
    cluster: Cluster,
    journal: Journal,
    group: String,
    script: Arc<Mutex<Script>>,
    instances: Arc<Mutex<Vec<Arc<Member>>>>,
}

struct Member {
    inner: Mutex<Inner>,
    changed: Notify,
}

impl ConsumerControl {
    pub(crate) fn new(env: Env, cluster: Cluster, journal: Journal, group: String) -> Self {
        Self { env, cluster, journal, group, script: Arc::default(), instances: Arc::default() }
    }

    /// Nothing is assigned until the test says so; otherwise every partition with records is, at subscription.
    pub(crate) fn assign_by_hand(&self) {
        self.script.lock().by_hand = true;
    }

    /// A poll gives at most so many records of a partition.
    pub(crate) fn max_poll_records(&self, count: usize) {
        self.script.lock().max_poll_records = Some(count);
    }

    /// After so long without a poll the partitions are somebody else's, and come back with the next poll.
    pub(crate) fn max_poll_interval(&self, interval: Duration) {
        self.script.lock().max_poll_interval = Some(interval);
    }

    /// The next `count` commits fail.
    pub(crate) fn fail_commits(&self, count: usize) {
        self.script.lock().fail_commits = count;
    }

    pub(crate) fn assign(&self, partitions: &[TopicPartition]) {
        self.push(Event::Assign(partitions.to_vec()));
    }

    pub(crate) fn revoke(&self, partitions: &[TopicPartition]) {
        self.push(Event::Revoke(partitions.to_vec()));
    }

    pub(crate) fn lose(&self, partitions: &[TopicPartition]) {
        self.push(Event::Lose(partitions.to_vec()));
    }

    pub(crate) fn fail(&self, error: Error) {
        self.push(Event::Fail(error));
    }

    fn push(&self, event: Event) {
        let member = self.last();
        member.inner.lock().events.push_back(event);
        member.changed.notify_one();
    }

    fn last(&self) -> Arc<Member> {
        self.instances.lock().last().cloned().expect("a consumer was made")
    }

    pub(crate) fn count(&self) -> usize {
        self.instances.lock().len()
    }

    /// The partitions that deliver nothing now.
    pub(crate) fn paused(&self) -> Vec<TopicPartition> {
        let member = self.last();
        let inner = member.inner.lock();
        inner.assigned.iter().filter(|(_, position)| position.paused).map(|(partition, _)| partition.clone()).collect()
    }

    /// How many commits were refused.
    pub(crate) fn refused_commits(&self) -> usize {
        self.instances.lock().iter().map(|member| member.inner.lock().refused_commits).sum()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.last().inner.lock().closed
    }

    pub(crate) fn make(&self) -> Box<dyn Consumer> {
        let member = Arc::new(Member {
            inner: Mutex::new(Inner {
                topics: Vec::new(),
                assigned: BTreeMap::new(),
                events: VecDeque::new(),
                interrupted: false,
                last_poll: self.env.clock().now(),
                refused_commits: 0,
                closed: false,
                replaced: false,
            }),
            changed: Notify::new(),
        });
        let mut instances = self.instances.lock();
        for old in &*instances {
            old.inner.lock().replaced = true;
        }
        instances.push(member.clone());
        Box::new(ScriptedConsumer { control: self.clone(), member })
    }
}

struct ScriptedConsumer {
    control: ConsumerControl,
    member: Arc<Member>,
}

fn list(partitions: &[TopicPartition]) -> String {
    partitions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

impl ScriptedConsumer {
    /// Whether the group has put the member out because it did not poll.
    fn is_overdue(&self, inner: &Inner) -> bool {
        let limit = self.control.script.lock().max_poll_interval;
        limit.is_some_and(|limit| self.control.env.clock().now() - inner.last_poll > limit)
    }

    /// What there is now, if anything.
    fn next(&self) -> Option<Result<ConsumerEvent>> {
        let mut inner = self.member.inner.lock();
        if self.is_overdue(&inner) && !inner.assigned.is_empty() {
            let all: Vec<_> = inner.assigned.keys().cloned().collect();
            inner.events.push_front(Event::Assign(all.clone()));
            inner.events.push_front(Event::Lose(all));
        }
        inner.last_poll = self.control.env.clock().now();
        if std::mem::take(&mut inner.interrupted) {
            return Some(Ok(ConsumerEvent::Idle));
        }
        if let Some(event) = inner.events.pop_front() {
            return Some(self.tell(&mut inner, event));
        }
        let records = self.fetch(&mut inner);
        (!records.is_empty()).then_some(Ok(ConsumerEvent::Records(records)))
    }

    fn tell(&self, inner: &mut Inner, event: Event) -> Result<ConsumerEvent> {
        match event {
            Event::Assign(partitions) => {
                for partition in &partitions {
                    let group = &self.control.group;
                    let next = self.control.cluster.committed(group, &partition.topic, partition.partition);
                    inner.assigned.insert(partition.clone(), Position { next: next.unwrap_or(0), paused: false });
                }
                Ok(ConsumerEvent::Assigned(partitions))
            }
            Event::Revoke(partitions) => {
                let (journal, member, gone) = (self.control.journal.clone(), self.member.clone(), partitions.clone());
                let done = move || {
                    journal.note("rejoin");
                    member.inner.lock().assigned.retain(|partition, _| !gone.contains(partition));
                };
                Ok(ConsumerEvent::Revoked(partitions, Revocation::new(done)))
            }
            Event::Lose(partitions) => {
                inner.assigned.retain(|partition, _| !partitions.contains(partition));
                Ok(ConsumerEvent::Lost(partitions))
            }
            Event::Fail(error) => Err(error),
        }
    }

    fn fetch(&self, inner: &mut Inner) -> Vec<PartitionRecords> {
        let limit = self.control.script.lock().max_poll_records.unwrap_or(500);
        let mut found = Vec::new();
        if inner.replaced {
            return found;
        }
        for (partition, position) in inner.assigned.iter_mut().filter(|(_, position)| !position.paused) {
            let records = self.control.cluster.read(partition, position.next, limit);
            let Some((last, _)) = records.last() else { continue };
            position.next = last + 1;
            found.push(PartitionRecords {
                topic: partition.topic.clone(),
                partition: partition.partition,
                records: records.into_iter().map(|(offset, record)| consumed(offset, &record)).collect(),
            });
        }
        found
    }

    fn set_paused(&mut self, partitions: &[TopicPartition], paused: bool) {
        if partitions.is_empty() {
            return;
        }
        let verb = if paused { "pause" } else { "resume" };
        self.control.journal.note(format!("{verb} {}", list(partitions)));
        let mut inner = self.member.inner.lock();
        for partition in partitions {
            inner.assigned.get_mut(partition).expect("it is assigned").paused = paused;
        }
    }
}

fn consumed(offset: i64, record: &StoredRecord) -> ConsumedRecord {
    let mut headers = BytesMut::new();
    for (name, value) in &record.headers {
        put_bytes(&mut headers, Some(name.as_bytes()));
        put_bytes(&mut headers, value.as_deref());
    }
    let count = record.headers.len() as u32;
    let raw = RawRecord::new(record.key.clone(), record.value.clone(), headers.freeze(), count);
    ConsumedRecord { offset, timestamp: record.timestamp, timestamp_type: TimestampType::CreateTime, raw }
}

/// A length as a zigzag varint, then the bytes; -1 for none.
fn put_bytes(buffer: &mut BytesMut, bytes: Option<&[u8]>) {
    let length = bytes.map_or(-1, |bytes| bytes.len() as i32);
    let mut rest = ((length << 1) ^ (length >> 31)) as u32;
    while rest >= 0x80 {
        buffer.put_u8(rest as u8 | 0x80);
        rest >>= 7;
    }
    buffer.put_u8(rest as u8);
    buffer.extend_from_slice(bytes.unwrap_or_default());
}

#[async_trait]
impl Consumer for ScriptedConsumer {
    fn subscribe(&mut self, topics: &[Arc<str>]) -> Result<()> {
        let mut inner = self.member.inner.lock();
        inner.topics = topics.to_vec();
        if !self.control.script.lock().by_hand {
            let all = topics.iter().flat_map(|topic| self.control.cluster.partitions(topic)).collect();
            inner.events.push_back(Event::Assign(all));
        }
        Ok(())
    }

    fn subscribe_matching(&mut self, matcher: TopicMatcher) -> Result<()> {
        let topics: Vec<Arc<str>> = self.control.cluster.topics().into_iter().filter(|topic| matcher(topic)).collect();
        self.subscribe(&topics)
    }

    async fn poll(&mut self, limit: Duration) -> Result<ConsumerEvent> {
        let deadline = self.control.env.clock().now() + limit;
        loop {
            let mut appends = self.control.cluster.changes();
            if let Some(event) = self.next() {
                return event;
            }
            tokio::select! {
                biased;
                () = self.member.changed.notified() => {}
                _ = appends.changed() => {}
                () = self.control.env.clock().sleep_until(deadline) => return Ok(ConsumerEvent::Idle),
            }
        }
    }

    async fn position(&mut self, partition: &TopicPartition) -> Result<i64> {
        let inner = self.member.inner.lock();
        let position = inner.assigned.get(partition);
        position.map(|position| position.next).ok_or_else(|| Error::connect(format!("{partition} is not assigned")))
    }

    fn seek(&mut self, partition: &TopicPartition, offset: i64) {
        self.control.journal.note(format!("seek {partition}@{offset}"));
        self.member.inner.lock().assigned.get_mut(partition).expect("it is assigned").next = offset;
    }

    fn pause(&mut self, partitions: &[TopicPartition]) {
        self.set_paused(partitions, true);
    }

    fn resume(&mut self, partitions: &[TopicPartition]) {
        self.set_paused(partitions, false);
    }

    async fn commit(&mut self, offsets: &Offsets) -> Result<()> {
        let mut inner = self.member.inner.lock();
        let scripted = {
            let mut script = self.control.script.lock();
            let fails = script.fail_commits > 0;
            script.fail_commits -= usize::from(fails);
            fails
        };
        let foreign = offsets.keys().any(|partition| !inner.assigned.contains_key(partition));
        if scripted || foreign || inner.replaced || self.is_overdue(&inner) {
            inner.refused_commits += 1;
            self.control.journal.note("commit refused");
            return Err(Error::connect("Offset commit cannot be completed"));
        }
        let text: Vec<_> = offsets.iter().map(|(partition, offset)| format!("{partition}@{offset}")).collect();
        self.control.journal.note(format!("commit {}", text.join(" ")));
        self.control.cluster.commit(&self.control.group, offsets);
        Ok(())
    }

    fn interrupt(&self) -> Interrupt {
        let member = self.member.clone();
        Arc::new(move || {
            member.inner.lock().interrupted = true;
            member.changed.notify_one();
        })
    }

    fn abandon(&self) -> Interrupt {
        let (member, journal) = (self.member.clone(), self.control.journal.clone());
        Arc::new(move || {
            let mut inner = member.inner.lock();
            if !std::mem::replace(&mut inner.closed, true) {
                journal.note("consumer abandoned");
            }
        })
    }

    async fn close(&mut self) {
        self.member.inner.lock().closed = true;
        self.control.journal.note("consumer closed");
    }
}
