//! Configurations and target states of connectors.

mod memory;
mod store;

pub use memory::MemoryConfigStore;
pub use store::{ConfigStore, ConfiguredConnector, Snapshot, TargetState};
