//! `plugin.path`: which places it names, and what is at each (Apache: `PluginUtils.pluginLocations`, `pluginUrls`).

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use env::{Disk, Env};

/// Folders and files that are looked at in one place; what has more is not a place for plug-ins.
const MOST_FILES: usize = 1_000_000;

/// One place with plug-ins that see each other, and nothing of other places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Where, as it was written or found.
    pub path: PathBuf,
    /// What is there.
    pub layout: Layout,
}

/// How the classes of a place are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// The place is an archive.
    Jar,
    /// A folder with archives, in the order in which they are searched; perhaps none.
    Jars(Vec<PathBuf>),
    /// A folder of class files.
    Classes,
}

impl Location {
    /// Looks at one place.
    ///
    /// # Errors
    /// When it is not an archive and cannot be read as a folder.
    pub fn at(env: &Env, path: &Path) -> io::Result<Self> {
        let layout = if is_archive(path) { Layout::Jar } else { folder(env.disk(), path)? };
        Ok(Self { path: path.to_owned(), layout })
    }

    /// The place as Java's log and REST name it.
    pub fn url(&self) -> String {
        let folder = !matches!(self.layout, Layout::Jar);
        format!("file:{}{}", self.path.display(), if folder { "/" } else { "" })
    }

    /// The archives, or the one folder, that classes are read from.
    pub(crate) fn containers(&self) -> Vec<&Path> {
        match &self.layout {
            Layout::Jar | Layout::Classes => vec![&self.path],
            Layout::Jars(archives) => archives.iter().map(PathBuf::as_path).collect(),
        }
    }
}

/// The elements of a `plugin.path`, separated by commas with blanks around them.
pub fn elements(plugin_path: &str) -> impl Iterator<Item = &str> {
    plugin_path.trim().split(',').map(str::trim)
}

/// The places that one element of a `plugin.path` names: itself when it is an archive, its children when it is a folder.
///
/// # Errors
/// When nothing is there, or the folder cannot be read.
pub fn places(env: &Env, element: &str) -> io::Result<Vec<PathBuf>> {
    let path = absolute(env, element)?;
    let disk = env.disk();
    let found = disk.metadata(&path)?;
    if found.is_dir {
        return children(disk, &path);
    }
    Ok(if is_archive(&path) { vec![path] } else { Vec::new() })
}

fn absolute(env: &Env, element: &str) -> io::Result<PathBuf> {
    let path = written(element);
    if path.is_absolute() { Ok(path) } else { Ok(env.disk().canonicalize(Path::new("."))?.join(path)) }
}

/// A path as Java writes it: without doubled or trailing slashes, and with its dots.
pub fn written(path: &str) -> PathBuf {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let start = if path.starts_with('/') { "/" } else { "" };
    PathBuf::from(format!("{start}{}", parts.join("/")))
}

/// What may matter in a folder, sorted: folders, archives and class files.
fn children(disk: &dyn Disk, folder: &Path) -> io::Result<Vec<PathBuf>> {
    let names = disk.read_dir(folder)?.into_iter();
    let paths = names.map(|name| folder.join(name.file_name().unwrap_or(name.as_os_str())));
    Ok(paths.filter(|path| is_archive(path) || is_class_file(path) || is_folder(disk, path)).collect())
}

fn is_folder(disk: &dyn Disk, path: &Path) -> bool {
    disk.metadata(path).is_ok_and(|found| found.is_dir)
}

/// What is in a folder, and in all below it. Links are followed, each target is visited once.
fn folder(disk: &dyn Disk, top: &Path) -> io::Result<Layout> {
    let mut archives = BTreeSet::new();
    let mut visited = BTreeSet::from([top.to_owned()]);
    let mut classes = false;
    let mut open = vec![children(disk, top)?];
    while let Some(siblings) = open.last_mut() {
        let Some(path) = siblings.pop() else {
            open.pop();
            continue;
        };
        // A link that leads nowhere is passed over.
        let Some(path) = followed(disk, &path) else { continue };
        if !visited.insert(path.clone()) {
            continue;
        }
        if visited.len() > MOST_FILES {
            return Err(io::Error::other(format!("there are more than {MOST_FILES} files")));
        }
        if is_archive(&path) {
            archives.insert(path);
        } else if is_class_file(&path) {
            classes = true;
        } else {
            open.push(children(disk, &path)?);
        }
    }
    Ok(match (archives.is_empty(), classes) {
        (true, true) => Layout::Classes,
        _ => Layout::Jars(archives.into_iter().collect()),
    })
}

/// The target of a link, or the path itself.
fn followed(disk: &dyn Disk, path: &Path) -> Option<PathBuf> {
    let target = disk.canonicalize(path).ok()?;
    let unlinked = path.parent().and_then(|parent| disk.canonicalize(parent).ok()).zip(path.file_name());
    let is_link = unlinked.is_none_or(|(parent, name)| parent.join(name) != target);
    Some(if is_link { target } else { path.to_owned() })
}

/// Whether Java takes a path for an archive.
pub(crate) fn is_archive(path: &Path) -> bool {
    ends_with(path, &[".jar", ".zip"])
}

fn is_class_file(path: &Path) -> bool {
    ends_with(path, &[".class"])
}

fn ends_with(path: &Path, endings: &[&str]) -> bool {
    let text = path.to_string_lossy().to_ascii_lowercase();
    endings.iter().any(|ending| text.ends_with(ending))
}
