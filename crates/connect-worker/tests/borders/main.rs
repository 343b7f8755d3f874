//! The worker's borders, tried by connectors, transforms, converters and a Kafka that do what would break them if they
//! were wrong.
#![allow(clippy::disallowed_methods, reason = "these tests block threads, start a process and open its socket")]
#![allow(clippy::unwrap_used, reason = "tests, and doubles for them")]

#[path = "../doubles/mod.rs"]
mod doubles;

mod acknowledgements;
mod bisected_puts;
mod budgets;
mod buffering_sink;
mod child_process;
mod exactly_once;
mod hanging_tasks;
mod life_cycle;
mod offsets;
mod panics;
mod record_errors;
mod sink_commits;
mod sink_partitions;
mod source_letters;
mod topics;
