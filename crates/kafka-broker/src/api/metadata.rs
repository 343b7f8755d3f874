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

impl Api for Metadata {
    type Request = MetadataRequest;
    type Response = MetadataResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: MetadataRequest) -> Reply<MetadataResponse> {
        let creates = node.config.auto_create_topics && (about.version < 4 || request.allow_auto_topic_creation);
        let topics = match request.topics {
            // In the oldest version, none stands for all.
            Some(topics) if about.version > 0 || !topics.is_empty() => {
                topics.iter().map(|asked| look_up(node, about, asked, creates)).collect()
            }
            _ => node.data.0.topics.all().iter().map(|topic| describe(node, about, topic)).collect(),
        };
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
    let created = topics.create(new, new_topic_id(node)).ok().or_else(|| topics.get(name));
    created.map_or_else(|| refused(ErrorCode::UnknownTopicOrPartition), |topic| describe(node, about, &topic))
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
