//! DescribeLogDirs: where partitions are kept, and how large they are.

use std::collections::{BTreeMap, BTreeSet};

use kafka_wire::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use kafka_wire::messages::{DescribeLogDirsRequest, DescribeLogDirsResponse, TopicName};
use kafka_wire::{ErrorCode, StrBytes};

use super::{About, Api, Reply};
use crate::broker::Node;

/// DescribeLogDirs. There is one folder, or the memory under this name.
pub(crate) struct DescribeLogDirs;

/// What is said instead of a folder.
const MEMORY: &str = "memory";

impl Api for DescribeLogDirs {
    type Request = DescribeLogDirsRequest;
    type Response = DescribeLogDirsResponse;

    async fn carry_out(node: &Node, _: About<'_>, request: DescribeLogDirsRequest) -> Reply<DescribeLogDirsResponse> {
        // No topics at all stands for all of them.
        let asked: Option<BTreeMap<TopicName, BTreeSet<i32>>> = request.topics.map(|topics| {
            topics.into_iter().map(|topic| (topic.topic, topic.partitions.into_iter().collect())).collect()
        });
        let mut topics = Vec::new();
        for topic in node.data.0.topics.all() {
            let name = TopicName(StrBytes::from_string(topic.name.clone()));
            let wanted = asked.as_ref().map(|asked| asked.get(&name));
            let partitions = topic.partitions.iter().zip(0..).filter(|(_, index)| match wanted {
                None => true,
                Some(indexes) => indexes.is_some_and(|indexes| indexes.contains(index)),
            });
            let partitions = partitions.map(|(partition, index)| {
                let size = partition.with_log(|log, _| i64::try_from(log.size()).unwrap_or(i64::MAX));
                DescribeLogDirsPartition::default().with_partition_index(index).with_partition_size(size)
            });
            let partitions: Vec<DescribeLogDirsPartition> = partitions.collect();
            if !partitions.is_empty() {
                topics.push(DescribeLogDirsTopic::default().with_name(name).with_partitions(partitions));
            }
        }
        let folder = node.data.folder().map_or_else(|| MEMORY.to_owned(), |folder| folder.display().to_string());
        let result = DescribeLogDirsResult::default().with_log_dir(StrBytes::from_string(folder)).with_topics(topics);
        Reply::With(DescribeLogDirsResponse::default().with_results(vec![result]))
    }

    fn refuse(_: DescribeLogDirsRequest, about: About<'_>, code: ErrorCode) -> Reply<DescribeLogDirsResponse> {
        if about.version >= 3 {
            return Reply::With(DescribeLogDirsResponse::default().with_error_code(code.code()));
        }
        let result = DescribeLogDirsResult::default().with_error_code(code.code());
        Reply::With(DescribeLogDirsResponse::default().with_results(vec![result]))
    }
}
