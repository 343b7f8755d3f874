//! What a sink commits, when, and what happens when it cannot.

use std::time::Duration;

use connect_api::Error;
use connect_api::sink::{Offsets, TopicPartition};

use crate::doubles::{Answer, World, simulated};

fn partition(number: i32) -> TopicPartition {
    TopicPartition::new("in", number)
}

#[test]
fn offsets_follow_puts_once_in_each_interval() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "10000").build();
        world.cluster.feed("in", 0, &["a", "b"]);
        let sink = world.sink("s");
        world.start_sink("s", &[]);
        world.eventually("taken", || sink.values() == ["a", "b"]).await;
        env.sleep(Duration::from_secs(9)).await;
        assert_eq!(world.committed("s", 0), None);
        env.sleep(Duration::from_secs(1)).await;
        assert_eq!(world.committed("s", 0), Some(2));
        env.sleep(Duration::from_secs(60)).await;
        assert_eq!(world.journal.count("commit "), 1, "nothing changed");
        world.cluster.feed("in", 0, &["c"]);
        world.eventually("taken", || sink.values().len() == 3).await;
        sink.context().runtime.request_commit();
        world.eventually("a request does not wait for the interval", || world.committed("s", 0) == Some(3)).await;
        assert!(env.clock().now().since_origin() < Duration::from_secs(71));
    });
}

#[test]
fn a_put_that_may_succeed_later_keeps_its_batch_and_pauses_until_it_does() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "10000").build();
        world.cluster.feed("in", 0, &["a", "b"]);
        world.cluster.feed("in", 1, &["x"]);
        let sink = world.sink("s");
        sink.on_put(Answer::Fail(Error::retriable("busy"))).on_put(Answer::Fail(Error::retriable("busy")));
        world.start_sink("s", &[]);
        world.eventually("the first try", || world.journal.count("put") == 1).await;
        world.cluster.feed("in", 0, &["c"]);
        sink.context().runtime.timeout(Duration::from_secs(2));
        env.sleep(Duration::from_secs(1)).await;
        assert_eq!(world.consumer("s").paused(), [partition(0), partition(1)]);
        world.eventually("all are taken", || sink.values() == ["a", "b", "x", "c"]).await;
        assert_eq!(
            world.journal.about(&["put", "pause", "resume"]),
            ["put a b x", "pause in-0 in-1", "put a b x", "pause in-0 in-1", "put a b x", "resume in-0 in-1", "put c"]
        );
        assert_eq!(world.committed("s", 0), None, "the batch that waits is not committed");
        world.stop("s").await;
        assert_eq!((world.committed("s", 0), world.committed("s", 1)), (Some(3), Some(1)));
    });
}

#[test]
fn a_batch_that_waits_is_transformed_once_though_new_partitions_come() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "60000").build();
        world.change(
            "exclaim",
            std::sync::Arc::new(|record| {
                let text = format!("{}!", record.value.value.as_str().unwrap());
                record.value = connect_api::Datum::schemaless(text.as_str());
                Ok(connect_api::Verdict::Keep)
            }),
        );
        world.cluster.feed("in", 0, &["a"]);
        world.cluster.feed("in", 1, &["x"]);
        world.consumer("s").assign_by_hand();
        let sink = world.sink("s");
        sink.on_put(Answer::Fail(Error::retriable("busy"))).on_put(Answer::Fail(Error::retriable("busy")));
        world.start_sink(
            "s",
            &[("transforms", "t"), ("transforms.t.type", "test.Change"), ("transforms.t.script", "exclaim")],
        );
        world.reaches("s-0", "RUNNING").await;
        world.consumer("s").assign(&[partition(0)]);
        world.eventually("the first try", || world.journal.count("put") == 1).await;
        world.consumer("s").assign(&[partition(1)]);
        world.eventually("all are taken", || sink.values() == ["a!", "x!"]).await;
        assert_eq!(world.journal.about(&["put"]), ["put a!", "put a!", "put a!", "put x!"]);
    });
}

#[test]
fn a_put_that_fails_for_good_fails_the_task_and_commits_what_was_put_before() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "60000").build();
        world.cluster.feed("in", 0, &["a", "b", "c"]);
        world.consumer("s").max_poll_records(1);
        let sink = world.sink("s");
        sink.on_put(Answer::Done).on_put(Answer::Fail(Error::connect("disk full")));
        world.start_sink("s", &[]);
        world.reaches("s-0", "FAILED").await;
        assert_eq!(
            world.statuses.trace("s-0").unwrap(),
            "org.apache.kafka.connect.errors.ConnectException: Exiting WorkerSinkTask due to unrecoverable exception.\n\
             Caused by: org.apache.kafka.connect.errors.ConnectException: disk full\n"
        );
        assert_eq!((sink.values(), world.committed("s", 0)), (vec!["a".to_owned()], Some(1)));
        let ends = ["pre_commit in-0@1", "close in-0", "commit in-0@1", "stop", "consumer closed"];
        assert_eq!(world.journal.lines().split_off(world.journal.lines().len() - 5), ends);
    });
}

#[test]
fn a_flush_that_fails_goes_back_to_what_is_committed() {
    simulated(|env| async move {
        let world = World::new(&env);
        world.cluster.feed("in", 0, &["a", "b"]);
        let sink = world.sink("s");
        world.start_sink("s", &[]);
        world.eventually("committed", || world.committed("s", 0) == Some(2)).await;
        sink.on_flush(Answer::Fail(Error::connect("lost the connection")));
        world.cluster.feed("in", 0, &["c", "d"]);
        world.eventually("they come again", || sink.values() == ["a", "b", "c", "d", "c", "d"]).await;
        assert!(world.journal.has("seek in-0@2"));
        world.eventually("and are committed", || world.committed("s", 0) == Some(4)).await;
        assert_eq!(world.statuses.of("s-0"), ["RUNNING"]);
    });
}

#[test]
fn a_flush_that_fails_while_a_batch_waits_delivers_everything_since_the_commit_in_order() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "5000").build();
        world.cluster.feed("in", 0, &["a", "b", "c"]);
        world.consumer("s").max_poll_records(1);
        let sink = world.sink("s");
        let busy = || Answer::Fail(Error::retriable("busy"));
        sink.on_put(Answer::Done).on_put(busy()).on_put(busy());
        sink.on_flush(Answer::Fail(Error::connect("lost")));
        world.start_sink("s", &[]);
        world.eventually("all is committed", || world.committed("s", 0) == Some(3)).await;
        assert_eq!(world.journal.about(&["put"]), ["put a", "put b", "put b", "put a", "put b", "put c"]);
        assert_eq!(world.consumer("s").paused(), []);
    });
}

#[test]
fn a_flush_that_fails_at_the_end_commits_nothing() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "60000").build();
        world.cluster.feed("in", 0, &["a"]);
        let sink = world.sink("s");
        sink.on_flush(Answer::Fail(Error::connect("lost")));
        world.start_sink("s", &[]);
        world.eventually("taken", || sink.values() == ["a"]).await;
        world.stop("s").await;
        assert_eq!((world.committed("s", 0), world.statuses.last("s-0")), (None, Some("UNASSIGNED")));
        assert_eq!(world.journal.count("seek"), 0);
        assert!(world.journal.has("close in-0") && world.journal.has("stop"));
    });
}

#[test]
fn only_offsets_that_were_asked_for_and_put_are_committed() {
    simulated(|env| async move {
        let world = World::new(&env);
        world.cluster.feed("in", 0, &["a", "b", "c"]);
        world.cluster.feed("in", 1, &["x", "y"]);
        let sink = world.sink("s");
        sink.on_pre_commit(|_| Ok(Offsets::from([(partition(0), 2), (partition(1), 3), (partition(7), 1)])));
        world.start_sink("s", &[]);
        world.eventually("what is durable is committed", || world.committed("s", 0) == Some(2)).await;
        env.sleep(Duration::from_secs(5)).await;
        assert_eq!((world.committed("s", 1), world.committed("s", 7)), (None, None));
        sink.on_pre_commit(|_| Ok(Offsets::new()));
        world.stop("s").await;
        assert_eq!(world.committed("s", 0), Some(2));
    });
}

#[test]
fn a_commit_that_kafka_refuses_is_tried_again_and_fails_nobody() {
    simulated(|env| async move {
        let world = World::new(&env);
        world.cluster.feed("in", 0, &["a"]);
        let sink = world.sink("s");
        world.consumer("s").fail_commits(3);
        world.start_sink("s", &[]);
        world.eventually("committed", || world.committed("s", 0) == Some(1)).await;
        assert_eq!((world.consumer("s").refused_commits(), sink.values()), (3, vec!["a".to_owned()]));
        assert_eq!(world.statuses.of("s-0"), ["RUNNING"]);
    });
}

#[test]
fn a_rewind_delivers_again_from_there_and_forgets_what_waits_from_there_on() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "3600000").build();
        world.cluster.feed("in", 0, &["a", "b", "c"]);
        let sink = world.sink("s");
        world.start_sink("s", &[]);
        world.eventually("taken", || sink.values() == ["a", "b", "c"]).await;
        sink.on_put(Answer::Fail(Error::retriable("busy"))).on_put(Answer::Fail(Error::retriable("busy")));
        world.cluster.feed("in", 0, &["d"]);
        world.eventually("it waits", || world.journal.has("put d")).await;
        let runtime = sink.context().runtime;
        runtime.rewind(Offsets::from([(partition(0), 1), (partition(9), 5)]));
        runtime.request_commit();
        world.eventually("again", || sink.values() == ["a", "b", "c", "b", "c", "d"]).await;
        assert_eq!(world.journal.about(&["seek"]), ["seek in-0@1"]);
        assert_eq!(world.journal.about(&["put"]), ["put a b c", "put d", "put d", "put b c d"]);
        runtime.request_commit();
        world.eventually("committed", || world.committed("s", 0) == Some(4)).await;
    });
}

#[test]
fn a_consumer_that_can_go_on_no_more_fails_the_task_after_a_last_commit() {
    simulated(|env| async move {
        let world = World::builder(&env).with("offset.flush.interval.ms", "60000").build();
        world.cluster.feed("in", 0, &["a"]);
        let sink = world.sink("s");
        world.start_sink("s", &[]);
        world.eventually("taken", || sink.values() == ["a"]).await;
        world.consumer("s").fail(Error::connect("Not authorized to access group: connect-s"));
        world.reaches("s-0", "FAILED").await;
        assert!(world.statuses.trace("s-0").unwrap().contains("Not authorized to access group"));
        assert_eq!(world.committed("s", 0), Some(1));
    });
}
