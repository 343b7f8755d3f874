//! A worker with everything around it.

use std::sync::Arc;

use connect_api::SourcePartition;
use connect_api::sink::SinkTask;
use connect_api::source::{OffsetReader, SourceTask};
use connect_config::WorkerConfig;
use connect_storage::config::TargetState;
use connect_storage::offsets::{MemoryOffsetStore, OffsetStore, StoredOffsets};
use connect_worker::probe::Probes;
use connect_worker::{Budget, TaskId, Worker, WorkerSettings};
use env::Env;
use kafka_config::RawConfig;

use super::plugins::{Lookup, Registered};
use super::statuses::Statuses;
use super::{
    Change, Cluster, ConsumerControl, Journal, ProducerControl, Refuse, SinkScript, SourceScript, TestClients,
    eventually, offset_of,
};

/// Settings of a [`World`] that differ from the usual ones.
pub(crate) struct WorldBuilder {
    env: Env,
    config: RawConfig,
    budget: usize,
    offsets: Option<Arc<dyn OffsetStore>>,
}

impl WorldBuilder {
    /// A key of the worker's configuration.
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.config.insert(key, value);
        self
    }

    /// Bytes that all tasks may have in flight.
    pub(crate) fn budget(mut self, bytes: usize) -> Self {
        self.budget = bytes;
        self
    }

    /// Another store of source offsets.
    pub(crate) fn offsets(mut self, store: Arc<dyn OffsetStore>) -> Self {
        self.offsets = Some(store);
        self
    }

    pub(crate) fn build(self) -> World {
        let (journal, cluster, registered) = (Journal::default(), Cluster::default(), Registered::default());
        let registry = Arc::new(registered.registry());
        let plugins = Arc::new(Lookup(registry.clone()));
        let clients = Arc::new(TestClients::new(self.env.clone(), cluster.clone(), journal.clone()));
        let statuses = Arc::new(Statuses::default());
        let offsets = self.offsets.unwrap_or_else(|| Arc::new(MemoryOffsetStore::new()));
        let budget = Budget::new(self.budget);
        let worker = Worker::new(WorkerSettings {
            env: self.env.clone(),
            registry,
            plugins: plugins.clone(),
            clients: clients.clone(),
            config: Arc::new(WorkerConfig::standalone(&self.config, &*plugins).unwrap()),
            offsets: offsets.clone(),
            listener: statuses.clone(),
            budget: budget.clone(),
            probes: Probes::default(),
        });
        World {
            env: self.env,
            worker: Arc::new(worker),
            cluster,
            clients,
            journal,
            statuses,
            offsets,
            budget,
            registered,
        }
    }
}

/// A worker, and the test's hands on everything around it.
pub(crate) struct World {
    pub(crate) env: Env,
    pub(crate) worker: Arc<Worker>,
    pub(crate) cluster: Cluster,
    pub(crate) clients: Arc<TestClients>,
    pub(crate) journal: Journal,
    pub(crate) statuses: Arc<Statuses>,
    pub(crate) offsets: Arc<dyn OffsetStore>,
    pub(crate) budget: Budget,
    pub(crate) registered: Registered,
}

impl World {
    /// A world that flushes offsets every second and gives up after 5.
    pub(crate) fn builder(env: &Env) -> WorldBuilder {
        let config = RawConfig::from([
            ("bootstrap.servers", "nowhere:1"),
            ("key.converter", "org.apache.kafka.connect.storage.StringConverter"),
            ("value.converter", "org.apache.kafka.connect.storage.StringConverter"),
            ("offset.storage.file.filename", "unused"),
            ("offset.flush.interval.ms", "1000"),
        ]);
        WorldBuilder { env: env.clone(), config, budget: 64 << 20, offsets: None }
    }

    pub(crate) fn new(env: &Env) -> Self {
        Self::builder(env).build()
    }

    /// A source of that name, scripted.
    pub(crate) fn source(&self, name: &str) -> SourceScript {
        let script = SourceScript::default();
        let made = script.clone();
        self.source_task(name, move || made.task());
        script
    }

    /// A source of that name, with tasks of the test's own.
    pub(crate) fn source_task(&self, name: &str, make: impl Fn() -> Box<dyn SourceTask> + Send + Sync + 'static) {
        self.registered.sources.lock().insert(name.to_owned(), Arc::new(make));
    }

    /// A sink of that name, scripted.
    pub(crate) fn sink(&self, name: &str) -> SinkScript {
        let script = SinkScript::new(self.journal.clone());
        let made = script.clone();
        self.sink_task(name, move || made.task());
        script
    }

    /// A sink of that name, with tasks of the test's own.
    pub(crate) fn sink_task(&self, name: &str, make: impl Fn() -> Box<dyn SinkTask> + Send + Sync + 'static) {
        self.registered.sinks.lock().insert(name.to_owned(), Arc::new(make));
    }

    /// What `script=name` means for `test.Change`.
    pub(crate) fn change(&self, name: &str, change: Change) {
        self.registered.changes.0.lock().insert(name.to_owned(), change);
    }

    /// What `script=name` means for `test.Refusing`.
    pub(crate) fn refuse(&self, name: &str, refuse: Refuse) {
        self.registered.refusals.0.lock().insert(name.to_owned(), refuse);
    }

    pub(crate) fn source_config(&self, name: &str, more: &[(&str, &str)]) -> RawConfig {
        config(name, "test.TestSourceConnector", more)
    }

    pub(crate) fn sink_config(&self, name: &str, more: &[(&str, &str)]) -> RawConfig {
        let mut sink = config(name, "test.TestSinkConnector", &[("topics", "in")]);
        more.iter().for_each(|(key, value)| sink.insert(*key, *value));
        sink
    }

    pub(crate) fn start_source(&self, name: &str, more: &[(&str, &str)]) {
        self.start(name, &self.source_config(name, more), TargetState::Started);
    }

    pub(crate) fn start_sink(&self, name: &str, more: &[(&str, &str)]) {
        self.start(name, &self.sink_config(name, more), TargetState::Started);
    }

    /// Starts task 0 of a connector.
    pub(crate) fn start(&self, name: &str, config: &RawConfig, target: TargetState) {
        self.worker.start_task(&TaskId::new(name, 0), config, config.clone(), 1, target).unwrap();
    }

    /// Stops task 0 of a connector.
    pub(crate) async fn stop(&self, name: &str) {
        self.worker.stop_tasks(&[TaskId::new(name, 0)]).await;
    }

    /// Waits until the state told last of `id` is this.
    pub(crate) async fn reaches(&self, id: &str, state: &str) {
        let what = format!("{id} reaches {state}; told so far: {:?}", self.statuses.of(id));
        eventually(&self.env, &what, || self.statuses.last(id) == Some(state)).await;
    }

    pub(crate) async fn eventually(&self, what: &str, condition: impl FnMut() -> bool) {
        eventually(&self.env, what, condition).await;
    }

    /// The producers of a source's task 0.
    pub(crate) fn producer(&self, name: &str) -> ProducerControl {
        self.clients.producer_of(&format!("connector-producer-{name}-0"))
    }

    /// The producers of the dead letter queue of a sink's task 0.
    pub(crate) fn dead_letter_producer(&self, name: &str) -> ProducerControl {
        self.clients.producer_of(&format!("connector-dlq-producer-{name}-0"))
    }

    /// The consumers of a sink's task 0.
    pub(crate) fn consumer(&self, name: &str) -> ConsumerControl {
        self.clients.consumer_of(name, 0)
    }

    /// The stored offset of the usual source partition.
    pub(crate) async fn stored(&self, name: &str) -> Option<i64> {
        self.stored_of(name, "p").await
    }

    pub(crate) async fn stored_of(&self, name: &str, partition: &str) -> Option<i64> {
        let stored = StoredOffsets::new(name, self.offsets.clone());
        let offset = stored.offset(&SourcePartition::new([("p", partition)])).await.unwrap();
        offset.as_ref().map(offset_of)
    }

    /// Waits until that offset is stored.
    pub(crate) async fn stores(&self, name: &str, offset: i64) {
        let deadline = self.env.clock().now() + std::time::Duration::from_secs(100);
        while self.stored(name).await != Some(offset) {
            assert!(self.env.clock().now() < deadline, "never stored: {offset}; is {:?}", self.stored(name).await);
            self.env.sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    /// What the group of a sink has committed for a partition of topic `in`.
    pub(crate) fn committed(&self, name: &str, partition: i32) -> Option<i64> {
        self.cluster.committed(&format!("connect-{name}"), "in", partition)
    }
}

fn config(name: &str, class: &str, more: &[(&str, &str)]) -> RawConfig {
    let mut config = RawConfig::from([("name", name), ("connector.class", class)]);
    more.iter().for_each(|(key, value)| config.insert(*key, *value));
    config
}
