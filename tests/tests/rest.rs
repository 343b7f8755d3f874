//! Lists of REST exchanges, played against the real Kafka Connect and against ours: statuses, bodies and headers are the same.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "black-box tests read and write real files")]

#[path = "rest/mod.rs"]
mod lists;
