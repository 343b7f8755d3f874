//! Tasks that do not end when they should: they are given up, named, and nothing they do later counts.

use std::time::Duration;

use connect_api::Error;
use connect_storage::config::TargetState;
use connect_worker::TaskId;

use crate::doubles::plugins::ConnectorScript;
use crate::doubles::{Answer, Gate, SourceScript, Turn, World, on_threads, record, simulated};

const TOTAL: usize = 64 << 20;

/// A healthy source beside the hanging one.
struct Neighbour {
    source: SourceScript,
    next: u64,
}

impl Neighbour {
    async fn start(world: &World) -> Self {
        let source = world.source("neighbour");
        world.start_source("neighbour", &[]);
        let mut neighbour = Self { source, next: 100 };
        neighbour.works(world).await;
        neighbour
    }

    async fn works(&mut self, world: &World) {
        self.next += 1;
        let number = self.next;
        self.source.then_records([number]);
        world.eventually("the neighbour works", || self.source.tags().last() == Some(&number)).await;
        assert_eq!(world.statuses.of("neighbour-0"), ["RUNNING"]);
    }
}

fn world(env: &env::Env) -> World {
    World::builder(env).with("task.shutdown.graceful.timeout.ms", "300").with("offset.flush.interval.ms", "50").build()
}

/// Stops `c`, whose code hangs, and checks that it is given up in time.
async fn give_up(world: &World, neighbour: &mut Neighbour, still_runs: bool) {
    let began = world.env.clock().now();
    world.stop("c").await;
    let took = world.env.clock().now() - began;
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(20), "{took:?}");
    assert_eq!(world.statuses.last("c-0"), Some("UNASSIGNED"));
    assert_eq!(world.worker.abandoned().total(), 1);
    if still_runs {
        assert_eq!(world.worker.abandoned().running(), [TaskId::new("c", 0)]);
    } else {
        world.eventually("its future is dropped", || world.worker.abandoned().running().is_empty()).await;
    }
    neighbour.works(world).await;
}

/// Starts the successor of source `c` and checks that it works; then lets go of the old task, if it is still there.
async fn succeed(world: &World, source: &SourceScript, gate: Option<&Gate>, neighbour: &mut Neighbour) {
    let states = world.statuses.of("c-0").len();
    let values = world.cluster.values("t").len();
    world.start_source("c", &[]);
    world.reaches("c-0", "RUNNING").await;
    source.then_records([50]);
    world.stores("c", 50).await;
    if let Some(gate) = gate {
        gate.open();
        world.eventually("the old code returns", || world.worker.abandoned().running().is_empty()).await;
        assert!(gate.was_passed());
    }
    world.env.sleep(Duration::from_millis(300)).await;
    assert_eq!(world.statuses.of("c-0").len(), states + 1, "the old task says nothing");
    let new: Vec<_> = world.cluster.values("t").split_off(values);
    assert!(new.iter().all(|value| value == "50" || value.starts_with("10")), "{new:?}");
    assert_eq!((source.tags().last(), world.stored("c").await), (Some(&50), Some(50)));
    neighbour.works(world).await;
    assert_eq!(world.worker.abandoned().total(), 1);
}

#[test]
fn a_source_whose_poll_never_completes_is_given_up() {
    simulated(|env| async move {
        let world = world(&env);
        let (mut neighbour, source) = (Neighbour::start(&world).await, world.source("c"));
        source.then_records([1]).then(Turn::Hang);
        world.start_source("c", &[]);
        world.stores("c", 1).await;
        give_up(&world, &mut neighbour, false).await;
        assert_eq!(source.stops(), 0, "a poll that was dropped is followed by nothing");
        succeed(&world, &source, None, &mut neighbour).await;
        assert_eq!(source.started_from(), [None, Some(1)]);
    });
}

#[test]
fn a_source_whose_poll_blocks_its_thread_is_given_up() {
    on_threads(|env| async move {
        let world = world(&env);
        let (mut neighbour, source, gate) = (Neighbour::start(&world).await, world.source("c"), Gate::default());
        source.then_records([1]).then(Turn::Block(gate.clone(), vec![record(2), record(3)]));
        world.start_source("c", &[]);
        world.stores("c", 1).await;
        world.eventually("it blocks", || gate.blocks()).await;
        give_up(&world, &mut neighbour, true).await;
        succeed(&world, &source, Some(&gate), &mut neighbour).await;
        assert_eq!(source.started_from(), [None, Some(1)]);
    });
}

#[test]
fn a_source_whose_stop_never_completes_is_given_up_with_its_offsets_stored() {
    simulated(|env| async move {
        let world = world(&env);
        let (mut neighbour, source) = (Neighbour::start(&world).await, world.source("c"));
        source.then_records([1]).on_stop(Turn::Hang);
        world.start_source("c", &[]);
        world.eventually("sent", || source.tags() == [1]).await;
        give_up(&world, &mut neighbour, false).await;
        assert_eq!(world.stored("c").await, Some(1));
        succeed(&world, &source, None, &mut neighbour).await;
    });
}

#[test]
fn a_source_whose_stop_blocks_its_thread_is_given_up_with_its_offsets_stored() {
    on_threads(|env| async move {
        let world = world(&env);
        let (mut neighbour, source, gate) = (Neighbour::start(&world).await, world.source("c"), Gate::default());
        source.then_records([1]).on_stop(Turn::Block(gate.clone(), vec![]));
        world.start_source("c", &[]);
        world.eventually("sent", || source.tags() == [1]).await;
        give_up(&world, &mut neighbour, true).await;
        assert_eq!(world.stored("c").await, Some(1));
        succeed(&world, &source, Some(&gate), &mut neighbour).await;
    });
}

#[test]
fn a_source_whose_start_blocks_its_thread_is_given_up_and_never_starts() {
    on_threads(|env| async move {
        let world = world(&env);
        let (mut neighbour, source, gate) = (Neighbour::start(&world).await, world.source("c"), Gate::default());
        source.on_start(Turn::Block(gate.clone(), vec![]));
        world.start_source("c", &[]);
        world.eventually("it blocks", || gate.blocks()).await;
        give_up(&world, &mut neighbour, true).await;
        assert_eq!(world.statuses.of("c-0"), ["UNASSIGNED"]);
        succeed(&world, &source, Some(&gate), &mut neighbour).await;
        assert_eq!(source.started_from(), [None], "the old task could read no offsets any more");
    });
}

#[test]
fn what_a_given_up_source_had_in_flight_is_never_acknowledged_and_frees_its_budget() {
    simulated(|env| async move {
        let world = world(&env);
        let (mut neighbour, source) = (Neighbour::start(&world).await, world.source("c"));
        world.producer("c").hold();
        source.then_records([1, 2]).then(Turn::Hang);
        world.start_source("c", &[("errors.tolerance", "all")]);
        world.eventually("it hangs", || source.polls() == 2).await;
        world.producer("c").last().acknowledge(1);
        world.eventually("the first", || source.tags() == [1]).await;
        assert!(world.budget.free() < TOTAL);
        give_up(&world, &mut neighbour, false).await;
        env.sleep(Duration::from_secs(1)).await;
        assert!(world.producer("c").last().is_closed());
        assert_eq!(source.tags(), [1], "a record of a closed producer is not one that may be skipped");
        assert_eq!(world.budget.free(), TOTAL);
        world.start_source("c", &[]);
        world.reaches("c-0", "RUNNING").await;
        assert_eq!(source.started_from(), [None, Some(1)]);
    });
}

#[test]
fn a_source_whose_acknowledger_never_completes_is_given_up() {
    simulated(|env| async move {
        let world = world(&env);
        let (mut neighbour, source) = (Neighbour::start(&world).await, world.source("c"));
        source.on_acknowledgement(Turn::Hang);
        source.then_records([1]);
        world.start_source("c", &[]);
        world.eventually("it hangs", || source.tags() == [1]).await;
        give_up(&world, &mut neighbour, false).await;
        assert_eq!(world.stored("c").await, None);
        succeed(&world, &source, None, &mut neighbour).await;
    });
}

async fn sink_is_given_up(world: &World, blocked: Option<&Gate>) {
    let mut neighbour = Neighbour::start(world).await;
    world.start_sink("c", &[]);
    world.eventually("it hangs", || world.journal.has("put a b") || world.journal.has("stop")).await;
    if let Some(gate) = blocked.filter(|_| !world.journal.has("stop")) {
        world.eventually("it blocks", || gate.blocks()).await;
    }
    give_up(world, &mut neighbour, blocked.is_some()).await;
}

#[test]
fn a_sink_whose_put_never_completes_is_given_up() {
    simulated(|env| async move {
        let world = world(&env);
        world.cluster.feed("in", 0, &["a", "b"]);
        let sink = world.sink("c");
        sink.on_put(Answer::Hang);
        sink_is_given_up(&world, None).await;
        assert_eq!(world.committed("c", 0), None);
        world.start_sink("c", &[]);
        world.eventually("the successor takes them", || sink.values() == ["a", "b"]).await;
        world.eventually("and commits", || world.committed("c", 0) == Some(2)).await;
    });
}

#[test]
fn a_sink_whose_put_blocks_its_thread_is_given_up_and_commits_nothing_later() {
    on_threads(|env| async move {
        let world = world(&env);
        world.cluster.feed("in", 0, &["a", "b"]);
        let (sink, gate) = (world.sink("c"), Gate::default());
        sink.on_put(Answer::Block(gate.clone()));
        sink_is_given_up(&world, Some(&gate)).await;
        assert_eq!(world.journal.count("consumer abandoned"), 1, "its partitions are free at once");
        world.start_sink("c", &[]);
        world.eventually("the successor takes them", || sink.values() == ["a", "b"]).await;
        world.eventually("and commits", || world.committed("c", 0) == Some(2)).await;
        let (states, commits) = (world.statuses.of("c-0"), world.journal.count("commit"));
        gate.open();
        world.eventually("the old code returns", || world.worker.abandoned().running().is_empty()).await;
        env.sleep(Duration::from_millis(300)).await;
        assert_eq!((world.statuses.of("c-0"), world.journal.count("commit")), (states, commits));
        assert_eq!(world.consumer("c").refused_commits(), 0, "it does not even try");
        world.cluster.feed("in", 0, &["c"]);
        world.eventually("the successor goes on", || world.committed("c", 0) == Some(3)).await;
    });
}

#[test]
fn a_sink_whose_flush_blocks_its_thread_is_given_up_and_what_it_returns_is_not_committed() {
    on_threads(|env| async move {
        let world = world(&env);
        world.cluster.feed("in", 0, &["a", "b"]);
        let (sink, gate) = (world.sink("c"), Gate::default());
        sink.on_flush(Answer::Block(gate.clone()));
        let mut neighbour = Neighbour::start(&world).await;
        world.start_sink("c", &[]);
        world.eventually("it blocks", || gate.blocks()).await;
        give_up(&world, &mut neighbour, true).await;
        gate.open();
        world.eventually("the old code returns", || world.worker.abandoned().running().is_empty()).await;
        assert_eq!((world.committed("c", 0), world.journal.count("commit")), (None, 0));
        world.start_sink("c", &[]);
        world.eventually("the successor takes them again", || sink.values() == ["a", "b", "a", "b"]).await;
        world.eventually("and commits", || world.committed("c", 0) == Some(2)).await;
    });
}

#[test]
fn a_source_whose_transform_blocks_is_given_up_and_its_records_go_nowhere() {
    on_threads(|env| async move {
        let world = world(&env);
        let (mut neighbour, source, gate) = (Neighbour::start(&world).await, world.source("c"), Gate::default());
        let blocking = gate.clone();
        world.change(
            "blocks",
            std::sync::Arc::new(move |record| {
                if record.value.value.as_str() == Some("1") {
                    blocking.block();
                }
                Ok(connect_api::Verdict::Keep)
            }),
        );
        source.then_records([1, 2]);
        let config = world.source_config(
            "c",
            &[
                ("transforms", "t"),
                ("transforms.t.type", "test.Change"),
                ("transforms.t.script", "blocks"),
                ("errors.tolerance", "all"),
            ],
        );
        world.start("c", &config, TargetState::Started);
        world.eventually("it blocks", || gate.blocks()).await;
        give_up(&world, &mut neighbour, true).await;
        succeed(&world, &source, Some(&gate), &mut neighbour).await;
        assert_eq!(source.tags(), [50]);
    });
}

/// More of them than the runtime has threads.
#[test]
fn many_transforms_and_converters_that_block_stall_no_neighbour() {
    on_threads(|env| async move {
        let world = world(&env);
        let mut neighbour = Neighbour::start(&world).await;
        let (gate, count) = (Gate::default(), 12);
        let (in_transform, in_converter) = (gate.clone(), gate.clone());
        world.change(
            "blocks",
            std::sync::Arc::new(move |_| {
                in_transform.block();
                Ok(connect_api::Verdict::Keep)
            }),
        );
        world.refuse(
            "blocks",
            std::sync::Arc::new(move |_| {
                in_converter.block();
                Ok(())
            }),
        );
        world.cluster.feed("in", 0, &["a"]);
        for number in 0..count {
            let (source, sink) = (format!("source-{number}"), format!("sink-{number}"));
            world.source(&source).then_records([1]);
            world.sink(&sink);
            let lines = [("transforms", "t"), ("transforms.t.type", "test.Change"), ("transforms.t.script", "blocks")];
            world.start_source(&source, &lines);
            world.start_sink(&sink, &[("value.converter", "test.Refusing"), ("value.converter.script", "blocks")]);
        }
        world.eventually("they block", || gate.blocks()).await;
        for _ in 0..5 {
            neighbour.works(&world).await;
        }
        gate.open();
        for number in 0..count {
            world.stop(&format!("source-{number}")).await;
            world.stop(&format!("sink-{number}")).await;
        }
        neighbour.works(&world).await;
    });
}

#[test]
fn a_sink_whose_stop_never_completes_is_given_up_after_its_last_commit() {
    simulated(|env| async move {
        let world = World::builder(&env).with("task.shutdown.graceful.timeout.ms", "300").build();
        world.cluster.feed("in", 0, &["a", "b"]);
        let sink = world.sink("c");
        sink.on_stop(Answer::Hang);
        sink_is_given_up(&world, None).await;
        assert_eq!(world.committed("c", 0), Some(2));
        world.start_sink("c", &[]);
        world.cluster.feed("in", 0, &["c"]);
        world.eventually("the successor goes on", || sink.values() == ["a", "b", "c"]).await;
    });
}

#[test]
fn a_sink_whose_stop_blocks_its_thread_is_given_up_after_its_last_commit() {
    on_threads(|env| async move {
        let world = World::builder(&env).with("task.shutdown.graceful.timeout.ms", "300").build();
        world.cluster.feed("in", 0, &["a", "b"]);
        let (sink, gate) = (world.sink("c"), Gate::default());
        sink.on_stop(Answer::Block(gate.clone()));
        let mut neighbour = Neighbour::start(&world).await;
        world.start_sink("c", &[]);
        world.eventually("taken", || sink.values() == ["a", "b"]).await;
        give_up(&world, &mut neighbour, true).await;
        assert_eq!(world.committed("c", 0), Some(2));
        world.start_sink("c", &[]);
        world.cluster.feed("in", 0, &["c"]);
        world.eventually("the successor goes on", || sink.values() == ["a", "b", "c"]).await;
        let states = world.statuses.of("c-0");
        gate.open();
        world.eventually("the old code returns", || world.worker.abandoned().running().is_empty()).await;
        assert_eq!(world.statuses.of("c-0"), states);
    });
}

#[test]
fn tasks_that_hang_share_one_time_to_stop() {
    simulated(|env| async move {
        let world = world(&env);
        let names = ["a", "b", "c", "d"];
        for name in names {
            world.source(name).then(Turn::Hang);
            world.start_source(name, &[]);
            world.reaches(&format!("{name}-0"), "RUNNING").await;
        }
        let began = env.clock().now();
        world.worker.stop_tasks(&names.map(|name| TaskId::new(name, 0))).await;
        assert!(env.clock().now() - began < Duration::from_millis(350));
        assert_eq!(world.worker.abandoned().total(), 4);
        for name in names {
            assert_eq!(world.statuses.of(&format!("{name}-0")), ["RUNNING", "UNASSIGNED"]);
        }
    });
}

#[test]
fn a_connector_whose_start_blocks_its_thread_is_given_up_and_says_nothing_later() {
    on_threads(|env| async move {
        let world = World::new(&env);
        let gate = Gate::default();
        let script = ConnectorScript { block_start: Some(gate.clone()), ..ConnectorScript::default() };
        world.registered.connectors.lock().insert("c".into(), script);
        let (worker, config) = (world.worker.clone(), world.source_config("c", &[]));
        let starting = env.work().spawn(
            "start",
            Box::pin(async move {
                let started = worker.start_connector(&"c".into(), config, TargetState::Started).await;
                assert!(started.is_err(), "it was given up");
            }),
        );
        world.eventually("it blocks", || gate.blocks()).await;
        world.worker.stop_connector("c").await;
        assert_eq!(world.statuses.of("c"), ["UNASSIGNED"]);
        world.registered.connectors.lock().clear();
        world.worker.start_connector(&"c".into(), world.source_config("c", &[]), TargetState::Started).await.unwrap();
        gate.open();
        starting.join().await.unwrap();
        let runtime = world.registered.runtimes.lock().get("c").cloned().unwrap();
        runtime.raise_error(Error::connect("the successor's"));
        world.eventually("the successor speaks", || world.statuses.last("c") == Some("FAILED")).await;
        assert_eq!(world.statuses.of("c"), ["UNASSIGNED", "RUNNING", "FAILED"]);
    });
}
