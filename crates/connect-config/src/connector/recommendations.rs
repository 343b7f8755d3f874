//! Recommended values out of the installed plug-ins.

use kafka_config::{ConfigError, ParsedValues, Recommender, Value};

use crate::plugin_lookup::{PluginKind, Plugins};

/// All classes of a kind.
pub(super) struct ClassesOf {
    pub(super) plugins: Option<Plugins>,
    pub(super) kind: PluginKind,
}

impl Recommender for ClassesOf {
    fn valid_values(&self, _name: &str, _parsed: &ParsedValues) -> Result<Vec<Value>, ConfigError> {
        let all = self.plugins.as_ref().map(|plugins| plugins.list(self.kind)).unwrap_or_default();
        Ok(all.into_iter().map(|plugin| Value::Class(plugin.class)).collect())
    }
}

/// When a version key is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Visible {
    Always,
    /// With the key that names the class.
    WithClass,
}

/// The versions of the class that another key names.
pub(super) struct VersionsOf {
    pub(super) plugins: Option<Plugins>,
    pub(super) kind: PluginKind,
    pub(super) class_key: String,
    pub(super) visible: Visible,
}

impl Recommender for VersionsOf {
    fn valid_values(&self, _name: &str, parsed: &ParsedValues) -> Result<Vec<Value>, ConfigError> {
        let Some(Some(class)) = parsed.get(&self.class_key) else { return Ok(Vec::new()) };
        let plugin =
            self.plugins.as_ref().zip(class.as_text()).and_then(|(plugins, class)| plugins.find(self.kind, class));
        Ok(plugin.map(|plugin| Value::String(plugin.version)).into_iter().collect())
    }

    fn visible(&self, _name: &str, parsed: &ParsedValues) -> bool {
        self.visible == Visible::Always || matches!(parsed.get(&self.class_key), Some(Some(_)))
    }
}
