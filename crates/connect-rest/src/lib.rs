//! The REST API of Kafka Connect: one file per resource, [`error`] maps errors to statuses, [`server`] listens.

mod access_log;
mod body;
mod connectors;
mod error;
mod error_page;
mod internal;
mod location;
mod loggers;
mod matching;
mod media;
mod offsets;
mod patience;
mod plugins;
mod replies;
mod root;
mod server;
mod state;
mod tasks;
mod topics;

pub use replies::{CrossOrigin, ReplyRules, ResponseHeader};
pub use root::{PROTOCOL_COMMIT, PROTOCOL_VERSION};
pub use server::{AdminListeners, RestServer, ServerSettings};
