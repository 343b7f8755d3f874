//! DescribeGroups, ListGroups, DeleteGroups and OffsetDelete.

use std::collections::BTreeSet;

use kafka_wire::messages::delete_groups_response::DeletableGroupResult;
use kafka_wire::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_wire::messages::list_groups_response::ListedGroup;
use kafka_wire::messages::offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic};
use kafka_wire::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse, GroupId,
    ListGroupsRequest, ListGroupsResponse, OffsetDeleteRequest, OffsetDeleteResponse,
};
use kafka_wire::{ErrorCode, StrBytes};

use super::interface::code_of;
use super::{About, Api, Reply};
use crate::broker::Node;
use crate::groups::{MemberOverview, Overview};

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// DescribeGroups.
pub(crate) struct DescribeGroups;

/// From this version on, a group that is not there is an error; before, it is one in the state `Dead`.
const NAMES_MISSING_GROUPS: i16 = 6;
/// From this version on, static members are told by their names.
const INSTANCES: i16 = 4;
/// What anybody may do with a group where nobody is kept from anything: the bits of READ, DELETE, DESCRIBE,
/// DESCRIBE_CONFIGS and ALTER_CONFIGS.
const EVERYTHING: i32 = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11;

impl Api for DescribeGroups {
    type Request = DescribeGroupsRequest;
    type Response = DescribeGroupsResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: DescribeGroupsRequest) -> Reply<DescribeGroupsResponse> {
        let groups = request.groups.into_iter().map(|name| {
            let group = match node.groups.describe(&name.0) {
                Some(group) => described(about, name, group),
                None => missing(about, name),
            };
            let is_asked = request.include_authorized_operations && group.error_code == 0;
            if is_asked { group.with_authorized_operations(EVERYTHING) } else { group }
        });
        Reply::With(DescribeGroupsResponse::default().with_groups(groups.collect()))
    }

    fn refuse(request: DescribeGroupsRequest, _: About<'_>, code: ErrorCode) -> Reply<DescribeGroupsResponse> {
        let groups = request
            .groups
            .into_iter()
            .map(|name| DescribedGroup::default().with_group_id(name).with_error_code(code.code()));
        Reply::With(DescribeGroupsResponse::default().with_groups(groups.collect()))
    }
}

fn described(about: About<'_>, name: GroupId, group: Overview) -> DescribedGroup {
    DescribedGroup::default()
        .with_group_id(name)
        .with_group_state(StrBytes::from_static_str(group.state))
        .with_protocol_type(group.protocol_type)
        .with_protocol_data(group.protocol)
        .with_members(group.members.into_iter().map(|member| described_member(about, member)).collect())
}

fn described_member(about: About<'_>, member: MemberOverview) -> DescribedGroupMember {
    let described = DescribedGroupMember::default()
        .with_member_id(StrBytes::from_string(member.id))
        .with_client_id(StrBytes::from_string(member.client_id))
        .with_client_host(StrBytes::from_string(member.client_host))
        .with_member_metadata(member.metadata)
        .with_member_assignment(member.assignment);
    if about.version >= INSTANCES { described.with_group_instance_id(member.instance_id) } else { described }
}

fn missing(about: About<'_>, name: GroupId) -> DescribedGroup {
    let group = DescribedGroup::default().with_group_state(text("Dead"));
    if about.version < NAMES_MISSING_GROUPS {
        return group.with_group_id(name);
    }
    let message = format!("Group {} not found.", &*name.0);
    group
        .with_group_id(name)
        .with_error_code(ErrorCode::GroupIdNotFound.code())
        .with_error_message(Some(StrBytes::from_string(message)))
}

/// ListGroups.
pub(crate) struct ListGroups;

/// The type of every group here.
const CLASSIC: &str = "classic";

impl Api for ListGroups {
    type Request = ListGroupsRequest;
    type Response = ListGroupsResponse;

    async fn carry_out(node: &Node, _: About<'_>, request: ListGroupsRequest) -> Reply<ListGroupsResponse> {
        let lower =
            |texts: &[StrBytes]| -> BTreeSet<String> { texts.iter().map(|text| text.trim().to_lowercase()).collect() };
        let (states, types) = (lower(&request.states_filter), lower(&request.types_filter));
        let of_type = types.is_empty() || types.contains(CLASSIC);
        let is_asked = |state: &str| of_type && (states.is_empty() || states.contains(&state.to_lowercase()));
        let groups = node.groups.list().into_iter().filter(|(_, state, _)| is_asked(state));
        let groups = groups.map(|(name, state, protocol_type)| {
            ListedGroup::default()
                .with_group_id(GroupId(StrBytes::from_string(name)))
                .with_protocol_type(protocol_type)
                .with_group_state(StrBytes::from_static_str(state))
                .with_group_type(StrBytes::from_static_str(CLASSIC))
        });
        Reply::With(ListGroupsResponse::default().with_groups(groups.collect()))
    }

    fn refuse(_: ListGroupsRequest, _: About<'_>, code: ErrorCode) -> Reply<ListGroupsResponse> {
        Reply::With(ListGroupsResponse::default().with_error_code(code.code()))
    }
}

/// DeleteGroups.
pub(crate) struct DeleteGroups;

impl Api for DeleteGroups {
    type Request = DeleteGroupsRequest;
    type Response = DeleteGroupsResponse;

    async fn carry_out(node: &Node, _: About<'_>, request: DeleteGroupsRequest) -> Reply<DeleteGroupsResponse> {
        let mut seen = BTreeSet::new();
        let names = request.groups_names.into_iter().filter(|name| seen.insert(name.clone()));
        // One after the other, never one within the other: a transaction asks groups while it is locked.
        let delete = |name: &str| node.groups.delete(name).and_then(|()| node.transactions.forget_group(name));
        Reply::With(deletion_results(names, delete))
    }

    fn refuse(request: DeleteGroupsRequest, _: About<'_>, code: ErrorCode) -> Reply<DeleteGroupsResponse> {
        Reply::With(deletion_results(request.groups_names.into_iter(), |_| Err(code)))
    }
}

fn deletion_results(
    names: impl Iterator<Item = GroupId>,
    delete: impl Fn(&str) -> Result<(), ErrorCode>,
) -> DeleteGroupsResponse {
    let results = names.map(|name| {
        let code = code_of(delete(&name.0));
        DeletableGroupResult::default().with_group_id(name).with_error_code(code)
    });
    DeleteGroupsResponse::default().with_results(results.collect())
}

/// OffsetDelete.
pub(crate) struct OffsetDelete;

impl Api for OffsetDelete {
    type Request = OffsetDeleteRequest;
    type Response = OffsetDeleteResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: OffsetDeleteRequest) -> Reply<OffsetDeleteResponse> {
        let is_there = |topic: &str, partition: i32| {
            node.data.0.topics.get(topic).is_some_and(|topic| topic.partition(partition).is_some())
        };
        let asked = request.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|partition| partition.partition_index);
            (topic.name.to_string(), partitions.filter(|partition| is_there(&topic.name, *partition)).collect())
        });
        let forgotten = match node.groups.forget_offsets(&request.group_id.0, &asked.collect()) {
            Ok(forgotten) => forgotten,
            Err(code) => return Self::refuse(request, about, code),
        };
        let topics = request.topics.into_iter().zip(forgotten).map(|(topic, outcome)| {
            let partitions = topic.partitions.iter().map(|partition| {
                let index = partition.partition_index;
                let known = is_there(&topic.name, index);
                let code = code_of(if known { outcome } else { Err(ErrorCode::UnknownTopicOrPartition) });
                OffsetDeleteResponsePartition::default().with_partition_index(index).with_error_code(code)
            });
            let partitions = partitions.collect();
            OffsetDeleteResponseTopic::default().with_name(topic.name).with_partitions(partitions)
        });
        Reply::With(OffsetDeleteResponse::default().with_topics(topics.collect()))
    }

    fn refuse(_: OffsetDeleteRequest, _: About<'_>, code: ErrorCode) -> Reply<OffsetDeleteResponse> {
        Reply::With(OffsetDeleteResponse::default().with_error_code(code.code()))
    }
}
