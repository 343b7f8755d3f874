//! CreateTopics and DeleteTopics.

use std::collections::BTreeMap;

use kafka_wire::messages::create_topics_request::CreatableTopic;
use kafka_wire::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use kafka_wire::messages::delete_topics_request::DeleteTopicState;
use kafka_wire::messages::delete_topics_response::DeletableTopicResult;
use kafka_wire::messages::{
    CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse, TopicName,
};
use kafka_wire::{ErrorCode, StrBytes};
use uuid::Uuid;

use super::{About, Api, Reply};
use crate::broker::Node;
use crate::topics::NewTopic;

/// A new topic's id.
pub(super) fn new_topic_id(node: &Node) -> Uuid {
    let mut bytes = [0; 16];
    node.env.random().fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// CreateTopics.
pub(crate) struct CreateTopics;

impl Api for CreateTopics {
    type Request = CreateTopicsRequest;
    type Response = CreateTopicsResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: CreateTopicsRequest) -> Reply<CreateTopicsResponse> {
        let mut times: BTreeMap<TopicName, usize> = BTreeMap::new();
        for topic in &request.topics {
            *times.entry(topic.name.clone()).or_default() += 1;
        }
        let results = request.topics.into_iter().map(|topic| {
            let name = topic.name.clone();
            let created = if times.get(&name).is_some_and(|times| *times > 1) {
                Err((ErrorCode::InvalidRequest, format!("Duplicate topic name '{}' in the request.", &**name)))
            } else {
                create(node, topic, request.validate_only)
            };
            creation_result(about, name, created)
        });
        Reply::With(CreateTopicsResponse::default().with_topics(results.collect()))
    }

    fn refuse(request: CreateTopicsRequest, about: About<'_>, code: ErrorCode) -> Reply<CreateTopicsResponse> {
        let refused = request
            .topics
            .into_iter()
            .map(|topic| creation_result(about, topic.name, Err((code, code.message().to_owned()))));
        Reply::With(CreateTopicsResponse::default().with_topics(refused.collect()))
    }
}

/// What was made: its id, the number of partitions and the configuration given.
struct Created {
    id: Uuid,
    partitions: i32,
    configs: BTreeMap<String, String>,
}

fn create(node: &Node, topic: CreatableTopic, validate_only: bool) -> Result<Created, (ErrorCode, String)> {
    let new = plan(node, topic)?;
    let (partitions, configs) = (new.partitions, new.configs.clone());
    if validate_only {
        node.data.0.topics.check(&new)?;
        return Ok(Created { id: Uuid::nil(), partitions, configs });
    }
    let created = node.data.0.topics.create(new, new_topic_id(node))?;
    Ok(Created { id: created.id, partitions, configs })
}

/// What a request asks for, as far as one node can.
fn plan(node: &Node, topic: CreatableTopic) -> Result<NewTopic, (ErrorCode, String)> {
    let partitions = if topic.assignments.is_empty() {
        if topic.replication_factor == 0 || topic.replication_factor < -1 {
            let message = "Replication factor must be larger than 0, or -1 to use the default value.";
            return Err((ErrorCode::InvalidReplicationFactor, message.into()));
        }
        if topic.replication_factor > 1 {
            let times = topic.replication_factor;
            let message = format!(
                "Unable to replicate the partition {times} time(s): The target replication factor of {times} cannot be reached because only 1 broker(s) are registered."
            );
            return Err((ErrorCode::InvalidReplicationFactor, message));
        }
        if topic.num_partitions == -1 { node.config.default_partitions } else { topic.num_partitions }
    } else {
        let mut indexes: Vec<i32> = topic.assignments.iter().map(|assignment| assignment.partition_index).collect();
        indexes.sort_unstable();
        let here = |id: &kafka_wire::messages::BrokerId| id.0 == node.config.node_id;
        let possible =
            topic.assignments.iter().all(|assignment| matches!(&assignment.broker_ids[..], [id] if here(id)));
        if !possible || indexes.iter().enumerate().any(|(index, given)| index as i32 != *given) {
            let message = "Every partition must be assigned to the one broker, in partitions counted from 0.";
            return Err((ErrorCode::InvalidReplicaAssignment, message.into()));
        }
        indexes.len() as i32
    };
    let mut configs = BTreeMap::new();
    for config in topic.configs {
        let Some(value) = config.value else {
            let message = format!("Null value not supported for topic configs: {}", &*config.name);
            return Err((ErrorCode::InvalidConfig, message));
        };
        configs.insert(config.name.to_string(), value.to_string());
    }
    Ok(NewTopic { name: topic.name.to_string(), partitions, configs })
}

fn creation_result(
    about: About<'_>,
    name: TopicName,
    created: Result<Created, (ErrorCode, String)>,
) -> CreatableTopicResult {
    let result = CreatableTopicResult::default().with_name(name);
    let created = match created {
        Ok(created) => created,
        Err((code, message)) => {
            let result = result.with_error_code(code.code()).with_error_message(Some(StrBytes::from_string(message)));
            return if about.version >= 5 { result.with_configs(None) } else { result };
        }
    };
    if about.version < 5 {
        return result;
    }
    let configs = created.configs.into_iter().map(|(name, value)| {
        const SET: i8 = 1;
        CreatableTopicConfigs::default()
            .with_name(StrBytes::from_string(name))
            .with_value(Some(StrBytes::from_string(value)))
            .with_config_source(SET)
    });
    let result =
        result.with_num_partitions(created.partitions).with_replication_factor(1).with_configs(Some(configs.collect()));
    if about.version >= 7 { result.with_topic_id(created.id) } else { result }
}

/// DeleteTopics.
pub(crate) struct DeleteTopics;

/// From this version on, topics can be named by id.
const BY_ID: i16 = 6;

impl Api for DeleteTopics {
    type Request = DeleteTopicsRequest;
    type Response = DeleteTopicsResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: DeleteTopicsRequest) -> Reply<DeleteTopicsResponse> {
        let results = asked(request, about).into_iter().map(|topic| {
            let (name, id) = match topic.name {
                Some(name) => (Some(name), topic.topic_id),
                None => {
                    let found = node.data.0.topics.by_id(topic.topic_id);
                    let name = found.map(|found| TopicName(StrBytes::from_string(found.name.clone())));
                    (name, topic.topic_id)
                }
            };
            let error = match &name {
                None => Some(ErrorCode::UnknownTopicId),
                Some(name) => match node.data.0.topics.delete(name) {
                    Ok(true) => {
                        node.data.0.offsets.forget_topic(name);
                        None
                    }
                    Ok(false) => Some(ErrorCode::UnknownTopicOrPartition),
                    Err((code, _)) => Some(code),
                },
            };
            deletion_result(about, name, id, error)
        });
        Reply::With(DeleteTopicsResponse::default().with_responses(results.collect()))
    }

    fn refuse(request: DeleteTopicsRequest, about: About<'_>, code: ErrorCode) -> Reply<DeleteTopicsResponse> {
        let refused = asked(request, about)
            .into_iter()
            .map(|topic| deletion_result(about, topic.name, topic.topic_id, Some(code)));
        Reply::With(DeleteTopicsResponse::default().with_responses(refused.collect()))
    }
}

fn asked(request: DeleteTopicsRequest, about: About<'_>) -> Vec<DeleteTopicState> {
    if about.version >= BY_ID {
        return request.topics;
    }
    request.topic_names.into_iter().map(|name| DeleteTopicState::default().with_name(Some(name))).collect()
}

fn deletion_result(
    about: About<'_>,
    name: Option<TopicName>,
    id: Uuid,
    error: Option<ErrorCode>,
) -> DeletableTopicResult {
    let result = DeletableTopicResult::default().with_name(name).with_error_code(error.map_or(0, ErrorCode::code));
    let result = if about.version >= BY_ID { result.with_topic_id(id) } else { result };
    match error {
        Some(code) if about.version >= 5 => result.with_error_message(Some(StrBytes::from_static_str(code.message()))),
        _ => result,
    }
}
