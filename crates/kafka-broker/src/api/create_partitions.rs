//! CreatePartitions: a topic grows.

use std::collections::BTreeMap;

use kafka_wire::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_wire::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_wire::messages::{CreatePartitionsRequest, CreatePartitionsResponse, TopicName};
use kafka_wire::{ErrorCode, StrBytes};

use super::topics::check_assignment;
use super::{About, Api, Reply};
use crate::broker::Node;

/// CreatePartitions.
pub(crate) struct CreatePartitions;

type Refusal = (ErrorCode, String);

impl Api for CreatePartitions {
    type Request = CreatePartitionsRequest;
    type Response = CreatePartitionsResponse;

    async fn carry_out(node: &Node, _: About<'_>, request: CreatePartitionsRequest) -> Reply<CreatePartitionsResponse> {
        let mut times: BTreeMap<TopicName, usize> = BTreeMap::new();
        for topic in &request.topics {
            *times.entry(topic.name.clone()).or_default() += 1;
        }
        let mut results = Vec::with_capacity(times.len());
        for topic in request.topics {
            let grown = match times.remove(&topic.name) {
                Some(1) => grow(node, &topic, request.validate_only),
                Some(_) => Err((ErrorCode::InvalidRequest, "Duplicate topic name.".to_owned())),
                // It has its answer already.
                None => continue,
            };
            results.push(result(topic.name, grown));
        }
        Reply::With(CreatePartitionsResponse::default().with_results(results))
    }

    fn refuse(request: CreatePartitionsRequest, _: About<'_>, code: ErrorCode) -> Reply<CreatePartitionsResponse> {
        let refused =
            request.topics.into_iter().map(|topic| result(topic.name, Err((code, code.message().to_owned()))));
        Reply::With(CreatePartitionsResponse::default().with_results(refused.collect()))
    }
}

fn grow(node: &Node, topic: &CreatePartitionsTopic, validate_only: bool) -> Result<(), Refusal> {
    let topics = &node.data.0.topics;
    // Whether the number is one comes first, and then whether the assignments fit it.
    topics.grow(&topic.name, topic.count, true)?;
    let Some(assignments) = &topic.assignments else {
        return topics.grow(&topic.name, topic.count, validate_only);
    };
    let has = topics.get(&topic.name).map_or(0, |found| found.partitions.len());
    let additional = usize::try_from(topic.count).unwrap_or(0).saturating_sub(has);
    if assignments.len() != additional {
        let message = format!(
            "Attempted to add {additional} additional partition(s), but only {} assignment(s) were specified.",
            assignments.len()
        );
        return Err((ErrorCode::InvalidReplicaAssignment, message));
    }
    assignments.iter().try_for_each(|assignment| check_assignment(node, &assignment.broker_ids))?;
    topics.grow(&topic.name, topic.count, validate_only)
}

fn result(name: TopicName, grown: Result<(), Refusal>) -> CreatePartitionsTopicResult {
    let result = CreatePartitionsTopicResult::default().with_name(name);
    match grown {
        Ok(()) => result.with_error_message(None),
        Err((code, message)) => {
            result.with_error_code(code.code()).with_error_message(Some(StrBytes::from_string(message)))
        }
    }
}
