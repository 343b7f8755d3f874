//! One archive or one folder that classes are read from, within limits: nothing in it is trusted.

use std::collections::BTreeSet;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use env::{Disk, Env, File, OpenOptions};
use zip::ZipArchive;
use zip::result::ZipError;

/// Entries of one archive.
const MOST_ENTRIES: usize = 262_144;
/// Bytes of one class file.
const LARGEST_CLASS: u64 = 8 << 20;
/// Bytes of a manifest, of a jar or of a service.
const LARGEST_MANIFEST: u64 = 1 << 20;
/// Levels of packages in a folder.
const DEEPEST: usize = 128;

/// A class file's suffix.
const CLASS: &str = ".class";

/// An opened archive or folder.
pub(crate) enum Container {
    /// An archive.
    Jar(Box<ZipArchive<BufReader<Box<dyn File>>>>),
    /// A folder that packages begin in.
    Folder(Env, PathBuf),
}

impl Container {
    /// Opens what is at a path.
    ///
    /// # Errors
    /// When it cannot be read, or is an archive that is broken or has too much in it.
    pub(crate) fn open(env: &Env, path: &Path) -> io::Result<Self> {
        let found = env.disk().metadata(path)?;
        if found.is_dir {
            return Ok(Self::Folder(env.clone(), path.to_owned()));
        }
        if found.len == 0 {
            // Neither is a pipe opened, which would wait for a writer.
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is empty"));
        }
        let mut reader = BufReader::with_capacity(16 << 10, env.disk().open(path, OpenOptions::READ)?);
        let entries = zip::unstable::read::ZipIterable::try_new(&mut reader, zip::read::Config::default())
            .map_err(unreadable)?
            .len();
        if entries > MOST_ENTRIES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it has more than {MOST_ENTRIES} entries")));
        }
        Ok(Self::Jar(Box::new(ZipArchive::new(reader).map_err(unreadable)?)))
    }

    /// The paths of all class files but those of `META-INF`, in the container's order.
    pub(crate) fn classes(&self) -> io::Result<Vec<String>> {
        match self {
            Self::Jar(archive) => Ok(archive
                .file_names()
                .filter_map(Result::ok)
                .filter(|name| name.ends_with(CLASS) && !name.starts_with("META-INF/"))
                .map(|name| name.into_owned())
                .collect()),
            Self::Folder(env, root) => {
                let mut classes = BTreeSet::new();
                walk(env.disk(), root, "", 0, &mut classes)?;
                Ok(classes.into_iter().collect())
            }
        }
    }

    /// One class file; `None` when there is none of that path.
    pub(crate) fn class(&mut self, path: &str) -> io::Result<Option<Vec<u8>>> {
        self.read(path, LARGEST_CLASS)
    }

    /// One manifest; `None` when there is none of that path.
    pub(crate) fn manifest(&mut self, path: &str) -> io::Result<Option<Vec<u8>>> {
        self.read(path, LARGEST_MANIFEST)
    }

    fn read(&mut self, path: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        let read = match self {
            Self::Jar(archive) => match archive.by_name(path) {
                Ok(entry) => entry.take(limit + 1).read_to_end(&mut bytes),
                Err(ZipError::FileNotFound) => return Ok(None),
                Err(error) => return Err(unreadable(error)),
            },
            Self::Folder(env, root) => {
                let path = root.join(path);
                match env.disk().metadata(&path) {
                    Ok(found) if found.is_dir || found.len == 0 => return Ok(None),
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                    Err(error) => return Err(error),
                }
                env.disk().open(&path, OpenOptions::READ)?.take(limit + 1).read_to_end(&mut bytes)
            }
        };
        read?;
        if bytes.len() as u64 > limit {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{path} has more than {limit} bytes")));
        }
        Ok(Some(bytes))
    }
}

fn unreadable(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(error) => error,
        error => io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
    }
}

/// Finds the class files below a folder. Java's names of packages have no dots in their parts, and neither have these.
fn walk(disk: &dyn Disk, folder: &Path, prefix: &str, depth: usize, found: &mut BTreeSet<String>) -> io::Result<()> {
    if depth > DEEPEST {
        return Ok(());
    }
    for name in disk.read_dir(folder)? {
        let Some(name) = name.file_name().and_then(|name| name.to_str()) else { continue };
        if found.len() >= MOST_ENTRIES || (depth == 0 && name == "META-INF") {
            continue;
        }
        if name.ends_with(CLASS) {
            found.insert(format!("{prefix}{name}"));
        } else if !name.contains('.') {
            let below = folder.join(name);
            if disk.metadata(&below).is_ok_and(|found| found.is_dir) {
                walk(disk, &below, &format!("{prefix}{name}/"), depth + 1, found)?;
            }
        }
    }
    Ok(())
}
