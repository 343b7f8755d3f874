//! What a broker knows besides its records: topics, groups, committed offsets, transactions. Facts under keys; a later
//! fact takes the place of an earlier one under the same key.
//!
//! Everything is in memory; on a disk every change is also written to a log, so that the next broker starts with the same
//! facts.

use std::collections::BTreeMap;
use std::io;

use bytes::Bytes;
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a fact is about.
#[allow(dead_code, reason = "groups and transactions come next")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The cluster itself.
    Cluster,
    /// A topic, by name.
    Topic,
    /// What brokers are told while they run, by the broker's id; under no name: all brokers.
    Config,
    /// A group, by name.
    Group,
    /// An offset that a group has committed, by group, topic and partition.
    Offset,
    /// A transactional id.
    Transaction,
}

/// A fact to be written, or one to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    kind: Kind,
    key: String,
    /// JSON; `None` forgets.
    fact: Option<Bytes>,
}

/// All facts.
pub(crate) struct Journal {
    facts: Mutex<BTreeMap<(Kind, String), Bytes>>,
}

impl Change {
    /// From now on `fact` stands under `key`.
    ///
    /// # Errors
    /// When it has no JSON form.
    pub(crate) fn put(kind: Kind, key: impl Into<String>, fact: &impl Serialize) -> io::Result<Self> {
        let fact = serde_json::to_vec(fact).map_err(io::Error::other)?;
        Ok(Self { kind, key: key.into(), fact: Some(fact.into()) })
    }

    /// From now on nothing stands under `key`.
    pub(crate) fn forget(kind: Kind, key: impl Into<String>) -> Self {
        Self { kind, key: key.into(), fact: None }
    }
}

impl Journal {
    /// Without facts, and with nothing that outlives it.
    pub(crate) fn in_memory() -> Self {
        Self { facts: Mutex::default() }
    }

    /// Writes all changes, or none of them.
    ///
    /// # Errors
    /// When they could not be kept; then none of them is.
    pub(crate) fn write(&self, changes: Vec<Change>) -> io::Result<()> {
        let mut facts = self.facts.lock();
        for Change { kind, key, fact } in changes {
            match fact {
                Some(fact) => facts.insert((kind, key), fact),
                None => facts.remove(&(kind, key)),
            };
        }
        Ok(())
    }

    /// All facts of a kind, by key.
    ///
    /// # Errors
    /// When a fact is not one of type `T`.
    pub(crate) fn all<T: DeserializeOwned>(&self, kind: Kind) -> io::Result<Vec<(String, T)>> {
        let facts = self.facts.lock();
        let of_kind = facts.iter().filter(|((of, _), _)| *of == kind);
        let read = of_kind.map(|((_, key), fact)| {
            let fact = serde_json::from_slice(fact);
            fact.map(|fact| (key.clone(), fact)).map_err(io::Error::other)
        });
        read.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_fact_counts() {
        let journal = Journal::in_memory();
        let put = |key: &str, fact: i32| Change::put(Kind::Topic, key, &fact).unwrap();
        journal.write(vec![put("a", 1), put("b", 2)]).unwrap();
        journal.write(vec![put("b", 3), Change::forget(Kind::Topic, "a")]).unwrap();
        assert_eq!(journal.all::<i32>(Kind::Topic).unwrap(), [("b".to_owned(), 3)]);
        assert_eq!(journal.all::<i32>(Kind::Group).unwrap(), []);
        assert!(journal.all::<String>(Kind::Topic).is_err());
    }
}
