//! The consumer.

use std::sync::LazyLock;
use std::time::Duration;

use kafka_config::{ConfigDef, ConfigError, ParsedConfig, RawConfig};

use super::client::{self, ClientConfig, int_millis, size};
use super::keys::{self, flag, int, int_from, list, not_yet, optional_text, text, word, word_in_any_case};
use crate::error::ClientError;

/// Where to begin in a partition without a committed offset, or with one that is no longer there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoOffsetReset {
    /// At the first record.
    Earliest,
    /// After the last record.
    Latest,
    /// Nowhere: it is an error.
    None,
}

/// How a member of a group behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupConfig {
    /// `group.id`.
    pub group_id: String,
    /// `session.timeout.ms`.
    pub session_timeout: Duration,
    /// `heartbeat.interval.ms`.
    pub heartbeat_interval: Duration,
    /// How long members have to join a rebalance: a consumer's `max.poll.interval.ms`.
    pub rebalance_timeout: Duration,
}

/// How a consumer works.
#[derive(Debug, Clone)]
pub struct ConsumerConfig {
    /// What all clients have.
    pub client: ClientConfig,
    /// The group, when `group.id` is set; needed to subscribe and to commit.
    pub group: Option<GroupConfig>,
    /// `auto.offset.reset`.
    pub auto_offset_reset: AutoOffsetReset,
    /// `fetch.min.bytes`.
    pub fetch_min_bytes: i32,
    /// `fetch.max.bytes`.
    pub fetch_max_bytes: i32,
    /// `fetch.max.wait.ms`.
    pub fetch_max_wait: Duration,
    /// `max.partition.fetch.bytes`.
    pub max_partition_fetch_bytes: i32,
    /// `max.poll.records`, at least 1.
    pub max_poll_records: usize,
    /// `max.poll.interval.ms`.
    pub max_poll_interval: Duration,
    /// `check.crcs`.
    pub check_crcs: bool,
    /// `exclude.internal.topics`: whether a subscription by pattern leaves out Kafka's own topics.
    pub exclude_internal_topics: bool,
    /// `default.api.timeout.ms`: how long a call may take, retries included.
    pub api_timeout: Duration,
}

const RANGE: &str = "org.apache.kafka.clients.consumer.RangeAssignor";
const COOPERATIVE: &str = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";

static DEFINITION: LazyLock<ConfigDef> = LazyLock::new(|| {
    client::define(540_000)
        .define(flag("allow.auto.create.topics", true))
        .define(text("auto.offset.reset", "latest"))
        .define(flag("check.crcs", true))
        .define(int_from("default.api.timeout.ms", 60_000, 0))
        .define(flag("enable.auto.commit", true))
        .define(flag("exclude.internal.topics", true))
        .define(int_from("fetch.max.bytes", 52_428_800, 0))
        .define(int_from("fetch.max.wait.ms", 500, 0))
        .define(int_from("fetch.min.bytes", 1, 0))
        .define(optional_text("group.id"))
        .define(word_in_any_case("group.protocol", "classic", &["consumer", "classic"]))
        .define(optional_text("group.remote.assignor"))
        .define(int("heartbeat.interval.ms", 3_000))
        .define(text("interceptor.classes", ""))
        .define(word("isolation.level", "read_uncommitted", &["read_committed", "read_uncommitted"]))
        .define(int_from("max.partition.fetch.bytes", 1_048_576, 0))
        .define(int_from("max.poll.interval.ms", 300_000, 1))
        .define(int_from("max.poll.records", 500, 1))
        .define(list("partition.assignment.strategy", &[RANGE, COOPERATIVE]))
        .define(int("session.timeout.ms", 45_000))
});

impl ConsumerConfig {
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
        client.allow_auto_topic_creation = parsed.bool("allow.auto.create.topics")?;
        Ok(Self {
            client,
            group: group(&parsed)?,
            auto_offset_reset: auto_offset_reset(parsed.string("auto.offset.reset")?)?,
            fetch_min_bytes: parsed.int("fetch.min.bytes")?,
            fetch_max_bytes: parsed.int("fetch.max.bytes")?,
            fetch_max_wait: int_millis(&parsed, "fetch.max.wait.ms")?,
            max_partition_fetch_bytes: parsed.int("max.partition.fetch.bytes")?,
            max_poll_records: size(&parsed, "max.poll.records")?.max(1),
            max_poll_interval: int_millis(&parsed, "max.poll.interval.ms")?,
            check_crcs: parsed.bool("check.crcs")?,
            exclude_internal_topics: parsed.bool("exclude.internal.topics")?,
            api_timeout: int_millis(&parsed, "default.api.timeout.ms")?,
        })
    }
}

fn refuse_what_is_missing(parsed: &ParsedConfig, raw: &RawConfig) -> Result<(), ClientError> {
    if raw.get("enable.auto.commit").is_some() && parsed.bool("enable.auto.commit")? {
        return Err(not_yet("enable.auto.commit", "true", "set enable.auto.commit=false"));
    }
    if !parsed.string("group.protocol")?.eq_ignore_ascii_case("classic") {
        return Err(not_yet("group.protocol", "consumer", "set group.protocol=classic"));
    }
    if parsed.get_string("group.remote.assignor").is_some_and(|assignor| !assignor.is_empty()) {
        let text = "group.remote.assignor cannot be set when group.protocol=CLASSIC";
        return Err(ConfigError::about("group.remote.assignor", text).into());
    }
    if parsed.string("isolation.level")? != "read_uncommitted" {
        return Err(not_yet("isolation.level", "read_committed", "set isolation.level=read_uncommitted"));
    }
    let strategies = parsed.list("partition.assignment.strategy");
    let names = strategies.iter().map(|name| name.trim().trim_start_matches("class ").trim());
    if !names.clone().any(|name| name == RANGE) {
        let shown = names.collect::<Vec<_>>().join(",");
        return Err(not_yet("partition.assignment.strategy", &shown, &format!("it must name {RANGE}")));
    }
    keys::refuse_unless_empty(raw, "interceptor.classes")
}

fn auto_offset_reset(word: &str) -> Result<AutoOffsetReset, ClientError> {
    match word.to_ascii_lowercase().as_str() {
        "earliest" => Ok(AutoOffsetReset::Earliest),
        "latest" => Ok(AutoOffsetReset::Latest),
        "none" => Ok(AutoOffsetReset::None),
        other if other.starts_with("by_duration:") => Err(not_yet("auto.offset.reset", word, "use earliest or latest")),
        _ => Err(ConfigError::invalid(
            "auto.offset.reset",
            word,
            format!(
                "Invalid value `{word}` for configuration auto.offset.reset. The value must be either 'earliest', 'latest', 'none' or of the format 'by_duration:<PnDTnHnMn.nS.>'."
            ),
        )
        .into()),
    }
}

fn group(parsed: &ParsedConfig) -> Result<Option<GroupConfig>, ClientError> {
    let Some(group_id) = parsed.get_string("group.id").filter(|id| !id.is_empty()) else { return Ok(None) };
    let session_timeout = int_millis(parsed, "session.timeout.ms")?;
    let heartbeat_interval = int_millis(parsed, "heartbeat.interval.ms")?;
    if heartbeat_interval >= session_timeout {
        return Err(ConfigError::about(
            "heartbeat.interval.ms",
            "Heartbeat must be set lower than the session timeout",
        )
        .into());
    }
    Ok(Some(GroupConfig {
        group_id: group_id.to_owned(),
        session_timeout,
        heartbeat_interval,
        rebalance_timeout: int_millis(parsed, "max.poll.interval.ms")?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse<const N: usize>(extra: [(&str, &str); N]) -> Result<ConsumerConfig, ClientError> {
        let mut raw = RawConfig::from([("bootstrap.servers", "localhost:9092"), ("group.id", "connect-x")]);
        for (name, value) in extra {
            raw.insert(name, value);
        }
        ConsumerConfig::parse(&raw)
    }

    #[test]
    fn defaults_are_javas() {
        let config = parse([]).unwrap();
        assert_eq!(config.auto_offset_reset, AutoOffsetReset::Latest);
        assert_eq!((config.max_poll_records, config.fetch_max_bytes), (500, 52_428_800));
        let group = config.group.unwrap();
        assert_eq!(group.session_timeout, Duration::from_secs(45));
        assert_eq!(group.rebalance_timeout, Duration::from_secs(300));
    }

    #[test]
    fn the_default_strategies_are_taken_spelled_out() {
        let both = format!("{RANGE},{COOPERATIVE}");
        assert!(parse([("partition.assignment.strategy", both.as_str())]).is_ok());
        assert!(parse([("partition.assignment.strategy", COOPERATIVE)]).is_err());
    }

    #[test]
    fn what_would_change_data_or_delivery_is_refused() {
        for (key, value) in [
            ("isolation.level", "read_committed"),
            ("group.protocol", "consumer"),
            ("enable.auto.commit", "true"),
            ("auto.offset.reset", "by_duration:PT1H"),
            ("interceptor.classes", "x.Y"),
        ] {
            let error = parse([(key, value)]).unwrap_err().to_string();
            assert!(error.contains(key) && error.contains("this version cannot do yet"), "{error}");
        }
    }

    #[test]
    fn static_membership_has_no_effect_and_is_no_reason_to_fail() {
        assert!(parse([("group.instance.id", "a")]).is_ok() && !ConsumerConfig::reads("group.instance.id"));
    }

    #[test]
    fn unsound_values_are_refused() {
        let error = parse([("group.remote.assignor", "uniform")]).unwrap_err().to_string();
        assert_eq!(error, "group.remote.assignor cannot be set when group.protocol=CLASSIC");
        let error = parse([("heartbeat.interval.ms", "45000")]).unwrap_err().to_string();
        assert_eq!(error, "Heartbeat must be set lower than the session timeout");
        assert!(parse([("auto.offset.reset", "first")]).is_err());
        assert!(parse([("max.poll.records", "0")]).is_err());
    }
}
