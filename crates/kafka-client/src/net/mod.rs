//! Connections to brokers: one actor per connection, requests pipelined, versions negotiated anew each time.

mod backoff;
mod connection;
mod handshake;
mod incoming;
mod link;

pub(crate) use backoff::{Backoff, after as backoff_after};
pub(crate) use connection::Connection;
pub(crate) use link::Link;
