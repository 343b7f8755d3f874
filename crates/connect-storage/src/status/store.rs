//! The interface of status stores.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use connect_api::Result;

/// The state of a connector or task, as stored and as shown over REST.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// No worker runs it.
    Unassigned,
    /// It runs.
    Running,
    /// It is paused.
    Paused,
    /// It has failed.
    Failed,
    /// It is being restarted.
    Restarting,
    /// It is stopped; connectors only.
    Stopped,
}

impl State {
    /// Every state.
    pub const ALL: [State; 6] =
        [State::Unassigned, State::Running, State::Paused, State::Failed, State::Restarting, State::Stopped];

    /// The name in the status topic and over REST.
    pub const fn name(self) -> &'static str {
        match self {
            State::Unassigned => "UNASSIGNED",
            State::Running => "RUNNING",
            State::Paused => "PAUSED",
            State::Failed => "FAILED",
            State::Restarting => "RESTARTING",
            State::Stopped => "STOPPED",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reads the exact name.
impl FromStr for State {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        State::ALL.into_iter().find(|state| state.name() == name).ok_or(())
    }
}

/// What is known of a connector or task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The state.
    pub state: State,
    /// Why it failed: Java's stack trace text. Only with [`State::Failed`].
    pub trace: Option<String>,
    /// The worker that says so, `host:port`.
    pub worker_id: String,
    /// The group generation in which that worker says so; 0 in standalone mode.
    pub generation: i32,
    /// The version of the plug-in; `None` when it could not be loaded.
    pub version: Option<String>,
}

/// Where statuses live.
///
/// Writes return when the status is known to this worker; a store that is shared with other workers makes it known to
/// them later. The `_safe` writes are for statuses that must not hide those of a newer owner (FAILED, UNASSIGNED): they
/// count only if nothing is known, or this worker wrote what is known, or that is of no later generation.
#[async_trait]
pub trait StatusStore: Send + Sync {
    /// Stores the status of a connector.
    async fn put_connector(&self, connector: &str, status: Status) -> Result<()>;
    /// Stores the status of a connector unless that would hide a newer owner's.
    async fn put_connector_safe(&self, connector: &str, status: Status) -> Result<()>;
    /// Stores the status of a task.
    async fn put_task(&self, connector: &str, task: u32, status: Status) -> Result<()>;
    /// Stores the status of a task unless that would hide a newer owner's.
    async fn put_task_safe(&self, connector: &str, task: u32, status: Status) -> Result<()>;
    /// Removes the status of a connector and of all its tasks.
    async fn remove_connector(&self, connector: &str) -> Result<()>;
    /// Removes the status of a task.
    async fn remove_task(&self, connector: &str, task: u32) -> Result<()>;
    /// A task of a connector uses a topic.
    async fn put_topic(&self, connector: &str, topic: &str, task: u32) -> Result<()>;
    /// Forgets the topics that a connector uses.
    async fn remove_topics(&self, connector: &str) -> Result<()>;
    /// The topics that a connector uses, sorted.
    fn topics(&self, connector: &str) -> Vec<String>;
    /// The status of a connector.
    fn connector(&self, connector: &str) -> Option<Status>;
    /// The status of a task.
    fn task(&self, connector: &str, task: u32) -> Option<Status>;
    /// The statuses of a connector's tasks, by number.
    fn tasks(&self, connector: &str) -> Vec<(u32, Status)>;
    /// The connectors with a status, sorted.
    fn connectors(&self) -> Vec<String>;
}

impl Status {
    /// Whether this one may replace `known` by a safe write.
    pub(crate) fn may_replace(&self, known: Option<&Status>) -> bool {
        known.is_none_or(|known| known.worker_id == self.worker_id || known.generation <= self.generation)
    }
}
