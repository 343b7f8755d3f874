//! The APIs, one type each.

mod interface;

mod alter_configs;
mod api_versions;
mod cluster;
mod configs;
mod create_partitions;
mod delete_records;
mod metadata;
mod topics;

mod fetch;
mod list_offsets;
mod produce;

mod committed;
mod groups_admin;
mod membership;

pub(crate) use alter_configs::{AlterConfigs, IncrementalAlterConfigs};
pub(crate) use api_versions::{ApiVersions, api_versions};
pub(crate) use cluster::{DescribeCluster, FindCoordinator};
pub(crate) use committed::{OffsetCommit, OffsetFetch};
pub(crate) use configs::DescribeConfigs;
pub(crate) use create_partitions::CreatePartitions;
pub(crate) use delete_records::DeleteRecords;
pub(crate) use fetch::Fetch;
pub(crate) use groups_admin::{DeleteGroups, DescribeGroups, ListGroups, OffsetDelete};
pub(crate) use interface::{About, Api, Reply};
pub(crate) use list_offsets::ListOffsets;
pub(crate) use membership::{Heartbeat, JoinGroup, LeaveGroup, SyncGroup};
pub(crate) use metadata::Metadata;
pub(crate) use produce::Produce;
pub(crate) use topics::{CreateTopics, DeleteTopics};
