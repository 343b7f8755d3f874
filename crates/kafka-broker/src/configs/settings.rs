//! What a topic's configuration means, parsed once.

use kafka_config::{ConfigError, ParsedConfig};

use super::layers::{Layers, Texts};
use super::topic_keys::{DEFINITION, INTERNAL};

/// The settings of a topic. Times are milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TopicSettings {
    /// `max.message.bytes`: the largest batch.
    pub(crate) max_batch_bytes: usize,
    /// `cleanup.policy` has `delete`.
    pub(crate) deletes: bool,
    /// `cleanup.policy` has `compact`.
    pub(crate) compacts: bool,
    /// `retention.bytes`; `None`: any size.
    pub(crate) retention_bytes: Option<u64>,
    /// `retention.ms`; `None`: any age.
    pub(crate) retention_ms: Option<i64>,
    /// `delete.retention.ms`: how long tombstones stay.
    pub(crate) delete_retention_ms: i64,
    /// `min.compaction.lag.ms`
    pub(crate) min_compaction_lag_ms: i64,
    /// `max.compaction.lag.ms`; `i64::MAX`: any.
    pub(crate) max_compaction_lag_ms: i64,
    /// `min.cleanable.dirty.ratio`, from 0 to 1.
    pub(crate) min_cleanable_dirty_ratio: f64,
    /// `segment.bytes`
    pub(crate) segment_bytes: u64,
    /// `segment.ms`
    pub(crate) segment_ms: i64,
    /// `segment.jitter.ms`
    pub(crate) segment_jitter_ms: i64,
    /// `flush.messages`; `i64::MAX`: never by number.
    pub(crate) flush_messages: i64,
    /// `flush.ms`; `i64::MAX`: never by time.
    pub(crate) flush_ms: i64,
    /// `message.timestamp.type` is `LogAppendTime`.
    pub(crate) appends_time: bool,
    /// `message.timestamp.before.max.ms`
    pub(crate) timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`
    pub(crate) timestamp_after_max_ms: i64,
}

/// Checks what a topic is told, as Kafka's controller does.
///
/// # Errors
/// Kafka's sentence about the first thing wrong.
pub(crate) fn check_topic(layers: &Layers, told: &Texts) -> Result<TopicSettings, String> {
    if let Some(unknown) = told.keys().find(|name| DEFINITION.get(name).is_none()) {
        return Err(format!("Unknown topic config name: {unknown}"));
    }
    let parsed = DEFINITION.parse(&layers.topic(told)).map_err(|error| error.to_string())?;
    let says = |error: ConfigError| error.to_string();
    let (least, most) =
        (parsed.long("min.compaction.lag.ms").map_err(says)?, parsed.long("max.compaction.lag.ms").map_err(says)?);
    if least > most {
        return Err(format!(
            "conflict topic config setting min.compaction.lag.ms ({least}) > max.compaction.lag.ms ({most})"
        ));
    }
    if parsed.bool("remote.storage.enable").map_err(says)? {
        return Err(
            "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log \
                    storage."
                .into(),
        );
    }
    TopicSettings::read(&parsed).map_err(says)
}

impl TopicSettings {
    /// The settings of a topic that was told `told`.
    ///
    /// # Errors
    /// What is wrong with a value. Keys that nobody knows are left out.
    pub(crate) fn new(layers: &Layers, told: &Texts) -> Result<Self, String> {
        let parsed = DEFINITION.parse(&layers.topic(told)).map_err(|error| error.to_string())?;
        Self::read(&parsed).map_err(|error| error.to_string())
    }

    fn read(parsed: &ParsedConfig) -> Result<Self, ConfigError> {
        let policies = parsed.list("cleanup.policy");
        let has = |policy: &str| policies.iter().any(|each| each == policy);
        let segment_bytes = match parsed.get_int(INTERNAL) {
            Some(bytes) => bytes,
            None => parsed.int("segment.bytes")?,
        };
        Ok(Self {
            max_batch_bytes: usize::try_from(parsed.int("max.message.bytes")?).unwrap_or(0),
            deletes: has("delete"),
            compacts: has("compact"),
            retention_bytes: u64::try_from(parsed.long("retention.bytes")?).ok(),
            retention_ms: Some(parsed.long("retention.ms")?).filter(|millis| *millis >= 0),
            delete_retention_ms: parsed.long("delete.retention.ms")?,
            min_compaction_lag_ms: parsed.long("min.compaction.lag.ms")?,
            max_compaction_lag_ms: parsed.long("max.compaction.lag.ms")?,
            min_cleanable_dirty_ratio: parsed.double("min.cleanable.dirty.ratio")?,
            segment_bytes: u64::try_from(segment_bytes).unwrap_or(1).max(1),
            segment_ms: parsed.long("segment.ms")?,
            segment_jitter_ms: parsed.long("segment.jitter.ms")?,
            flush_messages: parsed.long("flush.messages")?,
            flush_ms: parsed.long("flush.ms")?,
            appends_time: parsed.string("message.timestamp.type")? == "LogAppendTime",
            timestamp_before_max_ms: parsed.long("message.timestamp.before.max.ms")?,
            timestamp_after_max_ms: parsed.long("message.timestamp.after.max.ms")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pairs: &[(&str, &str)]) -> Texts {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn says(pairs: &[(&str, &str)]) -> String {
        check_topic(&Layers::default(), &texts(pairs)).err().unwrap_or_default()
    }

    #[test]
    fn without_a_word_a_topic_is_as_kafka_has_it() {
        let settings = TopicSettings::new(&Layers::default(), &Texts::new()).unwrap();
        assert_eq!((settings.max_batch_bytes, settings.segment_bytes), (1_048_588, 1 << 30));
        assert_eq!((settings.retention_bytes, settings.retention_ms), (None, Some(604_800_000)));
        assert_eq!((settings.deletes, settings.compacts, settings.appends_time), (true, false, false));
        assert_eq!((settings.flush_messages, settings.flush_ms), (i64::MAX, i64::MAX));
        assert_eq!((settings.timestamp_before_max_ms, settings.timestamp_after_max_ms), (i64::MAX, 3_600_000));
    }

    #[test]
    fn what_is_wrong_is_said_in_kafkas_words() {
        for (key, value, sentence) in [
            ("no.such", "1", "Unknown topic config name: no.such"),
            ("segment.bytes", "x", "Invalid value x for configuration segment.bytes: Not a number of type INT"),
            (
                "segment.bytes",
                "100",
                "Invalid value 100 for configuration segment.bytes: Value must be at least 1048576",
            ),
            (
                "message.timestamp.type",
                "Never",
                "Invalid value Never for configuration message.timestamp.type: String must be one of: CreateTime, \
                 LogAppendTime",
            ),
            (
                "cleanup.policy",
                "shrink",
                "Invalid value shrink for configuration cleanup.policy: String must be one of: compact, delete",
            ),
            (
                "min.cleanable.dirty.ratio",
                "2",
                "Invalid value 2.0 for configuration min.cleanable.dirty.ratio: Value must be no more than 1",
            ),
            (
                "preallocate",
                "maybe",
                "Invalid value maybe for configuration preallocate: Expected value to be either true or false",
            ),
            (
                "compression.gzip.level",
                "0",
                "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1",
            ),
            (
                "compression.lz4.level",
                "18",
                "Invalid value 18 for configuration compression.lz4.level: Value must be no more than 17",
            ),
            (
                "leader.replication.throttled.replicas",
                "a",
                "Invalid value [a] for configuration leader.replication.throttled.replicas: \
                 leader.replication.throttled.replicas must be the literal '*' or a list of replicas in the following \
                 format: [partitionId]:[brokerId],[partitionId]:[brokerId],...",
            ),
            (
                "remote.storage.enable",
                "true",
                "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log \
                 storage.",
            ),
        ] {
            assert_eq!(says(&[(key, value)]), sentence);
        }
        assert_eq!(
            says(&[("min.compaction.lag.ms", "10"), ("max.compaction.lag.ms", "5")]),
            "conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)"
        );
        for (key, value) in [
            ("cleanup.policy", ""),
            ("cleanup.policy", "delete,delete"),
            ("cleanup.policy", "compact , delete"),
            ("leader.replication.throttled.replicas", "*"),
            ("leader.replication.throttled.replicas", "0:1,1:2"),
            ("min.insync.replicas", "3"),
            ("internal.segment.bytes", "3000"),
            ("remote.log.copy.disable", "true"),
        ] {
            assert_eq!(says(&[(key, value)]), "", "{key}={value}");
        }
    }

    #[test]
    fn a_topic_takes_from_the_broker_what_it_was_not_told() {
        let layers = Layers {
            broker: texts(&[("log.retention.hours", "2")]),
            cluster: texts(&[("log.cleanup.policy", "compact"), ("message.max.bytes", "5")]),
            given: texts(&[("message.max.bytes", "7"), ("log.retention.hours", "3")]),
        };
        let settings = check_topic(&layers, &texts(&[("cleanup.policy", "delete")])).unwrap();
        assert_eq!(settings.retention_ms, Some(2 * 3_600_000));
        assert_eq!((settings.max_batch_bytes, settings.deletes, settings.compacts), (5, true, false));
        // Milliseconds count before hours, wherever each was told.
        let layers = Layers { given: texts(&[("log.retention.ms", "-1")]), ..layers };
        assert_eq!(check_topic(&layers, &Texts::new()).unwrap().retention_ms, None);
    }
}
