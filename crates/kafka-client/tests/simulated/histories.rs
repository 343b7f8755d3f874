//! Whole histories with accidents: nothing is lost, order is kept, offsets never run ahead.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use env::Env;
use env_sim::{NetworkPlan, SimHandle, replay_seeds};
use kafka_broker::Data;
use kafka_client::consumer::Event;
use kafka_client::producer::Completion;
use kafka_client::{Consumer, TopicPartition};
use parking_lot::Mutex;

use crate::clients::{Rec, append_all, consumer, producer, rows, tp};
use crate::faulty_broker::ByChance;
use crate::world::{BOOTSTRAP, BROKER, CLIENT, create, start};

const TOPIC: &str = "t";
const PARTITIONS: i32 = 3;

/// Reads, checks and commits until it is told to stop.
struct Reader {
    env: Env,
    consumer: Consumer,
    seen: Arc<Mutex<Seen>>,
}

/// What all readers of a group saw together.
#[derive(Default)]
struct Seen {
    /// Values by partition and offset.
    values: BTreeMap<TopicPartition, BTreeMap<i64, u32>>,
    stop: bool,
}

impl Reader {
    async fn run(mut self) {
        let mut done: BTreeMap<TopicPartition, i64> = BTreeMap::new();
        while !self.seen.lock().stop {
            match self.consumer.poll(Duration::from_secs(1)).await {
                Ok(Event::Records(fetched)) => {
                    for each in fetched {
                        let of = TopicPartition::new(each.topic.clone(), each.partition);
                        let mut seen = self.seen.lock();
                        let values = seen.values.entry(of.clone()).or_default();
                        for record in &each.records {
                            let value = std::str::from_utf8(record.value.as_ref().unwrap()).unwrap().parse().unwrap();
                            let before = values.insert(record.offset, value);
                            assert!(before.is_none_or(|before| before == value), "an offset has one record");
                        }
                        // No gap behind what was read before: everything below was seen by somebody.
                        let first = each.records[0].offset;
                        assert!((0..first).all(|offset| values.contains_key(&offset)), "{of}: a gap before {first}");
                        done.insert(of, each.next_offset);
                    }
                    if self.env.random().below(3) == 0 {
                        self.commit(&done).await;
                    }
                    self.env.sleep(Duration::from_millis(self.env.random().below(50))).await;
                }
                Ok(Event::Revoked(revoked)) => {
                    self.commit(&done).await;
                    done.clear();
                    drop(revoked);
                }
                Ok(Event::Lost(_) | Event::Assigned(_)) => done.clear(),
                Ok(Event::Idle) => self.commit(&done).await,
                Err(error) => panic!("{error}"),
            }
        }
        self.commit(&done).await;
        self.consumer.close(Duration::from_secs(30)).await;
    }

    async fn commit(&self, offsets: &BTreeMap<TopicPartition, i64>) {
        if offsets.is_empty() {
            return;
        }
        // The group may have gone on: what was not committed is read again by somebody else.
        if let Err(error) = self.consumer.commit(offsets).await {
            assert!(error.to_string().contains("commit"), "{error}");
        }
    }
}

fn reader(env: &Env, seen: &Arc<Mutex<Seen>>) -> Box<dyn env::Task> {
    let extra = [("session.timeout.ms", "10000"), ("heartbeat.interval.ms", "1000"), ("max.poll.records", "20")];
    let consumer = consumer(env, BOOTSTRAP, "group", extra);
    consumer.subscribe([TOPIC]).unwrap();
    let reader = Reader { env: env.clone(), consumer, seen: seen.clone() };
    env.work().spawn("reader", Box::pin(reader.run()))
}

/// One history: a producer and two readers, while the network and the broker have accidents.
async fn history(sim: SimHandle) {
    let data = Data::new();
    let faults = ByChance::new(&sim);
    let mut broker = start(&sim, &data, Some(faults.clone())).await;
    create(&sim, TOPIC, PARTITIONS).await;
    let env = sim.env_for(CLIENT);
    let seen = Arc::new(Mutex::new(Seen::default()));
    let readers = [reader(&env, &seen), reader(&env, &seen)];
    let linger = ["0", "5", "100"][sim.draw(3) as usize];
    let producer = producer(
        &env,
        BOOTSTRAP,
        [("linger.ms", linger), ("batch.size", "300"), ("request.timeout.ms", "2000"), ("buffer.memory", "3000")],
    );
    faults.set(true);
    sim.network().plan(NetworkPlan {
        refuse_chance: 0.05,
        cut_chance: 0.005,
        spike_chance: 0.02,
        ..NetworkPlan::default()
    });

    let mut completions = Vec::new();
    let mut number = 0_u32;
    for _ in 0..20 {
        let count = sim.draw(40) as usize;
        let records: Vec<Rec> = (number..)
            .take(count)
            .map(|number| Rec::value(number.to_string()).on(number as i32 % PARTITIONS))
            .collect();
        number += count as u32;
        completions.extend(append_all(&producer, &rows(TOPIC, &records)).await);
        check_offsets(&seen.lock(), &data);
        match sim.draw(12) {
            0 => sim.network().cut_host(BROKER),
            1 => {
                broker.stop().await;
                env.sleep(Duration::from_millis(sim.draw(4000))).await;
                broker = start(&sim, &data, Some(faults.clone())).await;
            }
            2 => {
                sim.network().partition(CLIENT, BROKER);
                env.sleep(Duration::from_millis(sim.draw(20_000))).await;
                sim.network().heal_all();
            }
            3 => producer.flush(),
            _ => {}
        }
        env.sleep(Duration::from_millis(sim.draw(400))).await;
    }
    faults.set(false);
    sim.network().plan(NetworkPlan::default());
    assert!(producer.close(Duration::from_secs(300)).await, "everything is reported");
    completions.extend(producer.completions().await);
    check_completions(&completions, number);
    check_log(&sim, &data, &completions, number);

    // An old commit may arrive late, on a connection that is gone, and be overwritten by the next one.
    let committed = |partition: i32| data.committed("group", TOPIC, partition).unwrap_or(0);
    let waiting = async {
        while (0..PARTITIONS).any(|partition| committed(partition) < data.end_offset(TOPIC, partition)) {
            check_offsets(&seen.lock(), &data);
            env.sleep(Duration::from_millis(200)).await;
        }
    };
    env.timeout(Duration::from_secs(300), waiting).await.expect("the readers reach the end");
    check_offsets(&seen.lock(), &data);
    seen.lock().stop = true;
    for reader in readers {
        reader.join().await.unwrap();
    }
    sim.trace(format_args!("{number} records, {} faults", faults.hits()));
    assert!(faults.hits() > 0);
    broker.stop().await;
    env.sleep(Duration::from_secs(1)).await;
    assert_eq!(sim.network().connections().len(), 0, "everything is closed");
}

/// No offset is committed of a record that nobody has read.
fn check_offsets(seen: &Seen, data: &Data) {
    for partition in 0..PARTITIONS {
        let read = seen.values.get(&tp(TOPIC, partition)).map_or(0, BTreeMap::len);
        let committed = data.committed("group", TOPIC, partition).unwrap_or(0);
        assert!(committed <= read as i64, "partition {partition}: {committed} is committed, {read} are read");
    }
}

/// Each row is reported once, as stored, per partition in order.
fn check_completions(completions: &[Completion<kafka_client::ClientError>], number: u32) {
    let mut rows = BTreeSet::new();
    let mut last: BTreeMap<i32, (u64, i64)> = BTreeMap::new();
    for completion in completions {
        assert_eq!(completion.error, None);
        for run in &completion.runs {
            for at in 0..u64::from(run.count) {
                let (row, offset) = (run.first_row + at, run.base_offset + at as i64);
                assert!(rows.insert(row), "row {row} is reported twice");
                let before = last.insert(completion.partition, (row, offset));
                assert!(
                    before.is_none_or(|(earlier, below)| earlier < row && below < offset),
                    "row {row} out of order"
                );
            }
        }
    }
    assert_eq!(rows.len(), number as usize);
}

/// The log holds each record where it was reported. A batch may be there twice when its answer was lost, but what comes
/// first is in order.
fn check_log(sim: &SimHandle, data: &Data, completions: &[Completion<kafka_client::ClientError>], number: u32) {
    let mut reported: BTreeMap<(i32, i64), u64> = BTreeMap::new();
    for completion in completions {
        for run in &completion.runs {
            for at in 0..u64::from(run.count) {
                reported.insert((completion.partition, run.base_offset + at as i64), run.first_row + at);
            }
        }
    }
    let mut repeated = 0;
    for partition in 0..PARTITIONS {
        let mut stored = Vec::new();
        for batch in kafka_wire::Batches::new(data.batches(TOPIC, partition, 0)) {
            for record in batch.unwrap().records(1 << 20).unwrap() {
                let record = record.unwrap();
                let value: u32 = std::str::from_utf8(record.value.as_ref().unwrap()).unwrap().parse().unwrap();
                if let Some(row) = reported.get(&(partition, record.offset)) {
                    assert_eq!(u64::from(value), *row, "offset {} holds another record than reported", record.offset);
                }
                stored.push(value);
            }
        }
        let all = stored.len();
        let mut seen = BTreeSet::new();
        stored.retain(|value| seen.insert(*value));
        repeated += all - stored.len();
        let expected: Vec<u32> = (0..number).filter(|value| *value as i32 % PARTITIONS == partition).collect();
        assert_eq!(stored, expected, "partition {partition}");
    }
    sim.trace(format_args!("{repeated} records are there twice"));
}

#[test]
fn accidents_cost_no_record_and_no_order() {
    replay_seeds(0..30, async |_, sim| history(sim).await);
}
