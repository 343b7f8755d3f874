//! States of connectors and tasks.

mod memory;
mod store;

pub use memory::MemoryStatusStore;
pub use store::{State, Status, StatusStore};
