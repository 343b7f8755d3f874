//! Validates a connector's configuration, for people who ask and before one is taken (Apache: `AbstractHerder.validateConnectorConfig`).

use connect_api::Error;
use connect_api::plugin::{ConnectorPlugin, Registry};
use connect_config::client_keys::{self, override_values};
use connect_config::connector::{common_definition, preflight};
use connect_config::converter::ConverterUse;
use connect_config::later::Client;
use connect_config::version::VersionRange;
use connect_config::{Classes, ConnectorKind, PluginInfo, PluginKind, Plugins, WorkerConfig};
use indexmap::IndexMap;
use kafka_config::{ConfigDef, ConfigKey, ConfigValue, RawConfig, hash_order};

use crate::{HerderError, Progress};

/// Parity: what a request that waits too long for this is told.
pub(crate) const RETRIEVING: &str = "retrieving the configuration definition from the connector";

const CLASS_KEY: &str = "connector.class";
const VERSION_KEY: &str = "connector.plugin.version";

/// What the validation of a connector's configuration has found (Apache: `ConfigInfos`).
pub struct Validation {
    /// The class or alias, as submitted.
    pub class: String,
    /// How many errors there are; overrides and converters' keys count once however many they have.
    pub error_count: usize,
    /// The groups of the keys, in the order to show them.
    pub groups: Vec<String>,
    /// The keys, in Java's order.
    pub keys: Vec<ValidatedKey>,
    /// What to log once: keys that have no effect yet.
    pub warnings: Vec<String>,
}

/// A key and its value; one of both is there.
pub struct ValidatedKey {
    /// The key; `None` when nobody knows it.
    pub definition: Option<ConfigKey>,
    /// The value; its type is that of the key.
    pub value: Option<ConfigValue>,
}

impl Validation {
    /// The warnings of a configuration without mistakes.
    ///
    /// # Errors
    /// All mistakes, in the words of Apache Kafka Connect.
    pub(crate) fn accept(self) -> Result<Vec<String>, HerderError> {
        if self.error_count == 0 {
            return Ok(self.warnings);
        }
        let values = self.keys.iter().filter_map(|key| key.value.as_ref());
        let mistakes: Vec<&str> = values.flat_map(|value| value.errors.iter().map(String::as_str)).collect();
        Err(refusal(self.error_count, &mistakes))
    }

    fn push(&mut self, definition: Option<ConfigKey>, value: Option<ConfigValue>) {
        self.keys.push(ValidatedKey { definition, value });
    }

    fn add_group(&mut self, group: &str) {
        if !self.groups.iter().any(|each| each == group) {
            self.groups.push(group.to_owned());
        }
    }

    /// The keys of the framework and the connector: values that no definition knows come first, in the order of
    /// Java's map.
    fn add_own(&mut self, keys: IndexMap<String, ConfigKey>, mut values: IndexMap<String, ConfigValue>) {
        self.error_count += values.values().map(|value| value.errors.len()).sum::<usize>();
        let order: Vec<String> = hash_order(values.keys().map(String::as_str)).into_iter().map(str::to_owned).collect();
        for name in order.iter().filter(|name| !keys.contains_key(*name)) {
            let value = values.swap_remove(name);
            self.push(None, value);
        }
        for (name, key) in keys {
            let value = values.swap_remove(&name);
            self.push(Some(key), value);
        }
    }

    /// Keys with a prefix of their own; their names for people have none (Apache: `prefixedConfigInfos`).
    fn add_prefixed(&mut self, prefix: &str, definition: &ConfigDef, values: Vec<ConfigValue>) {
        for mut value in values {
            let mut key = definition.get(&value.name).cloned();
            if let Some(key) = &mut key {
                key.name = format!("{prefix}{}", key.name);
                if let Some(group) = &key.group {
                    self.add_group(group);
                }
            }
            value.name = format!("{prefix}{}", value.name);
            // Parity: whether a form shows the key is lost here.
            value.visible = true;
            self.error_count += usize::from(!value.errors.is_empty());
            self.push(key, Some(value));
        }
    }
}

/// Validates a configuration.
///
/// # Errors
/// No connector, or one that is not known; an override of the wrong type.
pub(crate) fn validate(
    config: &RawConfig,
    registry: &Registry,
    plugins: &Plugins,
    worker: &WorkerConfig,
    progress: &Progress,
) -> Result<Validation, HerderError> {
    let plugin = connector(config, registry, plugins)?;
    let kind = match plugin {
        ConnectorPlugin::Source(_) => ConnectorKind::Source,
        ConnectorPlugin::Sink(_) => ConnectorKind::Sink,
    };
    if let Some(fault) = version_fault(plugin, config)? {
        return Ok(without_version(config, plugins, &fault));
    }
    let refused = |error: kafka_config::ConfigError| Error::config(error.to_string());
    let specific = match kind {
        ConnectorKind::Source => "validating source connector-specific properties for the connector",
        ConnectorKind::Sink => "validating sink connector-specific properties for the connector",
    };
    let found = progress.during(specific, || preflight(kind, config, plugins, worker));
    let mut found = found.map_err(refused)?;
    let class = config.get(CLASS_KEY).unwrap_or_default().to_owned();
    let groups = found.definition.groups().to_vec();
    let mut all = Validation { class, error_count: 0, groups, keys: Vec::new(), warnings: found.warnings };
    let converters = converter_values(config, plugins, &mut found.values);
    // A key of the connector takes the place of a framework key of the same name.
    let own = progress.during(RETRIEVING, || plugin.config());
    let multi = "performing multi-property validation for the connector";
    let own_values = progress.during(multi, || own.validate_all(config));
    let mut keys = by_name(found.definition.keys().cloned(), |key| &key.name);
    let mut values = by_name(found.values, |value| &value.name);
    keys.extend(by_name(own.keys().cloned(), |key| &key.name));
    values.extend(by_name(own_values, |value| &value.name));
    own.groups().iter().for_each(|group| all.add_group(group));
    all.add_own(keys, values);
    for client in clients_of(kind, config) {
        let overrides = override_values(client, config, &worker.override_policy).map_err(refused)?;
        all.add_prefixed(client.override_prefix(), client_keys::definition(client), overrides);
    }
    for (prefix, definition, mut values) in converters {
        // Parity: the values come out of a hash map, and only here their order stays.
        let order = hash_order(values.iter().map(|value| value.name.as_str()))
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>();
        values.sort_by_cached_key(|value| order.iter().position(|name| *name == value.name));
        all.add_prefixed(&prefix, &definition, values);
    }
    Ok(all)
}

/// What is wrong when the connector does not have the version that the configuration asks for.
fn version_fault(plugin: &ConnectorPlugin, config: &RawConfig) -> Result<Option<String>, HerderError> {
    let Some(text) = config.get(VERSION_KEY) else { return Ok(None) };
    let range = VersionRange::requirement(text).map_err(|error| HerderError::BadRequest(error.to_string()))?;
    Ok(range.filter(|range| !range.contains(plugin.version())).map(|range| {
        let (class, version) = (plugin.class(), plugin.version());
        format!("Plugin {class} not found that matches the version range {range}, available versions: [{version}]")
    }))
}

/// Parity: without the connector only the keys that all connectors have are validated.
fn without_version(config: &RawConfig, plugins: &Plugins, fault: &str) -> Validation {
    let class = config.get(CLASS_KEY).unwrap_or_default();
    let definition = common_definition(plugins, class);
    let mut values = by_name(definition.validate_all_with(config, &Classes(&**plugins)), |value| &value.name);
    for key in [CLASS_KEY, VERSION_KEY] {
        values.entry(key.to_owned()).or_insert_with(|| ConfigValue::new(key)).errors.push(fault.to_owned());
    }
    let groups = definition.groups().to_vec();
    let mut all =
        Validation { class: class.to_owned(), error_count: 0, groups, keys: Vec::new(), warnings: Vec::new() };
    all.add_own(by_name(definition.keys().cloned(), |key| &key.name), values);
    all
}

fn by_name<T>(items: impl IntoIterator<Item = T>, name: impl Fn(&T) -> &String) -> IndexMap<String, T> {
    items.into_iter().map(|item| (name(&item).clone(), item)).collect()
}

/// The clients that the connector's tasks have, in the order of their overrides.
fn clients_of(kind: ConnectorKind, config: &RawConfig) -> Vec<Client> {
    let dead_letters = config.get("errors.deadletterqueue.topic.name").is_some_and(|topic| !topic.trim().is_empty());
    match kind {
        ConnectorKind::Source if config.has_prefix("topic.creation.") => vec![Client::Producer, Client::Admin],
        ConnectorKind::Source => vec![Client::Producer],
        ConnectorKind::Sink if dead_letters => vec![Client::Producer, Client::Consumer, Client::Admin],
        ConnectorKind::Sink => vec![Client::Consumer],
    }
}

fn refusal(count: usize, mistakes: &[&str]) -> HerderError {
    HerderError::BadRequest(format!(
        "Connector configuration is invalid and contains the following {count} error(s):\n{}\n\
         You can also find the above list of errors at the endpoint \
         `/connector-plugins/{{connectorType}}/config/validate`",
        mistakes.join("\n")
    ))
}

fn connector<'a>(
    config: &RawConfig,
    registry: &'a Registry,
    plugins: &Plugins,
) -> Result<&'a ConnectorPlugin, HerderError> {
    let Some(class) = config.get(CLASS_KEY) else {
        let text = format!("Connector config {} contains no connector type", config.java_text());
        return Err(HerderError::BadRequest(text));
    };
    registry.connectors.find(class).map_err(|_| {
        if let Some(plugin) = plugins.unusable(PluginKind::Connector, class) {
            // Java has no such case: a connector that is there and cannot run.
            return HerderError::BadRequest(format!(
                "{plugin}. GET /connector-plugins lists the connectors that run here."
            ));
        }
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

/// What is wrong when a converter does not have the version that the configuration asks for.
fn converter_fault(plugin: &PluginInfo, version: Option<&str>, plugins: &Plugins) -> Option<String> {
    let range = VersionRange::requirement(version?).ok()??;
    if range.contains(&plugin.version) {
        return None;
    }
    // Parity: a class that converts values and headers counts twice.
    let kinds = [PluginKind::Converter, PluginKind::HeaderConverter].into_iter();
    let versions = kinds.filter_map(|kind| Some(plugins.find(kind, &plugin.class)?.version)).collect::<Vec<_>>();
    let (class, versions) = (&plugin.class, versions.join(", "));
    Some(format!("Plugin {class} not found that matches the version range {range}, available versions: [{versions}]"))
}

/// The keys of converters that the connector chooses itself: prefix, definition, values. A converter that does not have
/// the version asked for is an error of both its keys.
fn converter_values(
    config: &RawConfig,
    plugins: &Plugins,
    values: &mut [ConfigValue],
) -> Vec<(String, ConfigDef, Vec<ConfigValue>)> {
    let mut found = Vec::new();
    for (what, kind) in [
        (ConverterUse::Header, PluginKind::HeaderConverter),
        (ConverterUse::Key, PluginKind::Converter),
        (ConverterUse::Value, PluginKind::Converter),
    ] {
        let key = what.class_key();
        let own = |name: &str| name == key || name == what.version_key();
        let sound = values.iter().all(|value| !own(&value.name) || value.errors.is_empty());
        let Some(plugin) = config.get(key).filter(|_| sound).and_then(|class| plugins.find(kind, class.trim())) else {
            continue;
        };
        if let Some(fault) = converter_fault(&plugin, config.get(what.version_key()), plugins) {
            values.iter_mut().filter(|value| own(&value.name)).for_each(|value| value.errors.push(fault.clone()));
            continue;
        }
        let prefix = format!("{key}.");
        let mut own = config.with_prefix(&prefix);
        own.insert_default("converter.type", what.type_name());
        let values = plugin.definition.validate_all(&own);
        found.push((prefix, plugin.definition, values));
    }
    found
}
