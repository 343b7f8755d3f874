//! Committed offsets.

use std::collections::BTreeMap;

use kafka_wire::StrBytes;
use parking_lot::Mutex;

/// One committed offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: StrBytes,
}

/// The offsets of one group, by topic and partition.
type OfGroup = BTreeMap<(String, i32), Committed>;

/// The committed offsets of all groups.
#[derive(Default)]
pub(crate) struct CommittedOffsets {
    groups: Mutex<BTreeMap<String, OfGroup>>,
}

impl CommittedOffsets {
    pub(crate) fn commit(&self, group: &str, topic: &str, partition: i32, committed: Committed) {
        let mut groups = self.groups.lock();
        if !groups.contains_key(group) {
            groups.insert(group.to_owned(), OfGroup::new());
        }
        if let Some(offsets) = groups.get_mut(group) {
            offsets.insert((topic.to_owned(), partition), committed);
        }
    }

    pub(crate) fn get(&self, group: &str, topic: &str, partition: i32) -> Option<Committed> {
        self.groups.lock().get(group)?.get(&(topic.to_owned(), partition)).cloned()
    }

    /// Everything a group has committed, by topic.
    pub(crate) fn all(&self, group: &str) -> BTreeMap<String, Vec<(i32, Committed)>> {
        let groups = self.groups.lock();
        let mut topics: BTreeMap<String, Vec<(i32, Committed)>> = BTreeMap::new();
        for ((topic, partition), committed) in groups.get(group).into_iter().flatten() {
            topics.entry(topic.clone()).or_default().push((*partition, committed.clone()));
        }
        topics
    }

    /// Whether a group has committed anything.
    pub(crate) fn has(&self, group: &str) -> bool {
        self.groups.lock().get(group).is_some_and(|offsets| !offsets.is_empty())
    }

    /// A topic is gone, and the offsets in it.
    pub(crate) fn forget_topic(&self, topic: &str) {
        let mut groups = self.groups.lock();
        for offsets in groups.values_mut() {
            offsets.retain(|(name, _), _| name != topic);
        }
        groups.retain(|_, offsets| !offsets.is_empty());
    }
}
