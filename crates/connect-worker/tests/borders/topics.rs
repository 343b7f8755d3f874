//! Topics: created by rules before the first record, tracked once per task, found by pattern; and how many tasks there
//! may be.

use std::sync::Arc;
use std::time::Duration;

use connect_api::{Error, Record};
use connect_storage::config::TargetState;
use connect_worker::TaskId;

use crate::doubles::{Change, Turn, World, record, simulated};

const RULES: &[(&str, &str)] = &[
    ("topic.creation.default.replication.factor", "1"),
    ("topic.creation.default.partitions", "2"),
    ("topic.creation.groups", "wide"),
    ("topic.creation.wide.include", "w.*"),
    ("topic.creation.wide.partitions", "9"),
    ("topic.creation.wide.cleanup.policy", "compact"),
    ("admin.override.retries", "3"),
];

fn to(topic: &str, number: u64) -> Record {
    let mut record = record(number);
    record.topic = topic.into();
    record
}

#[test]
fn topics_are_created_by_their_group_before_their_first_record_and_looked_up_once() {
    simulated(|env| async move {
        let world = World::builder(&env).with("admin.client.dns.lookup", "use_all_dns_ips").build();
        let source = world.source("c");
        world.cluster.create_topic("there");
        source.then(Turn::Records(vec![to("t", 1), to("there", 2), to("t", 3), to("wide", 4), to("wide", 5)]));
        source.then(Turn::Records(vec![to("wide", 6), to("t", 7)]));
        world.start_source("c", RULES);
        world.eventually("all stored", || source.tags().len() == 7).await;
        assert_eq!(
            world.clients.admins().calls(),
            [
                "find t",
                "create (name=t, numPartitions=2, replicationFactor=1, replicasAssignments=null, configs={})",
                "find there",
                "find wide",
                "create (name=wide, numPartitions=9, replicationFactor=1, replicasAssignments=null, \
                 configs={cleanup.policy=compact})",
            ]
        );
        let config = world.clients.admins().configs().remove(0);
        for (key, value) in
            [("client.id", "connector-adminclient-c-0"), ("retries", "3"), ("client.dns.lookup", "use_all_dns_ips")]
        {
            assert_eq!(config.get(key), Some(value), "{key}");
        }
    });
}

#[test]
fn no_topics_are_looked_for_without_rules_or_where_the_worker_takes_none() {
    simulated(|env| async move {
        let world = World::builder(&env).with("topic.creation.enable", "false").build();
        let (with_rules, without) = (world.source("c"), world.source("d"));
        with_rules.then_records([1]);
        without.then_records([1]);
        world.start_source("c", RULES);
        world.start_source("d", &[]);
        world.eventually("both stored", || with_rules.tags() == [1] && without.tags() == [1]).await;
        assert!(world.clients.admins().calls().is_empty() && world.clients.admins().configs().is_empty());
    });
}

#[test]
fn a_topic_that_may_not_be_created_fails_the_task_and_what_came_before_is_stored() {
    simulated(|env| async move {
        let world = World::new(&env);
        let source = world.source("c");
        world.cluster.create_topic("t");
        world.clients.admins().refuse();
        source.then(Turn::Records(vec![to("t", 1), to("t", 2), to("secret", 3), to("t", 4)]));
        world.start_source("c", RULES);
        world.reaches("c-0", "FAILED").await;
        let trace = world.statuses.trace("c-0").unwrap();
        let text = "Task failed to create new topic (name=secret, numPartitions=2, replicationFactor=1, \
                    replicasAssignments=null, configs={}). Ensure that the task is authorized to create topics or that \
                    the topic exists and restart the task";
        assert!(trace.starts_with(&format!("org.apache.kafka.connect.errors.ConnectException: {text}")), "{trace}");
        assert_eq!((world.cluster.values("t"), world.stored("c").await), (vec!["1".into(), "2".into()], Some(2)));
    });
}

#[test]
fn a_look_up_that_times_out_is_made_again_and_does_not_hold_up_a_stop() {
    simulated(|env| async move {
        let world = World::new(&env);
        let source = world.source("c");
        world.clients.admins().time_outs(3);
        source.then_records([1, 2]);
        world.start_source("c", RULES);
        world.eventually("stored", || source.tags() == [1, 2]).await;
        assert_eq!(world.clients.admins().calls()[..4], ["find t"; 4]);

        world.clients.admins().time_outs(usize::MAX);
        source.then(Turn::Records(vec![to("t", 3), to("other", 4)]));
        world.eventually("a look-up failed", || world.clients.admins().calls().len() > 5).await;
        let began = env.clock().now();
        world.stop("c").await;
        assert!(env.clock().now() - began < Duration::from_secs(1));
        assert_eq!((world.stored("c").await, world.statuses.last("c-0")), (Some(3), Some("UNASSIGNED")));
    });
}

#[test]
fn a_source_tells_of_its_topics_when_they_have_stored_something() {
    simulated(|env| async move {
        let world = World::new(&env);
        let source = world.source("c");
        world.producer("c").hold();
        source.then(Turn::Records(vec![to("a", 1), to("b", 2), to("a", 3)]));
        world.start_source("c", &[]);
        world.eventually("the second poll", || source.polls() == 2).await;
        assert_eq!(world.producer("c").last().waiting().len(), 3);
        assert!(world.statuses.topics().is_empty());
        world.producer("c").last().acknowledge(1);
        world.eventually("one", || world.statuses.topics() == ["c-0 a"]).await;
        world.producer("c").last().acknowledge(2);
        world.eventually("both", || world.statuses.topics() == ["c-0 a", "c-0 b"]).await;
        world.worker.topic_resets().forgotten();
        source.then(Turn::Records(vec![to("b", 4), to("b", 5)]));
        world.eventually("sent", || world.producer("c").last().waiting().len() == 2).await;
        world.producer("c").last().acknowledge(2);
        world.eventually("again", || world.statuses.topics() == ["c-0 a", "c-0 b", "c-0 b"]).await;
    });
}

#[test]
fn a_sink_tells_of_topics_whose_records_are_converted_whatever_becomes_of_them() {
    simulated(|env| async move {
        let world = World::new(&env);
        let sink = world.sink("s");
        world.refuse("bad", Arc::new(|text| if text == "bad" { Err(Error::data("bad")) } else { Ok(()) }));
        let drop: Change = Arc::new(|_| Ok(connect_api::Verdict::Drop));
        world.change("drop", drop);
        let more = [
            ("topics", "broken,dropped,read"),
            ("errors.tolerance", "all"),
            ("value.converter", "test.Refusing"),
            ("value.converter.script", "bad"),
            ("transforms", "d"),
            ("transforms.d.type", "test.Change"),
            ("transforms.d.script", "drop"),
        ];
        world.cluster.feed("broken", 0, &["bad", "bad"]);
        world.cluster.feed("dropped", 0, &["good", "bad", "good"]);
        world.start_sink("s", &more);
        world.eventually("told", || world.statuses.topics() == ["s-0 dropped"]).await;
        env.sleep(Duration::from_secs(10)).await;
        assert_eq!((world.statuses.topics(), sink.values().len()), (vec!["s-0 dropped".to_owned()], 0));
    });
}

#[test]
fn nothing_is_told_where_the_worker_tracks_no_topics() {
    simulated(|env| async move {
        let world = World::builder(&env).with("topic.tracking.enable", "false").build();
        let (source, sink) = (world.source("c"), world.sink("s"));
        source.then_records([1]);
        world.cluster.feed("in", 0, &["a"]);
        world.start_source("c", &[]);
        world.start_sink("s", &[]);
        world.eventually("both work", || source.tags() == [1] && sink.values() == ["a"]).await;
        assert!(world.statuses.topics().is_empty());
    });
}

#[test]
fn a_sink_with_a_pattern_gets_what_matches_it_whole() {
    simulated(|env| async move {
        let world = World::new(&env);
        let sink = world.sink("s");
        for topic in ["in-a", "in-b", "begin-a", "in-aa"] {
            world.cluster.feed(topic, 0, &[topic]);
        }
        world.start_sink("s", &[("topics", ""), ("topics.regex", "(?i)IN-[a-z&&[^b]]")]);
        world.eventually("records", || sink.values() == ["in-a"]).await;
        assert_eq!(world.statuses.topics(), ["s-0 in-a"]);
    });
}

#[test]
fn a_task_of_too_many_fails_unless_that_is_permitted() {
    simulated(|env| async move {
        let world = World::new(&env);
        let _ = world.source("c");
        let start = |more: &[(&str, &str)]| {
            let config = world.source_config("c", more);
            world.worker.start_task(&TaskId::new("c", 0), &config, config.clone(), 3, TargetState::Started).unwrap();
        };
        start(&[("tasks.max", "2")]);
        world.reaches("c-0", "FAILED").await;
        let trace = world.statuses.trace("c-0").unwrap();
        let text = "org.apache.kafka.connect.runtime.TooManyTasksException: The connector c has generated 3 tasks, which \
                    is greater than 2,";
        assert!(trace.starts_with(text), "{trace}");
        world.stop("c").await;
        start(&[("tasks.max", "2"), ("tasks.max.enforce", "false")]);
        world.reaches("c-0", "RUNNING").await;
    });
}

#[test]
fn rules_that_cannot_be_keep_the_connector_from_starting() {
    simulated(|env| async move {
        let world = World::new(&env);
        let config = world.source_config("c", &[("topic.creation.default.partitions", "1")]);
        let started = world.worker.start_connector(&"c".into(), config.clone(), TargetState::Started).await;
        let text = "Missing required configuration \"topic.creation.default.replication.factor\" which has no default \
                    value.";
        assert_eq!(started.unwrap_err().message(), Some(text));
        assert_eq!(world.statuses.last("c"), Some("FAILED"));
        let off = World::builder(&env).with("topic.creation.enable", "false").build();
        off.worker.start_connector(&"c".into(), config, TargetState::Started).await.unwrap();
    });
}
