//! Fetch sessions (KIP-227): the broker remembers what a client fetches, so that the client only says what changes, and
//! is only told what has changed.

mod cache;
mod session;

pub(crate) use cache::{Begun, Sessions};
pub(crate) use session::{Changes, Position, Session, Watched};
