//! JoinGroup, SyncGroup, Heartbeat and LeaveGroup.

use std::time::Duration;

use kafka_wire::messages::join_group_response::JoinGroupResponseMember;
use kafka_wire::messages::leave_group_request::MemberIdentity;
use kafka_wire::messages::leave_group_response::MemberResponse;
use kafka_wire::messages::{
    HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse,
    SyncGroupRequest, SyncGroupResponse,
};
use kafka_wire::{ErrorCode, StrBytes};

use super::interface::code_of;
use super::{About, Api, Reply};
use crate::broker::Node;
use crate::groups::{Identity, Join, Joined, Refused, Sync};

fn millis(millis: i32) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// JoinGroup.
pub(crate) struct JoinGroup;

/// From this version on, a newcomer gets an id first and joins with that.
const PROMISES: i16 = 4;
/// From this version on, a leader may be told not to assign.
const SKIPS_ASSIGNMENT: i16 = 9;

impl Api for JoinGroup {
    type Request = JoinGroupRequest;
    type Response = JoinGroupResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: JoinGroupRequest) -> Reply<JoinGroupResponse> {
        let session_timeout = millis(request.session_timeout_ms);
        let name = request.group_instance_id.as_deref().unwrap_or(about.client_id);
        let join = Join {
            new_id: node.groups.new_member_id(name),
            member_id: request.member_id.to_string(),
            instance_id: request.group_instance_id,
            client_id: about.client_id.to_owned(),
            client_host: format!("/{}", about.client_address),
            protocol_type: request.protocol_type,
            protocols: request.protocols.into_iter().map(|protocol| (protocol.name, protocol.metadata)).collect(),
            session_timeout,
            // The oldest version has only the one.
            rebalance_timeout: if about.version >= 1 { millis(request.rebalance_timeout_ms) } else { session_timeout },
            takes_promises: about.version >= PROMISES,
            skips_assignment: about.version >= SKIPS_ASSIGNMENT,
        };
        Reply::With(match node.groups.join(&request.group_id.0, join).await {
            Ok(joined) => join_response(about, joined),
            Err(Refused { member_id, error }) => {
                join_refusal(about, error).with_member_id(StrBytes::from_string(member_id))
            }
        })
    }

    fn refuse(request: JoinGroupRequest, about: About<'_>, code: ErrorCode) -> Reply<JoinGroupResponse> {
        Reply::With(join_refusal(about, code).with_member_id(request.member_id))
    }
}

fn join_response(about: About<'_>, joined: Joined) -> JoinGroupResponse {
    let members = joined.members.into_iter().map(|(id, instance, metadata)| {
        let member =
            JoinGroupResponseMember::default().with_member_id(StrBytes::from_string(id)).with_metadata(metadata);
        if about.version >= 5 { member.with_group_instance_id(instance) } else { member }
    });
    let response = JoinGroupResponse::default()
        .with_member_id(StrBytes::from_string(joined.member_id))
        .with_skip_assignment(joined.skip_assignment)
        .with_generation_id(joined.generation)
        .with_protocol_name(Some(joined.protocol))
        .with_leader(StrBytes::from_string(joined.leader))
        .with_members(members.collect());
    if about.version >= 7 { response.with_protocol_type(Some(joined.protocol_type)) } else { response }
}

fn join_refusal(about: About<'_>, code: ErrorCode) -> JoinGroupResponse {
    // Only from version 7 on can there be no protocol.
    let protocol = (about.version < 7).then(StrBytes::default);
    JoinGroupResponse::default().with_error_code(code.code()).with_generation_id(-1).with_protocol_name(protocol)
}

/// SyncGroup.
pub(crate) struct SyncGroup;

impl Api for SyncGroup {
    type Request = SyncGroupRequest;
    type Response = SyncGroupResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: SyncGroupRequest) -> Reply<SyncGroupResponse> {
        // Newer members have to say which protocol they took part in.
        if about.version >= 5 && (request.protocol_type.is_none() || request.protocol_name.is_none()) {
            return Self::refuse(request, about, ErrorCode::InconsistentGroupProtocol);
        }
        let assignments = request.assignments.into_iter().map(|one| (one.member_id.to_string(), one.assignment));
        let sync = Sync {
            who: Identity { member_id: request.member_id, instance_id: request.group_instance_id },
            generation: request.generation_id,
            protocol_type: request.protocol_type,
            protocol: request.protocol_name,
            assignments: assignments.collect(),
        };
        let synced = node.groups.sync(&request.group_id.0, sync).await;
        Reply::With(match synced {
            Ok(synced) if about.version >= 5 => SyncGroupResponse::default()
                .with_assignment(synced.assignment)
                .with_protocol_type(Some(synced.protocol_type))
                .with_protocol_name(Some(synced.protocol)),
            Ok(synced) => SyncGroupResponse::default().with_assignment(synced.assignment),
            Err(code) => SyncGroupResponse::default().with_error_code(code.code()),
        })
    }

    fn refuse(_: SyncGroupRequest, _: About<'_>, code: ErrorCode) -> Reply<SyncGroupResponse> {
        Reply::With(SyncGroupResponse::default().with_error_code(code.code()))
    }
}

/// Heartbeat.
pub(crate) struct Heartbeat;

impl Api for Heartbeat {
    type Request = HeartbeatRequest;
    type Response = HeartbeatResponse;

    async fn carry_out(node: &Node, _: About<'_>, request: HeartbeatRequest) -> Reply<HeartbeatResponse> {
        let who = Identity { member_id: request.member_id, instance_id: request.group_instance_id };
        let alive = node.groups.heartbeat(&request.group_id.0, &who, request.generation_id);
        Reply::With(HeartbeatResponse::default().with_error_code(code_of(alive)))
    }

    fn refuse(_: HeartbeatRequest, _: About<'_>, code: ErrorCode) -> Reply<HeartbeatResponse> {
        Reply::With(HeartbeatResponse::default().with_error_code(code.code()))
    }
}

/// LeaveGroup.
pub(crate) struct LeaveGroup;

/// From this version on, several members can leave at once.
const SEVERAL: i16 = 3;

impl Api for LeaveGroup {
    type Request = LeaveGroupRequest;
    type Response = LeaveGroupResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: LeaveGroupRequest) -> Reply<LeaveGroupResponse> {
        let group = &*request.group_id.0;
        if about.version < SEVERAL {
            let who = Identity { member_id: request.member_id, instance_id: None };
            let left = node.groups.leave(group, &[who]).and_then(|left| left.into_iter().collect());
            return Reply::With(LeaveGroupResponse::default().with_error_code(code_of(left)));
        }
        let identity = |member: &MemberIdentity| Identity {
            member_id: member.member_id.clone(),
            instance_id: member.group_instance_id.clone(),
        };
        let leavers: Vec<Identity> = request.members.iter().map(identity).collect();
        match node.groups.leave(group, &leavers) {
            Ok(left) => {
                let members = request.members.into_iter().zip(left).map(|(member, left)| member_response(member, left));
                Reply::With(LeaveGroupResponse::default().with_members(members.collect()))
            }
            Err(code) => Self::refuse(request, about, code),
        }
    }

    fn refuse(_: LeaveGroupRequest, _: About<'_>, code: ErrorCode) -> Reply<LeaveGroupResponse> {
        Reply::With(LeaveGroupResponse::default().with_error_code(code.code()))
    }
}

fn member_response(member: MemberIdentity, left: Result<(), ErrorCode>) -> MemberResponse {
    MemberResponse::default()
        .with_member_id(member.member_id)
        .with_group_instance_id(member.group_instance_id)
        .with_error_code(code_of(left))
}
