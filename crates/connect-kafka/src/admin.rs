//! Administering.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use connect_api::Result;
use connect_api::sink::{Offsets, TopicPartition};

/// What a cluster says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterDescription {
    /// Its id.
    pub cluster_id: String,
}

/// A topic to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    /// The name.
    pub name: String,
    /// The number of partitions; -1 lets the broker decide.
    pub partitions: i32,
    /// The replication factor; -1 lets the broker decide.
    pub replication_factor: i16,
    /// Topic configuration.
    pub configs: Vec<(String, String)>,
}

/// As error texts show it (Apache: `NewTopic.toString`).
impl fmt::Display for NewTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, partitions, replication_factor, .. } = self;
        write!(
            f,
            "(name={name}, numPartitions={partitions}, replicationFactor={replication_factor}, \
             replicasAssignments=null, configs={{"
        )?;
        for (place, (key, value)) in self.configs.iter().enumerate() {
            write!(f, "{}{key}={value}", if place == 0 { "" } else { ", " })?;
        }
        f.write_str("})")
    }
}

/// What became of a topic that should be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicOutcome {
    /// It is new.
    Created,
    /// It was there.
    Existing,
    /// This client may not create it, or the broker cannot.
    Refused,
}

/// Calls to the cluster, each retried until its own time limit or else the client's.
#[async_trait]
pub trait Admin: Send + Sync {
    /// Which cluster it is.
    async fn describe_cluster(&self) -> Result<ClusterDescription>;

    /// Whether the topic exists.
    async fn topic_exists(&self, topic: &str) -> Result<bool>;

    /// Creates a topic; `Ok(false)`: it exists.
    async fn create_topic(&self, topic: &NewTopic) -> Result<bool>;

    /// Whether the topic exists.
    ///
    /// # Errors
    /// In the words of Connect's own topics (Apache: `TopicAdmin.describeTopics`); retriable after a time-out.
    async fn find_topic(&self, topic: &str) -> Result<bool>;

    /// Creates a topic unless it is there.
    ///
    /// # Errors
    /// In the words of Connect's own topics (Apache: `TopicAdmin.createOrFindTopics`).
    async fn create_or_find_topic(&self, topic: &NewTopic) -> Result<TopicOutcome>;

    /// Every offset that a consumer group has committed; none for a group that does not exist.
    async fn group_offsets(&self, group: &str, limit: Duration) -> Result<Offsets>;

    /// Commits offsets for a group without members.
    ///
    /// # Errors
    /// The first refusal among the partitions; others may have been committed. [`connect_api::Kind::IllegalState`]: the
    /// group has members.
    async fn alter_group_offsets(&self, group: &str, offsets: &Offsets, limit: Duration) -> Result<()>;

    /// Deletes committed offsets of a group.
    ///
    /// # Errors
    /// As [`Admin::alter_group_offsets`], and when there is no such group.
    async fn delete_group_offsets(&self, group: &str, partitions: &[TopicPartition], limit: Duration) -> Result<()>;

    /// Deletes a group with all its offsets; `Ok(false)`: there was none.
    ///
    /// # Errors
    /// [`connect_api::Kind::IllegalState`]: the group has members.
    async fn delete_group(&self, group: &str, limit: Duration) -> Result<bool>;

    /// Closes.
    async fn close(&self);
}
