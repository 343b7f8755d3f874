//! Records that fail in a transform or a converter, for every policy.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use connect_api::{Datum, Error, Record, Verdict};

use crate::doubles::{Change, World, simulated};

fn text(record: &Record) -> &str {
    record.value.value.as_str().unwrap()
}

/// Fails for this value, with an error that names it.
fn fails_at(value: &'static str) -> Change {
    Arc::new(move |record| match text(record) {
        found if found == value => Err(Error::data(format!("cannot take {value}"))),
        _ => Ok(Verdict::Keep),
    })
}

/// Fails for this value a number of times, as something that may succeed later.
fn fails_for_a_while(value: &'static str, times: usize) -> (Change, Arc<AtomicUsize>) {
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = tries.clone();
    let change: Change = Arc::new(move |record| {
        if text(record) == value && counted.fetch_add(1, Ordering::SeqCst) < times {
            return Err(Error::retriable("not now"));
        }
        Ok(Verdict::Keep)
    });
    (change, tries)
}

const STAGES: [(&str, &str); 5] = [
    ("transforms", "a,b"),
    ("transforms.a.type", "test.Change"),
    ("transforms.a.script", "a"),
    ("transforms.b.type", "test.Change"),
    ("transforms.b.script", "b"),
];

/// Two transforms, `a` and `b`, and more keys.
fn staged(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    STAGES.iter().chain(more).copied().collect()
}

fn exclaim() -> Change {
    Arc::new(|record| {
        record.value = Datum::schemaless(format!("{}!", text(record)).as_str());
        Ok(Verdict::Keep)
    })
}

fn tolerance_exceeded(cause: &str) -> String {
    format!(
        "org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler\n\
         Caused by: org.apache.kafka.connect.errors.DataException: {cause}\n"
    )
}

#[test]
fn a_source_with_tolerance_sends_the_others_once_and_in_order() {
    simulated(|env| async move {
        let world = World::new(&env);
        world.change("a", fails_at("3"));
        world.change("b", Arc::new(|record| Ok(if text(record) == "5" { Verdict::Drop } else { Verdict::Keep })));
        let source = world.source("c");
        source.then_records(1..=4).then_records(5..=7);
        world.start_source("c", &staged(&[("errors.tolerance", "all")]));
        world.stores("c", 7).await;
        assert_eq!(world.cluster.values("t"), ["1", "2", "4", "6", "7"]);
        let mut tags = source.tags();
        tags.sort_unstable();
        assert_eq!((tags, world.statuses.of("c-0")), (vec![1, 2, 3, 4, 5, 6, 7], vec!["RUNNING"]));
    });
}

#[test]
fn a_source_without_tolerance_sends_what_came_before_and_fails_with_javas_trace() {
    simulated(|env| async move {
        let world = World::new(&env);
        world.change("a", fails_at("3"));
        world.change("b", exclaim());
        let source = world.source("c");
        source.then_records(1..=5).then_records(6..=9);
        world.start_source("c", &staged(&[]));
        world.reaches("c-0", "FAILED").await;
        assert_eq!(world.statuses.trace("c-0").unwrap(), tolerance_exceeded("cannot take 3"));
        assert_eq!(world.cluster.values("t"), ["1!", "2!"]);
        assert_eq!((world.stored("c").await, source.tags(), source.stops()), (Some(2), vec![1, 2], 1));
        assert_eq!(source.polls(), 1);
    });
}

#[test]
fn when_two_stages_fail_on_different_records_the_earlier_record_wins() {
    for (a, b, converter, kept, winner) in [
        ("4", "2", "9", 1, "2"),
        ("2", "4", "9", 1, "2"),
        ("4", "9", "3", 2, "3"),
        ("3", "9", "4", 2, "3"),
        ("9", "4", "2", 1, "2"),
    ] {
        simulated(|env| async move {
            let world = World::new(&env);
            world.change("a", fails_at(a));
            world.change("b", fails_at(b));
            world.refuse(
                "c",
                Arc::new(
                    move |text| {
                        if text == converter { Err(Error::data(format!("cannot take {text}"))) } else { Ok(()) }
                    },
                ),
            );
            world.source("c").then_records(1..=5);
            world.start_source("c", &staged(&[("value.converter", "test.Refusing"), ("value.converter.script", "c")]));
            world.reaches("c-0", "FAILED").await;
            assert_eq!(world.statuses.trace("c-0").unwrap(), tolerance_exceeded(&format!("cannot take {winner}")));
            let values: Vec<_> = (1..=kept).map(|n| n.to_string()).collect();
            assert_eq!(world.cluster.values("t"), values);
        });
    }
}

#[test]
fn a_retriable_failure_is_retried_with_doubling_waits_and_keeps_its_place() {
    simulated(|env| async move {
        let world = World::new(&env);
        let (change, tries) = fails_for_a_while("2", 4);
        world.change("a", change);
        world.change("b", exclaim());
        let source = world.source("c");
        source.then_records(1..=3);
        world.start_source("c", &staged(&[("errors.retry.timeout", "60000")]));
        world.reaches("c-0", "RUNNING").await;
        let began = env.clock().now();
        world.eventually("all are sent", || !world.cluster.values("t").is_empty()).await;
        let took = env.clock().now() - began;
        let waits = Duration::from_millis(300 + 600 + 1_200 + 2_400);
        assert!(took >= waits && took < waits + Duration::from_millis(50), "{took:?}");
        assert_eq!(
            (world.cluster.values("t"), tries.load(Ordering::SeqCst)),
            (vec!["1!".into(), "2!".into(), "3!".into()], 5)
        );
    });
}

#[test]
fn a_record_whose_retries_are_over_is_skipped_whatever_the_tolerance() {
    simulated(|env| async move {
        let world = World::new(&env);
        let (change, tries) = fails_for_a_while("2", usize::MAX);
        world.change("a", change);
        world.change("b", exclaim());
        let source = world.source("c");
        source.then_records(1..=3);
        world.start_source("c", &staged(&[("errors.retry.timeout", "1000")]));
        world.stores("c", 3).await;
        assert_eq!(world.cluster.values("t"), ["1!", "3!"]);
        assert_eq!((source.tags().len(), tries.load(Ordering::SeqCst)), (3, 4), "at 0, 300, 900 and 1000 ms");
    });
}

#[test]
fn a_converter_that_fails_for_a_while_is_retried() {
    simulated(|env| async move {
        let world = World::new(&env);
        let tries = AtomicUsize::new(0);
        world.refuse(
            "slow",
            Arc::new(move |text| {
                if text == "2" && tries.fetch_add(1, Ordering::SeqCst) < 2 {
                    return Err(Error::retriable("not now"));
                }
                Ok(())
            }),
        );
        world.source("c").then_records(1..=3);
        world.start_source(
            "c",
            &[("value.converter", "test.Refusing"), ("value.converter.script", "slow"), ("errors.retry.timeout", "-1")],
        );
        world.stores("c", 3).await;
        assert_eq!(world.cluster.values("t"), ["1", "2", "3"]);
    });
}

#[test]
fn a_record_the_producer_may_take_later_is_tried_again_and_never_skipped() {
    for tolerance in ["none", "all"] {
        simulated(|env| async move {
            let world = World::new(&env);
            world.producer("c").refuse("2", Error::retriable("no room"), 5);
            let source = world.source("c");
            source.then_records(1..=3);
            world.start_source("c", &[("errors.tolerance", tolerance)]);
            world.stores("c", 3).await;
            assert_eq!(
                (world.cluster.values("t"), source.tags()),
                (vec!["1".into(), "2".into(), "3".into()], vec![1, 2, 3])
            );
        });
    }
}

#[test]
fn a_record_the_producer_never_takes_fails_the_task_or_is_skipped_with_its_offset() {
    simulated(|env| async move {
        let world = World::new(&env);
        for name in ["none", "all"] {
            let error = Error::connect("The message is 2000000 bytes when serialized which is larger than 1048576");
            world.producer(name).refuse("3", error, usize::MAX);
            world.source(name).then_records(1..=3);
            world.start_source(name, &[("errors.tolerance", name)]);
        }
        world.reaches("none-0", "FAILED").await;
        let trace = world.statuses.trace("none-0").unwrap();
        assert!(trace.contains("Unrecoverable exception from producer send callback\nCaused by: "), "{trace}");
        assert!(trace.contains("larger than 1048576"), "{trace}");
        assert_eq!(world.stored("none").await, Some(2));
        world.stores("all", 3).await;
        assert_eq!(world.statuses.of("all-0"), ["RUNNING"]);
    });
}

fn lettered(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let mut config = staged(&[
        ("errors.tolerance", "all"),
        ("errors.deadletterqueue.topic.name", "dlq"),
        ("errors.deadletterqueue.context.headers.enable", "true"),
    ]);
    config.extend_from_slice(more);
    config
}

#[test]
fn a_sink_with_tolerance_takes_the_others_once_and_in_order_and_the_queue_has_the_failed_one() {
    simulated(|env| async move {
        let world = World::new(&env);
        world.change("a", exclaim());
        world.change("b", fails_at("c!"));
        world.refuse("no e", Arc::new(|text| if text == "e" { Err(Error::data("an e")) } else { Ok(()) }));
        world.cluster.feed("in", 0, &["a", "b", "c", "d", "e", "f"]);
        let sink = world.sink("s");
        world.start_sink("s", &lettered(&[("value.converter", "test.Refusing"), ("value.converter.script", "no e")]));
        world.eventually("all is committed", || world.committed("s", 0) == Some(6)).await;
        assert_eq!(sink.values(), ["a!", "b!", "d!", "f!"]);
        let letters = world.cluster.records("dlq");
        let about = |index: usize, name: &str| letters[index].header(&format!("__connect.errors.{name}")).unwrap();
        let mut found: Vec<_> = (0..letters.len())
            .map(|index| {
                (about(index, "offset"), letters[index].text(), about(index, "stage"), about(index, "class.name"))
            })
            .collect();
        found.sort();
        let expected = |offset: &str, value: &str, stage: &str, class: &str| {
            (offset.to_owned(), value.to_owned(), stage.to_owned(), class.to_owned())
        };
        assert_eq!(
            found,
            [
                expected("2", "c", "TRANSFORMATION", "test.Change"),
                expected("4", "e", "VALUE_CONVERTER", "test.Refusing")
            ]
        );
    });
}

#[test]
fn a_sink_commits_nothing_beyond_a_letter_that_is_not_stored() {
    simulated(|env| async move {
        let world = World::new(&env);
        world.change("a", fails_at("b"));
        world.change("b", exclaim());
        world.cluster.feed("in", 0, &["a", "b", "c"]);
        let sink = world.sink("s");
        world.dead_letter_producer("s").hold();
        world.start_sink("s", &lettered(&[]));
        world.eventually("the others are taken", || sink.values() == ["a!", "c!"]).await;
        env.sleep(Duration::from_secs(30)).await;
        assert_eq!((world.committed("s", 0), world.journal.count("pre_commit")), (None, 0));
        world.dead_letter_producer("s").release();
        world.eventually("all is committed", || world.committed("s", 0) == Some(3)).await;
        assert_eq!(world.cluster.values("dlq"), ["b"]);
    });
}

#[test]
fn a_letter_that_can_never_be_stored_holds_up_no_commit() {
    for refused_at_once in [false, true] {
        simulated(|env| async move {
            let world = World::new(&env);
            world.change("a", fails_at("b"));
            world.change("b", exclaim());
            world.cluster.feed("in", 0, &["a", "b", "c"]);
            let (sink, letters) = (world.sink("s"), world.dead_letter_producer("s"));
            if refused_at_once {
                letters.refuse("b", Error::connect("too large"), usize::MAX);
            } else {
                letters.fail("b", Error::connect("no such topic"));
            }
            world.start_sink("s", &lettered(&[]));
            world.eventually("all is committed", || world.committed("s", 0) == Some(3)).await;
            assert_eq!((sink.values(), world.cluster.values("dlq").len()), (vec!["a!".into(), "c!".into()], 0));
        });
    }
}

#[test]
fn a_dead_letter_queue_that_is_full_holds_up_its_sink_and_loses_no_letter() {
    simulated(|env| async move {
        let world = World::new(&env);
        world.change("a", Arc::new(|_| Err(Error::data("none is good"))));
        world.change("b", exclaim());
        let values: Vec<String> = (0..3_000).map(|number| number.to_string()).collect();
        world.cluster.feed("in", 0, &values.iter().map(String::as_str).collect::<Vec<_>>());
        let (_sink, letters) = (world.sink("s"), world.dead_letter_producer("s"));
        letters.hold();
        letters.capacity(10);
        world.consumer("s").max_poll_records(100);
        world.start_sink("s", &lettered(&[]));
        env.sleep(Duration::from_secs(30)).await;
        assert_eq!((letters.last().accepted(), world.committed("s", 0)), (10, None));
        for _ in 0..300 {
            world.eventually("ten more", || letters.last().waiting().len() == 10).await;
            letters.last().acknowledge(10);
        }
        world.eventually("all is committed", || world.committed("s", 0) == Some(3_000)).await;
        assert_eq!(world.cluster.values("dlq"), values);
    });
}

#[test]
fn a_sink_without_tolerance_puts_nothing_of_the_poll_and_fails_and_the_queue_has_the_record() {
    simulated(|env| async move {
        let world = World::new(&env);
        world.change("a", fails_at("f"));
        world.change("b", exclaim());
        world.cluster.feed("in", 0, &["a", "b", "c", "d", "e", "f"]);
        world.consumer("s").max_poll_records(4);
        let sink = world.sink("s");
        world.start_sink("s", &lettered(&[("errors.tolerance", "none")]));
        world.reaches("s-0", "FAILED").await;
        assert_eq!(world.statuses.trace("s-0").unwrap(), tolerance_exceeded("cannot take f"));
        assert_eq!((sink.values().len(), world.committed("s", 0)), (4, Some(4)), "earlier batches are committed");
        assert_eq!(world.cluster.values("dlq"), ["f"]);
    });
}

#[test]
fn a_sink_retries_a_transform_and_keeps_the_order() {
    simulated(|env| async move {
        let world = World::new(&env);
        let (change, _) = fails_for_a_while("b", 3);
        world.change("a", change);
        world.change("b", exclaim());
        world.cluster.feed("in", 0, &["a", "b", "c"]);
        let sink = world.sink("s");
        world.start_sink("s", &staged(&[("errors.retry.timeout", "60000")]));
        world.eventually("all are taken", || sink.values() == ["a!", "b!", "c!"]).await;
        assert!(env.clock().now().since_origin() >= Duration::from_millis(300 + 600 + 1_200));
    });
}
