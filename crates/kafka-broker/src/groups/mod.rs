//! Groups: who is a member, who leads, and which offsets they have committed.
//!
//! The members' protocol type and the content of metadata and assignments are theirs alone, so consumers and Connect
//! workers are treated alike. Static membership (KIP-345) is not kept: a member with an instance id is one like others.

mod coordinator;
mod group;
mod member;
mod offsets;

pub(crate) use coordinator::{Coordinator, Joiner};
pub(crate) use group::{Join, Joined};
pub(crate) use offsets::{Committed, CommittedOffsets};
