//! Metadata and DescribeCluster.

use std::time::Duration;

use kafka_wire::ErrorCode;
use kafka_wire::messages::*;
use metadata_request::MetadataRequestTopic;
use uuid::Uuid;

use super::requests::*;
use super::runner::{Cx, cases};

cases![
    some_topics_in_every_version,
    all_topics_in_every_version,
    topics_by_id,
    no_topic_at_all,
    an_unknown_topic_is_made_when_allowed,
    an_unknown_topic_is_not_made_otherwise,
    a_name_no_topic_can_have,
    the_cluster_in_every_version,
];

fn named(name: &str) -> MetadataRequestTopic {
    MetadataRequestTopic::default().with_name(Some(topic(name)))
}

fn asking(topics: Vec<MetadataRequestTopic>, creates: bool) -> MetadataRequest {
    MetadataRequest::default().with_topics(Some(topics)).with_allow_auto_topic_creation(creates)
}

async fn some_topics_in_every_version(cx: Cx) {
    let name = cx.topic("t", 2).await;
    let mut client = cx.connect().await;
    for version in cx.versions::<MetadataRequest>() {
        let answer = client.ask_at(version, asking(vec![named(&name)], true)).await;
        assert_eq!(answer.brokers.len(), 1);
        let node = &answer.brokers[0];
        assert_eq!((&*node.host, node.port), ("127.0.0.1", i32::from(cx.addr().port())));
        assert_eq!(answer.cluster_id.is_some(), version >= 2, "version {version}");
        if version >= 1 {
            assert_eq!(answer.controller_id, node.node_id);
        }
        let [topic] = &answer.topics[..] else { panic!("{answer:?}") };
        fine(topic.error_code);
        assert_eq!(topic.name.as_ref().unwrap().0, text(&name));
        assert_eq!(topic.topic_id.is_nil(), version < 10);
        assert!(!topic.is_internal);
        let mut partitions: Vec<_> = topic.partitions.iter().collect();
        partitions.sort_by_key(|partition| partition.partition_index);
        for (index, partition) in partitions.iter().enumerate() {
            fine(partition.error_code);
            assert_eq!((partition.partition_index, partition.leader_id), (index as i32, node.node_id));
            assert_eq!((&partition.replica_nodes, &partition.isr_nodes), (&vec![node.node_id], &vec![node.node_id]));
            assert!(partition.offline_replicas.is_empty());
            assert!(version < 7 || partition.leader_epoch >= 0);
        }
        assert_eq!(partitions.len(), 2);
        assert_eq!(topic.topic_authorized_operations, i32::MIN, "not asked for");
    }
}

async fn all_topics_in_every_version(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    for version in cx.versions::<MetadataRequest>() {
        // The oldest version says "all" with an empty list.
        let all = if version == 0 { Some(Vec::new()) } else { None };
        let answer = client.ask_at(version, MetadataRequest::default().with_topics(all)).await;
        assert!(answer.topics.iter().any(|topic| topic.name.as_ref().unwrap().0 == text(&name)), "version {version}");
    }
}

async fn topics_by_id(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    let id = client.ask(asking(vec![named(&name)], false)).await.topics[0].topic_id;
    let by_id = |id| MetadataRequestTopic::default().with_name(None).with_topic_id(id);
    let unknown = Uuid::from_u128(0x1234_5678_9abc_def0);
    let answer = client.ask(asking(vec![by_id(id)], false)).await;
    fine(answer.topics[0].error_code);
    assert_eq!(answer.topics[0].name.as_ref().unwrap().0, text(&name));
    let answer = client.ask(asking(vec![by_id(unknown)], false)).await;
    refused(answer.topics[0].error_code, ErrorCode::UnknownTopicId);
    assert_eq!((answer.topics[0].topic_id, &answer.topics[0].name), (unknown, &None));
}

async fn no_topic_at_all(cx: Cx) {
    let mut client = cx.connect().await;
    for version in 1..=12 {
        let answer = client.ask_at(version, MetadataRequest::default().with_topics(Some(Vec::new()))).await;
        assert_eq!((answer.topics.len(), answer.brokers.len()), (0, 1), "version {version}");
    }
}

async fn an_unknown_topic_is_made_when_allowed(cx: Cx) {
    let mut client = cx.connect().await;
    for version in [0, 3, 4, 12] {
        let name = cx.name(&format!("v{version}"));
        loop {
            let answer = client.ask_at(version, asking(vec![named(&name)], true)).await;
            if answer.topics[0].error_code == 0 {
                assert_eq!(answer.topics[0].partitions.len(), 1);
                break;
            }
            // Until it is there.
            refused(answer.topics[0].error_code, ErrorCode::UnknownTopicOrPartition);
            client.sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn an_unknown_topic_is_not_made_otherwise(cx: Cx) {
    let mut client = cx.connect().await;
    let name = cx.name("nowhere");
    for version in 4..=12 {
        let answer = client.ask_at(version, asking(vec![named(&name)], false)).await;
        refused(answer.topics[0].error_code, ErrorCode::UnknownTopicOrPartition);
        assert!(answer.topics[0].partitions.is_empty());
        assert_eq!(answer.topics[0].name.as_ref().unwrap().0, text(&name));
    }
}

async fn a_name_no_topic_can_have(cx: Cx) {
    let mut client = cx.connect().await;
    for name in ["a b", "..", ".", &"x".repeat(250)] {
        let answer = client.ask(asking(vec![named(name)], true)).await;
        refused(answer.topics[0].error_code, ErrorCode::InvalidTopicException);
    }
}

async fn the_cluster_in_every_version(cx: Cx) {
    let mut client = cx.connect().await;
    let metadata = client.ask(asking(Vec::new(), false)).await;
    for version in cx.versions::<DescribeClusterRequest>() {
        let request = DescribeClusterRequest::default();
        let request = if version >= 1 { request.with_endpoint_type(1) } else { request };
        let answer = client.ask_at(version, request).await;
        fine(answer.error_code);
        assert_eq!(Some(answer.cluster_id), metadata.cluster_id);
        assert_eq!(answer.controller_id, metadata.controller_id);
        let [node] = &answer.brokers[..] else { panic!("one broker") };
        assert_eq!((&*node.host, node.port), ("127.0.0.1", i32::from(cx.addr().port())));
        assert_eq!(answer.cluster_authorized_operations, i32::MIN, "not asked for");
    }
}
