//! The disks of the machines: they forget what was not flushed, get full, and fail.

mod control;
mod drive;
mod fault;
mod file;
mod path;
mod standard_stream;
mod system;
mod volume;

pub use control::DiskControl;
pub(crate) use drive::Drive;
pub use fault::{DiskFault, DiskOperation};
pub(crate) use system::SimDisk;
