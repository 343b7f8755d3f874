//! The keys of topics: those of Apache Kafka 4.3.1, in its order.

use std::sync::LazyLock;

use kafka_config::{ConfigDef, Type};

use super::keys::{Key, Rule, definition};

/// Set in tests of Kafka, and shown only where it is set.
pub(super) const INTERNAL: &str = "internal.segment.bytes";

/// A broker's key that gives a topic's key its value when the topic has none.
pub(super) struct Synonym {
    pub(super) name: &'static str,
    /// What the broker's value is multiplied with.
    pub(super) factor: i64,
}

const HOURS: i64 = 60 * MINUTES;
const MINUTES: i64 = 60_000;

/// The definition of topics.
pub(super) static DEFINITION: LazyLock<ConfigDef> = LazyLock::new(|| definition(KEYS));

/// The broker's keys for a topic's key, the one that counts first.
pub(super) fn synonyms(key: &str) -> &'static [Synonym] {
    SYNONYMS.iter().find(|(name, _)| *name == key).map_or(&[], |(_, synonyms)| synonyms)
}

const fn same(name: &'static str) -> Synonym {
    Synonym { name, factor: 1 }
}

/// All keys.
#[rustfmt::skip] // One key a line.
const KEYS: &[Key] = &[
    Key { name: "segment.bytes", kind: Type::Int, default: Some("1073741824"), rule: Rule::AtLeast(1_048_576), doc: "The size at which a log goes on in a new file." },
    Key { name: "segment.ms", kind: Type::Long, default: Some("604800000"), rule: Rule::AtLeast(1), doc: "The time after which a log goes on in a new file, full or not." },
    Key { name: "segment.jitter.ms", kind: Type::Long, default: Some("0"), rule: Rule::AtLeast(0), doc: "How much earlier, at most and by chance, than segment.ms that happens." },
    Key { name: "segment.index.bytes", kind: Type::Int, default: Some("10485760"), rule: Rule::AtLeast(4), doc: "The largest size of an index file." },
    Key { name: "flush.messages", kind: Type::Long, default: Some("9223372036854775807"), rule: Rule::AtLeast(1), doc: "The number of records after which a log is made durable." },
    Key { name: "flush.ms", kind: Type::Long, default: Some("9223372036854775807"), rule: Rule::AtLeast(0), doc: "The time after which a log is made durable." },
    Key { name: "retention.bytes", kind: Type::Long, default: Some("-1"), rule: Rule::Any, doc: "How large a partition may grow before its oldest records go; -1: any size." },
    Key { name: "retention.ms", kind: Type::Long, default: Some("604800000"), rule: Rule::AtLeast(-1), doc: "How old records may grow before they go; -1: any age." },
    Key { name: "max.message.bytes", kind: Type::Int, default: Some("1048588"), rule: Rule::AtLeast(0), doc: "The largest batch, as compressed by the producer." },
    Key { name: "index.interval.bytes", kind: Type::Int, default: Some("4096"), rule: Rule::AtLeast(0), doc: "How many bytes of a log lie between two entries of its index." },
    Key { name: "delete.retention.ms", kind: Type::Long, default: Some("86400000"), rule: Rule::AtLeast(0), doc: "How long tombstones stay in a compacted topic." },
    Key { name: "min.compaction.lag.ms", kind: Type::Long, default: Some("0"), rule: Rule::AtLeast(0), doc: "How long a record is left alone by compaction." },
    Key { name: "max.compaction.lag.ms", kind: Type::Long, default: Some("9223372036854775807"), rule: Rule::AtLeast(1), doc: "The longest time a record may be left alone by compaction." },
    Key { name: "file.delete.delay.ms", kind: Type::Long, default: Some("60000"), rule: Rule::AtLeast(0), doc: "How long a dropped file stays on disk." },
    Key { name: "min.cleanable.dirty.ratio", kind: Type::Double, default: Some("0.5"), rule: Rule::Between(0, 1), doc: "The part of a log that has to be new before it is compacted again." },
    Key { name: "cleanup.policy", kind: Type::List, default: Some("delete"), rule: Rule::ListOf(&["compact", "delete"]), doc: "What happens to old records: delete, compact, both, or nothing." },
    Key { name: "unclean.leader.election.enable", kind: Type::Boolean, default: Some("false"), rule: Rule::Any, doc: "Whether a replica that lags behind may become leader; there is one replica here." },
    Key { name: "min.insync.replicas", kind: Type::Int, default: Some("1"), rule: Rule::AtLeast(1), doc: "How many replicas have to have a record for acks=all; never more than there are." },
    Key { name: "compression.type", kind: Type::String, default: Some("producer"), rule: Rule::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), doc: "The codec that records are kept with; this broker keeps them as the producer sent them." },
    Key { name: "compression.gzip.level", kind: Type::Int, default: Some("-1"), rule: Rule::GzipLevel, doc: "The level for compression.type=gzip." },
    Key { name: "compression.lz4.level", kind: Type::Int, default: Some("9"), rule: Rule::Between(1, 17), doc: "The level for compression.type=lz4." },
    Key { name: "compression.zstd.level", kind: Type::Int, default: Some("3"), rule: Rule::Between(-131_072, 22), doc: "The level for compression.type=zstd." },
    Key { name: "preallocate", kind: Type::Boolean, default: Some("false"), rule: Rule::Any, doc: "Whether files are made in their full size." },
    Key { name: "message.timestamp.type", kind: Type::String, default: Some("CreateTime"), rule: Rule::OneOf(&["CreateTime", "LogAppendTime"]), doc: "Whose time records have: the producer's or the broker's." },
    Key { name: "message.timestamp.before.max.ms", kind: Type::Long, default: Some("9223372036854775807"), rule: Rule::AtLeast(0), doc: "How far a producer's time may lie before the broker's." },
    Key { name: "message.timestamp.after.max.ms", kind: Type::Long, default: Some("3600000"), rule: Rule::AtLeast(0), doc: "How far a producer's time may lie after the broker's." },
    Key { name: "leader.replication.throttled.replicas", kind: Type::List, default: Some(""), rule: Rule::ThrottledReplicas, doc: "Replicas whose copying is slowed on the leader; there are none here." },
    Key { name: "follower.replication.throttled.replicas", kind: Type::List, default: Some(""), rule: Rule::ThrottledReplicas, doc: "Replicas whose copying is slowed on the follower; there are none here." },
    Key { name: "remote.storage.enable", kind: Type::Boolean, default: Some("false"), rule: Rule::Any, doc: "Whether old files move to a remote store; there is none here." },
    Key { name: "local.retention.ms", kind: Type::Long, default: Some("-2"), rule: Rule::AtLeast(-2), doc: "With a remote store: the age up to which records also stay here." },
    Key { name: "local.retention.bytes", kind: Type::Long, default: Some("-2"), rule: Rule::AtLeast(-2), doc: "With a remote store: the size up to which records also stay here." },
    Key { name: "remote.log.copy.disable", kind: Type::Boolean, default: Some("false"), rule: Rule::Any, doc: "With a remote store: whether nothing more is copied to it." },
    Key { name: "remote.log.delete.on.disable", kind: Type::Boolean, default: Some("false"), rule: Rule::Any, doc: "With a remote store: whether switching it off deletes what it has." },
    Key { name: "internal.segment.bytes", kind: Type::Int, default: None, rule: Rule::Any, doc: "As segment.bytes, without its lower bound; for tests." },
];

const SYNONYMS: &[(&str, &[Synonym])] = &[
    ("segment.bytes", &[same("log.segment.bytes")]),
    ("segment.ms", &[same("log.roll.ms"), Synonym { name: "log.roll.hours", factor: HOURS }]),
    ("segment.jitter.ms", &[same("log.roll.jitter.ms"), Synonym { name: "log.roll.jitter.hours", factor: HOURS }]),
    ("segment.index.bytes", &[same("log.index.size.max.bytes")]),
    ("flush.messages", &[same("log.flush.interval.messages")]),
    ("flush.ms", &[same("log.flush.interval.ms"), same("log.flush.scheduler.interval.ms")]),
    ("retention.bytes", &[same("log.retention.bytes")]),
    (
        "retention.ms",
        &[
            same("log.retention.ms"),
            Synonym { name: "log.retention.minutes", factor: MINUTES },
            Synonym { name: "log.retention.hours", factor: HOURS },
        ],
    ),
    ("max.message.bytes", &[same("message.max.bytes")]),
    ("index.interval.bytes", &[same("log.index.interval.bytes")]),
    ("delete.retention.ms", &[same("log.cleaner.delete.retention.ms")]),
    ("min.compaction.lag.ms", &[same("log.cleaner.min.compaction.lag.ms")]),
    ("max.compaction.lag.ms", &[same("log.cleaner.max.compaction.lag.ms")]),
    ("file.delete.delay.ms", &[same("log.segment.delete.delay.ms")]),
    ("min.cleanable.dirty.ratio", &[same("log.cleaner.min.cleanable.ratio")]),
    ("cleanup.policy", &[same("log.cleanup.policy")]),
    ("unclean.leader.election.enable", &[same("unclean.leader.election.enable")]),
    ("min.insync.replicas", &[same("min.insync.replicas")]),
    ("compression.type", &[same("compression.type")]),
    ("compression.gzip.level", &[same("compression.gzip.level")]),
    ("compression.lz4.level", &[same("compression.lz4.level")]),
    ("compression.zstd.level", &[same("compression.zstd.level")]),
    ("preallocate", &[same("log.preallocate")]),
    ("message.timestamp.type", &[same("log.message.timestamp.type")]),
    ("message.timestamp.before.max.ms", &[same("log.message.timestamp.before.max.ms")]),
    ("message.timestamp.after.max.ms", &[same("log.message.timestamp.after.max.ms")]),
    ("local.retention.ms", &[same("log.local.retention.ms")]),
    ("local.retention.bytes", &[same("log.local.retention.bytes")]),
];
