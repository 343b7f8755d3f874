//! ListOffsets: the ends of partitions, and offsets by time.

use std::collections::BTreeMap;

use kafka_wire::ErrorCode;
use kafka_wire::messages::list_offsets_request::ListOffsetsPartition;
use kafka_wire::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_wire::messages::{ListOffsetsRequest, ListOffsetsResponse, TopicName};

use super::interface::{LEADER_EPOCH, check_leader_epoch};
use super::{About, Api, Reply};
use crate::broker::Node;
use crate::log::TimedOffset;
use crate::topics::Isolation;

/// ListOffsets.
pub(crate) struct ListOffsets;

/// Timestamps that stand for places.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;

impl Api for ListOffsets {
    type Request = ListOffsetsRequest;
    type Response = ListOffsetsResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: ListOffsetsRequest) -> Reply<ListOffsetsResponse> {
        let mut times: BTreeMap<(TopicName, i32), usize> = BTreeMap::new();
        for topic in &request.topics {
            for asked in &topic.partitions {
                *times.entry((topic.name.clone(), asked.partition_index)).or_default() += 1;
            }
        }
        let isolation = Isolation::of(request.isolation_level);
        respond(about, request, |topic, asked| {
            if times.get(&(topic.clone(), asked.partition_index)).is_some_and(|times| *times > 1) {
                return Err(ErrorCode::InvalidRequest);
            }
            find(node, about, isolation, topic, asked)
        })
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
                    if about.version >= 4 { answer.with_leader_epoch(LEADER_EPOCH) } else { answer }
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
    isolation: Isolation,
    topic: &TopicName,
    asked: &ListOffsetsPartition,
) -> Result<Option<TimedOffset>, ErrorCode> {
    let known_since = match asked.timestamp {
        MAX_TIMESTAMP => 7,
        EARLIEST_LOCAL => 8,
        LATEST_TIERED => 9,
        LATEST | EARLIEST | 0.. => 0,
        _ => return Err(ErrorCode::UnsupportedVersion),
    };
    if about.version < known_since {
        return Err(ErrorCode::UnsupportedVersion);
    }
    let topic = node.data.0.topics.get(topic).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let partition = topic.partition(asked.partition_index).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    check_leader_epoch(asked.current_leader_epoch)?;
    let place = |offset| Ok(Some(TimedOffset { offset, timestamp: -1 }));
    let found = match asked.timestamp {
        LATEST => return place(partition.last_offset(isolation)),
        // Nothing is in tiered storage.
        EARLIEST | EARLIEST_LOCAL => return place(partition.start_offset()),
        LATEST_TIERED => return Ok(None),
        MAX_TIMESTAMP => partition.latest_time()?,
        time => partition.find_by_time(time)?,
    };
    let last = partition.last_offset(isolation);
    Ok(found.filter(|found| found.offset < last))
}
