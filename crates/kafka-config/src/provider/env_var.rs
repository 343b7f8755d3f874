//! `EnvVarConfigProvider`: the key is a variable of the process's environment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::providers::Provider;
use super::surroundings::{Matcher, Surroundings};
use crate::{ConfigError, RawConfig, check_pattern};

const ALLOWLIST: &str = "allowlist.pattern";

pub(crate) struct EnvVarProvider {
    surroundings: Arc<dyn Surroundings>,
    /// `None` allows all.
    allowed: Option<Matcher>,
}

impl EnvVarProvider {
    pub(crate) fn new(parameters: &RawConfig, surroundings: Arc<dyn Surroundings>) -> Result<Self, ConfigError> {
        let Some(pattern) = parameters.get(ALLOWLIST) else {
            tracing::info!("No pattern for environment variables provided. Using default pattern '(.*)'.");
            return Ok(Self { surroundings, allowed: None });
        };
        check_pattern(pattern).map_err(ConfigError::sentence)?;
        let matcher = surroundings
            .matcher(pattern)
            .map_err(|reason| ConfigError::sentence(format!("{ALLOWLIST}={pattern} cannot be used: {reason}")))?;
        Ok(Self { surroundings, allowed: Some(matcher) })
    }
}

impl Provider for EnvVarProvider {
    fn get(&self, path: &str, keys: &BTreeSet<&str>) -> Result<BTreeMap<String, String>, ConfigError> {
        if !path.is_empty() {
            let text = format!("Path is not supported for EnvVarConfigProvider, invalid value '{path}'");
            tracing::error!("{text}");
            return Err(ConfigError::sentence(text));
        }
        let allowed = keys.iter().filter(|key| self.allowed.as_ref().is_none_or(|allowed| allowed(key)));
        Ok(allowed.filter_map(|key| Some(((*key).to_owned(), self.surroundings.variable(key)?))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::doubles::Stage;

    fn get(parameters: &RawConfig, path: &str) -> Result<Vec<String>, String> {
        let stage = Stage::default().set("APP_A", "1").set("APP_B", "2").set("OTHER", "3");
        let provider = EnvVarProvider::new(parameters, Arc::new(stage)).map_err(|error| error.to_string())?;
        let found = provider.get(path, &BTreeSet::from(["APP_A", "OTHER", "ABSENT"]));
        let found = found.map_err(|error| error.to_string())?;
        Ok(found.into_iter().map(|(key, value)| format!("{key}={value}")).collect())
    }

    #[test]
    fn variables_of_the_process() {
        assert_eq!(get(&RawConfig::new(), "").unwrap(), ["APP_A=1", "OTHER=3"]);
        assert_eq!(get(&RawConfig::from([("allowlist.pattern", "APP_A")]), "").unwrap(), ["APP_A=1"]);
        assert!(get(&RawConfig::from([("allowlist.pattern", "APP")]), "").unwrap().is_empty());
    }

    #[test]
    fn refusals() {
        let expected = "Path is not supported for EnvVarConfigProvider, invalid value '/x'";
        assert_eq!(get(&RawConfig::new(), "/x").unwrap_err(), expected);
        assert!(get(&RawConfig::from([("allowlist.pattern", "(")]), "").unwrap_err().contains("Unclosed group"));
        let strange = get(&RawConfig::from([("allowlist.pattern", "strange")]), "").unwrap_err();
        assert_eq!(strange, "allowlist.pattern=strange cannot be used: it is strange");
    }
}
