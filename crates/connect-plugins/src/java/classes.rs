//! The classes of one place and what they stand under. Class files are read once; what is kept of each is small, and of
//! those that only Java's own types stand above, nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use env::Env;

use super::class_file::{self, Head};
use super::container::Container;
use super::kind::JavaKind;
use super::known_types::{is_java, is_on_the_class_path, is_the_workers, known};
use super::version::{Saying, field_says, method_says};

/// Classes of one place that are known by name.
const MOST_CLASSES: usize = 1_000_000;
/// Classes of one place whose heads are kept.
const MOST_HEADS: usize = 262_144;
/// Bytes of class files of one place that are read.
const MOST_BYTES: u64 = 4 << 30;
/// Types above one class.
const MOST_ANCESTORS: usize = 1_024;
/// Methods and fields that a version is followed through.
const MOST_HOPS: usize = 8;

const VERSIONED: &str = "org.apache.kafka.connect.components.Versioned";
const KAFKA_VERSION: &str = "4.3.1";
/// What Java calls the version of a plug-in that has none.
pub const UNDEFINED: &str = "undefined";

/// See the module.
pub(super) struct Classes {
    env: Env,
    containers: Vec<PathBuf>,
    /// Only one is open at a time: a place may have more jars than a process may have files.
    open: Option<(usize, Container)>,
    /// Which container has a class, by the hash of its path. Never iterated.
    places: HashMap<u64, u32>,
    heads: BTreeMap<String, Head>,
    bytes_read: u64,
}

/// What could not be read, and why.
pub(super) type Troubles = Vec<(PathBuf, String)>;

/// A type above a class.
enum Above {
    /// In this place.
    Here(Head),
    /// One of Kafka's; these are above it.
    Kafkas(&'static [&'static str]),
    /// Of the JDK or a library of Kafka: nothing above it matters.
    Elsewhere,
    /// Nowhere.
    Missing,
}

impl Classes {
    /// Learns the names of all classes; the first container that has one wins.
    pub(super) fn new(env: &Env, containers: Vec<PathBuf>) -> (Self, Troubles) {
        let (places, heads) = (HashMap::new(), BTreeMap::new());
        let mut classes = Self { env: env.clone(), containers, open: None, places, heads, bytes_read: 0 };
        let mut troubles = Vec::new();
        for index in 0..classes.containers.len() {
            let names = classes.container(index).and_then(|container| container.classes());
            match names {
                Ok(names) => troubles.extend(classes.learn(index, &names)),
                Err(error) => troubles.push((classes.containers[index].clone(), error.to_string())),
            }
        }
        (classes, troubles)
    }

    fn learn(&mut self, index: usize, names: &[String]) -> Option<(PathBuf, String)> {
        for name in names {
            if self.places.len() >= MOST_CLASSES {
                return Some((self.containers[index].clone(), format!("there are more than {MOST_CLASSES} classes")));
            }
            self.places.entry(hash(name)).or_insert(index as u32);
        }
        None
    }

    /// Reads the heads of all classes, and keeps those that can matter.
    pub(super) fn read_heads(&mut self) -> Troubles {
        let mut troubles = Vec::new();
        for index in 0..self.containers.len() {
            let names = self.container(index).and_then(|container| container.classes()).unwrap_or_default();
            let mut broken = None;
            for name in
                names.iter().filter(|name| self.places.get(&hash(name)) == Some(&(index as u32))).collect::<Vec<_>>()
            {
                if self.bytes_read > MOST_BYTES || self.heads.len() >= MOST_HEADS {
                    troubles.push((self.containers[index].clone(), "there is too much in this place".to_owned()));
                    return troubles;
                }
                match self.read(index, name).map(|bytes| bytes.map(|bytes| class_file::head(&bytes))) {
                    Ok(Some(Ok(head))) => self.keep(name, head),
                    Ok(None) => {}
                    Ok(Some(Err(error))) => broken = broken.or(Some(format!("{name}: {error}"))),
                    Err(error) => broken = broken.or(Some(format!("{name}: {error}"))),
                }
            }
            troubles.extend(broken.map(|why| (self.containers[index].clone(), why)));
        }
        troubles
    }

    fn keep(&mut self, path: &str, head: Head) {
        let above = head.parent.iter().chain(&head.interfaces);
        if path_of(&head.name) == path && above.into_iter().any(|name| !is_java(name)) {
            self.heads.insert(head.name.clone(), head);
        }
    }

    /// The classes that Java's scan of all classes finds, with their kinds.
    pub(super) fn scanned(&mut self) -> BTreeSet<(String, JavaKind)> {
        let mut found = BTreeSet::new();
        let candidates: Vec<String> =
            self.heads.values().filter(|head| head.public && head.concrete).map(|head| head.name.clone()).collect();
        for name in candidates {
            // Parity: the scan does not see classes that are not public, nor what they extend.
            let above = self.above_all(&name, |head| head.public).0;
            for kind in JavaKind::ALL.into_iter().filter(|kind| kind.is_scanned()) {
                if above.contains(kind.interface()) {
                    found.insert((name.clone(), kind));
                }
            }
        }
        found
    }

    /// Whether Java could load the class from here, as a plug-in of this kind.
    pub(super) fn is_loadable(&mut self, name: &str, kind: JavaKind) -> bool {
        if is_the_workers(name) || !self.head(name).is_some_and(|head| head.public && head.concrete) {
            return false;
        }
        let (above, complete) = self.above_all(name, |_| true);
        complete && above.contains(kind.interface())
    }

    /// The container that has the class.
    pub(super) fn jar(&self, name: &str) -> Option<&Path> {
        let index = *self.places.get(&hash(&path_of(name)))?;
        self.containers.get(index as usize).map(PathBuf::as_path)
    }

    /// Its class file.
    pub(super) fn bytes(&mut self, name: &str) -> Option<Vec<u8>> {
        let path = path_of(name);
        let index = *self.places.get(&hash(&path))?;
        self.read(index as usize, &path).ok().flatten()
    }

    fn head(&mut self, name: &str) -> Option<Head> {
        if let Some(head) = self.heads.get(name) {
            return Some(head.clone());
        }
        let head = class_file::head(&self.bytes(name)?).ok().filter(|head| head.name == name)?;
        if self.heads.len() < MOST_HEADS {
            self.heads.insert(name.to_owned(), head.clone());
        }
        Some(head)
    }

    fn above(&mut self, name: &str) -> Above {
        let kafkas = known(name);
        if is_the_workers(name) {
            return kafkas.map_or(Above::Elsewhere, |known| Above::Kafkas(&known.parents));
        }
        if self.places.contains_key(&hash(&path_of(name))) {
            return self.head(name).map_or(Above::Missing, Above::Here);
        }
        match kafkas {
            Some(known) => Above::Kafkas(&known.parents),
            None if is_on_the_class_path(name) => Above::Elsewhere,
            None => Above::Missing,
        }
    }

    /// All types above a class, itself included, and whether all of them are there. What `seen` does not let through has
    /// nothing above it.
    fn above_all(&mut self, name: &str, seen: impl Fn(&Head) -> bool) -> (BTreeSet<String>, bool) {
        let (mut all, mut open, mut complete) = (BTreeSet::new(), vec![name.to_owned()], true);
        while let Some(name) = open.pop() {
            if all.contains(&name) || all.len() > MOST_ANCESTORS {
                continue;
            }
            match self.above(&name) {
                Above::Here(head) if seen(&head) => open.extend(head.parent.into_iter().chain(head.interfaces)),
                Above::Kafkas(parents) => open.extend(parents.iter().map(|parent| (*parent).to_owned())),
                Above::Here(_) | Above::Elsewhere => {}
                Above::Missing => complete = false,
            }
            all.insert(name);
        }
        (all, complete)
    }

    fn container(&mut self, index: usize) -> io::Result<&mut Container> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != index) {
            self.open = None;
            self.open = Some((index, Container::open(&self.env, &self.containers[index])?));
        }
        let (_, container) = self.open.as_mut().expect("it was opened above");
        Ok(container)
    }

    fn read(&mut self, index: usize, path: &str) -> io::Result<Option<Vec<u8>>> {
        let bytes = self.container(index)?.class(path)?;
        self.bytes_read += bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
        Ok(bytes)
    }
}

fn path_of(name: &str) -> String {
    format!("{}.class", name.replace('.', "/"))
}

fn hash(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

/// Versions.
impl Classes {
    /// What `version()` of a plug-in answers, as far as that can be told without running it; else what the manifest of
    /// its jar says, else [`UNDEFINED`].
    pub(super) fn version(&mut self, class: &str) -> String {
        if !self.above_all(class, |_| true).0.contains(VERSIONED) {
            return UNDEFINED.to_owned();
        }
        let mut saying = self.method(class, "version").unwrap_or(Saying::Text(UNDEFINED.to_owned()));
        for _ in 0..MOST_HOPS {
            saying = match saying {
                Saying::Text(text) => return text,
                Saying::Null => return "null".to_owned(),
                Saying::Kafka => return KAFKA_VERSION.to_owned(),
                Saying::Jar => return self.jar_version(class).unwrap_or("null".to_owned()),
                Saying::Method(of, name) => self.method(&of, &name).unwrap_or(Saying::Unknown),
                Saying::Own(name) => self.method(class, &name).unwrap_or(Saying::Unknown),
                Saying::Field(of, name) => self.field(&of, &name),
                Saying::Unknown => break,
            };
        }
        self.jar_version(class).unwrap_or(UNDEFINED.to_owned())
    }

    /// What the method of a class, or of the nearest one above it that has it, gives.
    fn method(&mut self, of: &str, name: &str) -> Option<Saying> {
        self.lineage(of).iter().find_map(|ancestor| match self.above(ancestor) {
            Above::Here(_) => method_says(&self.bytes(ancestor)?, name).unwrap_or(Some(Saying::Unknown)),
            Above::Kafkas(_) if name == "version" => {
                known(ancestor)?.version.map(|version| Saying::Text(version.to_owned()))
            }
            _ => None,
        })
    }

    fn field(&mut self, of: &str, name: &str) -> Saying {
        match self.bytes(of) {
            Some(bytes) => field_says(&bytes, name).unwrap_or(Saying::Unknown),
            None => Saying::Unknown,
        }
    }

    /// A class, its super classes, then their interfaces: the order in which a method is looked for.
    fn lineage(&mut self, class: &str) -> Vec<String> {
        let (mut found, mut interfaces) = (Vec::new(), Vec::new());
        let mut next = Some(class.to_owned());
        while let Some(class) = next.take().filter(|class| found.len() < MOST_ANCESTORS && !found.contains(class)) {
            match self.above(&class) {
                Above::Here(head) => {
                    next = head.parent;
                    interfaces.extend(head.interfaces);
                }
                // Of these the first is the super class, if there is one; an interface does no harm here.
                Above::Kafkas(parents) => {
                    let mut parents = parents.iter().map(|parent| (*parent).to_owned());
                    next = parents.next();
                    interfaces.extend(parents);
                }
                Above::Elsewhere | Above::Missing => {}
            }
            found.push(class);
        }
        let mut at = 0;
        while let Some(interface) = interfaces.get(at).cloned().filter(|_| at < MOST_ANCESTORS) {
            at += 1;
            match self.above(&interface) {
                Above::Here(head) => interfaces.extend(head.interfaces),
                Above::Kafkas(parents) => interfaces.extend(parents.iter().map(|parent| (*parent).to_owned())),
                Above::Elsewhere | Above::Missing => {}
            }
        }
        found.extend(interfaces);
        found
    }

    /// `Implementation-Version` of the jar that has the class.
    fn jar_version(&mut self, class: &str) -> Option<String> {
        let index = *self.places.get(&hash(&path_of(class)))?;
        let manifest = self.container(index as usize).ok()?.manifest("META-INF/MANIFEST.MF").ok()??;
        implementation_version(&String::from_utf8_lossy(&manifest))
    }
}

/// The attribute of a jar's manifest; only its main section counts. A line that begins with a blank goes on with the
/// one before.
fn implementation_version(manifest: &str) -> Option<String> {
    let mut version: Option<String> = None;
    for line in manifest.lines().take_while(|line| !line.is_empty()) {
        match (&mut version, line.strip_prefix(' '), line.split_once(": ")) {
            (Some(version), Some(more), _) => version.push_str(more),
            (Some(_), None, _) => break,
            (None, None, Some((name, value))) if name.eq_ignore_ascii_case("Implementation-Version") => {
                version = Some(value.to_owned());
            }
            _ => {}
        }
    }
    version.filter(|version| !version.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_manifests() {
        let version = |text: &str| implementation_version(text);
        let text = "Manifest-Version: 1.0\r\nimplementation-version: 1.2\r\n .3\r\nX: y\r\n";
        assert_eq!(version(text).as_deref(), Some("1.2.3"));
        assert_eq!(version("Manifest-Version: 1.0\n\nName: a/\nImplementation-Version: 1\n"), None);
        assert_eq!(version(""), None);
    }
}
