//! What a kind of group brings to membership, and what membership tells its owner.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use env::BoxFuture;
use tokio::sync::oneshot;

use crate::error::ClientError;

/// A kind of group: `consumer`, `connect`, or another.
pub trait GroupProtocol: Send + Sync {
    /// The protocol type; all members of a group have the same.
    fn protocol_type(&self) -> &str;

    /// The protocols this member can take part in, most wanted first, each with what it tells the leader. Asked for at
    /// every join.
    fn protocols(&self) -> Vec<(String, Bytes)>;

    /// On the leader: an assignment for each member, by member id, under the protocol that the group has agreed on.
    ///
    /// # Errors
    /// An error ends the attempt to join and is told to the owner.
    fn assign<'a>(
        &'a self,
        protocol: &'a str,
        members: Vec<Member>,
    ) -> BoxFuture<'a, Result<BTreeMap<String, Bytes>, ClientError>>;
}

/// A member as its leader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The id the coordinator gave it.
    pub id: String,
    /// `group.instance.id`, for members that have one.
    pub instance_id: Option<String>,
    /// What it told, under the protocol agreed on.
    pub metadata: Bytes,
}

/// Who this member is, between two rebalances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// The group's generation.
    pub id: i32,
    /// The member's id.
    pub member_id: Arc<str>,
}

/// A join that worked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Who this member is now.
    pub generation: Generation,
    /// The protocol agreed on.
    pub protocol: String,
    /// Whether this member is the leader.
    pub is_leader: bool,
    /// The leader's member id.
    pub leader: String,
    /// What was assigned to this member.
    pub assignment: Bytes,
}

/// What happens to a member, in order.
#[derive(Debug)]
pub enum MembershipEvent {
    /// The group rebalances: give up what was assigned, then let go of `done`. The member joins again after that. While
    /// it waits, its session is kept alive, for at most the rebalance time-out.
    Revoke {
        /// Dropped when everything is given up.
        done: RevokeDone,
    },
    /// A new assignment.
    Joined(Joined),
    /// What was assigned belongs to somebody else already. The member joins again after the next
    /// [`crate::group::Membership::poll_begins`].
    Lost {
        /// Why.
        reason: String,
    },
    /// The group cannot be joined. Tried again after the next [`crate::group::Membership::poll_begins`].
    Failed(ClientError),
}

/// Held while what is revoked is being given up. Dropping it lets the member join again.
#[derive(Debug)]
pub struct RevokeDone {
    _held: oneshot::Sender<()>,
}

impl RevokeDone {
    /// A token, and what completes when it is dropped.
    pub(crate) fn new() -> (Self, oneshot::Receiver<()>) {
        let (held, dropped) = oneshot::channel();
        (Self { _held: held }, dropped)
    }
}
