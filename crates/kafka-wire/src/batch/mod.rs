//! Record batches of magic 2: what a Produce request carries, a Fetch response brings and a broker's log keeps.
//!
//! Written in one pass straight into the buffer that is sent ([`BatchBuilder`]), read in place ([`Batches`], [`Batch`],
//! [`Records`]). Header keys may repeat and header values may be null; order is kept. Magic 0 and 1 are refused.

mod compression;
mod error;
mod header;
mod varint;

mod builder;
mod reader;
mod record;

mod control;
mod rewrite;

pub use builder::{BatchBuilder, BatchOptions};
pub use compression::{Compression, UnknownCompressionName};
pub use control::{ControlType, control_batch};
pub use error::BatchError;
pub use header::{BATCH_OVERHEAD, BatchHeader, NO_PRODUCER, NO_TIMESTAMP, ProducerState, TimestampType};
pub use reader::{Batch, Batches, DEFAULT_MAX_DECOMPRESSED};
pub use record::{HeaderIter, Headers, Record, RecordView, Records};
pub use rewrite::{assign_offsets, set_log_append_time, set_producer, split};
