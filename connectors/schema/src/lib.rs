//! SchemaSource: numbered records that are structs, of one schema or of two versions of it in turn.
//!
//! Class, keys, records, lines and messages are those of Apache Kafka Connect's `connect-test-plugins`.

mod record;
mod source;

pub use source::SchemaSource;
