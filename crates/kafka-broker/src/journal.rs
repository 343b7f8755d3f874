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
    use std::time::Duration;

    use env::Env;
    use env_sim::{DiskFault, DiskOperation, Sim, SimHandle};
    use proptest::prelude::*;

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

    const MACHINE: &str = "broker";

    fn open(env: &Env, flush_messages: u64) -> Journal {
        let (handles, queue) = (Handles::new(env.clone()), FlushQueue::new(env.clone()));
        let journal = Journal::open(handles, queue, "/data/journal".as_ref()).unwrap();
        journal.configure(&LogSettings { flush_messages, ..LogSettings::default() });
        journal
    }

    fn machine(sim: &SimHandle) -> Env {
        sim.disk(MACHINE).put_folder("/data").unwrap();
        sim.env_for(MACHINE)
    }

    type Found = Vec<(String, String)>;

    fn all(journal: &Journal) -> Vec<Found> {
        Kind::ALL.into_iter().map(|kind| journal.all::<String>(kind).unwrap()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn what_was_written_is_there_again_however_often_the_file_is_written_anew(
            writes in prop::collection::vec(
                prop::collection::vec((0_usize..6, "[a-zä]{0,2}", prop::option::of(0_usize..400)), 1..6),
                1..40,
            ),
            shrink_at in 500_u64..5_000,
        ) {
            Sim::new(1).run(|_, sim| async move {
                let env = machine(&sim);
                let (mut journal, model) = (open(&env, u64::MAX), Journal::in_memory());
                for (count, changes) in writes.into_iter().enumerate() {
                    let changes: Vec<_> = changes.into_iter().map(|(kind, key, size)| match size {
                        Some(size) => Change::put(Kind::ALL[kind], key, &"x".repeat(size)).unwrap(),
                        None => Change::forget(Kind::ALL[kind], key),
                    }).collect();
                    if let Some(file) = &mut journal.inner.lock().file {
                        file.shrink_from(shrink_at);
                    }
                    journal.write(changes.clone()).unwrap();
                    model.write(changes).unwrap();
                    if count % 5 == 4 {
                        drop(journal);
                        journal = open(&env, u64::MAX);
                    }
                    assert_eq!(all(&journal), all(&model));
                }
                let names = env.disk().read_dir("/data/journal".as_ref()).unwrap();
                assert_eq!(names.len(), 1, "{names:?}");
            });
        }
    }

    /// Writes until the disk stops; gives the rounds that were acknowledged.
    fn rounds(journal: &Journal, vital: bool) -> usize {
        for round in 0..12_usize {
            let kind = if vital { Kind::Topic } else { Kind::Offset };
            let put = |key: &str| Change::put(kind, key, &format!("{round}{}", "x".repeat(100))).unwrap();
            if let Some(file) = &mut journal.inner.lock().file {
                file.shrink_from(700);
            }
            if journal.write(vec![put("a"), put("b")]).is_err() {
                return round;
            }
        }
        12
    }

    #[test]
    fn power_that_goes_at_any_step_leaves_whole_changes_and_all_that_was_durable() {
        let mut steps = 0;
        for seed in 0..10 {
            for (vital, flush_messages) in [(true, u64::MAX), (false, 1), (false, u64::MAX)] {
                for after in 0.. {
                    let done = Sim::new(seed).run(|_, sim| async move {
                        let env = machine(&sim);
                        let journal = open(&env, flush_messages);
                        let fault = DiskFault { operation: None, path_contains: String::new(), after, times: u64::MAX };
                        sim.disk(MACHINE).fail(fault);
                        let acknowledged = rounds(&journal, vital);
                        drop(journal);
                        sim.crash(MACHINE);
                        sim.disk(MACHINE).clear_faults();
                        let journal = open(&sim.env_for(MACHINE), flush_messages);
                        let found: Vec<_> = all(&journal).concat().into_iter().map(|(_, fact)| fact).collect();
                        let round =
                            found.first().map_or(0, |fact| 1 + fact.trim_end_matches('x').parse::<usize>().unwrap());
                        assert!(found.is_empty() || (found.len() == 2 && found[0] == found[1]), "{found:?}");
                        assert!(round <= acknowledged + 1, "seed {seed}, {after} steps: {round} of {acknowledged}");
                        if vital || flush_messages == 1 {
                            assert!(round >= acknowledged, "seed {seed}, {after} steps: {round} of {acknowledged}");
                        }
                        acknowledged == 12
                    });
                    steps += 1;
                    if done {
                        break;
                    }
                }
            }
        }
        assert!(steps > 500, "{steps}");
    }

    #[test]
    fn a_journal_that_cannot_be_written_anew_goes_on() {
        Sim::new(1).run(|_, sim| async move {
            let env = machine(&sim);
            let journal = open(&env, u64::MAX);
            let fault = DiskFault { times: 5, ..DiskFault::next(DiskOperation::Rename) };
            sim.disk(MACHINE).fail(fault);
            assert_eq!(rounds(&journal, false), 12);
            let expected = all(&journal);
            drop(journal);
            assert_eq!(all(&open(&env, 1)), expected);
        });
    }

    #[test]
    fn facts_are_flushed_in_time() {
        Sim::new(1).run(|_, sim| async move {
            let env = machine(&sim);
            let queue = FlushQueue::new(env.clone());
            let journal = Journal::open(Handles::new(env.clone()), queue.clone(), "/data/journal".as_ref()).unwrap();
            journal.write(vec![Change::put(Kind::Offset, "a", &1).unwrap()]).unwrap();
            let before = env.clock().now();
            assert_eq!(queue.next().await, crate::flush::Target::Journal);
            assert_eq!(env.clock().now() - before, Duration::from_secs(1));
            journal.flush().unwrap();
            sim.crash(MACHINE);
            assert_eq!(open(&sim.env_for(MACHINE), 1).all::<i32>(Kind::Offset).unwrap(), [("a".to_owned(), 1)]);
        });
    }
}
