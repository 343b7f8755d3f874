//! Histories of transactional producers while their broker is killed, connections break, answers get lost, and producers
//! fence each other: whoever reads committed transactions sees each whole or not at all, once and in order.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use client::transactions::{
    ADD_OFFSETS, ADD_PARTITIONS, END, INIT, Identity, OFFSET_COMMIT, OUTSIDE, PRODUCE, Persistent, add_offsets_request,
    add_request, committed_request, end_request, init_request, sequenced, take_committed, transactional_produce,
    txn_commit_request,
};
use client::{Client, produce_request};
use env::Env;
use env_sim::{NetworkPlan, SimHandle, replay_seeds};
use kafka_broker::{Broker, BrokerConfig, Data, Fault, Faults, Request};
use kafka_wire::{ApiKey, ErrorCode};
use parking_lot::Mutex;

const TOPIC: &str = "t";
const PARTITIONS: i32 = 3;
/// What each producer tries.
const TRANSACTIONS: u64 = 12;
/// What the idempotent producer writes into each partition.
const PLAIN: usize = 40;
const TIMEOUT: Duration = Duration::from_secs(3);

fn address(sim: &SimHandle) -> SocketAddr {
    SocketAddr::new(sim.ip_of("broker"), 9092)
}

/// How a transaction ended, as far as its producer knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Committed,
    Aborted,
    /// It was to be committed, and the answer never came.
    Unknown,
}

/// A transaction that a producer tried.
#[derive(Debug, Clone)]
struct Tried {
    outcome: Outcome,
    /// What it wrote, or tried to write: partition and value.
    values: Vec<(i32, String)>,
    /// Which of them were acknowledged.
    acknowledged: usize,
    /// What it wanted to commit for the group of the id.
    offset: Option<i64>,
}

/// What all producers know.
#[derive(Default)]
struct Truth {
    tried: Mutex<Vec<Tried>>,
    counter: AtomicU64,
    fenced: AtomicU64,
}

/// The producer is no longer the one of its id, or its transaction is gone.
struct Fenced;

struct Producer {
    env: Env,
    sim: SimHandle,
    wire: Persistent,
    truth: Arc<Truth>,
    id: &'static str,
    who: Identity,
    sequences: BTreeMap<i32, i32>,
}

fn fine(code: i16) -> Result<(), Fenced> {
    // Fenced in one way or the other, or the transaction has timed out, or a batch of it went missing with that.
    const FENCED: [ErrorCode; 6] = [
        ErrorCode::ProducerFenced,
        ErrorCode::InvalidProducerEpoch,
        ErrorCode::InvalidTxnState,
        ErrorCode::TransactionAbortable,
        ErrorCode::OutOfOrderSequenceNumber,
        ErrorCode::InvalidProducerIdMapping,
    ];
    match code {
        0 => Ok(()),
        code => {
            assert!(FENCED.iter().any(|fenced| fenced.code() == code), "{code}");
            Err(Fenced)
        }
    }
}

impl Producer {
    async fn run(mut self) {
        self.begin().await;
        for _ in 0..TRANSACTIONS {
            if self.sim.draw(10) == 0 {
                self.begin().await;
            }
            let offset = (self.sim.draw(2) == 0).then(|| self.truth.counter.fetch_add(1, Ordering::Relaxed) as i64);
            let mut tried = Tried { outcome: Outcome::Aborted, values: vec![], acknowledged: 0, offset };
            let fenced = self.transaction(&mut tried).await.is_err();
            self.truth.tried.lock().push(tried);
            if fenced {
                self.truth.fenced.fetch_add(1, Ordering::Relaxed);
                self.begin().await;
            }
        }
    }

    async fn begin(&mut self) {
        let request = init_request(Some(self.id), TIMEOUT, None);
        let (code, answer) = self.wire.ask(INIT, &request, |answer| answer.error_code).await;
        assert_eq!(code, 0);
        self.who = Identity { id: answer.producer_id.0, epoch: answer.producer_epoch };
        self.sequences.clear();
    }

    async fn transaction(&mut self, tried: &mut Tried) -> Result<(), Fenced> {
        let name = self.truth.counter.fetch_add(1, Ordering::Relaxed);
        let mut added = BTreeSet::new();
        if let Some(offset) = tried.offset {
            self.add_offset(offset).await?;
            // What shows the order in which offsets are committed.
            self.write(tried, &mut added, 0, vec![format!("{}-{name}-o{offset}", self.id)]).await?;
        }
        for batch in 0..1 + self.sim.draw(4) {
            let partition = self.sim.draw(PARTITIONS as u64) as i32;
            let values = (0..1 + self.sim.draw(3)).map(|record| format!("{}-{name}-{batch}.{record}", self.id));
            self.write(tried, &mut added, partition, values.collect()).await?;
            // At times longer than the transaction may take.
            let pause = if self.sim.draw(25) == 0 { 4_000 } else { self.sim.draw(100) };
            self.env.sleep(Duration::from_millis(pause)).await;
        }
        let commit = self.sim.draw(4) > 0;
        if commit {
            tried.outcome = Outcome::Unknown;
        }
        let request = end_request(self.id, self.who, commit);
        let (code, _) = self.wire.ask(END, &request, |answer| answer.error_code).await;
        fine(code)?;
        if commit {
            tried.outcome = Outcome::Committed;
        }
        Ok(())
    }

    async fn write(
        &mut self,
        tried: &mut Tried,
        added: &mut BTreeSet<i32>,
        partition: i32,
        values: Vec<String>,
    ) -> Result<(), Fenced> {
        tried.values.extend(values.iter().map(|value| (partition, value.clone())));
        if added.insert(partition) {
            let request = add_request(self.id, self.who, &[(TOPIC, partition)]);
            let asked = self.wire.ask(ADD_PARTITIONS, &request, |answer| {
                answer.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code
            });
            fine(asked.await.0)?;
        }
        let sequence = self.sequences.entry(partition).or_default();
        let texts: Vec<&str> = values.iter().map(String::as_str).collect();
        let records = sequenced(self.who, *sequence, &texts, true);
        *sequence += values.len() as i32;
        let request = transactional_produce(self.id, TOPIC, partition, records);
        let asked = self.wire.ask(PRODUCE, &request, |answer| answer.responses[0].partition_responses[0].error_code);
        fine(asked.await.0)?;
        tried.acknowledged = tried.values.len();
        Ok(())
    }

    async fn add_offset(&mut self, offset: i64) -> Result<(), Fenced> {
        let request = add_offsets_request(self.id, self.who, self.id);
        fine(self.wire.ask(ADD_OFFSETS, &request, |answer| answer.error_code).await.0)?;
        let request = txn_commit_request(self.id, self.who, (self.id, OUTSIDE), TOPIC, offset);
        let asked = self.wire.ask(OFFSET_COMMIT, &request, |answer| answer.topics[0].partitions[0].error_code);
        fine(asked.await.0)
    }
}

/// Writes numbered values into each partition, without transactions.
async fn produce_plain(env: Env, mut wire: Persistent) {
    let (code, answer) = wire.ask(INIT, &init_request(None, TIMEOUT, None), |answer| answer.error_code).await;
    assert_eq!(code, 0);
    let who = Identity { id: answer.producer_id.0, epoch: answer.producer_epoch };
    for number in 0..PLAIN {
        for partition in 0..PARTITIONS {
            let records = sequenced(who, number as i32, &[&format!("plain-{number}")], false);
            let request = produce_request(TOPIC, partition, records, -1);
            let (code, _) =
                wire.ask(PRODUCE, &request, |answer| answer.responses[0].partition_responses[0].error_code).await;
            assert_eq!(code, 0);
        }
        env.sleep(Duration::from_millis(100)).await;
    }
}

/// What a reader has seen of each partition.
type Seen = Arc<Mutex<BTreeMap<i32, Vec<String>>>>;

/// Reads what is committed, little by little, until `stop` and nothing is left.
async fn read(env: Env, mut wire: Persistent, seen: Seen, stop: Arc<AtomicBool>) {
    let mut offsets = BTreeMap::new();
    loop {
        let stopping = stop.load(Ordering::Relaxed);
        let mut found = false;
        for partition in 0..PARTITIONS {
            let offset = offsets.entry(partition).or_default();
            let request = committed_request(TOPIC, partition, *offset);
            let answer = wire.ask(12, &request, |answer| answer.responses[0].partitions[0].error_code);
            let (code, mut answer) = answer.await;
            assert_eq!(code, 0);
            let answer = answer.responses.remove(0).partitions.remove(0);
            found |= take_committed(answer, offset, seen.lock().entry(partition).or_default());
        }
        if !found {
            if stopping {
                return;
            }
            env.sleep(Duration::from_millis(50)).await;
        }
    }
}

/// What goes wrong with requests.
struct Accidents {
    sim: SimHandle,
    calm: Arc<AtomicBool>,
    made: AtomicU64,
}

impl Faults for Accidents {
    fn on_request(&self, request: &Request<'_>) -> Fault {
        if self.calm.load(Ordering::Relaxed) || self.sim.draw(100) >= 12 {
            return Fault::None;
        }
        let (code, late) = match request.api {
            ApiKey::Produce | ApiKey::Fetch => (ErrorCode::NotLeaderOrFollower, true),
            // One that comes late may end the next transaction: the first transaction protocol cannot tell.
            ApiKey::EndTxn | ApiKey::AddPartitionsToTxn | ApiKey::AddOffsetsToTxn | ApiKey::InitProducerId => {
                (ErrorCode::CoordinatorNotAvailable, false)
            }
            ApiKey::TxnOffsetCommit => (ErrorCode::CoordinatorLoadInProgress, false),
            _ => return Fault::None,
        };
        self.made.fetch_add(1, Ordering::Relaxed);
        match self.sim.draw(4) {
            0 => Fault::Refuse(code),
            1 => Fault::Disconnect,
            2 if late => Fault::Delay(Duration::from_millis(self.sim.draw(2_000))),
            _ => Fault::LoseAnswer,
        }
    }
}

/// Checks what was seen against what was tried, and gives how many transactions were seen.
fn check(truth: &Truth, seen: &BTreeMap<i32, Vec<String>>) -> usize {
    let mut places: BTreeMap<(i32, &str), usize> = BTreeMap::new();
    for (partition, values) in seen {
        for (place, value) in values.iter().enumerate() {
            assert!(places.insert((*partition, value), place).is_none(), "{value} was seen twice in {partition}");
        }
        let plain: Vec<_> = values.iter().filter(|value| value.starts_with("plain")).cloned().collect();
        assert_eq!(plain, (0..PLAIN).map(|number| format!("plain-{number}")).collect::<Vec<_>>());
    }
    let mut whole = 0;
    let all = truth.tried.lock().clone();
    for tried in &all {
        let found = tried.values.iter().filter_map(|(partition, value)| places.remove(&(*partition, value.as_str())));
        let found: Vec<usize> = found.collect();
        let expected = match tried.outcome {
            Outcome::Committed => tried.values.len(),
            Outcome::Aborted => 0,
            Outcome::Unknown if found.is_empty() => 0,
            Outcome::Unknown => tried.values.len(),
        };
        assert_eq!(found.len(), expected, "{tried:?}");
        if expected > 0 {
            assert_eq!(tried.acknowledged, expected);
            whole += 1;
        }
        for partition in 0..PARTITIONS {
            let of = tried.values.iter().zip(&found).filter(|((at, _), _)| *at == partition);
            assert!(of.map(|(_, place)| place).is_sorted(), "{tried:?}");
        }
    }
    assert!(places.keys().all(|(_, value)| value.starts_with("plain")), "nobody wrote {places:?}");
    whole
}

/// The last offset that a transaction of each id has committed, by the order of what was written with them.
fn last_offsets(seen: &BTreeMap<i32, Vec<String>>) -> BTreeMap<String, i64> {
    let marks = seen[&0].iter().filter_map(|value| {
        let (id, rest) = value.split_once('-')?;
        let (_, offset) = rest.split_once("-o")?;
        Some((id.to_owned(), offset.parse().unwrap()))
    });
    marks.collect()
}

/// Where the broker's data is, and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It outlives brokers.
    Memory,
    /// On a disk that fails at times; brokers are killed.
    Disk,
    /// On the same disk, of which each failure takes what was not synced.
    DiskWithoutPower,
}

impl Place {
    fn config(self, sim: &SimHandle) -> BrokerConfig {
        let mut config = BrokerConfig::new(address(sim));
        if self == Place::DiskWithoutPower {
            // Durable before it is acknowledged.
            config.log.flush_messages = 1;
        }
        config
    }

    /// What is left of a broker's data. The disk does not fail meanwhile.
    fn data(self, sim: &SimHandle, memory: &Data) -> Data {
        match self {
            Place::Memory => memory.clone(),
            Place::Disk | Place::DiskWithoutPower => {
                sim.disk("broker").set_error_chance(0.0);
                Data::open(&sim.env_for("broker"), Path::new("/data")).unwrap()
            }
        }
    }

    fn end(self, sim: &SimHandle) {
        match self {
            Place::Memory | Place::Disk => sim.kill("broker"),
            Place::DiskWithoutPower => sim.crash("broker"),
        }
    }
}

async fn history(env: Env, sim: SimHandle, place: Place) {
    let (calm, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let accidents = Arc::new(Accidents { sim: sim.clone(), calm: calm.clone(), made: AtomicU64::new(0) });
    let memory = Data::new();
    let start = async || {
        let mut config = place.config(&sim);
        config.faults = Some(accidents.clone());
        let data = place.data(&sim, &memory);
        Broker::start_with(&sim.env_for("broker"), config, data).await.unwrap()
    };
    let errors = if place == Place::Memory { 0.0 } else { 0.01 };
    let mut broker = start().await;
    Client::connect(&env, &broker).await.create(TOPIC, PARTITIONS).await;
    sim.network().plan(NetworkPlan { spike_chance: 0.02, ..NetworkPlan::default() });
    let (truth, seen) = (Arc::new(Truth::default()), Seen::default());
    let wire = |host: &str| Persistent::new(sim.env_for(host), address(&sim));
    let mut tasks = Vec::new();
    // Two of them fence each other.
    for (host, id) in [("p1", "one"), ("p2", "two"), ("p3", "two"), ("p4", "four")] {
        let who = Identity { id: -1, epoch: -1 };
        let (env, sim, truth) = (sim.env_for(host), sim.clone(), truth.clone());
        let producer = Producer { env, sim, wire: wire(host), truth, id, who, sequences: BTreeMap::new() };
        tasks.push(producer.env.clone().work().spawn("produce", Box::pin(producer.run())));
    }
    let plain = sim.env_for("plain");
    tasks.push(plain.work().spawn("plain", Box::pin(produce_plain(plain.clone(), wire("plain")))));
    let reader = sim.env_for("reader");
    let reading = Box::pin(read(reader.clone(), wire("reader"), seen.clone(), stop.clone()));
    let reading = reader.work().spawn("read", reading);
    for _ in 0..5 {
        sim.disk("broker").set_error_chance(errors);
        env.sleep(Duration::from_millis(sim.draw(600))).await;
        sim.network().cut_host(["p1", "p2", "p3", "p4", "plain", "reader"][sim.draw(6) as usize]);
        env.sleep(Duration::from_millis(sim.draw(600))).await;
        place.end(&sim);
        drop(broker);
        env.sleep(Duration::from_millis(sim.draw(1_500))).await;
        broker = start().await;
    }
    for task in tasks {
        task.join().await.unwrap();
    }
    // What nobody has ended is over by now.
    env.sleep(TIMEOUT * 2).await;
    stop.store(true, Ordering::Relaxed);
    reading.join().await.unwrap();
    calm.store(true, Ordering::Relaxed);

    let mut client = Client::connect(&env, &broker).await;
    let mut last = BTreeMap::new();
    for partition in 0..PARTITIONS {
        let committed = client.committed_values(TOPIC, partition, 0).await;
        assert_eq!(committed.stable_offset, committed.high_watermark, "a transaction hangs");
        last.insert(partition, committed.values);
    }
    assert_eq!(*seen.lock(), last, "who has read all the time has seen the same");
    let whole = check(&truth, &last);
    assert!(whole > 5, "{whole} transactions");
    assert!(truth.fenced.load(Ordering::Relaxed) > 0 && accidents.made.load(Ordering::Relaxed) > 10);
    for (id, offset) in last_offsets(&last) {
        assert_eq!(client.stable(&id, TOPIC).await, (0, offset), "{id}");
    }
    broker.stop().await;
}

#[test]
fn each_transaction_is_seen_whole_or_not_at_all() {
    replay_seeds(0..20, |env, sim| history(env, sim, Place::Memory));
}

#[test]
fn a_disk_that_fails_at_times_changes_nothing() {
    replay_seeds(0..10, |env, sim| history(env, sim, Place::Disk));
}

#[test]
fn nor_does_a_loss_of_power_when_everything_is_synced() {
    replay_seeds(0..10, |env, sim| history(env, sim, Place::DiskWithoutPower));
}
