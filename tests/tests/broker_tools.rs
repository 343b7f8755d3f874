//! The command line tools of Apache Kafka 4.3.1 and its Kafka Connect, on our broker as a process.
//!
//! With `MOLDAU_TEST_BROKER=apache` in the environment they run on Apache Kafka, which shows what these tests are worth.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "black-box tests measure real time, read real files and run real commands"
)]

#[path = "broker_tools/clients.rs"]
mod clients;
#[path = "broker_tools/connect.rs"]
mod connect;
#[path = "broker_tools/groups.rs"]
mod groups;
#[path = "broker_tools/missing.rs"]
mod missing;
#[path = "broker_tools/place.rs"]
mod place;
#[path = "broker_tools/topics.rs"]
mod topics;
