//! Connector plug-ins whose tasks are found by the connector's name, and the registry with everything in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use connect_api::plugin::{ConnectorPlugin, Plugin, Registry, SinkPlugin, SourcePlugin};
use connect_api::sink::{
    AlteredOffsets, Offsets, SinkConnector, SinkConnectorContext, SinkTask, SinkTaskContext, TopicPartition,
};
use connect_api::source::{
    ConnectorRuntime, SourceConnector, SourceConnectorContext, SourceHalves, SourceTask, SourceTaskContext,
};
use connect_api::{Error, Record, Result, SourceOffset, SourcePartition};
use connect_config::{PluginInfo, PluginKind, PluginLookup};
use connect_converters::{ByteArrayConverterPlugin, SimpleHeaderConverterPlugin, StringConverterPlugin};
use kafka_config::{ConfigDef, RawConfig};
use parking_lot::Mutex;

use super::Gate;
use super::stages::{ChangePlugin, RefusingPlugin};

pub(crate) type MakeSource = Arc<dyn Fn() -> Box<dyn SourceTask> + Send + Sync>;
pub(crate) type MakeSink = Arc<dyn Fn() -> Box<dyn SinkTask> + Send + Sync>;

/// What connectors (not tasks) do, by connector name.
#[derive(Clone, Default)]
pub(crate) struct ConnectorScript {
    pub(crate) fail_start: Option<Error>,
    pub(crate) panic_at_start: bool,
    pub(crate) block_start: Option<Gate>,
    /// What it says when its offsets are to be changed; `Ok(false)` when nothing is scripted.
    pub(crate) alter: Option<Arc<dyn Fn() -> Result<bool> + Send + Sync>>,
}

/// Everything a test registers.
#[derive(Clone, Default)]
pub(crate) struct Registered {
    pub(crate) sources: Arc<Mutex<BTreeMap<String, MakeSource>>>,
    pub(crate) sinks: Arc<Mutex<BTreeMap<String, MakeSink>>>,
    pub(crate) connectors: Arc<Mutex<BTreeMap<String, ConnectorScript>>>,
    pub(crate) runtimes: Arc<Mutex<BTreeMap<String, Arc<dyn ConnectorRuntime>>>>,
    pub(crate) calls: Arc<Mutex<Vec<String>>>,
    pub(crate) changes: ChangePlugin,
    pub(crate) refusals: RefusingPlugin,
}

impl Registered {
    pub(crate) fn registry(&self) -> Registry {
        let mut registry = Registry::new();
        registry.add_source(TestSource(self.clone()));
        registry.add_sink(TestSink(self.clone()));
        registry.add_converter(StringConverterPlugin);
        registry.add_converter(ByteArrayConverterPlugin);
        registry.add_header_converter(SimpleHeaderConverterPlugin);
        registry.add_transform(self.changes.clone());
        registry.add_converter(self.refusals.clone());
        registry
    }

    fn alter(&self, config: &RawConfig) -> Result<bool> {
        let script = self.connectors.lock().get(config.get("name").unwrap_or_default()).cloned();
        script.and_then(|script| script.alter).map_or(Ok(false), |alter| alter())
    }

    async fn start(&self, name: &str, runtime: Arc<dyn ConnectorRuntime>) -> Result<()> {
        self.calls.lock().push(format!("{name} start"));
        self.runtimes.lock().insert(name.to_owned(), runtime);
        let script = self.connectors.lock().get(name).cloned().unwrap_or_default();
        if let Some(gate) = script.block_start {
            gate.block();
        }
        assert!(!script.panic_at_start, "connector start panicked");
        script.fail_start.map_or(Ok(()), Err)
    }
}

struct TestSource(Registered);

impl Plugin for TestSource {
    fn class(&self) -> &'static str {
        "test.TestSourceConnector"
    }

    fn version(&self) -> &'static str {
        "1.2.3"
    }

    fn config(&self) -> ConfigDef {
        ConfigDef::new()
    }
}

impl SourcePlugin for TestSource {
    fn connector(&self) -> Box<dyn SourceConnector> {
        Box::new(TestConnector { registered: self.0.clone(), name: "".into() })
    }

    fn task(&self) -> Box<dyn SourceTask> {
        Box::new(SourceByName(self.0.sources.clone()))
    }

    fn task_class(&self) -> &'static str {
        "test.TestSourceTask"
    }

    fn alter_offsets(
        &self,
        config: &RawConfig,
        _offsets: &[(Option<SourcePartition>, Option<SourceOffset>)],
    ) -> Result<bool> {
        self.0.alter(config)
    }
}

struct SourceByName(Arc<Mutex<BTreeMap<String, MakeSource>>>);

#[async_trait]
impl SourceTask for SourceByName {
    async fn start(self: Box<Self>, context: SourceTaskContext, config: RawConfig) -> Result<SourceHalves> {
        let make = self.0.lock().get(&*context.connector).cloned().expect("a source of that name");
        make().start(context, config).await
    }
}

struct TestSink(Registered);

impl Plugin for TestSink {
    fn class(&self) -> &'static str {
        "test.TestSinkConnector"
    }

    fn version(&self) -> &'static str {
        "1.2.3"
    }

    fn config(&self) -> ConfigDef {
        ConfigDef::new()
    }
}

impl SinkPlugin for TestSink {
    fn connector(&self) -> Box<dyn SinkConnector> {
        Box::new(TestConnector { registered: self.0.clone(), name: "".into() })
    }

    fn task(&self) -> Box<dyn SinkTask> {
        Box::new(SinkByName { sinks: self.0.sinks.clone(), task: None })
    }

    fn task_class(&self) -> &'static str {
        "test.TestSinkTask"
    }

    fn alter_offsets(&self, config: &RawConfig, _offsets: &AlteredOffsets) -> Result<bool> {
        self.0.alter(config)
    }
}

struct SinkByName {
    sinks: Arc<Mutex<BTreeMap<String, MakeSink>>>,
    task: Option<Box<dyn SinkTask>>,
}

impl SinkByName {
    fn task(&mut self) -> &mut dyn SinkTask {
        &mut **self.task.as_mut().expect("started")
    }
}

#[async_trait]
impl SinkTask for SinkByName {
    async fn start(&mut self, context: SinkTaskContext, config: RawConfig) -> Result<()> {
        let make = self.sinks.lock().get(&*context.connector).cloned().expect("a sink of that name");
        self.task = Some(make());
        self.task().start(context, config).await
    }

    async fn open(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.task().open(partitions).await
    }

    async fn close(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.task().close(partitions).await
    }

    async fn put(&mut self, records: &[Record]) -> Result<()> {
        self.task().put(records).await
    }

    async fn pre_commit(&mut self, offsets: &Offsets) -> Result<Offsets> {
        self.task().pre_commit(offsets).await
    }

    async fn stop(&mut self) -> Result<()> {
        self.task().stop().await
    }
}

struct TestConnector {
    registered: Registered,
    name: Arc<str>,
}

#[async_trait]
impl SourceConnector for TestConnector {
    async fn start(&mut self, context: SourceConnectorContext, _config: RawConfig) -> Result<()> {
        self.name = context.name.clone();
        self.registered.start(&context.name, context.runtime).await
    }

    async fn task_configs(&mut self, max_tasks: usize) -> Result<Vec<RawConfig>> {
        Ok(vec![RawConfig::from([("of", self.name.to_string())]); max_tasks])
    }

    async fn stop(&mut self) -> Result<()> {
        self.registered.calls.lock().push(format!("{} stop", self.name));
        Ok(())
    }
}

#[async_trait]
impl SinkConnector for TestConnector {
    async fn start(&mut self, context: SinkConnectorContext, _config: RawConfig) -> Result<()> {
        self.name = context.name.clone();
        self.registered.start(&context.name, context.runtime).await
    }

    async fn task_configs(&mut self, max_tasks: usize) -> Result<Vec<RawConfig>> {
        Ok(vec![RawConfig::from([("of", self.name.to_string())]); max_tasks])
    }

    async fn stop(&mut self) -> Result<()> {
        self.registered.calls.lock().push(format!("{} stop", self.name));
        Ok(())
    }
}

/// The registry as validation sees it.
pub(crate) struct Lookup(pub Arc<Registry>);

fn info<P: Plugin + ?Sized>(plugin: &P) -> PluginInfo {
    PluginInfo { class: plugin.class().into(), version: plugin.version().into(), definition: plugin.config() }
}

impl PluginLookup for Lookup {
    fn find(&self, kind: PluginKind, name: &str) -> Option<PluginInfo> {
        let registry = &self.0;
        match kind {
            PluginKind::Connector => match registry.connectors.find(name).ok()? {
                ConnectorPlugin::Source(plugin) => Some(info(&**plugin)),
                ConnectorPlugin::Sink(plugin) => Some(info(&**plugin)),
            },
            PluginKind::Converter => registry.converters.find(name).ok().map(|plugin| info(&**plugin)),
            PluginKind::HeaderConverter => registry.header_converters.find(name).ok().map(|plugin| info(&**plugin)),
            PluginKind::Transformation => registry.transforms.find(name).ok().map(|plugin| info(&**plugin)),
            PluginKind::Predicate => registry.predicates.find(name).ok().map(|plugin| info(&**plugin)),
        }
    }

    fn list(&self, _kind: PluginKind) -> Vec<PluginInfo> {
        Vec::new()
    }
}
