//! Configurations that live as long as the process.

use std::sync::Arc;

use async_trait::async_trait;
use connect_api::{Error, Kind, Result};
use kafka_config::RawConfig;
use parking_lot::Mutex;

use super::{ConfigStore, ConfiguredConnector, Snapshot, TargetState};

/// A [`ConfigStore`] in memory.
#[derive(Default)]
pub struct MemoryConfigStore {
    now: Mutex<Snapshot>,
}

impl MemoryConfigStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn edit(&self, connector: &str, absent: &str, change: impl FnOnce(&mut ConfiguredConnector)) -> Result<()> {
        let mut now = self.now.lock();
        let known = Arc::make_mut(&mut now)
            .get_mut(connector)
            .ok_or_else(|| Error::new(Kind::IllegalArgument, absent.to_owned()))?;
        change(Arc::make_mut(known));
        Ok(())
    }
}

#[async_trait]
impl ConfigStore for MemoryConfigStore {
    fn snapshot(&self) -> Snapshot {
        self.now.lock().clone()
    }

    async fn put_connector(&self, connector: &str, config: RawConfig, target: Option<TargetState>) -> Result<()> {
        let mut now = self.now.lock();
        let known = now.get(connector);
        let next = ConfiguredConnector {
            config: Arc::new(config),
            target_state: target.or(known.map(|known| known.target_state)).unwrap_or_default(),
            tasks: known.map(|known| known.tasks.clone()).unwrap_or_default(),
            applied: known.and_then(|known| known.applied.clone()),
        };
        Arc::make_mut(&mut now).insert(connector.to_owned(), Arc::new(next));
        Ok(())
    }

    async fn remove_connector(&self, connector: &str) -> Result<()> {
        Arc::make_mut(&mut self.now.lock()).remove(connector);
        Ok(())
    }

    async fn put_tasks(&self, connector: &str, tasks: Vec<RawConfig>) -> Result<()> {
        self.edit(connector, "Cannot put tasks for non-existing connector", |known| {
            // Parity: with no tasks left, nothing counts as applied, so that the same configuration makes tasks again.
            known.applied = if tasks.is_empty() { None } else { Some(known.config.clone()) };
            known.tasks = tasks.into_iter().map(Arc::new).collect();
        })
    }

    async fn put_target_state(&self, connector: &str, target: TargetState) -> Result<()> {
        self.edit(connector, &format!("No connector `{connector}` configured"), |known| known.target_state = target)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn now<T>(future: impl Future<Output = T>) -> T {
        future.now_or_never().expect("memory never waits")
    }

    #[test]
    fn a_new_configuration_keeps_target_state_and_tasks() {
        let store = MemoryConfigStore::new();
        let (first, second) = (RawConfig::from([("a", "1")]), RawConfig::from([("a", "2")]));
        now(store.put_connector("c", first.clone(), None)).unwrap();
        assert_eq!(store.snapshot()["c"].target_state, TargetState::Started);
        now(store.put_target_state("c", TargetState::Paused)).unwrap();
        now(store.put_tasks("c", vec![RawConfig::from([("t", "0")])])).unwrap();
        let before = store.snapshot();
        now(store.put_connector("c", second.clone(), None)).unwrap();
        let after = store.snapshot();
        assert_eq!(*before["c"].config, first, "a snapshot never changes");
        assert_eq!(*after["c"].config, second);
        assert_eq!((after["c"].target_state, after["c"].tasks.len()), (TargetState::Paused, 1));
        assert_eq!(after["c"].applied.as_deref(), Some(&first));
        now(store.put_connector("c", second, Some(TargetState::Stopped))).unwrap();
        assert_eq!(store.snapshot()["c"].target_state, TargetState::Stopped);
    }

    #[test]
    fn the_unknown_is_refused_in_javas_words() {
        let store = MemoryConfigStore::new();
        let error = now(store.put_target_state("c", TargetState::Paused)).unwrap_err();
        assert_eq!(error.message(), Some("No connector `c` configured"));
        let error = now(store.put_tasks("c", vec![])).unwrap_err();
        assert_eq!(error.message(), Some("Cannot put tasks for non-existing connector"));
        now(store.remove_connector("c")).unwrap();
    }
}
