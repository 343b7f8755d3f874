//! The providers of a worker, and how they resolve the variables of a configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::directory::DirectoryProvider;
use super::env_var::EnvVarProvider;
use super::file::FileProvider;
use super::secrecy::Secrecy;
use super::secrets::Secrets;
use super::surroundings::Surroundings;
use super::variable::{has_variable, variables};
use crate::{ConfigError, RawConfig};

/// What was found, by provider and path, then by key.
type Found<'a> = BTreeMap<(&'a str, &'a str), BTreeMap<String, String>>;

const LIST: &str = "config.providers";

/// One provider.
pub(crate) trait Provider: Send + Sync {
    /// The values of those keys that it has at a path.
    fn get(&self, path: &str, keys: &BTreeSet<&str>) -> Result<BTreeMap<String, String>, ConfigError>;
}

/// Providers by the names that variables call them. Nothing is cached: each call of [`Providers::resolve`] looks anew.
pub struct Providers {
    providers: BTreeMap<String, Box<dyn Provider>>,
    secrets: Arc<Secrets>,
}

impl Providers {
    /// No providers: all variables stay as they are.
    pub fn none() -> Self {
        Self { providers: BTreeMap::new(), secrets: Arc::default() }
    }

    /// The providers for the worker's own file: those of `config.providers` that have a class. What they find is
    /// remembered in `secrets`. `allowed` are the only classes that may be named, as Java's system property
    /// `org.apache.kafka.automatic.config.providers` has it; `None` allows all.
    ///
    /// # Errors
    /// A class that there is not, or that is not allowed; parameters that the provider refuses.
    pub fn of_worker_file(
        raw: &RawConfig,
        allowed: Option<&BTreeSet<String>>,
        surroundings: &Arc<dyn Surroundings>,
        secrets: &Arc<Secrets>,
    ) -> Result<Self, ConfigError> {
        // Parity: blanks count as part of a name here, and are trimmed for connectors.
        Self::open(raw.get(LIST).unwrap_or_default().split(','), raw, allowed, surroundings, secrets)
    }

    /// The providers for connectors, from the worker's resolved configuration.
    ///
    /// # Errors
    /// As [`Providers::of_worker_file`].
    pub fn of_connectors(
        resolved: &RawConfig,
        surroundings: &Arc<dyn Surroundings>,
        secrets: &Arc<Secrets>,
    ) -> Result<Self, ConfigError> {
        let names = resolved.get(LIST).unwrap_or_default().split(',').map(str::trim);
        Self::open(names, resolved, None, surroundings, secrets)
    }

    fn open<'a>(
        names: impl Iterator<Item = &'a str>,
        raw: &RawConfig,
        allowed: Option<&BTreeSet<String>>,
        surroundings: &Arc<dyn Surroundings>,
        secrets: &Arc<Secrets>,
    ) -> Result<Self, ConfigError> {
        let mut providers = BTreeMap::new();
        for name in names {
            let key = format!("{LIST}.{name}.class");
            // Parity: a provider without a class is left out in silence.
            let Some(class) = raw.get(&key) else { continue };
            if allowed.is_some_and(|allowed| !allowed.contains(class)) {
                return Err(ConfigError::sentence(format!(
                    "{class} is not allowed. Update System property 'org.apache.kafka.automatic.config.providers' to \
                     allow {class}"
                )));
            }
            let parameters = raw.with_prefix(&format!("{LIST}.{name}.param."));
            providers.insert(name.to_owned(), provider(&key, class, &parameters, surroundings.clone())?);
        }
        Ok(Self { providers, secrets: secrets.clone() })
    }

    /// The configuration with its variables replaced. Variables whose provider or key is unknown stay as they are,
    /// and what was found is not looked through again. Each path of a provider is read once. `secrecy` says of a key how
    /// far what goes to it is a secret.
    ///
    /// # Errors
    /// When a provider cannot look.
    pub fn resolve(&self, raw: &RawConfig, secrecy: impl Fn(&str) -> Secrecy) -> Result<RawConfig, ConfigError> {
        let mut asked: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
        for variable in raw.iter().filter_map(|(_, value)| value).flat_map(variables) {
            if self.providers.contains_key(variable.provider) {
                asked.entry((variable.provider, variable.path)).or_default().insert(variable.key);
            }
        }
        if asked.is_empty() {
            return Ok(raw.clone());
        }
        let mut found = BTreeMap::new();
        for ((provider, path), keys) in &asked {
            if let Some(known) = self.providers.get(*provider) {
                found.insert((*provider, *path), known.get(path, keys)?);
            }
        }
        let value = |name: &str, text: &str| {
            if has_variable(text) { self.replaced(text, &found, secrecy(name)) } else { text.to_owned() }
        };
        Ok(raw.iter().map(|(name, text)| (name.to_owned(), text.map(|text| value(name, text)))).collect())
    }

    fn replaced(&self, text: &str, found: &Found<'_>, secrecy: Secrecy) -> String {
        let mut replaced = String::with_capacity(text.len());
        let mut end = 0;
        for variable in variables(text) {
            let values = found.get(&(variable.provider, variable.path));
            let Some(value) = values.and_then(|values| values.get(variable.key)) else { continue };
            self.secrets.remember(value, variable.text, secrecy);
            replaced.push_str(&text[end..variable.start]);
            replaced.push_str(value);
            end = variable.start + variable.text.len();
        }
        replaced.push_str(&text[end..]);
        replaced
    }

    /// What was found so far, for hiding it.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}

/// Names count, not values.
impl std::fmt::Debug for Providers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.providers.keys()).finish()
    }
}

fn provider(
    key: &str,
    class: &str,
    parameters: &RawConfig,
    surroundings: Arc<dyn Surroundings>,
) -> Result<Box<dyn Provider>, ConfigError> {
    let short = class.strip_prefix("org.apache.kafka.common.config.provider.");
    Ok(match (short.is_some(), short.unwrap_or(class)) {
        (_, "FileConfigProvider") | (false, "File") => Box::new(FileProvider::new(parameters, surroundings)?),
        (_, "DirectoryConfigProvider") | (false, "Directory") => {
            Box::new(DirectoryProvider::new(parameters, surroundings)?)
        }
        (_, "EnvVarConfigProvider") | (false, "EnvVar") => Box::new(EnvVarProvider::new(parameters, surroundings)?),
        _ => {
            let text = "Could not load config provider class or one of its dependencies";
            return Err(ConfigError::invalid(key, class, text));
        }
    })
}

#[cfg(test)]
#[path = "providers_tests.rs"]
mod tests;
