//! The keys of both connectors.

use std::sync::Arc;

use connect_api::{Error, Result};
use kafka_config::{ConfigDef, ConfigError, ConfigKey, Importance, NonEmptyString, RawConfig, Type};

/// `file`: the file to read or to append to.
pub(crate) const FILE: &str = "file";
/// `topic`: where the lines go.
pub(crate) const TOPIC: &str = "topic";
/// `batch.size`: lines per poll.
pub(crate) const BATCH_SIZE: &str = "batch.size";

/// The keys of the source.
pub(crate) fn source_keys() -> ConfigDef {
    ConfigDef::new()
        .define(ConfigKey::new(FILE, Type::String).default_null().importance(Importance::High).doc(
            "The file whose lines are read; it may appear later. Left out or empty: standard input, for which no \
                 offsets are kept.",
        ))
        .define(
            ConfigKey::new(TOPIC, Type::String)
                .validator(NonEmptyString)
                .importance(Importance::High)
                .doc("The topic that gets one record per line."),
        )
        .define(
            ConfigKey::new(BATCH_SIZE, Type::Int)
                .default(2000)
                .importance(Importance::Low)
                .doc("The most lines that one poll takes from the file."),
        )
}

/// The keys of the sink.
pub(crate) fn sink_keys() -> ConfigDef {
    ConfigDef::new().define(ConfigKey::new(FILE, Type::String).default_null().importance(Importance::High).doc(
        "The file to which one line per record is appended; it is created when absent. Left out or empty: standard \
             output.",
    ))
}

/// What the source does.
pub(crate) struct SourceConfig {
    /// As written: `None` and empty both mean standard input, but stored partitions tell them apart.
    pub(crate) file: Option<String>,
    /// The topic.
    pub(crate) topic: Arc<str>,
    /// Lines per poll, at least 1.
    pub(crate) batch_size: usize,
}

impl SourceConfig {
    /// Reads the keys.
    ///
    /// # Errors
    /// The first key that is missing or wrong.
    pub(crate) fn parse(raw: &RawConfig) -> Result<Self> {
        let parsed = source_keys().parse(raw).map_err(refused)?;
        let batch_size = parsed.int(BATCH_SIZE).map_err(refused)?;
        Ok(Self {
            file: parsed.get_string(FILE).map(str::to_owned),
            topic: parsed.string(TOPIC).map_err(refused)?.into(),
            // Parity: there is no lower bound; a poll that found a line returns it before it looks at the limit.
            batch_size: usize::try_from(batch_size).unwrap_or(0).max(1),
        })
    }

    /// The file, unless it is standard input.
    pub(crate) fn named_file(&self) -> Option<&str> {
        self.file.as_deref().filter(|file| !file.is_empty())
    }
}

/// The file of a sink, `None` for standard output.
///
/// # Errors
/// When the key is wrong.
pub(crate) fn sink_file(raw: &RawConfig) -> Result<Option<String>> {
    let parsed = sink_keys().parse(raw).map_err(refused)?;
    Ok(parsed.get_string(FILE).filter(|file| !file.is_empty()).map(str::to_owned))
}

fn refused(error: ConfigError) -> Error {
    Error::config(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(raw: RawConfig) -> Result<SourceConfig, String> {
        SourceConfig::parse(&raw).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_javas() {
        let config = parse([("topic", "t")].into()).unwrap();
        assert_eq!((config.file.as_deref(), config.named_file(), config.batch_size), (None, None, 2000));
        let config = parse([("topic", "t"), ("file", ""), ("batch.size", "-3")].into()).unwrap();
        assert_eq!((config.file.as_deref(), config.named_file(), config.batch_size), (Some(""), None, 1));
        assert_eq!(sink_file(&RawConfig::new()).unwrap(), None);
        assert_eq!(sink_file(&[("file", "a")].into()).unwrap().as_deref(), Some("a"));
    }

    #[test]
    fn says_what_java_says() {
        let class = "org.apache.kafka.common.config.ConfigException";
        for (raw, text) in [
            (RawConfig::new(), "Missing required configuration \"topic\" which has no default value."),
            ([("topic", "")].into(), "Invalid value  for configuration topic: String must be non-empty"),
            (
                [("topic", "t"), ("batch.size", "x")].into(),
                "Invalid value x for configuration batch.size: Not a number of type INT",
            ),
        ] {
            assert_eq!(parse(raw).err().unwrap(), format!("{class}: {text}"));
        }
    }
}
