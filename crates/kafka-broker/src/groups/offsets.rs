//! Committed offsets. Each is a fact in the journal, by group, topic and partition.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use kafka_wire::StrBytes;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::journal::{Change, Journal, Kind};

/// One committed offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: StrBytes,
    /// When it was committed, in Unix milliseconds.
    pub(crate) at: i64,
    /// When it is forgotten, in Unix milliseconds; `None`: as the broker's retention says.
    pub(crate) expires: Option<i64>,
}

/// What the journal says of a committed offset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Fact {
    offset: i64,
    epoch: i32,
    metadata: String,
    at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
}

/// The offsets of one group, by topic and partition.
type OfGroup = BTreeMap<(String, i32), Committed>;

/// The committed offsets of all groups. Every change is in the journal before it can be seen.
pub(crate) struct CommittedOffsets {
    journal: Arc<Journal>,
    groups: Mutex<BTreeMap<String, OfGroup>>,
}

impl CommittedOffsets {
    /// None; [`CommittedOffsets::restore`] gives those of the journal.
    pub(crate) fn new(journal: Arc<Journal>) -> Self {
        Self { journal, groups: Mutex::default() }
    }

    /// What the journal says, and nothing else.
    ///
    /// # Errors
    /// When a fact cannot be read.
    pub(crate) fn restore(&self) -> io::Result<()> {
        let mut groups: BTreeMap<String, OfGroup> = BTreeMap::new();
        for (key, fact) in self.journal.all::<Fact>(Kind::Offset)? {
            let (group, topic, partition): (String, String, i32) =
                serde_json::from_str(&key).map_err(io::Error::other)?;
            let committed = Committed {
                offset: fact.offset,
                leader_epoch: fact.epoch,
                metadata: StrBytes::from_string(fact.metadata),
                at: fact.at,
                expires: fact.expires,
            };
            groups.entry(group).or_default().insert((topic, partition), committed);
        }
        *self.groups.lock() = groups;
        Ok(())
    }

    /// Commits all of them, or none.
    ///
    /// # Errors
    /// When they could not be kept.
    pub(crate) fn commit(&self, group: &str, offsets: Vec<((String, i32), Committed)>) -> io::Result<()> {
        let changes = offsets.iter().map(|((topic, partition), committed)| {
            let fact = Fact {
                offset: committed.offset,
                epoch: committed.leader_epoch,
                metadata: committed.metadata.to_string(),
                at: committed.at,
                expires: committed.expires,
            };
            Change::put(Kind::Offset, key(group, topic, *partition)?, &fact)
        });
        let changes = changes.collect::<io::Result<Vec<Change>>>()?;
        if changes.is_empty() {
            return Ok(());
        }
        // Held while writing, so that the journal and the memory have the same last word.
        let mut groups = self.groups.lock();
        self.journal.write(changes)?;
        groups.entry(group.to_owned()).or_default().extend(offsets);
        Ok(())
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
        self.groups.lock().contains_key(group)
    }

    /// The groups that have committed something.
    pub(crate) fn groups(&self) -> Vec<String> {
        self.groups.lock().keys().cloned().collect()
    }

    /// Forgets a group's offsets for which `which` holds, and writes `and` with it.
    ///
    /// # Errors
    /// When that could not be written; then nothing is forgotten.
    pub(crate) fn forget(
        &self,
        group: &str,
        which: impl Fn(&str, i32, &Committed) -> bool,
        and: Vec<Change>,
    ) -> io::Result<()> {
        let mut groups = self.groups.lock();
        let (mut changes, mut kept) = (and, OfGroup::new());
        for ((topic, partition), committed) in groups.get(group).into_iter().flatten() {
            if which(topic, *partition, committed) {
                changes.push(Change::forget(Kind::Offset, key(group, topic, *partition)?));
            } else {
                kept.insert((topic.clone(), *partition), committed.clone());
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        self.journal.write(changes)?;
        if kept.is_empty() {
            groups.remove(group);
        } else {
            groups.insert(group.to_owned(), kept);
        }
        Ok(())
    }

    /// A topic is gone, and the offsets in it.
    pub(crate) fn forget_topic(&self, topic: &str) {
        for group in self.groups() {
            if let Err(error) = self.forget(&group, |name, _, _| name == topic, Vec::new()) {
                tracing::warn!(group, topic, %error, "offsets of a deleted topic cannot be forgotten");
            }
        }
    }
}

/// Names may hold any character, so the key is a JSON array.
fn key(group: &str, topic: &str, partition: i32) -> io::Result<String> {
    serde_json::to_string(&(group, topic, partition)).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn committed(offset: i64) -> Committed {
        Committed { offset, leader_epoch: 3, metadata: "m\"\u{0}".to_owned().into(), at: 7, expires: Some(9) }
    }

    fn at(topic: &str, partition: i32, offset: i64) -> ((String, i32), Committed) {
        ((topic.to_owned(), partition), committed(offset))
    }

    #[test]
    fn what_is_committed_comes_back_from_the_journal() {
        let journal = Arc::new(Journal::in_memory());
        let first = CommittedOffsets::new(journal.clone());
        // Names that a joined key would confuse.
        first.commit("g", vec![at("a,1", 1, 5), at("a", 11, 6)]).unwrap();
        first.commit("g", vec![at("a", 11, 8)]).unwrap();
        first.commit("g\",\"a", vec![at("a", 0, 1)]).unwrap();
        let next = CommittedOffsets::new(journal);
        assert!(!next.has("g"));
        next.restore().unwrap();
        assert_eq!(next.get("g", "a,1", 1), Some(committed(5)));
        assert_eq!(next.all("g").into_keys().collect::<Vec<_>>(), ["a", "a,1"]);
        assert_eq!(next.get("g", "a", 11), Some(committed(8)));
        assert_eq!(next.groups(), ["g", "g\",\"a"]);
    }

    #[test]
    fn what_is_forgotten_stays_forgotten() {
        let journal = Arc::new(Journal::in_memory());
        let first = CommittedOffsets::new(journal.clone());
        first.commit("g", vec![at("a", 0, 5), at("a", 1, 5), at("b", 0, 5)]).unwrap();
        first.commit("h", vec![at("a", 0, 5)]).unwrap();
        first.forget("g", |_, partition, _| partition == 1, Vec::new()).unwrap();
        first.forget_topic("b");
        first.forget("h", |_, _, _| true, Vec::new()).unwrap();
        assert!(!first.has("h"));
        let next = CommittedOffsets::new(journal);
        next.restore().unwrap();
        assert_eq!(next.all("g"), first.all("g"));
        assert_eq!(next.all("g"), BTreeMap::from([("a".to_owned(), vec![(0, committed(5))])]));
        assert_eq!(next.groups(), ["g"]);
    }
}
