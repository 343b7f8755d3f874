//! Surroundings for tests.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::surroundings::{FileKind, Matcher, Surroundings};

/// Files, folders and variables in memory. `matcher` knows only equal text, and refuses `strange`.
#[derive(Default)]
pub(crate) struct Stage {
    files: BTreeMap<PathBuf, Vec<u8>>,
    folders: Vec<PathBuf>,
    locked: Vec<PathBuf>,
    devices: Vec<PathBuf>,
    variables: BTreeMap<String, String>,
}

impl Stage {
    pub(crate) fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.files.insert(path.into(), content.as_ref().to_vec());
        self
    }

    pub(crate) fn folder(mut self, path: &str) -> Self {
        self.folders.push(path.into());
        self
    }

    pub(crate) fn locked(mut self, path: &str) -> Self {
        self.locked.push(path.into());
        self
    }

    pub(crate) fn device(mut self, path: &str) -> Self {
        self.devices.push(path.into());
        self
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }
}

impl Surroundings for Stage {
    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        if self.devices.iter().any(|device| device == path) {
            return Ok(FileKind::Other);
        }
        if self.files.contains_key(path) {
            return Ok(FileKind::File);
        }
        let mut known = self.files.keys().chain(&self.folders);
        let folder = known.any(|known| known.starts_with(path));
        if folder { Ok(FileKind::Directory) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn read(&self, path: &Path, _limit: u64) -> io::Result<Vec<u8>> {
        if self.locked.iter().any(|locked| locked == path) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn matcher(&self, pattern: &str) -> Result<Matcher, String> {
        let own = pattern.to_owned();
        if own == "strange" { Err("it is strange".to_owned()) } else { Ok(Box::new(move |text| text == own)) }
    }
}
