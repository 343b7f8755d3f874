//! OffsetCommit and OffsetFetch.

use kafka_wire::messages::offset_commit_request::OffsetCommitRequestPartition;
use kafka_wire::messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use kafka_wire::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use kafka_wire::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, TopicName,
};
use kafka_wire::{ErrorCode, StrBytes};

use super::interface::code_of;
use super::{About, Api, Reply};
use crate::broker::Node;
use crate::groups::{Committed, Committer, Identity};

/// OffsetCommit.
pub(crate) struct OffsetCommit;

/// From this version on, a member of a group that is not there learns just that.
const NAMES_MISSING_GROUPS: i16 = 9;
/// The broker's retention holds for the offset.
const DEFAULT_RETENTION: i64 = -1;

impl Api for OffsetCommit {
    type Request = OffsetCommitRequest;
    type Response = OffsetCommitResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: OffsetCommitRequest) -> Reply<OffsetCommitResponse> {
        let now = node.env.clock().unix_millis();
        let expires =
            (request.retention_time_ms != DEFAULT_RETENTION).then(|| now.saturating_add(request.retention_time_ms));
        let mut offsets = Vec::new();
        let mut is_known = false;
        for topic in &request.topics {
            for partition in &topic.partitions {
                let (known, metadata) = (is_there(node, &topic.name, partition), &partition.committed_metadata);
                is_known |= known;
                if known && !is_too_large(node, metadata.as_ref()) {
                    let committed = Committed {
                        offset: partition.committed_offset,
                        leader_epoch: partition.committed_leader_epoch,
                        metadata: metadata.clone().unwrap_or_default(),
                        at: now,
                        expires,
                    };
                    offsets.push(((topic.name.to_string(), partition.partition_index), committed));
                }
            }
        }
        let committer = Committer {
            who: Identity { member_id: request.member_id.clone(), instance_id: request.group_instance_id.clone() },
            generation: request.generation_id_or_member_epoch,
            no_group: (about.version >= NAMES_MISSING_GROUPS).then_some(ErrorCode::GroupIdNotFound),
        };
        // The group is not asked when there is nothing for it to keep.
        let outcome = if is_known { node.groups.commit(&request.group_id.0, &committer, offsets) } else { Ok(()) };
        commit_result(request, |topic, partition| {
            if !is_there(node, topic, partition) {
                return Err(ErrorCode::UnknownTopicOrPartition);
            }
            outcome?;
            match is_too_large(node, partition.committed_metadata.as_ref()) {
                true => Err(ErrorCode::OffsetMetadataTooLarge),
                false => Ok(()),
            }
        })
    }

    fn refuse(request: OffsetCommitRequest, _: About<'_>, code: ErrorCode) -> Reply<OffsetCommitResponse> {
        commit_result(request, |_, _| Err(code))
    }
}

fn commit_result(
    request: OffsetCommitRequest,
    outcome: impl Fn(&str, &OffsetCommitRequestPartition) -> Result<(), ErrorCode>,
) -> Reply<OffsetCommitResponse> {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let code = code_of(outcome(&topic.name, partition));
            OffsetCommitResponsePartition::default()
                .with_partition_index(partition.partition_index)
                .with_error_code(code)
        });
        let partitions = partitions.collect();
        OffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(partitions)
    });
    Reply::With(OffsetCommitResponse::default().with_topics(topics.collect()))
}

fn is_there(node: &Node, topic: &str, partition: &OffsetCommitRequestPartition) -> bool {
    let topic = node.data.0.topics.get(topic);
    topic.is_some_and(|topic| topic.partition(partition.partition_index).is_some())
}

/// Counted as Java counts text.
pub(super) fn is_too_large(node: &Node, metadata: Option<&StrBytes>) -> bool {
    metadata.is_some_and(|metadata| metadata.encode_utf16().count() > node.config.max_offset_metadata)
}

/// OffsetFetch.
pub(crate) struct OffsetFetch;

/// From this version on, several groups are asked about at once.
const SEVERAL: i16 = 8;

/// A partition's committed offset, or none; an error while it may change with a transaction.
type Found = Result<Option<Committed>, ErrorCode>;
/// What was found for each partition of a topic.
type Offsets = Vec<(i32, Found)>;

impl Api for OffsetFetch {
    type Request = OffsetFetchRequest;
    type Response = OffsetFetchResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: OffsetFetchRequest) -> Reply<OffsetFetchResponse> {
        let stable = request.require_stable;
        if about.version < SEVERAL {
            let asked = request
                .topics
                .map(|topics| topics.into_iter().map(|topic| (topic.name, topic.partition_indexes)).collect());
            return Reply::With(single(about, look_up(node, &request.group_id.0, asked, stable)));
        }
        let groups = request.groups.into_iter().map(|group| {
            let asked = group
                .topics
                .map(|topics| topics.into_iter().map(|topic| (topic.name, topic.partition_indexes)).collect());
            let topics = look_up(node, &group.group_id.0, asked, stable).into_iter().map(|(name, offsets)| {
                let partitions = offsets.into_iter().map(|(index, found)| {
                    let code = code_of(found.as_ref().map(|_| ()).map_err(|code| *code));
                    let (offset, epoch, metadata) = parts(found);
                    OffsetFetchResponsePartitions::default()
                        .with_partition_index(index)
                        .with_error_code(code)
                        .with_committed_offset(offset)
                        .with_committed_leader_epoch(epoch)
                        .with_metadata(Some(metadata))
                });
                OffsetFetchResponseTopics::default().with_name(name).with_partitions(partitions.collect())
            });
            let topics = topics.collect();
            OffsetFetchResponseGroup::default().with_group_id(group.group_id).with_topics(topics)
        });
        Reply::With(OffsetFetchResponse::default().with_groups(groups.collect()))
    }

    fn refuse(request: OffsetFetchRequest, about: About<'_>, code: ErrorCode) -> Reply<OffsetFetchResponse> {
        if about.version >= SEVERAL {
            let groups = request.groups.into_iter().map(|group| {
                OffsetFetchResponseGroup::default().with_group_id(group.group_id).with_error_code(code.code())
            });
            return Reply::With(OffsetFetchResponse::default().with_groups(groups.collect()));
        }
        if about.version >= 2 {
            return Reply::With(OffsetFetchResponse::default().with_error_code(code.code()));
        }
        // The oldest version has room for it in partitions alone.
        let topics = request.topics.unwrap_or_default().into_iter().map(|topic| {
            let partitions = topic.partition_indexes.iter().map(|index| {
                OffsetFetchResponsePartition::default()
                    .with_partition_index(*index)
                    .with_committed_offset(-1)
                    .with_metadata(Some(StrBytes::default()))
                    .with_error_code(code.code())
            });
            let partitions = partitions.collect();
            OffsetFetchResponseTopic::default().with_name(topic.name).with_partitions(partitions)
        });
        Reply::With(OffsetFetchResponse::default().with_topics(topics.collect()))
    }
}

fn single(about: About<'_>, topics: Vec<(TopicName, Offsets)>) -> OffsetFetchResponse {
    let topics = topics.into_iter().map(|(name, offsets)| {
        let partitions = offsets.into_iter().map(|(index, found)| {
            let code = code_of(found.as_ref().map(|_| ()).map_err(|code| *code));
            let (offset, epoch, metadata) = parts(found);
            let partition = OffsetFetchResponsePartition::default()
                .with_partition_index(index)
                .with_error_code(code)
                .with_committed_offset(offset)
                .with_metadata(Some(metadata));
            if about.version >= 5 { partition.with_committed_leader_epoch(epoch) } else { partition }
        });
        OffsetFetchResponseTopic::default().with_name(name).with_partitions(partitions.collect())
    });
    OffsetFetchResponse::default().with_topics(topics.collect())
}

/// The offsets of the partitions asked for, or of all that have one. `stable`: none that a transaction may change.
fn look_up(
    node: &Node,
    group: &str,
    asked: Option<Vec<(TopicName, Vec<i32>)>>,
    stable: bool,
) -> Vec<(TopicName, Offsets)> {
    let offsets = &node.data.0.offsets;
    let found = |topic: &str, index: i32, committed: Option<Committed>| {
        if stable && node.transactions.is_pending(group, topic, index) {
            return (index, Err(ErrorCode::UnstableOffsetCommit));
        }
        (index, Ok(committed))
    };
    let Some(asked) = asked else {
        let all = offsets.all(group).into_iter().map(|(topic, offsets)| {
            let offsets = offsets.into_iter().map(|(index, committed)| found(&topic, index, Some(committed)));
            let offsets = offsets.collect();
            (TopicName(StrBytes::from_string(topic)), offsets)
        });
        return all.collect();
    };
    let found = asked.into_iter().map(|(topic, partitions)| {
        // Looked at before what is committed: a transaction may end in between, and then the new offset is found.
        let offsets = partitions.into_iter().map(|index| {
            let (index, waits) = found(&topic, index, None);
            (index, waits.map(|_| offsets.get(group, &topic, index)))
        });
        let offsets = offsets.collect();
        (topic, offsets)
    });
    found.collect()
}

fn parts(found: Found) -> (i64, i32, StrBytes) {
    let committed = found.ok().flatten();
    committed.map_or((-1, -1, StrBytes::default()), |found| (found.offset, found.leader_epoch, found.metadata))
}
