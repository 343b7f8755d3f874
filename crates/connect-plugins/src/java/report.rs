//! What people are told about the Java plug-ins on `plugin.path`.

use std::collections::BTreeMap;
use std::path::Path;

use super::kind::JavaKind;
use super::listing::{Discovery, Listing};
use super::scan::FoundPlugin;

/// Names that one line of the log has; the rest is counted.
const MOST_NAMES: usize = 10;

/// Tells the log what was listed. What is built in needs no Java and is only counted.
pub(super) fn log(listing: &Listing, path: &str, discovery: Discovery, is_built_in: &dyn Fn(&str) -> bool) {
    for (element, why) in &listing.missing {
        tracing::error!("Could not get listing for plugin path: {element}. Ignoring. ({why})");
    }
    if let Some((first, why)) = listing.troubles.first() {
        let more = match listing.troubles.len() {
            1 => String::new(),
            all => format!(" (and {} more)", all - 1),
        };
        tracing::warn!("plugin.path: {} cannot be read: {why}{more}; plug-ins in it are not known", first.display());
        for (path, why) in &listing.troubles[1..] {
            tracing::debug!("plugin.path: {} cannot be read: {why}", path.display());
        }
    }
    let foreign: Vec<&FoundPlugin> = listing.plugins.iter().filter(|plugin| !is_built_in(&plugin.class)).collect();
    for plugin in &foreign {
        let (class, kind, version) = (&plugin.class, plugin.kind.name(), &plugin.version);
        tracing::debug!("plugin.path has the {kind} {class} {version} in {}", plugin.jar.display());
    }
    tracing::info!("{}", summary(listing, &foreign));
    let missing: Vec<&FoundPlugin> = foreign.into_iter().filter(|plugin| !plugin.is_service()).collect();
    if discovery == Discovery::HybridWarn && !missing.is_empty() {
        tracing::warn!("{}", manifests_are_missing(&missing, path));
    }
}

fn summary(listing: &Listing, foreign: &[&FoundPlugin]) -> String {
    let mut kinds: BTreeMap<JavaKind, usize> = BTreeMap::new();
    let mut places: BTreeMap<&Path, usize> = BTreeMap::new();
    for plugin in foreign {
        *kinds.entry(plugin.kind).or_default() += 1;
        *places.entry(&plugin.location).or_default() += 1;
    }
    let built_in = match listing.plugins.len() - foreign.len() {
        0 => String::new(),
        count => format!("; {} of Kafka's own are built in here", counted(count, "plug-in")),
    };
    let took = listing.took.as_millis();
    if foreign.is_empty() {
        let places = counted(listing.places.len(), "place");
        return format!("plugin.path: no Java plug-ins in {places}, listed in {took} ms{built_in}");
    }
    let kinds: Vec<String> = kinds.into_iter().map(|(kind, count)| counted(count, kind.word())).collect();
    let places = places.into_iter().map(|(place, count)| format!("{} ({count})", place.display()));
    format!(
        "plugin.path: {} in {}, listed in {took} ms{built_in}. They need the Java plug-in host, which this version of \
         Moldau does not have yet: a configuration that names one is refused",
        kinds.join(", "),
        some_of(places.collect()),
    )
}

fn manifests_are_missing(missing: &[&FoundPlugin], path: &str) -> String {
    let mut names: Vec<String> =
        missing.iter().map(|plugin| format!("{} ({})", plugin.class, plugin.jar.display())).collect();
    // One class may be of two kinds.
    names.dedup();
    format!(
        "plugin.path: {} no manifest in META-INF/services, so that plugin.discovery=service_load would not find {}: {}. \
         'connect-plugin-path.sh sync-manifests --plugin-path {path}' writes the manifests; plugin.discovery=only_scan \
         ends this warning",
        if missing.len() == 1 {
            "one Java plug-in has".to_owned()
        } else {
            format!("{} Java plug-ins have", missing.len())
        },
        if missing.len() == 1 { "it" } else { "them" },
        some_of(names),
    )
}

/// Java's text when `plugin.discovery=hybrid_fail` finds plug-ins without manifests.
pub(super) fn hybrid_failure(missing: &[(&FoundPlugin, &str)]) -> String {
    let line = |(plugin, url): &(&FoundPlugin, &str)| {
        format!("{url}\t{}\t{}\t{}", plugin.class, plugin.kind.name(), plugin.version)
    };
    let lines: Vec<String> = missing.iter().map(line).collect();
    format!(
        "One or more plugins are missing ServiceLoader manifests may not be usable with plugin.discovery=service_load: \
         [\n{}\n]\nRead the documentation at https://kafka.apache.org/documentation.html#connect_plugindiscovery for \
         instructions on migrating your plugins to take advantage of the performance improvements of service_load mode. \
         To silence this error, set plugin.discovery=hybrid_warn in the worker config.",
        lines.join("\n")
    )
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {}", plural(what)) }
}

fn plural(what: &str) -> String {
    match what.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{what}s"),
    }
}

fn some_of(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(MOST_NAMES);
    names.truncate(MOST_NAMES);
    let names = names.join(", ");
    if more == 0 { names } else { format!("{names} and {more} more") }
}
