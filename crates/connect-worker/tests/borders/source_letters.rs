//! The dead letter queue of sources: records that a transform, a converter or Kafka refuses.

use std::sync::Arc;
use std::time::Duration;

use connect_api::{Error, Verdict};

use crate::doubles::{World, simulated};

/// A transform refuses the record with this value.
fn refusing(world: &World, value: &'static str) {
    let refuse = move |record: &mut connect_api::Record| match record.value.value.as_str() {
        Some(text) if text == value => Err(Error::data("refused")),
        _ => Ok(Verdict::Keep),
    };
    world.change("refuses", Arc::new(refuse));
}

/// The record 2 of the scripted source.
const LETTER: &str = r#"{"schema":null,"payload":"2"}"#;

const LINES: [(&str, &str); 6] = [
    ("errors.tolerance", "all"),
    ("transforms", "t"),
    ("transforms.t.type", "test.Change"),
    ("transforms.t.script", "refuses"),
    ("moldau.errors.deadletterqueue.topic.name", "bad"),
    ("moldau.errors.deadletterqueue.context.headers.enable", "true"),
];

#[test]
fn a_refused_record_is_in_the_queue_as_json_with_its_place_in_the_source() {
    simulated(|env| async move {
        let world = World::new(&env);
        refusing(&world, "2");
        world.source("s").then_records(1..=3);
        world.start_source("s", &LINES);
        world.eventually("the others are sent", || world.cluster.values("t") == ["1", "3"]).await;
        world.eventually("it is a letter", || world.cluster.records("bad").len() == 1).await;
        world.stores("s", 3).await;
        let letter = &world.cluster.records("bad")[0];
        assert_eq!(letter.text(), LETTER);
        let about = |name: &str| letter.header(&format!("__connect.errors.{name}")).unwrap_or_default();
        assert_eq!(
            (about("topic"), about("stage"), about("class.name")),
            ("t".into(), "TRANSFORMATION".into(), "test.Change".into())
        );
        assert_eq!((about("source.partition"), about("source.offset")), ("{\"p\":\"p\"}".into(), "{\"o\":2}".into()));
        assert_eq!(about("exception.message"), "refused");
        assert_eq!(world.statuses.last("s-0"), Some("RUNNING"));
    });
}

#[test]
fn no_offset_is_stored_before_the_letter_is() {
    simulated(|env| async move {
        let world = World::new(&env);
        refusing(&world, "2");
        world.dead_letter_producer("s").hold();
        world.source("s").then_records(1..=3);
        world.start_source("s", &LINES);
        world.eventually("the others are sent", || world.cluster.values("t") == ["1", "3"]).await;
        env.sleep(Duration::from_secs(200)).await;
        assert_eq!(world.stored("s").await, None);
        world.dead_letter_producer("s").release();
        world.stores("s", 3).await;
        assert_eq!(world.cluster.records("bad").len(), 1);
    });
}

#[test]
fn a_letter_that_cannot_be_stored_fails_the_task_with_its_record_to_be_read_again() {
    simulated(|env| async move {
        let world = World::new(&env);
        refusing(&world, "2");
        world.dead_letter_producer("s").refuse(LETTER, Error::data("no room for letters"), usize::MAX);
        world.source("s").then_records(1..=3);
        world.start_source("s", &LINES);
        world.reaches("s-0", "FAILED").await;
        assert_eq!(world.stored("s").await, None);
        let trace = world.statuses.trace("s-0").unwrap();
        assert!(trace.contains("Could not produce message to dead letter queue"), "{trace}");
    });
}

#[test]
fn what_kafka_refuses_at_once_or_later_is_a_letter_as_the_source_made_it() {
    for at_once in [true, false] {
        simulated(|env| async move {
            let world = World::new(&env);
            world.change("refuses", Arc::new(|_| Ok(Verdict::Keep)));
            let error =
                Error::connect("too large").with_class("org.apache.kafka.common.errors.RecordTooLargeException");
            match at_once {
                true => world.producer("s").refuse("2", error, usize::MAX),
                false => world.producer("s").fail("2", error),
            }
            world.source("s").then_records(1..=3);
            world.start_source("s", &LINES);
            world.stores("s", 3).await;
            assert_eq!(world.cluster.values("t"), ["1", "3"]);
            let letters = world.cluster.records("bad");
            assert_eq!(letters.iter().map(|letter| letter.text()).collect::<Vec<_>>(), [LETTER]);
            let about = |name: &str| letters[0].header(&format!("__connect.errors.{name}")).unwrap_or_default();
            assert_eq!(about("stage"), "KAFKA_PRODUCE");
            assert_eq!(about("exception.class.name"), "org.apache.kafka.common.errors.RecordTooLargeException");
        });
    }
}

#[test]
fn a_source_that_ends_in_letters_goes_on_behind_them() {
    for last in ["3", "1"] {
        simulated(|env| async move {
            let world = World::new(&env);
            refusing(&world, last);
            let last: u64 = last.parse().unwrap();
            world.source("s").then_records(last..=last);
            world.start_source("s", &LINES);
            world.stores("s", last as i64).await;
            assert_eq!(world.cluster.records("bad").len(), 1);
            assert_eq!(world.cluster.values("t"), Vec::<String>::new());
        });
    }
}

#[test]
fn the_offset_of_a_letter_waits_for_what_comes_before_it() {
    simulated(|env| async move {
        let world = World::new(&env);
        refusing(&world, "3");
        world.producer("s").hold();
        world.source("s").then_records(1..=3);
        world.start_source("s", &LINES);
        world.eventually("it is a letter", || world.cluster.records("bad").len() == 1).await;
        env.sleep(Duration::from_secs(200)).await;
        assert_eq!(world.stored("s").await, None);
        world.producer("s").release();
        world.stores("s", 3).await;
        assert_eq!(world.cluster.values("t"), ["1", "2"]);
    });
}

#[test]
fn a_record_that_fails_the_task_is_a_letter_and_read_again() {
    simulated(|env| async move {
        let world = World::new(&env);
        refusing(&world, "3");
        world.source("s").then_records(1..=3);
        let strict: Vec<_> = LINES.into_iter().filter(|(key, _)| *key != "errors.tolerance").collect();
        world.start_source("s", &strict);
        world.reaches("s-0", "FAILED").await;
        assert_eq!(world.stored("s").await, Some(2));
        assert_eq!(world.cluster.values("t"), ["1", "2"]);
    });
}
