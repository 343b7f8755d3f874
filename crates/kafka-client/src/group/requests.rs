//! The requests of a member, in the negotiated version: fields that a version lacks must not be set.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_wire::StrBytes;
use kafka_wire::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_wire::messages::leave_group_request::MemberIdentity;
use kafka_wire::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_wire::messages::{GroupId, HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest};

use super::protocol::Generation;
use crate::config::GroupConfig;

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn group(config: &GroupConfig) -> GroupId {
    GroupId(text(&config.group_id))
}

fn millis(duration: std::time::Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}

pub(super) fn join(
    config: &GroupConfig,
    version: i16,
    protocol_type: &str,
    protocols: Vec<(String, Bytes)>,
    member_id: &str,
    reason: &str,
) -> JoinGroupRequest {
    /// Longer ones are cut, as Java cuts them.
    const MAX_REASON: usize = 255;
    let protocols = protocols.into_iter().map(|(name, metadata)| {
        JoinGroupRequestProtocol::default().with_name(StrBytes::from_string(name)).with_metadata(metadata)
    });
    let mut request = JoinGroupRequest::default()
        .with_group_id(group(config))
        .with_session_timeout_ms(millis(config.session_timeout))
        .with_member_id(text(member_id))
        .with_protocol_type(text(protocol_type))
        .with_protocols(protocols.collect());
    if version >= 1 {
        request = request.with_rebalance_timeout_ms(millis(config.rebalance_timeout));
    }
    if version >= 8 {
        let cut: String = reason.chars().take(MAX_REASON).collect();
        request = request.with_reason(Some(StrBytes::from_string(cut)));
    }
    request
}

pub(super) fn sync(
    config: &GroupConfig,
    version: i16,
    protocol_type: &str,
    protocol: &str,
    generation: &Generation,
    assignments: &BTreeMap<String, Bytes>,
) -> SyncGroupRequest {
    let assignments = assignments.iter().map(|(member, assignment)| {
        SyncGroupRequestAssignment::default().with_member_id(text(member)).with_assignment(assignment.clone())
    });
    let request = SyncGroupRequest::default()
        .with_group_id(group(config))
        .with_generation_id(generation.id)
        .with_member_id(text(&generation.member_id))
        .with_assignments(assignments.collect());
    if version >= 5 {
        request.with_protocol_type(Some(text(protocol_type))).with_protocol_name(Some(text(protocol)))
    } else {
        request
    }
}

pub(super) fn heartbeat(config: &GroupConfig, generation: &Generation) -> HeartbeatRequest {
    HeartbeatRequest::default()
        .with_group_id(group(config))
        .with_generation_id(generation.id)
        .with_member_id(text(&generation.member_id))
}

pub(super) fn leave(config: &GroupConfig, version: i16, member_id: &str, reason: &str) -> LeaveGroupRequest {
    let request = LeaveGroupRequest::default().with_group_id(group(config));
    if version < 3 {
        return request.with_member_id(text(member_id));
    }
    let mut member = MemberIdentity::default().with_member_id(text(member_id));
    if version >= 5 {
        member = member.with_reason(Some(text(reason)));
    }
    request.with_members(vec![member])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kafka_wire::encode_request;
    use kafka_wire::protocol::{Message, Request};

    use super::*;

    fn every_version<Q: Request>(make: impl Fn(i16) -> Q) {
        for version in <Q as Message>::VERSIONS.min..=<Q as Message>::VERSIONS.max {
            encode_request(1, Some("c"), version, &make(version)).unwrap_or_else(|error| panic!("{version}: {error}"));
        }
    }

    #[test]
    fn can_be_expressed_in_every_version() {
        let config = GroupConfig {
            group_id: "g".into(),
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(3),
            rebalance_timeout: Duration::from_secs(300),
        };
        let generation = Generation { id: 3, member_id: "m".into() };
        let assignments = BTreeMap::from([("m".to_owned(), Bytes::from_static(b"a"))]);
        let protocols = || vec![("range".to_owned(), Bytes::from_static(b"x"))];
        every_version(|version| join(&config, version, "consumer", protocols(), "m", &"ü".repeat(300)));
        every_version(|version| sync(&config, version, "consumer", "range", &generation, &assignments));
        every_version(|_| heartbeat(&config, &generation));
        every_version(|version| leave(&config, version, "m", "closed"));
    }
}
