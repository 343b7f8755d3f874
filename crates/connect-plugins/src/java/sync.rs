//! What has to change so that the manifests of a place name exactly the plug-ins that are there
//! (Apache: `ManifestWorkspace`).

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use env::Env;

use super::kind::JavaKind;
use super::location::{Layout, Location};
use super::manifest_files::{rewrite_folder, rewrite_jar};
use super::scan::{Manifests, Scan, manifests_at};

/// The jar that gets the manifests of a place with several jars.
const SHIM: &str = "connect-plugin-path-shim-1.0.0.jar";

/// New manifests for one jar or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The jar or folder.
    pub path: PathBuf,
    is_folder: bool,
    before: Manifests,
    after: Manifests,
}

/// The manifests that name a class, which Java could not make as a plug-in of that kind here.
pub fn not_loadable(scan: &Scan) -> BTreeSet<(String, JavaKind)> {
    let mut named: BTreeSet<(String, JavaKind)> = BTreeSet::new();
    for (kind, names) in scan.manifests.iter().flat_map(|(_, manifests)| manifests) {
        named.extend(names.iter().map(|name| (name.clone(), *kind)));
    }
    for plugin in &scan.plugins {
        named.remove(&(plugin.class.clone(), plugin.kind));
    }
    named
}

/// What has to change in a place. `keep_not_found` leaves the names of classes that are not there.
pub fn changes(env: &Env, location: &Location, scan: &Scan, keep_not_found: bool) -> Vec<Change> {
    let is_folder = location.layout == Layout::Classes;
    let change = |(path, before): (PathBuf, Manifests)| Change { path, is_folder, after: before.clone(), before };
    let mut all: Vec<Change> = scan.manifests.iter().cloned().map(change).collect();
    let managed = managed(env, location, &mut all);
    for plugin in scan.plugins.iter().filter(|plugin| !plugin.has_manifest) {
        all[managed].after.entry(plugin.kind).or_default().push(plugin.class.clone());
    }
    if !keep_not_found {
        for (class, kind) in not_loadable(scan) {
            for change in &mut all {
                if let Some(names) = change.after.get_mut(&kind) {
                    names.retain(|name| *name != class);
                }
            }
        }
    }
    for change in &mut all {
        change.before.retain(|_, names| !names.is_empty());
        change.after.retain(|_, names| !names.is_empty());
    }
    all.retain(|change| change.before != change.after);
    all
}

/// Which of them gets new names: the one there is, or the shim, which is added where it is missing.
fn managed(env: &Env, location: &Location, all: &mut Vec<Change>) -> usize {
    if !matches!(location.layout, Layout::Jars(_)) {
        return 0;
    }
    let path = location.path.join(SHIM);
    all.iter().position(|change| change.path == path).unwrap_or_else(|| {
        let before = manifests_at(env, &path);
        all.push(Change { path, is_folder: false, after: before.clone(), before });
        all.len() - 1
    })
}

impl Change {
    /// The classes that no manifest of the jar named before, sorted.
    pub fn added(&self) -> Vec<&str> {
        difference(&self.after, &self.before)
    }

    /// The classes that no manifest of the jar names any more, sorted.
    pub fn removed(&self) -> Vec<&str> {
        difference(&self.before, &self.after)
    }

    /// The files that are to be written.
    pub fn written(&self) -> Vec<PathBuf> {
        if !self.is_folder {
            return vec![self.path.clone()];
        }
        let kinds: BTreeSet<JavaKind> = self.before.keys().chain(self.after.keys()).copied().collect();
        kinds.into_iter().map(|kind| self.path.join(super::service_file::FOLDER).join(kind.interface())).collect()
    }

    /// Writes the manifests. A jar is replaced in one step.
    ///
    /// # Errors
    /// Those of the file system; a jar is then as it was.
    pub fn write(&self, env: &Env) -> io::Result<()> {
        let path: &Path = &self.path;
        if self.is_folder { rewrite_folder(env, path, &self.after) } else { rewrite_jar(env, path, &self.after) }
    }
}

fn difference<'a>(all: &'a Manifests, without: &Manifests) -> Vec<&'a str> {
    let without: BTreeSet<&String> = without.values().flatten().collect();
    let names: BTreeSet<&String> = all.values().flatten().collect();
    names.into_iter().filter(|name| !without.contains(name)).map(String::as_str).collect()
}
