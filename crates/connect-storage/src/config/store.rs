//! The interface of configuration stores.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use connect_api::Result;
use kafka_config::RawConfig;

/// What the user wants of a connector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetState {
    /// Connector and tasks run.
    #[default]
    Started,
    /// They hold still.
    Paused,
    /// The connector is stopped and has no tasks.
    Stopped,
}

impl TargetState {
    /// The name in the configuration topic.
    pub const fn name(self) -> &'static str {
        match self {
            TargetState::Started => "STARTED",
            TargetState::Paused => "PAUSED",
            TargetState::Stopped => "STOPPED",
        }
    }
}

impl fmt::Display for TargetState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reads the exact name.
impl FromStr for TargetState {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let all = [TargetState::Started, TargetState::Paused, TargetState::Stopped];
        all.into_iter().find(|state| state.name() == name).ok_or(())
    }
}

/// A connector as configured. Configurations are raw: as submitted, `${…}` not resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredConnector {
    /// The connector's configuration.
    pub config: Arc<RawConfig>,
    /// What the user wants of it.
    pub target_state: TargetState,
    /// Its tasks' configurations, by number.
    pub tasks: Vec<Arc<RawConfig>>,
    /// The connector's configuration that the tasks' were made from; `None` while there were none.
    pub applied: Option<Arc<RawConfig>>,
}

/// Everything configured, at one moment; cheap to clone.
pub type Snapshot = Arc<BTreeMap<String, Arc<ConfiguredConnector>>>;

/// Where configurations live. Writes return when this worker sees them.
#[async_trait]
pub trait ConfigStore: Send + Sync {
    /// Everything configured.
    fn snapshot(&self) -> Snapshot;
    /// Stores a connector's configuration, and its target state when one is given; a new connector without one is to
    /// be started. The tasks stay as they are.
    async fn put_connector(&self, connector: &str, config: RawConfig, target: Option<TargetState>) -> Result<()>;
    /// Removes a connector, its target state and its tasks; nothing happens when there is none.
    async fn remove_connector(&self, connector: &str) -> Result<()>;
    /// Stores the configurations of all tasks of a connector, made from its present configuration. None: it has no
    /// tasks.
    ///
    /// # Errors
    /// When there is no such connector.
    async fn put_tasks(&self, connector: &str, tasks: Vec<RawConfig>) -> Result<()>;
    /// Stores what the user wants of a connector.
    ///
    /// # Errors
    /// When there is no such connector.
    async fn put_target_state(&self, connector: &str, target: TargetState) -> Result<()>;
}
