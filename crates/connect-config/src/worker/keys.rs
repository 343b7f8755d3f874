//! The keys of a standalone worker.

use kafka_config::{
    CaseInsensitiveValidString, ConfigDef, ConfigError, ConfigKey, Importance, Lambda, Range, Type, ValidList,
    ValidString, Value,
};

use super::headers::check_header_rules;
use super::tls_keys::with_tls_keys;

/// The key of the worker's byte budget.
pub const MEMORY_BYTES: &str = "moldau.memory.bytes";

/// The key that makes REST hide the values of PASSWORD keys.
pub const MASK_SECRETS: &str = "moldau.rest.mask.secrets";

/// Java's `StandaloneConfig` and `RestServerConfig` in their order, then our own keys.
pub fn standalone_definition() -> ConfigDef {
    let definition = with_tls_keys(with_metric_keys(common_keys()))
        .define(
            key("topic.tracking.enable", Type::Boolean, "Whether to keep the set of topics each connector uses.")
                .default(true),
        )
        .define(
            key("topic.tracking.allow.reset", Type::Boolean, "Whether requests may reset a connector's set of topics.")
                .default(true),
        );
    with_rest_keys(definition)
        .define(
            key("offset.storage.file.filename", Type::String, "The file that holds the offsets of source connectors.")
                .importance(Importance::High),
        )
        .define(
            key(MEMORY_BYTES, Type::Long, "How many bytes of records the worker holds at most, over all tasks.")
                .default_null()
                .validator(Lambda::new("null or [1048576,...]", |name: &str, value: Option<&Value>| match value {
                    Some(Value::Long(bytes)) if *bytes < 1 << 20 => {
                        Err(ConfigError::invalid(name, bytes, "Value must be at least 1048576"))
                    }
                    _ => Ok(()),
                })),
        )
        .define(
            key(MASK_SECRETS, Type::Boolean, "Whether REST answers hide the values of connectors' PASSWORD keys.")
                .default(false),
        )
}

/// A key of low importance.
pub(super) fn key(name: &str, kind: Type, doc: &str) -> ConfigKey {
    ConfigKey::new(name, kind).importance(Importance::Low).doc(doc)
}

fn common_keys() -> ConfigDef {
    let converter = |name: &str, what: &str| {
        key(name, Type::Class, &format!("The converter of {what} for connectors that name none of their own."))
    };
    let version = |name: &str, what: &str| {
        key(name, Type::String, &format!("The version of the converter of {what}.")).default_null()
    };
    ConfigDef::new()
        .define(
            key("bootstrap.servers", Type::List, "Brokers to learn the cluster from, as host:port.")
                .importance(Importance::High)
                .validator(ValidList::any(false, false)),
        )
        .define(
            key("client.dns.lookup", Type::String, "How the names of brokers become addresses.")
                .default("use_all_dns_ips")
                .importance(Importance::Medium)
                .validator(ValidString::of(["use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"])),
        )
        .define(converter("key.converter", "record keys").importance(Importance::High))
        .define(version("key.converter.plugin.version", "record keys"))
        .define(converter("value.converter", "record values").importance(Importance::High))
        .define(version("value.converter.plugin.version", "record values"))
        .define(
            key(
                "task.shutdown.graceful.timeout.ms",
                Type::Long,
                "How long tasks may take to stop, all together, in milliseconds.",
            )
            .default(5_000),
        )
        .define(
            key("offset.flush.interval.ms", Type::Long, "How often offsets are committed, in milliseconds.")
                .default(60_000),
        )
        .define(
            key("offset.flush.timeout.ms", Type::Long, "How long one commit of offsets may take, in milliseconds.")
                .default(5_000),
        )
        .define(
            key("plugin.path", Type::List, "Folders with plug-ins.")
                .default_null()
                .validator(ValidList::any(false, true)),
        )
        .define(
            key("plugin.discovery", Type::String, "How Java finds plug-ins; built-in ones need no search.")
                .default("hybrid_warn")
                .validator(CaseInsensitiveValidString::of(["only_scan", "hybrid_warn", "hybrid_fail", "service_load"])),
        )
}

fn with_metric_keys(definition: ConfigDef) -> ConfigDef {
    definition
        .define(
            key("metrics.sample.window.ms", Type::Long, "The length of a metrics window, in milliseconds.")
                .default(30_000)
                .validator(Range::at_least(0)),
        )
        .define(
            key("metrics.num.samples", Type::Int, "How many metrics windows are kept.")
                .default(2)
                .validator(Range::at_least(1)),
        )
        .define(
            key("metrics.recording.level", Type::String, "Which metrics are recorded.")
                .default("INFO")
                .validator(ValidString::of(["INFO", "DEBUG"])),
        )
        .define(
            key("metric.reporters", Type::List, "Java classes that metrics are reported to.")
                .default("org.apache.kafka.common.metrics.JmxReporter")
                .validator(ValidList::any(true, false)),
        )
        .define(
            key(
                "header.converter",
                Type::Class,
                "The converter of headers for connectors that name none of their own.",
            )
            .default("org.apache.kafka.connect.storage.SimpleHeaderConverter"),
        )
        .define(
            key("header.converter.plugin.version", Type::String, "The version of the converter of headers.")
                .default_null(),
        )
        .define(
            key("config.providers", Type::List, "Aliases of providers that resolve variables in values.")
                .default("")
                .validator(ValidList::any(true, false)),
        )
        .define(
            key(
                "connector.client.config.override.policy",
                Type::String,
                "Which client keys connectors may override: All, None, Principal or Allowlist.",
            )
            .default("All")
            .importance(Importance::Medium),
        )
        .define(
            key(
                "topic.creation.enable",
                Type::Boolean,
                "Whether source connectors with topic.creation keys create their topics.",
            )
            .default(true),
        )
}

fn with_rest_keys(definition: ConfigDef) -> ConfigDef {
    definition
        .define(
            key("listeners", Type::List, "Addresses the REST server listens on, as http://host:port.")
                .default("http://:8083")
                .validator(Lambda::new(
                    "List of comma-separated URLs, ex: http://localhost:8080,https://localhost:8443.",
                    check_listeners,
                )),
        )
        .define(key("rest.advertised.host.name", Type::String, "The host other workers are told.").default_null())
        .define(key("rest.advertised.port", Type::Int, "The port other workers are told.").default_null())
        .define(
            key("rest.advertised.listener", Type::String, "The protocol other workers are told: http or https.")
                .default_null(),
        )
        .define(key("access.control.allow.origin", Type::String, "Origins whose pages may use the REST API.").default(""))
        .define(key("access.control.allow.methods", Type::String, "Methods such pages may use.").default(""))
        .define(
            key("response.http.headers.config", Type::String, "Headers that every REST answer gets.")
                .default("")
                .validator(Lambda::new(
                    "Comma-separated header rules, where each header rule is of the form '[action] [header name]:[header \
                     value]' and optionally surrounded by double quotes if any part of a header rule contains a comma",
                    check_header_rules,
                )),
        )
        .define(
            key("ssl.client.auth", Type::String, "Whether HTTPS clients must show a certificate.")
                .default("none")
                .validator(ValidString::of(["required", "requested", "none"])),
        )
        .define(
            key("rest.extension.classes", Type::List, "Java classes that extend the REST API.")
                .default("")
                .validator(ValidList::any(true, false)),
        )
        .define(
            key("admin.listeners", Type::List, "Addresses for the administrative part of the REST API.")
                .default_null()
                .validator(ValidList::any(true, true)),
        )
}

fn check_listeners(name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
    let refused = |text: &str| Err(ConfigError::about(name, text));
    match value.and_then(Value::as_list) {
        None => refused(
            "Invalid value type for listeners (expected list of URLs , ex: http://localhost:8080,https://localhost:8443).",
        ),
        Some([]) => refused(
            "Invalid value for listeners, at least one URL is expected, ex: http://localhost:8080,https://localhost:8443.",
        ),
        Some(urls) if urls.iter().any(|url| url.trim().is_empty()) => {
            refused("Empty URL found when parsing listeners list.")
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_config::RawConfig;

    fn says(name: &str, value: &str) -> String {
        let mut raw = RawConfig::from([
            ("bootstrap.servers", "a:1"),
            ("key.converter", "x"),
            ("value.converter", "x"),
            ("offset.storage.file.filename", "f"),
        ]);
        raw.insert(name, value);
        standalone_definition().parse(&raw).map_or_else(|error| error.to_string(), |_| "fine".to_owned())
    }

    #[test]
    fn messages_of_worker_keys() {
        assert_eq!(
            says("listeners", ""),
            "Invalid value for listeners, at least one URL is expected, ex: http://localhost:8080,https://localhost:8443."
        );
        assert_eq!(says("listeners", "http://:1,,"), "Empty URL found when parsing listeners list.");
        assert_eq!(
            says("bootstrap.servers", ""),
            "Configuration 'bootstrap.servers' must not be empty. Valid values include: any non-empty value"
        );
        assert_eq!(says("admin.listeners", "http://:1,"), "Configuration 'admin.listeners' values must not be empty.");
        assert_eq!(
            says("plugin.discovery", "x"),
            "Invalid value x for configuration plugin.discovery: String must be one of (case insensitive): \
             ONLY_SCAN, SERVICE_LOAD, HYBRID_WARN, HYBRID_FAIL"
        );
        assert_eq!(
            says("offset.flush.interval.ms", "soon"),
            "Invalid value soon for configuration offset.flush.interval.ms: Not a number of type LONG"
        );
        assert_eq!(
            says(MEMORY_BYTES, "1000"),
            "Invalid value 1000 for configuration moldau.memory.bytes: Value must be at least 1048576"
        );
        assert_eq!(says(MEMORY_BYTES, "1048576"), "fine");
    }
}
