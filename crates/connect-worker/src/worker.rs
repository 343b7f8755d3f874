//! The worker: the connectors and tasks it runs, by name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use connect_api::plugin::{ConnectorPlugin, Registry};
use connect_api::{Error, Kind, Result, Signal};
use connect_config::{Plugins, WorkerConfig};
use connect_kafka::Clients;
use connect_storage::config::TargetState;
use connect_storage::offsets::{OffsetStore, StoredOffsets};
use env::Env;
use kafka_config::RawConfig;
use parking_lot::Mutex;

use crate::assemble::{self, Blueprint};
use crate::connector::{ConnectorParts, RunningConnector};
use crate::probe::Probes;
use crate::record::DroppedRecords;
use crate::supervise::{Abandoned, Reporter, Supervised};
use crate::{Budget, State, StatusListener, TaskId, TasksMax, TopicResets, scope};

fn signal(target: TargetState) -> Signal {
    match target {
        TargetState::Started => Signal::Run,
        TargetState::Paused => Signal::Pause,
        TargetState::Stopped => Signal::Stop,
    }
}

/// What a worker is made of.
#[derive(Clone)]
pub struct WorkerSettings {
    /// The world.
    pub env: Env,
    /// The plug-ins.
    pub registry: Arc<Registry>,
    /// The plug-ins, as validation sees them.
    pub plugins: Plugins,
    /// Makes Kafka clients.
    pub clients: Arc<dyn Clients>,
    /// The worker's configuration.
    pub config: Arc<WorkerConfig>,
    /// Where source offsets live.
    pub offsets: Arc<dyn OffsetStore>,
    /// Learns of states.
    pub listener: Arc<dyn StatusListener>,
    /// Bytes that all tasks together may have in flight.
    pub budget: Budget,
    /// For tests.
    pub probes: Probes,
}

/// How long connectors have to stop, all together (Apache: `Worker.CONNECTOR_GRACEFUL_SHUTDOWN_TIMEOUT_MS`).
const CONNECTOR_STOP_LIMIT: Duration = Duration::from_secs(5);

/// Runs connectors and tasks. Calls for one connector must come one after the other; different connectors do not wait
/// for each other.
pub struct Worker {
    pub(crate) settings: WorkerSettings,
    connectors: Mutex<BTreeMap<Arc<str>, Arc<RunningConnector>>>,
    tasks: Mutex<BTreeMap<TaskId, Supervised>>,
    abandoned: Abandoned,
    topic_resets: TopicResets,
}

impl Worker {
    /// A worker that runs nothing yet.
    pub fn new(settings: WorkerSettings) -> Self {
        Self {
            settings,
            connectors: Mutex::default(),
            tasks: Mutex::default(),
            abandoned: Abandoned::default(),
            topic_resets: TopicResets::default(),
        }
    }

    /// The plug-ins.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.settings.registry
    }

    /// Tasks that were given up.
    pub fn abandoned(&self) -> &Abandoned {
        &self.abandoned
    }

    /// To be told when topics that tasks have used were forgotten.
    pub fn topic_resets(&self) -> &TopicResets {
        &self.topic_resets
    }

    /// Starts a connector and brings it to `target`; completes when it is there.
    ///
    /// # Errors
    /// When it cannot be made or does not start; its state is FAILED then.
    pub async fn start_connector(&self, name: &Arc<str>, config: RawConfig, target: TargetState) -> Result<()> {
        let span = scope::connector(name);
        let class = config.get("connector.class").unwrap_or_default();
        span.in_scope(|| tracing::info!("Creating connector {name} of type {class}"));
        let plugin = self.connector_plugin(&config).and_then(|plugin| {
            assemble::read_config(&plugin, &config, &self.settings)?;
            // Parity: a null passes the validation of a connector that defines its key, and ends here.
            let null = config.iter().find(|(_, value)| value.is_none()).map(|(key, _)| key);
            null.map_or(Ok(plugin), |key| {
                Err(Error::config(format!("Non-string value found in original settings for key {key}: null")))
            })
        });
        let plugin = plugin.inspect_err(|error| {
            self.settings.listener.connector(name, State::Failed(error.clone()), None);
        })?;
        let running = {
            let mut connectors = self.connectors.lock();
            if connectors.contains_key(name) {
                let text = format!("Connector with name {name} already exists");
                return Err(Error::connect(text));
            }
            let running = Arc::new(RunningConnector::start(ConnectorParts {
                env: self.settings.env.clone(),
                name: name.clone(),
                plugin,
                config,
                offsets: Arc::new(StoredOffsets::new(name.clone(), self.settings.offsets.clone())),
                listener: self.settings.listener.clone(),
            }));
            connectors.insert(name.clone(), running.clone());
            running
        };
        let started = running.set_target(target).await;
        if started.is_ok() {
            span.in_scope(|| tracing::info!("Finished creating connector {name}"));
        }
        started
    }

    pub(crate) fn connector_plugin(&self, config: &RawConfig) -> Result<ConnectorPlugin> {
        let class = config.get("connector.class").unwrap_or_default();
        let found = self.settings.registry.connectors.find(class).cloned();
        found.map_err(|_| {
            Error::connect(format!("Failed to find any class that implements Connector and which name matches {class}"))
        })
    }

    /// Brings a running connector, and its tasks, to `target`. Stopping the tasks of a stopped connector is the
    /// caller's.
    ///
    /// # Errors
    /// When the connector does not run here or cannot make the change.
    pub async fn set_target_state(&self, name: &str, target: TargetState) -> Result<()> {
        let running = self.connectors.lock().get(name).cloned();
        let running = running.ok_or_else(|| Error::new(Kind::NotFound, format!("Connector {name} not found")))?;
        if target != TargetState::Stopped {
            for (id, task) in self.tasks.lock().iter() {
                if &*id.connector == name {
                    task.say(signal(target));
                }
            }
        }
        running.set_target(target).await
    }

    /// The task configurations a connector wants.
    ///
    /// # Errors
    /// When the connector does not run here or fails to say, or they are too many; the connector has failed then.
    pub async fn task_configs(&self, name: &str, max: TasksMax) -> Result<Vec<RawConfig>> {
        let running = self.connectors.lock().get(name).cloned();
        let running = running.ok_or_else(|| Error::new(Kind::NotFound, format!("Connector {name} not found")))?;
        running.task_configs(max).await
    }

    /// Stops a connector; gives it up when it does not stop in time.
    pub async fn stop_connector(&self, name: &str) {
        let Some(running) = self.connectors.lock().remove(name) else { return };
        tracing::info!(connector = name, "Stopping connector {name}");
        if !running.stop(&self.settings.env, CONNECTOR_STOP_LIMIT).await {
            tracing::error!(connector = name, "the connector did not stop in time and was given up");
        }
    }

    /// Starts one of a connector's `count` tasks. What cannot be made (an unknown converter, a wrong setting) makes it FAILED.
    ///
    /// # Errors
    /// When a task of that id runs here already.
    pub fn start_task(
        &self,
        id: &TaskId,
        connector_config: &RawConfig,
        task_config: RawConfig,
        count: usize,
        target: TargetState,
    ) -> Result<()> {
        let mut tasks = self.tasks.lock();
        if tasks.contains_key(id) {
            return Err(Error::connect(format!("Task already exists in this worker: {id}")));
        }
        tracing::info!(task = %id, "Creating task {id}");
        let settings = self.settings.clone();
        let plugin = self.connector_plugin(connector_config);
        let version = plugin.as_ref().map(ConnectorPlugin::version).unwrap_or_default().to_owned();
        let reporter = Reporter::new(id.clone(), version, settings.listener.clone());
        let (env, own_id, connector_config) = (settings.env.clone(), id.clone(), connector_config.clone());
        let resets = self.topic_resets.clone();
        // Made by the run itself: what constructors of plug-ins do, panic or block, concerns their task alone.
        let make = move || {
            let plugin = plugin?;
            let read = assemble::read_config(&plugin, &connector_config, &settings)?;
            read.tasks_max().check(&own_id.connector, count)?;
            Blueprint::new(&settings, own_id, plugin, read, task_config, resets)
        };
        let task = Supervised::start(&env, reporter, signal(target), |run| assemble::body(env.clone(), make, run));
        tasks.insert(id.clone(), task);
        Ok(())
    }

    /// Stops tasks, all within `task.shutdown.graceful.timeout.ms`; gives up those that do not stop in time.
    pub async fn stop_tasks(&self, ids: &[TaskId]) {
        let stopping: Vec<Supervised> = {
            let mut tasks = self.tasks.lock();
            ids.iter().filter_map(|id| tasks.remove(id)).collect()
        };
        for task in &stopping {
            tracing::info!(task = %task.id(), "Stopping task {}", task.id());
            task.begin_stop();
        }
        let env = &self.settings.env;
        let deadline = env.clock().now() + self.settings.config.task_shutdown_graceful_timeout;
        for task in stopping {
            task.finish_stop(env, deadline, &self.abandoned).await;
        }
    }

    /// The tasks that run here.
    pub fn tasks(&self) -> Vec<TaskId> {
        self.tasks.lock().keys().cloned().collect()
    }

    /// What the transforms of a task have kept from going on since it was started; also once it has failed, until it is
    /// stopped.
    pub fn dropped_records(&self, id: &TaskId) -> Vec<DroppedRecords> {
        self.tasks.lock().get(id).map(Supervised::dropped).unwrap_or_default()
    }

    /// Stops everything: connectors first, then tasks.
    pub async fn stop(&self) {
        let names: Vec<Arc<str>> = self.connectors.lock().keys().cloned().collect();
        futures_util::future::join_all(names.iter().map(|name| self.stop_connector(name))).await;
        let ids = self.tasks();
        self.stop_tasks(&ids).await;
    }
}
