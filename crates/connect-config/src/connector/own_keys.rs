//! The keys that only Moldau has. All are off by default, and a definition has only those that are set, so that answers
//! of REST for a connector without them are Java's.

use std::time::Duration;

use kafka_config::{ConfigDef, ConfigError, ConfigKey, ParsedConfig, Range, RawConfig, Type, Width};

use super::keys::key;
use super::settings::{ConnectorKind, DeadLetterQueue};

const GROUP: &str = "Moldau";

const RESTART_ATTEMPTS: &str = "moldau.restart.max.attempts";
const RESTART_BACKOFF: &str = "moldau.restart.backoff.ms";
const RESTART_BACKOFF_MAX: &str = "moldau.restart.backoff.max.ms";
const RESTART_HEALTHY: &str = "moldau.restart.healthy.ms";
const BISECT: &str = "moldau.errors.put.bisect";
const QUEUE_TOPIC: &str = "moldau.errors.deadletterqueue.topic.name";
const QUEUE_REPLICATION: &str = "moldau.errors.deadletterqueue.topic.replication.factor";
const QUEUE_HEADERS: &str = "moldau.errors.deadletterqueue.context.headers.enable";

/// How what has failed is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestartSettings {
    /// How often in a row; zero: never.
    pub max_attempts: u32,
    /// The wait before the first restart; it doubles with each.
    pub backoff: Duration,
    /// The longest wait.
    pub backoff_max: Duration,
    /// What ran for so long is healthy again: attempts are counted anew.
    pub healthy: Duration,
}

/// What Moldau's own keys say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnSettings {
    /// Restarts of what has failed.
    pub restart: RestartSettings,
    /// Whether a batch that a sink refuses as a whole is narrowed down to the records that are bad (sinks).
    pub bisect_puts: bool,
    /// Where records that do not reach Kafka are copied to (sources).
    pub dead_letter_queue: Option<DeadLetterQueue>,
}

/// All keys of connectors of this kind.
fn all(kind: ConnectorKind) -> Vec<ConfigKey> {
    let key = |name: &str, of: Type, order: i32, display: &str, doc: &str| {
        key(name, of, display, doc).group(GROUP, order).width(Width::Medium)
    };
    let mut keys = vec![
        key(RESTART_ATTEMPTS, Type::Int, 1, "Restart Attempts", "How often in a row what has failed is restarted.")
            .default(0)
            .validator(Range::at_least(0)),
        key(RESTART_BACKOFF, Type::Long, 2, "Restart Backoff", "The wait before the first restart, in milliseconds.")
            .default(1_000_i64)
            .validator(Range::at_least(1)),
        key(RESTART_BACKOFF_MAX, Type::Long, 3, "Longest Restart Backoff", "The longest wait, in milliseconds.")
            .default(60_000_i64)
            .validator(Range::at_least(1)),
        key(
            RESTART_HEALTHY,
            Type::Long,
            4,
            "Healthy Time",
            "After running for so many milliseconds the restarts are counted anew.",
        )
        .default(60_000_i64)
        .validator(Range::at_least(1)),
    ];
    match kind {
        ConnectorKind::Sink => keys.push(
            key(
                BISECT,
                Type::Boolean,
                6,
                "Bisect Failed Puts",
                "With errors.tolerance=all, whether a batch that the sink refuses as a whole is put in halves, until the \
                 records that are bad are known. Records of it may be put more than once.",
            )
            .default(false),
        ),
        ConnectorKind::Source => keys.extend([
            key(
                QUEUE_TOPIC,
                Type::String,
                6,
                "Dead Letter Queue Topic Name",
                "The topic for records that a transform, a converter or Kafka refuses.",
            )
            .default(""),
            key(QUEUE_REPLICATION, Type::Short, 7, "Dead Letter Queue Topic Replication Factor", "If it has to be made.")
                .default(3_i16),
            key(QUEUE_HEADERS, Type::Boolean, 8, "Dead Letter Queue Headers", "Whether headers say what went wrong.")
                .default(false),
        ]),
    }
    keys
}

/// The names of the keys of this kind.
pub fn names(kind: ConnectorKind) -> Vec<String> {
    all(kind).into_iter().map(|key| key.name).collect()
}

/// Adds the keys that are set.
pub(super) fn with_set_keys(definition: ConfigDef, kind: ConnectorKind, raw: &RawConfig) -> ConfigDef {
    all(kind).into_iter().filter(|key| raw.contains_key(&key.name)).fold(definition, ConfigDef::define)
}

impl OwnSettings {
    /// Reads the keys of a connector of this kind.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn parse(kind: ConnectorKind, raw: &RawConfig) -> Result<Self, ConfigError> {
        let parsed = all(kind).into_iter().fold(ConfigDef::new(), ConfigDef::define).parse(raw)?;
        let time = |name: &str| Ok(Duration::from_millis(u64::try_from(parsed.long(name)?).unwrap_or(0)));
        Ok(Self {
            restart: RestartSettings {
                max_attempts: u32::try_from(parsed.int(RESTART_ATTEMPTS)?).unwrap_or(0),
                backoff: time(RESTART_BACKOFF)?,
                backoff_max: time(RESTART_BACKOFF_MAX)?,
                healthy: time(RESTART_HEALTHY)?,
            },
            bisect_puts: kind == ConnectorKind::Sink && parsed.bool(BISECT)?,
            dead_letter_queue: if kind == ConnectorKind::Source { queue(&parsed)? } else { None },
        })
    }
}

fn queue(parsed: &ParsedConfig) -> Result<Option<DeadLetterQueue>, ConfigError> {
    let topic = parsed.string(QUEUE_TOPIC)?.trim().to_owned();
    let replication_factor = parsed.short(QUEUE_REPLICATION)?;
    let context_headers = parsed.bool(QUEUE_HEADERS)?;
    Ok((!topic.is_empty()).then_some(DeadLetterQueue { topic, replication_factor, context_headers }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_off_by_default_and_unseen() {
        for kind in [ConnectorKind::Source, ConnectorKind::Sink] {
            let own = OwnSettings::parse(kind, &RawConfig::new()).unwrap();
            assert_eq!((own.restart.max_attempts, own.bisect_puts), (0, false));
            assert_eq!(own.dead_letter_queue, None);
            assert_eq!(with_set_keys(ConfigDef::new(), kind, &RawConfig::new()).keys().count(), 0);
        }
    }

    #[test]
    fn what_is_set_is_read_and_shown() {
        let raw = RawConfig::from([
            (QUEUE_TOPIC, "bad"),
            (QUEUE_REPLICATION, "1"),
            (RESTART_ATTEMPTS, "3"),
            (RESTART_BACKOFF, "50"),
            ("topics", "t"),
        ]);
        let own = OwnSettings::parse(ConnectorKind::Source, &raw).unwrap();
        let queue = DeadLetterQueue { topic: "bad".to_owned(), replication_factor: 1, context_headers: false };
        assert_eq!(own.dead_letter_queue, Some(queue));
        assert_eq!((own.restart.max_attempts, own.restart.backoff), (3, Duration::from_millis(50)));
        let shown = with_set_keys(ConfigDef::new(), ConnectorKind::Source, &raw);
        assert_eq!(shown.keys().count(), 4);
        assert_eq!(with_set_keys(ConfigDef::new(), ConnectorKind::Sink, &raw).keys().count(), 2);
    }

    #[test]
    fn wrong_values_are_told() {
        let raw = RawConfig::from([(RESTART_ATTEMPTS, "-1")]);
        assert_eq!(
            OwnSettings::parse(ConnectorKind::Sink, &raw).unwrap_err().to_string(),
            "Invalid value -1 for configuration moldau.restart.max.attempts: Value must be at least 0"
        );
    }
}
