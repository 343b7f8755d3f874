//! Everything on `plugin.path`, listed once.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use connect_config::version;
use env::Env;

use super::kind::JavaKind;
use super::location::{Location, elements, places};
use super::scan::{Depth, FoundPlugin, Scan, scan};

/// `plugin.discovery`: how plug-ins are looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Discovery {
    /// All classes.
    OnlyScan,
    /// All classes; a plug-in without a manifest is a warning.
    #[default]
    HybridWarn,
    /// All classes; a plug-in without a manifest ends the worker.
    HybridFail,
    /// Manifests alone.
    ServiceLoad,
}

impl Discovery {
    /// The mode of that name, in any case; `None` for another name.
    pub fn of(name: &str) -> Option<Self> {
        let modes = [
            ("only_scan", Self::OnlyScan),
            ("hybrid_warn", Self::HybridWarn),
            ("hybrid_fail", Self::HybridFail),
            ("service_load", Self::ServiceLoad),
        ];
        modes.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name.trim())).map(|(_, mode)| mode)
    }

    fn depth(self) -> Depth {
        if self == Self::ServiceLoad { Depth::Manifests } else { Depth::Classes }
    }
}

/// What is on a `plugin.path`.
#[derive(Debug, Default)]
pub struct Listing {
    /// The plug-ins, place by place.
    pub plugins: Vec<FoundPlugin>,
    /// The places, with the texts that Java has for them.
    pub places: Vec<(PathBuf, String)>,
    /// Elements of the path that cannot be looked at, as written.
    pub missing: Vec<(String, String)>,
    /// Archives and classes that cannot be read, and why.
    pub troubles: Vec<(PathBuf, String)>,
    /// How long it took.
    pub took: Duration,
}

/// Lists a `plugin.path`. Blocks while it reads.
pub fn list(env: &Env, plugin_path: &str, discovery: Discovery) -> Listing {
    let started = env.clock().now();
    let mut listing = Listing::default();
    let mut all: Vec<PathBuf> = Vec::new();
    for element in elements(plugin_path) {
        match places(env, element) {
            Ok(found) => {
                let new: Vec<PathBuf> = found.into_iter().filter(|place| !all.contains(place)).collect();
                all.extend(new);
            }
            Err(error) => listing.missing.push((element.to_owned(), error.to_string())),
        }
    }
    for place in all {
        match Location::at(env, &place) {
            Ok(location) => {
                let Scan { plugins, troubles, .. } = scan(env, &location, discovery.depth());
                listing.places.push((place, location.url()));
                listing.plugins.extend(plugins);
                listing.troubles.extend(troubles);
            }
            Err(error) => listing.missing.push((place.display().to_string(), error.to_string())),
        }
    }
    listing.took = env.clock().now() - started;
    listing
}

impl Listing {
    /// The plug-in that a full class name or an alias means; of a class with several versions the newest. `wanted` says
    /// which kinds may be meant. An alias of two classes means none, as in Java.
    pub fn find(&self, name: &str, wanted: impl Fn(JavaKind) -> bool) -> Option<&FoundPlugin> {
        let class = match self.plugins.iter().find(|plugin| plugin.class == name) {
            Some(plugin) => &plugin.class,
            None => {
                let mut named = self.plugins.iter().filter(|plugin| plugin.aliases().contains(&name));
                let class = &named.next()?.class;
                if !named.all(|plugin| plugin.class == *class) {
                    return None;
                }
                class
            }
        };
        let of_class = self.plugins.iter().filter(|plugin| plugin.class == *class && wanted(plugin.kind));
        of_class.max_by(|a, b| version::compare(&a.version, &b.version))
    }

    /// The plug-ins that only a scan of all classes finds, by class and place, with the text of their place.
    pub fn without_manifest(&self) -> Vec<(&FoundPlugin, &str)> {
        let urls: BTreeMap<&PathBuf, &str> = self.places.iter().map(|(path, url)| (path, url.as_str())).collect();
        let url = |plugin: &FoundPlugin| urls.get(&plugin.location).copied().unwrap_or_default();
        let mut found: Vec<_> =
            self.plugins.iter().filter(|plugin| !plugin.is_service()).map(|one| (one, url(one))).collect();
        found.sort_by(|(a, at), (b, bt)| (&a.class, at, a.kind).cmp(&(&b.class, bt, b.kind)));
        found
    }
}
