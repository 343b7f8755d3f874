//! A native, asynchronous Kafka client that works a batch at a time. It knows nothing of Kafka Connect.
//!
//! All time, sockets, tasks and random numbers come from [`env::Env`], so that a client runs on a machine and in a seeded
//! simulation alike. Each client owns its connections; creating one opens nothing.

pub mod config;
mod error;
mod memory;
mod topic_partition;

mod cluster;
mod net;

pub mod admin;
pub mod consumer;
pub mod group;
pub mod producer;

pub use admin::Admin;
pub use config::{AdminConfig, ClientConfig, ConsumerConfig, ProducerConfig};
pub use consumer::Consumer;
pub use error::ClientError;
pub use memory::{Memory, Reserved};
pub use producer::Producer;
pub use topic_partition::TopicPartition;
