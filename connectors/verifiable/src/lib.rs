//! VerifiableSource and VerifiableSink: numbered records, and a line of JSON on standard output for each one made,
//! acknowledged, received and committed, so that a program outside can tell what was lost or came twice.
//!
//! Classes, keys, records, lines and messages are those of Apache Kafka Connect's `connect-test-plugins`.

mod line;
mod sink;
mod source;

pub use sink::VerifiableSink;
pub use source::VerifiableSource;
