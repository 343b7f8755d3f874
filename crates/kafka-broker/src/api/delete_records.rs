//! DeleteRecords: a partition's beginning moves.

use kafka_wire::ErrorCode;
use kafka_wire::messages::delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use kafka_wire::messages::{DeleteRecordsRequest, DeleteRecordsResponse, TopicName};

use super::{About, Api, Reply};
use crate::broker::Node;

/// DeleteRecords.
pub(crate) struct DeleteRecords;

/// The offset that stands for the end of the partition.
const END: i64 = -1;

impl Api for DeleteRecords {
    type Request = DeleteRecordsRequest;
    type Response = DeleteRecordsResponse;

    async fn carry_out(node: &Node, _: About<'_>, request: DeleteRecordsRequest) -> Reply<DeleteRecordsResponse> {
        respond(request, |topic, partition, offset| delete(node, topic, partition, offset))
    }

    fn refuse(request: DeleteRecordsRequest, _: About<'_>, code: ErrorCode) -> Reply<DeleteRecordsResponse> {
        respond(request, |_, _, _| Err(code))
    }
}

/// The response to a request each of whose partitions begins where `outcome` says.
fn respond(
    request: DeleteRecordsRequest,
    outcome: impl Fn(&TopicName, i32, i64) -> Result<i64, ErrorCode>,
) -> Reply<DeleteRecordsResponse> {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            let result = DeleteRecordsPartitionResult::default().with_partition_index(asked.partition_index);
            match outcome(&topic.name, asked.partition_index, asked.offset) {
                Ok(start) => result.with_low_watermark(start),
                Err(code) => result.with_low_watermark(-1).with_error_code(code.code()),
            }
        });
        let partitions = partitions.collect();
        DeleteRecordsTopicResult::default().with_name(topic.name).with_partitions(partitions)
    });
    Reply::With(DeleteRecordsResponse::default().with_topics(topics.collect()))
}

fn delete(node: &Node, topic: &TopicName, partition: i32, offset: i64) -> Result<i64, ErrorCode> {
    let topic = node.data.0.topics.get(topic).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let partition = topic.partition(partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    // What a compacted topic has is its latest state: deleting by offset would tear holes into it.
    if topic.settings().compacts && !topic.settings().deletes {
        return Err(ErrorCode::PolicyViolation);
    }
    partition.delete_before(if offset == END { None } else { Some(offset) })
}
