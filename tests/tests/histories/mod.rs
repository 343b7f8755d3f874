//! Seeded histories of the whole standalone worker: herder, worker, file connectors, converters, offset file and Kafka
//! client against a broker in memory, in a simulated world in which everything that can go wrong does.
//!
//! [`plan`] draws what it is made of, [`world`] builds the cluster, [`workload`] writes lines,
//! [`accidents`] and [`probes`] break things, [`fates`] has records dropped and refused, [`topics`] has new topics come up, [`checkers`] says what must hold at every moment; in the end everything heals
//! and all must have arrived. [`seeds`] plays many.
#![allow(dead_code, reason = "two test crates share this and each uses a part")]

mod accidents;
mod broker;
mod checkers;
mod dice;
mod fates;
mod operator;
mod outsider;
mod plan;
mod plugins;
mod probes;
mod tally;
mod topics;
mod worker;
mod workload;
mod world;

pub(crate) mod seeds;
