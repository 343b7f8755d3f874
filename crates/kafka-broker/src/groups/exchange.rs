//! What members ask of a group, and what they are told.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use kafka_wire::{ErrorCode, StrBytes};

/// A protocol a member speaks, with what it says of itself in it.
pub(crate) type Protocol = (StrBytes, Bytes);

/// A request to join.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    /// The id it says it has; empty for a newcomer.
    pub(crate) member_id: String,
    /// The id it gets if it is a newcomer.
    pub(crate) new_id: String,
    /// The name of a static member (KIP-345), which outlives its ids.
    pub(crate) instance_id: Option<StrBytes>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) protocol_type: StrBytes,
    pub(crate) protocols: Vec<Protocol>,
    pub(crate) session_timeout: Duration,
    pub(crate) rebalance_timeout: Duration,
    /// Whether it knows that newcomers get an id first and join with that (KIP-394).
    pub(crate) takes_promises: bool,
    /// Whether it knows that a leader may be told not to assign (KIP-814).
    pub(crate) skips_assignment: bool,
}

/// How a JoinGroup ends.
pub(crate) type JoinReply = Result<Joined, Refused>;

/// A member that could not join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The id it is told; the one to join with when the error is `MEMBER_ID_REQUIRED`.
    pub(crate) member_id: String,
    pub(crate) error: ErrorCode,
}

/// What a member that has joined learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) member_id: String,
    pub(crate) generation: i32,
    pub(crate) protocol_type: StrBytes,
    pub(crate) protocol: StrBytes,
    pub(crate) leader: String,
    /// Everybody, for the leader: id, instance id, metadata.
    pub(crate) members: Vec<(String, Option<StrBytes>, Bytes)>,
    /// The leader is to bring no assignments: those there are stay.
    pub(crate) skip_assignment: bool,
}

/// A request for one's assignment; the leader's brings everybody's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sync {
    pub(crate) who: Identity,
    pub(crate) generation: i32,
    /// Newer members say which protocol they took part in.
    pub(crate) protocol_type: Option<StrBytes>,
    pub(crate) protocol: Option<StrBytes>,
    pub(crate) assignments: BTreeMap<String, Bytes>,
}

/// How a SyncGroup ends.
pub(crate) type SyncReply = Result<Synced, ErrorCode>;

/// What a member learns when everything is assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Synced {
    pub(crate) protocol_type: StrBytes,
    pub(crate) protocol: StrBytes,
    pub(crate) assignment: Bytes,
}

/// Who a member says it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) member_id: StrBytes,
    pub(crate) instance_id: Option<StrBytes>,
}

/// What is known of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Overview {
    /// As Kafka names it.
    pub(crate) state: &'static str,
    /// Empty when there has never been a member.
    pub(crate) protocol_type: StrBytes,
    /// The protocol in use; empty unless the group is stable.
    pub(crate) protocol: StrBytes,
    pub(crate) members: Vec<MemberOverview>,
}

/// What is known of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemberOverview {
    pub(crate) id: String,
    pub(crate) instance_id: Option<StrBytes>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    /// Empty unless the group is stable.
    pub(crate) metadata: Bytes,
    /// Empty unless the group is stable.
    pub(crate) assignment: Bytes,
}
