//! The worker's byte budget: nobody starves, nothing is too large, what is done or given up is free.

use std::time::Duration;

use connect_api::{Datum, Error, Record};

use crate::doubles::{Turn, World, record, simulated};

const LEAST: usize = 1 << 20;

/// A record with a value of that many bytes.
fn large(number: u64, bytes: usize) -> Record {
    let mut large = record(number);
    large.value = Datum::schemaless("x".repeat(bytes).as_str());
    large
}

#[test]
fn a_record_larger_than_the_whole_budget_passes_alone() {
    simulated(|env| async move {
        let world = World::builder(&env).budget(LEAST).build();
        let (small, big) = (world.source("small"), world.source("big"));
        world.producer("small").hold();
        world.producer("big").hold();
        small.then_records([1]);
        world.start_source("small", &[]);
        world.eventually("the small one is in flight", || small.polls() == 2).await;
        big.then(Turn::Records(vec![large(2, 3 * LEAST)]));
        world.start_source("big", &[]);
        env.sleep(Duration::from_secs(60)).await;
        assert_eq!(world.producer("big").last().accepted(), 0, "not beside others");
        world.producer("small").last().acknowledge(1);
        world.eventually("it passes", || world.producer("big").last().accepted() == 1).await;
        assert_eq!(world.budget.free(), 0);
        small.then_records([3]);
        env.sleep(Duration::from_secs(60)).await;
        assert_eq!(world.producer("small").last().accepted(), 1, "nobody beside it");
        world.producer("big").last().acknowledge(1);
        world.eventually("the next", || world.producer("small").last().accepted() == 2).await;
        world.producer("small").last().acknowledge(1);
        world.eventually("all is free", || world.budget.free() == LEAST).await;
    });
}

#[test]
fn many_tasks_with_a_tiny_budget_all_progress() {
    simulated(|env| async move {
        let world = World::builder(&env).budget(LEAST).build();
        let names: Vec<String> = (0..20).map(|number| format!("c{number}")).collect();
        let sources: Vec<_> = names.iter().map(|name| world.source(name)).collect();
        for (name, source) in names.iter().zip(&sources) {
            world.producer(name).hold();
            for batch in 0..10 {
                source.then(Turn::Records(vec![large(batch, 300 << 10), large(100 + batch, 300 << 10)]));
            }
            world.start_source(name, &[]);
        }
        let mut in_flight_at_most = 0;
        for _ in 0..20_000 {
            env.sleep(Duration::from_millis(10)).await;
            let mut in_flight = 0;
            for name in names.iter().filter(|name| world.producer(name).count() > 0) {
                let producer = world.producer(name).last();
                in_flight += producer.waiting().len();
                producer.acknowledge(1);
            }
            in_flight_at_most = in_flight_at_most.max(in_flight);
            if sources.iter().all(|source| source.tags().len() == 20) {
                break;
            }
        }
        assert!(sources.iter().all(|source| source.tags().len() == 20), "all are done");
        assert!(in_flight_at_most <= 3, "{in_flight_at_most} of 300 KiB within 1 MiB");
        assert_eq!(world.budget.free(), LEAST);
    });
}

#[test]
fn a_task_that_waits_for_its_own_share_sends_what_holds_it_and_fails_when_that_fails() {
    simulated(|env| async move {
        let world = World::builder(&env).budget(LEAST).build();
        let source = world.source("c");
        world.producer("c").hold();
        world.producer("c").fail("1", Error::connect("the broker said no"));
        source.then_records([1]).then(Turn::Records(vec![large(2, LEAST)]));
        world.start_source("c", &[]);
        world.eventually("both are polled", || source.polls() == 2).await;
        env.sleep(Duration::from_secs(1)).await;
        let producer = world.producer("c").last();
        assert_eq!((producer.accepted(), producer.flushes() > 0), (1, true));
        producer.acknowledge(1);
        world.reaches("c-0", "FAILED").await;
        assert!(world.statuses.trace("c-0").unwrap().contains("the broker said no"));
        assert_eq!(world.budget.free(), LEAST);
    });
}

#[test]
fn a_task_that_stopped_or_failed_leaves_the_budget_free() {
    simulated(|env| async move {
        let world = World::builder(&env).budget(LEAST).build();
        let (stopped, failed) = (world.source("stopped"), world.source("failed"));
        world.producer("stopped").hold();
        world.producer("failed").hold();
        stopped.then_records([1]);
        failed.then_records([1]).then(Turn::Fail(Error::connect("no")));
        world.start_source("stopped", &[]);
        world.start_source("failed", &[]);
        world.eventually("in flight", || stopped.polls() == 2 && failed.polls() == 2).await;
        world.stop("stopped").await;
        world.reaches("failed-0", "FAILED").await;
        assert_eq!(world.budget.free(), LEAST);
        assert_eq!((world.stored("stopped").await, world.stored("failed").await), (None, None));
    });
}

#[test]
fn a_full_producer_holds_up_its_own_task_only() {
    simulated(|env| async move {
        let world = World::new(&env);
        let (full, other) = (world.source("full"), world.source("other"));
        world.producer("full").hold();
        world.producer("full").capacity(2);
        full.then_records(1..=5);
        other.then_records(6..=9);
        world.start_source("full", &[]);
        world.start_source("other", &[]);
        world.stores("other", 9).await;
        let producer = world.producer("full").last();
        assert_eq!(producer.waiting(), ["1", "2"]);
        for _ in 0..3 {
            producer.acknowledge(2);
            env.sleep(Duration::from_millis(10)).await;
        }
        world.stores("full", 5).await;
        assert_eq!(full.tags(), [1, 2, 3, 4, 5]);
    });
}
