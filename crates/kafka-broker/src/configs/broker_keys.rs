//! The keys of the broker: what topics take their defaults from, and what this broker has besides.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use kafka_config::{ConfigDef, Type};

use super::keys::{Key, Rule, definition};
use crate::{BrokerConfig, LogSettings};

/// The definition of the broker.
pub(super) static DEFINITION: LazyLock<ConfigDef> = LazyLock::new(|| definition(DYNAMIC.iter().chain(FIXED)));

/// Whether a key can only be given at the start; `false` for a key that nobody knows.
pub(super) fn is_fixed(name: &str) -> bool {
    FIXED.iter().any(|key| key.name == name)
}

/// What the broker was given at its start: `config` where it differs from the defaults, and `address`, where clients
/// find it.
pub(crate) fn given(config: &BrokerConfig, address: &str) -> BTreeMap<String, String> {
    let millis = |time: Duration| time.as_millis().to_string();
    let log = &config.log;
    let flush_messages = i64::try_from(log.flush_messages).unwrap_or(i64::MAX).to_string();
    let all = [
        ("node.id", config.node_id.to_string()),
        ("broker.id", config.node_id.to_string()),
        ("process.roles", "broker,controller".to_owned()),
        ("listeners", format!("PLAINTEXT://{}", config.listen)),
        ("advertised.listeners", format!("PLAINTEXT://{address}")),
        ("num.partitions", config.default_partitions.to_string()),
        ("auto.create.topics.enable", config.auto_create_topics.to_string()),
        ("message.max.bytes", config.max_batch_bytes.to_string()),
        ("fetch.max.bytes", config.max_fetch_bytes.to_string()),
        ("group.initial.rebalance.delay.ms", millis(config.initial_rebalance_delay)),
        ("group.min.session.timeout.ms", millis(config.min_session_timeout)),
        ("group.max.session.timeout.ms", millis(config.max_session_timeout)),
        ("offsets.retention.minutes", (config.offsets_retention.as_secs() / 60).to_string()),
        ("transaction.max.timeout.ms", millis(config.max_transaction_timeout)),
        ("socket.request.max.bytes", config.max_request_bytes.to_string()),
        ("connections.max.idle.ms", millis(config.idle_limit)),
        ("max.connections", config.max_connections.to_string()),
        ("log.segment.bytes", log.segment_bytes.to_string()),
        ("log.flush.interval.messages", flush_messages),
        ("log.retention.check.interval.ms", millis(config.retention_check_interval)),
        ("log.cleaner.backoff.ms", millis(config.cleaner_backoff)),
    ];
    // Without a word these have no value; the flush interval of this broker then is not Kafka's, which is none.
    let usual = LogSettings::default();
    let roll = Some(log.segment_millis).filter(|millis| *millis != usual.segment_millis);
    let roll = roll.map(|millis| ("log.roll.ms", millis.to_string()));
    let flush = Some(log.flush_interval).filter(|interval| *interval != usual.flush_interval);
    let flush = flush.map(|interval| ("log.flush.interval.ms", millis(interval)));
    let is_default = |name: &str, value: &str| {
        let default = DYNAMIC.iter().chain(FIXED).find(|key| key.name == name).and_then(|key| key.default);
        default == Some(value)
    };
    let differing = all.into_iter().chain(roll).chain(flush).filter(|(name, value)| !is_default(name, value));
    differing.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Keys that can be changed while the broker runs.
#[rustfmt::skip] // One key a line.
const DYNAMIC: &[Key] = &[
    Key { name: "log.segment.bytes", kind: Type::Int, default: Some("1073741824"), rule: Rule::AtLeast(1_048_576), doc: "segment.bytes of topics without their own." },
    Key { name: "log.roll.ms", kind: Type::Long, default: None, rule: Rule::Any, doc: "segment.ms of topics without their own." },
    Key { name: "log.roll.jitter.ms", kind: Type::Long, default: None, rule: Rule::Any, doc: "segment.jitter.ms of topics without their own." },
    Key { name: "log.index.size.max.bytes", kind: Type::Int, default: Some("10485760"), rule: Rule::AtLeast(4), doc: "segment.index.bytes of topics without their own." },
    Key { name: "log.flush.interval.messages", kind: Type::Long, default: Some("9223372036854775807"), rule: Rule::AtLeast(1), doc: "flush.messages of topics without their own." },
    Key { name: "log.flush.interval.ms", kind: Type::Long, default: None, rule: Rule::Any, doc: "flush.ms of topics without their own." },
    Key { name: "log.retention.bytes", kind: Type::Long, default: Some("-1"), rule: Rule::Any, doc: "retention.bytes of topics without their own." },
    Key { name: "log.retention.ms", kind: Type::Long, default: None, rule: Rule::Any, doc: "retention.ms of topics without their own." },
    Key { name: "message.max.bytes", kind: Type::Int, default: Some("1048588"), rule: Rule::AtLeast(0), doc: "max.message.bytes of topics without their own." },
    Key { name: "log.index.interval.bytes", kind: Type::Int, default: Some("4096"), rule: Rule::AtLeast(0), doc: "index.interval.bytes of topics without their own." },
    Key { name: "log.cleaner.delete.retention.ms", kind: Type::Long, default: Some("86400000"), rule: Rule::AtLeast(0), doc: "delete.retention.ms of topics without their own." },
    Key { name: "log.cleaner.min.compaction.lag.ms", kind: Type::Long, default: Some("0"), rule: Rule::AtLeast(0), doc: "min.compaction.lag.ms of topics without their own." },
    Key { name: "log.cleaner.max.compaction.lag.ms", kind: Type::Long, default: Some("9223372036854775807"), rule: Rule::AtLeast(1), doc: "max.compaction.lag.ms of topics without their own." },
    Key { name: "log.segment.delete.delay.ms", kind: Type::Long, default: Some("60000"), rule: Rule::AtLeast(0), doc: "file.delete.delay.ms of topics without their own." },
    Key { name: "log.cleaner.min.cleanable.ratio", kind: Type::Double, default: Some("0.5"), rule: Rule::Between(0, 1), doc: "min.cleanable.dirty.ratio of topics without their own." },
    Key { name: "log.cleanup.policy", kind: Type::List, default: Some("delete"), rule: Rule::ListOf(&["compact", "delete"]), doc: "cleanup.policy of topics without their own." },
    Key { name: "unclean.leader.election.enable", kind: Type::Boolean, default: Some("false"), rule: Rule::Any, doc: "unclean.leader.election.enable of topics without their own." },
    Key { name: "min.insync.replicas", kind: Type::Int, default: Some("1"), rule: Rule::AtLeast(1), doc: "min.insync.replicas of topics without their own." },
    Key { name: "compression.type", kind: Type::String, default: Some("producer"), rule: Rule::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), doc: "compression.type of topics without their own." },
    Key { name: "compression.gzip.level", kind: Type::Int, default: Some("-1"), rule: Rule::GzipLevel, doc: "compression.gzip.level of topics without their own." },
    Key { name: "compression.lz4.level", kind: Type::Int, default: Some("9"), rule: Rule::Between(1, 17), doc: "compression.lz4.level of topics without their own." },
    Key { name: "compression.zstd.level", kind: Type::Int, default: Some("3"), rule: Rule::Between(-131_072, 22), doc: "compression.zstd.level of topics without their own." },
    Key { name: "log.preallocate", kind: Type::Boolean, default: Some("false"), rule: Rule::Any, doc: "preallocate of topics without their own." },
    Key { name: "log.message.timestamp.type", kind: Type::String, default: Some("CreateTime"), rule: Rule::OneOf(&["CreateTime", "LogAppendTime"]), doc: "message.timestamp.type of topics without their own." },
    Key { name: "log.message.timestamp.before.max.ms", kind: Type::Long, default: Some("9223372036854775807"), rule: Rule::AtLeast(0), doc: "message.timestamp.before.max.ms of topics without their own." },
    Key { name: "log.message.timestamp.after.max.ms", kind: Type::Long, default: Some("3600000"), rule: Rule::AtLeast(0), doc: "message.timestamp.after.max.ms of topics without their own." },
    Key { name: "log.local.retention.ms", kind: Type::Long, default: Some("-2"), rule: Rule::AtLeast(-2), doc: "local.retention.ms of topics without their own." },
    Key { name: "log.local.retention.bytes", kind: Type::Long, default: Some("-2"), rule: Rule::AtLeast(-2), doc: "local.retention.bytes of topics without their own." },
];

/// Keys that cannot.
#[rustfmt::skip] // One key a line.
const FIXED: &[Key] = &[
    Key { name: "log.roll.hours", kind: Type::Int, default: Some("168"), rule: Rule::AtLeast(1), doc: "segment.ms of topics without their own, in hours." },
    Key { name: "log.roll.jitter.hours", kind: Type::Int, default: Some("0"), rule: Rule::AtLeast(0), doc: "segment.jitter.ms of topics without their own, in hours." },
    Key { name: "log.retention.check.interval.ms", kind: Type::Long, default: Some("300000"), rule: Rule::AtLeast(1), doc: "How often records that are too old or too many are dropped." },
    Key { name: "log.cleaner.backoff.ms", kind: Type::Long, default: Some("15000"), rule: Rule::AtLeast(0), doc: "How often logs are looked through for what can be compacted." },
    Key { name: "log.flush.scheduler.interval.ms", kind: Type::Long, default: Some("9223372036854775807"), rule: Rule::Any, doc: "flush.ms of topics without their own by default." },
    Key { name: "log.retention.minutes", kind: Type::Int, default: None, rule: Rule::Any, doc: "retention.ms of topics without their own, in minutes." },
    Key { name: "log.retention.hours", kind: Type::Int, default: Some("168"), rule: Rule::Any, doc: "retention.ms of topics without their own, in hours." },
    Key { name: "node.id", kind: Type::Int, default: None, rule: Rule::Any, doc: "The id of this node." },
    Key { name: "broker.id", kind: Type::Int, default: Some("-1"), rule: Rule::Any, doc: "The id of this node." },
    Key { name: "process.roles", kind: Type::List, default: Some(""), rule: Rule::ListOf(&["broker", "controller"]), doc: "What this node does." },
    Key { name: "listeners", kind: Type::List, default: Some("PLAINTEXT://:9092"), rule: Rule::Any, doc: "Where this node listens." },
    Key { name: "advertised.listeners", kind: Type::List, default: None, rule: Rule::Any, doc: "Where clients are told to connect to." },
    Key { name: "num.partitions", kind: Type::Int, default: Some("1"), rule: Rule::AtLeast(1), doc: "How many partitions a topic has when nobody says." },
    Key { name: "default.replication.factor", kind: Type::Int, default: Some("1"), rule: Rule::AtLeast(1), doc: "How many replicas a partition has when nobody says." },
    Key { name: "auto.create.topics.enable", kind: Type::Boolean, default: Some("true"), rule: Rule::Any, doc: "Whether a topic that is asked for is made." },
    Key { name: "delete.topic.enable", kind: Type::Boolean, default: Some("true"), rule: Rule::Any, doc: "Whether topics can be deleted." },
    Key { name: "fetch.max.bytes", kind: Type::Int, default: Some("57671680"), rule: Rule::AtLeast(1024), doc: "The most a fetch answers, a first batch that is larger aside." },
    Key { name: "group.initial.rebalance.delay.ms", kind: Type::Int, default: Some("3000"), rule: Rule::Any, doc: "How long the first member of a group waits for others." },
    Key { name: "group.min.session.timeout.ms", kind: Type::Int, default: Some("6000"), rule: Rule::Any, doc: "The shortest session of a member." },
    Key { name: "group.max.session.timeout.ms", kind: Type::Int, default: Some("1800000"), rule: Rule::Any, doc: "The longest session of a member." },
    Key { name: "offsets.retention.minutes", kind: Type::Int, default: Some("10080"), rule: Rule::AtLeast(1), doc: "How long the offsets of a group without members are kept." },
    Key { name: "transaction.max.timeout.ms", kind: Type::Int, default: Some("900000"), rule: Rule::AtLeast(1), doc: "The longest time a transaction may take." },
    Key { name: "socket.request.max.bytes", kind: Type::Int, default: Some("104857600"), rule: Rule::AtLeast(1), doc: "The largest request." },
    Key { name: "connections.max.idle.ms", kind: Type::Long, default: Some("600000"), rule: Rule::Any, doc: "After how long a silent connection is closed." },
    Key { name: "max.connections", kind: Type::Int, default: Some("2147483647"), rule: Rule::AtLeast(0), doc: "How many connections there may be." },
];
