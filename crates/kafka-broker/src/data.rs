//! What outlives a broker that is stopped and started again.

use std::fmt;
use std::sync::Arc;

use crate::groups::CommittedOffsets;
use crate::topics::Topics;

/// Topics with their records, and committed offsets. Cloning is cheap; every clone is the same data. Give it to the next
/// broker, and clients find everything as it was; members of groups have to join again.
#[derive(Clone, Default)]
pub struct Data(pub(crate) Arc<Stored>);

#[derive(Default)]
pub(crate) struct Stored {
    pub(crate) cluster_id: parking_lot::Mutex<Option<String>>,
    pub(crate) topics: Topics,
    pub(crate) offsets: CommittedOffsets,
}

impl Data {
    /// No topics, no offsets, a cluster yet to be named.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with a name for the cluster; without one, the first broker makes it up.
    #[must_use]
    pub fn with_cluster_id(self, id: impl Into<String>) -> Self {
        *self.0.cluster_id.lock() = Some(id.into());
        self
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Data")
    }
}
