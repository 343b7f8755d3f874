//! Administering.

use async_trait::async_trait;
use connect_api::Result;

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

/// Calls to the cluster, each retried until the client's time limit.
#[async_trait]
pub trait Admin: Send + Sync {
    /// Which cluster it is.
    async fn describe_cluster(&self) -> Result<ClusterDescription>;

    /// Whether the topic exists.
    async fn topic_exists(&self, topic: &str) -> Result<bool>;

    /// Creates a topic; `Ok(false)`: it exists.
    async fn create_topic(&self, topic: &NewTopic) -> Result<bool>;

    /// Closes.
    async fn close(&self);
}
