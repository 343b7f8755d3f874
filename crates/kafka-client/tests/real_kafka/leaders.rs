//! Three brokers: clients that did nothing while leaders and coordinators moved learn of it by what they are refused, and go on.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use e2e::{KafkaOptions, RealKafka, Record};
use env::Env;
use kafka_client::Consumer;
use kafka_client::consumer::{Event, StartAt};

use super::clients::{Rec, consume, consumer, produce_well, producer, tp, values};
use super::support::run;

/// What a client may take to find a leader again that has moved, on a busy machine; metadata is asked for by age every five minutes only.
const MOVE_LIMIT: Duration = Duration::from_secs(5);
/// The same when a broker was killed, which the others notice after three seconds; not before they do so is another its leader.
const KILL_LIMIT: Duration = Duration::from_secs(20);

/// The one cluster of these tests, whole again, for one test at a time.
fn cluster() -> MutexGuard<'static, RealKafka> {
    static CLUSTER: OnceLock<Mutex<RealKafka>> = OnceLock::new();
    let start = || {
        let mut kafka = RealKafka::start_with(KafkaOptions::three_nodes()).unwrap();
        kafka.remove_with_this_process().unwrap();
        Mutex::new(kafka)
    };
    let mut kafka = CLUSTER.get_or_init(start).lock().unwrap_or_else(PoisonError::into_inner);
    kafka.start_again().unwrap();
    kafka
}

/// Moves a leadership away and back: the same node leads again, two epochs later.
fn move_away_and_back(kafka: &RealKafka, topic: &str) {
    let first = kafka.leader_of(topic, 0).unwrap();
    while kafka.move_leader(topic, 0).unwrap() != first {}
}

/// Polls until the group gave so many partitions.
async fn until_assigned(consumer: &mut Consumer, count: usize) {
    loop {
        if let Event::Assigned(partitions) = consumer.poll(Duration::from_secs(1)).await.unwrap()
            && partitions.len() == count
        {
            return;
        }
    }
}

/// Polls for this time: nothing may come of it.
async fn poll_in_vain(env: &Env, consumer: &mut Consumer, time: Duration) {
    let until = env.clock().now() + time;
    while env.clock().now() < until {
        let event = consumer.poll(Duration::from_millis(200)).await.unwrap();
        assert!(matches!(event, Event::Idle), "{event:?}");
    }
}

#[test]
fn an_idle_producer_finds_a_leader_that_has_moved() {
    let mut kafka = cluster();
    kafka.create_topic("idle-producer", 1, &[]).unwrap();
    run(async |env| {
        let producer = producer(&env, kafka.bootstrap(), []);
        produce_well(&producer, "idle-producer", &[Rec::value("0")]).await;
        kafka.move_leader("idle-producer", 0).unwrap();
        env.timeout(MOVE_LIMIT, produce_well(&producer, "idle-producer", &[Rec::value("1")])).await.unwrap();
        move_away_and_back(&kafka, "idle-producer");
        env.timeout(MOVE_LIMIT, produce_well(&producer, "idle-producer", &[Rec::value("2")])).await.unwrap();

        kafka.take_from_leader("idle-producer", 0).unwrap();
        env.timeout(MOVE_LIMIT, produce_well(&producer, "idle-producer", &[Rec::value("3")])).await.unwrap();

        // Two must remain.
        kafka.driver().unwrap().reassign("idle-producer", 0, &[1, 2, 3]).unwrap();
        kafka.wait_until_in_sync("idle-producer").unwrap();
        let leader = kafka.leader_of("idle-producer", 0).unwrap();
        kafka.kill_node(leader).unwrap();
        env.timeout(KILL_LIMIT, produce_well(&producer, "idle-producer", &[Rec::value("4")])).await.unwrap();
        assert!(producer.close(Duration::from_secs(10)).await);
        let stored = kafka.consume_all("idle-producer").unwrap();
        assert_eq!(stored.iter().map(|record| record.text()).collect::<Vec<_>>(), ["0", "1", "2", "3", "4"]);
    });
}

#[test]
fn a_consumer_that_fetched_nothing_for_a_while_finds_a_leader_that_has_moved() {
    let kafka = cluster();
    kafka.create_topic("idle-consumer", 1, &[]).unwrap();
    run(async |env| {
        let of = tp("idle-consumer", 0);
        let mut reader = consumer(&env, kafka.bootstrap(), "", []);
        reader.assign(BTreeMap::from([(of.clone(), StartAt::Earliest)])).unwrap();
        let mut next = 0;
        let mut found = Vec::new();
        let produce = |kafka: &RealKafka, number: i64| {
            kafka.produce(&[Record::to("idle-consumer").value(number.to_string())]).unwrap();
        };
        produce(&kafka, next);
        found.extend(consume(&env, &mut reader, 1).await);
        for step in 0..7 {
            let pauses = step != 6;
            if pauses {
                reader.pause([&of]);
                // The last fetch before the pause is over.
                env.sleep(Duration::from_secs(1)).await;
            }
            match step / 2 {
                0 => drop(kafka.move_leader("idle-consumer", 0).unwrap()),
                // The right broker is asked, in a past epoch.
                1 => move_away_and_back(&kafka, "idle-consumer"),
                // Who is asked holds the partition no more.
                2 => drop(kafka.take_from_leader("idle-consumer", 0).unwrap()),
                // In the middle of a fetch that waits for records.
                _ => drop(kafka.move_leader("idle-consumer", 0).unwrap()),
            }
            next += 1;
            produce(&kafka, next);
            // Each is the first to be refused in every other step.
            if step % 2 == 1 {
                let ends = env.timeout(MOVE_LIMIT, reader.end_offsets(std::slice::from_ref(&of))).await;
                assert_eq!(ends.unwrap().unwrap(), BTreeMap::from([(of.clone(), next + 1)]), "step {step}");
            }
            reader.resume([&of]);
            found.extend(env.timeout(MOVE_LIMIT, consume(&env, &mut reader, 1)).await.unwrap());
        }
        let expected: Vec<(i64, String)> = (0..=next).map(|number| (number, number.to_string())).collect();
        assert_eq!(values(&found, 0), expected);
        reader.close(Duration::from_secs(10)).await;
    });
}

#[test]
fn a_member_stays_in_its_group_while_the_coordinator_moves_or_is_killed() {
    let mut kafka = cluster();
    kafka.create_topic("coordinated", 2, &[]).unwrap();
    run(async |env| {
        let mut member = consumer(&env, kafka.bootstrap(), "coordinated", [("heartbeat.interval.ms", "300")]);
        member.subscribe(["coordinated"]).unwrap();
        until_assigned(&mut member, 2).await;
        let commit = |offset: i64| BTreeMap::from([(tp("coordinated", 0), offset), (tp("coordinated", 1), offset)]);
        member.commit(&commit(1)).await.unwrap();
        let partition = offsets_partition("coordinated", 3);

        kafka.move_leader("__consumer_offsets", partition).unwrap();
        env.timeout(MOVE_LIMIT, member.commit(&commit(2))).await.unwrap().unwrap();
        poll_in_vain(&env, &mut member, Duration::from_secs(2)).await;
        kafka.move_leader("__consumer_offsets", partition).unwrap();
        // Now the heartbeats are the first to learn of it.
        poll_in_vain(&env, &mut member, Duration::from_secs(2)).await;
        env.timeout(MOVE_LIMIT, member.commit(&commit(3))).await.unwrap().unwrap();

        kafka.wait_until_in_sync("__consumer_offsets").unwrap();
        let coordinator = kafka.driver().unwrap().coordinator("coordinated").unwrap();
        assert_eq!(coordinator, kafka.leader_of("__consumer_offsets", partition).unwrap());
        kafka.kill_node(coordinator).unwrap();
        env.timeout(KILL_LIMIT, member.commit(&commit(4))).await.unwrap().unwrap();
        poll_in_vain(&env, &mut member, Duration::from_secs(2)).await;
        let committed = member.committed(&[tp("coordinated", 0), tp("coordinated", 1)]).await.unwrap();
        assert!(committed.values().all(|offset| *offset == Some(4)), "{committed:?}");
        member.close(Duration::from_secs(10)).await;
    });
}

/// Which partition of `__consumer_offsets` a group is in, by Java's hash of its name.
fn offsets_partition(group: &str, partitions: i32) -> usize {
    let hash = group.bytes().fold(0_i32, |hash, byte| hash.wrapping_mul(31).wrapping_add(i32::from(byte)));
    ((hash & i32::MAX) % partitions) as usize
}
