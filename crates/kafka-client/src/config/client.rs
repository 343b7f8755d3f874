//! What all clients have in common.

use std::sync::Arc;
use std::time::Duration;

use kafka_config::{ConfigDef, ConfigError, ConfigKey, ParsedConfig, RawConfig, Type};

use super::address::ServerAddress;
use super::keys::{int_from, long, long_from, not_yet, text, word_in_any_case};
use crate::error::ClientError;
use crate::memory::Memory;

/// A wait that doubles with each failure, from `first` to `most`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackoffRange {
    /// After the first failure.
    pub first: Duration,
    /// Never longer than this (20 % of jitter aside).
    pub most: Duration,
}

/// How a client finds and keeps its brokers.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// `bootstrap.servers`: never empty.
    pub bootstrap: Vec<ServerAddress>,
    /// `client.id`.
    pub client_id: String,
    /// `request.timeout.ms`.
    pub request_timeout: Duration,
    /// `retry.backoff.ms` and `.max.ms`.
    pub retry_backoff: BackoffRange,
    /// `reconnect.backoff.ms` and `.max.ms`.
    pub reconnect_backoff: BackoffRange,
    /// `socket.connection.setup.timeout.ms` and `.max.ms`.
    pub connection_setup: BackoffRange,
    /// `connections.max.idle.ms`; `None`: never.
    pub connections_max_idle: Option<Duration>,
    /// `metadata.max.age.ms`.
    pub metadata_max_age: Duration,
    /// Whether `metadata.recovery.strategy` is `rebootstrap`.
    pub rebootstrap: bool,
    /// `metadata.recovery.rebootstrap.trigger.ms`.
    pub rebootstrap_trigger: Duration,
    /// Whether asking for a topic may create it.
    pub allow_auto_topic_creation: bool,
    /// Submitted keys that have no effect, sorted: for one warning.
    pub ignored: Vec<String>,
    /// Where fetched data finds room; no key says so, the program does. `None`: it is not bounded beyond `fetch.max.bytes`.
    pub memory: Option<Arc<dyn Memory>>,
}

/// The keys all clients have; `max_idle_ms` is the one default that differs.
pub(super) fn define(max_idle_ms: i64) -> ConfigDef {
    ConfigDef::new()
        .define(ConfigKey::new("bootstrap.servers", Type::List))
        .define(text("client.id", ""))
        .define(int_from("request.timeout.ms", 30_000, 0))
        .define(long_from("retry.backoff.ms", 100, 0))
        .define(long_from("retry.backoff.max.ms", 1_000, 0))
        .define(long_from("reconnect.backoff.ms", 50, 0))
        .define(long_from("reconnect.backoff.max.ms", 1_000, 0))
        .define(long("socket.connection.setup.timeout.ms", 10_000))
        .define(long("socket.connection.setup.timeout.max.ms", 30_000))
        .define(long("connections.max.idle.ms", max_idle_ms))
        .define(long_from("metadata.max.age.ms", 300_000, 0))
        .define(word_in_any_case("metadata.recovery.strategy", "rebootstrap", &["rebootstrap", "none"]))
        .define(long_from("metadata.recovery.rebootstrap.trigger.ms", 300_000, 0))
        .define(word_in_any_case("security.protocol", "PLAINTEXT", &["SASL_SSL", "PLAINTEXT", "SSL", "SASL_PLAINTEXT"]))
}

impl ClientConfig {
    pub(super) fn from_parsed(parsed: &ParsedConfig, ignored: Vec<String>) -> Result<Self, ClientError> {
        let protocol = parsed.string("security.protocol")?;
        if !protocol.eq_ignore_ascii_case("PLAINTEXT") {
            return Err(not_yet("security.protocol", protocol, "only PLAINTEXT works"));
        }
        Ok(Self {
            bootstrap: bootstrap(parsed.list("bootstrap.servers"))?,
            client_id: parsed.get_string("client.id").unwrap_or_default().to_owned(),
            request_timeout: int_millis(parsed, "request.timeout.ms")?,
            retry_backoff: backoff(parsed, "retry.backoff.ms", "retry.backoff.max.ms")?,
            reconnect_backoff: backoff(parsed, "reconnect.backoff.ms", "reconnect.backoff.max.ms")?,
            connection_setup: backoff(
                parsed,
                "socket.connection.setup.timeout.ms",
                "socket.connection.setup.timeout.max.ms",
            )?,
            connections_max_idle: u64::try_from(parsed.long("connections.max.idle.ms")?)
                .ok()
                .map(Duration::from_millis),
            metadata_max_age: millis(parsed, "metadata.max.age.ms")?,
            rebootstrap: parsed.string("metadata.recovery.strategy")?.eq_ignore_ascii_case("rebootstrap"),
            rebootstrap_trigger: millis(parsed, "metadata.recovery.rebootstrap.trigger.ms")?,
            allow_auto_topic_creation: false,
            ignored,
            memory: None,
        })
    }
}

pub(super) fn millis(parsed: &ParsedConfig, name: &str) -> Result<Duration, ConfigError> {
    Ok(Duration::from_millis(u64::try_from(parsed.long(name)?).unwrap_or(0)))
}

pub(super) fn int_millis(parsed: &ParsedConfig, name: &str) -> Result<Duration, ConfigError> {
    Ok(Duration::from_millis(u64::try_from(parsed.int(name)?).unwrap_or(0)))
}

/// A size in bytes of an INT key.
pub(super) fn size(parsed: &ParsedConfig, name: &str) -> Result<usize, ConfigError> {
    Ok(usize::try_from(parsed.int(name)?).unwrap_or(0))
}

fn backoff(parsed: &ParsedConfig, first: &str, most: &str) -> Result<BackoffRange, ConfigError> {
    let (first, most) = (millis(parsed, first)?, millis(parsed, most)?);
    // Parity: a first wait above the maximum is cut to it, with no word said to the user by the client itself.
    Ok(BackoffRange { first: first.min(most), most })
}

fn bootstrap(items: &[String]) -> Result<Vec<ServerAddress>, ConfigError> {
    let items = items.iter().map(|item| item.trim()).filter(|item| !item.is_empty());
    let servers = items.map(ServerAddress::parse).collect::<Result<Vec<_>, _>>()?;
    if servers.is_empty() {
        return Err(ConfigError::about("bootstrap.servers", "No resolvable bootstrap urls given in bootstrap.servers"));
    }
    Ok(servers)
}

/// Whether the user wrote this key, null aside.
pub(super) fn is_set(raw: &RawConfig, name: &str) -> bool {
    raw.get(name).is_some()
}
