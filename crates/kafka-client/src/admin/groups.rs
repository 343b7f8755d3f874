//! Consumer groups as an administrator sees them: their committed offsets listed, altered and deleted, and the groups
//! themselves deleted (KIP-222, KIP-229, KIP-496, KIP-396).
//!
//! Each call finds the group's coordinator and asks it again while it moves, loads or cannot be reached, until the time
//! given is over. What else a coordinator refuses is final, also what a consumer would try again, such as an unknown
//! topic.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use kafka_wire::messages::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use kafka_wire::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_wire::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, GroupId, OffsetCommitResponse, OffsetDeleteRequest,
    OffsetDeleteResponse, OffsetFetchRequest, OffsetFetchResponse, TopicName,
};
use kafka_wire::protocol::Request;
use kafka_wire::{ErrorCode, StrBytes};

use super::client::Admin;
use crate::consumer::offsets::commit_request;
use crate::error::ClientError;
use crate::group::Coordinator;
use crate::topic_partition::TopicPartition;

/// What became of each partition that was asked about.
pub type PartitionResults = BTreeMap<TopicPartition, Result<(), ClientError>>;

impl Admin {
    /// Every offset a group has committed; none for a group that does not exist.
    ///
    /// # Errors
    /// `Timeout` after `limit`, or the coordinator's refusal.
    pub async fn list_group_offsets(
        &self,
        group: &str,
        limit: Duration,
    ) -> Result<BTreeMap<TopicPartition, i64>, ClientError> {
        self.ask_coordinator(group, limit, "offsetFetch", |version| all_offsets(group, version), listed).await
    }

    /// Commits offsets for a group that has no members; what came of each. The offsets themselves are not checked by
    /// brokers: those beyond a partition's end are taken.
    ///
    /// # Errors
    /// When the group as a whole is refused, or `Timeout` after `limit`. A group with members is `UNKNOWN_MEMBER_ID`
    /// for each partition.
    pub async fn alter_group_offsets(
        &self,
        group: &str,
        offsets: &BTreeMap<TopicPartition, i64>,
        limit: Duration,
    ) -> Result<PartitionResults, ClientError> {
        let make = |_| commit_request(group, None, offsets);
        self.ask_coordinator(group, limit, "offsetCommit", make, |response| committed(&response)).await
    }

    /// Deletes committed offsets of a group; what came of each. One that is not there is deleted already.
    ///
    /// # Errors
    /// When the group as a whole is refused (`GROUP_ID_NOT_FOUND`), or `Timeout` after `limit`. A group that subscribes
    /// to the topic is `GROUP_SUBSCRIBED_TO_TOPIC` for each partition.
    pub async fn delete_group_offsets(
        &self,
        group: &str,
        partitions: &[TopicPartition],
        limit: Duration,
    ) -> Result<PartitionResults, ClientError> {
        let make = |_| delete_request(group, partitions);
        self.ask_coordinator(group, limit, "offsetDelete", make, |response| deleted(&response)).await
    }

    /// Deletes groups with all their offsets; what came of each. One with members is `NON_EMPTY_GROUP`.
    pub async fn delete_groups(&self, groups: &[&str], limit: Duration) -> BTreeMap<String, Result<(), ClientError>> {
        // Each has a coordinator of its own.
        let delete = groups.iter().map(async |group| {
            let make = |_| DeleteGroupsRequest::default().with_groups_names(vec![group_id(group)]);
            let read = |response: DeleteGroupsResponse| {
                // An answer without a result says of the group nothing that is wrong.
                let code = response.results.first().map_or(0, |result| result.error_code);
                ErrorCode::check(code)
            };
            ((*group).to_owned(), self.ask_coordinator(group, limit, "deleteConsumerGroups", make, read).await)
        });
        join_all(delete).await.into_iter().collect()
    }

    /// Asks a group's coordinator until it gives an answer that is not "later" or "another broker".
    async fn ask_coordinator<Q: Request, T>(
        &self,
        group: &str,
        limit: Duration,
        call: &'static str,
        make: impl Fn(i16) -> Q,
        read: impl Fn(Q::Response) -> Result<T, ErrorCode>,
    ) -> Result<T, ClientError> {
        let coordinator = Coordinator::new(self.topology.clone(), group);
        let answered = self.retry(limit, call, async || {
            let response = coordinator.call(self.config.client.request_timeout, &make).await?;
            match read(response) {
                Ok(done) => Ok(Ok(done)),
                Err(code) if coordinator.note(code) || is_for_later(code) => Err(ClientError::timeout(code.message())),
                Err(code) => Ok(Err(coordinator.refusal(code, None))),
            }
        });
        answered.await?
    }
}

/// Whether the same coordinator can do it soon.
fn is_for_later(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::CoordinatorLoadInProgress | ErrorCode::RebalanceInProgress)
}

/// Whether asking again, here or elsewhere, can help.
fn is_passing(code: ErrorCode) -> bool {
    is_for_later(code) || matches!(code, ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable)
}

fn group_id(group: &str) -> GroupId {
    GroupId(StrBytes::from_string(group.to_owned()))
}

/// Asks for every offset: no list of topics means all.
fn all_offsets(group: &str, version: i16) -> OffsetFetchRequest {
    if version >= 8 {
        let group = OffsetFetchRequestGroup::default().with_group_id(group_id(group)).with_topics(None);
        return OffsetFetchRequest::default().with_groups(vec![group]);
    }
    OffsetFetchRequest::default().with_group_id(group_id(group)).with_topics(None)
}

fn listed(response: OffsetFetchResponse) -> Result<BTreeMap<TopicPartition, i64>, ErrorCode> {
    let mut found = BTreeMap::new();
    let mut add = |topic: &str, partition: i32, offset: i64, code: i16| {
        let of = TopicPartition::new(topic, partition);
        match ErrorCode::from_code(code) {
            None if offset >= 0 => drop(found.insert(of, offset)),
            None => {}
            Some(code) => tracing::warn!(partition = %of, %code, "a committed offset is left out"),
        }
    };
    ErrorCode::check(response.error_code)?;
    for topic in &response.topics {
        for each in &topic.partitions {
            add(&topic.name, each.partition_index, each.committed_offset, each.error_code);
        }
    }
    for group in &response.groups {
        ErrorCode::check(group.error_code)?;
        for topic in &group.topics {
            for each in &topic.partitions {
                add(&topic.name, each.partition_index, each.committed_offset, each.error_code);
            }
        }
    }
    Ok(found)
}

fn delete_request(group: &str, partitions: &[TopicPartition]) -> OffsetDeleteRequest {
    let mut topics: BTreeMap<&str, Vec<OffsetDeleteRequestPartition>> = BTreeMap::new();
    for of in partitions {
        let partition = OffsetDeleteRequestPartition::default().with_partition_index(of.partition);
        topics.entry(&of.topic).or_default().push(partition);
    }
    let topics = topics.into_iter().map(|(topic, partitions)| {
        let name = TopicName(StrBytes::from_string(topic.to_owned()));
        OffsetDeleteRequestTopic::default().with_name(name).with_partitions(partitions)
    });
    OffsetDeleteRequest::default().with_group_id(group_id(group)).with_topics(topics.collect())
}

/// A commit has no error of the group: it stands in its partitions.
fn committed(response: &OffsetCommitResponse) -> Result<PartitionResults, ErrorCode> {
    let partitions = response.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|each| (topic.name.as_str(), each.partition_index, each.error_code))
    });
    results(partitions)
}

fn deleted(response: &OffsetDeleteResponse) -> Result<PartitionResults, ErrorCode> {
    ErrorCode::check(response.error_code)?;
    let partitions = response.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|each| (topic.name.as_str(), each.partition_index, each.error_code))
    });
    results(partitions)
}

/// # Errors
/// The first code that asking again can mend.
fn results<'a>(partitions: impl Iterator<Item = (&'a str, i32, i16)>) -> Result<PartitionResults, ErrorCode> {
    partitions
        .map(|(topic, partition, code)| {
            let result = match ErrorCode::from_code(code) {
                None => Ok(()),
                Some(code) if is_passing(code) => return Err(code),
                Some(code) => Err(ClientError::about_topic(code, topic)),
            };
            Ok((TopicPartition::new(topic, partition), result))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use kafka_wire::messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
    use kafka_wire::{ApiKey, encode_request, versions};

    use super::*;

    #[test]
    fn can_be_expressed_in_the_versions_spoken() {
        let range = versions::client_range(ApiKey::OffsetFetch).unwrap();
        // The first version has no way to ask for all.
        for version in range.min.max(2)..=range.max {
            encode_request(1, Some("c"), version, &all_offsets("g", version)).unwrap();
        }
        let request = delete_request("g", &[TopicPartition::new("t", 0), TopicPartition::new("t", 1)]);
        assert_eq!((request.topics.len(), request.topics[0].partitions.len()), (1, 2));
        encode_request(1, Some("c"), 0, &request).unwrap();
    }

    #[test]
    fn a_coordinator_that_moves_is_asked_again_and_other_refusals_stand() {
        let response = |codes: &[ErrorCode]| {
            let partitions = codes.iter().enumerate().map(|(index, code)| {
                OffsetCommitResponsePartition::default().with_partition_index(index as i32).with_error_code(code.code())
            });
            let name = TopicName(StrBytes::from_static_str("t"));
            let topic = OffsetCommitResponseTopic::default().with_name(name).with_partitions(partitions.collect());
            OffsetCommitResponse::default().with_topics(vec![topic])
        };
        for code in [ErrorCode::NotCoordinator, ErrorCode::CoordinatorLoadInProgress, ErrorCode::RebalanceInProgress] {
            assert_eq!(committed(&response(&[ErrorCode::UnknownTopicOrPartition, code])), Err(code));
        }
        // A consumer would try this again.
        let results = committed(&response(&[ErrorCode::UnknownTopicOrPartition])).unwrap();
        let error = results[&TopicPartition::new("t", 0)].clone().unwrap_err();
        assert_eq!(error.code(), Some(ErrorCode::UnknownTopicOrPartition));
    }
}
