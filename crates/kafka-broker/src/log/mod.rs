//! The log of one partition.

mod interface;

mod compaction;
mod memory;

pub(crate) mod disk;

/// The one node is leader since the beginning.
const LEADER_EPOCH: i32 = 0;

pub use compaction::CompactionRules;
pub use interface::{Log, LogSettings, Retention, TimedOffset};
pub use memory::MemoryLog;

pub(crate) use compaction::{Cleaned, Cleaner};
pub use disk::Compaction;

#[cfg(test)]
mod compaction_tests;
