//! The APIs, one type each.

mod interface;

mod alter_configs;
mod api_versions;
mod cluster;
mod configs;
mod create_partitions;
mod delete_records;
mod log_dirs;
mod metadata;
mod topics;

mod fetch;
mod list_offsets;
mod offset_for_leader_epoch;
mod produce;

mod committed;
mod groups_admin;
mod membership;

pub(crate) use alter_configs::{AlterConfigs, IncrementalAlterConfigs};
mod add_to_txn;
mod end_txn;
mod init_producer_id;
mod txn_offset_commit;

pub(crate) use add_to_txn::{AddOffsetsToTxn, AddPartitionsToTxn};
pub(crate) use api_versions::{ApiVersions, ask_again};
pub(crate) use cluster::{DescribeCluster, FindCoordinator};
pub(crate) use committed::{OffsetCommit, OffsetFetch};
pub(crate) use configs::DescribeConfigs;
pub(crate) use create_partitions::CreatePartitions;
pub(crate) use delete_records::DeleteRecords;
pub(crate) use end_txn::EndTxn;
pub(crate) use fetch::Fetch;
pub(crate) use groups_admin::{DeleteGroups, DescribeGroups, ListGroups, OffsetDelete};
pub(crate) use init_producer_id::InitProducerId;
pub(crate) use interface::{About, Api, Reply};
pub(crate) use list_offsets::ListOffsets;
pub(crate) use log_dirs::DescribeLogDirs;
pub(crate) use membership::{Heartbeat, JoinGroup, LeaveGroup, SyncGroup};
pub(crate) use metadata::Metadata;
pub(crate) use offset_for_leader_epoch::OffsetForLeaderEpoch;
pub(crate) use produce::Produce;
pub(crate) use topics::{CreateTopics, DeleteTopics};
pub(crate) use txn_offset_commit::TxnOffsetCommit;
