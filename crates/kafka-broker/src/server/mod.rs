//! Connections: from bytes to requests and back.

mod connection;
mod dispatch;
mod listener;
mod versions;

pub(crate) use listener::listen;
pub(crate) use versions::{SUPPORTED, supports};
