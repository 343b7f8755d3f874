//! Metadata: brokers, topics, partitions.

use std::sync::Arc;

use kafka_wire::messages::metadata_request::MetadataRequestTopic;
use kafka_wire::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_wire::messages::{BrokerId, MetadataRequest, MetadataResponse, TopicName};
use kafka_wire::{ErrorCode, StrBytes};
use uuid::Uuid;

use super::topics::new_topic_id;
use super::{About, Api, Reply};
use crate::broker::Node;
use crate::topics::{NewTopic, Topic, check_name};

/// Metadata.
pub(crate) struct Metadata;

/// What a client may do with a topic, as bits by Kafka's numbers of operations: all there is, as nobody is asked who
/// they are: read, write, create, delete, alter, describe, describe configs, alter configs.
const TOPIC_OPERATIONS: i32 = 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 11;
/// The same for the cluster: create, alter, describe, act as a broker, describe configs, alter configs, write
/// idempotently.
pub(super) const CLUSTER_OPERATIONS: i32 = 1 << 5 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12;
/// Topics that Kafka keeps its own records in; here they are nothing special but for their names.
const INTERNAL: [&str; 3] = ["__consumer_offsets", "__transaction_state", "__share_group_state"];

impl Api for Metadata {
    type Request = MetadataRequest;
    type Response = MetadataResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: MetadataRequest) -> Reply<MetadataResponse> {
        let creates = node.config.auto_create_topics && (about.version < 4 || request.allow_auto_topic_creation);
        let allowed = about.version >= 8 && request.include_topic_authorized_operations;
        let mut topics: Vec<MetadataResponseTopic> = match request.topics {
            // In the oldest version, none stands for all.
            Some(topics) if about.version > 0 || !topics.is_empty() => {
                topics.iter().map(|asked| look_up(node, about, asked, creates)).collect()
            }
            _ => node.data.0.topics.all().iter().map(|topic| describe(node, about, topic)).collect(),
        };
        if allowed {
            for topic in topics.iter_mut().filter(|topic| topic.error_code == 0) {
                topic.topic_authorized_operations = TOPIC_OPERATIONS;
            }
        }
        let broker = MetadataResponseBroker::default()
            .with_node_id(BrokerId(node.config.node_id))
            .with_host(node.host.clone())
            .with_port(i32::from(node.port));
        let mut response = MetadataResponse::default().with_brokers(vec![broker]).with_topics(topics);
        if about.version >= 1 {
            response.controller_id = BrokerId(node.config.node_id);
        }
        if about.version >= 2 {
            response.cluster_id = Some(node.cluster_id.clone());
        }
        if (8..=10).contains(&about.version) && request.include_cluster_authorized_operations {
            response.cluster_authorized_operations = CLUSTER_OPERATIONS;
        }
        Reply::With(response)
    }

    fn refuse(request: MetadataRequest, about: About<'_>, code: ErrorCode) -> Reply<MetadataResponse> {
        let topics = request.topics.unwrap_or_default();
        let refused = topics.into_iter().map(|topic| unknown(about, topic.name, topic.topic_id, code));
        Reply::With(MetadataResponse::default().with_topics(refused.collect()))
    }
}

fn look_up(node: &Node, about: About<'_>, asked: &MetadataRequestTopic, creates: bool) -> MetadataResponseTopic {
    let topics = &node.data.0.topics;
    let Some(name) = asked.name.as_ref().filter(|_| asked.topic_id.is_nil()) else {
        return match topics.by_id(asked.topic_id) {
            Some(topic) => describe(node, about, &topic),
            None => unknown(about, None, asked.topic_id, ErrorCode::UnknownTopicId),
        };
    };
    if let Some(topic) = topics.get(name) {
        return describe(node, about, &topic);
    }
    let refused = |code| unknown(about, Some(name.clone()), Uuid::nil(), code);
    if check_name(name).is_err() {
        return refused(ErrorCode::InvalidTopicException);
    }
    if !creates {
        return refused(ErrorCode::UnknownTopicOrPartition);
    }
    let new = NewTopic { name: name.to_string(), partitions: node.config.default_partitions, ..NewTopic::default() };
    // Another request may have been faster: then it is there.
    match topics.create(new, new_topic_id(node)) {
        Ok(topic) => describe(node, about, &topic),
        Err((code, _)) => match topics.get(name) {
            Some(topic) => describe(node, about, &topic),
            None => refused(code),
        },
    }
}

fn describe(node: &Node, about: About<'_>, topic: &Arc<Topic>) -> MetadataResponseTopic {
    let me = BrokerId(node.config.node_id);
    let partitions = (0..topic.partitions.len()).map(|index| {
        let partition = MetadataResponsePartition::default()
            .with_partition_index(index as i32)
            .with_leader_id(me)
            .with_replica_nodes(vec![me])
            .with_isr_nodes(vec![me]);
        if about.version >= 7 { partition.with_leader_epoch(0) } else { partition }
    });
    let described = MetadataResponseTopic::default()
        .with_is_internal(about.version >= 1 && INTERNAL.contains(&topic.name.as_str()))
        .with_name(Some(TopicName(StrBytes::from_string(topic.name.clone()))))
        .with_partitions(partitions.collect());
    if about.version >= 10 { described.with_topic_id(topic.id) } else { described }
}

fn unknown(about: About<'_>, name: Option<TopicName>, id: Uuid, code: ErrorCode) -> MetadataResponseTopic {
    // Only from version 12 on can a topic have no name.
    let name = if about.version >= 12 { name } else { Some(name.unwrap_or_default()) };
    let topic = MetadataResponseTopic::default().with_error_code(code.code()).with_name(name);
    if about.version >= 10 { topic.with_topic_id(id) } else { topic }
}
