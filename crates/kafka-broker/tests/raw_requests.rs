//! Every API in every version, by raw requests.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;

use std::time::Duration;

use client::{Client, batch, node, offsets, on_both};
use kafka_broker::{Broker, BrokerConfig, Data};
use kafka_wire::messages::*;
use kafka_wire::{ApiKey, Batches, Compression, ErrorCode, StrBytes};

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn topic(name: &str) -> TopicName {
    TopicName(text(name))
}

#[test]
fn every_version_of_every_api_has_an_answer() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        let offered = client.ask(0, ApiVersionsRequest::default()).await;
        assert_eq!(offered.error_code, 0);
        let mut asked = 0;
        for api in &offered.api_keys {
            for version in api.min_version..=api.max_version {
                client.ask_anything(ApiKey::try_from(api.api_key).unwrap(), version).await;
                asked += 1;
            }
        }
        assert!(asked > 80, "{asked}");
        // Still in order after all that.
        assert_eq!(client.ask(4, client::versions_request(4)).await.api_keys, offered.api_keys);
        broker.stop().await;
    });
}

#[test]
fn a_version_from_the_future_is_answered_in_the_oldest() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        let frame = client.exchange_raw(ApiKey::ApiVersions, 99, b"").await.unwrap();
        assert_eq!(&frame[4..6], 35_i16.to_be_bytes());
        // Any other API closes the connection.
        assert!(client.exchange_raw(ApiKey::Fetch, 99, b"").await.is_none());
        for nonsense in [&b"\0\0"[..], b"\xff\xff\0\0\0\0\0\0", b"\0\x03\0\x05\0\0\0\0\0\0garbage"] {
            let mut client = Client::connect(&env, &broker).await;
            assert!(client.send_frame(nonsense).await.is_none());
        }
        assert_eq!(node(&mut Client::connect(&env, &broker).await).await.1, broker.addr().port());
    });
}

#[test]
fn records_come_back_as_they_were_sent() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 2).await;
        for (index, compression) in Compression::ALL.into_iter().enumerate() {
            let sent = batch(compression, &[("k", "v"), ("k", "w")], 7);
            let (code, base) = client.produce("t", 1, sent.clone()).await;
            assert_eq!((code, base), (0, index as i64 * 2), "{compression}");
            let (code, high, records) = client.fetch("t", 1, base, Duration::ZERO).await;
            assert_eq!((code, high), (0, base + 2));
            let mut batches = Batches::new(records.clone());
            let got = batches.next().unwrap().unwrap();
            got.check_crc().unwrap();
            // The bytes are the sender's, but for offset and leader epoch.
            assert_eq!(got.bytes()[16..], sent[16..]);
            assert_eq!(offsets(records), [base, base + 1]);
        }
        assert_eq!(client.produce("t", 0, batch(Compression::None, &[("", "")], 1)).await, (0, 0));
        assert_eq!(client.list_offset("t", 1, -1).await, (0, 10, -1));
        assert_eq!(client.list_offset("t", 1, -2).await, (0, 0, -1));
        assert_eq!(client.list_offset("t", 1, 7).await, (0, 0, 7));
        assert_eq!(client.list_offset("t", 1, 8).await, (0, -1, -1));
        assert_eq!(client.list_offset("t", 1, -3).await, (0, 0, 7));
        assert_eq!(client.list_offset("t", 2, -1).await.0, ErrorCode::UnknownTopicOrPartition.code());
    });
}

#[test]
fn bad_batches_are_refused() {
    on_both(|env, listen| async move {
        let mut config = BrokerConfig::new(listen);
        config.max_batch_bytes = 1_000;
        let broker = Broker::start(&env, config).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        let good = batch(Compression::None, &[("k", "v")], 1);
        let mut damaged = good.to_vec();
        *damaged.last_mut().unwrap() ^= 1;
        let mut old = good.to_vec();
        old[16] = 1;
        let large = batch(Compression::None, &[("k", &"x".repeat(2_000))], 1);
        let two = [&good[..], &good[..]].concat();
        for (records, code) in [
            (damaged, ErrorCode::CorruptMessage),
            (good[..good.len() - 1].to_vec(), ErrorCode::InvalidRecord),
            (old, ErrorCode::InvalidRecord),
            (large.to_vec(), ErrorCode::MessageTooLarge),
            (two, ErrorCode::InvalidRecord),
            (Vec::new(), ErrorCode::InvalidRecord),
        ] {
            assert_eq!(client.produce("t", 0, records.into()).await.0, code.code());
        }
        assert_eq!(client.produce("u", 0, good.clone()).await.0, ErrorCode::UnknownTopicOrPartition.code());
        assert_eq!(client.produce("t", 1, good.clone()).await.0, ErrorCode::UnknownTopicOrPartition.code());
        assert_eq!(client.produce("t", -1, good.clone()).await.0, ErrorCode::UnknownTopicOrPartition.code());
        assert_eq!(client.produce_acks("t", 0, good.clone(), 7).await.0, ErrorCode::InvalidRequiredAcks.code());
        assert_eq!(client.produce("t", 0, good).await, (0, 0), "nothing bad was kept");
    });
}

#[test]
fn without_acks_there_is_no_answer_and_a_failure_closes() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        let good = batch(Compression::None, &[("k", "v")], 1);
        client.send(9, &client::produce_request("t", 0, good.clone(), 0)).await;
        assert_eq!(client.list_offset("t", 0, -1).await, (0, 1, -1), "the next answer is the next request's");
        client.send(9, &client::produce_request("nowhere", 0, good, 0)).await;
        assert!(client.is_closed().await);
    });
}

#[test]
fn topics_are_made_described_and_deleted() {
    on_both(|env, listen| async move {
        let mut config = BrokerConfig::new(listen);
        config.default_partitions = 3;
        let broker = Broker::start_with(&env, config, Data::new().with_cluster_id("the-cluster")).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        let asked = |name: &str, creates| {
            MetadataRequest::default()
                .with_allow_auto_topic_creation(creates)
                .with_topics(Some(vec![metadata_request::MetadataRequestTopic::default().with_name(Some(topic(name)))]))
        };
        let metadata = client.ask(12, asked("auto", false)).await;
        assert_eq!(metadata.topics[0].error_code, ErrorCode::UnknownTopicOrPartition.code());
        let metadata = client.ask(12, asked("auto", true)).await;
        assert_eq!((metadata.topics[0].error_code, metadata.topics[0].partitions.len()), (0, 3));
        assert_eq!(metadata.cluster_id, Some(text("the-cluster")));
        assert_eq!(client.ask(12, asked("a b", true)).await.topics[0].error_code, 17);

        let compact = |name: &str, partitions, replicas| {
            create_topics_request::CreatableTopic::default()
                .with_name(topic(name))
                .with_num_partitions(partitions)
                .with_replication_factor(replicas)
                .with_configs(vec![
                    create_topics_request::CreatableTopicConfig::default()
                        .with_name(text("cleanup.policy"))
                        .with_value(Some(text("compact"))),
                ])
        };
        let request = CreateTopicsRequest::default().with_topics(vec![
            compact("a", 2, 1),
            compact("b", -1, -1),
            compact("auto", 1, 1),
            compact("c", 0, 1),
            compact("d", 1, 3),
            compact("..", 1, 1),
            compact("e", 1, 1),
            compact("e", 1, 1),
        ]);
        let tried = client.ask(7, request.clone().with_validate_only(true)).await;
        let codes: Vec<i16> = tried.topics.iter().map(|topic| topic.error_code).collect();
        // The name that comes twice is answered once.
        assert_eq!(codes, [0, 0, 36, 37, 38, 17, 42]);
        let made = client.ask(7, request).await;
        assert_eq!(made.topics.iter().map(|topic| topic.error_code).collect::<Vec<_>>(), codes);
        assert_eq!((made.topics[0].num_partitions, made.topics[1].num_partitions), (2, 3));

        let describe = DescribeConfigsRequest::default().with_resources(vec![
            describe_configs_request::DescribeConfigsResource::default()
                .with_resource_type(2)
                .with_resource_name(text("a"))
                .with_configuration_keys(Some(vec![text("cleanup.policy")])),
        ]);
        let described = client.ask(4, describe).await;
        assert_eq!(described.results[0].configs.len(), 1);
        assert_eq!(described.results[0].configs[0].value, Some(text("compact")));

        let all = client.ask(1, MetadataRequest::default().with_topics(None)).await;
        let names: Vec<_> = all.topics.iter().map(|topic| topic.name.clone().unwrap().to_string()).collect();
        assert_eq!(names, ["a", "auto", "b"]);
        let gone = client.ask(5, DeleteTopicsRequest::default().with_topic_names(vec![topic("a"), topic("z")])).await;
        assert_eq!(gone.responses.iter().map(|topic| topic.error_code).collect::<Vec<_>>(), [0, 3]);
        assert_eq!(client.fetch("a", 0, 0, Duration::ZERO).await.0, 3);
        let cluster = client.ask(1, DescribeClusterRequest::default().with_endpoint_type(1)).await;
        assert_eq!((cluster.cluster_id, cluster.brokers.len()), (text("the-cluster"), 1));
    });
}

#[test]
fn a_fetch_waits_and_wakes_at_once() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut reader = Client::connect(&env, &broker).await;
        let mut writer = Client::connect(&env, &broker).await;
        writer.create("t", 1).await;
        let minute = Duration::from_secs(60);
        // Nothing comes: the wait is as long as asked for.
        let began = env.clock().now();
        let (code, _, records) = reader.fetch("t", 0, 0, Duration::from_millis(200)).await;
        assert_eq!((code, records.len()), (0, 0));
        let waited = env.clock().now() - began;
        assert!(waited >= Duration::from_millis(200) && waited < Duration::from_secs(5), "{waited:?}");
        // Something comes while it waits.
        let began = env.clock().now();
        let write = async {
            env.sleep(Duration::from_millis(50)).await;
            writer.produce("t", 0, batch(Compression::None, &[("k", "v")], 1)).await
        };
        let (fetched, produced) = futures_util::future::join(reader.fetch("t", 0, 0, minute), write).await;
        assert_eq!(produced, (0, 0));
        assert_eq!(offsets(fetched.2), [0]);
        assert!(env.clock().now() - began < Duration::from_secs(5));
        // The topic goes while it waits.
        let delete = async {
            env.sleep(Duration::from_millis(50)).await;
            writer.ask(5, DeleteTopicsRequest::default().with_topic_names(vec![topic("t")])).await
        };
        let (fetched, _) = futures_util::future::join(reader.fetch("t", 0, 1, minute), delete).await;
        assert_eq!(fetched.0, ErrorCode::UnknownTopicOrPartition.code());
    });
}

#[test]
fn a_fetch_keeps_to_its_limits_and_always_brings_something() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 2).await;
        let one = batch(Compression::None, &[("k", &"x".repeat(100))], 1);
        for partition in [0, 1] {
            for _ in 0..3 {
                client.produce("t", partition, one.clone()).await;
            }
        }
        let size = one.len() as i32;
        let fetch = |max_bytes: i32, partition_bytes: i32| {
            let partitions = [0, 1].map(|partition| {
                fetch_request::FetchPartition::default()
                    .with_partition(partition)
                    .with_partition_max_bytes(partition_bytes)
            });
            FetchRequest::default().with_replica_id(BrokerId(-1)).with_max_bytes(max_bytes).with_topics(vec![
                fetch_request::FetchTopic::default().with_topic(topic("t")).with_partitions(partitions.to_vec()),
            ])
        };
        for (max_bytes, partition_bytes, expected) in [
            (i32::MAX, i32::MAX, [3, 3]),
            (i32::MAX, 2 * size, [2, 2]),
            (4 * size, i32::MAX, [3, 1]),
            (4 * size - 1, i32::MAX, [3, 0]),
            (1, i32::MAX, [1, 0]),
            (i32::MAX, 1, [1, 0]),
            (0, 0, [1, 0]),
        ] {
            let fetched = client.ask(11, fetch(max_bytes, partition_bytes)).await;
            assert_eq!(fetched.session_id, 0, "it asks for none");
            let counts: Vec<usize> = fetched.responses[0]
                .partitions
                .iter()
                .map(|partition| partition.records.as_ref().unwrap().len() / one.len())
                .collect();
            assert_eq!(counts, expected, "{max_bytes} {partition_bytes}");
        }
        assert_eq!(client.fetch("t", 0, 4, Duration::ZERO).await.0, ErrorCode::OffsetOutOfRange.code());
        assert_eq!(client.fetch("t", 0, -1, Duration::ZERO).await.0, ErrorCode::OffsetOutOfRange.code());
        assert_eq!(client.fetch("t", 0, 3, Duration::ZERO).await.0, 0);
        let session = client.ask(11, fetch(1, 1).with_session_id(5).with_session_epoch(1)).await;
        assert_eq!(session.error_code, ErrorCode::FetchSessionIdNotFound.code());
    });
}

#[test]
fn what_a_broker_leaves_the_next_one_has() {
    on_both(|env, listen| async move {
        let broker = Broker::start(&env, BrokerConfig::new(listen)).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        client.produce("t", 0, batch(Compression::None, &[("k", "v")], 1)).await;
        assert_eq!(client.commit("g", "", -1, "t", 1).await, 0);
        let (data, addr, cluster) = (broker.data(), broker.addr(), broker.cluster_id().to_owned());
        broker.stop().await;
        assert!(client.is_closed().await);
        let broker = Broker::start_with(&env, BrokerConfig::new(addr), data).await.unwrap();
        assert_eq!((broker.addr(), broker.cluster_id()), (addr, cluster.as_str()));
        let mut client = Client::connect(&env, &broker).await;
        assert_eq!(offsets(client.fetch("t", 0, 0, Duration::ZERO).await.2), [0]);
        assert_eq!(client.committed("g", "t").await, 1);
        assert_eq!(client.produce("t", 0, batch(Compression::None, &[("k", "v")], 1)).await, (0, 1));
    });
}
