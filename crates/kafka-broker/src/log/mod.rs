//! The log of one partition.

mod interface;
mod memory;

pub use interface::{Log, Retention, TimedOffset};
pub use memory::MemoryLog;
