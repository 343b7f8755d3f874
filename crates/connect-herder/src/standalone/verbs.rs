//! The verbs, carried out in one process.

use async_trait::async_trait;
use connect_api::Error;
use connect_storage::config::{ConfigStore, TargetState};
use connect_storage::status::{State as Stored, StatusStore};
use connect_worker::{ConnectorOffsets, TaskId};
use kafka_config::{ConfigKey, RawConfig};

use super::StandaloneHerder;
use super::herder::Answer;
use crate::HerderError;
use crate::herder::{ConnectorInfo, ConnectorStatus, Created, Herder, RestartRequest, TaskInfo, TaskStatus};
use crate::offsets::{self, PartitionOffset};
use crate::progress::Progress;
use crate::validate::Validation;

#[async_trait]
impl Herder for StandaloneHerder {
    fn kafka_cluster_id(&self) -> &str {
        &self.settings.kafka_cluster_id
    }

    fn is_ready(&self) -> bool {
        self.ready.get()
    }

    /// A connector that hangs holds up no request for others, and so not this one.
    async fn health_check(&self) {
        let _ = self.ready.subscribe().wait_for(|ready| *ready).await;
        self.configs.snapshot();
    }

    fn connectors(&self) -> Vec<String> {
        self.configs.snapshot().keys().cloned().collect()
    }

    async fn validate(&self, config: RawConfig, progress: Progress) -> Answer<Validation> {
        let name = config.get("name").unwrap_or_default().to_owned();
        let config = self.meant(&name, config, &progress).await?;
        self.validation(&config, &progress).await
    }

    async fn plugin_keys(&self, name: &str, version: Option<&str>) -> Answer<Vec<ConfigKey>> {
        let keys = || crate::plugin_keys::plugin_keys(name, version, self.worker.registry(), &self.settings.plugins);
        match self.worker.registry().connectors.find(name) {
            Ok(plugin) => self.questions.ask(self.env(), plugin, &Progress::new(self.env()), keys).await,
            Err(_) => keys(),
        }
    }

    fn connector_info(&self, name: &str) -> Answer<ConnectorInfo> {
        Ok(self.info(name, &*self.known(name)?))
    }

    fn task_infos(&self, name: &str) -> Answer<Vec<TaskInfo>> {
        let known = self.known(name)?;
        let tasks = known.tasks.iter().enumerate();
        Ok(tasks
            .map(|(task, config)| TaskInfo {
                id: TaskId::new(name, task as u32),
                config: self.shown(config, &known.config),
            })
            .collect())
    }

    fn connector_status(&self, name: &str) -> Answer<ConnectorStatus> {
        let connector = self.statuses.connector(name);
        let connector =
            connector.ok_or_else(|| HerderError::NotFound(format!("No status found for connector {name}")))?;
        let tasks = self.statuses.tasks(name).into_iter();
        Ok(ConnectorStatus {
            name: name.to_owned(),
            connector: self.status(name, None, connector),
            tasks: tasks.map(|(id, status)| TaskStatus { id, status: self.status(name, Some(id), status) }).collect(),
            kind: self.configured(name).map_or("unknown", |known| self.kind(&known.config)),
        })
    }

    fn task_status(&self, id: &TaskId) -> Answer<TaskStatus> {
        let status = self.statuses.task(&id.connector, id.task);
        let status = status.ok_or_else(|| HerderError::NotFound(format!("No status found for task {id}")))?;
        Ok(TaskStatus { id: id.task, status: self.status(&id.connector, Some(id.task), status) })
    }

    async fn put_connector(
        &self,
        name: &str,
        config: RawConfig,
        target: Option<TargetState>,
        replace: bool,
    ) -> Answer<Created> {
        let progress = Progress::new(self.env());
        let config = self.meant(name, config, &progress).await?;
        self.check(name, &config, &progress).await?;
        let _turn = self.turn(name).await;
        let before = self.configured(name);
        if before.is_some() {
            if !replace {
                return Err(HerderError::AlreadyExists(format!("Connector {name} already exists")));
            }
            self.worker.stop_connector(name).await;
        }
        self.plan_restarts(name, &config);
        self.configs.put_connector(name, config, target).await?;
        let known = self.known(name)?;
        self.start_connector(name, &known).await?;
        Ok(Created { created: before.is_none(), info: self.info(name, &*self.known(name)?) })
    }

    async fn patch_connector(&self, name: &str, patch: RawConfig) -> Answer<ConnectorInfo> {
        let config = self.known(name)?.config.patched(&patch);
        Ok(self.put_connector(name, config, None, true).await?.info)
    }

    async fn delete_connector(&self, name: &str) -> Answer<()> {
        let _turn = self.turn(name).await;
        let known = self.known(name)?;
        self.remove_tasks(name, &known).await;
        self.worker.stop_connector(name).await;
        self.configs.remove_connector(name).await?;
        self.made_for.lock().remove(name);
        self.restarts.lock().forget(name);
        self.statuses.remove_connector(name).await?;
        Ok(())
    }

    async fn set_target_state(&self, name: &str, target: TargetState) -> Answer<()> {
        let _turn = self.turn(name).await;
        let known = self.configured(name).ok_or_else(|| match target {
            TargetState::Stopped => Error::connect(format!("No connector `{name}` configured")).into(),
            _ => HerderError::NotFound(format!("Unknown connector {name}")),
        })?;
        self.restarts.lock().taken_over(name, None);
        self.configs.put_target_state(name, target).await?;
        let result = self.worker.set_target_state(name, target).await;
        match target {
            TargetState::Stopped => self.remove_tasks(name, &known).await,
            // Parity: the answer to pause and resume does not tell how it went; the status does.
            TargetState::Started if result.is_ok() => {
                if let Err(error) = self.update_tasks(name).await {
                    tracing::error!(connector = name, "the tasks could not be made: {error}");
                }
            }
            _ => {}
        }
        if target == TargetState::Started {
            self.plan_for_failed(name);
        }
        Ok(())
    }

    fn topics(&self, connector: &str) -> Answer<Vec<String>> {
        if !self.settings.worker_config.topic_tracking_enable {
            return Err(HerderError::Forbidden("Topic tracking is disabled.".to_owned()));
        }
        Ok(self.statuses.topics(connector))
    }

    async fn reset_topics(&self, connector: &str) -> Answer<()> {
        self.topics(connector)?;
        if !self.settings.worker_config.topic_tracking_allow_reset {
            return Err(HerderError::Forbidden("Topic tracking reset is disabled.".to_owned()));
        }
        self.statuses.remove_topics(connector).await?;
        self.worker.topic_resets().forgotten();
        Ok(())
    }

    async fn restart_connector(&self, name: &str, request: RestartRequest) -> Answer<ConnectorStatus> {
        let unknown = || HerderError::NotFound(format!("Unknown connector: {name}"));
        let _turn = self.turn(name).await;
        let known = self.configured(name).ok_or_else(unknown)?;
        self.restarts.lock().taken_over(name, None);
        let mut status = self.connector_status(name)?;
        let concerns = |state: &str| !request.only_failed || state == Stored::Failed.name();
        let restart_connector = concerns(status.connector.state);
        let tasks: Vec<u32> = status
            .tasks
            .iter()
            .filter(|task| request.include_tasks && concerns(task.status.state))
            .map(|task| task.id)
            .collect();
        let ids: Vec<TaskId> = tasks.iter().map(|task| TaskId::new(name, *task)).collect();
        self.worker.stop_tasks(&ids).await;
        if restart_connector {
            status.connector.state = Stored::Restarting.name();
            self.worker.stop_connector(name).await;
            let started = self.start_connector(name, &known).await;
            if request.is_plain() {
                started?;
            } else if let Err(error) = started {
                tracing::error!(connector = name, "the connector did not start again: {error}");
            }
        }
        let running = self.worker.tasks();
        for id in ids.iter().filter(|id| !running.contains(id)) {
            if let Some(config) = known.tasks.get(id.task as usize) {
                self.start_task(id, &known, config)?;
            }
        }
        for task in status.tasks.iter_mut().filter(|task| tasks.contains(&task.id)) {
            task.status.state = Stored::Restarting.name();
        }
        Ok(status)
    }

    async fn connector_offsets(&self, name: &str) -> Answer<ConnectorOffsets> {
        let config = self.resolved(&self.known(name)?.config)?;
        let offsets = self.worker.connector_offsets(name, &config).await;
        self.variables.hidden(offsets.map_err(HerderError::from))
    }

    async fn alter_connector_offsets(&self, name: &str, offsets: Vec<PartitionOffset>) -> Answer<String> {
        // Kept until the end, so that the connector is not resumed meanwhile.
        let _turn = self.turn(name).await;
        let config = self.stopped(name)?;
        let changes = offsets::changes(&self.plugin(&config)?, offsets)?;
        let altered = self.worker.alter_offsets(name, &config, changes).await;
        Ok(offsets::done("altered", self.variables.hidden(altered.map_err(HerderError::from))?))
    }

    async fn reset_connector_offsets(&self, name: &str) -> Answer<String> {
        let _turn = self.turn(name).await;
        let config = self.stopped(name)?;
        let reset = self.worker.reset_offsets(name, &config).await;
        Ok(offsets::done("reset", self.variables.hidden(reset.map_err(HerderError::from))?))
    }

    async fn restart_task(&self, id: &TaskId) -> Answer<()> {
        let _turn = self.turn(&id.connector).await;
        let known = self.known(&id.connector)?;
        let config = known.tasks.get(id.task as usize);
        let config = config.ok_or_else(|| HerderError::NotFound(format!("Task {id} not found")))?;
        self.restarts.lock().taken_over(&id.connector, Some(id.task));
        self.worker.stop_tasks(std::slice::from_ref(id)).await;
        self.start_task(id, &known, config)
    }
}
