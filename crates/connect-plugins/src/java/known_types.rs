//! The types of Kafka Connect 4.3.1 that plug-ins of jars are made of: what Java's application class loader has beside
//! every location. Also the rules which of its classes a location may replace.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A class or interface of Kafka that is a plug-in or stands above plug-ins.
#[derive(Debug)]
pub(crate) struct KnownType {
    /// Whether it can be made: these are the built-in plug-ins of Kafka, and its manifests name them all.
    pub(crate) concrete: bool,
    /// What it extends and implements, as far as that is known here.
    pub(crate) parents: Vec<&'static str>,
    /// What `version()` answers, where it has one of its own.
    pub(crate) version: Option<&'static str>,
}

/// One type for each line: its name, how it is (public or not; interface, abstract or concrete), parents, version.
const TYPES: &str = include_str!("known_types.txt");

static KNOWN: LazyLock<BTreeMap<&'static str, KnownType>> = LazyLock::new(|| TYPES.lines().filter_map(read).collect());

fn read(line: &'static str) -> Option<(&'static str, KnownType)> {
    let mut words = line.split(' ');
    let (name, what, parents, version) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let parents = parents.split(',').filter(|parent| *parent != "-").collect();
    let version = Some(version).filter(|version| *version != "-");
    Some((name, KnownType { concrete: what == "pc", parents, version }))
}

/// The type of that name.
pub(crate) fn known(name: &str) -> Option<&'static KnownType> {
    KNOWN.get(name)
}

/// The names of Kafka's own plug-ins, sorted.
pub(crate) fn known_plugins() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().filter(|(_, kind)| kind.concrete).map(|(name, _)| *name)
}

/// Whether the worker has this class for all locations, so that a copy in one of them is never used
/// (Apache: `PluginUtils.shouldLoadInIsolation` and parents first).
pub(crate) fn is_the_workers(name: &str) -> bool {
    is_java(name) || (!is_isolated(name) && known(name).is_some())
}

/// Whether a type that is in no jar of a location can be there all the same: Java's own, or in a library of Kafka.
pub(crate) fn is_on_the_class_path(name: &str) -> bool {
    const LIBRARIES: [&str; 9] = [
        "org.apache.kafka.",
        "org.slf4j.",
        "com.fasterxml.jackson.",
        "jakarta.",
        "org.glassfish.",
        "org.eclipse.jetty.",
        "io.swagger.v3.oas.annotations.",
        "scala.",
        "org.jose4j.",
    ];
    is_java(name) || LIBRARIES.iter().any(|prefix| name.starts_with(prefix))
}

/// A type of the JDK.
pub(crate) fn is_java(name: &str) -> bool {
    ["java.", "javax.", "jdk.", "sun.", "org.w3c.dom.", "org.xml.sax."].iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a location's own copy of a class comes before the worker's.
fn is_isolated(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("org.apache.kafka.") else {
        return !name.starts_with("org.slf4j.");
    };
    if let Some(provider) = rest.strip_prefix("common.config.provider.") {
        return provider != "ConfigProvider";
    }
    let Some(rest) = rest.strip_prefix("connect.") else { return false };
    if let Some(transform) = rest.strip_prefix("transforms.") {
        // Parity: every name that begins so, nested ones included.
        return !transform.starts_with("Transformation") && transform != "predicates.Predicate";
    }
    if let Some(policy) = rest.strip_prefix("connector.policy.") {
        const API: [&str; 3] = [
            "ConnectorClientConfigOverridePolicy",
            "ConnectorClientConfigRequest",
            "ConnectorClientConfigRequest$ClientType",
        ];
        return !API.contains(&policy);
    }
    const CLASSES: [&str; 3] = [
        "storage.StringConverter",
        "storage.SimpleHeaderConverter",
        "rest.basic.auth.extension.BasicAuthSecurityRestExtension",
    ];
    const PACKAGES: [&str; 5] = ["json.", "file.", "mirror.", "mirror-client.", "converters."];
    CLASSES.contains(&rest) || PACKAGES.iter().any(|package| rest.starts_with(package))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::java::JavaKind;

    #[test]
    fn the_table_is_sound() {
        assert_eq!(KNOWN.len(), TYPES.lines().count());
        for (name, kind) in KNOWN.iter() {
            for parent in &kind.parents {
                assert!(KNOWN.contains_key(parent), "{parent} of {name} is not in the table");
            }
        }
        for kind in JavaKind::ALL {
            assert!(KNOWN.contains_key(kind.interface()), "{}", kind.interface());
        }
        assert!(known_plugins().any(|name| name == "org.apache.kafka.connect.json.JsonConverter"));
        assert!(known_plugins().all(|name| !name.ends_with(".Cast")));
    }

    #[test]
    fn what_a_location_may_replace() {
        let isolated = [
            "io.aiven.Sink",
            "org.apache.kafka.connect.json.JsonConverter",
            "org.apache.kafka.connect.transforms.Cast$Key",
            "org.apache.kafka.connect.transforms.predicates.PredicateX",
            "org.apache.kafka.common.config.provider.FileConfigProvider",
            "org.apache.kafka.connect.connector.policy.AllConnectorClientConfigOverridePolicy",
            "org.apache.kafka.connect.storage.StringConverter",
        ];
        let workers = [
            "org.apache.kafka.connect.transforms.Transformation",
            "org.apache.kafka.connect.transforms.predicates.Predicate",
            "org.apache.kafka.common.config.provider.ConfigProvider",
            "org.apache.kafka.connect.storage.Converter",
            "org.apache.kafka.connect.source.SourceConnector",
        ];
        for name in isolated {
            assert!(is_isolated(name) && !is_the_workers(name), "{name}");
        }
        for name in workers {
            assert!(!is_isolated(name) && is_the_workers(name), "{name}");
        }
        // In Kafka's name space, but not Kafka's.
        assert!(!is_isolated("org.apache.kafka.connect.mine.Sink"));
        assert!(!is_the_workers("org.apache.kafka.connect.mine.Sink"));
        assert!(is_the_workers("java.lang.Object"));
    }
}
