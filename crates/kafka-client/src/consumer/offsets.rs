//! Offsets: of a time, committed, and to be committed.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_wire::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_wire::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_wire::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_wire::messages::{
    BrokerId, GroupId, ListOffsetsRequest, ListOffsetsResponse, OffsetCommitRequest, OffsetCommitResponse,
    OffsetFetchRequest, OffsetFetchResponse, TopicName,
};
use kafka_wire::{ErrorCode, StrBytes};

use crate::cluster::Snapshot;
use crate::error::ClientError;
use crate::group::Generation;
use crate::topic_partition::TopicPartition;

fn topic_name(topic: &str) -> TopicName {
    TopicName(StrBytes::from_string(topic.to_owned()))
}

fn by_topic<'a>(partitions: impl IntoIterator<Item = &'a TopicPartition>) -> BTreeMap<&'a Arc<str>, Vec<i32>> {
    let mut topics: BTreeMap<&Arc<str>, Vec<i32>> = BTreeMap::new();
    for each in partitions {
        topics.entry(&each.topic).or_default().push(each.partition);
    }
    topics
}

/// Asks for the offsets at times; -2 is the earliest, -1 the latest.
pub(super) fn list_request(asked: &[(TopicPartition, i64)], snapshot: &Snapshot, version: i16) -> ListOffsetsRequest {
    let mut topics: BTreeMap<&Arc<str>, Vec<ListOffsetsPartition>> = BTreeMap::new();
    for (of, time) in asked {
        let mut partition = ListOffsetsPartition::default().with_partition_index(of.partition).with_timestamp(*time);
        if version >= 4 {
            let known = snapshot.partition(&of.topic, of.partition);
            partition = partition.with_current_leader_epoch(known.map_or(-1, |known| known.leader_epoch));
        }
        topics.entry(&of.topic).or_default().push(partition);
    }
    let topics = topics.into_iter().map(|(topic, partitions)| {
        ListOffsetsTopic::default().with_name(topic_name(topic)).with_partitions(partitions)
    });
    ListOffsetsRequest::default().with_replica_id(BrokerId(-1)).with_topics(topics.collect())
}

/// The offsets in an answer, by partition.
pub(super) fn listed(response: ListOffsetsResponse) -> BTreeMap<TopicPartition, Result<i64, ErrorCode>> {
    let topics = response.topics.into_iter().flat_map(|topic| {
        let name: Arc<str> = topic.name.as_str().into();
        topic.partitions.into_iter().map(move |partition| {
            let result = ErrorCode::check(partition.error_code).map(|()| partition.offset);
            (TopicPartition::new(name.clone(), partition.partition_index), result)
        })
    });
    topics.collect()
}

/// Asks for committed offsets.
pub(super) fn committed_request(group: &str, partitions: &[TopicPartition], version: i16) -> OffsetFetchRequest {
    let group = GroupId(StrBytes::from_string(group.to_owned()));
    let topics = by_topic(partitions).into_iter();
    let mut request = OffsetFetchRequest::default();
    // Offsets of a transaction that is not over yet may still change.
    if version >= 7 {
        request = request.with_require_stable(true);
    }
    if version >= 8 {
        let topics = topics.map(|(topic, indexes)| {
            OffsetFetchRequestTopics::default().with_name(topic_name(topic)).with_partition_indexes(indexes)
        });
        let group = OffsetFetchRequestGroup::default().with_group_id(group).with_topics(Some(topics.collect()));
        return request.with_groups(vec![group]);
    }
    let topics = topics.map(|(topic, indexes)| {
        OffsetFetchRequestTopic::default().with_name(topic_name(topic)).with_partition_indexes(indexes)
    });
    request.with_group_id(group).with_topics(Some(topics.collect()))
}

/// The committed offsets in an answer; `None` where nothing was committed.
///
/// # Errors
/// The first error in it, whether of the group or of a partition.
pub(super) fn committed(response: OffsetFetchResponse) -> Result<BTreeMap<TopicPartition, Option<i64>>, ErrorCode> {
    let mut found = BTreeMap::new();
    let mut add = |topic: &str, partition: i32, offset: i64, code: i16| {
        ErrorCode::check(code)?;
        found.insert(TopicPartition::new(topic, partition), Some(offset).filter(|offset| *offset >= 0));
        Ok::<(), ErrorCode>(())
    };
    ErrorCode::check(response.error_code)?;
    for topic in &response.topics {
        for each in &topic.partitions {
            add(&topic.name, each.partition_index, each.committed_offset, each.error_code)?;
        }
    }
    for group in &response.groups {
        ErrorCode::check(group.error_code)?;
        for topic in &group.topics {
            for each in &topic.partitions {
                add(&topic.name, each.partition_index, each.committed_offset, each.error_code)?;
            }
        }
    }
    Ok(found)
}

/// Commits offsets. Without a generation for a consumer that is no member of the group.
pub(crate) fn commit_request(
    group: &str,
    generation: Option<&Generation>,
    offsets: &BTreeMap<TopicPartition, i64>,
) -> OffsetCommitRequest {
    let mut topics: BTreeMap<&Arc<str>, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
    for (of, offset) in offsets {
        let partition = OffsetCommitRequestPartition::default()
            .with_partition_index(of.partition)
            .with_committed_offset(*offset)
            .with_committed_metadata(Some(StrBytes::default()));
        topics.entry(&of.topic).or_default().push(partition);
    }
    let topics = topics.into_iter().map(|(topic, partitions)| {
        OffsetCommitRequestTopic::default().with_name(topic_name(topic)).with_partitions(partitions)
    });
    OffsetCommitRequest::default()
        .with_group_id(GroupId(StrBytes::from_string(group.to_owned())))
        .with_generation_id_or_member_epoch(generation.map_or(-1, |generation| generation.id))
        .with_member_id(StrBytes::from_string(
            generation.map_or(String::new(), |generation| generation.member_id.to_string()),
        ))
        .with_topics(topics.collect())
}

/// The first error in an answer, with its topic.
pub(super) fn committed_result(response: &OffsetCommitResponse) -> Result<(), (ErrorCode, String)> {
    for topic in &response.topics {
        for partition in &topic.partitions {
            ErrorCode::check(partition.error_code).map_err(|code| (code, topic.name.to_string()))?;
        }
    }
    Ok(())
}

/// The error of a commit that is not tried again, in Java's words.
pub(super) fn commit_refusal(code: ErrorCode, topic: &str) -> ClientError {
    match code {
        ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration | ErrorCode::FencedInstanceId => {
            ClientError::CommitFailed("it is likely that the consumer was kicked out of the group.".into())
        }
        ErrorCode::RebalanceInProgress => rebalancing(),
        ErrorCode::TopicAuthorizationFailed => ClientError::about_topic(code, topic),
        code => ClientError::broker(code),
    }
}

/// The error of a commit between two generations.
pub(super) fn rebalancing() -> ClientError {
    ClientError::broker_said(
        ErrorCode::RebalanceInProgress,
        Some(
            "Offset commit cannot be completed since the consumer group is executing a rebalance at the moment. You can try completing the rebalance by calling poll() and then retry commit again",
        ),
    )
}

#[cfg(test)]
mod tests {
    use kafka_wire::messages::offset_fetch_response::{
        OffsetFetchResponseGroup, OffsetFetchResponsePartitions, OffsetFetchResponseTopics,
    };
    use kafka_wire::protocol::Request;
    use kafka_wire::{ApiKey, encode_request, versions};

    use super::*;

    fn every_version<Q: Request>(api: ApiKey, make: impl Fn(i16) -> Q) {
        let range = versions::client_range(api).unwrap();
        for version in range.min..=range.max {
            encode_request(1, Some("c"), version, &make(version)).unwrap_or_else(|error| panic!("{version}: {error}"));
        }
    }

    #[test]
    fn can_be_expressed_in_every_version_spoken() {
        let of = TopicPartition::new("t", 0);
        let generation = Generation { id: 4, member_id: "m".into() };
        let offsets = BTreeMap::from([(of.clone(), 5)]);
        every_version(ApiKey::ListOffsets, |version| list_request(&[(of.clone(), -2)], &Snapshot::default(), version));
        every_version(ApiKey::OffsetFetch, |version| committed_request("g", std::slice::from_ref(&of), version));
        every_version(ApiKey::OffsetCommit, |_| commit_request("g", Some(&generation), &offsets));
        every_version(ApiKey::OffsetCommit, |_| commit_request("g", None, &offsets));
    }

    #[test]
    fn what_was_never_committed_is_none() {
        let partition = |index: i32, offset: i64, code: i16| {
            OffsetFetchResponsePartitions::default()
                .with_partition_index(index)
                .with_committed_offset(offset)
                .with_error_code(code)
        };
        let response = |partitions| {
            let topic = OffsetFetchResponseTopics::default().with_name(topic_name("t")).with_partitions(partitions);
            let group = OffsetFetchResponseGroup::default().with_topics(vec![topic]);
            OffsetFetchResponse::default().with_groups(vec![group])
        };
        let found = committed(response(vec![partition(0, 7, 0), partition(1, -1, 0)])).unwrap();
        assert_eq!(found[&TopicPartition::new("t", 0)], Some(7));
        assert_eq!(found[&TopicPartition::new("t", 1)], None);
        let code = ErrorCode::UnstableOffsetCommit;
        assert_eq!(committed(response(vec![partition(0, 7, code.code())])), Err(code));
    }
}
