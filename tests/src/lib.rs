//! Fixtures for black-box tests: a real Apache Kafka, the real Kafka Connect, and our own binary, as child processes.
//!
//! Everything here blocks and belongs to whoever started it: a process ends when its fixture is dropped, and also when the test
//! process is killed. Needed on the machine: a JDK 17 and Maven; the jars come from Maven Central once and stay in
//! `$MOLDAU_TEST_CACHE` (default `~/.cache/moldau/kafka-4.3.1`).
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! use e2e::{Moldau, RealKafka, Record, WorkerFiles};
//!
//! let kafka = RealKafka::start()?;
//! kafka.create_topic("orders", 1, &[])?;
//! kafka.produce(&[Record::to("orders").value("hello")])?;
//! let files = WorkerFiles::new(&kafka)?;
//! let sink = files.connector("sink", &[("connector.class", "FileStreamSink"), ("topics", "orders"), ("file", "/tmp/out")])?;
//! let mut worker = Moldau::standalone(&files.standalone(&[])?, &[sink])?;
//! assert_eq!(worker.rest().get("/connectors")?.status, 200);
//! worker.terminate()?;
//! # Ok(()) }
//! ```
// Fixtures are outside the simulation by nature: they start processes, poll ports and read logs.
#![allow(clippy::disallowed_methods)]

mod cluster;
mod console;
mod driver;
mod embedded;
mod engine;
mod kafka;
mod letters;
mod libs;
mod node;
mod numbered;
mod pipeline;
mod ports;
mod process;
mod rest;
mod tools;
mod wait;
mod worker;

pub use cluster::Partition;
pub use console::{ConsoleOptions, console_produce, java_console_consume};
pub use driver::{Bulk, Consumed, Driver, Produced, Record, Stored};
pub use embedded::EmbeddedBroker;
pub use engine::Engine;
pub use kafka::{KafkaOptions, RealKafka};
pub use letters::{Letter, failures_of, without_frames};
pub use libs::{KafkaLibs, kafka_libs};
pub use numbered::{Growing, NumberedLines, numbered_line};
pub use pipeline::Pipeline;
pub use ports::Port;
pub use process::{Process, Usage};
pub use rest::{Reply, Rest};
pub use rustix::process::Signal;
pub use tools::{JavaTools, ToolEnd};
pub use wait::{eventually, wait_for, wait_until};
pub use worker::{JavaConnect, Moldau, Worker, WorkerFiles, write_properties};
