//! Topics that grow and lose records, and configurations that change, through raw requests.
#![allow(clippy::unwrap_used, clippy::wildcard_imports, clippy::missing_panics_doc, missing_docs)]

mod client;

use std::time::Duration;

use client::{Client, batch, offsets, on_both};
use kafka_broker::{Broker, BrokerConfig};
use kafka_wire::messages::*;
use kafka_wire::{Compression, ErrorCode, StrBytes};

const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn topic(name: &str) -> TopicName {
    TopicName(text(name))
}

/// The code and the sentence that a changed resource is answered with.
async fn alter(client: &mut Client, kind: i8, name: &str, changes: &[(&str, i8, Option<&str>)]) -> (i16, String) {
    let configs = changes.iter().map(|(key, operation, value)| {
        incremental_alter_configs_request::AlterableConfig::default()
            .with_name(text(key))
            .with_config_operation(*operation)
            .with_value(value.map(text))
    });
    let resource = incremental_alter_configs_request::AlterConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(name))
        .with_configs(configs.collect());
    let answer = client.ask(1, IncrementalAlterConfigsRequest::default().with_resources(vec![resource])).await;
    let response = &answer.responses[0];
    (response.error_code, response.error_message.as_deref().unwrap_or_default().to_owned())
}

/// A key's value, the number of its source, and its synonyms.
async fn described(client: &mut Client, kind: i8, name: &str, key: &str) -> (String, i8, Vec<String>) {
    let resource = describe_configs_request::DescribeConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(name))
        .with_configuration_keys(Some(vec![text(key)]));
    let request = DescribeConfigsRequest::default().with_resources(vec![resource]).with_include_synonyms(true);
    let mut answer = client.ask(4, request).await;
    let config = answer.results.remove(0).configs.remove(0);
    let synonyms = config.synonyms.iter().map(|each| format!("{}={}", &*each.name, each.value.as_deref().unwrap()));
    (config.value.as_deref().unwrap_or("null").to_owned(), config.config_source, synonyms.collect())
}

#[test]
fn configurations_change_and_count_at_once() {
    on_both(|env, listen| async move {
        let mut config = BrokerConfig::new(listen);
        config.max_batch_bytes = 900_000;
        let broker = Broker::start(&env, config).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        let given = ["message.max.bytes=900000".to_owned(), "message.max.bytes=1048588".to_owned()];
        assert_eq!(described(&mut client, 2, "t", "max.message.bytes").await, ("900000".into(), 4, given.to_vec()));
        let large = batch(Compression::None, &[("k", &"x".repeat(2_000))], 1);
        assert_eq!(client.produce("t", 0, large.clone()).await, (0, 0));

        let change = [("max.message.bytes", SET, Some("1000")), ("cleanup.policy", APPEND, Some("compact"))];
        assert_eq!(alter(&mut client, 2, "t", &change).await, (0, String::new()));
        assert_eq!(client.produce("t", 0, large.clone()).await.0, ErrorCode::MessageTooLarge.code());
        assert_eq!(described(&mut client, 2, "t", "max.message.bytes").await.1, 1);
        assert_eq!(described(&mut client, 2, "t", "cleanup.policy").await.0, "delete,compact");
        // A resource changes as a whole or not at all.
        let change = [("max.message.bytes", SET, Some("2000000")), ("no.such", SET, Some("1"))];
        assert_eq!(alter(&mut client, 2, "t", &change).await, (40, "Unknown topic config name: no.such".into()));
        assert_eq!(client.produce("t", 0, large.clone()).await.0, ErrorCode::MessageTooLarge.code());
        assert_eq!(alter(&mut client, 2, "t", &[("max.message.bytes", DELETE, None)]).await.0, 0);
        assert_eq!(client.produce("t", 0, large.clone()).await, (0, 1));

        // The same by the broker, for all topics that have no word of their own.
        assert_eq!(alter(&mut client, 4, "", &[("message.max.bytes", SET, Some("1000"))]).await.0, 0);
        assert_eq!(client.produce("t", 0, large.clone()).await.0, ErrorCode::MessageTooLarge.code());
        assert_eq!(described(&mut client, 4, "", "message.max.bytes").await.1, 3);
        assert_eq!(alter(&mut client, 4, "1", &[("message.max.bytes", SET, Some("9000"))]).await.0, 0);
        assert_eq!(described(&mut client, 2, "t", "max.message.bytes").await.1, 2);
        assert_eq!(client.produce("t", 0, large.clone()).await, (0, 2));
        let data = broker.data();
        broker.stop().await;
        let broker = Broker::start_with(&env, BrokerConfig::new(listen), data).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        assert_eq!(described(&mut client, 2, "t", "max.message.bytes").await.0, "9000");
        assert_eq!(described(&mut client, 2, "t", "cleanup.policy").await.0, "delete,compact");
    });
}

#[test]
fn what_cannot_be_changed_is_refused_in_kafkas_words() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        let set = |key: &'static str| [(key, SET, Some("2"))];
        for (kind, name, changes, code, sentence) in [
            (2, "nowhere", set("retention.ms"), 3, "The topic 'nowhere' does not exist."),
            (2, "", set("retention.ms"), 42, "Default topic resources are not allowed."),
            (
                2,
                "a b",
                set("retention.ms"),
                17,
                "Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' \
                 and '-'",
            ),
            (2, "t", [("retention.ms", SET, None)], 42, "Null value not supported for : retention.ms"),
            (4, "7", set("log.retention.ms"), 42, "Unexpected broker id, expected 1, but received 7"),
            (4, "x", set("log.retention.ms"), 42, "Node id must be an integer, but it is: x"),
            (4, "1", set("num.partitions"), 42, "Cannot update these configs dynamically: [num.partitions]"),
            (8, "1", set("root"), 40, "Logger root does not exist!"),
            (16, "m", set("no.such"), 42, "Unknown client metrics configuration: no.such"),
            (32, "g", set("no.such"), 40, "Unknown group config name: no.such"),
            (9, "?", set("no.such"), 42, "Unknown resource type 9"),
        ] {
            assert_eq!(alter(&mut client, kind, name, &changes).await, (code, sentence.to_owned()));
        }
        let twice = [("retention.ms", SET, Some("1")), ("retention.ms", DELETE, None)];
        assert_eq!(alter(&mut client, 2, "t", &twice).await, (42, "Error due to duplicate config keys".into()));
        let resource = incremental_alter_configs_request::AlterConfigsResource::default()
            .with_resource_type(2)
            .with_resource_name(text("t"));
        let request = IncrementalAlterConfigsRequest::default().with_resources(vec![resource; 2]);
        let answer = client.ask(1, request).await;
        assert_eq!(answer.responses.iter().map(|each| each.error_code).collect::<Vec<_>>(), [42, 42]);
    });
}

#[test]
fn the_older_request_replaces_everything() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        assert_eq!(alter(&mut client, 2, "t", &[("retention.ms", SET, Some("5"))]).await.0, 0);
        let replace = |validate_only| {
            let config = alter_configs_request::AlterableConfig::default()
                .with_name(text("segment.ms"))
                .with_value(Some(text("7")));
            let resource = alter_configs_request::AlterConfigsResource::default()
                .with_resource_type(2)
                .with_resource_name(text("t"))
                .with_configs(vec![config]);
            AlterConfigsRequest::default().with_resources(vec![resource]).with_validate_only(validate_only)
        };
        assert_eq!(client.ask(2, replace(true)).await.responses[0].error_code, 0);
        assert_eq!(described(&mut client, 2, "t", "retention.ms").await.0, "5");
        assert_eq!(client.ask(2, replace(false)).await.responses[0].error_code, 0);
        assert_eq!(described(&mut client, 2, "t", "retention.ms").await.1, 5);
        assert_eq!(described(&mut client, 2, "t", "segment.ms").await.0, "7");
    });
}

fn grow(name: &str, count: i32, brokers: Option<&[&[i32]]>) -> CreatePartitionsRequest {
    let assignments = brokers.map(|brokers| {
        let assigned = brokers.iter().map(|ids| {
            let ids = ids.iter().map(|id| BrokerId(*id)).collect();
            create_partitions_request::CreatePartitionsAssignment::default().with_broker_ids(ids)
        });
        assigned.collect()
    });
    let asked = create_partitions_request::CreatePartitionsTopic::default()
        .with_name(topic(name))
        .with_count(count)
        .with_assignments(assignments);
    CreatePartitionsRequest::default().with_topics(vec![asked])
}

#[test]
fn topics_grow_under_their_readers() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        let mut reader = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        for (request, code, sentence) in [
            (grow("t", 1, None), 37, "Topic already has 1 partition(s)."),
            (grow("t", 0, None), 37, "The topic t currently has 1 partition(s); 0 would not be an increase."),
            (grow("nowhere", 2, None), 3, ErrorCode::UnknownTopicOrPartition.message()),
            (
                grow("t", 4, Some(&[&[1]])),
                39,
                "Attempted to add 3 additional partition(s), but only 1 assignment(s) were specified.",
            ),
            (
                grow("t", 2, Some(&[&[9]])),
                39,
                "The manual partition assignment includes broker 9, but no such broker is registered.",
            ),
            (grow("t", 2, Some(&[&[]])), 39, "The manual partition assignment includes an empty replica list."),
            (
                grow("t", 2, Some(&[&[1, 1]])),
                39,
                "The manual partition assignment includes the broker 1 more than once.",
            ),
            (grow("t", 9, None).with_validate_only(true), 0, ""),
        ] {
            let answer = client.ask(3, request).await;
            let result = &answer.results[0];
            assert_eq!((result.error_code, result.error_message.as_deref().unwrap_or_default()), (code, sentence));
        }
        assert_eq!(client.fetch("t", 1, 0, Duration::ZERO).await.0, 3);
        let minute = Duration::from_secs(60);
        let work = async {
            env.sleep(Duration::from_millis(20)).await;
            assert_eq!(client.ask(3, grow("t", 3, None)).await.results[0].error_code, 0);
            assert_eq!(client.produce("t", 2, batch(Compression::None, &[("k", "v")], 1)).await, (0, 0));
            assert_eq!(client.produce("t", 0, batch(Compression::None, &[("k", "v")], 1)).await, (0, 0));
        };
        // Who waited before the topic grew waits on.
        let (fetched, ()) = futures_util::future::join(reader.fetch("t", 0, 0, minute), work).await;
        assert_eq!(offsets(fetched.2), [0]);
        assert_eq!(offsets(reader.fetch("t", 2, 0, minute).await.2), [0]);
    });
}

#[test]
fn the_beginning_of_a_partition_moves() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        for _ in 0..5 {
            client.produce("t", 0, batch(Compression::None, &[("k", "v"), ("k", "w")], 1)).await;
        }
        let delete = |name: &str, partition: i32, offset: i64| {
            let asked = delete_records_request::DeleteRecordsPartition::default()
                .with_partition_index(partition)
                .with_offset(offset);
            DeleteRecordsRequest::default().with_topics(vec![
                delete_records_request::DeleteRecordsTopic::default()
                    .with_name(topic(name))
                    .with_partitions(vec![asked]),
            ])
        };
        for (name, partition, offset, code, low) in [
            ("t", 0, 11, 1, -1),
            ("t", 0, -2, 1, -1),
            ("t", 1, 0, 3, -1),
            ("u", 0, 0, 3, -1),
            ("t", 0, 3, 0, 3),
            ("t", 0, 1, 0, 3),
            ("t", 0, 4, 0, 4),
        ] {
            let answer = client.ask(2, delete(name, partition, offset)).await;
            let result = &answer.topics[0].partitions[0];
            assert_eq!((result.error_code, result.low_watermark), (code, low), "{name} {partition} {offset}");
        }
        assert_eq!(client.list_offset("t", 0, -2).await, (0, 4, -1));
        assert_eq!(client.fetch("t", 0, 3, Duration::ZERO).await.0, ErrorCode::OffsetOutOfRange.code());
        assert_eq!(offsets(client.fetch("t", 0, 4, Duration::ZERO).await.2), [4, 5, 6, 7, 8, 9]);
        assert_eq!(alter(&mut client, 2, "t", &[("cleanup.policy", SET, Some("compact"))]).await.0, 0);
        let answer = client.ask(2, delete("t", 0, 5)).await;
        assert_eq!(answer.topics[0].partitions[0].error_code, ErrorCode::PolicyViolation.code());
        assert_eq!(alter(&mut client, 2, "t", &[("cleanup.policy", APPEND, Some("delete"))]).await.0, 0);
        assert_eq!(client.ask(2, delete("t", 0, -1)).await.topics[0].partitions[0].low_watermark, 10);
        assert_eq!(client.list_offset("t", 0, -2).await, (0, 10, -1));
        assert_eq!(client.produce("t", 0, batch(Compression::None, &[("k", "v")], 1)).await, (0, 10));
    });
}

#[test]
fn topics_are_found_and_deleted_by_id() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 2).await;
        let ask = |name: Option<&str>, id| {
            let asked = metadata_request::MetadataRequestTopic::default().with_name(name.map(topic)).with_topic_id(id);
            MetadataRequest::default()
                .with_topics(Some(vec![asked]))
                .with_include_topic_authorized_operations(true)
                .with_allow_auto_topic_creation(false)
        };
        let found = client.ask(12, ask(Some("t"), uuid::Uuid::nil())).await.topics.remove(0);
        assert_eq!((found.topic_authorized_operations, found.is_internal), (3576, false));
        let by_id = client.ask(12, ask(None, found.topic_id)).await.topics.remove(0);
        assert_eq!((by_id.name, by_id.partitions.len()), (Some(topic("t")), 2));
        let other = uuid::Uuid::from_u128(5);
        let unknown = client.ask(12, ask(None, other)).await.topics.remove(0);
        assert_eq!((unknown.error_code, unknown.name), (ErrorCode::UnknownTopicId.code(), None));
        assert_eq!(unknown.topic_authorized_operations, i32::MIN);

        let state = |name: Option<&str>, id| {
            delete_topics_request::DeleteTopicState::default().with_name(name.map(topic)).with_topic_id(id)
        };
        let nil = uuid::Uuid::nil();
        let request = DeleteTopicsRequest::default().with_topics(vec![
            state(None, other),
            state(Some("u"), nil),
            state(None, nil),
            state(Some("t"), found.topic_id),
            state(Some("v"), nil),
            state(Some("v"), nil),
            state(None, found.topic_id),
        ]);
        let gone = client.ask(6, request).await;
        let codes: Vec<i16> = gone.responses.iter().map(|each| each.error_code).collect();
        assert_eq!(codes, [100, 3, 42, 42, 42, 0]);
        assert_eq!(gone.responses[5].name, Some(topic("t")));
        assert_eq!(client.fetch("t", 0, 0, Duration::ZERO).await.0, 3);
    });
}

#[test]
fn partitions_have_a_size() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 2).await;
        client.create("u", 1).await;
        let sent = batch(Compression::None, &[("k", "v")], 1);
        client.produce("t", 1, sent.clone()).await;
        let sizes = |answer: DescribeLogDirsResponse| -> Vec<(String, i32, i64)> {
            let topics = answer.results.into_iter().flat_map(|dir| dir.topics);
            topics
                .flat_map(|topic| {
                    let name = topic.name.to_string();
                    let partitions = topic.partitions.into_iter();
                    partitions.map(move |each| (name.clone(), each.partition_index, each.partition_size))
                })
                .collect()
        };
        let all = client.ask(4, DescribeLogDirsRequest::default().with_topics(None)).await;
        let at = |name: &str, index, size| (name.to_owned(), index, size);
        assert_eq!(sizes(all), [at("t", 0, 0), at("t", 1, sent.len() as i64), at("u", 0, 0)]);
        let one = describe_log_dirs_request::DescribableLogDirTopic::default()
            .with_topic(topic("t"))
            .with_partitions(vec![1, 7]);
        let some = client.ask(1, DescribeLogDirsRequest::default().with_topics(Some(vec![one]))).await;
        assert_eq!(sizes(some), [at("t", 1, sent.len() as i64)]);
    });
}
