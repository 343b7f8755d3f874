//! The Kafka protocol: framing, version negotiation and the record batch codec.
//!
//! The message types come from the crate `kafka-protocol`, re-exported here as [`messages`] and [`protocol`] so that the
//! client and the broker need not name it. What that crate lacks or does not do well enough is here: frames over a byte
//! stream ([`frame`]), headers and correlation ids ([`request`]), the choice of versions ([`versions`]), the record batch of
//! magic 2 ([`batch`]), the default partitioner's hash ([`partition`]) and the protocol's errors ([`error_code`]).
//!
//! Nothing here reads a clock, opens a socket or starts a task.

mod bounded;
pub mod frame;
pub mod request;
pub mod versions;

pub mod batch;
pub mod error_code;
pub mod partition;

pub use batch::{
    Batch, BatchBuilder, BatchError, BatchHeader, BatchOptions, Batches, Compression, ProducerState, Record,
};
pub use error_code::ErrorCode;
pub use frame::{FrameReader, read_frame, write_frame};
pub use kafka_protocol::messages::{self, ApiKey};
pub use kafka_protocol::protocol::{self, StrBytes};
pub use partition::{murmur2, partition_for_key};
pub use request::{IncomingRequest, WireError, decode_request, decode_response, encode_request, encode_response};
pub use versions::{UnsupportedApi, Versions};
