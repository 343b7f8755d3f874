//! The making of connectors and their tasks: at first, when a connector wants others, and their removal.

use std::sync::Arc;

use connect_api::Error;
use connect_api::plugin::ConnectorPlugin;
use connect_config::{ConnectorConfig, ConnectorKind};
use connect_storage::config::{ConfigStore, ConfiguredConnector, TargetState};
use connect_storage::status::StatusStore;
use connect_worker::{TaskId, TasksMax};
use kafka_config::RawConfig;

use super::StandaloneHerder;
use super::herder::Answer;
use crate::HerderError;
use crate::variables::restored;

impl StandaloneHerder {
    pub(crate) async fn start_connector(&self, name: &str, known: &ConfiguredConnector) -> Answer<()> {
        let name: Arc<str> = name.into();
        let config = self.resolved(&known.config)?;
        let started = self.worker.start_connector(&name, config, known.target_state).await;
        self.variables.hidden(started.map_err(HerderError::from))?;
        if known.target_state == TargetState::Started {
            self.update_tasks(&name).await?;
        }
        Ok(())
    }

    /// Asks the connector for its task configurations; when they changed, its tasks are made anew.
    pub(super) async fn update_tasks(&self, name: &str) -> Answer<()> {
        let known = self.known(name)?;
        let config = self.resolved(&known.config)?;
        let tasks = self.variables.hidden(self.generate_tasks(name, &config).await)?;
        let tasks: Vec<RawConfig> = tasks.into_iter().map(|task| restored(task, &known.config)).collect();
        let unchanged = known.applied.as_ref() == Some(&known.config)
            && self.made_for.lock().get(name) == Some(&config)
            && known.tasks.len() == tasks.len()
            && known.tasks.iter().zip(&tasks).all(|(old, new)| **old == *new);
        if unchanged {
            return Ok(());
        }
        self.remove_tasks(name, &known).await;
        self.configs.put_tasks(name, tasks).await?;
        self.made_for.lock().insert(name.to_owned(), config);
        self.start_tasks(name)
    }

    /// The tasks that the connector wants; `config` is its own, resolved.
    async fn generate_tasks(&self, name: &str, config: &RawConfig) -> Answer<Vec<RawConfig>> {
        let kind = if self.kind(config) == "sink" { ConnectorKind::Sink } else { ConnectorKind::Source };
        let typed = ConnectorConfig::parse(kind, config, &self.settings.plugins).map_err(config_error)?;
        let max = TasksMax { limit: typed.tasks_max as usize, enforce: typed.tasks_max_enforce };
        let generated = self.worker.task_configs(name, max).await?;
        let class = self.task_class(config);
        Ok(generated.into_iter().map(|task| complete(task, config, class)).collect())
    }

    fn task_class(&self, config: &RawConfig) -> &'static str {
        let class = config.get("connector.class").unwrap_or_default();
        match self.worker.registry().connectors.find(class) {
            Ok(ConnectorPlugin::Source(plugin)) => plugin.task_class(),
            Ok(ConnectorPlugin::Sink(plugin)) => plugin.task_class(),
            Err(_) => "",
        }
    }

    fn start_tasks(&self, name: &str) -> Answer<()> {
        let known = self.known(name)?;
        for (task, config) in known.tasks.iter().enumerate() {
            let id = TaskId::new(name, task as u32);
            self.start_task(&id, &known, config)?;
        }
        Ok(())
    }

    pub(crate) fn start_task(&self, id: &TaskId, known: &ConfiguredConnector, task: &RawConfig) -> Answer<()> {
        let (connector, task) = (self.resolved(&known.config)?, self.resolved_task(task, &known.config)?);
        let started = self.worker.start_task(id, &connector, task, known.tasks.len(), known.target_state);
        self.variables.hidden(started.map_err(HerderError::from))
    }

    /// Makes the tasks of a connector anew that asked for it, beside the caller: one that hangs holds up itself alone.
    pub(super) fn reconfigure(self: &Arc<Self>, name: String) {
        // One that waits for its turn will ask the connector for its newest wishes.
        if !self.reconfiguring.lock().insert(name.clone()) {
            return;
        }
        let herder = self.clone();
        let work = async move {
            let _turn = herder.turn(&name).await;
            herder.reconfiguring.lock().remove(&name);
            let started = herder.configured(&name).is_some_and(|known| known.target_state == TargetState::Started);
            if started && let Err(error) = herder.update_tasks(&name).await {
                tracing::error!(connector = name, "the tasks could not be reconfigured: {error}");
            }
        };
        self.env().work().spawn("task reconfiguration", Box::pin(work));
    }

    pub(super) async fn remove_tasks(&self, name: &str, known: &ConfiguredConnector) {
        let ids: Vec<TaskId> = (0..known.tasks.len() as u32).map(|task| TaskId::new(name, task)).collect();
        self.worker.stop_tasks(&ids).await;
        for id in &ids {
            // A store in memory does not fail.
            let _ = self.statuses.remove_task(name, id.task).await;
        }
        let _ = self.configs.put_tasks(name, Vec::new()).await;
    }
}

/// A generated task configuration with what the runtime adds (Apache: `Worker.connectorTaskConfigs`).
fn complete(mut task: RawConfig, connector: &RawConfig, class: &str) -> RawConfig {
    task.insert("task.class", class);
    for key in ["topics", "topics.regex"] {
        if let Some(value) = connector.get(key) {
            task.insert(key, value);
        }
    }
    task.in_copied_hash_order()
}

fn config_error(error: kafka_config::ConfigError) -> HerderError {
    Error::config(error.to_string()).into()
}
