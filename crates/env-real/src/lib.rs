//! The machine behind `env`: its clock, sockets, files, threads and random numbers.
//!
//! [`runtime`] builds the tokio runtime that tasks run on, [`fn@env`] the world that stands on it.
#![allow(clippy::disallowed_methods, reason = "this crate is what stands between the rest and these calls")]

mod clock;
mod disk;
mod machine;
mod network;
mod random;
mod standard_stream;
mod work;

pub use machine::{env, runtime};
