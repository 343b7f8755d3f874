//! A broker whose data is in a folder: it is stopped, killed, loses power, and its disk fails.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use client::*;
use env::Env;
use env_sim::{DiskFault, DiskOperation, Sim, SimHandle, replay_seeds};
use kafka_broker::{Broker, BrokerConfig, Data, DataError, Handle};
use kafka_wire::batch::DEFAULT_MAX_DECOMPRESSED;
use kafka_wire::messages::{CreateTopicsRequest, TopicName, create_topics_request};
use kafka_wire::{Batches, Compression, ErrorCode, StrBytes};

const FOLDER: &str = "/srv/kafka/data";
const NOW: Duration = Duration::ZERO;

fn address(sim: &SimHandle) -> SocketAddr {
    SocketAddr::new(sim.ip_of("broker"), 9092)
}

/// A broker on the machine of that name, with every change durable before it is answered.
async fn start_careful(sim: &SimHandle) -> Handle {
    let mut config = BrokerConfig::new(address(sim));
    config.log.flush_messages = 1;
    start(sim, config).await
}

async fn start(sim: &SimHandle, config: BrokerConfig) -> Handle {
    let env = sim.env_for("broker");
    let data = Data::open(&env, Path::new(FOLDER)).unwrap();
    Broker::start_with(&env, config, data).await.unwrap()
}

fn line(text: &str) -> Bytes {
    batch(Compression::None, &[("k", text)], 1)
}

async fn create(client: &mut Client, name: &str, configs: &[(&str, &str)]) {
    let text = |text: &str| StrBytes::from_string(text.to_owned());
    let configs = configs.iter().map(|(key, value)| {
        create_topics_request::CreatableTopicConfig::default().with_name(text(key)).with_value(Some(text(value)))
    });
    let new = create_topics_request::CreatableTopic::default()
        .with_name(TopicName(text(name)))
        .with_num_partitions(1)
        .with_replication_factor(1)
        .with_configs(configs.collect());
    let made = client.ask(7, CreateTopicsRequest::default().with_topics(vec![new])).await;
    assert_eq!(made.topics[0].error_code, 0, "{:?}", made.topics[0].error_message);
}

/// The offsets and values of all records.
async fn all(client: &mut Client, topic: &str) -> BTreeMap<i64, String> {
    let mut seen = BTreeMap::new();
    let (_, mut next, _) = client.list_offset(topic, 0, -2).await;
    loop {
        let (code, end, records) = client.fetch(topic, 0, next, NOW).await;
        assert_eq!(code, 0);
        for batch in Batches::new(records) {
            let batch = batch.unwrap();
            next = batch.header().next_offset();
            for record in batch.records(DEFAULT_MAX_DECOMPRESSED).unwrap() {
                let record = record.unwrap();
                let value = record.value.map(|value| String::from_utf8(value.to_vec()).unwrap());
                seen.insert(record.offset, value.unwrap_or_default());
            }
        }
        if next >= end {
            return seen;
        }
    }
}

async fn goes_on_after_a_stop(env: Env, listen: SocketAddr, folder: &Path) {
    let data = Data::open(&env, folder).unwrap();
    let broker = Broker::start_with(&env, BrokerConfig::new(listen), data).await.unwrap();
    let cluster = broker.cluster_id().to_owned();
    let mut client = Client::connect(&env, &broker).await;
    client.create("t", 2).await;
    client.create("gone", 1).await;
    for n in 0..10 {
        assert_eq!(client.produce("t", 1, line(&n.to_string())).await, (0, n));
    }
    assert_eq!(client.commit("g", "", -1, "t", 5).await, 0);
    let names = kafka_wire::messages::DeleteTopicsRequest::default()
        .with_topic_names(vec![TopicName(StrBytes::from_static_str("gone"))]);
    assert_eq!(client.ask(5, names).await.responses[0].error_code, 0);
    drop(client);
    broker.stop().await;

    let data = Data::open(&env, folder).unwrap();
    let broker = Broker::start_with(&env, BrokerConfig::new(listen), data).await.unwrap();
    assert_eq!(broker.cluster_id(), cluster);
    let mut client = Client::connect(&env, &broker).await;
    let (code, end, records) = client.fetch("t", 1, 0, NOW).await;
    assert_eq!((code, end, offsets(records)), (0, 10, (0..10).collect()));
    assert_eq!(client.fetch("t", 0, 0, NOW).await.1, 0);
    assert_eq!(client.committed("g", "t").await, 5);
    assert_eq!(client.list_offset("t", 1, 0).await, (0, 0, 1));
    assert_eq!(client.list_offset("gone", 0, 0).await.0, ErrorCode::UnknownTopicOrPartition.code());
    assert_eq!(client.produce("t", 1, line("10")).await, (0, 10));
    drop(client);
    broker.stop().await;
}

#[test]
fn a_broker_goes_on_where_it_was_stopped() {
    Sim::new(1).run(|env, _| async move {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        goes_on_after_a_stop(env, any, Path::new(FOLDER)).await;
    });
}

#[test]
fn a_broker_goes_on_where_it_was_stopped_on_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = env_real::runtime(2, 1).unwrap();
    let env = env_real::env(runtime.handle().clone());
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    runtime.block_on(async {
        let path = folder.path().join("a/b");
        env.work().spawn("test", {
            let (env, path) = (env.clone(), path.clone());
            Box::pin(async move { goes_on_after_a_stop(env, any, &path).await })
        });
        let task = env.work().spawn("test", {
            let (env, path) = (env.clone(), folder.path().join("c"));
            Box::pin(async move { goes_on_after_a_stop(env, any, &path).await })
        });
        task.join().await.unwrap();
    });
    assert!(!folder.path().join("c/gone-0").exists());
    assert!(folder.path().join("c/t-1/00000000000000000000.log").exists());
}

#[test]
fn a_folder_in_use_and_a_folder_of_somebody_else_are_refused() {
    Sim::new(1).run(|_, sim| async move {
        let env = sim.env_for("broker");
        let data = Data::open(&env, Path::new(FOLDER)).unwrap();
        assert_eq!(data.folder(), Some(Path::new(FOLDER)));
        let refused = Data::open(&env, Path::new(FOLDER)).unwrap_err();
        assert!(matches!(refused, DataError::InUse(_)));
        assert!(refused.to_string().contains(FOLDER), "{refused}");
        drop(data);
        Data::open(&env, Path::new(FOLDER)).unwrap();

        sim.disk("broker").put("/srv/letters/letter.txt", b"dear").unwrap();
        let refused = Data::open(&env, Path::new("/srv/letters")).unwrap_err();
        assert!(
            refused.to_string().contains("/srv/letters") && refused.to_string().contains("letter.txt"),
            "{refused}"
        );
    });
}

/// Produces into two topics and commits until somebody stops it; gives what was acknowledged.
async fn work(env: Env, addr: SocketAddr, acknowledged: std::sync::Arc<parking_lot::Mutex<Acknowledged>>) {
    let mut client = Client::connect_to(&env, addr).await;
    for n in 0_i64.. {
        for topic in ["a", "b"] {
            let request = produce_request(topic, 0, line(&n.to_string()), -1);
            let Some(response) = client.try_ask(9, request).await else { return };
            assert_eq!(response.responses[0].partition_responses[0].error_code, 0);
            let now = env.clock().now();
            acknowledged.lock().records.push((topic, n, now));
        }
        let Some(_) = client.try_ask(9, commit_request("g", "", -1, "a", n)).await else { return };
        let now = env.clock().now();
        acknowledged.lock().commits.push((n, now));
        env.sleep(Duration::from_millis(40)).await;
    }
}

#[derive(Default)]
struct Acknowledged {
    records: Vec<(&'static str, i64, env::Instant)>,
    commits: Vec<(i64, env::Instant)>,
}

/// Works until the broker's machine fails, several times over. After each time everything is there that was acknowledged
/// `before` the failure or earlier, and nothing else but a few later records, whole and in order.
async fn survives(env: Env, sim: SimHandle, config: BrokerConfig, crash: bool, before: Duration) {
    let acknowledged = std::sync::Arc::new(parking_lot::Mutex::new(Acknowledged::default()));
    let broker = start(&sim, config.clone()).await;
    let mut client = Client::connect(&env, &broker).await;
    for topic in ["a", "b"] {
        create(&mut client, topic, &[("segment.bytes", "1048576")]).await;
    }
    drop(client);
    let task = env.work().spawn("client", Box::pin(work(env.clone(), broker.addr(), acknowledged.clone())));
    env.sleep(Duration::from_millis(200 + sim.draw(4000))).await;
    if crash {
        sim.crash("broker")
    } else {
        sim.kill("broker")
    }
    task.join().await.unwrap();
    drop(broker);
    let failed = env.clock().now();

    let broker = start(&sim, config).await;
    let mut client = Client::connect(&env, &broker).await;
    let acknowledged = std::mem::take(&mut *acknowledged.lock());
    for topic in ["a", "b"] {
        let found = all(&mut client, topic).await;
        let values: Vec<_> = found.iter().map(|(offset, value)| (*offset, value.clone())).collect();
        let expected: Vec<_> = (0..found.len() as i64).map(|n| (n, n.to_string())).collect();
        assert_eq!(values, expected);
        let durable = acknowledged.records.iter().filter(|(of, _, at)| *of == topic && *at + before <= failed);
        let durable = durable.map(|(_, n, _)| n + 1).max().unwrap_or(0);
        assert!(found.len() as i64 >= durable, "{} of {durable} records of {topic}", found.len());
    }
    let durable = acknowledged.commits.iter().filter(|(_, at)| *at + before <= failed);
    let durable = durable.map(|(n, _)| *n).max().unwrap_or(-1);
    assert!(client.committed("g", "a").await >= durable);
    drop(client);
    broker.stop().await;
}

#[test]
fn what_was_acknowledged_survives_power_loss_when_every_record_is_flushed() {
    replay_seeds(0..40, |env, sim| async move {
        let mut config = BrokerConfig::new(address(&sim));
        config.log.flush_messages = 1;
        survives(env, sim, config, true, Duration::ZERO).await;
    });
}

#[test]
fn what_is_older_than_the_flush_interval_survives_power_loss() {
    replay_seeds(0..40, |env, sim| async move {
        let config = BrokerConfig::new(address(&sim));
        survives(env, sim, config, true, Duration::from_millis(1001)).await;
    });
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    replay_seeds(0..20, |env, sim| async move {
        let config = BrokerConfig::new(address(&sim));
        survives(env, sim, config, false, Duration::ZERO).await;
    });
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    Sim::new(2).run(|env, sim| async move {
        let broker = start(&sim, BrokerConfig::new(address(&sim))).await;
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        assert_eq!(client.produce("t", 0, line("0")).await, (0, 0));
        sim.disk("broker").set_capacity(Some(0));
        for _ in 0..3 {
            assert_eq!(client.produce("t", 0, line("lost")).await.0, ErrorCode::KafkaStorageError.code());
        }
        assert_ne!(client.commit("g", "", -1, "t", 5).await, 0);
        assert_eq!(all(&mut client, "t").await.len(), 1);
        assert_eq!(client.committed("g", "t").await, -1);
        sim.disk("broker").set_capacity(None);
        assert_eq!(client.produce("t", 0, line("1")).await, (0, 1));
        assert_eq!(client.commit("g", "", -1, "t", 6).await, 0);
        assert_eq!(client.committed("g", "t").await, 6);
    });
}

#[test]
fn what_could_not_be_synced_is_synced_later() {
    replay_seeds(0..10, |env, sim| async move {
        let broker = start(&sim, BrokerConfig::new(address(&sim))).await;
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        let fault = DiskFault { times: 3, path_contains: "t-0".into(), ..DiskFault::next(DiskOperation::Sync) };
        sim.disk("broker").fail(fault);
        assert_eq!(client.produce("t", 0, line("0")).await, (0, 0));
        env.sleep(Duration::from_secs(6)).await;
        sim.crash("broker");
        drop(broker);
        let broker = start(&sim, BrokerConfig::new(address(&sim))).await;
        let mut client = Client::connect(&env, &broker).await;
        assert_eq!(all(&mut client, "t").await.len(), 1);
    });
}

#[test]
fn a_slow_disk_is_waited_for() {
    replay_seeds(0..3, |env, sim| async move {
        sim.disk("broker").set_delay(Duration::from_millis(30));
        let broker = start_careful(&sim).await;
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        for n in 0..5 {
            assert_eq!(client.produce("t", 0, line("x")).await, (0, n));
        }
        assert_eq!(all(&mut client, "t").await.len(), 5);
        broker.stop().await;
    });
}

fn busy(sim: &SimHandle) -> BrokerConfig {
    let mut config = BrokerConfig::new(address(sim));
    (config.retention_check_interval, config.cleaner_backoff) = (Duration::from_secs(5), Duration::from_secs(2));
    config
}

/// Old records go, and of a compacted topic the latest of each key stay, in memory as on a disk, without being asked.
async fn keeps_in_bounds(env: Env, broker: Handle) {
    let mut client = Client::connect(&env, &broker).await;
    let often = [("segment.ms", "1000"), ("segment.bytes", "1048576")];
    let compact = [("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0")];
    create(&mut client, "compacted", &[&often[..], &compact[..]].concat()).await;
    create(&mut client, "short", &[&often[..], &[("retention.ms", "10000")]].concat()).await;
    for round in 0..20 {
        let now = env.clock().unix_millis();
        let value = round.to_string();
        let key = format!("k{}", round % 4);
        let records = [(key.as_str(), value.as_str())];
        assert_eq!(client.produce("compacted", 0, batch(Compression::Gzip, &records, now)).await, (0, round));
        assert_eq!(client.produce("short", 0, batch(Compression::None, &records, now)).await, (0, round));
        env.sleep(Duration::from_secs(3)).await;
    }
    env.sleep(Duration::from_secs(6)).await;
    // The last four rounds have the last values of four keys; their offsets are as before.
    let expected: BTreeMap<i64, String> = (16..20).map(|n| (n, n.to_string())).collect();
    assert_eq!(all(&mut client, "compacted").await, expected);
    assert_eq!(client.list_offset("compacted", 0, -2).await.1, 0);
    let found = all(&mut client, "short").await;
    assert!(!found.is_empty() && found.len() < 6, "{found:?}");
    env.sleep(Duration::from_secs(20)).await;
    assert_eq!(client.list_offset("short", 0, -2).await.1, 20);
    assert_eq!(client.produce("short", 0, line("x")).await, (0, 20));
}

#[test]
fn a_broker_keeps_its_logs_in_bounds_by_itself() {
    replay_seeds(0..2, |env, sim| async move {
        let broker = Broker::start(&sim.env_for("broker"), busy(&sim)).await.unwrap();
        keeps_in_bounds(env, broker).await;
    });
    replay_seeds(0..2, |env, sim| async move {
        let broker = start(&sim, busy(&sim)).await;
        keeps_in_bounds(env.clone(), broker).await;
        // And so it is after a loss of power.
        sim.crash("broker");
        let broker = start(&sim, busy(&sim)).await;
        let mut client = Client::connect(&env, &broker).await;
        assert_eq!(all(&mut client, "compacted").await.into_keys().collect::<Vec<_>>(), [16, 17, 18, 19]);
        assert_eq!(client.list_offset("short", 0, -2).await.1, 20);
    });
}
