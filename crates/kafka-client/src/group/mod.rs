//! Group membership (KIP-62's classic protocol), for any kind of group.
//!
//! [`Membership`] joins, keeps the session alive, and tells its owner what happens ([`MembershipEvent`]); what differs
//! between kinds of groups is a [`GroupProtocol`]. Consumers bring their own, with the [`range`] assignor.

mod protocol;

mod membership;
mod state;

mod coordinator;
mod requests;

pub mod range;

pub use crate::config::GroupConfig;
pub(crate) use coordinator::Coordinator;
pub use membership::Membership;
pub use protocol::{Generation, GroupProtocol, Joined, Member, MembershipEvent, RevokeDone};
