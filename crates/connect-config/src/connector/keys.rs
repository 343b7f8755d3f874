//! The keys that every connector has.

use kafka_config::{
    Composite, ConfigDef, ConfigError, ConfigKey, Importance, Lambda, NonEmptyStringWithoutControlChars, NonNull,
    Range, RawConfig, Type, ValidString, Value, Width,
};

use super::recommendations::{ClassesOf, VersionsOf, Visible};
use super::settings::ConnectorKind;
use super::{sink_keys, source_keys};
use crate::converter::ConverterUse;
use crate::plugin_lookup::{PluginKind, Plugins, wrong_kind};
use crate::version::{VersionRange, VersionSpecError};
use crate::worker::WorkerConfig;

const COMMON: &str = "Common";
const ERRORS: &str = "Error Handling";

/// The keys with their plain defaults and without recommendations: Java's `configDef()`.
pub fn definition(kind: ConnectorKind) -> ConfigDef {
    build(kind, &Context::default())
}

/// The keys for a connector class, as `GET /connector-plugins/{plugin}/config` shows them.
pub fn definition_for_class(kind: ConnectorKind, plugins: &Plugins, class: &str) -> ConfigDef {
    let connector_version = plugins.find(PluginKind::Connector, class).map(|plugin| plugin.version);
    build(kind, &Context { connector_version, ..Context::default() })
}

/// The keys that sources and sinks share, of a connector that does not have the version asked for: with its version, and
/// nothing about converters.
pub fn common_definition(plugins: &Plugins, class: &str) -> ConfigDef {
    let connector_version = plugins.find(PluginKind::Connector, class).map(|plugin| plugin.version);
    let first = Context { plugins: Some(plugins.clone()), connector_version, ..Context::default() };
    common(&first, &Context::default())
}

/// The keys for a submitted configuration: converters default to the worker's, versions to the installed ones.
pub fn definition_for_worker(
    kind: ConnectorKind,
    plugins: &Plugins,
    raw: &RawConfig,
    worker: &WorkerConfig,
) -> ConfigDef {
    let class = raw.get("connector.class");
    let connector_version =
        class.and_then(|class| plugins.find(PluginKind::Connector, class)).map(|plugin| plugin.version);
    let converters = ConverterUse::ALL.map(|what| {
        let own = &worker.converter(what).class;
        class?;
        let worker_version = || worker.originals().get(what.version_key()).map(str::to_owned);
        let installed = |class: &str| plugins.find(kind_of(what), class).map(|plugin| plugin.version);
        let version = match raw.get(what.class_key()) {
            Some(other) => installed(other),
            None => worker_version().or_else(|| installed(own)),
        };
        Some((own.clone(), version))
    });
    build(kind, &Context { plugins: Some(plugins.clone()), connector_version, converters })
}

#[derive(Default)]
pub(super) struct Context {
    pub(super) plugins: Option<Plugins>,
    connector_version: Option<String>,
    converters: [Option<(String, Option<String>)>; 3],
}

pub(super) fn kind_of(what: ConverterUse) -> PluginKind {
    match what {
        ConverterUse::Key | ConverterUse::Value => PluginKind::Converter,
        ConverterUse::Header => PluginKind::HeaderConverter,
    }
}

fn build(kind: ConnectorKind, context: &Context) -> ConfigDef {
    let common = common(context, context);
    match kind {
        ConnectorKind::Source => source_keys::with_source_keys(common),
        ConnectorKind::Sink => sink_keys::with_sink_keys(common),
    }
}

fn common(first: &Context, converters: &Context) -> ConfigDef {
    with_error_keys(with_stage_keys(with_converter_keys(first_keys(first), converters)))
}

pub(super) fn key(name: &str, kind: Type, display: &str, doc: &str) -> ConfigKey {
    ConfigKey::new(name, kind).display_name(display).doc(doc).importance(Importance::Low)
}

fn first_keys(context: &Context) -> ConfigDef {
    ConfigDef::new()
        .define(
            key("name", Type::String, "Connector name", "The name of the connector, unique in the cluster.")
                .validator(NonEmptyStringWithoutControlChars)
                .importance(Importance::High)
                .group(COMMON, 1)
                .width(Width::Medium),
        )
        .define(
            key("connector.class", Type::String, "Connector class", "The class of the connector, or its alias.")
                .importance(Importance::High)
                .group(COMMON, 2)
                .width(Width::Long),
        )
        .define(
            key("connector.plugin.version", Type::String, "Connector version", "The version of the connector.")
                .default_option(context.connector_version.clone())
                .validator(Lambda::new("a version or a range of versions", check_version_text))
                .importance(Importance::Medium)
                .group(COMMON, 3)
                .width(Width::Medium)
                .recommender(VersionsOf {
                    plugins: context.plugins.clone(),
                    kind: PluginKind::Connector,
                    class_key: "connector.class".to_owned(),
                    visible: Visible::WithClass,
                }),
        )
        .define(
            key("tasks.max", Type::Int, "Tasks max", "How many tasks the connector may have.")
                .default(1)
                .validator(Range::at_least(1))
                .importance(Importance::High)
                .group(COMMON, 4)
                .width(Width::Short),
        )
        .define(
            key(
                "tasks.max.enforce",
                Type::Boolean,
                "Enforce tasks max",
                "Whether a connector that makes more tasks than tasks.max fails. Deprecated.",
            )
            .default(true)
            .group(COMMON, 5)
            .width(Width::Short),
        )
}

fn with_converter_keys(mut definition: ConfigDef, context: &Context) -> ConfigDef {
    let titles = [("Key", "record keys"), ("Value", "record values"), ("Header", "headers")];
    for (place, what) in ConverterUse::ALL.into_iter().enumerate() {
        let (title, data) = titles[place];
        let order = 6 + 2 * place as i32;
        let kind = kind_of(what);
        let (class, version) = match context.converters[place].clone() {
            Some((class, version)) => (Some(class), version),
            None => (None, None),
        };
        definition = definition
            .define(
                key(
                    what.class_key(),
                    Type::Class,
                    &format!("{title} converter class"),
                    &format!("The converter of {data}; the worker's if none is named."),
                )
                .default_option(class)
                .validator(concrete(kind, context.plugins.clone()))
                .group(COMMON, order)
                .width(Width::Short)
                .recommender(ClassesOf { plugins: context.plugins.clone(), kind }),
            )
            .define(
                key(
                    what.version_key(),
                    Type::String,
                    &format!("{title} converter version"),
                    &format!("The version of the converter of {data}."),
                )
                .default_option(version)
                .validator(Lambda::new("a version or a range of versions", check_version_text))
                .group(COMMON, order + 1)
                .width(Width::Short)
                .recommender(VersionsOf {
                    plugins: context.plugins.clone(),
                    kind,
                    class_key: what.class_key().to_owned(),
                    visible: Visible::WithClass,
                }),
            );
    }
    definition
}

fn with_stage_keys(definition: ConfigDef) -> ConfigDef {
    definition
        .define(
            key("transforms", Type::List, "Transforms", "Aliases of the transforms that records go through, in order.")
                .default("")
                .validator(unique_aliases("unique transformation aliases"))
                .group("Transforms", 12)
                .width(Width::Long),
        )
        .define(
            key("predicates", Type::List, "Predicates", "Aliases of the predicates that transforms can name.")
                .default("")
                .validator(unique_aliases("unique predicate aliases"))
                .group("Predicates", 13)
                .width(Width::Long),
        )
        .define(
            key(
                "config.action.reload",
                Type::String,
                "Reload Action",
                "What happens when a value from a config provider changes.",
            )
            .default("restart")
            .validator(ValidString::of(["none", "restart"]))
            .group(COMMON, 14)
            .width(Width::Medium),
        )
}

fn with_error_keys(definition: ConfigDef) -> ConfigDef {
    let key = |name: &str, kind: Type, order: i32, display: &str, doc: &str| {
        key(name, kind, display, doc).importance(Importance::Medium).group(ERRORS, order)
    };
    definition
        .define(
            key(
                "errors.retry.timeout",
                Type::Long,
                1,
                "Retry Timeout for Errors",
                "How long a failed operation is tried again, in milliseconds; -1 is forever.",
            )
            .default(0)
            .width(Width::Medium),
        )
        .define(
            key(
                "errors.retry.delay.max.ms",
                Type::Long,
                2,
                "Maximum Delay Between Retries for Errors",
                "The longest wait between two tries, in milliseconds.",
            )
            .default(60_000)
            .width(Width::Medium),
        )
        .define(
            key(
                "errors.tolerance",
                Type::String,
                3,
                "Error Tolerance",
                "Whether a record that fails ends the task (none) or is left out (all).",
            )
            .default("none")
            .validator(ValidString::of(["none", "all"]))
            .width(Width::Short),
        )
        .define(
            key("errors.log.enable", Type::Boolean, 4, "Log Errors", "Whether tolerated errors are logged too.")
                .default(false)
                .width(Width::Short),
        )
        .define(
            key(
                "errors.log.include.messages",
                Type::Boolean,
                5,
                "Log Error Details",
                "Whether logged errors show where the record came from.",
            )
            .default(false)
            .width(Width::Short),
        )
}

pub(super) fn unique_aliases(what: &str) -> Composite {
    Composite::new().and(NonNull).and(Lambda::new(what, |name: &str, value: Option<&Value>| {
        let aliases = value.and_then(Value::as_list).unwrap_or_default();
        let distinct: std::collections::BTreeSet<&String> = aliases.iter().collect();
        if distinct.len() == aliases.len() {
            return Ok(());
        }
        Err(ConfigError::invalid(name, Value::List(aliases.to_vec()), "Duplicate alias provided."))
    }))
}

fn concrete(kind: PluginKind, plugins: Option<Plugins>) -> Composite {
    let check = move |name: &str, value: Option<&Value>| match (&plugins, value) {
        (Some(plugins), Some(Value::Class(class))) if plugins.find(kind, class).is_none() => {
            Err(wrong_kind(name, kind, class))
        }
        _ => Ok(()),
    };
    let interface = format!("A concrete subclass of org.apache.kafka.connect.storage.{}", kind.interface());
    // What the registry lists can be made, so the second of Java's rules always holds.
    let instantiable = |_: &str, _: Option<&Value>| Ok(());
    Composite::new()
        .and(Lambda::new(interface, check))
        .and(Lambda::new("A class with a public, no-argument constructor", instantiable))
}

fn check_version_text(name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
    let Some(text) = value.and_then(Value::as_text) else { return Ok(()) };
    match VersionRange::requirement(text) {
        Ok(_) => Ok(()),
        Err(VersionSpecError(fault)) => Err(ConfigError::about(name, fault)),
    }
}
