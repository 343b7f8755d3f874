//! The broker and `kafka-client` together, in simulations with accidents.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use env::Env;
use env_sim::{NetworkPlan, SimHandle, replay_seeds};
use kafka_broker::{Broker, BrokerConfig, Data, Fault, Faults, Handle, Request};
use kafka_client::consumer::Event;
use kafka_client::producer::{Row, Rows};
use kafka_client::{Consumer, ConsumerConfig, Producer, ProducerConfig, TopicPartition};
use kafka_config::RawConfig;
use kafka_wire::ErrorCode;
use parking_lot::Mutex;

const TOPIC: &str = "lines";
const PARTITIONS: i32 = 3;
const RECORDS: usize = 300;

fn address(sim: &SimHandle) -> SocketAddr {
    SocketAddr::new(sim.ip_of("broker"), 9092)
}

fn config(sim: &SimHandle) -> BrokerConfig {
    let mut config = BrokerConfig::new(address(sim));
    config.default_partitions = PARTITIONS;
    config
}

fn raw(sim: &SimHandle, more: &[(&str, &str)]) -> RawConfig {
    let mut raw = RawConfig::new();
    raw.insert("bootstrap.servers", address(sim).to_string());
    for (key, value) in more {
        raw.insert(*key, *value);
    }
    raw
}

/// Appends every record as Connect's producers do, and waits until all are stored.
async fn produce(env: Env, config: RawConfig) {
    let producer = Producer::new(env.clone(), ProducerConfig::parse(&config).unwrap());
    let topic: Arc<str> = TOPIC.into();
    let mut rows = Rows::new();
    for n in 0..RECORDS {
        let from = rows.position();
        rows.data_mut().extend_from_slice(n.to_string().as_bytes());
        let value = Some(from..rows.position());
        let partition = Some((n % PARTITIONS as usize) as i32);
        rows.push(Row { topic: topic.clone(), partition, timestamp: Some(1), key: None, value, headers: 0..0 });
    }
    let mut accepted = 0;
    let mut stored = 0;
    while stored < RECORDS as u64 {
        while accepted < RECORDS {
            // In small steps, so that there are many batches.
            let more = producer.append(&rows, accepted..RECORDS.min(accepted + 7)).unwrap();
            accepted += more;
            producer.flush();
            // Slowly enough for trouble to come in between.
            env.sleep(Duration::from_millis(25)).await;
            if more == 0 {
                producer.ready().await.unwrap();
            }
        }
        for done in producer.completions().await {
            assert!(done.error.is_none(), "{:?}", done.error);
            stored += done.len();
        }
    }
    assert!(producer.close(Duration::from_secs(30)).await);
}

/// What consumers have seen, in order, by partition.
type Seen = Arc<Mutex<BTreeMap<i32, Vec<usize>>>>;

/// Reads and commits until all of the partitions' records were seen.
async fn consume(env: Env, config: RawConfig, seen: Seen) {
    let mut consumer = Consumer::new(env, ConsumerConfig::parse(&config).unwrap());
    consumer.subscribe([TOPIC]).unwrap();
    let mut done = BTreeMap::new();
    while all_of(&seen) < RECORDS {
        match consumer.poll(Duration::from_secs(1)).await {
            Ok(Event::Records(fetched)) => {
                for records in fetched {
                    let numbers = records.records.iter().map(|record| {
                        let value = record.value.as_ref().unwrap();
                        std::str::from_utf8(value).unwrap().parse::<usize>().unwrap()
                    });
                    seen.lock().entry(records.partition).or_default().extend(numbers);
                    done.insert(TopicPartition::new(records.topic, records.partition), records.next_offset);
                }
                let _ = consumer.commit(&done).await;
            }
            Ok(Event::Assigned(_) | Event::Revoked(_) | Event::Lost(_)) => done.clear(),
            Ok(Event::Idle) => {}
            Err(error) => assert!(error.is_retriable(), "{error}"),
        }
    }
    consumer.close(Duration::from_secs(5)).await;
}

/// How many different records were seen.
fn all_of(seen: &Seen) -> usize {
    seen.lock().values().map(|numbers| numbers.iter().collect::<std::collections::BTreeSet<_>>().len()).sum()
}

/// Every record of each partition was seen; whatever was seen again, no record came before its predecessor.
fn check(seen: &Seen) {
    for (partition, numbers) in &*seen.lock() {
        let mut expected = *partition as usize;
        for number in numbers {
            assert!(*number <= expected, "partition {partition}: {number} came before {expected}");
            if *number == expected {
                expected += PARTITIONS as usize;
            }
        }
        assert!(expected >= RECORDS, "partition {partition} ends at {expected}");
    }
}

/// Runs a producer and two consumers to their end, while `trouble` happens to the broker.
async fn history<F: Future<Output = Handle>>(sim: SimHandle, broker: Handle, trouble: impl FnOnce(Handle) -> F) {
    let connect = &[
        ("max.in.flight.requests.per.connection", "1"),
        ("enable.idempotence", "false"),
        ("delivery.timeout.ms", "2147483647"),
        ("max.block.ms", "9223372036854775807"),
        ("request.timeout.ms", "5000"),
    ];
    let group = &[("group.id", "g"), ("auto.offset.reset", "earliest"), ("session.timeout.ms", "6000")];
    let seen = Seen::default();
    let mut tasks = Vec::new();
    let env = sim.env_for("producer");
    tasks.push(env.work().spawn("produce", Box::pin(produce(env.clone(), raw(&sim, connect)))));
    for host in ["first", "second"] {
        let env = sim.env_for(host);
        tasks.push(env.work().spawn("consume", Box::pin(consume(env.clone(), raw(&sim, group), seen.clone()))));
    }
    let broker = trouble(broker).await;
    for task in tasks {
        task.join().await.unwrap();
    }
    check(&seen);
    broker.stop().await;
}

#[test]
fn what_is_produced_is_consumed() {
    replay_seeds(0..4, |_, sim| async move {
        let broker = Broker::start(&sim.env_for("broker"), config(&sim)).await.unwrap();
        history(sim.clone(), broker, async |broker| broker).await;
    });
}

#[test]
fn nothing_is_lost_when_connections_break() {
    replay_seeds(0..12, |env, sim| async move {
        let broker = Broker::start(&sim.env_for("broker"), config(&sim)).await.unwrap();
        sim.network().plan(NetworkPlan { spike_chance: 0.05, ..NetworkPlan::default() });
        history(sim.clone(), broker, async |broker| {
            for _ in 0..30 {
                env.sleep(Duration::from_millis(sim.draw(150))).await;
                sim.network().cut_host(["producer", "first", "second", "broker"][sim.draw(4) as usize]);
            }
            broker
        })
        .await;
    });
}

#[test]
fn nothing_is_lost_when_the_broker_is_killed_and_started_again() {
    replay_seeds(0..12, |env, sim| async move {
        let data = Data::new();
        let broker = Broker::start_with(&sim.env_for("broker"), config(&sim), data.clone()).await.unwrap();
        sim.network().plan(NetworkPlan { spike_chance: 0.2, ..NetworkPlan::default() });
        history(sim.clone(), broker, async |mut broker| {
            for _ in 0..4 {
                env.sleep(Duration::from_millis(20 + sim.draw(400))).await;
                sim.kill("broker");
                drop(broker);
                env.sleep(Duration::from_millis(sim.draw(3_000))).await;
                let again = Broker::start_with(&sim.env_for("broker"), config(&sim), data.clone()).await;
                broker = again.unwrap();
            }
            broker
        })
        .await;
    });
}

/// Errors at random, for a while.
struct Errors {
    sim: SimHandle,
    env: Env,
    made: AtomicU64,
}

impl Faults for Errors {
    fn on_request(&self, request: &Request<'_>) -> Fault {
        use kafka_wire::ApiKey::*;
        if self.env.clock().now().since_origin() > Duration::from_secs(20) || self.sim.draw(100) >= 15 {
            return Fault::None;
        }
        let code = match request.api {
            Produce | Fetch | ListOffsets => ErrorCode::NotLeaderOrFollower,
            FindCoordinator => ErrorCode::CoordinatorNotAvailable,
            JoinGroup | SyncGroup | Heartbeat | OffsetCommit | OffsetFetch => {
                [ErrorCode::NotCoordinator, ErrorCode::CoordinatorLoadInProgress][self.sim.draw(2) as usize]
            }
            _ => return Fault::None,
        };
        self.made.fetch_add(1, Ordering::Relaxed);
        match self.sim.draw(4) {
            0 => Fault::Refuse(code),
            1 => Fault::LoseAnswer,
            2 => Fault::Disconnect,
            _ => Fault::Delay(Duration::from_millis(self.sim.draw(2_000))),
        }
    }
}

#[test]
fn nothing_is_lost_when_requests_fail() {
    replay_seeds(0..12, |_, sim| async move {
        let mut config = config(&sim);
        let faults = Arc::new(Errors { sim: sim.clone(), env: sim.env_for("broker"), made: AtomicU64::new(0) });
        config.faults = Some(faults.clone());
        let broker = Broker::start(&sim.env_for("broker"), config).await.unwrap();
        history(sim.clone(), broker, async |broker| broker).await;
        assert!(faults.made.load(Ordering::Relaxed) > 0, "no fault was made");
    });
}

#[test]
fn a_broker_that_starts_again_makes_nobody_rebalance() {
    replay_seeds(0..6, |env, sim| async move {
        let data = Data::new();
        let mut broker = Broker::start_with(&sim.env_for("broker"), config(&sim), data.clone()).await.unwrap();
        let produce_config = raw(&sim, &[("enable.idempotence", "false")]);
        produce(sim.env_for("producer"), produce_config).await;
        let changes = Arc::new(AtomicU64::new(0));
        let mut tasks = Vec::new();
        for host in ["first", "second"] {
            let (env, changes) = (sim.env_for(host), changes.clone());
            let group =
                raw(&sim, &[("group.id", "g"), ("auto.offset.reset", "earliest"), ("request.timeout.ms", "5000")]);
            let mut consumer = Consumer::new(env.clone(), ConsumerConfig::parse(&group).unwrap());
            let reads = async move {
                consumer.subscribe([TOPIC]).unwrap();
                loop {
                    match consumer.poll(Duration::from_secs(1)).await {
                        Ok(Event::Assigned(_) | Event::Revoked(_) | Event::Lost(_)) => {
                            changes.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(_) => {}
                        Err(error) => assert!(error.is_retriable(), "{error}"),
                    }
                }
            };
            tasks.push(env.work().spawn("consume", Box::pin(reads)));
        }
        env.sleep(Duration::from_secs(30)).await;
        let before = changes.load(Ordering::Relaxed);
        assert!(before >= 2, "both have their partitions");
        for _ in 0..5 {
            sim.kill("broker");
            drop(broker);
            env.sleep(Duration::from_millis(sim.draw(20_000))).await;
            broker = Broker::start_with(&sim.env_for("broker"), config(&sim), data.clone()).await.unwrap();
            env.sleep(Duration::from_millis(10_000 + sim.draw(20_000))).await;
        }
        assert_eq!(changes.load(Ordering::Relaxed), before, "somebody's partitions have changed");
        tasks.iter().for_each(|task| task.abort());
        broker.stop().await;
    });
}
