//! FileStreamSource and FileStreamSink: the lines of a file, or of standard input, into a topic; the values of a topic,
//! line by line, into a file or to standard output.
//!
//! Classes, keys, messages and positions are those of Apache Kafka Connect's `connect-file`, so that its configurations
//! and stored offsets go on here and ours go on there. The README says where the two differ.

mod blocking;
mod config;
mod lines;
mod resume;
mod sink;
mod source;
mod stream;
mod tail;

pub use sink::FileStreamSink;
pub use source::FileStreamSource;

/// The version both connectors report: that of the Apache Kafka whose behaviour they follow.
const VERSION: &str = "4.3.1";
