//! What a client knows of its cluster, and the ways to its brokers. Each client has its own.
//!
//! [`Cluster`] is told which topics are in use; its task keeps leaders fresh: when asked, when the knowledge is old, and,
//! when no known broker answers, beginning anew with `bootstrap.servers`.

mod snapshot;

mod interest;
mod refresh;
mod topology;

pub(crate) use interest::Interest;
pub(crate) use snapshot::Snapshot;
#[cfg(test)]
pub(crate) use snapshot::{PartitionInfo, TopicInfo};
pub(crate) use topology::Cluster;
