//! What a task is made from. Everything that can be wrong with its configuration is found here, before it starts.

use std::sync::Arc;

use connect_api::plugin::{ConnectorPlugin, Registry, SinkPlugin, SourcePlugin};
use connect_api::{Error, Result, Role};
use connect_config::clients::ClientOwner;
use connect_config::connector::{ConnectorKind, Tolerance as ConfiguredTolerance, TransformStage};
use connect_config::converter::ConverterUse;
use connect_config::{ConnectorConfig, ConverterChoice, Plugins};
use kafka_config::{ConfigError, RawConfig};

use crate::TaskId;
use crate::errors::{LogReporter, Tolerance, ToleranceType};
use crate::record::{Chain, Condition, Converters, Link};
use crate::worker::WorkerSettings;

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
    /// The connector's configuration, for its client overrides.
    pub(crate) connector_raw: RawConfig,
    pub(crate) task_config: RawConfig,
    pub(crate) converters: Converters,
    pub(crate) chain: Chain,
}

impl Blueprint {
    /// Reads the configuration and makes converters and transforms.
    ///
    /// # Errors
    /// The first thing wrong.
    pub(crate) fn new(
        settings: &WorkerSettings,
        id: TaskId,
        plugin: ConnectorPlugin,
        connector_raw: &RawConfig,
        task_config: RawConfig,
    ) -> Result<Self> {
        let (kind, half) = match plugin {
            ConnectorPlugin::Source(plugin) => (ConnectorKind::Source, Half::Source(plugin)),
            ConnectorPlugin::Sink(plugin) => (ConnectorKind::Sink, Half::Sink(plugin)),
        };
        let connector = read_config(kind, connector_raw, &settings.plugins)?;
        let registry = &settings.registry;
        let choose = |what| connector.converter(what).unwrap_or_else(|| settings.config.converter(what).clone());
        let converters = converters(registry, choose)?;
        let stages = connector.transforms().map_err(config_error)?;
        let now = settings.env.clock().unix_millis();
        let chain = Chain::new(stages.into_iter().map(|stage| link(registry, stage, now)).collect::<Result<_>>()?);
        Ok(Self {
            settings: settings.clone(),
            id,
            half,
            connector,
            connector_raw: connector_raw.clone(),
            task_config,
            converters,
            chain,
        })
    }

    /// Whose Kafka clients the task's are.
    pub(crate) fn clients(&self) -> ClientOwner<'_> {
        ClientOwner {
            worker: &self.settings.config,
            cluster_id: None,
            connector: &self.id.connector,
            config: &self.connector_raw,
        }
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

fn read_config(kind: ConnectorKind, raw: &RawConfig, plugins: &Plugins) -> Result<ConnectorConfig> {
    ConnectorConfig::parse(kind, raw, plugins).map_err(config_error)
}

/// A wrong configuration, as a task's start reports it.
pub(crate) fn config_error(error: ConfigError) -> Error {
    Error::config(error.to_string())
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
    Ok(Link { class: stage.class, transform, condition })
}
