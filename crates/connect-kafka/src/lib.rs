//! What Connect asks of Kafka: traits for producing, consuming and administering a batch at a time, and their
//! implementation over the native client.
//!
//! Only this crate names the client. The worker receives [`Clients`] by argument, so that a test can give it doubles.

mod admin;
mod consumer;
mod headers;
mod native;

mod producer;

pub use admin::{Admin, ClusterDescription, NewTopic, TopicOutcome};
pub use consumer::{ConsumedRecord, Consumer, ConsumerEvent, Interrupt, PartitionRecords, Revocation, TopicMatcher};

pub use headers::raw_headers;
pub use native::NativeClients;
pub use producer::{AppendError, Completion, Producer};

pub use kafka_client::producer::{Row, Rows, Run};
pub use kafka_client::{Memory, Reserved};

use std::sync::Arc;

use connect_api::Result;
use kafka_config::RawConfig;

/// Makes clients. Making one opens no connection.
pub trait Clients: Send + Sync {
    /// A producer with these properties (Java's names).
    ///
    /// # Errors
    /// When a property is wrong or cannot be honoured.
    fn producer(&self, config: &RawConfig) -> Result<Arc<dyn Producer>>;

    /// A consumer with these properties. What it fetches finds room in `memory`.
    ///
    /// # Errors
    /// When a property is wrong or cannot be honoured.
    fn consumer(&self, config: &RawConfig, memory: Arc<dyn Memory>) -> Result<Box<dyn Consumer>>;

    /// An admin client with these properties.
    ///
    /// # Errors
    /// When a property is wrong or cannot be honoured.
    fn admin(&self, config: &RawConfig) -> Result<Arc<dyn Admin>>;
}
