//! Tests of the coordinator with partitions and a journal that outlives it.

use std::net::SocketAddr;

use bytes::Bytes;
use env_sim::Sim;
use kafka_wire::{BatchBuilder, BatchOptions, ProducerState};
use uuid::Uuid;

use super::*;
use crate::topics::{Isolation, NewTopic};

struct World {
    data: Data,
    env: Env,
}

const TIMEOUT: i32 = 10_000;

impl World {
    /// With the topics `a` and `b`, of one partition each.
    fn new(env: Env) -> Self {
        let data = Data::new();
        for (name, id) in [("a", 1), ("b", 2)] {
            let new = NewTopic { name: name.into(), partitions: 1, ..NewTopic::default() };
            data.0.topics.create(new, Uuid::from_u128(id)).unwrap();
        }
        Self { data, env }
    }

    /// As a broker that starts.
    fn coordinator(&self) -> Arc<Coordinator> {
        let config = BrokerConfig::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        Coordinator::new(self.env.clone(), self.data.clone(), &config).unwrap()
    }

    /// A batch of a transaction, whoever knows of it.
    fn append(&self, topic: &str, (id, epoch): Producer, base_sequence: i32) {
        let topic = self.data.0.topics.get(topic).unwrap();
        let mut builder = BatchBuilder::new(BatchOptions::default());
        builder.append(1, None, Some(b"x"), []).unwrap();
        let state = ProducerState { id, epoch, base_sequence };
        let records: Bytes = builder.finish(Some(state), true).unwrap();
        let partition = topic.partition(0).unwrap();
        let guard = partition.verify(state);
        partition.append(records, topic.append_rules(0), guard).unwrap();
    }

    /// Stable offset, end offset and the number of aborted transactions.
    fn look(&self, topic: &str) -> (i64, i64, usize) {
        let topic = self.data.0.topics.get(topic).unwrap();
        let partition = topic.partition(0).unwrap();
        let nobody = Arc::new(Notify::new());
        let slice = partition.read(0, usize::MAX, true, Isolation::ReadCommitted, &nobody).unwrap();
        (slice.stable_offset, slice.end_offset, slice.aborted.unwrap().len())
    }

    /// A transaction in both topics, with an offset of group `g`.
    fn begin(&self, coordinator: &Coordinator, id: &str) -> Producer {
        let producer = coordinator.init(Some(id), TIMEOUT, None).unwrap();
        let partitions = ["a", "b"].map(|name| (name.to_owned(), 0));
        coordinator.add_partitions(id, producer, partitions.to_vec()).unwrap();
        coordinator.add_group(id, producer, "g").unwrap();
        coordinator.add_offsets(id, producer, "g", vec![pending(5)], || Ok(())).unwrap();
        self.append("a", producer, 0);
        self.append("b", producer, 0);
        producer
    }

    fn committed(&self) -> Option<i64> {
        self.data.0.offsets.get("g", "a", 0).map(|committed| committed.offset)
    }

    fn keep(&self, id: &str, transaction: &Transaction) {
        self.data.0.journal.write(vec![Change::put(Kind::Transaction, id, transaction).unwrap()]).unwrap();
    }
}

fn pending(offset: i64) -> PendingOffset {
    PendingOffset {
        group: "g".into(),
        topic: "a".into(),
        partition: 0,
        offset,
        leader_epoch: -1,
        metadata: String::new(),
        at: 0,
    }
}

/// What is kept of an id, as the journal has it.
fn kept(world: &World, id: &str) -> Transaction {
    let all = world.data.0.journal.all::<Transaction>(Kind::Transaction).unwrap();
    all.into_iter().find(|(key, _)| key == id).unwrap().1
}

#[test]
fn the_next_broker_completes_what_was_decided() {
    Sim::new(1).run(|env, _| async move {
        for (commit, aborted, offset) in [(true, 0, Some(5)), (false, 1, None)] {
            // After the decision was written: no marker, one, and all of them.
            for markers in [0, 1, 2] {
                let world = World::new(env.clone());
                let first = world.coordinator();
                let producer = world.begin(&first, "x");
                let decided = kept(&world, "x").end(producer, commit, 0).unwrap().unwrap();
                drop(first);
                world.keep("x", &decided);
                for name in ["a", "b"].into_iter().take(markers) {
                    let topic = world.data.0.topics.get(name).unwrap();
                    let marker = Marker { producer_id: producer.0, epoch: producer.1, commit };
                    topic.partition(0).unwrap().append_marker(marker, 0).unwrap();
                }
                let next = world.coordinator();
                for name in ["a", "b"] {
                    let (stable, end, aborts) = world.look(name);
                    assert_eq!((stable, aborts), (end, aborted), "{commit} {markers} {name}");
                }
                assert_eq!(world.committed(), offset);
                assert_eq!(next.end("x", producer, commit), Ok(()));
                assert_eq!(next.end("x", producer, !commit), Err(ErrorCode::InvalidTxnState));
            }
        }
    });
}

#[test]
fn what_is_open_stays_open_for_the_rest_of_its_time() {
    Sim::new(1).run(|env, _| async move {
        let world = World::new(env.clone());
        let producer = world.begin(&world.coordinator(), "x");
        env.sleep(Duration::from_secs(4)).await;
        let next = world.coordinator();
        let clock = env.work().spawn("clock", next.clone().run());
        assert_eq!(world.look("a"), (0, 1, 0));
        assert!(next.is_pending("g", "a", 0));
        env.sleep(Duration::from_millis(5_900)).await;
        assert_eq!(next.verify("x", producer, &("a".into(), 0)), Ok(()));
        env.sleep(Duration::from_millis(200)).await;
        assert_eq!(next.verify("x", producer, &("a".into(), 0)), Err(ErrorCode::ProducerFenced));
        assert_eq!((world.look("a"), world.committed()), ((2, 2, 1), None));
        clock.abort();
    });
}

#[test]
fn transactions_that_nobody_knows_are_ended() {
    Sim::new(1).run(|env, _| async move {
        let world = World::new(env.clone());
        let first = world.coordinator();
        let mut commit = kept_after(&world, &first, "commit");
        commit.state = State::CompleteCommit;
        world.keep("commit", &commit);
        // One that is open, but not here.
        let elsewhere = first.init(Some("elsewhere"), TIMEOUT, None).unwrap();
        first.add_partitions("elsewhere", elsewhere, vec![("a".into(), 0)]).unwrap();
        drop(first);
        world.append("a", (commit.producer_id, commit.epoch), 0);
        world.append("a", elsewhere, 0);
        world.append("b", elsewhere, 0);
        world.append("b", (777, 3), 0);
        world.coordinator();
        assert_eq!(world.look("a"), (1, 3, 0), "one is committed, one still open");
        assert_eq!(world.look("b"), (4, 4, 2));
    });
}

fn kept_after(world: &World, coordinator: &Coordinator, id: &str) -> Transaction {
    coordinator.init(Some(id), TIMEOUT, None).unwrap();
    kept(world, id)
}

#[test]
fn there_is_a_limit_to_everything() {
    Sim::new(1).run(|env, _| async move {
        let world = World::new(env.clone());
        let coordinator = world.coordinator();
        let open = world.begin(&coordinator, "open");
        for group in 0..MAX_GROUPS - 1 {
            coordinator.add_group("open", open, &group.to_string()).unwrap();
        }
        assert_eq!(coordinator.add_group("open", open, "more"), Err(ErrorCode::PolicyViolation));
        assert_eq!(coordinator.add_group("open", open, "g"), Ok(()));
        let first = coordinator.init(Some("first"), TIMEOUT, None).unwrap();
        env.sleep(Duration::from_millis(1)).await;
        for id in 0..MAX_IDS - 2 {
            coordinator.init(Some(&id.to_string()), TIMEOUT, None).unwrap();
        }
        assert_eq!(coordinator.ids.lock().known.len(), MAX_IDS);
        coordinator.init(Some("last"), TIMEOUT, None).unwrap();
        assert_eq!(coordinator.ids.lock().known.len(), MAX_IDS);
        assert_eq!(coordinator.add_group("first", first, "g"), Err(ErrorCode::InvalidProducerIdMapping));
        assert_eq!(coordinator.verify("open", open, &("a".into(), 0)), Ok(()));
    });
}

#[test]
fn a_fact_that_is_none_is_an_error() {
    Sim::new(1).run(|env, _| async move {
        let world = World::new(env);
        world.data.0.journal.write(vec![Change::put(Kind::Transaction, "x", &7).unwrap()]).unwrap();
        let config = BrokerConfig::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        assert!(Coordinator::new(world.env.clone(), world.data.clone(), &config).is_err());
    });
}
