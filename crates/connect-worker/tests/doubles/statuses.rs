//! A listener that remembers every state.

use connect_worker::{State, StatusListener, TaskId};
use parking_lot::Mutex;

/// Remembers what the worker told, by connector name or task id (`c-0`).
#[derive(Default)]
pub(crate) struct Statuses {
    said: Mutex<Vec<(String, State)>>,
    reconfigurations: Mutex<Vec<String>>,
    topics: Mutex<Vec<String>>,
}

fn name(state: &State) -> &'static str {
    match state {
        State::Running => "RUNNING",
        State::Paused => "PAUSED",
        State::Stopped => "STOPPED",
        State::Failed(_) => "FAILED",
        State::Unassigned => "UNASSIGNED",
        State::Restarting => "RESTARTING",
    }
}

impl Statuses {
    /// All states of a connector or task, in order.
    pub(crate) fn of(&self, id: &str) -> Vec<&'static str> {
        let said = self.said.lock();
        said.iter().filter(|(other, _)| other == id).map(|(_, state)| name(state)).collect()
    }

    /// The state told last.
    pub(crate) fn last(&self, id: &str) -> Option<&'static str> {
        self.of(id).pop()
    }

    /// The trace of the failure told last.
    pub(crate) fn trace(&self, id: &str) -> Option<String> {
        let said = self.said.lock();
        said.iter().rev().filter(|(other, _)| other == id).find_map(|(_, state)| match state {
            State::Failed(error) => Some(error.trace()),
            _ => None,
        })
    }

    pub(crate) fn reconfigurations(&self) -> Vec<String> {
        self.reconfigurations.lock().clone()
    }

    /// The topics that tasks told of, each `c-0 topic`, in order.
    pub(crate) fn topics(&self) -> Vec<String> {
        self.topics.lock().clone()
    }
}

impl StatusListener for Statuses {
    fn connector(&self, name: &str, state: State, _version: Option<&str>) {
        self.said.lock().push((name.to_owned(), state));
    }

    fn task(&self, id: &TaskId, state: State, _version: Option<&str>) {
        self.said.lock().push((id.to_string(), state));
    }

    fn topic(&self, id: &TaskId, topic: &str) {
        self.topics.lock().push(format!("{id} {topic}"));
    }

    fn reconfigure(&self, connector: &str) {
        self.reconfigurations.lock().push(connector.to_owned());
    }
}
