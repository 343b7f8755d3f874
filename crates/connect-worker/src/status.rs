//! What the worker tells of its connectors and tasks.

use std::fmt;
use std::sync::Arc;

use connect_api::Error;

/// A task of a connector.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId {
    /// The connector's name.
    pub connector: Arc<str>,
    /// The task's number, from 0.
    pub task: u32,
}

impl TaskId {
    /// That task of that connector.
    pub fn new(connector: impl Into<Arc<str>>, task: u32) -> Self {
        Self { connector: connector.into(), task }
    }
}

/// `connector-task`, as Kafka Connect prints it.
impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.connector, self.task)
    }
}

/// The state of a connector or a task.
#[derive(Clone, Debug)]
pub enum State {
    /// It does its work.
    Running,
    /// It is paused.
    Paused,
    /// It is stopped (connectors only).
    Stopped,
    /// It ended with this error.
    Failed(Error),
    /// It ended because it was told to.
    Unassigned,
    /// It is being restarted.
    Restarting,
}

/// Learns of every change. Calls for one connector or task come in order. After a connector or task was given up
/// because it did not stop in time, nothing more comes from it.
pub trait StatusListener: Send + Sync {
    /// A connector changed.
    fn connector(&self, name: &str, state: State, version: Option<&str>);
    /// A task changed.
    fn task(&self, id: &TaskId, state: State, version: Option<&str>);
    /// A task uses this topic: for a source the topic has stored a record, for a sink a record of it was converted. Told
    /// once per task, and again after [`crate::TopicResets::forgotten`]; not at all with `topic.tracking.enable=false`.
    fn topic(&self, id: &TaskId, topic: &str) {
        let _ = (id, topic);
    }
    /// A connector wants its task configurations made again.
    fn reconfigure(&self, connector: &str);
}
