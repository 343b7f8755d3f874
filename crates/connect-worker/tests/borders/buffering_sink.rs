//! A sink that keeps records across puts and finds out long after which of them are bad.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connect_api::sink::{Offsets, SinkTask, SinkTaskContext, TopicPartition};
use connect_api::{Datum, Error, Record, Result, Verdict};
use env::BoxFuture;
use kafka_config::RawConfig;
use parking_lot::Mutex;

use crate::doubles::{StoredRecord, World, simulated};

#[derive(Default)]
struct Buffer {
    records: Vec<Record>,
    reports: Vec<BoxFuture<'static, Result<()>>>,
    pre_commits: usize,
}

/// Keeps ten batches, reports the first record of all as bad at the eleventh, and calls everything durable then.
struct Buffering {
    buffer: Arc<Mutex<Buffer>>,
    context: Option<SinkTaskContext>,
}

#[async_trait]
impl SinkTask for Buffering {
    async fn start(&mut self, context: SinkTaskContext, _config: RawConfig) -> Result<()> {
        self.context = Some(context);
        Ok(())
    }

    async fn put(&mut self, records: &[Record]) -> Result<()> {
        let mut buffer = self.buffer.lock();
        for record in records {
            let mut kept = record.clone();
            kept.detach();
            buffer.records.push(kept);
        }
        if buffer.records.len() == 11 && !records.is_empty() {
            let reporter = self.context.as_ref().unwrap().errant_records.clone().unwrap();
            let report = reporter.report(&buffer.records[0], Error::data("the first one was bad"))?;
            buffer.reports.push(report);
        }
        Ok(())
    }

    async fn pre_commit(&mut self, offsets: &Offsets) -> Result<Offsets> {
        let mut buffer = self.buffer.lock();
        buffer.pre_commits += 1;
        Ok(if buffer.records.len() < 11 { Offsets::new() } else { offsets.clone() })
    }
}

fn dead_letters() -> Vec<(&'static str, &'static str)> {
    vec![
        ("errors.tolerance", "all"),
        ("errors.deadletterqueue.topic.name", "dlq"),
        ("errors.deadletterqueue.topic.replication.factor", "1"),
        ("errors.deadletterqueue.context.headers.enable", "true"),
    ]
}

fn buffering(world: &World) -> Arc<Mutex<Buffer>> {
    let buffer = Arc::new(Mutex::new(Buffer::default()));
    let made = buffer.clone();
    world.sink_task("s", move || Box::new(Buffering { buffer: made.clone(), context: None }));
    buffer
}

#[test]
fn the_offset_of_a_bad_record_waits_for_its_late_report_and_the_queue_gets_its_bytes() {
    simulated(|env| async move {
        let world = World::new(&env);
        let buffer = buffering(&world);
        world.change(
            "upper",
            Arc::new(|record| {
                let upper = record.value.value.as_str().unwrap().to_uppercase();
                record.value = Datum::schemaless(upper.as_str());
                Ok(Verdict::Keep)
            }),
        );
        let first = StoredRecord {
            key: Some(Bytes::from_static(b"the key")),
            headers: vec![("h".into(), Some(Bytes::from_static(b"x"))), ("empty".into(), None)],
            timestamp: 4_711,
            ..StoredRecord::of("first")
        };
        world.cluster.append(&TopicPartition::new("in", 0), first);
        world.cluster.feed("in", 0, &["b", "c", "d", "e", "f", "g", "h", "i", "j"]);
        world.consumer("s").max_poll_records(1);
        world.dead_letter_producer("s").hold();
        let mut config = dead_letters();
        config.extend([("transforms", "t"), ("transforms.t.type", "test.Change"), ("transforms.t.script", "upper")]);
        world.start_sink("s", &config);
        world.eventually("ten are buffered", || buffer.lock().records.len() == 10).await;
        env.sleep(Duration::from_secs(3)).await;
        assert!(buffer.lock().pre_commits >= 2 && world.committed("s", 0).is_none());
        assert_eq!(buffer.lock().records[0].value.value.as_str(), Some("FIRST"), "the sink sees it transformed");

        world.cluster.feed("in", 0, &["k"]);
        world.eventually("it is reported", || buffer.lock().reports.len() == 1).await;
        let asked = buffer.lock().pre_commits;
        env.sleep(Duration::from_secs(20)).await;
        assert_eq!(
            (world.committed("s", 0), buffer.lock().pre_commits),
            (None, asked),
            "the report is not durable yet"
        );
        assert_eq!(world.cluster.values("dlq"), Vec::<String>::new());

        world.dead_letter_producer("s").release();
        let report = buffer.lock().reports.pop().unwrap();
        report.await.unwrap();
        world.eventually("all is committed", || world.committed("s", 0) == Some(11)).await;
        let letters = world.cluster.records("dlq");
        assert_eq!(letters.len(), 1);
        let letter = &letters[0];
        assert_eq!((letter.key.as_deref(), letter.text()), (Some(&b"the key"[..]), "first".into()));
        assert_eq!(letter.timestamp, 4_711);
        assert_eq!(letter.headers[0], ("h".into(), Some(Bytes::from_static(b"x"))));
        assert_eq!(letter.headers[1], ("empty".into(), None));
        for (name, value) in [
            ("topic", "in"),
            ("partition", "0"),
            ("offset", "0"),
            ("connector.name", "s"),
            ("task.id", "0"),
            ("stage", "TASK_PUT"),
            ("class.name", "org.apache.kafka.connect.sink.SinkTask"),
            ("exception.class.name", "org.apache.kafka.connect.errors.DataException"),
            ("exception.message", "the first one was bad"),
            ("exception.stacktrace", "org.apache.kafka.connect.errors.DataException: the first one was bad\n"),
        ] {
            assert_eq!(letter.header(&format!("__connect.errors.{name}")).as_deref(), Some(value), "{name}");
        }
    });
}

#[test]
fn without_tolerance_a_report_fails_the_task_at_once_and_the_queue_still_gets_the_record() {
    simulated(|env| async move {
        let world = World::new(&env);
        let buffer = buffering(&world);
        let numbers: Vec<String> = (0..11).map(|n| n.to_string()).collect();
        world.cluster.feed("in", 0, &numbers.iter().map(String::as_str).collect::<Vec<_>>());
        let mut config = dead_letters();
        config[0] = ("errors.tolerance", "none");
        world.start_sink("s", &config);
        world.reaches("s-0", "FAILED").await;
        assert_eq!(
            world.statuses.trace("s-0").unwrap(),
            "org.apache.kafka.connect.errors.ConnectException: Exiting WorkerSinkTask due to unrecoverable exception.\n\
             Caused by: org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler\n\
             Caused by: org.apache.kafka.connect.errors.DataException: the first one was bad\n"
        );
        assert_eq!((world.cluster.values("dlq"), world.committed("s", 0)), (vec!["0".into()], None));
        assert_eq!(buffer.lock().reports.len(), 0);
    });
}

#[test]
fn a_sink_has_a_reporter_only_when_somebody_listens() {
    simulated(|env| async move {
        let world = World::new(&env);
        for (name, config) in
            [("silent", vec![]), ("logging", vec![("errors.log.enable", "true")]), ("lettered", dead_letters())]
        {
            let sink = world.sink(name);
            world.start_sink(name, &config);
            world.reaches(&format!("{name}-0"), "RUNNING").await;
            assert_eq!(sink.context().errant_records.is_some(), name != "silent", "{name}");
        }
        assert!(world.cluster.has_topic("dlq"));
    });
}

#[test]
fn a_dead_letter_queue_that_cannot_be_made_fails_the_task_before_it_starts() {
    simulated(|env| async move {
        let world = World::new(&env);
        let _sink = world.sink("s");
        world.start_sink("s", &[("errors.deadletterqueue.topic.name", "forbidden-dlq")]);
        world.reaches("s-0", "FAILED").await;
        let trace = world.statuses.trace("s-0").unwrap();
        assert!(
            trace.contains("Could not initialize dead letter queue with topic=forbidden-dlq\nCaused by: "),
            "{trace}"
        );
        assert!(!world.journal.has("start"));
    });
}
