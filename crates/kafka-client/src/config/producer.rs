//! The producer.

use std::sync::LazyLock;
use std::time::Duration;

use kafka_config::{ConfigDef, ConfigError, ConfigKey, ParsedConfig, Range, RawConfig, Type};
use kafka_wire::Compression;

use super::client::{self, ClientConfig, int_millis, is_set, millis, size};
use super::keys::{self, flag, int, int_from, long_from, not_yet, optional_text, text, word};
use crate::error::ClientError;

/// Whose acknowledgement makes a record stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acks {
    /// Nobody's: a record counts as stored once it was written to the socket.
    None,
    /// The leader's.
    Leader,
    /// That of all in-sync replicas.
    All,
}

impl Acks {
    /// The number in a Produce request.
    pub fn wire(self) -> i16 {
        match self {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
    }
}

/// How a producer works.
#[derive(Debug, Clone)]
pub struct ProducerConfig {
    /// What all clients have.
    pub client: ClientConfig,
    /// `acks`.
    pub acks: Acks,
    /// `linger.ms`.
    pub linger: Duration,
    /// `batch.size`, at least 1.
    pub batch_size: usize,
    /// `buffer.memory`, in bytes.
    pub buffer_memory: usize,
    /// `max.request.size`, in bytes.
    pub max_request_size: usize,
    /// `compression.type`.
    pub compression: Compression,
    /// The level of `compression.type`, for the codecs that have one.
    pub compression_level: Option<i32>,
    /// `max.block.ms`.
    pub max_block: Duration,
    /// `delivery.timeout.ms`.
    pub delivery_timeout: Duration,
    /// `max.in.flight.requests.per.connection`.
    pub max_in_flight: usize,
    /// `retries`.
    pub retries: u32,
    /// `partitioner.ignore.keys`.
    pub ignore_keys: bool,
    /// `partitioner.adaptive.partitioning.enable`.
    pub adaptive_partitioning: bool,
    /// `metadata.max.idle.ms`: a topic not written to for so long is forgotten.
    pub metadata_max_idle: Duration,
}

static DEFINITION: LazyLock<ConfigDef> = LazyLock::new(|| {
    client::define(540_000)
        .define(word("acks", "all", &["all", "-1", "0", "1"]))
        .define(int_from("batch.size", 16_384, 0))
        .define(long_from("buffer.memory", 33_554_432, 0))
        .define(word("compression.type", "none", &["none", "gzip", "snappy", "lz4", "zstd"]))
        .define(int("compression.gzip.level", -1))
        .define(int("compression.zstd.level", 3).validator(Range::between(-131_072, 22)))
        .define(int_from("delivery.timeout.ms", 120_000, 0))
        .define(flag("enable.idempotence", true))
        .define(long_from("linger.ms", 5, 0))
        .define(long_from("max.block.ms", 60_000, 0))
        .define(int_from("max.in.flight.requests.per.connection", 5, 1))
        .define(int_from("max.request.size", 1_048_576, 0))
        .define(long_from("metadata.max.idle.ms", 300_000, 5_000))
        .define(flag("partitioner.adaptive.partitioning.enable", true))
        .define(ConfigKey::new("partitioner.class", Type::Class).default_null())
        .define(flag("partitioner.ignore.keys", false))
        .define(int("retries", i32::MAX).validator(Range::between(0, i32::MAX)))
        .define(optional_text("transactional.id"))
        .define(flag("transaction.two.phase.commit.enable", false))
        .define(text("interceptor.classes", ""))
});

impl ProducerConfig {
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
        refuse_what_is_missing(&parsed, raw)?;
        let mut client = ClientConfig::from_parsed(&parsed, ignored)?;
        client.allow_auto_topic_creation = true;
        let compression = compression(parsed.string("compression.type")?);
        let config = Self {
            acks: acks(parsed.string("acks")?),
            linger: millis(&parsed, "linger.ms")?,
            batch_size: size(&parsed, "batch.size")?.max(1),
            buffer_memory: usize::try_from(parsed.long("buffer.memory")?).unwrap_or(0),
            max_request_size: size(&parsed, "max.request.size")?,
            compression,
            compression_level: level(&parsed, compression)?,
            max_block: millis(&parsed, "max.block.ms")?,
            delivery_timeout: int_millis(&parsed, "delivery.timeout.ms")?,
            max_in_flight: size(&parsed, "max.in.flight.requests.per.connection")?.max(1),
            retries: u32::try_from(parsed.int("retries")?).unwrap_or(0),
            ignore_keys: parsed.bool("partitioner.ignore.keys")?,
            adaptive_partitioning: parsed.bool("partitioner.adaptive.partitioning.enable")?,
            metadata_max_idle: millis(&parsed, "metadata.max.idle.ms")?,
            client,
        };
        config.with_sound_delivery_timeout(is_set(raw, "delivery.timeout.ms"))
    }

    /// A batch must have the time to linger and to be sent once.
    fn with_sound_delivery_timeout(mut self, is_set: bool) -> Result<Self, ClientError> {
        let least = self.linger.saturating_add(self.client.request_timeout);
        if self.delivery_timeout < least {
            if is_set {
                return Err(ConfigError::about(
                    "delivery.timeout.ms",
                    "delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms",
                )
                .into());
            }
            self.delivery_timeout = least;
        }
        Ok(self)
    }
}

fn refuse_what_is_missing(parsed: &ParsedConfig, raw: &RawConfig) -> Result<(), ClientError> {
    if let Some(id) = parsed.get_string("transactional.id") {
        return Err(not_yet("transactional.id", id, "transactions come later"));
    }
    if parsed.bool("enable.idempotence")? {
        return Err(not_yet("enable.idempotence", "true", "set enable.idempotence=false"));
    }
    if parsed.bool("transaction.two.phase.commit.enable")? {
        return Err(not_yet("transaction.two.phase.commit.enable", "true", "remove it"));
    }
    if let Some(class) = parsed.get_class("partitioner.class").filter(|class| !class.is_empty()) {
        return Err(not_yet("partitioner.class", class, "remove it to have Java's default partitioning"));
    }
    keys::refuse_unless_empty(raw, "interceptor.classes")
}

fn acks(word: &str) -> Acks {
    match word {
        "0" => Acks::None,
        "1" => Acks::Leader,
        _ => Acks::All,
    }
}

fn compression(name: &str) -> Compression {
    name.parse().expect("the definition allows no other names")
}

fn level(parsed: &ParsedConfig, compression: Compression) -> Result<Option<i32>, ConfigError> {
    match compression {
        Compression::Gzip => match parsed.int("compression.gzip.level")? {
            -1 => Ok(None),
            level @ 1..=9 => Ok(Some(level)),
            level => Err(ConfigError::invalid(
                "compression.gzip.level",
                level,
                "Value must be between 1 and 9 or equal to -1",
            )),
        },
        Compression::Zstd => parsed.int("compression.zstd.level").map(Some),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw<const N: usize>(extra: [(&str, &str); N]) -> RawConfig {
        let mut raw = RawConfig::from([("bootstrap.servers", "localhost:9092"), ("enable.idempotence", "false")]);
        for (name, value) in extra {
            raw.insert(name, value);
        }
        raw
    }

    fn refusal<const N: usize>(extra: [(&str, &str); N]) -> String {
        ProducerConfig::parse(&raw(extra)).unwrap_err().to_string()
    }

    #[test]
    fn defaults_are_javas() {
        let config = ProducerConfig::parse(&raw([])).unwrap();
        assert_eq!(config.acks, Acks::All);
        assert_eq!(config.linger, Duration::from_millis(5));
        assert_eq!((config.batch_size, config.buffer_memory, config.max_request_size), (16_384, 33_554_432, 1_048_576));
        assert_eq!(config.retries, i32::MAX as u32);
        assert!(config.client.allow_auto_topic_creation && config.client.rebootstrap);
    }

    #[test]
    fn what_connect_sets_is_taken() {
        let config = ProducerConfig::parse(&raw([
            ("key.serializer", "org.apache.kafka.common.serialization.ByteArraySerializer"),
            ("value.serializer", "org.apache.kafka.common.serialization.ByteArraySerializer"),
            ("max.block.ms", "9223372036854775807"),
            ("delivery.timeout.ms", "2147483647"),
            ("max.in.flight.requests.per.connection", "1"),
            ("metrics.context.connect.group.id", "g"),
            ("made.up", "1"),
        ]))
        .unwrap();
        assert_eq!(config.max_block, Duration::from_millis(i64::MAX as u64));
        assert_eq!(config.max_in_flight, 1);
        assert_eq!(config.client.ignored, ["made.up"]);
    }

    #[test]
    fn what_would_change_delivery_or_access_is_refused() {
        for (key, value) in [
            ("enable.idempotence", "true"),
            ("transactional.id", "a"),
            ("security.protocol", "SASL_SSL"),
            ("partitioner.class", "x.Y"),
            ("interceptor.classes", "x.Y"),
        ] {
            let error = refusal([(key, value)]);
            assert!(error.contains(key) && error.contains("this version cannot do yet"), "{error}");
        }
        // Without a word Java's producer is idempotent, which is refused as well.
        assert!(ProducerConfig::parse(&RawConfig::from([("bootstrap.servers", "a:1")])).is_err());
    }

    #[test]
    fn wrong_values_are_told_as_java_tells_them() {
        assert_eq!(
            refusal([("acks", "2")]),
            "Invalid value 2 for configuration acks: String must be one of: all, -1, 0, 1"
        );
        assert_eq!(
            refusal([("delivery.timeout.ms", "100")]),
            "delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms"
        );
        assert_eq!(refusal([("bootstrap.servers", "nowhere")]), "Invalid url in bootstrap.servers: nowhere");
        assert!(refusal([("compression.type", "gzip"), ("compression.gzip.level", "12")]).contains("between 1 and 9"));
    }
}
