//! CreateTopics, DeleteTopics, CreatePartitions and DeleteRecords.

use std::time::Duration;

use create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic};
use create_topics_request::{CreatableReplicaAssignment, CreatableTopic};
use delete_topics_request::DeleteTopicState;
use kafka_wire::ErrorCode;
use kafka_wire::messages::*;
use uuid::Uuid;

use super::client::Client;
use super::requests::*;
use super::runner::{Cx, cases};

cases![
    created_in_every_version,
    validation_creates_nothing,
    each_topic_has_its_own_error,
    names_that_collide,
    replicas_by_hand,
    the_broker_s_defaults,
    deleted_by_name_in_every_version,
    deleted_by_id,
    a_topic_made_again_is_new,
    partitions_added_in_every_version,
    partitions_that_cannot_be_added,
    records_deleted_in_every_version,
    records_that_cannot_be_deleted,
];

fn creating(topics: Vec<CreatableTopic>) -> CreateTopicsRequest {
    CreateTopicsRequest::default().with_topics(topics).with_timeout_ms(10_000)
}

async fn created_in_every_version(cx: Cx) {
    let mut client = cx.connect().await;
    for version in cx.versions::<CreateTopicsRequest>() {
        let name = cx.name(&format!("v{version}"));
        let request = creating(vec![new_topic(&name, 3, &[("retention.ms", "1234567")])]);
        let answer = client.ask_at(version, request.clone()).await;
        let [made] = &answer.topics[..] else { panic!("{answer:?}") };
        fine(made.error_code);
        assert_eq!(made.name.0, text(&name));
        if version >= 5 {
            assert_eq!((made.num_partitions, made.replication_factor, made.topic_config_error_code), (3, 1, 0));
            let configs = made.configs.as_ref().unwrap();
            let retention = configs.iter().find(|config| &*config.name == "retention.ms").unwrap();
            assert_eq!((retention.value.as_deref(), retention.config_source), (Some("1234567"), 1));
            let policy = configs.iter().find(|config| &*config.name == "cleanup.policy").unwrap();
            assert_eq!((policy.value.as_deref(), policy.config_source), (Some("delete"), 5));
        }
        assert_eq!(made.topic_id.is_nil(), version < 7);
        refused(client.ask_at(version, request).await.topics[0].error_code, ErrorCode::TopicAlreadyExists);
        client.until_led(&name, 3).await;
    }
}

async fn validation_creates_nothing(cx: Cx) {
    let mut client = cx.connect().await;
    let name = cx.name("t");
    for version in cx.versions::<CreateTopicsRequest>() {
        let request = creating(vec![new_topic(&name, 1, &[])]).with_validate_only(true);
        fine(client.ask_at(version, request).await.topics[0].error_code);
    }
    refused(client.list_offset(&name, 0, -1).await.0, ErrorCode::UnknownTopicOrPartition);
}

async fn each_topic_has_its_own_error(cx: Cx) {
    let exists = cx.topic("exists", 1).await;
    let mut client = cx.connect().await;
    let name = |what: &str| cx.name(what);
    let topics = [
        (new_topic(&name("fine"), 1, &[]), 0),
        (new_topic(&exists, 1, &[]), 36),
        (new_topic(&name("none"), 0, &[]), 37),
        (new_topic(&name("fewer"), -2, &[]), 37),
        (new_topic(&name("replicas"), 1, &[]).with_replication_factor(3), 38),
        (new_topic(&name("replicas0"), 1, &[]).with_replication_factor(0), 38),
        (new_topic("..", 1, &[]), 17),
        (new_topic("", 1, &[]), 17),
        (new_topic("a b", 1, &[]), 17),
        (new_topic(&"x".repeat(250), 1, &[]), 17),
        (new_topic(&name("twice"), 1, &[]), 42),
        (new_topic(&name("twice"), 1, &[]), 42),
        (new_topic(&name("config"), 1, &[("no.such.thing", "1")]), 40),
        (new_topic(&name("value"), 1, &[("retention.ms", "soon")]), 40),
        (new_topic(&name("range"), 1, &[("segment.bytes", "-1")]), 40),
        (new_topic(&name("policy"), 1, &[("cleanup.policy", "burn")]), 40),
    ];
    let wanted: Vec<(String, i16)> = topics.iter().map(|(topic, code)| (topic.name.to_string(), *code)).collect();
    let request = creating(topics.map(|(topic, _)| topic).to_vec());
    for validate_only in [true, false] {
        let answer = client.ask(request.clone().with_validate_only(validate_only)).await;
        let mut wanted = wanted.clone();
        // A name asked for twice is answered once.
        wanted.dedup();
        wanted.sort();
        let mut codes: Vec<_> = answer.topics.iter().map(|made| (made.name.to_string(), made.error_code)).collect();
        codes.sort();
        assert_eq!(codes, wanted);
        assert!(answer.topics.iter().all(|made| made.error_message.is_some() == (made.error_code != 0)), "{answer:?}");
    }
}

async fn names_that_collide(cx: Cx) {
    let mut client = cx.connect().await;
    let name = cx.topic("a.b_c", 1).await;
    for other in [name.replace('_', "."), name.replace("a.b", "a_b")] {
        let answer = client.ask(creating(vec![new_topic(&other, 1, &[])])).await;
        refused(answer.topics[0].error_code, ErrorCode::InvalidTopicException);
    }
}

async fn node(client: &mut Client) -> BrokerId {
    client.ask(MetadataRequest::default().with_topics(Some(Vec::new()))).await.brokers[0].node_id
}

async fn replicas_by_hand(cx: Cx) {
    let mut client = cx.connect().await;
    let node = node(&mut client).await;
    let other = BrokerId(node.0 + 7);
    let by_hand = |what: &str, replicas: &[(i32, Vec<BrokerId>)]| {
        let assignments = replicas.iter().map(|(partition, nodes)| {
            CreatableReplicaAssignment::default().with_partition_index(*partition).with_broker_ids(nodes.clone())
        });
        new_topic(&cx.name(what), -1, &[]).with_replication_factor(-1).with_assignments(assignments.collect())
    };
    for (topic, code) in [
        (by_hand("fine", &[(0, vec![node]), (1, vec![node])]), 0),
        (by_hand("reversed", &[(1, vec![node]), (0, vec![node])]), 0),
        (by_hand("count", &[(0, vec![node])]).with_num_partitions(1), 42),
        (by_hand("replicas", &[(0, vec![node])]).with_replication_factor(1), 42),
        (by_hand("gap", &[(0, vec![node]), (2, vec![node])]), 39),
        (by_hand("stranger", &[(0, vec![other])]), 39),
        (by_hand("twice", &[(0, vec![node, node])]), 39),
        (by_hand("nobody", &[(0, vec![])]), 39),
    ] {
        let answer = client.ask(creating(vec![topic])).await;
        assert_eq!(answer.topics[0].error_code, code, "{answer:?}");
        assert!(code != 0 || answer.topics[0].num_partitions == 2);
    }
}

async fn the_broker_s_defaults(cx: Cx) {
    let mut client = cx.connect().await;
    let topic = new_topic(&cx.name("t"), -1, &[]).with_replication_factor(-1);
    for version in 4..=7 {
        let answer = client.ask_at(version, creating(vec![topic.clone()]).with_validate_only(true)).await;
        fine(answer.topics[0].error_code);
        if version >= 5 {
            assert_eq!((answer.topics[0].num_partitions, answer.topics[0].replication_factor), (1, 1));
        }
    }
}

/// Waits until the broker knows nothing of a topic.
async fn until_gone(client: &mut Client, name: &str) {
    while client.list_offset(name, 0, -1).await.0 != 3 {
        client.sleep(Duration::from_millis(10)).await;
    }
}

async fn deleted_by_name_in_every_version(cx: Cx) {
    let mut client = cx.connect().await;
    for version in cx.versions::<DeleteTopicsRequest>() {
        let name = cx.topic(&format!("v{version}"), 1).await;
        let names = vec![topic(&name), topic(&cx.name("nowhere"))];
        let request = DeleteTopicsRequest::default().with_timeout_ms(10_000);
        let request = match version {
            0..6 => request.with_topic_names(names),
            _ => request
                .with_topics(names.into_iter().map(|name| DeleteTopicState::default().with_name(Some(name))).collect()),
        };
        let answer = client.ask_at(version, request).await;
        let code = |wanted: &str| {
            let mut found =
                answer.responses.iter().filter(|one| one.name.as_deref().map(|name| &**name) == Some(wanted));
            found.next().unwrap().error_code
        };
        fine(code(&name));
        refused(code(&cx.name("nowhere")), ErrorCode::UnknownTopicOrPartition);
        until_gone(&mut client, &name).await;
    }
}

async fn topic_id(client: &mut Client, name: &str) -> Uuid {
    let asked = metadata_request::MetadataRequestTopic::default().with_name(Some(topic(name)));
    client.ask(MetadataRequest::default().with_topics(Some(vec![asked]))).await.topics[0].topic_id
}

async fn deleted_by_id(cx: Cx) {
    let mut client = cx.connect().await;
    let name = cx.topic("t", 1).await;
    let id = topic_id(&mut client, &name).await;
    let unknown = Uuid::from_u128(0x0bad_c0de_0bad_c0de);
    let request = DeleteTopicsRequest::default().with_timeout_ms(10_000).with_topics(vec![
        DeleteTopicState::default().with_name(None).with_topic_id(id),
        DeleteTopicState::default().with_name(None).with_topic_id(unknown),
        DeleteTopicState::default().with_name(Some(topic(&cx.name("both")))).with_topic_id(unknown),
    ]);
    let answer = client.ask(request).await;
    let mut codes: Vec<_> = answer.responses.iter().map(|one| (one.topic_id == id, one.error_code)).collect();
    codes.sort();
    assert_eq!(codes, [(false, 42), (false, 100), (true, 0)]);
    until_gone(&mut client, &name).await;
}

async fn a_topic_made_again_is_new(cx: Cx) {
    let mut client = cx.connect().await;
    let name = cx.topic("t", 1).await;
    fine(client.produce(&name, 0, batch(&["v"], 1)).await.0);
    let id = topic_id(&mut client, &name).await;
    let request = DeleteTopicState::default().with_name(Some(topic(&name)));
    let gone = client.ask(DeleteTopicsRequest::default().with_topics(vec![request]).with_timeout_ms(10_000)).await;
    fine(gone.responses[0].error_code);
    until_gone(&mut client, &name).await;
    assert_eq!(cx.topic("t", 2).await, name);
    assert_ne!(topic_id(&mut client, &name).await, id);
    assert_eq!(client.list_offset(&name, 0, -1).await.1, 0);
}

fn adding(name: &str, count: i32) -> CreatePartitionsTopic {
    CreatePartitionsTopic::default().with_name(topic(name)).with_count(count).with_assignments(None)
}

fn growing(topics: Vec<CreatePartitionsTopic>) -> CreatePartitionsRequest {
    CreatePartitionsRequest::default().with_topics(topics).with_timeout_ms(10_000)
}

async fn partitions_added_in_every_version(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    fine(client.produce(&name, 0, batch(&["v"], 1)).await.0);
    let node = node(&mut client).await;
    for version in cx.versions::<CreatePartitionsRequest>() {
        let count = 2 + i32::from(version) * 2;
        let tried = growing(vec![adding(&name, count)]).with_validate_only(true);
        fine(client.ask_at(version, tried).await.results[0].error_code);
        refused(client.list_offset(&name, count - 1, -1).await.0, ErrorCode::UnknownTopicOrPartition);
        fine(client.ask_at(version, growing(vec![adding(&name, count)])).await.results[0].error_code);
        client.until_led(&name, count).await;
        let by_hand = CreatePartitionsAssignment::default().with_broker_ids(vec![node]);
        let request = growing(vec![adding(&name, count + 1).with_assignments(Some(vec![by_hand]))]);
        fine(client.ask_at(version, request).await.results[0].error_code);
        client.until_led(&name, count + 1).await;
    }
    assert_eq!(client.list_offset(&name, 0, -1).await.1, 1);
    assert_eq!(client.produce(&name, 8, batch(&["v"], 1)).await, (0, 0));
}

async fn partitions_that_cannot_be_added(cx: Cx) {
    let name = cx.topic("t", 2).await;
    let mut client = cx.connect().await;
    let node = node(&mut client).await;
    let by_hand = |nodes: Vec<BrokerId>| CreatePartitionsAssignment::default().with_broker_ids(nodes);
    for (topics, code) in [
        (vec![adding(&name, 2)], 37),
        (vec![adding(&name, 1)], 37),
        (vec![adding(&name, 0)], 37),
        (vec![adding(&name, -1)], 37),
        (vec![adding(&cx.name("nowhere"), 3)], 3),
        (vec![adding(&name, 3), adding(&name, 4)], 42),
        (vec![adding(&name, 4).with_assignments(Some(vec![by_hand(vec![node])]))], 39),
        (vec![adding(&name, 3).with_assignments(Some(vec![by_hand(vec![BrokerId(99)])]))], 39),
        (vec![adding(&name, 3).with_assignments(Some(vec![by_hand(vec![])]))], 39),
    ] {
        let answer = client.ask(growing(topics)).await;
        assert_eq!(answer.results[0].error_code, code, "{answer:?}");
        assert_eq!(answer.results.len(), 1);
        assert!(code == 3 || answer.results[0].error_message.is_some(), "{answer:?}");
    }
    refused(client.list_offset(&name, 2, -1).await.0, ErrorCode::UnknownTopicOrPartition);
}

fn deleting(name: &str, partition: i32, offset: i64) -> DeleteRecordsRequest {
    let asked =
        delete_records_request::DeleteRecordsPartition::default().with_partition_index(partition).with_offset(offset);
    DeleteRecordsRequest::default().with_timeout_ms(10_000).with_topics(vec![
        delete_records_request::DeleteRecordsTopic::default().with_name(topic(name)).with_partitions(vec![asked]),
    ])
}

async fn records_deleted_in_every_version(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    for version in cx.versions::<DeleteRecordsRequest>() {
        let base = i64::from(version) * 6;
        for _ in 0..2 {
            fine(client.produce(&name, 0, batch(&["1", "2", "3"], 1)).await.0);
        }
        // In the middle of a batch.
        let answer = client.ask_at(version, deleting(&name, 0, base + 2)).await;
        let gone = &answer.topics[0].partitions[0];
        assert_eq!((gone.error_code, gone.low_watermark), (0, base + 2));
        assert_eq!(client.list_offset(&name, 0, -2).await.1, base + 2);
        refused(client.fetch(&name, 0, base + 1, false).await.error_code, ErrorCode::OffsetOutOfRange);
        let fetched = client.fetch(&name, 0, base + 2, false).await;
        assert_eq!((fetched.error_code, fetched.log_start_offset), (0, base + 2));
        // The whole batch is sent: the consumer skips what it did not ask for.
        assert_eq!(offsets(fetched.records), (base..base + 6).collect::<Vec<_>>());
        // Further back changes nothing.
        let answer = client.ask_at(version, deleting(&name, 0, base)).await;
        assert_eq!(
            (answer.topics[0].partitions[0].error_code, answer.topics[0].partitions[0].low_watermark),
            (0, base + 2)
        );
        let answer = client.ask_at(version, deleting(&name, 0, -1)).await;
        assert_eq!(
            (answer.topics[0].partitions[0].error_code, answer.topics[0].partitions[0].low_watermark),
            (0, base + 6)
        );
        assert_eq!(client.list_offset(&name, 0, -2).await.1, base + 6);
        assert_eq!(client.list_offset(&name, 0, 0).await.1, -1);
    }
}

async fn records_that_cannot_be_deleted(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let compacted = cx.topic_with("compacted", 1, &[("cleanup.policy", "compact")]).await;
    let mut client = cx.connect().await;
    for name in [&name, &compacted] {
        fine(client.produce(name, 0, batch(&["1"], 1)).await.0);
    }
    for (name, partition, offset, code) in [
        (&name, 0, 2, ErrorCode::OffsetOutOfRange),
        (&name, 0, -2, ErrorCode::OffsetOutOfRange),
        (&name, 1, 0, ErrorCode::UnknownTopicOrPartition),
        (&cx.name("nowhere"), 0, 0, ErrorCode::UnknownTopicOrPartition),
        (&compacted, 0, 1, ErrorCode::PolicyViolation),
    ] {
        let answer = client.ask(deleting(name, partition, offset)).await;
        assert_eq!(ErrorCode::from_code(answer.topics[0].partitions[0].error_code), Some(code), "{name} {offset}");
        assert_eq!(answer.topics[0].partitions[0].low_watermark, -1);
    }
    assert_eq!(client.list_offset(&name, 0, -2).await.1, 0);
}
