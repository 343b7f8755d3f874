//! All connectors in one process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use connect_api::Error;
use connect_api::plugin::ConnectorPlugin;
use connect_config::{ConnectorConfig, ConnectorKind, Plugins, WorkerConfig};
use connect_storage::config::{ConfigStore, ConfiguredConnector, MemoryConfigStore, TargetState};
use connect_storage::status::{MemoryStatusStore, State as Stored, Status, StatusStore};
use connect_worker::{ConnectorOffsets, StatusListener, TaskId, TasksMax, Worker};
use env::{Env, watch};
use kafka_config::provider::{Providers, has_variable};
use kafka_config::{ConfigKey, RawConfig};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::HerderError;
use crate::herder::{
    ConnectorInfo, ConnectorStatus, Created, Herder, InstanceStatus, RestartRequest, TaskInfo, TaskStatus,
};
use crate::listener::{Event, Listener};
use crate::masks::Masks;
use crate::offsets::{self, PartitionOffset};
use crate::restarts::{Instance, Restarts};
use crate::validate::Validation;
use crate::variables::{Variables, restored};

type Answer<T> = Result<T, HerderError>;

/// What a standalone herder is made of.
pub struct StandaloneSettings {
    /// The world.
    pub env: Env,
    /// `host:port`, as states show it.
    pub worker_id: String,
    /// The id of the Kafka cluster.
    pub kafka_cluster_id: String,
    /// The plug-ins, as validation sees them.
    pub plugins: Plugins,
    /// The worker's configuration.
    pub worker_config: Arc<WorkerConfig>,
    /// The worker's config providers.
    pub providers: Arc<Providers>,
}

/// Carries out the verbs in one process: configurations and states live in memory, offsets in the worker's store.
pub struct StandaloneHerder {
    settings: StandaloneSettings,
    worker: Worker,
    configs: MemoryConfigStore,
    pub(crate) statuses: Arc<MemoryStatusStore>,
    pub(crate) restarts: Mutex<Restarts>,
    events: mpsc::UnboundedSender<Event>,
    variables: Variables,
    /// By connector: the configuration, resolved, that its tasks were made for.
    made_for: Mutex<BTreeMap<String, RawConfig>>,
    /// One lock per connector name, so that requests for one connector come one after the other.
    turns: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// Connectors whose reconfiguration waits for its turn.
    reconfiguring: Mutex<BTreeSet<String>>,
    ready: watch::Sender<bool>,
}

impl StandaloneHerder {
    /// A herder without connectors. `worker` is made with the listener it is given.
    pub fn start(settings: StandaloneSettings, worker: impl FnOnce(Arc<dyn StatusListener>) -> Worker) -> Arc<Self> {
        let statuses = Arc::new(MemoryStatusStore::new());
        let (events, inbox) = mpsc::unbounded_channel();
        let variables = Variables(settings.providers.clone());
        let (worker_id, hiding) = (settings.worker_id.clone(), variables.clone());
        let listener = Listener { store: statuses.clone(), worker_id, events: events.clone(), variables: hiding };
        let env = settings.env.clone();
        let herder = Arc::new(Self {
            settings,
            worker: worker(Arc::new(listener)),
            configs: MemoryConfigStore::new(),
            statuses,
            restarts: Mutex::default(),
            events,
            variables,
            made_for: Mutex::default(),
            turns: Mutex::default(),
            reconfiguring: Mutex::default(),
            ready: watch::Sender::new(false),
        });
        let weak = Arc::downgrade(&herder);
        env.work().spawn("events of the worker", Box::pin(follow_events(weak, inbox)));
        tracing::info!("Herder started");
        herder
    }

    /// The worker.
    pub fn worker(&self) -> &Worker {
        &self.worker
    }

    /// Says that the connectors the worker was started with are there.
    pub fn ready(&self) {
        self.ready.send_replace(true);
    }

    /// Stops everything.
    pub async fn stop(&self) {
        tracing::info!("Herder stopping");
        self.worker.stop().await;
        tracing::info!("Herder stopped");
    }

    pub(crate) fn env(&self) -> &Env {
        &self.settings.env
    }

    pub(crate) fn tell_failed(&self, instance: Instance) {
        let _ = self.events.send(Event::Failed(instance));
    }

    pub(crate) fn stored_state(&self, instance: &Instance) -> Option<Stored> {
        let status = match instance.task {
            None => self.statuses.connector(&instance.connector),
            Some(task) => self.statuses.task(&instance.connector, task),
        };
        status.map(|status| status.state)
    }

    /// The configuration of a connector with values in the place of variables.
    pub(crate) fn resolved(&self, config: &RawConfig) -> Answer<RawConfig> {
        self.resolved_task(config, config)
    }

    /// The same for the configuration of one of its tasks.
    fn resolved_task(&self, task: &RawConfig, connector: &RawConfig) -> Answer<RawConfig> {
        if !task.iter().any(|(_, value)| value.is_some_and(has_variable)) {
            return Ok(task.clone());
        }
        self.masks(connector, |masks| self.variables.resolve(task, |name| masks.secrecy(name, connector)))
    }

    pub(crate) async fn turn(&self, name: &str) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = self.turns.lock().entry(name.to_owned()).or_default().clone();
        turn.lock_owned().await
    }

    pub(crate) fn configured(&self, name: &str) -> Option<Arc<ConfiguredConnector>> {
        self.configs.snapshot().get(name).cloned()
    }

    fn known(&self, name: &str) -> Answer<Arc<ConfiguredConnector>> {
        self.configured(name).ok_or_else(|| HerderError::NotFound(format!("Connector {name} not found")))
    }

    pub(crate) fn kind(&self, config: &RawConfig) -> &'static str {
        let class = config.get("connector.class").unwrap_or_default();
        self.worker.registry().connectors.find(class).map_or("unknown", |plugin| plugin.kind())
    }

    fn plugin(&self, config: &RawConfig) -> Answer<ConnectorPlugin> {
        let class = config.get("connector.class").unwrap_or_default();
        Ok(self.worker.registry().connectors.find(class).cloned()?)
    }

    /// The configuration, resolved, of a connector whose offsets nobody is using.
    fn stopped(&self, name: &str) -> Answer<RawConfig> {
        let known = self.known(name)?;
        offsets::check_stopped(name, &known)?;
        self.resolved(&known.config)
    }

    fn info(&self, name: &str, known: &ConfiguredConnector) -> ConnectorInfo {
        ConnectorInfo {
            name: name.to_owned(),
            config: self.shown(&known.config, &known.config),
            tasks: (0..known.tasks.len() as u32).map(|task| TaskId::new(name, task)).collect(),
            kind: self.kind(&known.config),
        }
    }

    /// A configuration of a connector or its tasks as people see it.
    fn shown(&self, config: &Arc<RawConfig>, connector: &RawConfig) -> Arc<RawConfig> {
        if !self.settings.worker_config.mask_secrets {
            return config.clone();
        }
        let masked = self.masks(connector, |masks| masks.masked(config, connector));
        // A task may have what a provider found, under any key.
        let hide = |value: &str| self.variables.hide(value.to_owned());
        Arc::new(masked.iter().map(|(name, value)| (name.to_owned(), value.map(hide))).collect())
    }

    /// A submitted configuration with what was hidden from people.
    fn meant(&self, name: &str, config: RawConfig) -> Answer<RawConfig> {
        if !self.settings.worker_config.mask_secrets {
            return Ok(config);
        }
        let stored = self.configured(name).map(|known| known.config.clone());
        let connector = config.clone();
        self.masks(&connector, |masks| masks.unmasked(config, stored.as_deref()))
    }

    fn masks<T>(&self, connector: &RawConfig, ask: impl FnOnce(&Masks<'_>) -> T) -> T {
        let class = connector.get("connector.class").unwrap_or_default();
        let plugin = self.worker.registry().connectors.find(class).ok();
        let own = plugin.map(ConnectorPlugin::config);
        ask(&Masks { own: own.as_ref(), plugins: &self.settings.plugins })
    }

    /// Refuses a configuration with mistakes, with all of them in the words of Apache Kafka Connect.
    async fn check(&self, name: &str, config: &RawConfig) -> Answer<()> {
        for warning in self.validation(config).await?.accept()? {
            tracing::warn!(connector = name, "{warning}");
        }
        Ok(())
    }

    /// What is wrong with a configuration. Before it is refused, all plug-ins that are installed are known: the reason
    /// may be that one of them cannot run here.
    async fn validation(&self, config: &RawConfig) -> Answer<Validation> {
        let found = self.validate_now(config);
        let sound = found.as_ref().is_ok_and(|found| found.error_count == 0);
        match self.settings.plugins.settled() {
            Some(settling) if !sound => {
                settling.await;
                self.validate_now(config)
            }
            _ => found,
        }
    }

    fn validate_now(&self, config: &RawConfig) -> Answer<Validation> {
        let config = self.resolved(config)?;
        let registry = self.worker.registry();
        let found = crate::validate::validate(&config, registry, &self.settings.plugins, &self.settings.worker_config);
        let mut found = self.variables.hidden(found)?;
        for value in found.keys.iter_mut().filter_map(|key| key.value.as_mut()) {
            self.variables.hide_in_value(value);
        }
        Ok(found)
    }

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
    async fn update_tasks(&self, name: &str) -> Answer<()> {
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
    fn reconfigure(self: &Arc<Self>, name: String) {
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

    async fn remove_tasks(&self, name: &str, known: &ConfiguredConnector) {
        let ids: Vec<TaskId> = (0..known.tasks.len() as u32).map(|task| TaskId::new(name, task)).collect();
        self.worker.stop_tasks(&ids).await;
        for id in &ids {
            // A store in memory does not fail.
            let _ = self.statuses.remove_task(name, id.task).await;
        }
        let _ = self.configs.put_tasks(name, Vec::new()).await;
    }

    fn status(&self, connector: &str, task: Option<u32>, status: Status) -> InstanceStatus {
        InstanceStatus {
            own: self.own_status(connector, task),
            state: status.state.name(),
            worker_id: status.worker_id,
            trace: status.trace,
            version: status.version,
        }
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

async fn follow_events(herder: std::sync::Weak<StandaloneHerder>, mut events: mpsc::UnboundedReceiver<Event>) {
    while let Some(event) = events.recv().await {
        let Some(herder) = herder.upgrade() else { return };
        match event {
            Event::Reconfigure(name) => herder.reconfigure(name),
            Event::Failed(instance) => herder.has_failed(instance),
        }
    }
}

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

    async fn validate(&self, config: RawConfig) -> Answer<Validation> {
        let name = config.get("name").unwrap_or_default().to_owned();
        let config = self.meant(&name, config)?;
        self.validation(&config).await
    }

    fn plugin_keys(&self, name: &str, version: Option<&str>) -> Answer<Vec<ConfigKey>> {
        crate::plugin_keys::plugin_keys(name, version, self.worker.registry(), &self.settings.plugins)
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
        let config = self.meant(name, config)?;
        self.check(name, &config).await?;
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
