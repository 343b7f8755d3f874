//! The admin client.

use std::sync::LazyLock;
use std::time::Duration;

use kafka_config::{ConfigDef, RawConfig};

use super::client::{self, ClientConfig, int_millis};
use super::keys::{self, int_from, optional_text};
use crate::error::ClientError;

/// How an admin client works.
#[derive(Debug, Clone)]
pub struct AdminConfig {
    /// What all clients have.
    pub client: ClientConfig,
    /// `default.api.timeout.ms`: how long a call may take, retries included.
    pub api_timeout: Duration,
}

static DEFINITION: LazyLock<ConfigDef> = LazyLock::new(|| {
    client::define(300_000).define(optional_text("bootstrap.controllers")).define(int_from(
        "default.api.timeout.ms",
        60_000,
        0,
    ))
});

impl AdminConfig {
    /// Whether this client reads the key, or refuses what it cannot do for it. Other keys have no effect.
    pub fn reads(name: &str) -> bool {
        DEFINITION.get(name).is_some()
    }

    /// Checks and types what was submitted.
    ///
    /// # Errors
    /// [`ClientError::Config`], [`ClientError::Unsupported`].
    pub fn parse(raw: &RawConfig) -> Result<Self, ClientError> {
        let (parsed, ignored) = keys::parse(&DEFINITION, raw)?;
        keys::refuse_unless_empty(raw, "bootstrap.controllers")?;
        Ok(Self {
            client: ClientConfig::from_parsed(&parsed, ignored)?,
            api_timeout: int_millis(&parsed, "default.api.timeout.ms")?,
        })
    }
}
