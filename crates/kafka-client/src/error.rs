//! What can go wrong, and what Java calls it.

use std::sync::Arc;

use kafka_config::ConfigError;
use kafka_wire::{BatchError, ErrorCode, UnsupportedApi, WireError};

/// Why a client could not do what it was asked. Cheap to clone: one error may end many records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// A broker answered with this error.
    #[error("{message}")]
    Broker {
        /// The code.
        code: ErrorCode,
        /// The broker's own words, or the code's usual ones.
        message: Arc<str>,
    },
    /// The time allowed was over. The text says for what.
    #[error("{0}")]
    Timeout(Arc<str>),
    /// No broker could be reached at all.
    #[error("Cannot reach any Kafka broker ({tried}): {reason}")]
    Unreachable {
        /// `host:port` of those tried.
        tried: Arc<str>,
        /// What the last one said.
        reason: Arc<str>,
    },
    /// The connection to a broker broke, or could not be made. What was in flight may or may not have been done.
    #[error("Disconnected from {broker}: {reason}")]
    Disconnected {
        /// `host:port`.
        broker: Arc<str>,
        /// Why.
        reason: Arc<str>,
    },
    /// None of the names in `bootstrap.servers` has an address.
    #[error("No resolvable bootstrap urls given in bootstrap.servers: {hosts}")]
    UnresolvableHost {
        /// The names, with what the resolver said.
        hosts: Arc<str>,
    },
    /// A record is larger than `max.request.size`.
    #[error(
        "The message is {size} bytes when serialized which is larger than {limit}, which is the value of the max.request.size configuration."
    )]
    RecordTooLarge {
        /// The record's topic.
        topic: Arc<str>,
        /// Its size in bytes, as Java counts it.
        size: usize,
        /// `max.request.size`.
        limit: usize,
    },
    /// A record names a partition that its topic does not have.
    #[error("Invalid partition given with record: {partition} is not in the range [0...{count}) of topic {topic}.")]
    InvalidPartition {
        /// The topic.
        topic: Arc<str>,
        /// The partition asked for.
        partition: i32,
        /// How many the topic has.
        count: i32,
    },
    /// A fetched batch cannot be read.
    #[error(
        "Received exception when fetching the next record from {topic}-{partition}. If needed, please seek past the record to continue consumption. (at offset {offset}: {reason})"
    )]
    CorruptRecord {
        /// The topic.
        topic: Arc<str>,
        /// The partition.
        partition: i32,
        /// The offset at which reading stopped.
        offset: i64,
        /// What is wrong.
        reason: Arc<str>,
    },
    /// A batch could not be built, such as for a compression level its codec does not have.
    #[error("{0}")]
    Batch(Arc<str>),
    /// `auto.offset.reset=none`, and these partitions have no committed offset.
    #[error("Undefined offset with no reset policy for partitions: {partitions}")]
    NoOffset {
        /// The partitions, as text.
        partitions: Arc<str>,
    },
    /// `auto.offset.reset=none`, and this position is outside what the partition holds.
    #[error("Fetch position {offset} is out of range for partition {topic}-{partition}")]
    OffsetOutOfRange {
        /// The topic.
        topic: Arc<str>,
        /// The partition.
        partition: i32,
        /// The position.
        offset: i64,
    },
    /// Offsets were not committed because the group has moved on without this member.
    #[error(
        "Offset commit cannot be completed since the consumer is not part of an active group for auto partition assignment; {0}"
    )]
    CommitFailed(Arc<str>),
    /// Somebody else has taken this client's place.
    #[error("{0}")]
    Fenced(Arc<str>),
    /// The client was closed.
    #[error("{0}")]
    Closed(&'static str),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The configuration asks for what this client cannot do yet, or the broker is too old for it.
    #[error("{0}")]
    Unsupported(Arc<str>),
    /// The other side does not speak the protocol as it should.
    #[error("{0}")]
    Protocol(Arc<str>),
}

impl ClientError {
    /// A broker's error with the code's usual message.
    pub fn broker(code: ErrorCode) -> Self {
        Self::Broker { code, message: code.message().into() }
    }

    /// A broker's error with its own message where it gave one.
    pub fn broker_said(code: ErrorCode, message: Option<&str>) -> Self {
        Self::Broker { code, message: message.unwrap_or(code.message()).into() }
    }

    /// A broker's error with the topic it is about.
    pub(crate) fn about_topic(code: ErrorCode, topic: &str) -> Self {
        let message = match code {
            ErrorCode::TopicAuthorizationFailed => format!("Not authorized to access topics: [{topic}]"),
            ErrorCode::InvalidTopicException => format!("Invalid topics: [{topic}]"),
            _ => format!("{} (topic {topic})", code.message()),
        };
        Self::Broker { code, message: message.into() }
    }

    pub(crate) fn timeout(message: impl Into<Arc<str>>) -> Self {
        Self::Timeout(message.into())
    }

    pub(crate) fn unsupported(message: impl Into<Arc<str>>) -> Self {
        Self::Unsupported(message.into())
    }

    pub(crate) fn protocol(message: impl Into<Arc<str>>) -> Self {
        Self::Protocol(message.into())
    }

    /// The protocol's code, where a broker gave one.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Broker { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// The full name of the exception that Java clients throw.
    pub fn java_class(&self) -> &'static str {
        match self {
            Self::Broker { code, .. } => code.exception(),
            Self::Timeout(_) | Self::Unreachable { .. } => "org.apache.kafka.common.errors.TimeoutException",
            Self::Disconnected { .. } => "org.apache.kafka.common.errors.NetworkException",
            Self::UnresolvableHost { .. } | Self::Config(_) => "org.apache.kafka.common.config.ConfigException",
            Self::RecordTooLarge { .. } => "org.apache.kafka.common.errors.RecordTooLargeException",
            Self::NoOffset { .. } => "org.apache.kafka.clients.consumer.NoOffsetForPartitionException",
            Self::OffsetOutOfRange { .. } => "org.apache.kafka.clients.consumer.OffsetOutOfRangeException",
            Self::CommitFailed(_) => "org.apache.kafka.clients.consumer.CommitFailedException",
            Self::Fenced(_) => "org.apache.kafka.common.errors.ProducerFencedException",
            Self::Unsupported(_) => "org.apache.kafka.common.errors.UnsupportedVersionException",
            Self::InvalidPartition { .. }
            | Self::CorruptRecord { .. }
            | Self::Batch(_)
            | Self::Closed(_)
            | Self::Protocol(_) => "org.apache.kafka.common.KafkaException",
        }
    }

    /// Whether the same call may succeed later (`RetriableException`).
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Broker { code, .. } => code.is_retriable(),
            Self::Timeout(_) | Self::Unreachable { .. } | Self::Disconnected { .. } => true,
            _ => false,
        }
    }

    /// Whether leaders and topics should be asked for again.
    pub(crate) fn invalidates_metadata(&self) -> bool {
        match self {
            Self::Broker { code, .. } => code.invalidates_metadata(),
            Self::Timeout(_) | Self::Unreachable { .. } | Self::Disconnected { .. } => true,
            _ => false,
        }
    }
}

impl From<ErrorCode> for ClientError {
    fn from(code: ErrorCode) -> Self {
        Self::broker(code)
    }
}

impl From<WireError> for ClientError {
    fn from(error: WireError) -> Self {
        Self::Protocol(error.to_string().into())
    }
}

impl From<UnsupportedApi> for ClientError {
    fn from(error: UnsupportedApi) -> Self {
        Self::Unsupported(error.to_string().into())
    }
}

impl From<BatchError> for ClientError {
    fn from(error: BatchError) -> Self {
        Self::Batch(error.to_string().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_java_says() {
        let error = ClientError::RecordTooLarge { topic: "t".into(), size: 1_048_659, limit: 1_048_576 };
        assert_eq!(
            error.to_string(),
            "The message is 1048659 bytes when serialized which is larger than 1048576, which is the value of the max.request.size configuration."
        );
        assert_eq!(error.java_class(), "org.apache.kafka.common.errors.RecordTooLargeException");
        assert!(!error.is_retriable());
    }

    #[test]
    fn a_brokers_words_come_before_the_usual_ones() {
        let usual = ClientError::broker(ErrorCode::NotEnoughReplicas);
        assert_eq!(usual.to_string(), ErrorCode::NotEnoughReplicas.message());
        assert!(usual.is_retriable());
        let own = ClientError::broker_said(ErrorCode::PolicyViolation, Some("no"));
        assert_eq!((own.to_string().as_str(), own.code()), ("no", Some(ErrorCode::PolicyViolation)));
    }

    #[test]
    fn lost_connections_make_metadata_stale() {
        let lost = ClientError::Disconnected { broker: "a:1".into(), reason: "reset".into() };
        assert!(lost.is_retriable() && lost.invalidates_metadata());
        assert!(!ClientError::Closed("closed").is_retriable());
    }
}
