//! `DirectoryConfigProvider`: the path is a directory, the key the name of a file in it, the value its whole text, which is UTF-8.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};
use std::sync::Arc;

use super::allowed_paths::AllowedPaths;
use super::providers::Provider;
use super::surroundings::{FileKind, LONGEST_FILE, Surroundings, utf8};
use crate::{ConfigError, RawConfig};

pub(crate) struct DirectoryProvider {
    surroundings: Arc<dyn Surroundings>,
    allowed: AllowedPaths,
}

impl DirectoryProvider {
    pub(crate) fn new(parameters: &RawConfig, surroundings: Arc<dyn Surroundings>) -> Result<Self, ConfigError> {
        let allowed = AllowedPaths::new(parameters.get(AllowedPaths::PARAMETER), &*surroundings)?;
        Ok(Self { surroundings, allowed })
    }

    fn is(&self, path: &Path, kind: FileKind) -> bool {
        self.surroundings.kind(path).is_ok_and(|found| found == kind)
    }
}

/// Whether it can be the name of a file: a key never leads out of the directory.
fn is_name(key: &str) -> bool {
    let mut components = Path::new(key).components();
    matches!((components.next(), components.next()), (Some(Component::Normal(name)), None) if name == key)
}

impl Provider for DirectoryProvider {
    fn get(&self, path: &str, keys: &BTreeSet<&str>) -> Result<BTreeMap<String, String>, ConfigError> {
        let mut found = BTreeMap::new();
        if path.is_empty() {
            return Ok(found);
        }
        let Some(folder) = self.allowed.check(path)? else {
            tracing::warn!("The path {path} is not allowed to be accessed");
            return Ok(found);
        };
        if !self.is(&folder, FileKind::Directory) {
            tracing::warn!("The path {path} is not a directory");
            return Ok(found);
        }
        for key in keys.iter().filter(|key| is_name(key)) {
            let file = folder.join(key);
            if !self.is(&file, FileKind::File) {
                continue;
            }
            let text = self.surroundings.read(&file, LONGEST_FILE).and_then(utf8).map_err(|error| {
                let text = format!("Could not read file {} for property {key}", file.display());
                tracing::error!("{text}: {error}");
                ConfigError::sentence(text)
            })?;
            found.insert((*key).to_owned(), text);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::doubles::Stage;

    fn get(allowed: &str, path: &str, keys: &[&str]) -> Result<Vec<(String, String)>, String> {
        let stage = Stage::default()
            .file("/s/password", " hunter2\n")
            .file("/s/bytes", b"a\xffb")
            .file("/s/device", "x")
            .device("/s/device")
            .file("/outside", "x")
            .file("/s/locked", "x")
            .locked("/s/locked")
            .folder("/s/folder");
        let parameters = RawConfig::from([("allowed.paths", allowed)]);
        let provider = DirectoryProvider::new(&parameters, Arc::new(stage)).unwrap();
        let found = provider.get(path, &keys.iter().copied().collect());
        found.map(|found| found.into_iter().collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn whole_files_as_they_are() {
        let expected = ("password".to_owned(), " hunter2\n".to_owned());
        assert_eq!(get("", "/s", &["password", "absent", "folder", "device"]).unwrap(), [expected]);
    }

    #[test]
    fn keys_are_names() {
        assert_eq!(get("", "/s", &["../outside", "/outside", ".", "..", "", "password/", "./password"]).unwrap(), []);
    }

    #[test]
    fn what_is_no_allowed_directory_is_as_if_empty() {
        for (allowed, path) in [("", ""), ("", "/s/password"), ("", "/absent"), ("/s/folder", "/s")] {
            assert_eq!(get(allowed, path, &["password"]).unwrap(), [], "{path}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read() {
        for key in ["locked", "bytes"] {
            let expected = format!("Could not read file /s/{key} for property {key}");
            assert_eq!(get("/s", "/s/", &[key]).unwrap_err(), expected);
        }
    }
}
