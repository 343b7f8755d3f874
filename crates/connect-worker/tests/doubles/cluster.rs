//! A Kafka cluster in memory: what is stored, what groups have committed, who is fenced.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use connect_api::sink::{Offsets, TopicPartition};
use env::watch;
use parking_lot::Mutex;

/// A stored record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredRecord {
    pub(crate) key: Option<Bytes>,
    pub(crate) value: Option<Bytes>,
    pub(crate) headers: Vec<(String, Option<Bytes>)>,
    pub(crate) timestamp: i64,
    /// False while its transaction is open, and after it was aborted.
    pub(crate) visible: bool,
}

impl StoredRecord {
    pub(crate) fn of(value: &str) -> Self {
        Self {
            key: None,
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
            headers: Vec::new(),
            timestamp: 1_000,
            visible: true,
        }
    }

    /// The value as text; `null` for none.
    pub(crate) fn text(&self) -> String {
        self.value.as_ref().map_or("null".into(), |value| String::from_utf8_lossy(value).into_owned())
    }

    /// The last header of that name, as text.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let (_, value) = self.headers.iter().rev().find(|(key, _)| key == name)?;
        value.as_ref().map(|value| String::from_utf8_lossy(value).into_owned())
    }
}

#[derive(Default)]
struct State {
    logs: BTreeMap<TopicPartition, Vec<StoredRecord>>,
    topics: BTreeSet<String>,
    committed: BTreeMap<String, Offsets>,
    epochs: BTreeMap<String, u64>,
}

/// A cluster. Clones are the same.
#[derive(Clone)]
pub(crate) struct Cluster {
    state: Arc<Mutex<State>>,
    changed: watch::Sender<u64>,
}

impl Default for Cluster {
    fn default() -> Self {
        Self { state: Arc::default(), changed: watch::Sender::new(0) }
    }
}

impl Cluster {
    /// Appends a record; gives its offset.
    pub(crate) fn append(&self, partition: &TopicPartition, record: StoredRecord) -> i64 {
        let offset = {
            let mut state = self.state.lock();
            state.topics.insert(partition.topic.to_string());
            let log = state.logs.entry(partition.clone()).or_default();
            log.push(record);
            log.len() as i64 - 1
        };
        self.changed.send_modify(|version| *version += 1);
        offset
    }

    /// Appends plain records with these values.
    pub(crate) fn feed(&self, topic: &str, partition: i32, values: &[&str]) {
        for value in values {
            self.append(&TopicPartition::new(topic, partition), StoredRecord::of(value));
        }
    }

    /// Records of a committed transaction become visible.
    pub(crate) fn reveal(&self, records: &[(TopicPartition, i64)]) {
        let mut state = self.state.lock();
        for (partition, offset) in records {
            state.logs.get_mut(partition).unwrap()[*offset as usize].visible = true;
        }
    }

    /// What a reader of committed records sees of a topic, partition by partition.
    pub(crate) fn records(&self, topic: &str) -> Vec<StoredRecord> {
        let state = self.state.lock();
        let logs = state.logs.iter().filter(|(partition, _)| &*partition.topic == topic);
        logs.flat_map(|(_, log)| log.iter().filter(|record| record.visible).cloned()).collect()
    }

    /// The values of [`Cluster::records`].
    pub(crate) fn values(&self, topic: &str) -> Vec<String> {
        self.records(topic).iter().map(StoredRecord::text).collect()
    }

    /// Records from `offset` on, at most `limit`, with their offsets.
    pub(crate) fn read(&self, partition: &TopicPartition, offset: i64, limit: usize) -> Vec<(i64, StoredRecord)> {
        let state = self.state.lock();
        let log = state.logs.get(partition).map(Vec::as_slice).unwrap_or_default();
        let from = log.iter().enumerate().skip(usize::try_from(offset).unwrap());
        from.filter(|(_, record)| record.visible)
            .take(limit)
            .map(|(offset, record)| (offset as i64, record.clone()))
            .collect()
    }

    /// The partitions of a topic that have records.
    pub(crate) fn partitions(&self, topic: &str) -> Vec<TopicPartition> {
        self.state.lock().logs.keys().filter(|partition| &*partition.topic == topic).cloned().collect()
    }

    /// The topics there are.
    pub(crate) fn topics(&self) -> Vec<Arc<str>> {
        self.state.lock().topics.iter().map(|topic| topic.as_str().into()).collect()
    }

    pub(crate) fn create_topic(&self, topic: &str) -> bool {
        self.state.lock().topics.insert(topic.to_owned())
    }

    pub(crate) fn has_topic(&self, topic: &str) -> bool {
        self.state.lock().topics.contains(topic)
    }

    pub(crate) fn commit(&self, group: &str, offsets: &Offsets) {
        let mut state = self.state.lock();
        state.committed.entry(group.to_owned()).or_default().extend(offsets.clone());
    }

    /// All that a group has committed.
    pub(crate) fn group_offsets(&self, group: &str) -> Offsets {
        self.state.lock().committed.get(group).cloned().unwrap_or_default()
    }

    pub(crate) fn forget_offsets(&self, group: &str, partitions: &[TopicPartition]) {
        if let Some(committed) = self.state.lock().committed.get_mut(group) {
            committed.retain(|partition, _| !partitions.contains(partition));
        }
    }

    /// What a group has committed for a partition.
    pub(crate) fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<i64> {
        self.state.lock().committed.get(group)?.get(&TopicPartition::new(topic, partition)).copied()
    }

    /// A new producer of that transactional id; those before it are fenced.
    pub(crate) fn new_epoch(&self, id: &str) -> u64 {
        let mut state = self.state.lock();
        let epoch = state.epochs.entry(id.to_owned()).or_default();
        *epoch += 1;
        *epoch
    }

    pub(crate) fn is_fenced(&self, id: &str, epoch: u64) -> bool {
        self.state.lock().epochs.get(id).is_some_and(|newest| *newest > epoch)
    }

    /// Tells of appends.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}
