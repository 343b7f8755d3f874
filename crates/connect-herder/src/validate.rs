//! Checks a connector's configuration before it is taken (Apache: `AbstractHerder.validateConnectorConfig`).

use connect_api::Error;
use connect_api::plugin::{ConnectorPlugin, Registry};
use connect_config::connector::preflight;
use connect_config::{ConnectorKind, Plugins, WorkerConfig};
use kafka_config::{ConfigValue, RawConfig};

use crate::HerderError;

/// Refuses a configuration with mistakes; gives the warnings of one without.
pub(crate) fn check(
    config: &RawConfig,
    registry: &Registry,
    plugins: &Plugins,
    worker: &WorkerConfig,
) -> Result<Vec<String>, HerderError> {
    let plugin = connector(config, registry)?;
    let kind = match plugin {
        ConnectorPlugin::Source(_) => ConnectorKind::Source,
        ConnectorPlugin::Sink(_) => ConnectorKind::Sink,
    };
    let found = preflight(kind, config, plugins, worker).map_err(|error| Error::config(error.to_string()))?;
    let mut values = found.values;
    // A key of the connector takes the place of a framework key of the same name.
    let own = plugin.config().validate_all(config);
    values.retain(|value| !own.iter().any(|other| other.name == value.name));
    values.extend(own);
    values.extend(converter_values(config, plugins, &values));
    let mistakes: Vec<&str> = values.iter().flat_map(|value| value.errors.iter().map(String::as_str)).collect();
    if mistakes.is_empty() { Ok(found.warnings) } else { Err(refusal(&mistakes)) }
}

fn refusal(mistakes: &[&str]) -> HerderError {
    HerderError::BadRequest(format!(
        "Connector configuration is invalid and contains the following {} error(s):\n{}\n\
         You can also find the above list of errors at the endpoint \
         `/connector-plugins/{{connectorType}}/config/validate`",
        mistakes.len(),
        mistakes.join("\n")
    ))
}

fn connector<'a>(config: &RawConfig, registry: &'a Registry) -> Result<&'a ConnectorPlugin, HerderError> {
    let Some(class) = config.get("connector.class") else {
        let text = format!("Connector config {} contains no connector type", config.java_text());
        return Err(HerderError::BadRequest(text));
    };
    registry.connectors.find(class).map_err(|_| {
        match registry.connectors.closest(class).as_slice() {
            [] => tracing::warn!("connector.class={class} is not known; GET /connector-plugins lists what is"),
            closest => tracing::warn!("connector.class={class} is not known; did you mean {}?", closest.join(" or ")),
        }
        let known: Vec<String> = registry.connectors.iter().map(|(_, plugin)| described(plugin)).collect();
        HerderError::BadRequest(format!(
            "Failed to find any class that implements Connector and which name matches {class}, available connectors \
             are: {}",
            known.join(", ")
        ))
    })
}

fn described(plugin: &ConnectorPlugin) -> String {
    let (class, version, kind) = (plugin.class(), plugin.version(), plugin.kind());
    format!(
        "PluginDesc{{klass=class {class}, name='{class}', version='{version}', encodedVersion={version}, type={kind}, typeName='{kind}', location='classpath'}}"
    )
}

/// What is wrong with the keys of converters that the connector chooses itself.
fn converter_values(config: &RawConfig, plugins: &Plugins, values: &[ConfigValue]) -> Vec<ConfigValue> {
    use connect_config::{PluginKind, converter::ConverterUse};
    let mut found = Vec::new();
    for (what, kind) in [
        (ConverterUse::Header, PluginKind::HeaderConverter),
        (ConverterUse::Key, PluginKind::Converter),
        (ConverterUse::Value, PluginKind::Converter),
    ] {
        let key = what.class_key();
        let sound = values.iter().all(|value| value.name != key || value.errors.is_empty());
        let Some(plugin) = config.get(key).filter(|_| sound).and_then(|class| plugins.find(kind, class)) else {
            continue;
        };
        let mut own = config.with_prefix(&format!("{key}."));
        own.insert_default("converter.type", what.type_name());
        found.extend(plugin.definition.validate_all(&own).into_iter().map(|mut value| {
            value.name = format!("{key}.{}", value.name);
            value
        }));
    }
    found
}
