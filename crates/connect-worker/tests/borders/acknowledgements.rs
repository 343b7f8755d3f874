//! Acknowledgements reach a source while it reads, each once, and offsets follow them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connect_api::source::Acknowledgement;
use connect_api::{Error, Result, Verdict};
use connect_storage::offsets::{MemoryOffsetStore, OffsetStore};

use crate::doubles::{Gate, Turn, World, on_threads, record, simulated};

#[test]
fn offsets_are_stored_and_told_while_a_poll_blocks_its_thread() {
    on_threads(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "50").build();
        let (source, gate) = (world.source("c"), Gate::default());
        world.producer("c").hold();
        source.then_records(1..=3).then(Turn::Block(gate.clone(), vec![record(4)]));
        world.start_source("c", &[]);
        world.eventually("the poll blocks", || gate.blocks()).await;

        let producer = world.producer("c").last();
        assert_eq!(producer.waiting(), ["1", "2", "3"]);
        producer.acknowledge(2);
        world.stores("c", 2).await;
        producer.acknowledge(1);
        world.stores("c", 3).await;
        let commits = source.commits();
        world.eventually("commit goes on being called", || source.commits() > commits + 1).await;
        assert_eq!((source.tags(), gate.blocks()), (vec![1, 2, 3], true));

        gate.open();
        world.eventually("the poll gives its record", || producer.waiting() == ["4"]).await;
        producer.acknowledge(1);
        world.stop("c").await;
        assert_eq!((world.stored("c").await, world.statuses.last("c-0")), (Some(4), Some("UNASSIGNED")));
    });
}

#[test]
fn offsets_are_stored_and_told_while_a_poll_awaits_for_minutes() {
    simulated(|env| async move {
        let world = World::new(&env);
        let source = world.source("c");
        world.producer("c").hold();
        source.then_records(1..=3).then(Turn::Wait(Duration::from_secs(600))).then_records([4]);
        world.start_source("c", &[]);
        world.eventually("the second poll", || source.polls() == 2).await;

        let producer = world.producer("c").last();
        world.eventually("what was sent goes out before the wait", || producer.flushes() > 0).await;
        producer.acknowledge(3);
        world.stores("c", 3).await;
        assert_eq!((source.tags(), source.polls()), (vec![1, 2, 3], 2));
        assert!(source.commits() > 0 && env.clock().now().since_origin() < Duration::from_secs(10));

        env.sleep(Duration::from_secs(600)).await;
        assert_eq!(producer.waiting(), ["4"]);
        assert!(source.commits() > 500, "once in each interval");
    });
}

fn tags_and_places(list: &[Acknowledgement]) -> Vec<(u64, Option<i64>)> {
    list.iter().map(|item| (item.tag, item.stored.as_ref().map(|stored| stored.offset))).collect()
}

#[test]
fn every_record_of_a_queue_is_acknowledged_once_by_its_tag_in_the_order_of_acknowledgement() {
    simulated(|env| async move {
        let world = World::new(&env);
        world.change(
            "no even",
            Arc::new(|record| {
                let even = record.value.value.as_str().unwrap().parse::<u64>().unwrap().is_multiple_of(2);
                Ok(if even { Verdict::Drop } else { Verdict::Keep })
            }),
        );
        world.refuse("no 5", Arc::new(|text| if text == "5" { Err(Error::data("five")) } else { Ok(()) }));
        let (source, control) = (world.source("c"), world.producer("c"));
        control.hold();
        control.refuse("7", Error::connect("too large"), usize::MAX);
        control.fail("9", Error::connect("not stored"));
        source.then_records(1..=12);
        world.start_source(
            "c",
            &[
                ("transforms", "t"),
                ("transforms.t.type", "test.Change"),
                ("transforms.t.script", "no even"),
                ("value.converter", "test.Refusing"),
                ("value.converter.script", "no 5"),
                ("errors.tolerance", "all"),
            ],
        );
        world.eventually("the rest is sent", || control.count() == 1 && control.last().waiting().len() == 4).await;
        assert_eq!(control.last().waiting(), ["1", "3", "9", "11"]);
        world.eventually("what is not sent is acknowledged", || source.tags().len() == 8).await;
        assert_eq!(source.tags(), [2, 4, 6, 8, 10, 12, 5, 7]);
        assert!(source.acknowledged().iter().all(|item| item.stored.is_none()));

        for value in ["11", "1", "9", "3"] {
            control.last().acknowledge_value(value);
            env.sleep(Duration::from_millis(10)).await;
        }
        world.stop("c").await;
        let rest = tags_and_places(&source.acknowledged()[8..]);
        assert_eq!(rest, [(11, Some(0)), (1, Some(1)), (9, None), (3, Some(2))]);
        assert_eq!(world.cluster.values("t"), ["11", "1", "3"]);
        assert_eq!(world.stored("c").await, Some(11));
    });
}

#[test]
fn records_that_are_dropped_are_acknowledged_at_once() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "3600000").build();
        world.change("nothing", Arc::new(|_| Ok(Verdict::Drop)));
        let source = world.source("c");
        world.start_source(
            "c",
            &[("transforms", "t"), ("transforms.t.type", "test.Change"), ("transforms.t.script", "nothing")],
        );
        world.reaches("c-0", "RUNNING").await;
        for batch in 0..10 {
            source.then_records([batch]);
            env.sleep(Duration::from_millis(100)).await;
            assert_eq!(source.tags(), (0..=batch).collect::<Vec<_>>());
        }
        assert_eq!(world.stored("c").await, None, "a dropped record moves no offset on its own");
    });
}

#[test]
fn an_acknowledgement_says_where_and_when_the_record_is_stored() {
    simulated(|env| async move {
        let world = World::new(&env);
        let source = world.source("c");
        let mut timed = record(1);
        timed.timestamp = Some(77);
        source.then(Turn::Records(vec![timed, record(2)]));
        world.start_source("c", &[]);
        world.eventually("both", || source.tags().len() == 2).await;
        let stored = world.cluster.records("t");
        for (offset, item) in source.acknowledged().into_iter().enumerate() {
            let place = item.stored.unwrap();
            assert_eq!((&*place.topic, place.partition, place.offset), ("t", 0, offset as i64));
            assert_eq!(place.timestamp, stored[offset].timestamp);
        }
        assert_eq!(stored[0].timestamp, 77);
        assert!(stored[1].timestamp > 1_700_000_000_000, "the time of the send");
    });
}

#[test]
fn a_connector_whose_acknowledger_fails_or_panics_goes_on() {
    simulated(|env| async move {
        let world = World::new(&env);
        let source = world.source("c");
        source.on_acknowledgement(Turn::Fail(Error::connect("no")));
        source.then_records([1]);
        world.start_source("c", &[]);
        world.eventually("the first", || source.tags() == [1]).await;
        source.on_acknowledgement(Turn::Panic("commit_records panicked"));
        source.then_records([2]);
        world.eventually("the second", || source.tags() == [1, 2]).await;
        source.then_records([3]);
        world.stores("c", 3).await;
        assert_eq!((source.tags(), world.statuses.of("c-0")), (vec![1, 2, 3], vec!["RUNNING"]));
    });
}

#[test]
fn an_acknowledger_that_blocks_its_thread_holds_up_no_reading() {
    on_threads(|env| async move {
        let world = World::new(&env);
        let (source, gate) = (world.source("c"), Gate::default());
        source.on_acknowledgement(Turn::Block(gate.clone(), vec![]));
        source.then_records([1]);
        world.start_source("c", &[]);
        world.eventually("it blocks", || gate.blocks()).await;
        source.then_records([2]).then_records([3]);
        world.eventually("all are sent", || world.cluster.values("t") == ["1", "2", "3"]).await;
        assert_eq!(source.tags(), [1]);
        gate.open();
        world.eventually("all are told", || source.tags() == [1, 2, 3]).await;
        world.stop("c").await;
        assert_eq!(world.stored("c").await, Some(3));
    });
}

#[test]
fn a_failure_of_the_producer_fails_the_task_though_its_poll_waits() {
    simulated(|env| async move {
        let world = World::new(&env);
        let (source, control) = (world.source("c"), world.producer("c"));
        control.hold();
        control.fail("2", Error::connect("the broker said no"));
        source.then_records(1..=3);
        world.start_source("c", &[]);
        world.eventually("it waits", || source.polls() == 2).await;
        control.last().acknowledge(3);
        world.reaches("c-0", "FAILED").await;
        assert_eq!(
            world.statuses.trace("c-0").unwrap(),
            "org.apache.kafka.connect.errors.ConnectException: Unrecoverable exception from producer send callback\n\
             Caused by: org.apache.kafka.connect.errors.ConnectException: the broker said no\n"
        );
        assert_eq!((world.stored("c").await, source.stops()), (Some(1), 1), "nothing beyond the gap; stopped in order");
    });
}

#[test]
fn a_poll_that_does_not_return_when_the_producer_failed_is_left_alone_after_a_while() {
    simulated(|env| async move {
        let world = World::new(&env);
        let (source, control) = (world.source("c"), world.producer("c"));
        control.hold();
        control.fail("1", Error::connect("no"));
        source.then_records([1]).then(Turn::Hang);
        world.start_source("c", &[]);
        world.eventually("it hangs", || source.polls() == 2).await;
        control.last().acknowledge(1);
        let failed_at = env.clock().now();
        world.reaches("c-0", "FAILED").await;
        assert!(env.clock().now() - failed_at >= Duration::from_secs(5));
        assert_eq!(source.stops(), 0, "nothing is called on a reader whose poll was dropped");
    });
}

#[test]
fn a_poll_that_gives_nothing_at_once_takes_no_whole_core() {
    simulated(|env| async move {
        let world = World::new(&env);
        let (empty, retrying, neighbour) = (world.source("e"), world.source("r"), world.source("n"));
        for _ in 0..100_000 {
            empty.then(Turn::Empty);
            retrying.then(Turn::Fail(Error::retriable("not now")));
        }
        for name in ["e", "r", "n"] {
            world.start_source(name, &[]);
        }
        neighbour.then_records([1]);
        world.stores("n", 1).await;
        env.sleep(Duration::from_secs(10)).await;
        for source in [&empty, &retrying] {
            assert!((90..200).contains(&source.polls()), "{}", source.polls());
        }
        assert_eq!(world.statuses.of("r-0"), ["RUNNING"]);
    });
}

/// A store whose first writes fail, and whose next ones never return.
#[derive(Default)]
struct Rigged {
    store: MemoryOffsetStore,
    writes: AtomicUsize,
}

#[async_trait]
impl OffsetStore for Rigged {
    async fn get(&self, keys: &[Bytes]) -> Result<Vec<Option<Bytes>>> {
        self.store.get(keys).await
    }

    async fn set(&self, entries: Vec<(Bytes, Option<Bytes>)>) -> Result<()> {
        match self.writes.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Err(Error::connect("disk full")),
            2 | 3 => std::future::pending().await,
            _ => self.store.set(entries).await,
        }
    }

    async fn entries(&self) -> Vec<(Bytes, Option<Bytes>)> {
        self.store.entries().await
    }
}

#[test]
fn offsets_that_could_not_be_stored_are_stored_later_and_hold_up_no_reading() {
    simulated(|env| async move {
        let rigged = Arc::new(Rigged::default());
        let world = World::builder(&env).offsets(rigged.clone()).build();
        let source = world.source("c");
        source.then_records(1..=3);
        world.start_source("c", &[]);
        world.eventually("two failed writes", || rigged.writes.load(Ordering::SeqCst) == 2).await;
        assert_eq!((source.commits(), world.stored("c").await), (0, None), "commit means stored");
        world.eventually("a write hangs", || rigged.writes.load(Ordering::SeqCst) == 3).await;
        source.then_records([4]);
        world.eventually("reading goes on", || world.cluster.values("t").len() == 4).await;
        world.stores("c", 4).await;
        world.eventually("told", || source.tags() == [1, 2, 3, 4] && source.commits() > 0).await;
        assert_eq!(world.statuses.of("c-0"), ["RUNNING"]);
    });
}

#[test]
fn what_is_safe_is_stored_at_a_stop_though_something_else_is_never_acknowledged() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "60000").build();
        let source = world.source("c");
        world.producer("c").hold();
        source.then_records(1..=3);
        world.start_source("c", &[]);
        world.eventually("sent", || source.polls() == 2).await;
        world.producer("c").last().acknowledge(2);
        world.stop("c").await;
        assert_eq!((world.stored("c").await, source.tags(), source.stops()), (Some(2), vec![1, 2], 1));
        assert_eq!((world.statuses.last("c-0"), world.worker.abandoned().total()), (Some("UNASSIGNED"), 0));
    });
}
