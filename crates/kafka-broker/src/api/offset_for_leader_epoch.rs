//! OffsetForLeaderEpoch: where a leader's records end. There has only ever been one leader.

use kafka_wire::ErrorCode;
use kafka_wire::messages::offset_for_leader_epoch_request::OffsetForLeaderPartition;
use kafka_wire::messages::offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult};
use kafka_wire::messages::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};

use super::interface::{LEADER_EPOCH, check_leader_epoch};
use super::{About, Api, Reply};
use crate::broker::Node;

/// OffsetForLeaderEpoch.
pub(crate) struct OffsetForLeaderEpoch;

impl Api for OffsetForLeaderEpoch {
    type Request = OffsetForLeaderEpochRequest;
    type Response = OffsetForLeaderEpochResponse;

    async fn carry_out(
        node: &Node,
        _: About<'_>,
        request: OffsetForLeaderEpochRequest,
    ) -> Reply<OffsetForLeaderEpochResponse> {
        respond(request, |topic, asked| find(node, topic, asked))
    }

    fn refuse(
        request: OffsetForLeaderEpochRequest,
        _: About<'_>,
        code: ErrorCode,
    ) -> Reply<OffsetForLeaderEpochResponse> {
        respond(request, |_, _| Err(code))
    }
}

/// Where the records of the epoch asked for end; `None` when there was no such epoch.
fn find(node: &Node, topic: &str, asked: &OffsetForLeaderPartition) -> Result<Option<i64>, ErrorCode> {
    let topic = node.data.0.topics.get(topic).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let partition = topic.partition(asked.partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    check_leader_epoch(asked.current_leader_epoch)?;
    Ok((asked.leader_epoch == LEADER_EPOCH).then(|| partition.end_offset()))
}

fn respond(
    request: OffsetForLeaderEpochRequest,
    find: impl Fn(&str, &OffsetForLeaderPartition) -> Result<Option<i64>, ErrorCode>,
) -> Reply<OffsetForLeaderEpochResponse> {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            let answer = EpochEndOffset::default().with_partition(asked.partition);
            let answer = answer.with_leader_epoch(-1).with_end_offset(-1);
            match find(&topic.topic, asked) {
                Ok(Some(end)) => answer.with_leader_epoch(LEADER_EPOCH).with_end_offset(end),
                Ok(None) => answer,
                Err(code) => answer.with_error_code(code.code()),
            }
        });
        let partitions = partitions.collect();
        OffsetForLeaderTopicResult::default().with_topic(topic.topic).with_partitions(partitions)
    });
    Reply::With(OffsetForLeaderEpochResponse::default().with_topics(topics.collect()))
}
