//! How the runtime finds plug-ins: descriptions in a [`Registry`], filled from one visible list.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use kafka_config::{ConfigDef, RawConfig};

use crate::sink::{AlteredOffsets, SinkConnector, SinkTask};
use crate::source::{ExactlyOnceSupport, SourceConnector, SourceTask};
use crate::{
    Converter, Error, HeaderConverter, Kind, Predicate, Result, Role, SourceOffset, SourcePartition, Transform,
};

/// What all plug-ins say of themselves.
pub trait Plugin: Send + Sync {
    /// The Java class name under which configurations name it, e.g. `org.apache.kafka.connect.file.FileStreamSinkConnector`.
    fn class(&self) -> &'static str;
    /// Its version.
    fn version(&self) -> &'static str;
    /// Its configuration keys.
    fn config(&self) -> ConfigDef;
}

/// A kind of source connector.
pub trait SourcePlugin: Plugin {
    /// A new connector.
    fn connector(&self) -> Box<dyn SourceConnector>;
    /// A new task.
    fn task(&self) -> Box<dyn SourceTask>;
    /// The Java class name of its tasks (`task.class`).
    fn task_class(&self) -> &'static str;
    /// Whether it supports exactly-once delivery with this configuration; `None`: it does not say.
    fn exactly_once_support(&self, _config: &RawConfig) -> Option<ExactlyOnceSupport> {
        None
    }
    /// Whether it can define transaction boundaries with this configuration.
    fn can_define_transaction_boundaries(&self, _config: &RawConfig) -> bool {
        false
    }
    /// Checks offsets somebody wants to store (`None` removes); `Ok(false)`: the connector may keep offsets elsewhere,
    /// which stay as they are (`SourceConnector.alterOffsets`, KIP-875). Numbers are int64 or float64, as in stored
    /// offsets. Called while no task runs; may block.
    ///
    /// # Errors
    /// When an offset cannot be used, or [`Kind::Unsupported`] when offsets must not be changed from outside.
    fn alter_offsets(
        &self,
        _config: &RawConfig,
        _offsets: &[(Option<SourcePartition>, Option<SourceOffset>)],
    ) -> Result<bool> {
        Ok(false)
    }
}

/// A kind of sink connector.
pub trait SinkPlugin: Plugin {
    /// A new connector.
    fn connector(&self) -> Box<dyn SinkConnector>;
    /// A new task.
    fn task(&self) -> Box<dyn SinkTask>;
    /// The Java class name of its tasks (`task.class`).
    fn task_class(&self) -> &'static str;
    /// Checks offsets somebody wants to commit (`None` removes); `Ok(false)`: the connector may keep offsets elsewhere,
    /// which stay as they are (`SinkConnector.alterOffsets`, KIP-875). Called while no task runs; may block.
    ///
    /// # Errors
    /// When an offset cannot be used, or [`Kind::Unsupported`] when offsets must not be changed from outside.
    fn alter_offsets(&self, _config: &RawConfig, _offsets: &AlteredOffsets) -> Result<bool> {
        Ok(false)
    }
}

/// A kind of converter.
pub trait ConverterPlugin: Plugin {
    /// A new converter; `config` has the prefix removed.
    ///
    /// # Errors
    /// When the configuration is wrong.
    fn converter(&self, config: &RawConfig, role: Role) -> Result<Box<dyn Converter>>;
}

/// A kind of header converter.
pub trait HeaderConverterPlugin: Plugin {
    /// A new header converter; `config` has the prefix removed.
    ///
    /// # Errors
    /// When the configuration is wrong.
    fn header_converter(&self, config: &RawConfig) -> Result<Box<dyn HeaderConverter>>;
}

/// A kind of transform.
pub trait TransformPlugin: Plugin {
    /// A new transform; `config` has the prefix removed.
    ///
    /// # Errors
    /// When the configuration is wrong.
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>>;

    /// The same for a transform that is made `now`, in milliseconds since 1970: what the runtime calls. Some
    /// configurations depend on it, such as those that read years of two digits; the others ignore it.
    ///
    /// # Errors
    /// When the configuration is wrong.
    fn transform_at(&self, config: &RawConfig, _now: i64) -> Result<Box<dyn Transform>> {
        self.transform(config)
    }
}

/// A kind of predicate.
pub trait PredicatePlugin: Plugin {
    /// A new predicate; `config` has the prefix removed.
    ///
    /// # Errors
    /// When the configuration is wrong.
    fn predicate(&self, config: &RawConfig) -> Result<Box<dyn Predicate>>;
}

/// A connector plug-in of either kind.
#[derive(Clone)]
pub enum ConnectorPlugin {
    /// A source.
    Source(Arc<dyn SourcePlugin>),
    /// A sink.
    Sink(Arc<dyn SinkPlugin>),
}

impl ConnectorPlugin {
    /// The Java class name.
    pub fn class(&self) -> &'static str {
        match self {
            ConnectorPlugin::Source(plugin) => plugin.class(),
            ConnectorPlugin::Sink(plugin) => plugin.class(),
        }
    }

    /// The version.
    pub fn version(&self) -> &'static str {
        match self {
            ConnectorPlugin::Source(plugin) => plugin.version(),
            ConnectorPlugin::Sink(plugin) => plugin.version(),
        }
    }

    /// The connector's own keys.
    pub fn config(&self) -> ConfigDef {
        match self {
            ConnectorPlugin::Source(plugin) => plugin.config(),
            ConnectorPlugin::Sink(plugin) => plugin.config(),
        }
    }

    /// `source` or `sink`, as REST says it.
    pub fn kind(&self) -> &'static str {
        match self {
            ConnectorPlugin::Source(_) => "source",
            ConnectorPlugin::Sink(_) => "sink",
        }
    }
}

/// A connector plug-in with the version it said when it was listed: everybody asks for that, and must not depend on code
/// that may fail. Parity: one that panics has the version `undefined` (Apache: `PluginScanner.versionFor`).
struct Listed<P> {
    plugin: P,
    version: &'static str,
}

impl<P: Plugin> Listed<P> {
    fn new(plugin: P) -> Self {
        let version = catch_unwind(AssertUnwindSafe(|| plugin.version())).unwrap_or("undefined");
        Self { plugin, version }
    }
}

impl<P: Plugin> Plugin for Listed<P> {
    fn class(&self) -> &'static str {
        self.plugin.class()
    }

    fn version(&self) -> &'static str {
        self.version
    }

    fn config(&self) -> ConfigDef {
        self.plugin.config()
    }
}

impl<P: SourcePlugin> SourcePlugin for Listed<P> {
    fn connector(&self) -> Box<dyn SourceConnector> {
        self.plugin.connector()
    }

    fn task(&self) -> Box<dyn SourceTask> {
        self.plugin.task()
    }

    fn task_class(&self) -> &'static str {
        self.plugin.task_class()
    }

    fn exactly_once_support(&self, config: &RawConfig) -> Option<ExactlyOnceSupport> {
        self.plugin.exactly_once_support(config)
    }

    fn can_define_transaction_boundaries(&self, config: &RawConfig) -> bool {
        self.plugin.can_define_transaction_boundaries(config)
    }

    fn alter_offsets(
        &self,
        config: &RawConfig,
        offsets: &[(Option<SourcePartition>, Option<SourceOffset>)],
    ) -> Result<bool> {
        self.plugin.alter_offsets(config, offsets)
    }
}

impl<P: SinkPlugin> SinkPlugin for Listed<P> {
    fn connector(&self) -> Box<dyn SinkConnector> {
        self.plugin.connector()
    }

    fn task(&self) -> Box<dyn SinkTask> {
        self.plugin.task()
    }

    fn task_class(&self) -> &'static str {
        self.plugin.task_class()
    }

    fn alter_offsets(&self, config: &RawConfig, offsets: &AlteredOffsets) -> Result<bool> {
        self.plugin.alter_offsets(config, offsets)
    }
}

/// Plug-ins of one kind, by class name and by the short names Java allows (`PluginUtils.computeAliases`).
pub struct Shelf<P> {
    kind: &'static str,
    suffixes: &'static [&'static str],
    plugins: BTreeMap<&'static str, P>,
}

impl<P: Clone> Shelf<P> {
    fn new(kind: &'static str, suffixes: &'static [&'static str]) -> Self {
        Self { kind, suffixes, plugins: BTreeMap::new() }
    }

    /// Adds a plug-in; one of the same class is replaced.
    fn add(&mut self, class: &'static str, plugin: P) {
        self.plugins.insert(class, plugin);
    }

    /// All plug-ins, by class name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'static str, &P)> {
        self.plugins.iter().map(|(class, plugin)| (*class, plugin))
    }

    /// Whether there is a plug-in of that full class name.
    pub fn contains(&self, class: &str) -> bool {
        self.plugins.contains_key(class)
    }

    /// The plug-in that `name` means: a full class name, a simple class name, or that without its suffix.
    ///
    /// # Errors
    /// [`Kind::NotFound`] with `name`; the text is made by the caller, which knows what Java says there.
    pub fn find(&self, name: &str) -> Result<&P> {
        if let Some(plugin) = self.plugins.get(name) {
            return Ok(plugin);
        }
        let mut found = self.plugins.iter().filter(|(class, _)| self.is_alias(class, name));
        match (found.next(), found.next()) {
            (Some((_, plugin)), None) => Ok(plugin),
            _ => Err(Error::new(Kind::NotFound, format!("no {} is called {name}", self.kind))),
        }
    }

    fn is_alias(&self, class: &str, name: &str) -> bool {
        let simple = class.rsplit(['.', '$']).next().unwrap_or(class);
        simple == name
            || self.suffixes.iter().any(|suffix| simple.strip_suffix(suffix).is_some_and(|short| short == name))
    }

    /// The class names that look most like `name`, best first, at most three: for a hint in the log.
    pub fn closest(&self, name: &str) -> Vec<&'static str> {
        let short = |text: &str| text.rsplit(['.', '$']).next().unwrap_or(text).to_ascii_lowercase();
        let wanted = short(name);
        let mut ranked: Vec<_> = self.plugins.keys().map(|class| (distance(&wanted, &short(class)), *class)).collect();
        ranked.sort_unstable();
        ranked.retain(|(distance, class)| *distance <= short(class).len() / 2);
        ranked.into_iter().take(3).map(|(_, class)| class).collect()
    }
}

/// Levenshtein's distance: how many characters are to be put in, taken out or replaced.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Every plug-in the worker knows.
pub struct Registry {
    /// Source and sink connectors.
    pub connectors: Shelf<ConnectorPlugin>,
    /// Converters.
    pub converters: Shelf<Arc<dyn ConverterPlugin>>,
    /// Header converters.
    pub header_converters: Shelf<Arc<dyn HeaderConverterPlugin>>,
    /// Transforms.
    pub transforms: Shelf<Arc<dyn TransformPlugin>>,
    /// Predicates.
    pub predicates: Shelf<Arc<dyn PredicatePlugin>>,
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self {
            connectors: Shelf::new("connector", &["Connector", "SourceConnector", "SinkConnector"]),
            converters: Shelf::new("converter", &["Converter"]),
            header_converters: Shelf::new("header converter", &["HeaderConverter", "Converter"]),
            transforms: Shelf::new("transformation", &["Transformation"]),
            predicates: Shelf::new("predicate", &["Predicate"]),
        }
    }

    /// Adds a source connector, which is asked for its version now and never again.
    pub fn add_source(&mut self, plugin: impl SourcePlugin + 'static) {
        self.connectors.add(plugin.class(), ConnectorPlugin::Source(Arc::new(Listed::new(plugin))));
    }

    /// Adds a sink connector, which is asked for its version now and never again.
    pub fn add_sink(&mut self, plugin: impl SinkPlugin + 'static) {
        self.connectors.add(plugin.class(), ConnectorPlugin::Sink(Arc::new(Listed::new(plugin))));
    }

    /// Adds a converter.
    pub fn add_converter(&mut self, plugin: impl ConverterPlugin + 'static) {
        self.converters.add(plugin.class(), Arc::new(plugin));
    }

    /// Adds a header converter.
    pub fn add_header_converter(&mut self, plugin: impl HeaderConverterPlugin + 'static) {
        self.header_converters.add(plugin.class(), Arc::new(plugin));
    }

    /// Adds a transform.
    pub fn add_transform(&mut self, plugin: impl TransformPlugin + 'static) {
        self.transforms.add(plugin.class(), Arc::new(plugin));
    }

    /// Adds a predicate.
    pub fn add_predicate(&mut self, plugin: impl PredicatePlugin + 'static) {
        self.predicates.add(plugin.class(), Arc::new(plugin));
    }
}
