//! The verbs.

use std::sync::Arc;

use async_trait::async_trait;
use connect_storage::config::TargetState;
use connect_worker::record::DroppedRecords;
use connect_worker::{ConnectorOffsets, TaskId};
use kafka_config::{ConfigKey, RawConfig};

use crate::{HerderError, PartitionOffset, Progress, Validation};

/// A connector as configured.
#[derive(Clone, Debug)]
pub struct ConnectorInfo {
    /// The name.
    pub name: String,
    /// The configuration as submitted.
    pub config: Arc<RawConfig>,
    /// Its tasks.
    pub tasks: Vec<TaskId>,
    /// `source`, `sink` or `unknown`.
    pub kind: &'static str,
}

/// A task as configured.
#[derive(Clone, Debug)]
pub struct TaskInfo {
    /// Which.
    pub id: TaskId,
    /// Its configuration.
    pub config: Arc<RawConfig>,
}

/// The state of a connector or a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceStatus {
    /// The name of the state.
    pub state: &'static str,
    /// The worker that runs it.
    pub worker_id: String,
    /// Why it failed.
    pub trace: Option<String>,
    /// The version of the plug-in.
    pub version: Option<String>,
    /// What Moldau adds where there is something to say.
    pub own: Option<OwnStatus>,
}

/// What Moldau adds to a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnStatus {
    /// Its restarts, where the connector's configuration asks for them.
    pub restarts: Option<OwnRestarts>,
    /// The transforms of a task that kept records from going on, with how many since the task was started.
    pub dropped: Vec<DroppedRecords>,
}

/// The restarts of something that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnRestarts {
    /// How often it was restarted by itself.
    pub restarts: u64,
    /// How many of these were in a row.
    pub restart_attempts: u32,
    /// How many there may be in a row.
    pub restart_max_attempts: u32,
    /// When the next restart is, in milliseconds since 1970, while one is waited for.
    pub next_restart_ms: Option<i64>,
}

/// The state of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskStatus {
    /// Its number.
    pub id: u32,
    /// Its state.
    pub status: InstanceStatus,
}

/// The state of a connector and its tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorStatus {
    /// The name.
    pub name: String,
    /// Its own state.
    pub connector: InstanceStatus,
    /// Its tasks, by number.
    pub tasks: Vec<TaskStatus>,
    /// `source`, `sink` or `unknown`.
    pub kind: &'static str,
}

/// The answer to a put.
#[derive(Clone, Debug)]
pub struct Created {
    /// Whether the connector is new.
    pub created: bool,
    /// The connector.
    pub info: ConnectorInfo,
}

/// What a restart covers (KIP-745).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RestartRequest {
    /// The tasks too.
    pub include_tasks: bool,
    /// Only what has failed.
    pub only_failed: bool,
}

impl RestartRequest {
    /// Whether this is the restart of the connector alone, as it was before KIP-745.
    pub fn is_plain(self) -> bool {
        self == Self::default()
    }
}

/// What REST and the command line ask of connectors. Requests for one connector are carried out one after the other;
/// one that hangs holds up no other connector.
#[async_trait]
pub trait Herder: Send + Sync {
    /// The id of the Kafka cluster.
    fn kafka_cluster_id(&self) -> &str;
    /// Whether the worker has started with all it was started for.
    fn is_ready(&self) -> bool;
    /// Comes back when the worker is ready for requests and takes them.
    async fn health_check(&self);
    /// The names of all connectors, sorted.
    fn connectors(&self) -> Vec<String>;
    /// Validates a configuration that nobody has submitted yet; mistakes in it are a part of the answer. `progress`
    /// says meanwhile what is being done.
    async fn validate(&self, config: RawConfig, progress: Progress) -> Result<Validation, HerderError>;
    /// The keys of a plug-in (class or alias) of any kind; of a connector also the framework's.
    async fn plugin_keys(&self, name: &str, version: Option<&str>) -> Result<Vec<ConfigKey>, HerderError>;
    /// A connector as configured.
    fn connector_info(&self, name: &str) -> Result<ConnectorInfo, HerderError>;
    /// The tasks of a connector.
    fn task_infos(&self, name: &str) -> Result<Vec<TaskInfo>, HerderError>;
    /// The state of a connector and its tasks.
    fn connector_status(&self, name: &str) -> Result<ConnectorStatus, HerderError>;
    /// The state of a task.
    fn task_status(&self, id: &TaskId) -> Result<TaskStatus, HerderError>;
    /// Creates a connector, or gives it a new configuration when `replace` allows it.
    async fn put_connector(
        &self,
        name: &str,
        config: RawConfig,
        target: Option<TargetState>,
        replace: bool,
    ) -> Result<Created, HerderError>;
    /// Changes some keys of a configuration; `None` removes a key.
    async fn patch_connector(&self, name: &str, patch: RawConfig) -> Result<ConnectorInfo, HerderError>;
    /// Removes a connector and its tasks.
    async fn delete_connector(&self, name: &str) -> Result<(), HerderError>;
    /// Says whether a connector should run, pause or be stopped.
    async fn set_target_state(&self, name: &str, target: TargetState) -> Result<(), HerderError>;
    /// The topics that a connector has used, sorted; none for a connector that nobody knows.
    fn topics(&self, connector: &str) -> Result<Vec<String>, HerderError>;
    /// Forgets them; those still in use come back.
    async fn reset_topics(&self, connector: &str) -> Result<(), HerderError>;
    /// Restarts a connector, and its tasks if asked. Gives the states with what is restarted shown as RESTARTING.
    async fn restart_connector(&self, name: &str, request: RestartRequest) -> Result<ConnectorStatus, HerderError>;
    /// The offsets of a connector, whatever its state.
    async fn connector_offsets(&self, name: &str) -> Result<ConnectorOffsets, HerderError>;
    /// Changes offsets of a connector that is STOPPED and has no tasks; gives the text of the answer. No other request
    /// for the connector is carried out meanwhile, for at most 90 seconds.
    async fn alter_connector_offsets(&self, name: &str, offsets: Vec<PartitionOffset>) -> Result<String, HerderError>;
    /// Removes all offsets of a connector, otherwise as [`Herder::alter_connector_offsets`].
    async fn reset_connector_offsets(&self, name: &str) -> Result<String, HerderError>;
    /// Restarts a task.
    async fn restart_task(&self, id: &TaskId) -> Result<(), HerderError>;
}
