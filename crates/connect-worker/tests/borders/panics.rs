//! Plug-ins that panic: their own task fails, with the text, and nobody else notices.

use std::sync::Arc;

use connect_api::Verdict;
use connect_storage::config::TargetState;

use crate::doubles::plugins::ConnectorScript;
use crate::doubles::{Answer, SourceScript, Turn, World, on_threads, simulated};

/// A healthy source beside the one that panics.
async fn neighbour(world: &World) -> SourceScript {
    let source = world.source("neighbour");
    world.start_source("neighbour", &[]);
    source.then_records([1]);
    world.stores("neighbour", 1).await;
    source
}

async fn only_this_one_failed(world: &World, neighbour: &SourceScript, id: &str, text: &str) {
    world.reaches(id, "FAILED").await;
    let trace = world.statuses.trace(id).unwrap();
    assert!(trace.contains(&format!("java.lang.RuntimeException: {text}\n")), "{trace}");
    neighbour.then_records([2]);
    world.stores("neighbour", 2).await;
    assert_eq!(world.statuses.of("neighbour-0"), ["RUNNING"]);
    assert_eq!(world.worker.abandoned().total(), 0);
}

#[test]
fn a_panic_in_poll_fails_its_task_and_keeps_what_was_acknowledged() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "5000").build();
        let (beside, source) = (neighbour(&world).await, world.source("c"));
        source.then_records(1..=3).then(Turn::Panic("poll panicked"));
        world.start_source("c", &[]);
        only_this_one_failed(&world, &beside, "c-0", "poll panicked").await;
        assert_eq!((world.stored("c").await, source.tags(), source.stops()), (Some(3), vec![1, 2, 3], 1));
        world.stop("c").await;
        source.then_records([4]);
        world.start_source("c", &[]);
        world.stores("c", 4).await;
    });
}

#[test]
fn a_panic_in_poll_on_real_threads_is_contained_too() {
    on_threads(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "50").build();
        let (beside, source) = (neighbour(&world).await, world.source("c"));
        source.then_records([1]).then(Turn::Panic("poll panicked"));
        world.start_source("c", &[]);
        only_this_one_failed(&world, &beside, "c-0", "poll panicked").await;
    });
}

#[test]
fn a_panic_in_start_fails_its_task() {
    simulated(|env| async move {
        let world = World::new(&env);
        let beside = neighbour(&world).await;
        world.source("c").on_start(Turn::Panic("start panicked"));
        world.start_source("c", &[]);
        only_this_one_failed(&world, &beside, "c-0", "start panicked").await;
        world.sink("s").on_start(Answer::Panic("sink start panicked"));
        world.start_sink("s", &[]);
        world.reaches("s-0", "FAILED").await;
        assert_eq!(world.statuses.of("s-0"), ["FAILED"]);
    });
}

#[test]
fn a_panic_in_stop_is_no_failure_of_a_task_that_stops() {
    simulated(|env| async move {
        let world = World::new(&env);
        let source = world.source("c");
        source.then_records([1]).on_stop(Turn::Panic("stop panicked"));
        world.start_source("c", &[]);
        world.eventually("sent", || source.tags() == [1]).await;
        world.stop("c").await;
        assert_eq!((world.statuses.of("c-0"), world.stored("c").await), (vec!["RUNNING", "UNASSIGNED"], Some(1)));
        world.cluster.feed("in", 0, &["a"]);
        let sink = world.sink("s");
        sink.on_stop(Answer::Panic("stop panicked"));
        world.start_sink("s", &[]);
        world.eventually("taken", || sink.values() == ["a"]).await;
        world.stop("s").await;
        assert_eq!((world.statuses.of("s-0"), world.committed("s", 0)), (vec!["RUNNING", "UNASSIGNED"], Some(1)));
        assert!(world.consumer("s").is_closed());
    });
}

#[test]
fn a_panic_in_put_fails_its_task_and_commits_only_what_was_put_before() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "5000").build();
        let beside = neighbour(&world).await;
        world.cluster.feed("in", 0, &["a", "b"]);
        world.consumer("s").max_poll_records(1);
        let sink = world.sink("s");
        sink.on_put(Answer::Done).on_put(Answer::Panic("put panicked"));
        world.start_sink("s", &[]);
        only_this_one_failed(&world, &beside, "s-0", "put panicked").await;
        assert_eq!((world.committed("s", 0), world.consumer("s").is_closed()), (Some(1), true));
    });
}

#[test]
fn a_panic_in_a_flush_fails_its_task_and_commits_nothing() {
    simulated(|env| async move {
        let world = World::new(&env);
        let beside = neighbour(&world).await;
        world.cluster.feed("in", 0, &["a"]);
        let sink = world.sink("s");
        sink.on_flush(Answer::Panic("flush panicked"));
        sink.on_flush(Answer::Panic("flush panicked again"));
        world.start_sink("s", &[]);
        only_this_one_failed(&world, &beside, "s-0", "flush panicked").await;
        assert_eq!((world.committed("s", 0), world.consumer("s").is_closed()), (None, true));
    });
}

const CHANGED: [(&str, &str); 3] =
    [("transforms", "t"), ("transforms.t.type", "test.Change"), ("transforms.t.script", "panics")];
const CONVERTED: [(&str, &str); 2] = [("value.converter", "test.Refusing"), ("value.converter.script", "panics")];

#[test]
fn a_panic_in_a_transform_fails_its_task_even_with_tolerance() {
    simulated(|env| async move {
        let world = World::new(&env);
        let beside = neighbour(&world).await;
        world.change(
            "panics",
            Arc::new(|record| {
                assert!(record.value.value.as_str() != Some("3"), "transform panicked");
                Ok(Verdict::Keep)
            }),
        );
        let source = world.source("c");
        source.then_records([1]).then_records(2..=4);
        let config: Vec<_> = CHANGED.into_iter().chain([("errors.tolerance", "all")]).collect();
        world.start_source("c", &config);
        only_this_one_failed(&world, &beside, "c-0", "transform panicked").await;
        assert_eq!((world.stored("c").await, source.stops()), (Some(1), 1));
        world.cluster.feed("in", 0, &["3"]);
        let _sink = world.sink("s");
        world.start_sink("s", &CHANGED);
        world.reaches("s-0", "FAILED").await;
        assert_eq!(world.committed("s", 0), None);
    });
}

#[test]
fn a_panic_in_a_converter_fails_its_task() {
    simulated(|env| async move {
        let world = World::new(&env);
        let beside = neighbour(&world).await;
        world.refuse(
            "panics",
            Arc::new(|text| {
                assert!(text != "3", "converter panicked");
                Ok(())
            }),
        );
        world.source("c").then_records(1..=4);
        world.start_source("c", &CONVERTED);
        only_this_one_failed(&world, &beside, "c-0", "converter panicked").await;
        world.cluster.feed("in", 0, &["3"]);
        let _sink = world.sink("s");
        world.start_sink("s", &CONVERTED);
        world.reaches("s-0", "FAILED").await;
    });
}

#[test]
fn a_panic_in_a_constructor_fails_its_task_and_not_its_caller() {
    simulated(|env| async move {
        let world = World::new(&env);
        let beside = neighbour(&world).await;
        let _source = world.source("c");
        world.start_source("c", &[("value.converter", "test.Refusing"), ("value.converter.script", "missing")]);
        only_this_one_failed(&world, &beside, "c-0", "no script missing").await;
    });
}

#[test]
fn a_panic_in_a_connector_fails_it_and_it_can_be_started_again() {
    simulated(|env| async move {
        let world = World::new(&env);
        let beside = neighbour(&world).await;
        let script = ConnectorScript { panic_at_start: true, ..ConnectorScript::default() };
        world.registered.connectors.lock().insert("c".into(), script);
        let name = "c".into();
        let start = || world.worker.start_connector(&name, world.source_config("c", &[]), TargetState::Started);
        let error = start().await.unwrap_err();
        assert_eq!(error.message(), Some("Failed to transition connector c to state STARTED"));
        assert_eq!(error.cause().unwrap().to_string(), "java.lang.RuntimeException: connector start panicked");
        only_this_one_failed(&world, &beside, "c", "connector start panicked").await;
        assert!(start().await.unwrap_err().to_string().ends_with("Connector with name c already exists"));
        world.worker.stop_connector("c").await;
        world.registered.connectors.lock().clear();
        start().await.unwrap();
        assert_eq!(world.statuses.of("c"), ["FAILED", "UNASSIGNED", "RUNNING"]);
    });
}
