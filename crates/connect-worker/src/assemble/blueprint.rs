//! What a task is made from. Everything that can be wrong with its configuration is found here, before it starts.

use std::sync::Arc;

use connect_api::plugin::{ConnectorPlugin, Registry, SinkPlugin, SourcePlugin};
use connect_api::{Error, Result, Role};
use connect_config::clients::ClientOwner;
use connect_config::connector::{ConnectorKind, Tolerance as ConfiguredTolerance, TopicCreationRules, TransformStage};
use connect_config::converter::ConverterUse;
use connect_config::{ConnectorConfig, ConverterChoice};
use kafka_config::{ConfigError, RawConfig};

use crate::errors::{ConverterFacts, LogReporter, Tolerance, ToleranceType};
use crate::record::{Chain, Condition, Converters, Link};
use crate::supervise::Run;
use crate::worker::WorkerSettings;
use crate::{TaskId, TasksMax, TopicResets, TopicTracking};

/// The kind of task.
#[derive(Clone)]
pub(crate) enum Half {
    Source(Arc<dyn SourcePlugin>),
    Sink(Arc<dyn SinkPlugin>),
}

/// Everything a task is made from.
pub(crate) struct Blueprint {
    pub(crate) settings: WorkerSettings,
    pub(crate) id: TaskId,
    pub(crate) half: Half,
    pub(crate) connector: ConnectorConfig,
    pub(crate) task_config: RawConfig,
    pub(crate) converters: Converters,
    /// What hints about records that cannot be read must know of the converters: of keys, of values.
    pub(crate) facts: [ConverterFacts; 2],
    pub(crate) chain: Chain,
    /// How a source's topics are created; `None`: not by the task.
    pub(crate) topic_rules: Option<TopicCreationRules>,
    topic_resets: TopicResets,
}

impl Blueprint {
    /// Makes converters and transforms.
    ///
    /// # Errors
    /// The first thing wrong.
    pub(crate) fn new(
        settings: &WorkerSettings,
        id: TaskId,
        plugin: ConnectorPlugin,
        read: ReadConfig,
        task_config: RawConfig,
        topic_resets: TopicResets,
    ) -> Result<Self> {
        let ReadConfig { connector, topic_rules } = read;
        let half = match plugin {
            ConnectorPlugin::Source(plugin) => Half::Source(plugin),
            ConnectorPlugin::Sink(plugin) => Half::Sink(plugin),
        };
        let registry = &settings.registry;
        let choose = |what| connector.converter(what).unwrap_or_else(|| settings.config.converter(what).clone());
        let facts = [ConverterUse::Key, ConverterUse::Value].map(|what| facts_of(choose(what)));
        let converters = converters(registry, choose)?;
        let stages = connector.transforms().map_err(config_error)?;
        let now = settings.env.clock().unix_millis();
        let chain = Chain::new(stages.into_iter().map(|stage| link(registry, stage, now)).collect::<Result<_>>()?);
        Ok(Self {
            settings: settings.clone(),
            id,
            half,
            connector,
            task_config,
            converters,
            facts,
            chain,
            topic_rules,
            topic_resets,
        })
    }

    /// Whose Kafka clients the task's are.
    pub(crate) fn clients(&self) -> ClientOwner<'_> {
        ClientOwner {
            worker: &self.settings.config,
            cluster_id: None,
            connector: &self.id.connector,
            config: self.connector.originals(),
        }
    }

    /// `None`: the worker tracks no topics.
    pub(crate) fn topic_tracking(&self, run: &Run) -> Option<TopicTracking> {
        let tracks = self.settings.config.topic_tracking_enable;
        tracks.then(|| TopicTracking::new(run.reporter.clone(), self.topic_resets.clone()))
    }

    pub(crate) fn tolerance(&self) -> Tolerance {
        let errors = &self.connector.errors;
        Tolerance {
            tolerance: match errors.tolerance {
                ConfiguredTolerance::None => ToleranceType::None,
                ConfiguredTolerance::All => ToleranceType::All,
            },
            retry_timeout: errors.retry_timeout,
            retry_delay_max: errors.retry_delay_max,
        }
    }

    pub(crate) fn log_reporter(&self) -> Option<LogReporter> {
        let errors = &self.connector.errors;
        errors.log_enable.then(|| LogReporter { task: self.id.clone(), include_messages: errors.log_include_messages })
    }
}

/// A connector's configuration, read.
pub(crate) struct ReadConfig {
    pub(crate) connector: ConnectorConfig,
    /// How a source's topics are created; `None`: not by its tasks.
    pub(crate) topic_rules: Option<TopicCreationRules>,
}

impl ReadConfig {
    /// How many tasks the connector may have.
    pub(crate) fn tasks_max(&self) -> TasksMax {
        let limit = usize::try_from(self.connector.tasks_max).unwrap_or_default();
        TasksMax { limit, enforce: self.connector.tasks_max_enforce }
    }
}

/// A connector's configuration as the start of the connector and of each task reads it.
///
/// # Errors
/// The first thing wrong.
pub(crate) fn read_config(plugin: &ConnectorPlugin, raw: &RawConfig, settings: &WorkerSettings) -> Result<ReadConfig> {
    let kind = match plugin {
        ConnectorPlugin::Source(_) => ConnectorKind::Source,
        ConnectorPlugin::Sink(_) => ConnectorKind::Sink,
    };
    let connector = ConnectorConfig::parse(kind, raw, &settings.plugins).map_err(config_error)?;
    let creates = kind == ConnectorKind::Source && settings.config.topic_creation_enable;
    let topic_rules = if creates { TopicCreationRules::read(raw).map_err(config_error)? } else { None };
    Ok(ReadConfig { connector, topic_rules })
}

/// A wrong configuration, as a task's start reports it.
pub(crate) fn config_error(error: ConfigError) -> Error {
    Error::config(error.to_string())
}

fn facts_of(converter: ConverterChoice) -> ConverterFacts {
    let schemas = !converter.config.get("schemas.enable").is_some_and(|text| text.trim().eq_ignore_ascii_case("false"));
    ConverterFacts { class: converter.class, schemas }
}

fn converters(registry: &Registry, choose: impl Fn(ConverterUse) -> ConverterChoice) -> Result<Converters> {
    let (key, value, header) = (choose(ConverterUse::Key), choose(ConverterUse::Value), choose(ConverterUse::Header));
    Ok(Converters {
        key: registry.converters.find(&key.class)?.converter(&key.config, Role::Key)?,
        value: registry.converters.find(&value.class)?.converter(&value.config, Role::Value)?,
        header: registry.header_converters.find(&header.class)?.header_converter(&header.config)?,
        key_class: key.class,
        value_class: value.class,
        header_class: header.class,
    })
}

fn link(registry: &Registry, stage: TransformStage, now: i64) -> Result<Link> {
    let wrap = |error: Error| Error::connect(error.to_string()).caused_by(error);
    let transform = registry.transforms.find(&stage.class)?.transform_at(&stage.config, now).map_err(wrap)?;
    let condition = match stage.predicate {
        None => None,
        Some(predicate) => Some(Condition {
            predicate: registry.predicates.find(&predicate.class)?.predicate(&predicate.config).map_err(wrap)?,
            negate: stage.negate,
        }),
    };
    Ok(Link { alias: stage.alias, class: stage.class, transform, condition })
}
