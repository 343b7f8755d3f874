//! The log of one partition.

mod interface;
mod memory;

pub use interface::{Log, TimedOffset};
pub use memory::MemoryLog;
