//! CreateTopics and DeleteTopics.

use std::collections::{BTreeMap, BTreeSet};

use kafka_wire::messages::create_topics_request::CreatableTopic;
use kafka_wire::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use kafka_wire::messages::delete_topics_request::DeleteTopicState;
use kafka_wire::messages::delete_topics_response::DeletableTopicResult;
use kafka_wire::messages::{
    BrokerId, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse, TopicName,
};
use kafka_wire::{ErrorCode, StrBytes};
use uuid::Uuid;

use super::{About, Api, Reply};
use crate::broker::Node;
use crate::configs::describe_topic;
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
        let (once, _) = request.topics.into_iter().partition::<Vec<_>, _>(|topic| times.get(&topic.name) == Some(&1));
        let mut results: Vec<CreatableTopicResult> = Vec::with_capacity(times.len());
        for topic in once {
            let name = topic.name.clone();
            let created = create(node, topic, request.validate_only);
            results.push(creation_result(node, about, name, created));
        }
        // Parity: a name that comes more than once is answered once, after all others.
        for (name, _) in times.into_iter().filter(|(_, times)| *times > 1) {
            let refused = Err((ErrorCode::InvalidRequest, "Duplicate topic name.".to_owned()));
            results.push(creation_result(node, about, name, refused));
        }
        Reply::With(CreateTopicsResponse::default().with_topics(results))
    }

    fn refuse(request: CreateTopicsRequest, about: About<'_>, code: ErrorCode) -> Reply<CreateTopicsResponse> {
        let refused = request
            .topics
            .into_iter()
            .map(|topic| refused_creation(about, topic.name, code, code.message().to_owned()));
        Reply::With(CreateTopicsResponse::default().with_topics(refused.collect()))
    }
}

/// What was made: its id, the number of partitions and the configuration given.
struct Created {
    id: Uuid,
    partitions: i32,
    configs: BTreeMap<String, String>,
}

type Refusal = (ErrorCode, String);

fn create(node: &Node, topic: CreatableTopic, validate_only: bool) -> Result<Created, Refusal> {
    let topics = &node.data.0.topics;
    topics.check_free(&topic.name)?;
    let configs = given_configs(&topic)?;
    topics.check_configs(&configs)?;
    let partitions = partitions(node, &topic)?;
    let new = NewTopic { name: topic.name.to_string(), partitions, configs: configs.clone() };
    if validate_only {
        topics.check(&new)?;
        // Parity: the topic that is not made has an id all the same.
        return Ok(Created { id: new_topic_id(node), partitions, configs });
    }
    let created = topics.create(new, new_topic_id(node))?;
    Ok(Created { id: created.id, partitions, configs })
}

fn given_configs(topic: &CreatableTopic) -> Result<BTreeMap<String, String>, Refusal> {
    let nulls: Vec<&str> =
        topic.configs.iter().filter(|config| config.value.is_none()).map(|config| &*config.name).collect();
    if !nulls.is_empty() {
        let message = format!("Null value not supported for topic configs: {}", nulls.join(","));
        return Err((ErrorCode::InvalidConfig, message));
    }
    let configs = topic.configs.iter().filter_map(|config| {
        let value = config.value.as_ref()?;
        Some((config.name.to_string(), value.to_string()))
    });
    Ok(configs.collect())
}

/// How many partitions a request asks for, as far as one node can.
fn partitions(node: &Node, topic: &CreatableTopic) -> Result<i32, Refusal> {
    let (replicas, count) = (topic.replication_factor, topic.num_partitions);
    if !topic.assignments.is_empty() {
        return assigned(node, topic);
    }
    if replicas < -1 || replicas == 0 {
        let message = "Replication factor must be larger than 0, or -1 to use the default value.";
        return Err((ErrorCode::InvalidReplicationFactor, message.into()));
    }
    if count < -1 || count == 0 {
        let message = "Number of partitions was set to an invalid non-positive value.";
        return Err((ErrorCode::InvalidPartitions, message.into()));
    }
    if replicas > 1 {
        let message = format!(
            "Unable to replicate the partition {replicas} time(s): The target replication factor of {replicas} cannot be \
             reached because only 1 broker(s) are registered or some brokers have all their log directories cordoned."
        );
        return Err((ErrorCode::InvalidReplicationFactor, message));
    }
    Ok(if count == -1 { node.config.default_partitions } else { count })
}

/// How many partitions a request assigns by hand.
fn assigned(node: &Node, topic: &CreatableTopic) -> Result<i32, Refusal> {
    let bad_request = |what: &str| {
        let message = format!("A manual partition assignment was specified, but {what} was not set to -1.");
        Err((ErrorCode::InvalidRequest, message))
    };
    if topic.replication_factor != -1 {
        return bad_request("replication factor");
    }
    if topic.num_partitions != -1 {
        return bad_request("numPartitions");
    }
    let mut indexes = BTreeSet::new();
    for assignment in &topic.assignments {
        let index = assignment.partition_index;
        if !indexes.insert(index) {
            let message = format!("Found multiple manual partition assignments for partition {index}");
            return Err((ErrorCode::InvalidReplicaAssignment, message));
        }
        check_assignment(node, &assignment.broker_ids)?;
    }
    if indexes.iter().zip(0..).any(|(given, index)| *given != index) {
        let message = "partitions should be a consecutive 0-based integer sequence";
        return Err((ErrorCode::InvalidReplicaAssignment, message.into()));
    }
    Ok(indexes.len() as i32)
}

/// Whether a partition can be put on these brokers.
pub(super) fn check_assignment(node: &Node, brokers: &[BrokerId]) -> Result<(), Refusal> {
    let invalid = |what: String| {
        Err((ErrorCode::InvalidReplicaAssignment, format!("The manual partition assignment includes {what}")))
    };
    if brokers.is_empty() {
        return invalid("an empty replica list.".into());
    }
    let mut sorted: Vec<i32> = brokers.iter().map(|broker| broker.0).collect();
    sorted.sort_unstable();
    for (index, broker) in sorted.iter().enumerate() {
        if *broker != node.config.node_id {
            return invalid(format!("broker {broker}, but no such broker is registered."));
        }
        if index > 0 {
            return invalid(format!("the broker {broker} more than once."));
        }
    }
    Ok(())
}

fn creation_result(
    node: &Node,
    about: About<'_>,
    name: TopicName,
    created: Result<Created, Refusal>,
) -> CreatableTopicResult {
    let created = match created {
        Ok(created) => created,
        Err((code, message)) => return refused_creation(about, name, code, message),
    };
    let result = CreatableTopicResult::default().with_name(name).with_error_message(None);
    if about.version < 5 {
        return result;
    }
    let configs = describe_topic(&node.data.0.topics.layers(), &created.configs).into_iter().map(|config| {
        CreatableTopicConfigs::default()
            .with_name(StrBytes::from_string(config.name))
            .with_value(config.value.map(StrBytes::from_string))
            .with_config_source(config.source as i8)
    });
    let result =
        result.with_num_partitions(created.partitions).with_replication_factor(1).with_configs(Some(configs.collect()));
    if about.version >= 7 { result.with_topic_id(created.id) } else { result }
}

fn refused_creation(about: About<'_>, name: TopicName, code: ErrorCode, message: String) -> CreatableTopicResult {
    let result = CreatableTopicResult::default()
        .with_name(name)
        .with_error_code(code.code())
        .with_error_message(Some(StrBytes::from_string(message)));
    if about.version >= 5 { result.with_configs(None) } else { result }
}

/// DeleteTopics.
pub(crate) struct DeleteTopics;

/// From this version on, topics can be named by id.
const BY_ID: i16 = 6;

impl Api for DeleteTopics {
    type Request = DeleteTopicsRequest;
    type Response = DeleteTopicsResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: DeleteTopicsRequest) -> Reply<DeleteTopicsResponse> {
        let asked = asked(request, about);
        let mut names: BTreeMap<TopicName, usize> = BTreeMap::new();
        let mut ids: BTreeMap<Uuid, usize> = BTreeMap::new();
        for topic in &asked {
            match &topic.name {
                Some(name) => *names.entry(name.clone()).or_default() += 1,
                None => *ids.entry(topic.topic_id).or_default() += 1,
            }
        }
        let mut results = Vec::with_capacity(asked.len());
        for topic in asked {
            // What comes more than once is answered once.
            let times = match &topic.name {
                Some(name) => names.remove(name),
                None => ids.remove(&topic.topic_id),
            };
            if let Some(times) = times {
                results.push(delete(node, about, topic, times));
            }
        }
        Reply::With(DeleteTopicsResponse::default().with_responses(results))
    }

    fn refuse(request: DeleteTopicsRequest, about: About<'_>, code: ErrorCode) -> Reply<DeleteTopicsResponse> {
        let refused = asked(request, about)
            .into_iter()
            .map(|topic| deletion_result(about, topic.name, topic.topic_id, Some((code, code.message().to_owned()))));
        Reply::With(DeleteTopicsResponse::default().with_responses(refused.collect()))
    }
}

fn asked(request: DeleteTopicsRequest, about: About<'_>) -> Vec<DeleteTopicState> {
    if about.version >= BY_ID {
        return request.topics;
    }
    request.topic_names.into_iter().map(|name| DeleteTopicState::default().with_name(Some(name))).collect()
}

/// Deletes a topic that was named so many `times`.
fn delete(node: &Node, about: About<'_>, topic: DeleteTopicState, times: usize) -> DeletableTopicResult {
    let topics = &node.data.0.topics;
    let (name, id) = (topic.name, topic.topic_id);
    let bad = |message: &str| Some((ErrorCode::InvalidRequest, message.to_owned()));
    let (found, error) = match &name {
        Some(_) if !id.is_nil() => (None, bad("You may not specify both topic name and topic id.")),
        Some(_) if times > 1 => (None, bad("Duplicate topic name.")),
        Some(name) => (topics.get(name), plain(ErrorCode::UnknownTopicOrPartition)),
        None if id.is_nil() => (None, bad("Neither topic name nor id were specified.")),
        None if times > 1 => (None, bad("Duplicate topic id.")),
        None => (topics.by_id(id), plain(ErrorCode::UnknownTopicId)),
    };
    let Some(found) = found else { return deletion_result(about, name, id, error) };
    let error = match topics.delete(&found.name) {
        Ok(true) => {
            node.data.0.offsets.forget_topic(&found.name);
            None
        }
        Ok(false) => error,
        Err(refusal) => Some(refusal),
    };
    let name = TopicName(StrBytes::from_string(found.name.clone()));
    deletion_result(about, Some(name), found.id, error)
}

fn plain(code: ErrorCode) -> Option<Refusal> {
    Some((code, code.message().to_owned()))
}

fn deletion_result(
    about: About<'_>,
    name: Option<TopicName>,
    id: Uuid,
    error: Option<Refusal>,
) -> DeletableTopicResult {
    // Only from version 6 on can a topic have no name.
    let name = if about.version >= BY_ID { name } else { Some(name.unwrap_or_default()) };
    let result = DeletableTopicResult::default().with_name(name).with_error_message(None);
    let result = if about.version >= BY_ID { result.with_topic_id(id) } else { result };
    let Some((code, message)) = error else { return result };
    let result = result.with_error_code(code.code());
    if about.version >= 5 { result.with_error_message(Some(StrBytes::from_string(message))) } else { result }
}
