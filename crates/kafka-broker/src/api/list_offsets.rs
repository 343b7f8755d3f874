//! ListOffsets: the ends of partitions, and offsets by time.

use kafka_wire::ErrorCode;
use kafka_wire::messages::list_offsets_request::ListOffsetsPartition;
use kafka_wire::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_wire::messages::{ListOffsetsRequest, ListOffsetsResponse, TopicName};

use super::{About, Api, Reply};
use crate::broker::Node;
use crate::log::TimedOffset;

/// ListOffsets.
pub(crate) struct ListOffsets;

/// Timestamps that stand for places.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;

impl Api for ListOffsets {
    type Request = ListOffsetsRequest;
    type Response = ListOffsetsResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: ListOffsetsRequest) -> Reply<ListOffsetsResponse> {
        respond(about, request, |topic, asked| find(node, about, topic, asked))
    }

    fn refuse(request: ListOffsetsRequest, about: About<'_>, code: ErrorCode) -> Reply<ListOffsetsResponse> {
        respond(about, request, |_, _| Err(code))
    }
}

fn respond(
    about: About<'_>,
    request: ListOffsetsRequest,
    find: impl Fn(&TopicName, &ListOffsetsPartition) -> Result<Option<TimedOffset>, ErrorCode>,
) -> Reply<ListOffsetsResponse> {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            let answer = ListOffsetsPartitionResponse::default().with_partition_index(asked.partition_index);
            match find(&topic.name, asked) {
                Ok(Some(found)) => {
                    let answer = answer.with_offset(found.offset).with_timestamp(found.timestamp);
                    if about.version >= 4 { answer.with_leader_epoch(0) } else { answer }
                }
                Ok(None) => answer.with_offset(-1).with_timestamp(-1),
                Err(code) => answer.with_error_code(code.code()).with_offset(-1).with_timestamp(-1),
            }
        });
        let partitions = partitions.collect();
        ListOffsetsTopicResponse::default().with_name(topic.name).with_partitions(partitions)
    });
    Reply::With(ListOffsetsResponse::default().with_topics(topics.collect()))
}

fn find(
    node: &Node,
    about: About<'_>,
    topic: &TopicName,
    asked: &ListOffsetsPartition,
) -> Result<Option<TimedOffset>, ErrorCode> {
    let topic = node.data.0.topics.get(topic).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let partition = topic.partition(asked.partition_index).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let place = |offset| Ok(Some(TimedOffset { offset, timestamp: -1 }));
    match asked.timestamp {
        LATEST => place(partition.end_offset()),
        EARLIEST => place(partition.start_offset()),
        MAX_TIMESTAMP if about.version >= 7 => partition.latest_time(),
        time if time >= 0 => partition.find_by_time(time),
        _ => Err(ErrorCode::UnsupportedVersion),
    }
}
