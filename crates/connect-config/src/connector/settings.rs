//! A connector's configuration at start: typed values of Connect's own keys.

use std::time::Duration;

use kafka_config::{ConfigError, ParsedConfig, RawConfig};

use super::enrichment::{classes, enrich};
use super::keys::definition;
use super::own_keys::OwnSettings;
use super::sink_keys::{DLQ_TOPIC, check_sink, topics_list};
use super::stages::{TransformStage, stages};
use crate::converter::{ConverterChoice, ConverterUse};
use crate::plugin_lookup::Plugins;

/// Which way a connector moves data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectorKind {
    /// Into Kafka.
    Source,
    /// Out of Kafka.
    Sink,
}

/// What happens to a record that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tolerance {
    /// The task fails.
    None,
    /// The record is left out.
    All,
}

/// How errors are handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorSettings {
    /// How long an operation is tried again: not at all for zero, `None` forever.
    pub retry_timeout: Option<Duration>,
    /// The longest wait between tries.
    pub retry_delay_max: Duration,
    /// What happens to a record that fails.
    pub tolerance: Tolerance,
    /// Whether tolerated errors are logged.
    pub log_enable: bool,
    /// Whether logged errors show where the record came from.
    pub log_include_messages: bool,
}

/// When a transaction of a source ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionBoundary {
    /// After each batch of records.
    Poll,
    /// After an interval.
    Interval,
    /// Where the connector says.
    Connector,
}

/// What only sources have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSettings {
    /// Whether exactly-once delivery is a condition.
    pub exactly_once_required: bool,
    /// When a transaction ends.
    pub transaction_boundary: TransactionBoundary,
    /// How long one lasts at [`TransactionBoundary::Interval`]; the worker's flush interval if not set.
    pub transaction_interval: Option<Duration>,
    /// A topic of its own for offsets.
    pub offsets_topic: Option<String>,
}

/// Where records that a sink could not take are copied to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterQueue {
    /// The topic.
    pub topic: String,
    /// Its replication factor where it has to be created; -1 for the brokers' default.
    pub replication_factor: i16,
    /// Whether headers say what went wrong.
    pub context_headers: bool,
}

/// What only sinks have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkSettings {
    /// The topics, or none if there is a pattern.
    pub topics: Vec<String>,
    /// A regular expression of topics.
    pub topics_regex: Option<String>,
    /// Where failed records are copied to.
    pub dead_letter_queue: Option<DeadLetterQueue>,
}

/// What a connector was told.
#[derive(Debug, Clone)]
pub struct ConnectorConfig {
    /// Its name.
    pub name: String,
    /// Its class as written: a full name or an alias.
    pub class: String,
    /// The version or range of the class.
    pub version: Option<String>,
    /// How many tasks it may have; at least one.
    pub tasks_max: i32,
    /// Whether more tasks are an error.
    pub tasks_max_enforce: bool,
    /// How errors are handled.
    pub errors: ErrorSettings,
    /// Of a source.
    pub source: Option<SourceSettings>,
    /// Of a sink.
    pub sink: Option<SinkSettings>,
    /// What Moldau's own keys say.
    pub own: OwnSettings,
    parsed: ParsedConfig,
}

impl ConnectorConfig {
    /// Reads a connector's (or a task's) configuration as its start does.
    ///
    /// # Errors
    /// The first thing wrong, with its key.
    pub fn parse(kind: ConnectorKind, raw: &RawConfig, plugins: &Plugins) -> Result<Self, ConfigError> {
        let base = definition(kind);
        base.parse_with(raw, &classes(plugins))?;
        let parsed = enrich(&base, raw, plugins, true)?.parse_with(raw, &classes(plugins))?;
        if kind == ConnectorKind::Sink {
            check_sink(raw)?;
        }
        Ok(Self {
            name: parsed.string("name")?.to_owned(),
            class: parsed.string("connector.class")?.to_owned(),
            version: parsed.get_string("connector.plugin.version").map(str::to_owned),
            tasks_max: parsed.int("tasks.max")?,
            tasks_max_enforce: parsed.bool("tasks.max.enforce")?,
            errors: error_settings(&parsed)?,
            source: (kind == ConnectorKind::Source).then(|| source_settings(&parsed)).transpose()?,
            sink: (kind == ConnectorKind::Sink).then(|| sink_settings(&parsed)).transpose()?,
            own: OwnSettings::parse(kind, raw)?,
            parsed,
        })
    }

    /// The connector's own converter; `None`: the worker's, with the worker's keys. They never mix.
    pub fn converter(&self, what: ConverterUse) -> Option<ConverterChoice> {
        ConverterChoice::from_parsed(&self.parsed, what)
    }

    /// The transforms in the order in which they apply, with their predicates. Asked for when a task starts, since
    /// that is where Java notices what is wrong with them.
    ///
    /// # Errors
    /// A transform names a predicate that is not there.
    pub fn transforms(&self) -> Result<Vec<TransformStage>, ConfigError> {
        stages(&self.parsed)
    }

    /// Every key as submitted.
    pub fn originals(&self) -> &RawConfig {
        self.parsed.originals()
    }

    /// Typed values of Connect's own keys.
    pub fn parsed(&self) -> &ParsedConfig {
        &self.parsed
    }
}

fn error_settings(parsed: &ParsedConfig) -> Result<ErrorSettings, ConfigError> {
    // Any negative time is forever for Java's retries.
    let retry_timeout = u64::try_from(parsed.long("errors.retry.timeout")?).ok().map(Duration::from_millis);
    Ok(ErrorSettings {
        retry_timeout,
        retry_delay_max: milliseconds(parsed.long("errors.retry.delay.max.ms")?),
        tolerance: if parsed.string("errors.tolerance")? == "all" { Tolerance::All } else { Tolerance::None },
        log_enable: parsed.bool("errors.log.enable")?,
        log_include_messages: parsed.bool("errors.log.include.messages")?,
    })
}

fn source_settings(parsed: &ParsedConfig) -> Result<SourceSettings, ConfigError> {
    let boundary = parsed.string("transaction.boundary")?.to_ascii_lowercase();
    Ok(SourceSettings {
        exactly_once_required: parsed.string("exactly.once.support")?.eq_ignore_ascii_case("required"),
        transaction_boundary: match boundary.as_str() {
            "interval" => TransactionBoundary::Interval,
            "connector" => TransactionBoundary::Connector,
            _ => TransactionBoundary::Poll,
        },
        transaction_interval: parsed.get_long("transaction.boundary.interval.ms").map(milliseconds),
        offsets_topic: parsed.get_string("offsets.storage.topic").map(str::to_owned),
    })
}

fn sink_settings(parsed: &ParsedConfig) -> Result<SinkSettings, ConfigError> {
    let text = |name: &str| Ok::<_, ConfigError>(Some(parsed.string(name)?.to_owned()).filter(|text| !text.is_empty()));
    let replication_factor = parsed.short("errors.deadletterqueue.topic.replication.factor")?;
    let context_headers = parsed.bool("errors.deadletterqueue.context.headers.enable")?;
    Ok(SinkSettings {
        topics: topics_list(parsed.originals()),
        topics_regex: text("topics.regex")?,
        dead_letter_queue: text(DLQ_TOPIC)?.map(|topic| DeadLetterQueue { topic, replication_factor, context_headers }),
    })
}

fn milliseconds(number: i64) -> Duration {
    Duration::from_millis(u64::try_from(number).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin_lookup::tests::plugins;

    fn parse(kind: ConnectorKind, entries: &[(&str, &str)]) -> Result<ConnectorConfig, String> {
        let mut raw = RawConfig::from([("name", "c"), ("connector.class", "FileStreamSink")]);
        for (name, value) in entries {
            raw.insert(*name, *value);
        }
        ConnectorConfig::parse(kind, &raw, &plugins()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_sink() {
        let sink = parse(
            ConnectorKind::Sink,
            &[
                ("topics", "a, b"),
                ("tasks.max", "2"),
                ("errors.tolerance", "all"),
                ("errors.retry.timeout", "-1"),
                (DLQ_TOPIC, "dlq"),
                ("errors.deadletterqueue.topic.replication.factor", "1"),
                ("value.converter", "StringConverter"),
                ("value.converter.encoding", "UTF-8"),
            ],
        )
        .unwrap();
        assert_eq!(sink.tasks_max, 2);
        assert_eq!((sink.errors.tolerance, sink.errors.retry_timeout), (Tolerance::All, None));
        let settings = sink.sink.as_ref().unwrap();
        assert_eq!(settings.topics, ["a", "b"]);
        let dlq = DeadLetterQueue { topic: "dlq".into(), replication_factor: 1, context_headers: false };
        assert_eq!(settings.dead_letter_queue, Some(dlq));
        assert_eq!(sink.converter(ConverterUse::Key), None);
        let value = sink.converter(ConverterUse::Value).unwrap();
        assert_eq!(value.class, "org.apache.kafka.connect.storage.StringConverter");
        assert_eq!(value.config, RawConfig::from([("encoding", "UTF-8"), ("converter.type", "value")]));
    }

    #[test]
    fn a_source() {
        let source = parse(ConnectorKind::Source, &[("transaction.boundary", "POLL")]).unwrap();
        assert_eq!(source.source.unwrap().transaction_boundary, TransactionBoundary::Poll);
        assert_eq!(source.errors.retry_timeout, Some(Duration::ZERO));
        assert_eq!(source.errors.retry_delay_max, Duration::from_secs(60));
    }

    #[test]
    fn starts_that_fail() {
        assert_eq!(
            parse(ConnectorKind::Sink, &[]).unwrap_err(),
            "Invalid value null for configuration topics: Must configure one of topics or topics.regex"
        );
        assert_eq!(
            parse(ConnectorKind::Source, &[("tasks.max", "0")]).unwrap_err(),
            "Invalid value 0 for configuration tasks.max: Value must be at least 1"
        );
        assert_eq!(
            parse(ConnectorKind::Source, &[("name", "")]).unwrap_err(),
            "Invalid value  for configuration name: String may not be empty"
        );
    }
}
