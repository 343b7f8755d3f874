//! The plug-ins of one place, found as Java's two scanners find them, without running anything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use env::Env;

use super::class_file;
use super::classes::Classes;
use super::container::Container;
use super::kind::JavaKind;
use super::known_types::{known, known_plugins};
use super::location::Location;
use super::service_file;

/// A Java plug-in. A class of two kinds is two plug-ins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundPlugin {
    /// Full class name.
    pub class: String,
    /// What it is.
    pub kind: JavaKind,
    /// Its version, as far as it can be read without running it; else that of its jar, else `undefined`.
    pub version: String,
    /// Its place on `plugin.path`.
    pub location: PathBuf,
    /// The jar it is in; the place itself for a folder of classes.
    pub jar: PathBuf,
    /// The class name without package and outer class: its first alias.
    pub simple_name: String,
    /// Whether a manifest names it, so that `plugin.discovery=service_load` finds it, too.
    pub has_manifest: bool,
}

impl FoundPlugin {
    /// The short names under which configurations may name it.
    pub fn aliases(&self) -> [&str; 2] {
        [&self.simple_name, self.kind.pruned(&self.simple_name)]
    }

    /// Whether Java finds it by manifests alone: its own or Kafka's.
    pub fn is_service(&self) -> bool {
        self.has_manifest || known(&self.class).is_some_and(|known| known.concrete)
    }
}

/// The service manifests of one archive or folder.
pub type Manifests = BTreeMap<JavaKind, Vec<String>>;

/// What was found in one place.
#[derive(Debug, Default)]
pub struct Scan {
    /// The plug-ins, sorted by class name and kind.
    pub plugins: Vec<FoundPlugin>,
    /// Every archive, or the folder, with its manifests; those of one that cannot be read are empty.
    pub manifests: Vec<(PathBuf, Manifests)>,
    /// What could not be read, and why.
    pub troubles: Vec<(PathBuf, String)>,
}

/// How thoroughly to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Manifests, and the classes they name.
    Manifests,
    /// All classes.
    Classes,
}

/// Looks at a place. Blocks while it reads.
pub fn scan(env: &Env, location: &Location, depth: Depth) -> Scan {
    let mut found = Scan::default();
    let mut readable = Vec::new();
    for path in location.containers() {
        match Container::open(env, path) {
            Ok(mut container) => {
                found.manifests.push((path.to_owned(), manifests(&mut container)));
                readable.push(path.to_owned());
            }
            Err(error) => {
                found.manifests.push((path.to_owned(), Manifests::new()));
                found.troubles.push((path.to_owned(), error.to_string()));
            }
        }
    }
    let (mut classes, troubles) = Classes::new(env, readable);
    found.troubles.extend(troubles);
    let mut wanted = named(&found.manifests);
    if depth == Depth::Classes {
        found.troubles.extend(classes.read_heads());
        wanted.extend(classes.scanned());
    }
    for (class, kind) in wanted {
        if let Some(plugin) = plugin(&mut classes, location, &found.manifests, class, kind) {
            found.plugins.push(plugin);
        }
    }
    found
}

/// What the manifests of a place name, with those of Kafka, which Java reads everywhere.
fn named(manifests: &[(PathBuf, Manifests)]) -> BTreeSet<(String, JavaKind)> {
    let all = manifests.iter().flat_map(|(_, manifests)| manifests);
    let mut named: BTreeSet<_> = all.flat_map(|(kind, names)| names.iter().map(|name| (name.clone(), *kind))).collect();
    named.extend(known_plugins().flat_map(|name| JavaKind::ALL.map(|kind| (name.to_owned(), kind))));
    named
}

/// The plug-in of that class, when Java could make it here and it is of this kind.
fn plugin(
    classes: &mut Classes,
    location: &Location,
    manifests: &[(PathBuf, Manifests)],
    class: String,
    kind: JavaKind,
) -> Option<FoundPlugin> {
    if !classes.is_loadable(&class, kind) {
        return None;
    }
    let jar = classes.jar(&class)?.to_owned();
    let details = class_file::details(&classes.bytes(&class)?).ok().filter(|details| details.constructible)?;
    let version = classes.version(&class);
    let has_manifest = has_manifest(manifests, kind, &class);
    let (location, simple_name) = (location.path.clone(), details.simple_name);
    Some(FoundPlugin { class, kind, version, location, jar, simple_name, has_manifest })
}

/// Whether one of the manifests names the class.
pub fn has_manifest(manifests: &[(PathBuf, Manifests)], kind: JavaKind, class: &str) -> bool {
    manifests
        .iter()
        .filter_map(|(_, manifests)| manifests.get(&kind))
        .any(|names| names.iter().any(|name| name == class))
}

/// The service manifests of an archive; a file that Java would not read names nothing.
fn manifests(container: &mut Container) -> Manifests {
    let named = JavaKind::ALL.into_iter().filter_map(|kind| {
        let path = format!("{}/{}", service_file::FOLDER, kind.interface());
        let bytes = container.manifest(&path).ok()??;
        Some((kind, service_file::parse(&bytes).ok()?))
    });
    named.collect()
}

/// The service manifests of an archive or folder; none when it cannot be read.
pub fn manifests_at(env: &Env, path: &Path) -> Manifests {
    Container::open(env, path).map(|mut container| manifests(&mut container)).unwrap_or_default()
}
