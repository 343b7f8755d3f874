//! Groups: who is a member, who leads, and which offsets they have committed.
//!
//! The members' protocol type and the content of metadata and assignments are theirs alone, so consumers and Connect
//! workers are treated alike; only the topics that consumers want are looked at, before their offsets are forgotten.
//! What a group must not forget is in the journal: after a restart its members go on as if nothing had happened.

mod exchange;
mod subscription;

mod fact;
mod group;
mod joining;
mod member;
mod syncing;

mod offsets;

mod administration;
mod coordinator;

pub(crate) use coordinator::{Committer, Coordinator};
pub(crate) use exchange::{Identity, Join, Joined, MemberOverview, Overview, Refused, Sync};
pub(crate) use offsets::{Committed, CommittedOffsets};
