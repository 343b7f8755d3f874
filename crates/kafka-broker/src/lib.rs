//! A single-node Kafka broker for quick start, demos and tests. It is not for production: one node, no replicas. Its
//! [`Data`] is in memory or in a folder.
//!
//! It keeps batches as producers sent them and looks into records only to find an offset by time, and where a topic asks
//! for keys or times. What it speaks is in `server::versions`; everything listed there is really there. Time, network and randomness come
//! from [`env::Env`], so that a simulation can run it.

mod broker;
mod config;
mod faults;

mod server;

mod api;

mod configs;
mod data;
mod flush;
mod groups;
mod inspection;
mod journal;
mod log;
mod sessions;
mod storage;
mod topics;
mod transactions;
mod upkeep;

pub use broker::{Broker, Handle, StartError};
pub use config::BrokerConfig;
pub use data::{Data, DataError};
pub use faults::{Fault, Faults, Request};
pub use log::{Compaction, CompactionRules, Log, LogSettings, MemoryLog, Retention, TimedOffset};
