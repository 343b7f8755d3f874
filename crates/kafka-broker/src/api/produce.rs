//! Produce: one batch per partition.

use kafka_wire::messages::produce_request::PartitionProduceData;
use kafka_wire::messages::produce_response::{
    BatchIndexAndErrorMessage, PartitionProduceResponse, TopicProduceResponse,
};
use kafka_wire::messages::{ProduceRequest, ProduceResponse, TopicName};
use kafka_wire::{ErrorCode, StrBytes};

use super::{About, Api, Reply};
use crate::broker::Node;
use crate::topics::{AppendError, Appended};

/// Produce.
pub(crate) struct Produce;

impl Api for Produce {
    type Request = ProduceRequest;
    type Response = ProduceResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: ProduceRequest) -> Reply<ProduceResponse> {
        if !(-1..=1).contains(&request.acks) {
            return Self::refuse(request, about, ErrorCode::InvalidRequiredAcks);
        }
        if request.transactional_id.is_some() {
            return Self::refuse(request, about, ErrorCode::TransactionalIdAuthorizationFailed);
        }
        let acks = request.acks;
        respond(about, acks, request, |topic, data| append(node, topic, data))
    }

    fn refuse(request: ProduceRequest, about: About<'_>, code: ErrorCode) -> Reply<ProduceResponse> {
        let acks = request.acks;
        respond(about, acks, request, |_, _| Err(code.into()))
    }
}

/// The response to a request each of whose partitions ends as `outcome` says.
fn respond(
    about: About<'_>,
    acks: i16,
    request: ProduceRequest,
    outcome: impl Fn(&TopicName, PartitionProduceData) -> Result<(Appended, i64), AppendError>,
) -> Reply<ProduceResponse> {
    let mut failed = false;
    let mut responses = Vec::with_capacity(request.topic_data.len());
    for topic in request.topic_data {
        let mut partitions = Vec::with_capacity(topic.partition_data.len());
        for data in topic.partition_data {
            let index = data.index;
            let outcome = outcome(&topic.name, data);
            failed |= outcome.is_err();
            partitions.push(partition_response(about, index, outcome));
        }
        responses.push(TopicProduceResponse::default().with_name(topic.name).with_partition_responses(partitions));
    }
    match (acks, failed) {
        (0, false) => Reply::Nothing,
        (0, true) => Reply::Disconnect,
        _ => Reply::With(ProduceResponse::default().with_responses(responses)),
    }
}

/// Appends one partition's batch; gives besides its place the time put into it, or −1.
fn append(node: &Node, topic: &TopicName, data: PartitionProduceData) -> Result<(Appended, i64), AppendError> {
    let topic = node.data.0.topics.get(topic).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let partition = topic.partition(data.index).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let rules = topic.append_rules(node.env.clock().unix_millis());
    let appended = partition.append(data.records.unwrap_or_default(), rules)?;
    Ok((appended, rules.append_time.unwrap_or(-1)))
}

fn partition_response(
    about: About<'_>,
    index: i32,
    outcome: Result<(Appended, i64), AppendError>,
) -> PartitionProduceResponse {
    let response = PartitionProduceResponse::default().with_index(index);
    match outcome {
        Ok((appended, time)) => {
            let response = response.with_base_offset(appended.base_offset).with_log_append_time_ms(time);
            if about.version >= 5 { response.with_log_start_offset(appended.start_offset) } else { response }
        }
        Err(error) => {
            let response = response.with_error_code(error.code.code()).with_base_offset(-1).with_log_append_time_ms(-1);
            let Some(message) = error.message.filter(|_| about.version >= 8) else { return response };
            let message = StrBytes::from_string(message);
            let records = match error.code {
                ErrorCode::InvalidRecord => {
                    vec![BatchIndexAndErrorMessage::default().with_batch_index_error_message(Some(message.clone()))]
                }
                _ => Vec::new(),
            };
            response.with_error_message(Some(message)).with_record_errors(records)
        }
    }
}
