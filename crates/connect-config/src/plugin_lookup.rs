//! What this crate asks about plug-ins: which exist, under which names, with which keys. The caller owns the registry.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use kafka_config::{ClassLookup, ConfigDef, ConfigError};

use crate::version::{VersionRange, VersionSpecError};

/// The kinds of plug-ins, as Java's interfaces tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PluginKind {
    /// Source or sink connector.
    Connector,
    /// Converter of keys and values.
    Converter,
    /// Converter of headers.
    HeaderConverter,
    /// Single message transform.
    Transformation,
    /// Predicate of transforms.
    Predicate,
}

impl PluginKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Connector, Self::Converter, Self::HeaderConverter, Self::Transformation, Self::Predicate];

    /// The simple name of Java's interface (or class) of this kind.
    pub fn interface(self) -> &'static str {
        match self {
            Self::Connector => "Connector",
            Self::Converter => "Converter",
            Self::HeaderConverter => "HeaderConverter",
            Self::Transformation => "Transformation",
            Self::Predicate => "Predicate",
        }
    }
}

/// A plug-in.
#[derive(Debug, Clone)]
pub struct PluginInfo {
    /// Full class name.
    pub class: String,
    /// Version.
    pub version: String,
    /// Its own keys; none of a connector: asking one may take its time or fail, which must not happen to everybody who
    /// looks up a class.
    pub definition: ConfigDef,
}

/// A plug-in that is installed and cannot run in this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusablePlugin {
    /// Full class name.
    pub class: String,
    /// What it is, for people: `sink connector`.
    pub word: &'static str,
    /// Version.
    pub version: String,
    /// The jar or folder it is in.
    pub place: String,
}

impl fmt::Display for UnusablePlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { class, word, version, place } = self;
        write!(
            f,
            "{class} (version {version}) is a Java {word} in {place}; it needs the Java plug-in host, which this version \
             of Moldau does not have yet"
        )
    }
}

/// Completes when a [`PluginLookup`] knows all that is installed.
pub type Settling = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Finds plug-ins.
pub trait PluginLookup: Send + Sync {
    /// The plug-in of a kind that a full class name or an alias stands for.
    fn find(&self, kind: PluginKind, name: &str) -> Option<PluginInfo>;

    /// All plug-ins of a kind, sorted by class name.
    fn list(&self, kind: PluginKind) -> Vec<PluginInfo>;

    /// The plug-in of a kind that a full class name or an alias stands for, when it is installed and cannot run here.
    /// Answers at once, and may not know it yet: see [`PluginLookup::settled`].
    fn unusable(&self, _kind: PluginKind, _name: &str) -> Option<UnusablePlugin> {
        None
    }

    /// `None` when [`PluginLookup::unusable`] knows everything; else what completes when it does. To be waited for before
    /// a configuration is refused, and asked again.
    fn settled(&self) -> Option<Settling> {
        None
    }
}

/// A shared [`PluginLookup`]; definitions keep it for their recommendations.
pub type Plugins = Arc<dyn PluginLookup>;

/// Looks class names up among the plug-ins of all kinds, as Java's class loader does.
pub struct Classes<'a>(pub &'a dyn PluginLookup);

impl ClassLookup for Classes<'_> {
    fn find_class(&self, name: &str) -> Option<String> {
        PluginKind::ALL.into_iter().find_map(|kind| self.0.find(kind, name)).map(|plugin| plugin.class)
    }

    fn missing(&self, name: &str) -> String {
        match PluginKind::ALL.into_iter().find_map(|kind| self.0.unusable(kind, name.trim())) {
            Some(plugin) => format!("{plugin}."),
            None => format!("Class {name} could not be found."),
        }
    }
}

/// The plug-in that a class key asks for, with the version that a version key asks for.
///
/// # Errors
/// Java's text for a class that is not there, is of another kind, or has no such version; `class_key` and
/// `version_key` say where it was asked for.
pub fn demand(
    plugins: &dyn PluginLookup,
    kind: PluginKind,
    class_key: &str,
    class: &str,
    version_key: &str,
    version: Option<&str>,
) -> Result<PluginInfo, ConfigError> {
    let Some(plugin) = plugins.find(kind, class.trim()) else {
        return Err(match Classes(plugins).find_class(class.trim()) {
            Some(other) => wrong_kind(class_key, kind, &other),
            None => ConfigError::invalid(class_key, class, Classes(plugins).missing(class)),
        });
    };
    check_version(&plugin, version_key, version)?;
    Ok(plugin)
}

/// Whether the plug-in has the version that was asked for.
///
/// # Errors
/// Java's text with the versions there are, or what is wrong with the range.
pub fn check_version(plugin: &PluginInfo, version_key: &str, version: Option<&str>) -> Result<(), ConfigError> {
    let range = version.map_or(Ok(None), VersionRange::requirement);
    match range.map_err(|VersionSpecError(text)| ConfigError::about(version_key, text))? {
        Some(range) if !range.contains(&plugin.version) => Err(ConfigError::about(
            version_key,
            format!(
                "Plugin {} not found that matches the version range {range}, available versions: [{}]",
                plugin.class, plugin.version
            ),
        )),
        _ => Ok(()),
    }
}

/// `Class class x.Y does not implement the … interface`.
pub fn wrong_kind(key: &str, wanted: PluginKind, class: &str) -> ConfigError {
    let (verb, noun) = match wanted {
        PluginKind::Connector => ("extend", "class"),
        _ => ("implement", "interface"),
    };
    ConfigError::about(key, format!("Class class {class} does not {verb} the {} {noun}", wanted.interface()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use kafka_config::{ConfigKey, Type, ValidList};

    /// A few plug-ins to test with.
    pub(crate) struct Some5;

    impl PluginLookup for Some5 {
        fn find(&self, kind: PluginKind, name: &str) -> Option<PluginInfo> {
            self.list(kind).into_iter().find(|plugin| {
                let simple = plugin.class.rsplit(['.', '$']).next().unwrap();
                plugin.class == name
                    || simple == name
                    || [kind.interface(), "SourceConnector", "SinkConnector"]
                        .iter()
                        .any(|suffix| simple.strip_suffix(suffix) == Some(name))
            })
        }

        fn list(&self, kind: PluginKind) -> Vec<PluginInfo> {
            let plugin = |class: &str, definition| PluginInfo {
                class: class.to_owned(),
                version: "4.3.1".to_owned(),
                definition,
            };
            let none = ConfigDef::new;
            match kind {
                PluginKind::Connector => vec![
                    plugin("org.apache.kafka.connect.file.FileStreamSinkConnector", none()),
                    plugin("org.apache.kafka.connect.file.FileStreamSourceConnector", none()),
                ],
                PluginKind::Converter => vec![
                    plugin("org.apache.kafka.connect.json.JsonConverter", none()),
                    plugin("org.apache.kafka.connect.storage.StringConverter", none()),
                ],
                PluginKind::HeaderConverter => {
                    vec![plugin("org.apache.kafka.connect.storage.SimpleHeaderConverter", none())]
                }
                PluginKind::Transformation => vec![
                    plugin(
                        "org.apache.kafka.connect.transforms.ValueToKey",
                        ConfigDef::new()
                            .define(ConfigKey::new("fields", Type::List).validator(ValidList::any(false, false))),
                    ),
                    plugin("x.Masked", ConfigDef::new().define(ConfigKey::new("predicate", Type::Int).default(1))),
                ],
                PluginKind::Predicate => {
                    vec![plugin("org.apache.kafka.connect.transforms.predicates.RecordIsTombstone", none())]
                }
            }
        }
    }

    pub(crate) fn plugins() -> Plugins {
        Arc::new(Some5)
    }

    /// Has nothing but a converter that cannot run.
    struct Unusable;

    impl PluginLookup for Unusable {
        fn find(&self, _: PluginKind, _: &str) -> Option<PluginInfo> {
            None
        }

        fn list(&self, _: PluginKind) -> Vec<PluginInfo> {
            Vec::new()
        }

        fn unusable(&self, kind: PluginKind, name: &str) -> Option<UnusablePlugin> {
            let (class, place) = ("io.x.AvroConverter".to_owned(), "/jars/avro.jar".to_owned());
            let found = UnusablePlugin { class, word: "converter", version: "7.8".to_owned(), place };
            (kind == PluginKind::Converter && name == "Avro").then_some(found)
        }
    }

    #[test]
    fn what_needs_java_is_named_with_its_jar() {
        let sentence = "Invalid value Avro for configuration key.converter: io.x.AvroConverter (version 7.8) is a Java \
                        converter in /jars/avro.jar; it needs the Java plug-in host, which this version of Moldau does \
                        not have yet.";
        let ask = |kind| demand(&Unusable, kind, "key.converter", "Avro", "v", None).unwrap_err().to_string();
        assert_eq!(ask(PluginKind::Converter), sentence);
        let parsed = kafka_config::parse_type("key.converter", "Avro", Type::Class, &Classes(&Unusable));
        assert_eq!(parsed.unwrap_err().to_string(), sentence);
    }

    #[test]
    fn demands_say_what_is_missing() {
        let ask = |class: &str, version: Option<&str>| {
            demand(&Some5, PluginKind::Converter, "key.converter", class, "key.converter.plugin.version", version)
                .map(|plugin| plugin.class)
                .map_err(|error| error.to_string())
        };
        assert_eq!(ask("Json", None).as_deref(), Ok("org.apache.kafka.connect.json.JsonConverter"));
        assert_eq!(
            ask("JsonConverter", Some("[4.0,5.0)")).as_deref(),
            Ok("org.apache.kafka.connect.json.JsonConverter")
        );
        assert_eq!(
            ask("Avro", None).unwrap_err(),
            "Invalid value Avro for configuration key.converter: Class Avro could not be found."
        );
        assert_eq!(
            ask("ValueToKey", None).unwrap_err(),
            "Class class org.apache.kafka.connect.transforms.ValueToKey does not implement the Converter interface"
        );
        assert_eq!(
            ask("Json", Some("0.0.1")).unwrap_err(),
            "Plugin org.apache.kafka.connect.json.JsonConverter not found that matches the version range [0.0.1,0.0.1], available versions: [4.3.1]"
        );
        assert_eq!(ask("Json", Some("[1.0")).unwrap_err(), "Unbounded range: [1.0");
    }
}
