//! What a standalone herder is: its parts, what it knows, and how it starts and stops.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};

use connect_api::plugin::ConnectorPlugin;
use connect_config::{Plugins, WorkerConfig};
use connect_storage::config::{ConfigStore, ConfiguredConnector, MemoryConfigStore};
use connect_storage::status::{MemoryStatusStore, State as Stored, Status, StatusStore};
use connect_worker::{StatusListener, TaskId, Worker};
use env::{Env, watch};
use kafka_config::RawConfig;
use kafka_config::provider::Providers;
use parking_lot::Mutex;

use super::questions::Questions;
use super::turns::{Turn, Turns};
use crate::HerderError;
use crate::events::{Event, Events, Inbox};
use crate::herder::{ConnectorInfo, InstanceStatus};
use crate::listener::Listener;
use crate::restarts::{Instance, Restarts};
use crate::variables::Variables;

pub(super) type Answer<T> = Result<T, HerderError>;

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
    pub(super) settings: StandaloneSettings,
    pub(super) worker: Worker,
    pub(super) configs: MemoryConfigStore,
    pub(crate) statuses: Arc<MemoryStatusStore>,
    pub(crate) restarts: Mutex<Restarts>,
    events: Events,
    pub(super) variables: Variables,
    /// By connector: the configuration, resolved, that its tasks were made for.
    pub(super) made_for: Mutex<BTreeMap<String, RawConfig>>,
    /// So that requests for one connector come one after the other.
    turns: Arc<Turns>,
    /// Connectors whose reconfiguration waits for its turn.
    pub(super) reconfiguring: Mutex<BTreeSet<String>>,
    pub(super) questions: Questions,
    pub(super) ready: watch::Sender<bool>,
}

impl StandaloneHerder {
    /// A herder without connectors. `worker` is made with the listener it is given.
    pub fn start(settings: StandaloneSettings, worker: impl FnOnce(Arc<dyn StatusListener>) -> Worker) -> Arc<Self> {
        let statuses = Arc::new(MemoryStatusStore::new());
        let (events, inbox) = Events::new();
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
            turns: Arc::default(),
            reconfiguring: Mutex::default(),
            questions: Questions::default(),
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
        self.events.tell(Event::Failed(instance));
    }

    pub(crate) fn stored_state(&self, instance: &Instance) -> Option<Stored> {
        let status = match instance.task {
            None => self.statuses.connector(&instance.connector),
            Some(task) => self.statuses.task(&instance.connector, task),
        };
        status.map(|status| status.state)
    }

    pub(crate) async fn turn(&self, name: &str) -> Turn {
        self.turns.clone().take(name).await
    }

    pub(crate) fn configured(&self, name: &str) -> Option<Arc<ConfiguredConnector>> {
        self.configs.snapshot().get(name).cloned()
    }

    pub(super) fn known(&self, name: &str) -> Answer<Arc<ConfiguredConnector>> {
        self.configured(name).ok_or_else(|| HerderError::NotFound(format!("Connector {name} not found")))
    }

    pub(crate) fn kind(&self, config: &RawConfig) -> &'static str {
        let class = config.get("connector.class").unwrap_or_default();
        self.worker.registry().connectors.find(class).map_or("unknown", |plugin| plugin.kind())
    }

    pub(super) fn plugin(&self, config: &RawConfig) -> Answer<ConnectorPlugin> {
        let class = config.get("connector.class").unwrap_or_default();
        Ok(self.worker.registry().connectors.find(class).cloned()?)
    }

    pub(super) fn info(&self, name: &str, known: &ConfiguredConnector) -> ConnectorInfo {
        ConnectorInfo {
            name: name.to_owned(),
            config: self.shown(&known.config, &known.config),
            tasks: (0..known.tasks.len() as u32).map(|task| TaskId::new(name, task)).collect(),
            kind: self.kind(&known.config),
        }
    }

    pub(super) fn status(&self, connector: &str, task: Option<u32>, status: Status) -> InstanceStatus {
        InstanceStatus {
            own: self.own_status(connector, task),
            state: status.state.name(),
            worker_id: status.worker_id,
            trace: status.trace,
            version: status.version,
        }
    }
}

async fn follow_events(herder: Weak<StandaloneHerder>, mut inbox: Inbox) {
    while let Some(event) = inbox.next().await {
        let Some(herder) = herder.upgrade() else { return };
        match event {
            Event::Reconfigure(name) => herder.reconfigure(name),
            Event::Failed(instance) => herder.has_failed(instance),
        }
    }
}
