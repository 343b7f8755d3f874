//! Offsets of connectors as people see and change them (KIP-875): a source's in the offset store, a sink's in its
//! consumer group. Nobody may change them while the connector has tasks; the caller sees to that.
//!
//! Each request has a time of its own. When it is over, the request ends with what it was waiting for as its reason,
//! and a plug-in that still checks is left alone: nothing it answers takes effect any more.

mod sink;
mod source;

use std::time::Duration;

use connect_api::plugin::ConnectorPlugin;
use connect_api::sink::{AlteredOffsets, Offsets};
use connect_api::{Error, Kind, Result, SourceOffset, SourcePartition};
use connect_config::clients::ClientOwner;
use env::{Env, Instant};
use kafka_config::RawConfig;
use tokio::sync::oneshot;

use crate::Worker;
use crate::containment::contain_now;

/// Apache: `RestServer.DEFAULT_REST_REQUEST_TIMEOUT_MS`, counted anew for the work behind a request.
const LIMIT: Duration = Duration::from_secs(90);

/// What a source's offsets are changed to; a partition or an offset may be missing.
pub type SourceChanges = Vec<(Option<SourcePartition>, Option<SourceOffset>)>;

/// The offsets of a connector.
#[derive(Clone, Debug, PartialEq)]
pub enum ConnectorOffsets {
    /// Of each partition of the source system.
    Source(Vec<(SourcePartition, Option<SourceOffset>)>),
    /// Of each partition of Kafka.
    Sink(Offsets),
}

/// New offsets for a connector.
#[derive(Clone, Debug, PartialEq)]
pub enum OffsetChanges {
    /// For a source.
    Source(SourceChanges),
    /// For a sink.
    Sink(AlteredOffsets),
}

impl Worker {
    /// The offsets of a connector with this configuration, running or not.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn connector_offsets(&self, name: &str, config: &RawConfig) -> Result<ConnectorOffsets> {
        match self.connector_plugin(config)? {
            ConnectorPlugin::Source(_) => Ok(ConnectorOffsets::Source(source::read(&self.settings, name).await)),
            ConnectorPlugin::Sink(_) => {
                sink::read(&self.settings, self.clients(name, config)).await.map(ConnectorOffsets::Sink)
            }
        }
    }

    /// Changes offsets of a connector without tasks, after asking its plug-in; whether the plug-in knows that no other
    /// offsets than these count.
    ///
    /// # Errors
    /// When the plug-in refuses, they cannot be stored, or the time is over; [`Kind::IllegalArgument`] for changes of
    /// the other kind.
    pub async fn alter_offsets(&self, name: &str, config: &RawConfig, changes: OffsetChanges) -> Result<bool> {
        let deadline = Deadline::new(&self.settings.env);
        match (self.connector_plugin(config)?, changes) {
            (ConnectorPlugin::Source(plugin), OffsetChanges::Source(changes)) => {
                source::alter(&self.settings, name, config, plugin, changes, &deadline).await
            }
            (ConnectorPlugin::Sink(plugin), OffsetChanges::Sink(changes)) => {
                sink::alter(&self.settings, self.clients(name, config), plugin, changes, &deadline).await
            }
            _ => Err(Error::new(Kind::IllegalArgument, "These offsets are of another kind than the connector")),
        }
    }

    /// Removes all offsets of a connector without tasks; answers as [`Worker::alter_offsets`].
    ///
    /// # Errors
    /// As [`Worker::alter_offsets`].
    pub async fn reset_offsets(&self, name: &str, config: &RawConfig) -> Result<bool> {
        let deadline = Deadline::new(&self.settings.env);
        match self.connector_plugin(config)? {
            ConnectorPlugin::Source(plugin) => source::reset(&self.settings, name, config, plugin, &deadline).await,
            ConnectorPlugin::Sink(plugin) => {
                sink::reset(&self.settings, self.clients(name, config), plugin, &deadline).await
            }
        }
    }

    fn clients<'a>(&'a self, connector: &'a str, config: &'a RawConfig) -> ClientOwner<'a> {
        ClientOwner { worker: &self.settings.config, cluster_id: None, connector, config }
    }
}

/// When a request has to be done.
struct Deadline {
    env: Env,
    at: Instant,
}

impl Deadline {
    fn new(env: &Env) -> Self {
        Self { env: env.clone(), at: env.clock().now() + LIMIT }
    }

    fn left(&self) -> Duration {
        self.at.saturating_since(self.env.clock().now())
    }

    /// Asks a plug-in, beside the caller: one that hangs keeps its thread and nobody else.
    ///
    /// # Errors
    /// What the plug-in says; `late` when the time is over.
    async fn ask(&self, call: impl FnOnce() -> Result<bool> + Send + 'static, late: &str) -> Result<bool> {
        let (reply, answer) = oneshot::channel();
        let lent = self.env.lend(async move {
            // Nobody may be waiting any more.
            let _ = reply.send(contain_now(call));
        });
        self.env.work().spawn("connector offsets", Box::pin(lent));
        match self.env.timeout(self.left(), answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Error::new(Kind::Cancelled, "the check of the offsets was given up")),
            Err(_) => Err(Error::connect(late)),
        }
    }
}

/// A failure as Java hands it on: exceptions of Connect as they are, others as the cause of one with `text`.
fn wrapped(text: String, error: Error) -> Error {
    let is_of_connect = error.class().starts_with("org.apache.kafka.connect.errors.");
    if is_of_connect { error } else { Error::connect(text).caused_by(error) }
}

/// What is said when a plug-in does not let its offsets be changed.
fn not_altered(name: &str, error: Error) -> Error {
    if error.kind() != Kind::Unsupported {
        return error;
    }
    let text = format!(
        "Failed to modify offsets for connector {name} because it doesn't support external modification of offsets"
    );
    Error::connect(text).caused_by(error)
}
