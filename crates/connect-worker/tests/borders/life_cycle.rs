//! Start, pause, resume, stop and restart.

use std::time::Duration;

use connect_api::Error;
use connect_storage::config::TargetState;
use connect_worker::{TaskId, TasksMax};

use crate::doubles::plugins::ConnectorScript;
use crate::doubles::{Turn, World, simulated};

#[test]
fn a_source_pauses_resumes_and_stops() {
    simulated(|env| async move {
        let world = World::new(&env);
        let source = world.source("c");
        world.worker.start_connector(&"c".into(), world.source_config("c", &[]), TargetState::Started).await.unwrap();
        world.start_source("c", &[]);
        source.then_records([1]);
        world.stores("c", 1).await;
        world.worker.set_target_state("c", TargetState::Paused).await.unwrap();
        world.reaches("c-0", "PAUSED").await;
        source.then_records([2]);
        env.sleep(Duration::from_secs(60)).await;
        assert_eq!(world.cluster.values("t"), ["1"]);
        assert!(source.commits() > 50, "commit goes on");
        world.worker.set_target_state("c", TargetState::Started).await.unwrap();
        world.stores("c", 2).await;
        world.stop("c").await;
        assert_eq!(world.statuses.of("c-0"), ["RUNNING", "PAUSED", "RUNNING", "UNASSIGNED"]);
        assert_eq!((source.starts(), source.stops(), world.worker.tasks().len()), (1, 1, 0));
        assert!(world.producer("c").last().is_closed());
    });
}

#[test]
fn a_source_created_paused_starts_nothing_until_resumed() {
    simulated(|env| async move {
        let world = World::new(&env);
        let (source, sink) = (world.source("c"), world.sink("s"));
        world.cluster.feed("in", 0, &["a"]);
        for (name, config) in [("c", world.source_config("c", &[])), ("s", world.sink_config("s", &[]))] {
            world.worker.start_connector(&name.into(), config.clone(), TargetState::Paused).await.unwrap();
            world.start(name, &config, TargetState::Paused);
            world.reaches(&format!("{name}-0"), "PAUSED").await;
        }
        source.then_records([1]);
        env.sleep(Duration::from_secs(60)).await;
        assert_eq!((source.starts(), world.producer("c").count(), world.consumer("s").count()), (0, 0, 0));
        assert!(!world.journal.has("start") && world.registered.calls.lock().is_empty());
        world.worker.set_target_state("c", TargetState::Started).await.unwrap();
        world.worker.set_target_state("s", TargetState::Started).await.unwrap();
        world.stores("c", 1).await;
        world.eventually("the sink too", || sink.values() == ["a"]).await;
        for id in ["c-0", "c", "s-0", "s"] {
            assert_eq!(world.statuses.of(id), ["PAUSED", "RUNNING"], "{id}");
        }
        assert_eq!(*world.registered.calls.lock(), ["c start", "s start"]);
    });
}

#[test]
fn a_task_that_is_stopped_before_it_was_resumed_never_starts() {
    simulated(|env| async move {
        let world = World::new(&env);
        let source = world.source("c");
        world.start("c", &world.source_config("c", &[]), TargetState::Paused);
        world.reaches("c-0", "PAUSED").await;
        world.stop("c").await;
        assert_eq!((world.statuses.of("c-0"), source.starts()), (vec!["PAUSED", "UNASSIGNED"], 0));
    });
}

#[test]
fn a_restarted_source_goes_on_from_its_stored_offset() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "60000").build();
        let source = world.source("c");
        world.producer("c").hold();
        source.then_records(1..=3);
        world.start_source("c", &[]);
        world.eventually("sent", || source.polls() == 2).await;
        let producer = world.producer("c").last();
        producer.acknowledge(2);
        world.stop("c").await;
        assert_eq!(world.stored("c").await, Some(2), "stored at the end, without the interval");
        world.producer("c").release();
        world.start_source("c", &[]);
        world.reaches("c-0", "RUNNING").await;
        assert_eq!((source.started_from(), source.starts()), (vec![None, Some(2)], 2));
        assert_eq!(world.statuses.of("c-0"), ["RUNNING", "UNASSIGNED", "RUNNING"]);
        assert!(producer.is_closed());
    });
}

#[test]
fn a_stop_waits_for_what_is_in_flight() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "60000").build();
        let source = world.source("c");
        world.producer("c").hold();
        source.then_records(1..=2);
        world.start_source("c", &[]);
        world.eventually("sent", || source.polls() == 2).await;
        let (producer, late) = (world.producer("c").last(), env.clone());
        env.work().spawn(
            "late acknowledgement",
            Box::pin(async move {
                late.sleep(Duration::from_secs(2)).await;
                producer.acknowledge(2);
            }),
        );
        world.stop("c").await;
        assert_eq!((world.stored("c").await, source.tags()), (Some(2), vec![1, 2]));
        assert_eq!(world.worker.abandoned().total(), 0);
    });
}

#[test]
fn a_failed_task_stays_until_it_is_restarted() {
    simulated(|env| async move {
        let world = World::new(&env);
        let source = world.source("c");
        source.then_records([1]).then(Turn::Fail(Error::connect("lost the connection")));
        world.start_source("c", &[]);
        world.reaches("c-0", "FAILED").await;
        assert_eq!(
            world.statuses.trace("c-0").unwrap(),
            "org.apache.kafka.connect.errors.ConnectException: lost the connection\n"
        );
        assert_eq!((world.stored("c").await, source.stops()), (Some(1), 1));
        let id = TaskId::new("c", 0);
        let config = world.source_config("c", &[]);
        assert_eq!(world.worker.tasks(), std::slice::from_ref(&id));
        let twice = world.worker.start_task(&id, &config, config.clone(), 1, TargetState::Started);
        assert!(twice.unwrap_err().to_string().ends_with("Task already exists in this worker: c-0"));
        world.stop("c").await;
        world.start_source("c", &[]);
        source.then_records([2]);
        world.stores("c", 2).await;
        assert_eq!(world.statuses.of("c-0"), ["RUNNING", "FAILED", "RUNNING"]);
    });
}

#[test]
fn a_poll_that_fails_retriably_is_polled_again_without_its_records() {
    simulated(|env| async move {
        let world = World::new(&env);
        let source = world.source("c");
        source.then(Turn::Fail(Error::retriable("not now"))).then_records([1]);
        world.start_source("c", &[]);
        world.stores("c", 1).await;
        assert_eq!(world.statuses.of("c-0"), ["RUNNING"]);
    });
}

#[test]
fn a_task_that_cannot_be_made_is_failed_with_the_reason() {
    simulated(|env| async move {
        let world = World::new(&env);
        let _source = world.source("c");
        for (index, (more, reason)) in [
            (vec![("value.converter", "test.NoSuch")], "test.NoSuch"),
            (vec![("errors.tolerance", "some")], "errors.tolerance"),
            (vec![("connector.class", "test.NoSuchConnector")], "which name matches test.NoSuchConnector"),
        ]
        .into_iter()
        .enumerate()
        {
            world.start_source("c", &more);
            let failures = move |states: &[&str]| states.iter().filter(|state| **state == "FAILED").count();
            world.eventually("failed", || failures(&world.statuses.of("c-0")) == index + 1).await;
            let trace = world.statuses.trace("c-0").unwrap();
            assert!(trace.contains(reason), "{trace}");
            world.stop("c").await;
        }
    });
}

#[test]
fn a_connector_starts_pauses_stops_and_fails_as_its_states_say() {
    simulated(|env| async move {
        let world = World::new(&env);
        let config = || world.source_config("c", &[]);
        world.worker.start_connector(&"c".into(), config(), TargetState::Started).await.unwrap();
        assert_eq!(world.worker.task_configs("c", TasksMax { limit: 2, enforce: true }).await.unwrap().len(), 2);
        world.worker.set_target_state("c", TargetState::Paused).await.unwrap();
        world.worker.set_target_state("c", TargetState::Started).await.unwrap();
        world.worker.set_target_state("c", TargetState::Stopped).await.unwrap();
        world.worker.stop_connector("c").await;
        assert_eq!(*world.registered.calls.lock(), ["c start", "c stop", "c start", "c stop"]);
        assert_eq!(world.statuses.of("c"), ["RUNNING", "PAUSED", "RUNNING", "STOPPED", "UNASSIGNED"]);
        let script = ConnectorScript { fail_start: Some(Error::connect("no such host")), ..ConnectorScript::default() };
        world.registered.connectors.lock().insert("c".into(), script);
        assert!(world.worker.start_connector(&"c".into(), config(), TargetState::Started).await.is_err());
        let refused = world.worker.set_target_state("c", TargetState::Paused).await.unwrap_err();
        assert_eq!(
            refused.message(),
            Some("WorkerConnector{id=c} Cannot transition connector to PAUSED since it has failed")
        );
        world.registered.connectors.lock().clear();
        world.worker.set_target_state("c", TargetState::Stopped).await.unwrap();
        world.worker.set_target_state("c", TargetState::Started).await.unwrap();
        assert_eq!(world.statuses.of("c")[5..], ["FAILED", "STOPPED", "RUNNING"]);
    });
}

#[test]
fn a_running_connector_can_ask_for_new_task_configurations_and_declare_itself_failed() {
    simulated(|env| async move {
        let world = World::new(&env);
        world.worker.start_connector(&"c".into(), world.source_config("c", &[]), TargetState::Started).await.unwrap();
        let runtime = world.registered.runtimes.lock().get("c").cloned().unwrap();
        runtime.request_task_reconfiguration();
        assert_eq!(world.statuses.reconfigurations(), ["c"]);
        runtime.raise_error(Error::connect("gone"));
        world.reaches("c", "FAILED").await;
        world.worker.stop_connector("c").await;
        runtime.request_task_reconfiguration();
        runtime.raise_error(Error::connect("too late"));
        env.sleep(Duration::from_secs(1)).await;
        assert_eq!(world.statuses.reconfigurations(), ["c"]);
        assert_eq!(world.statuses.of("c"), ["RUNNING", "FAILED", "UNASSIGNED"]);
    });
}

#[test]
fn a_worker_that_stops_leaves_nothing_running_and_everything_stored() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "60000").build();
        let (source, sink) = (world.source("c"), world.sink("s"));
        world.cluster.feed("in", 0, &["a"]);
        world.worker.start_connector(&"c".into(), world.source_config("c", &[]), TargetState::Started).await.unwrap();
        world.start_source("c", &[]);
        world.start_sink("s", &[]);
        source.then_records([1]);
        world.eventually("both work", || source.tags() == [1] && sink.values() == ["a"]).await;
        world.worker.stop().await;
        assert_eq!((world.stored("c").await, world.committed("s", 0)), (Some(1), Some(1)));
        for id in ["c", "c-0", "s-0"] {
            assert_eq!(world.statuses.last(id), Some("UNASSIGNED"), "{id}");
        }
        assert!(world.worker.tasks().is_empty());
    });
}
