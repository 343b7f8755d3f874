//! What this broker speaks.

use kafka_wire::ApiKey;
use kafka_wire::protocol::VersionRange;

/// Every API that is here, and its versions, by key. The highest stays below Kafka's own where a newer version names
/// topics by id alone (Produce 13, Fetch 13, OffsetCommit and OffsetFetch 10) or needs the second transaction protocol
/// (Produce 12, EndTxn 5, TxnOffsetCommit 5), or is for brokers among themselves
/// (AddPartitionsToTxn 4).
pub(crate) const SUPPORTED: &[(ApiKey, VersionRange)] = &[
    (ApiKey::Produce, VersionRange { min: 3, max: 11 }),
    (ApiKey::Fetch, VersionRange { min: 4, max: 12 }),
    (ApiKey::ListOffsets, VersionRange { min: 1, max: 10 }),
    (ApiKey::Metadata, VersionRange { min: 0, max: 12 }),
    (ApiKey::OffsetCommit, VersionRange { min: 2, max: 9 }),
    (ApiKey::OffsetFetch, VersionRange { min: 1, max: 9 }),
    (ApiKey::FindCoordinator, VersionRange { min: 0, max: 5 }),
    (ApiKey::JoinGroup, VersionRange { min: 0, max: 9 }),
    (ApiKey::Heartbeat, VersionRange { min: 0, max: 4 }),
    (ApiKey::LeaveGroup, VersionRange { min: 0, max: 5 }),
    (ApiKey::SyncGroup, VersionRange { min: 0, max: 5 }),
    (ApiKey::DescribeGroups, VersionRange { min: 0, max: 6 }),
    (ApiKey::ListGroups, VersionRange { min: 0, max: 5 }),
    (ApiKey::ApiVersions, VersionRange { min: 0, max: 4 }),
    (ApiKey::CreateTopics, VersionRange { min: 2, max: 7 }),
    (ApiKey::DeleteTopics, VersionRange { min: 1, max: 6 }),
    (ApiKey::DeleteRecords, VersionRange { min: 0, max: 2 }),
    (ApiKey::InitProducerId, VersionRange { min: 0, max: 5 }),
    (ApiKey::OffsetForLeaderEpoch, VersionRange { min: 2, max: 4 }),
    (ApiKey::AddPartitionsToTxn, VersionRange { min: 0, max: 3 }),
    (ApiKey::AddOffsetsToTxn, VersionRange { min: 0, max: 4 }),
    (ApiKey::EndTxn, VersionRange { min: 0, max: 4 }),
    (ApiKey::TxnOffsetCommit, VersionRange { min: 0, max: 4 }),
    (ApiKey::DescribeConfigs, VersionRange { min: 1, max: 4 }),
    (ApiKey::AlterConfigs, VersionRange { min: 0, max: 2 }),
    (ApiKey::DescribeLogDirs, VersionRange { min: 1, max: 4 }),
    (ApiKey::CreatePartitions, VersionRange { min: 0, max: 3 }),
    (ApiKey::IncrementalAlterConfigs, VersionRange { min: 0, max: 1 }),
    (ApiKey::DeleteGroups, VersionRange { min: 0, max: 2 }),
    (ApiKey::OffsetDelete, VersionRange { min: 0, max: 0 }),
    (ApiKey::DescribeCluster, VersionRange { min: 0, max: 2 }),
];

/// Whether a request can be taken.
pub(crate) fn supports(api: ApiKey, version: i16) -> bool {
    let range = SUPPORTED.iter().find(|(key, _)| *key == api).map(|(_, range)| range);
    range.is_some_and(|range| (range.min..=range.max).contains(&version))
}
