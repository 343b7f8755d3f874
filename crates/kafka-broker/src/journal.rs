//! What a broker knows besides its records: topics, groups, committed offsets, transactions. Facts under keys; a later
//! fact takes the place of an earlier one under the same key.
//!
//! Everything is in memory; on a disk every change is also written to a log, so that the next broker starts with the same
//! facts. One call of [`Journal::write`] is one batch there, and so one step, whatever happens. What has been written is
//! durable when the records of a partition written at that time would be; topics and the cluster's name at once.

mod file;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::flush::FlushQueue;
use crate::log::LogSettings;
use crate::log::disk::Handles;
use file::JournalFile;

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
    inner: Mutex<Inner>,
}

/// Facts by kind and key.
type Facts = BTreeMap<(Kind, String), Bytes>;

struct Inner {
    facts: Facts,
    /// `None` in memory.
    file: Option<JournalFile>,
}

impl Kind {
    const ALL: [Kind; 6] = [Kind::Cluster, Kind::Config, Kind::Topic, Kind::Group, Kind::Offset, Kind::Transaction];

    /// The first letter of its keys in the file.
    fn letter(self) -> u8 {
        match self {
            Kind::Cluster => b'c',
            Kind::Config => b'b',
            Kind::Topic => b't',
            Kind::Group => b'g',
            Kind::Offset => b'o',
            Kind::Transaction => b'x',
        }
    }

    /// Whether it has to be durable at once: what else is on the disk makes no sense without it, and it changes rarely.
    fn is_vital(self) -> bool {
        matches!(self, Kind::Cluster | Kind::Config | Kind::Topic)
    }
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

    fn apply(self, facts: &mut Facts) {
        match self.fact {
            Some(fact) => facts.insert((self.kind, self.key), fact),
            None => facts.remove(&(self.kind, self.key)),
        };
    }
}

impl Journal {
    /// Without facts, and with nothing that outlives it.
    pub(crate) fn in_memory() -> Self {
        Self { inner: Mutex::new(Inner { facts: Facts::new(), file: None }) }
    }

    /// The journal in a folder, which is made when it is not there.
    ///
    /// # Errors
    /// When it cannot be read; the sentence names the file.
    pub(crate) fn open(handles: Arc<Handles>, queue: Arc<FlushQueue>, folder: &Path) -> io::Result<Self> {
        let (file, facts) = JournalFile::open(handles, queue, folder)?;
        Ok(Self { inner: Mutex::new(Inner { facts, file: Some(file) }) })
    }

    /// Writes all changes, or none of them.
    ///
    /// # Errors
    /// When they could not be kept; then none of them is.
    pub(crate) fn write(&self, changes: Vec<Change>) -> io::Result<()> {
        let mut inner = self.inner.lock();
        let Inner { facts, file } = &mut *inner;
        if let Some(file) = file {
            file.write(&changes)?;
        }
        changes.into_iter().for_each(|change| change.apply(facts));
        if let Some(file) = file {
            file.shrink(facts);
        }
        Ok(())
    }

    /// All facts of a kind, by key.
    ///
    /// # Errors
    /// When a fact is not one of type `T`.
    pub(crate) fn all<T: DeserializeOwned>(&self, kind: Kind) -> io::Result<Vec<(String, T)>> {
        let inner = self.inner.lock();
        let of_kind = inner.facts.iter().filter(|((of, _), _)| *of == kind);
        let read = of_kind.map(|((_, key), fact)| {
            let fact = serde_json::from_slice(fact);
            fact.map(|fact| (key.clone(), fact)).map_err(io::Error::other)
        });
        read.collect()
    }

    /// From now on these settings say when changes have to be durable.
    pub(crate) fn configure(&self, settings: &LogSettings) {
        if let Some(file) = &mut self.inner.lock().file {
            file.configure(settings);
        }
    }

    /// Makes all changes durable.
    ///
    /// # Errors
    /// Any error means that they may be lost.
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.inner.lock().file.as_mut().map_or(Ok(()), JournalFile::flush)
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
