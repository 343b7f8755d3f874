//! A log in files: segments of batches exactly as they are sent, each with an index beside it.

mod batch_file;
mod handles;
mod index;
mod segment;

mod start;

mod compaction;
mod log;

pub(crate) use batch_file::BatchFile;
pub use compaction::Compaction;
pub(crate) use handles::{Handles, about, with_suffix};
pub(crate) use log::{DiskLog, Place};
pub(crate) use segment::{LOG, base_in, file_name, first_in};

#[cfg(test)]
mod log_tests;
