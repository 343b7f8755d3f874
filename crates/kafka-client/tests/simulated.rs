//! The client in a simulated world: a broker in memory, faults from a seed, and each seed run twice with the same trace.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod clients;

#[path = "simulated/faulty_broker.rs"]
mod faulty_broker;
#[path = "simulated/world.rs"]
mod world;

#[path = "simulated/group_offsets.rs"]
mod group_offsets;
#[path = "simulated/histories.rs"]
mod histories;
#[path = "simulated/limits.rs"]
mod limits;
#[path = "simulated/memory.rs"]
mod memory;
