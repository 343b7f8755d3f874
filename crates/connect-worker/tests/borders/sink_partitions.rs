//! Partitions that come, go and are paused.

use std::time::Duration;

use connect_api::Error;
use connect_api::sink::TopicPartition;
use connect_storage::config::TargetState;

use crate::doubles::{Answer, World, simulated};

fn partition(number: i32) -> TopicPartition {
    TopicPartition::new("in", number)
}

#[test]
fn a_put_that_takes_twice_the_poll_interval_loses_no_record_and_commits_nothing_it_lost() {
    simulated(|env| async move {
        let world = World::new(&env);
        world.cluster.feed("in", 0, &["a", "b", "c"]);
        world.consumer("s").max_poll_interval(Duration::from_secs(300));
        world.consumer("s").max_poll_records(2);
        let sink = world.sink("s");
        sink.on_put(Answer::Takes(Duration::from_secs(600)));
        world.start_sink("s", &[]);
        world.eventually("the first put", || world.journal.has("put a b")).await;
        env.sleep(Duration::from_secs(590)).await;
        assert_eq!(world.committed("s", 0), None);
        world.eventually("everything comes again", || sink.values() == ["a", "b", "a", "b", "c"]).await;
        world.eventually("and is committed", || world.committed("s", 0) == Some(3)).await;
        let lines = world.journal.about(&["open", "close", "put", "commit"]);
        assert_eq!(
            lines,
            ["open in-0", "put a b", "commit refused", "close in-0", "open in-0", "put a b", "put c", "commit in-0@3"]
        );
        assert_eq!(world.statuses.of("s-0"), ["RUNNING"]);
    });
}

#[test]
fn a_revoked_partition_is_committed_closed_and_only_then_given_back() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "3600000").build();
        world.cluster.feed("in", 0, &["a", "b"]);
        world.cluster.feed("in", 1, &["x"]);
        let sink = world.sink("s");
        world.start_sink("s", &[]);
        world.eventually("taken", || sink.values().len() == 3).await;
        world.consumer("s").revoke(&[partition(0)]);
        world.eventually("given back", || world.journal.has("rejoin")).await;
        assert_eq!(
            world.journal.about(&["open", "pre_commit", "close", "commit", "rejoin"]),
            ["open in-0 in-1", "pre_commit in-0@2", "close in-0", "commit in-0@2", "rejoin"]
        );
        assert_eq!(sink.context().runtime.assignment(), [partition(1)]);
        world.cluster.feed("in", 1, &["y"]);
        world.eventually("the other goes on", || sink.values().last().unwrap() == "y").await;
        world.stop("s").await;
        assert_eq!((world.committed("s", 0), world.committed("s", 1)), (Some(2), Some(2)));
        assert_eq!(world.journal.count("close in-0"), 1);
    });
}

#[test]
fn a_lost_partition_is_closed_and_nothing_is_committed_for_it() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "3600000").build();
        world.cluster.feed("in", 0, &["a", "b"]);
        let sink = world.sink("s");
        world.start_sink("s", &[]);
        world.eventually("taken", || sink.values().len() == 2).await;
        world.consumer("s").lose(&[partition(0)]);
        world.eventually("closed", || world.journal.has("close in-0")).await;
        world.stop("s").await;
        assert_eq!((world.committed("s", 0), world.journal.count("pre_commit")), (None, 0));
        assert_eq!(world.journal.count("close in-0"), 1);
    });
}

#[test]
fn a_batch_that_waits_loses_the_records_of_a_revoked_partition() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "60000").build();
        world.cluster.feed("in", 0, &["a"]);
        world.cluster.feed("in", 1, &["x"]);
        let sink = world.sink("s");
        sink.on_put(Answer::Fail(Error::retriable("busy")));
        world.start_sink("s", &[]);
        world.eventually("the first try", || world.journal.has("put a x")).await;
        world.consumer("s").revoke(&[partition(0)]);
        world.eventually("the rest is taken", || sink.values() == ["x"]).await;
        world.stop("s").await;
        assert_eq!((world.committed("s", 0), world.committed("s", 1)), (None, Some(1)));
    });
}

#[test]
fn a_partition_that_comes_back_goes_on_where_it_was_committed() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "3600000").build();
        world.cluster.feed("in", 0, &["a", "b"]);
        let sink = world.sink("s");
        world.start_sink("s", &[]);
        world.eventually("taken", || sink.values().len() == 2).await;
        world.consumer("s").revoke(&[partition(0)]);
        world.eventually("given back", || world.journal.has("rejoin")).await;
        world.cluster.feed("in", 0, &["c"]);
        world.consumer("s").assign(&[partition(0)]);
        world.eventually("it goes on", || sink.values() == ["a", "b", "c"]).await;
    });
}

#[test]
fn a_pause_commits_and_delivers_nothing_until_resumed() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "3600000").build();
        world.cluster.feed("in", 0, &["a"]);
        let sink = world.sink("s");
        world.worker.start_connector(&"s".into(), world.sink_config("s", &[]), TargetState::Started).await.unwrap();
        world.start_sink("s", &[]);
        world.eventually("taken", || sink.values() == ["a"]).await;
        world.worker.set_target_state("s", TargetState::Paused).await.unwrap();
        world.reaches("s-0", "PAUSED").await;
        world.eventually("committed soon", || world.committed("s", 0) == Some(1)).await;
        world.cluster.feed("in", 0, &["b"]);
        env.sleep(Duration::from_secs(60)).await;
        assert_eq!((sink.values(), world.consumer("s").paused()), (vec!["a".to_owned()], vec![partition(0)]));
        world.worker.set_target_state("s", TargetState::Started).await.unwrap();
        world.eventually("it goes on", || sink.values() == ["a", "b"]).await;
        assert_eq!(world.statuses.of("s-0"), ["RUNNING", "PAUSED", "RUNNING"]);
        assert_eq!(world.statuses.of("s"), ["RUNNING", "PAUSED", "RUNNING"]);
    });
}

#[test]
fn partitions_the_task_itself_paused_stay_paused_through_a_pause_of_the_connector_and_a_retry() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "2000").build();
        world.cluster.feed("in", 0, &["a"]);
        world.cluster.feed("in", 1, &["x"]);
        let sink = world.sink("s");
        world.worker.start_connector(&"s".into(), world.sink_config("s", &[]), TargetState::Started).await.unwrap();
        world.start_sink("s", &[]);
        world.eventually("taken", || sink.values().len() == 2).await;
        let runtime = sink.context().runtime;
        runtime.pause(&[partition(1)]).unwrap();
        runtime.request_commit();
        world.eventually("it pauses", || world.consumer("s").paused() == [partition(1)]).await;
        for target in [TargetState::Paused, TargetState::Started] {
            world.worker.set_target_state("s", target).await.unwrap();
            world.reaches("s-0", if target == TargetState::Paused { "PAUSED" } else { "RUNNING" }).await;
        }
        world.eventually("the other is resumed", || world.consumer("s").paused() == [partition(1)]).await;
        world.cluster.feed("in", 1, &["y"]);
        sink.on_put(Answer::Fail(Error::retriable("busy")));
        world.cluster.feed("in", 0, &["b"]);
        world.eventually("the other goes on", || sink.values().last().unwrap() == "b").await;
        assert_eq!(world.consumer("s").paused(), [partition(1)]);
        runtime.resume(&[partition(1)]).unwrap();
        runtime.request_commit();
        world.eventually("all", || sink.values().last().unwrap() == "y").await;
        assert!(runtime.pause(&[partition(5)]).is_err());
    });
}

#[test]
fn a_resume_while_a_batch_waits_delivers_nothing_before_it() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "5000").build();
        world.cluster.feed("in", 0, &["a"]);
        let sink = world.sink("s");
        for _ in 0..4 {
            sink.on_put(Answer::Fail(Error::retriable("busy")));
        }
        world.worker.start_connector(&"s".into(), world.sink_config("s", &[]), TargetState::Started).await.unwrap();
        world.start_sink("s", &[]);
        world.eventually("the first try", || world.journal.count("put") == 1).await;
        world.cluster.feed("in", 0, &["b"]);
        for target in [TargetState::Paused, TargetState::Started] {
            world.worker.set_target_state("s", target).await.unwrap();
            env.sleep(Duration::from_millis(200)).await;
        }
        world.eventually("all are taken", || sink.values() == ["a", "b"]).await;
        assert_eq!(world.journal.about(&["put"])[3..], ["put a", "put a", "put b"]);
        assert_eq!(world.journal.count("put a b"), 0);
    });
}

#[test]
fn a_new_partition_of_a_paused_sink_is_paused_too() {
    simulated(|env| async move {
        let world = World::new(&env);
        world.cluster.feed("in", 0, &["a"]);
        world.consumer("s").assign_by_hand();
        let sink = world.sink("s");
        world.worker.start_connector(&"s".into(), world.sink_config("s", &[]), TargetState::Started).await.unwrap();
        world.start_sink("s", &[]);
        world.reaches("s-0", "RUNNING").await;
        world.worker.set_target_state("s", TargetState::Paused).await.unwrap();
        world.reaches("s-0", "PAUSED").await;
        world.consumer("s").assign(&[partition(0)]);
        env.sleep(Duration::from_secs(5)).await;
        assert_eq!((world.consumer("s").paused(), sink.values().len()), (vec![partition(0)], 0));
        world.worker.set_target_state("s", TargetState::Started).await.unwrap();
        world.eventually("it goes on", || sink.values() == ["a"]).await;
    });
}
