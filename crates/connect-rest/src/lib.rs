//! The REST API of Kafka Connect: one file per resource, [`error`] maps errors to statuses, [`server`] listens.

mod body;
mod connectors;
mod error;
mod loggers;
mod matching;
mod offsets;
mod plugins;
mod root;
mod server;
mod state;
mod tasks;
mod topics;

pub use root::PROTOCOL_VERSION;
pub use server::{RestServer, ServerSettings};
