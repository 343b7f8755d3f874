//! MockSource and MockSink: connectors that move nothing, and fail on request: themselves or their task, after a time.
//!
//! Classes, keys and failures are those of Apache Kafka Connect's `connect-test-plugins`.

mod connector;
mod failure;
mod sink;
mod source;

pub use sink::MockSink;
pub use source::MockSource;
