//! Statuses that live as long as the process.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use connect_api::Result;
use parking_lot::Mutex;

use super::{Status, StatusStore};

/// A [`StatusStore`] in memory.
#[derive(Default)]
pub struct MemoryStatusStore {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    connectors: BTreeMap<String, Status>,
    tasks: BTreeMap<String, BTreeMap<u32, Status>>,
    topics: BTreeMap<String, BTreeSet<String>>,
}

impl MemoryStatusStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl StatusStore for MemoryStatusStore {
    async fn put_connector(&self, connector: &str, status: Status) -> Result<()> {
        self.known.lock().connectors.insert(connector.to_owned(), status);
        Ok(())
    }

    async fn put_connector_safe(&self, connector: &str, status: Status) -> Result<()> {
        let mut known = self.known.lock();
        if status.may_replace(known.connectors.get(connector)) {
            known.connectors.insert(connector.to_owned(), status);
        }
        Ok(())
    }

    async fn put_task(&self, connector: &str, task: u32, status: Status) -> Result<()> {
        self.known.lock().tasks.entry(connector.to_owned()).or_default().insert(task, status);
        Ok(())
    }

    async fn put_task_safe(&self, connector: &str, task: u32, status: Status) -> Result<()> {
        let mut known = self.known.lock();
        let tasks = known.tasks.entry(connector.to_owned()).or_default();
        if status.may_replace(tasks.get(&task)) {
            tasks.insert(task, status);
        }
        Ok(())
    }

    async fn remove_connector(&self, connector: &str) -> Result<()> {
        let mut known = self.known.lock();
        known.connectors.remove(connector);
        known.tasks.remove(connector);
        Ok(())
    }

    async fn remove_task(&self, connector: &str, task: u32) -> Result<()> {
        if let Some(tasks) = self.known.lock().tasks.get_mut(connector) {
            tasks.remove(&task);
        }
        Ok(())
    }

    async fn put_topic(&self, connector: &str, topic: &str, _task: u32) -> Result<()> {
        self.known.lock().topics.entry(connector.to_owned()).or_default().insert(topic.to_owned());
        Ok(())
    }

    async fn remove_topics(&self, connector: &str) -> Result<()> {
        self.known.lock().topics.remove(connector);
        Ok(())
    }

    fn topics(&self, connector: &str) -> Vec<String> {
        self.known.lock().topics.get(connector).into_iter().flatten().cloned().collect()
    }

    fn connector(&self, connector: &str) -> Option<Status> {
        self.known.lock().connectors.get(connector).cloned()
    }

    fn task(&self, connector: &str, task: u32) -> Option<Status> {
        self.known.lock().tasks.get(connector)?.get(&task).cloned()
    }

    fn tasks(&self, connector: &str) -> Vec<(u32, Status)> {
        let known = self.known.lock();
        let tasks = known.tasks.get(connector).into_iter().flatten();
        tasks.map(|(task, status)| (*task, status.clone())).collect()
    }

    fn connectors(&self) -> Vec<String> {
        self.known.lock().connectors.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::status::State;

    fn status(state: State, worker: &str, generation: i32) -> Status {
        Status { state, trace: None, worker_id: worker.into(), generation, version: None }
    }

    fn now<T>(future: impl Future<Output = T>) -> T {
        future.now_or_never().expect("memory never waits")
    }

    #[test]
    fn a_safe_write_does_not_hide_a_newer_owner() {
        let store = MemoryStatusStore::new();
        now(store.put_task_safe("c", 0, status(State::Failed, "a:1", 3))).unwrap();
        now(store.put_task("c", 0, status(State::Running, "b:1", 4))).unwrap();
        now(store.put_task_safe("c", 0, status(State::Unassigned, "a:1", 3))).unwrap();
        assert_eq!(store.task("c", 0), Some(status(State::Running, "b:1", 4)));
        now(store.put_task_safe("c", 0, status(State::Failed, "b:1", 2))).unwrap();
        assert_eq!(store.task("c", 0).unwrap().state, State::Failed);
        now(store.put_task_safe("c", 0, status(State::Failed, "a:1", 2))).unwrap();
        assert_eq!(store.task("c", 0).unwrap().worker_id, "a:1");
    }

    #[test]
    fn tasks_are_listed_by_number_and_go_with_their_connector() {
        let store = MemoryStatusStore::new();
        now(store.put_connector("c", status(State::Running, "a:1", 0))).unwrap();
        for task in [10, 2, 0] {
            now(store.put_task("c", task, status(State::Running, "a:1", 0))).unwrap();
        }
        assert_eq!(store.tasks("c").into_iter().map(|(task, _)| task).collect::<Vec<_>>(), [0, 2, 10]);
        assert_eq!(store.connectors(), ["c"]);
        now(store.remove_connector("c")).unwrap();
        assert!(store.tasks("c").is_empty() && store.connector("c").is_none());
    }

    #[test]
    fn topics_are_those_of_their_connector_until_they_are_forgotten() {
        let store = MemoryStatusStore::new();
        for (connector, topic) in [("c", "b"), ("c", "a"), ("c", "b"), ("d", "x")] {
            now(store.put_topic(connector, topic, 0)).unwrap();
        }
        assert_eq!((store.topics("c"), store.topics("none")), (vec!["a".to_owned(), "b".to_owned()], Vec::new()));
        now(store.remove_topics("c")).unwrap();
        assert_eq!((store.topics("c"), store.topics("d")), (Vec::new(), vec!["x".to_owned()]));
    }

    #[test]
    fn names_are_those_of_the_status_topic() {
        for state in State::ALL {
            assert_eq!(state.name().parse(), Ok(state));
        }
        assert_eq!("DESTROYED".parse::<State>(), Err(()));
    }
}
