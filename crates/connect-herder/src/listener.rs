//! Keeps the states that the worker tells in the status store.

use std::sync::Arc;

use connect_storage::status::{MemoryStatusStore, State as Stored, Status, StatusStore};
use connect_worker::{State, StatusListener, TaskId};
use futures_util::FutureExt;

use crate::events::{Event, Events};
use crate::restarts::Instance;
use crate::variables::Variables;

/// Writes states to a store in memory; passes on what the herder has to act on.
pub(crate) struct Listener {
    pub(crate) store: Arc<MemoryStatusStore>,
    pub(crate) worker_id: String,
    pub(crate) events: Events,
    pub(crate) variables: Variables,
}

impl Listener {
    fn status(&self, state: State, version: Option<&str>) -> Status {
        let (state, trace) = match state {
            State::Running => (Stored::Running, None),
            State::Paused => (Stored::Paused, None),
            State::Stopped => (Stored::Stopped, None),
            State::Unassigned => (Stored::Unassigned, None),
            State::Restarting => (Stored::Restarting, None),
            State::Failed(error) => (Stored::Failed, Some(self.variables.hide(error.trace()))),
        };
        let (worker_id, version) = (self.worker_id.clone(), version.map(str::to_owned));
        Status { state, trace, worker_id, generation: 0, version }
    }
}

impl StatusListener for Listener {
    fn connector(&self, name: &str, state: State, version: Option<&str>) {
        let failed = matches!(state, State::Failed(_));
        let status = self.status(state, version);
        // A store in memory never waits and never fails.
        let _ = self.store.put_connector(name, status).now_or_never();
        if failed {
            self.events.tell(Event::Failed(Instance { connector: name.to_owned(), task: None }));
        }
    }

    fn task(&self, id: &TaskId, state: State, version: Option<&str>) {
        let failed = matches!(state, State::Failed(_));
        let status = self.status(state, version);
        let _ = self.store.put_task(&id.connector, id.task, status).now_or_never();
        if failed {
            self.events.tell(Event::Failed(Instance { connector: id.connector.to_string(), task: Some(id.task) }));
        }
    }

    fn topic(&self, id: &TaskId, topic: &str) {
        let _ = self.store.put_topic(&id.connector, topic, id.task).now_or_never();
    }

    fn reconfigure(&self, connector: &str) {
        self.events.tell(Event::Reconfigure(connector.to_owned()));
    }
}
