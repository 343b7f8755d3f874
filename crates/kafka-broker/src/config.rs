//! What a broker is told at its start.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::{Faults, LogSettings};

/// The configuration of a broker. Where Kafka has a key for it, the default is Kafka's.
#[derive(Clone)]
pub struct BrokerConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The host that clients are told to connect to; `None`: the one of `listen`, or `localhost` when that is every
    /// address of the machine.
    pub advertised_host: Option<String>,
    /// The port that clients are told to connect to; `None`: the one in use.
    pub advertised_port: Option<u16>,
    /// `node.id`
    pub node_id: i32,
    /// `num.partitions`
    pub default_partitions: i32,
    /// `auto.create.topics.enable`
    pub auto_create_topics: bool,
    /// `message.max.bytes`: the largest batch, its header included.
    pub max_batch_bytes: usize,
    /// `fetch.max.bytes`: the most a Fetch answers, a first batch that is larger aside.
    pub max_fetch_bytes: usize,
    /// `group.initial.rebalance.delay.ms`. Kafka's sample configuration has 0, as here.
    pub initial_rebalance_delay: Duration,
    /// `group.min.session.timeout.ms`
    pub min_session_timeout: Duration,
    /// `group.max.session.timeout.ms`
    pub max_session_timeout: Duration,
    /// `group.max.size`: the most members of a group.
    pub max_group_size: usize,
    /// `offset.metadata.max.bytes`: the most text that comes with a committed offset.
    pub max_offset_metadata: usize,
    /// `offsets.retention.minutes`: how long the offsets of a group without members are kept.
    pub offsets_retention: Duration,
    /// `offsets.retention.check.interval.ms`: how often old offsets and empty groups are looked for.
    pub offsets_retention_check_interval: Duration,
    /// `transaction.max.timeout.ms`
    pub max_transaction_timeout: Duration,
    /// `socket.request.max.bytes`
    pub max_request_bytes: usize,
    /// `connections.max.idle.ms`
    pub idle_limit: Duration,
    /// `max.connections`; more are closed at once.
    pub max_connections: usize,
    /// How logs are kept whose topic is told nothing else: `log.segment.bytes`, `log.roll.ms`,
    /// `log.flush.interval.messages`, `log.flush.interval.ms`. Unlike Kafka, which has replicas, a second for the last.
    /// Committed offsets follow the same rule.
    pub log: LogSettings,
    /// `log.retention.check.interval.ms`: how often what is too old or too much is dropped.
    pub retention_check_interval: Duration,
    /// `log.cleaner.backoff.ms`: how often is looked for what can be compacted.
    pub cleaner_backoff: Duration,
    /// What goes wrong; for tests.
    pub faults: Option<Arc<dyn Faults>>,
}

impl BrokerConfig {
    /// The defaults, listening on `listen`.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            advertised_host: None,
            advertised_port: None,
            node_id: 1,
            default_partitions: 1,
            auto_create_topics: true,
            max_batch_bytes: 1_048_588,
            max_fetch_bytes: 55 * 1024 * 1024,
            initial_rebalance_delay: Duration::ZERO,
            min_session_timeout: Duration::from_secs(6),
            max_session_timeout: Duration::from_secs(30 * 60),
            max_group_size: i32::MAX as usize,
            max_offset_metadata: 4096,
            offsets_retention: Duration::from_secs(7 * 24 * 60 * 60),
            offsets_retention_check_interval: Duration::from_secs(10 * 60),
            max_transaction_timeout: Duration::from_secs(15 * 60),
            max_request_bytes: kafka_wire::frame::DEFAULT_MAX_FRAME,
            idle_limit: Duration::from_secs(10 * 60),
            max_connections: 10_000,
            log: LogSettings::default(),
            retention_check_interval: Duration::from_secs(5 * 60),
            cleaner_backoff: Duration::from_secs(15),
            faults: None,
        }
    }
}

impl fmt::Debug for BrokerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerConfig")
            .field("listen", &self.listen)
            .field("node_id", &self.node_id)
            .finish_non_exhaustive()
    }
}
