//! Where offsets, configurations and statuses live: a trait for each, and its implementations in memory and in a file.

pub mod offsets;

pub mod config;
pub mod status;
