//! The producer: appends batches of rows, keeps order within each partition, reports what became of each row.
//!
//! [`Producer::append`] writes rows into the open batch of their partition (`accumulator`, one lock per call); one task
//! (`sender`) takes batches that are full or have lingered (`drain`), sends those of one leader together, and does
//! with each answer what it asks for (`outcome`): report, retry in place, or split. A partition has at most one batch
//! in flight, so no retry can change the order of its records.

mod rows;

mod client;

mod accumulator;
mod batch;
mod partitioner;

mod drain;
mod outcome;
mod sender;

pub use client::{AppendError, Producer};
pub use rows::{Completion, Row, Rows, Run};
