//! A standalone worker's configuration after parsing.

use std::time::Duration;

use kafka_config::{ConfigError, ParsedConfig, RawConfig};

use super::headers::{HeaderRule, header_rules};
use super::keys::{MASK_SECRETS, MEMORY_BYTES, standalone_definition};
use super::typos;
use crate::converter::{ConverterChoice, ConverterUse};
use crate::later;
use crate::listener::{AdvertisedUrl, Listener};
use crate::plugin_lookup::{PluginKind, PluginLookup, demand};
use crate::policy::OverridePolicy;

/// What a standalone worker was told.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// Brokers to start from, as `host:port`.
    pub bootstrap_servers: Vec<String>,
    /// Converter of keys for connectors without their own.
    pub key_converter: ConverterChoice,
    /// Converter of values for connectors without their own.
    pub value_converter: ConverterChoice,
    /// Converter of headers for connectors without their own.
    pub header_converter: ConverterChoice,
    /// How often offsets are committed; more than zero.
    pub offset_flush_interval: Duration,
    /// How long one commit may take.
    pub offset_flush_timeout: Duration,
    /// How long all tasks together may take to stop.
    pub task_shutdown_graceful_timeout: Duration,
    /// Where the REST server listens; at least one.
    pub listeners: Vec<Listener>,
    /// Where the administrative part listens: `None` for the same addresses, empty for nowhere.
    pub admin_listeners: Option<Vec<Listener>>,
    /// Patterns of origins whose pages may use the REST API, in the syntax of `java.util.regex`; `*` is any. None: nothing
    /// is said about origins.
    pub cross_origins: Vec<String>,
    /// The methods that answers to such pages name.
    pub cross_origin_methods: String,
    /// Headers that answers of the REST API get.
    pub response_headers: Vec<HeaderRule>,
    /// Whether answers hide the values of PASSWORD keys.
    pub mask_secrets: bool,
    /// Folders with plug-ins.
    pub plugin_path: Vec<String>,
    /// The file with the offsets of sources.
    pub offset_storage_file: String,
    /// Whether sources may create topics by their own rules.
    pub topic_creation_enable: bool,
    /// Whether the topics of connectors are tracked.
    pub topic_tracking_enable: bool,
    /// Whether requests may reset tracked topics.
    pub topic_tracking_allow_reset: bool,
    /// What connectors may override.
    pub override_policy: OverridePolicy,
    /// The byte budget, where one was set.
    pub memory_bytes: Option<u64>,
    /// What to say once at start: one sentence per key that has no effect.
    pub warnings: Vec<String>,
    parsed: ParsedConfig,
    originals: RawConfig,
}

impl WorkerConfig {
    /// Reads a standalone worker's configuration.
    ///
    /// # Errors
    /// The first thing wrong, with its key; a key whose feature is still to come and cannot be ignored.
    pub fn standalone(raw: &RawConfig, plugins: &dyn PluginLookup) -> Result<Self, ConfigError> {
        let parsed = standalone_definition().parse(raw)?;
        let mut warnings = parsed.warnings().to_vec();
        warnings.extend(typos::sentences(raw, &standalone_definition()));
        for finding in later::worker_findings(raw, &parsed) {
            if finding.refused {
                return Err(ConfigError::about(finding.name, finding.sentence));
            }
            warnings.push(finding.sentence);
        }
        let mut originals = raw.clone();
        // Parity: clients must not start the worker's providers again (WorkerConfig.originals).
        originals.remove("config.providers");
        let listeners = |name: &str| -> Result<Option<Vec<Listener>>, ConfigError> {
            let texts = parsed.get_list(name);
            texts.map(|texts| texts.iter().map(|text| Listener::parse(name, text)).collect()).transpose()
        };
        Ok(Self {
            bootstrap_servers: parsed.list("bootstrap.servers").to_vec(),
            key_converter: converter(&parsed, ConverterUse::Key, plugins)?,
            value_converter: converter(&parsed, ConverterUse::Value, plugins)?,
            header_converter: converter(&parsed, ConverterUse::Header, plugins)?,
            offset_flush_interval: flush_interval(&parsed)?,
            offset_flush_timeout: duration(&parsed, "offset.flush.timeout.ms")?,
            task_shutdown_graceful_timeout: duration(&parsed, "task.shutdown.graceful.timeout.ms")?,
            listeners: listeners("listeners")?.unwrap_or_default(),
            admin_listeners: listeners("admin.listeners")?,
            cross_origins: cross_origins(parsed.string("access.control.allow.origin")?)?,
            cross_origin_methods: cross_origin_methods(parsed.string("access.control.allow.methods")?)?,
            response_headers: header_rules(
                "response.http.headers.config",
                parsed.string("response.http.headers.config")?,
            )?,
            mask_secrets: parsed.bool(MASK_SECRETS)?,
            plugin_path: parsed.list("plugin.path").to_vec(),
            offset_storage_file: parsed.string("offset.storage.file.filename")?.to_owned(),
            topic_creation_enable: parsed.bool("topic.creation.enable")?,
            topic_tracking_enable: parsed.bool("topic.tracking.enable")?,
            topic_tracking_allow_reset: parsed.bool("topic.tracking.allow.reset")?,
            override_policy: OverridePolicy::from_worker(
                parsed.string("connector.client.config.override.policy")?,
                raw,
            )?,
            memory_bytes: parsed.get_long(MEMORY_BYTES).and_then(|bytes| u64::try_from(bytes).ok()),
            warnings,
            parsed,
            originals,
        })
    }

    /// The converter of a use.
    pub fn converter(&self, what: ConverterUse) -> &ConverterChoice {
        match what {
            ConverterUse::Key => &self.key_converter,
            ConverterUse::Value => &self.value_converter,
            ConverterUse::Header => &self.header_converter,
        }
    }

    /// All keys as written, those without a definition included, without `config.providers`: what Kafka clients and
    /// plug-ins of the worker get.
    pub fn originals(&self) -> &RawConfig {
        &self.originals
    }

    /// Every key's typed value.
    pub fn parsed(&self) -> &ParsedConfig {
        &self.parsed
    }

    /// The address this worker tells others. `own_host` is the machine's, `bound_ports` are the ports the listeners
    /// got, in their order.
    ///
    /// # Errors
    /// `rest.advertised.port` is no port.
    pub fn advertised_url(&self, own_host: &str, bound_ports: &[u16]) -> Result<AdvertisedUrl, ConfigError> {
        let scheme = self.advertised_scheme();
        let own = self.listeners.iter().position(|listener| listener.scheme.name() == scheme);
        let listener = own.and_then(|place| self.listeners.get(place));
        let bound = own.and_then(|place| bound_ports.get(place)).or(bound_ports.first()).copied();
        let host = (self.parsed.get_string("rest.advertised.host.name").filter(|host| !host.is_empty()))
            .or(listener.map(|listener| listener.host.as_str()).filter(|host| !host.is_empty()))
            .unwrap_or(own_host);
        let port = match self.parsed.get_int("rest.advertised.port") {
            Some(port) => u16::try_from(port)
                .map_err(|_| ConfigError::invalid("rest.advertised.port", port, "port out of range"))?,
            None => listener.map(|listener| listener.port).filter(|port| *port > 0).or(bound).unwrap_or_default(),
        };
        Ok(AdvertisedUrl { scheme, host: host.to_owned(), port })
    }

    fn advertised_scheme(&self) -> String {
        if let Some(scheme) = self.parsed.get_string("rest.advertised.listener") {
            return scheme.to_lowercase();
        }
        let listeners = self.originals.get("listeners").unwrap_or_default().to_lowercase();
        let https_only = listeners.contains("https://") && !listeners.contains("http://");
        if https_only { "https" } else { "http" }.to_owned()
    }
}

/// Parity: items keep their place in Java's `Set.of`, which refuses duplicates.
fn set_of<'a>(key: &str, text: &'a str) -> Result<Vec<&'a str>, ConfigError> {
    let mut items: Vec<&str> = text.split(',').collect();
    // Java's split drops empty items at the end.
    while items.last().is_some_and(|item| item.is_empty()) {
        items.pop();
    }
    match items.iter().enumerate().find(|(place, item)| items[..*place].contains(item)) {
        Some((_, twice)) => Err(ConfigError::about(key, format!("duplicate element: {twice}"))),
        None => Ok(items),
    }
}

fn cross_origins(text: &str) -> Result<Vec<String>, ConfigError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let origins = set_of("access.control.allow.origin", text)?.into_iter().map(str::trim);
    Ok(origins.filter(|origin| !origin.is_empty()).map(str::to_owned).collect())
}

fn cross_origin_methods(text: &str) -> Result<String, ConfigError> {
    if text.trim().is_empty() {
        return Ok("GET,POST,HEAD".to_owned());
    }
    Ok(set_of("access.control.allow.methods", text)?.join(","))
}

fn converter(
    parsed: &ParsedConfig,
    what: ConverterUse,
    plugins: &dyn PluginLookup,
) -> Result<ConverterChoice, ConfigError> {
    let kind = match what {
        ConverterUse::Key | ConverterUse::Value => PluginKind::Converter,
        ConverterUse::Header => PluginKind::HeaderConverter,
    };
    let mut choice = ConverterChoice::from_parsed(parsed, what)
        .ok_or_else(|| ConfigError::invalid(what.class_key(), "null", "entry must be non null"))?;
    let version = choice.version.as_deref();
    choice.class = demand(plugins, kind, what.class_key(), &choice.class, what.version_key(), version)?.class;
    Ok(choice)
}

/// Java starts and then fails to schedule a period that is not positive.
fn flush_interval(parsed: &ParsedConfig) -> Result<Duration, ConfigError> {
    let name = "offset.flush.interval.ms";
    match duration(parsed, name)? {
        Duration::ZERO => Err(ConfigError::invalid(name, parsed.long(name)?, "Value must be at least 1")),
        interval => Ok(interval),
    }
}

/// Milliseconds; less than none is none.
fn duration(parsed: &ParsedConfig, name: &str) -> Result<Duration, ConfigError> {
    Ok(Duration::from_millis(u64::try_from(parsed.long(name)?).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin_lookup::tests::Some5;

    fn raw() -> RawConfig {
        RawConfig::from([
            ("bootstrap.servers", "localhost:9092, b:1"),
            ("key.converter", "org.apache.kafka.connect.json.JsonConverter"),
            ("value.converter", "JsonConverter"),
            ("value.converter.schemas.enable", "false"),
            ("offset.storage.file.filename", "/tmp/connect.offsets"),
            ("offset.flush.interval.ms", "10000"),
        ])
    }

    fn with(name: &str, value: &str) -> Result<WorkerConfig, String> {
        let mut raw = raw();
        raw.insert(name, value);
        WorkerConfig::standalone(&raw, &Some5).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_the_tutorials_worker() {
        let worker = WorkerConfig::standalone(&raw(), &Some5).unwrap();
        assert_eq!(worker.bootstrap_servers, ["localhost:9092", "b:1"]);
        assert_eq!(worker.value_converter.class, "org.apache.kafka.connect.json.JsonConverter");
        assert_eq!(
            worker.value_converter.config,
            RawConfig::from([("schemas.enable", "false"), ("converter.type", "value")])
        );
        assert_eq!(worker.header_converter.class, "org.apache.kafka.connect.storage.SimpleHeaderConverter");
        assert_eq!(worker.offset_flush_interval, Duration::from_secs(10));
        assert_eq!(worker.offset_flush_timeout, Duration::from_secs(5));
        assert_eq!(worker.listeners[0].port, 8083);
        assert!(worker.topic_creation_enable && worker.admin_listeners.is_none() && worker.memory_bytes.is_none());
        assert!(worker.warnings.is_empty(), "{:?}", worker.warnings);
    }

    #[test]
    fn converters_must_exist() {
        assert_eq!(
            with("key.converter", "x.Avro").unwrap_err(),
            "Invalid value x.Avro for configuration key.converter: Class x.Avro could not be found."
        );
        assert_eq!(
            with("header.converter", "ValueToKey").unwrap_err(),
            "Class class org.apache.kafka.connect.transforms.ValueToKey does not implement the HeaderConverter interface"
        );
        assert!(with("key.converter.plugin.version", "9").unwrap_err().contains("version range [9,9]"));
    }

    #[test]
    fn missing_and_bad_values() {
        let mut raw = raw();
        raw.remove("offset.storage.file.filename");
        assert_eq!(
            WorkerConfig::standalone(&raw, &Some5).unwrap_err().to_string(),
            "Missing required configuration \"offset.storage.file.filename\" which has no default value."
        );
        assert_eq!(
            with("offset.flush.interval.ms", "0").unwrap_err(),
            "Invalid value 0 for configuration offset.flush.interval.ms: Value must be at least 1"
        );
        assert_eq!(
            with("listeners", "here").unwrap_err(),
            "Listener doesn't have the right format (protocol://hostname:port)."
        );
    }

    #[test]
    fn advertised_urls() {
        let url = |worker: WorkerConfig| worker.advertised_url("me", &[4711]).unwrap().to_string();
        assert_eq!(url(with("listeners", "http://:0").unwrap()), "http://me:4711/");
        assert_eq!(url(with("listeners", "http://h:81").unwrap()), "http://h:81/");
        assert_eq!(url(with("rest.advertised.host.name", "x").unwrap()), "http://x:8083/");
        assert_eq!(url(with("rest.advertised.port", "99").unwrap()), "http://me:99/");
        assert_eq!(url(with("rest.advertised.listener", "HTTPS").unwrap()), "https://me:4711/");
    }

    #[test]
    fn unknown_keys_stay_in_the_originals() {
        let worker = with("group.id", "x").unwrap();
        assert_eq!(worker.originals().get("group.id"), Some("x"));
    }
}
