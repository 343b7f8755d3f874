//! The registry as validation sees it.

use std::sync::Arc;

use connect_api::plugin::{Plugin, Registry, Shelf};
use connect_config::{PluginInfo, PluginKind, PluginLookup};
use kafka_config::ConfigDef;

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
                Some(info(plugin.class(), plugin.version(), plugin.config()))
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
                .map(|(class, plugin)| info(class, plugin.version(), plugin.config()))
                .collect(),
            PluginKind::Converter => list(&registry.converters),
            PluginKind::HeaderConverter => list(&registry.header_converters),
            PluginKind::Transformation => list(&registry.transforms),
            PluginKind::Predicate => list(&registry.predicates),
        }
    }
}
