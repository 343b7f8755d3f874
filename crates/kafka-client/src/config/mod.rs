//! Configuration under Java's property names: what a producer, a consumer and an admin client are told.
//!
//! Each `parse` takes the text as submitted, checks it with Java's types, defaults and rules, refuses what this client
//! cannot do where ignoring it would change data, delivery or access, and lists the other keys that have no effect.

mod keys;

mod address;
mod client;

mod admin;
mod consumer;
mod producer;

pub use address::ServerAddress;
pub use admin::AdminConfig;
pub use client::{BackoffRange, ClientConfig};
pub use consumer::{AutoOffsetReset, ConsumerConfig, GroupConfig};
pub use producer::{Acks, ProducerConfig};
