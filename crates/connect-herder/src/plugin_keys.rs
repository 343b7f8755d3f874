//! The keys of a plug-in, as a form needs them (Apache: `AbstractHerder.connectorPluginConfig`).

use connect_api::plugin::Registry;
use connect_config::connector::definition_for_class;
use connect_config::plugin_lookup::check_version;
use connect_config::{ConnectorKind, PluginKind, Plugins};
use kafka_config::ConfigKey;

use crate::HerderError;

/// Java's plug-ins that have keys nobody can ask for, with what their aliases leave out.
const WITHOUT_KEYS: [(&str, &[&str]); 2] = [
    (
        "ConfigProvider",
        &[
            "org.apache.kafka.common.config.provider.DirectoryConfigProvider",
            "org.apache.kafka.common.config.provider.EnvVarConfigProvider",
            "org.apache.kafka.common.config.provider.FileConfigProvider",
        ],
    ),
    (
        "ConnectorClientConfigOverridePolicy",
        &[
            "org.apache.kafka.connect.connector.policy.AllConnectorClientConfigOverridePolicy",
            "org.apache.kafka.connect.connector.policy.AllowlistConnectorClientConfigOverridePolicy",
            "org.apache.kafka.connect.connector.policy.NoneConnectorClientConfigOverridePolicy",
            "org.apache.kafka.connect.connector.policy.PrincipalConnectorClientConfigOverridePolicy",
        ],
    ),
];

/// The plug-in's own keys in the order of their definition, then for a connector those of the framework that it does
/// not define itself.
///
/// # Errors
/// Nobody knows the plug-in, it has no keys to show, or not that version.
pub(crate) fn plugin_keys(
    name: &str,
    version: Option<&str>,
    registry: &Registry,
    plugins: &Plugins,
) -> Result<Vec<ConfigKey>, HerderError> {
    let found = PluginKind::ALL.into_iter().find_map(|kind| Some((kind, plugins.find(kind, name)?)));
    let Some((kind, plugin)) = found else { return Err(not_shown(name)) };
    check_version(&plugin, name, version).map_err(|error| HerderError::BadRequest(error.to_string()))?;
    if kind != PluginKind::Connector {
        return Ok(plugin.definition.keys().cloned().collect());
    }
    let connector = registry.connectors.find(&plugin.class)?;
    let own = connector.config();
    let mut keys: Vec<ConfigKey> = own.keys().cloned().collect();
    let kind = if connector.kind() == "sink" { ConnectorKind::Sink } else { ConnectorKind::Source };
    let framework = definition_for_class(kind, plugins, &plugin.class);
    keys.extend(framework.keys().filter(|key| own.get(&key.name).is_none()).cloned());
    Ok(keys)
}

fn not_shown(name: &str) -> HerderError {
    let is_known = WITHOUT_KEYS.iter().any(|(suffix, classes)| {
        classes.iter().any(|class| {
            let simple = class.rsplit('.').next().unwrap_or(class);
            name == *class || name == simple || simple.strip_suffix(suffix) == Some(name)
        })
    });
    if is_known {
        return HerderError::BadRequest(format!(
            "Invalid plugin class {name}. Valid types are sink, source, converter, header_converter, transformation, \
             predicate."
        ));
    }
    HerderError::NotFound(format!("Unknown plugin {name}."))
}
