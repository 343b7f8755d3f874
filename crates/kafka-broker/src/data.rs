//! What outlives a broker that is stopped and started again.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::groups::CommittedOffsets;
use crate::journal::{Change, Journal, Kind};
use crate::storage::Memory;
use crate::topics::Topics;

/// Topics with their records, groups, and committed offsets. Cloning is cheap; every clone is the same data. Give it to
/// the next broker, and clients find everything as it was; members of a stable group go on without a rebalance.
#[derive(Clone)]
pub struct Data(pub(crate) Arc<Stored>);

pub(crate) struct Stored {
    pub(crate) journal: Arc<Journal>,
    pub(crate) topics: Topics,
    pub(crate) offsets: CommittedOffsets,
}

impl Data {
    /// No topics, no offsets, a cluster yet to be named, all of it in memory.
    #[must_use]
    pub fn new() -> Self {
        let journal = Arc::new(Journal::in_memory());
        Self(Arc::new(Stored {
            topics: Topics::new(Arc::new(Memory), journal.clone()),
            offsets: CommittedOffsets::new(journal.clone()),
            journal,
        }))
    }

    /// The same with a name for the cluster; without one, the first broker makes it up.
    #[must_use]
    pub fn with_cluster_id(self, id: impl Into<String>) -> Self {
        // In memory nothing can fail, and a disk that does is noticed by the first topic.
        let _ = self.0.name_cluster(&id.into());
        self
    }
}

/// The key of the cluster's id.
const CLUSTER_ID: &str = "id";

impl Stored {
    /// The cluster's name, if it has one.
    pub(crate) fn cluster_id(&self) -> io::Result<Option<String>> {
        let facts = self.journal.all(Kind::Cluster)?;
        Ok(facts.into_iter().find(|(key, _)| key == CLUSTER_ID).map(|(_, id)| id))
    }

    pub(crate) fn name_cluster(&self, id: &str) -> io::Result<()> {
        self.journal.write(vec![Change::put(Kind::Cluster, CLUSTER_ID, &id)?])
    }
}

impl Default for Data {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Data")
    }
}
