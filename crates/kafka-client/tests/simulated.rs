//! The client in a simulated world: a broker in memory, faults from a seed, and each seed run twice with the same trace.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod clients;

#[path = "simulated/faulty_broker.rs"]
mod faulty_broker;
#[path = "simulated/recorder.rs"]
mod recorder;
#[path = "simulated/world.rs"]
mod world;

#[path = "simulated/backoff.rs"]
mod backoff;
#[path = "simulated/batching.rs"]
mod batching;
#[path = "simulated/deadlines.rs"]
mod deadlines;
#[path = "simulated/fetch_sizing.rs"]
mod fetch_sizing;
#[path = "simulated/group_offsets.rs"]
mod group_offsets;
#[path = "simulated/histories.rs"]
mod histories;
#[path = "simulated/limits.rs"]
mod limits;
#[path = "simulated/memory.rs"]
mod memory;
#[path = "simulated/metadata_age.rs"]
mod metadata_age;
#[path = "simulated/partitioning.rs"]
mod partitioning;
#[path = "simulated/subscriptions.rs"]
mod subscriptions;
#[path = "simulated/tampering.rs"]
mod tampering;
