//! What the journal says of a group: enough for its members to go on with the next broker.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use env::Instant;
use kafka_wire::StrBytes;
use serde::{Deserialize, Serialize};

use super::exchange::{Join, Protocol};
use super::group::Group;
use super::member::Member;

/// A group at the end of a round.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fact {
    protocol_type: String,
    protocol: String,
    pub(super) generation: i32,
    leader: Option<String>,
    /// When it came into its state, in Unix milliseconds.
    since: i64,
    pub(super) members: BTreeMap<String, MemberFact>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MemberFact {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instance_id: Option<String>,
    client_id: String,
    client_host: String,
    session_ms: u64,
    rebalance_ms: u64,
    /// Names, and what is said in each, in Base64.
    protocols: Vec<(String, String)>,
    /// In Base64.
    assignment: String,
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Only this module writes them; one that is damaged all the same says nothing.
fn bytes(text: &str) -> Bytes {
    STANDARD.decode(text).unwrap_or_default().into()
}

impl MemberFact {
    fn of(member: &Member) -> Self {
        let protocols = member.protocols.iter().map(|(name, data)| (name.to_string(), STANDARD.encode(data)));
        Self {
            instance_id: member.instance_id.as_ref().map(ToString::to_string),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            session_ms: millis(member.session_timeout),
            rebalance_ms: millis(member.rebalance_timeout),
            protocols: protocols.collect(),
            assignment: STANDARD.encode(&member.assignment),
        }
    }

    /// The member again, with a new session.
    fn member(self, id: &str, now: Instant) -> Member {
        let protocol = |(name, data): (String, String)| -> Protocol { (StrBytes::from_string(name), bytes(&data)) };
        let join = Join {
            member_id: id.to_owned(),
            new_id: String::new(),
            instance_id: self.instance_id.map(StrBytes::from_string),
            client_id: self.client_id,
            client_host: self.client_host,
            protocol_type: StrBytes::default(),
            protocols: self.protocols.into_iter().map(protocol).collect(),
            session_timeout: Duration::from_millis(self.session_ms),
            rebalance_timeout: Duration::from_millis(self.rebalance_ms),
            takes_promises: false,
            skips_assignment: false,
        };
        let mut member = Member::new(join, Duration::ZERO, now);
        member.is_new = false;
        member.alive(now);
        member.assignment = bytes(&self.assignment);
        member
    }
}

impl Fact {
    pub(super) fn of(group: &Group) -> Self {
        Self {
            protocol_type: group.protocol_type.to_string(),
            protocol: group.protocol.to_string(),
            generation: group.generation,
            leader: group.leader.clone(),
            since: group.since,
            members: group.members.iter().map(|(id, member)| (id.clone(), MemberFact::of(member))).collect(),
        }
    }

    /// Brings a new group to where this one was. Its members' sessions begin again.
    pub(super) fn restore(self, group: &mut Group, now: Instant) {
        group.protocol_type = StrBytes::from_string(self.protocol_type);
        group.protocol = StrBytes::from_string(self.protocol);
        group.generation = self.generation;
        group.leader = self.leader;
        group.since = self.since;
        group.members = self.members.into_iter().map(|(id, fact)| (id.clone(), fact.member(&id, now))).collect();
    }
}
