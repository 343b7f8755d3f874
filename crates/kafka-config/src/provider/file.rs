//! `FileConfigProvider`: the path is a file of properties in UTF-8, the key one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::allowed_paths::AllowedPaths;
use super::providers::Provider;
use super::surroundings::{LONGEST_FILE, Surroundings, utf8};
use crate::{ConfigError, RawConfig, properties};

pub(crate) struct FileProvider {
    surroundings: Arc<dyn Surroundings>,
    allowed: AllowedPaths,
}

impl FileProvider {
    pub(crate) fn new(parameters: &RawConfig, surroundings: Arc<dyn Surroundings>) -> Result<Self, ConfigError> {
        let allowed = AllowedPaths::new(parameters.get(AllowedPaths::PARAMETER), &*surroundings)?;
        Ok(Self { surroundings, allowed })
    }
}

impl Provider for FileProvider {
    fn get(&self, path: &str, keys: &BTreeSet<&str>) -> Result<BTreeMap<String, String>, ConfigError> {
        if path.is_empty() {
            return Ok(BTreeMap::new());
        }
        let Some(allowed) = self.allowed.check(path)? else {
            tracing::warn!("The path {path} is not allowed to be accessed");
            return Ok(BTreeMap::new());
        };
        let text = self.surroundings.read(&allowed, LONGEST_FILE).and_then(utf8);
        let text = text.map_err(|error| {
            tracing::error!("Could not read properties from file {path}: {error}");
            ConfigError::sentence(format!("Could not read properties from file {path}"))
        })?;
        let found = properties::read_text(&text).map_err(|error| ConfigError::sentence(error.to_string()))?;
        Ok(found.into_iter().filter(|(key, _)| keys.contains(key.as_str())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::doubles::Stage;

    fn get(parameters: &RawConfig, path: &str) -> Result<Vec<(String, String)>, String> {
        let stage = Stage::default()
            .file("/s/a.properties", "k=v\\\n  w\nu = \u{e4}\\u00f6\\ü\nother=x\nempty=\n")
            .file("/s/latin", b"k=\xe4")
            .file("/s/broken", "k=\\u12")
            .folder("/s/folder");
        let provider = FileProvider::new(parameters, Arc::new(stage)).unwrap();
        let found = provider.get(path, &BTreeSet::from(["k", "u", "empty", "absent"]));
        found.map(|found| found.into_iter().collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn properties_in_utf8() {
        let expected = [("empty", ""), ("k", "vw"), ("u", "äöü")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(get(&RawConfig::new(), "/s/a.properties").unwrap(), expected);
        assert_eq!(get(&RawConfig::new(), "").unwrap(), []);
    }

    #[test]
    fn what_cannot_be_read() {
        for path in ["/s/absent", "/s/folder", "/s/latin"] {
            let expected = format!("Could not read properties from file {path}");
            assert_eq!(get(&RawConfig::new(), path).unwrap_err(), expected);
        }
        assert_eq!(get(&RawConfig::new(), "/s/broken").unwrap_err(), "Malformed \\uxxxx encoding.");
    }

    #[test]
    fn other_paths_are_as_if_empty() {
        let allowed = RawConfig::from([("allowed.paths", "/s/folder")]);
        assert_eq!(get(&allowed, "/s/a.properties").unwrap(), []);
        assert_eq!(get(&allowed, "/s/folder/../a.properties").unwrap(), []);
        assert!(!get(&RawConfig::from([("allowed.paths", "/s")]), "/s/a.properties").unwrap().is_empty());
    }
}
