//! The registry as validation sees it, and beside it the Java plug-ins that cannot run here.

use std::sync::Arc;

use connect_api::plugin::{Plugin, Registry, Shelf};
use connect_config::{PluginInfo, PluginKind, PluginLookup, Settling, UnusablePlugin};
use kafka_config::ConfigDef;

use crate::java::{JavaKind, JavaPlugins};

/// Answers validation's questions about plug-ins from a [`Registry`].
pub struct RegistryLookup(pub Arc<Registry>);

fn info(class: &str, version: &str, definition: ConfigDef) -> PluginInfo {
    PluginInfo { class: class.to_owned(), version: version.to_owned(), definition }
}

fn find<P: Plugin + ?Sized>(shelf: &Shelf<Arc<P>>, name: &str) -> Option<PluginInfo> {
    let plugin = shelf.find(name).ok()?;
    Some(info(plugin.class(), plugin.version(), plugin.config()))
}

fn list<P: Plugin + ?Sized>(shelf: &Shelf<Arc<P>>) -> Vec<PluginInfo> {
    shelf.iter().map(|(class, plugin)| info(class, plugin.version(), plugin.config())).collect()
}

impl PluginLookup for RegistryLookup {
    fn find(&self, kind: PluginKind, name: &str) -> Option<PluginInfo> {
        let registry = &self.0;
        match kind {
            PluginKind::Connector => {
                let plugin = registry.connectors.find(name).ok()?;
                Some(info(plugin.class(), plugin.version(), ConfigDef::new()))
            }
            PluginKind::Converter => find(&registry.converters, name),
            PluginKind::HeaderConverter => find(&registry.header_converters, name),
            PluginKind::Transformation => find(&registry.transforms, name),
            PluginKind::Predicate => find(&registry.predicates, name),
        }
    }

    fn list(&self, kind: PluginKind) -> Vec<PluginInfo> {
        let registry = &self.0;
        match kind {
            PluginKind::Connector => registry
                .connectors
                .iter()
                .map(|(class, plugin)| info(class, plugin.version(), ConfigDef::new()))
                .collect(),
            PluginKind::Converter => list(&registry.converters),
            PluginKind::HeaderConverter => list(&registry.header_converters),
            PluginKind::Transformation => list(&registry.transforms),
            PluginKind::Predicate => list(&registry.predicates),
        }
    }
}

/// Answers validation's questions for a worker: what is built in, and of what is on its `plugin.path` that it is there.
pub struct WorkerPlugins {
    built_in: RegistryLookup,
    java: JavaPlugins,
}

impl WorkerPlugins {
    /// Those of a registry and of a `plugin.path`.
    pub fn new(registry: Arc<Registry>, java: JavaPlugins) -> Self {
        Self { built_in: RegistryLookup(registry), java }
    }
}

impl PluginLookup for WorkerPlugins {
    fn find(&self, kind: PluginKind, name: &str) -> Option<PluginInfo> {
        self.built_in.find(kind, name)
    }

    fn list(&self, kind: PluginKind) -> Vec<PluginInfo> {
        self.built_in.list(kind)
    }

    fn unusable(&self, kind: PluginKind, name: &str) -> Option<UnusablePlugin> {
        let plugin = self.java.find_listed(name, |found| is(kind, found))?;
        Some(UnusablePlugin {
            class: plugin.class.clone(),
            word: plugin.kind.word(),
            version: plugin.version.clone(),
            place: plugin.jar.display().to_string(),
        })
    }

    fn settled(&self) -> Option<Settling> {
        self.java.settled()
    }
}

/// Whether a Java class has a counterpart here, in the registry or elsewhere in Moldau.
pub fn is_built_in(registry: &Registry, class: &str) -> bool {
    const ELSEWHERE: [&str; 7] = [
        "org.apache.kafka.common.config.provider.DirectoryConfigProvider",
        "org.apache.kafka.common.config.provider.EnvVarConfigProvider",
        "org.apache.kafka.common.config.provider.FileConfigProvider",
        "org.apache.kafka.connect.connector.policy.AllConnectorClientConfigOverridePolicy",
        "org.apache.kafka.connect.connector.policy.AllowlistConnectorClientConfigOverridePolicy",
        "org.apache.kafka.connect.connector.policy.NoneConnectorClientConfigOverridePolicy",
        "org.apache.kafka.connect.connector.policy.PrincipalConnectorClientConfigOverridePolicy",
    ];
    ELSEWHERE.contains(&class)
        || registry.connectors.contains(class)
        || registry.converters.contains(class)
        || registry.header_converters.contains(class)
        || registry.transforms.contains(class)
        || registry.predicates.contains(class)
}

fn is(kind: PluginKind, found: JavaKind) -> bool {
    match kind {
        PluginKind::Connector => matches!(found, JavaKind::Source | JavaKind::Sink),
        PluginKind::Converter => found == JavaKind::Converter,
        PluginKind::HeaderConverter => found == JavaKind::HeaderConverter,
        PluginKind::Transformation => found == JavaKind::Transformation,
        PluginKind::Predicate => found == JavaKind::Predicate,
    }
}
