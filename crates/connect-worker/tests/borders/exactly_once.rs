//! The reading half with exactly-once delivery, against a transactional producer: configuration cannot reach it yet.

use std::sync::Arc;
use std::time::Duration;

use connect_api::source::{Boundary, SourceTaskContext};
use connect_api::{Error, Result, Signal, SourceOffset, SourcePartition, TokenSource, Verdict};
use connect_converters::{SimpleHeaderConverter, StringConverter};
use connect_kafka::{Row, Rows};
use connect_storage::offsets::{MemoryOffsetStore, StoredOffsets};
use connect_worker::errors::{Policy, Reporters, Tolerance, ToleranceType};
use connect_worker::probe::Probes;
use connect_worker::record::{Chain, Converters, Encoder, Link};
use connect_worker::source::{
    Acknowledging, Delivery, InFlight, Outbox, Reading, Runner, Transaction, TransactionBoundary, TransactionParts,
    TransactionalOffsets,
};
use connect_worker::{Budget, TaskId};
use env::{Env, Task};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::doubles::{
    Cluster, ProducerControl, ScriptedProducer, SourceScript, Turn, eventually, offset_of, record, simulated,
};

/// Writes an offset as its number, to topic `offsets`.
struct OffsetRows;

impl TransactionalOffsets for OffsetRows {
    fn write(&self, _partition: &SourcePartition, offset: &SourceOffset, rows: &mut Rows) -> Result<()> {
        if offset_of(offset) == 666 {
            return Err(Error::data("Offsets may only contain primitive types"));
        }
        let start = rows.position();
        rows.data_mut().extend_from_slice(offset_of(offset).to_string().as_bytes());
        let value = Some(start..rows.position());
        let headers = rows.header_position()..rows.header_position();
        rows.push(Row { topic: "offsets".into(), partition: Some(0), timestamp: None, key: None, value, headers });
        Ok(())
    }
}

struct DropOdd;

impl connect_api::Transform for DropOdd {
    fn apply(&mut self, record: &mut connect_api::Record) -> Result<Verdict> {
        let odd = record.source_origin().unwrap().tag % 2 == 1;
        Ok(if odd { Verdict::Drop } else { Verdict::Keep })
    }
}

/// A running task that delivers exactly once.
struct Running {
    env: Env,
    cluster: Cluster,
    source: SourceScript,
    signal: Arc<TokenSource>,
    producer: Arc<ScriptedProducer>,
    outcome: Arc<Mutex<Option<Result<()>>>>,
    _tasks: Vec<Box<dyn Task>>,
}

struct Setup {
    boundary: TransactionBoundary,
    tolerance: ToleranceType,
    chain: Vec<Link>,
}

impl Setup {
    fn new(boundary: TransactionBoundary) -> Self {
        Self { boundary, tolerance: ToleranceType::None, chain: Vec::new() }
    }

    fn start(self, env: &Env, cluster: &Cluster, control: &ProducerControl) -> Running {
        let source = SourceScript::default();
        let signal = Arc::new(TokenSource::new(Signal::Run));
        let producer = control.make(env, cluster, Some("group-c-0"));
        let context = SourceTaskContext {
            connector: "c".into(),
            task: 0,
            env: env.clone(),
            token: signal.token(),
            offsets: Arc::new(StoredOffsets::new("c", Arc::new(MemoryOffsetStore::new()))),
            defines_transactions: self.boundary == TransactionBoundary::Connector,
        };
        let halves = source.halves(context);
        let in_flight = InFlight::new(true);
        let acknowledging = Acknowledging {
            env: env.clone(),
            task: TaskId::new("c", 0),
            producer: producer.clone(),
            in_flight: in_flight.clone(),
            acknowledger: halves.acknowledger,
            offsets: None,
            flush_interval: Duration::from_secs(1),
            flush_timeout: Duration::from_secs(5),
            finish_limit: Duration::from_secs(4),
            letters: None,
            tolerance: self.tolerance,
            topics: None,
            probes: Probes::default(),
        };
        let (requests, inbox) = mpsc::channel(1);
        let beside = env.work().spawn("acknowledging", Box::pin(acknowledging.run(inbox)));
        let transaction = Transaction::new(TransactionParts {
            env: env.clone(),
            task: TaskId::new("c", 0),
            producer: producer.clone(),
            in_flight: in_flight.clone(),
            offsets: Arc::new(OffsetRows),
            boundary: self.boundary,
        });
        let tolerance = Tolerance { tolerance: self.tolerance, ..Tolerance::default() };
        let halted = signal.clone();
        let reading = Reading {
            env: env.clone(),
            token: signal.token(),
            halt: Arc::new(move || halted.say(Signal::Stop)),
            reader: halves.reader,
            chain: Chain::new(self.chain),
            encoder: Encoder::new(Converters {
                key: Box::new(StringConverter::default()),
                value: Box::new(StringConverter::default()),
                header: Box::new(SimpleHeaderConverter),
                key_class: "key".into(),
                value_class: "value".into(),
                header_class: "header".into(),
            }),
            policy: Policy::new(env.clone(), tolerance, Reporters::default()),
            outbox: Outbox {
                env: env.clone(),
                producer: producer.clone(),
                in_flight,
                letters: false,
                budget: Budget::new(1 << 20).share(env, 1 << 20),
                topics: None,
            },
            delivery: Delivery::ExactlyOnce(Box::new(transaction)),
            acknowledging: requests,
            stop_limit: Duration::from_secs(5),
            paused: Arc::new(|_| {}),
            probes: Probes::default(),
        };
        let outcome = Arc::new(Mutex::new(None));
        let slot = outcome.clone();
        let run = async move { *slot.lock() = Some(Runner::new(reading).run().await) };
        let body = env.work().spawn("reading", Box::pin(run));
        let (env, cluster) = (env.clone(), cluster.clone());
        Running { env, cluster, source, signal, producer, outcome, _tasks: vec![beside, body] }
    }
}

fn start(env: &Env, boundary: TransactionBoundary) -> Running {
    Setup::new(boundary).start(env, &Cluster::default(), &ProducerControl::default())
}

impl Running {
    /// What a reader of committed records sees: values, and offsets.
    fn visible(&self) -> (Vec<String>, Vec<String>) {
        (self.cluster.values("t"), self.cluster.values("offsets"))
    }

    async fn sees(&self, values: &[&str], offsets: &[&str]) {
        let expected =
            (values.iter().map(ToString::to_string).collect(), offsets.iter().map(ToString::to_string).collect());
        let what = format!("{expected:?} is visible; now: {:?}", self.visible());
        eventually(&self.env, &what, || self.visible() == expected).await;
    }

    async fn ends(&self) -> Result<()> {
        eventually(&self.env, "it ends", || self.outcome.lock().is_some()).await;
        self.outcome.lock().take().unwrap()
    }

    async fn stops(&self) {
        self.signal.say(Signal::Stop);
        self.ends().await.unwrap();
    }
}

#[test]
fn each_poll_is_one_transaction_of_its_records_and_its_offset() {
    simulated(|env| async move {
        let control = ProducerControl::default();
        control.hold();
        let task = Setup::new(TransactionBoundary::Poll).start(&env, &Cluster::default(), &control);
        task.source.then_records(1..=3).then_records(4..=5);
        eventually(&env, "records and offset are appended", || task.producer.accepted() == 4).await;
        assert_eq!(task.producer.waiting(), ["1", "2", "3", "3"]);
        task.producer.acknowledge(3);
        env.sleep(Duration::from_secs(10)).await;
        assert_eq!((task.visible(), task.source.tags()), ((vec![], vec![]), vec![]), "nothing before the commit");
        task.producer.acknowledge(1);
        task.sees(&["1", "2", "3"], &["3"]).await;
        eventually(&env, "told after the commit", || task.source.tags() == [1, 2, 3]).await;
        control.release();
        task.sees(&["1", "2", "3", "4", "5"], &["3", "5"]).await;
        task.stops().await;
        assert_eq!(task.source.tags(), [1, 2, 3, 4, 5]);
        let places: Vec<_> = task.source.acknowledged().into_iter().map(|item| item.stored.unwrap().offset).collect();
        assert_eq!(places, [0, 1, 2, 3, 4]);
        assert_eq!(task.source.stops(), 1);
    });
}

#[test]
fn an_interval_ends_with_the_poll_after_it_and_with_the_task() {
    simulated(|env| async move {
        let task = start(&env, TransactionBoundary::Interval(Duration::from_secs(10)));
        for number in 1..=3 {
            task.source.then_records([number]).then(Turn::Wait(Duration::from_secs(3)));
        }
        env.sleep(Duration::from_millis(9_800)).await;
        assert_eq!((task.visible(), task.producer.accepted()), ((vec![], vec![]), 3));
        task.source.then(Turn::Wait(Duration::from_secs(1)));
        task.sees(&["1", "2", "3"], &["3"]).await;
        assert!(env.clock().now().since_origin() < Duration::from_secs(11));
        task.source.then_records([4]);
        env.sleep(Duration::from_secs(2)).await;
        assert_eq!(task.visible().1, ["3"]);
        task.stops().await;
        task.sees(&["1", "2", "3", "4"], &["3", "4"]).await;
        assert_eq!(task.source.tags(), [1, 2, 3, 4]);
    });
}

#[test]
fn a_pause_commits_what_is_open_and_a_resumed_task_goes_on() {
    simulated(|env| async move {
        let task = start(&env, TransactionBoundary::Interval(Duration::from_secs(3_600)));
        task.source.then_records(1..=2);
        eventually(&env, "sent", || task.producer.accepted() == 2).await;
        task.signal.say(Signal::Pause);
        task.sees(&["1", "2"], &["2"]).await;
        task.signal.say(Signal::Run);
        task.source.then_records([3]);
        task.stops_after(3).await;
        task.sees(&["1", "2", "3"], &["2", "3"]).await;
    });
}

impl Running {
    /// Stops once so many records (not offsets) were sent.
    async fn stops_after(&self, records: usize) {
        let sent = || self.source.polls() > records;
        eventually(&self.env, "sent", sent).await;
        self.stops().await;
    }
}

#[test]
fn a_connector_ends_its_transactions_at_its_own_marks() {
    simulated(|env| async move {
        let task = start(&env, TransactionBoundary::Connector);
        task.source.then_records(1..=2).then(Turn::Marked(vec![
            (Some(record(3)), Some(Boundary::Commit)),
            (Some(record(4)), None),
            (Some(record(5)), Some(Boundary::Commit)),
            (Some(record(6)), None),
        ]));
        task.sees(&["1", "2", "3", "4", "5"], &["3", "5"]).await;
        eventually(&env, "told of what is committed", || task.source.tags() == [1, 2, 3, 4, 5]).await;
        task.source.then(Turn::Marked(vec![(None, Some(Boundary::Commit)), (Some(record(7)), None)]));
        task.sees(&["1", "2", "3", "4", "5", "6"], &["3", "5", "6"]).await;
        eventually(&env, "7 is sent", || task.source.polls() == 4).await;
        task.stops().await;
        assert_eq!(task.visible().1, ["3", "5", "6"], "a transaction without an end is not committed");
        assert_eq!(task.source.tags(), [1, 2, 3, 4, 5, 6]);
    });
}

#[test]
fn an_aborted_transaction_leaves_its_offset_and_none_of_its_records() {
    for held in [false, true] {
        simulated(|env| async move {
            let control = ProducerControl::default();
            let task = Setup::new(TransactionBoundary::Connector).start(&env, &Cluster::default(), &control);
            task.source.then(Turn::Marked(vec![(Some(record(1)), None), (Some(record(2)), Some(Boundary::Commit))]));
            task.sees(&["1", "2"], &["2"]).await;
            if held {
                control.hold();
            }
            task.source.then_records([3]).then(Turn::Marked(vec![
                (Some(record(4)), Some(Boundary::Abort)),
                (Some(record(5)), Some(Boundary::Commit)),
            ]));
            eventually(&env, "aborted", || task.producer.accepted() >= 6).await;
            control.release();
            task.sees(&["1", "2", "5"], &["2", "4", "5"]).await;
            eventually(&env, "told of all", || task.source.tags() == [1, 2, 3, 4, 5]).await;
            let stored: Vec<_> = task.source.acknowledged().iter().map(|item| item.stored.is_some()).collect();
            assert_eq!(stored, [true, true, false, false, true]);
            task.stops().await;
        });
    }
}

#[test]
fn an_abort_of_nothing_is_no_failure() {
    simulated(|env| async move {
        let task = start(&env, TransactionBoundary::Connector);
        task.source.then(Turn::Marked(vec![(None, Some(Boundary::Abort)), (Some(record(1)), Some(Boundary::Commit))]));
        task.sees(&["1"], &["1"]).await;
        task.stops().await;
    });
}

#[test]
fn marks_mean_nothing_where_the_connector_does_not_define_transactions() {
    simulated(|env| async move {
        let task = start(&env, TransactionBoundary::Poll);
        task.source.then(Turn::Marked(vec![
            (Some(record(1)), Some(Boundary::Abort)),
            (Some(record(2)), Some(Boundary::Commit)),
            (Some(record(3)), None),
        ]));
        task.sees(&["1", "2", "3"], &["3"]).await;
        task.stops().await;
    });
}

#[test]
fn dropped_records_are_told_with_their_transaction_and_store_no_offset() {
    simulated(|env| async move {
        let odd = Link { alias: "odd".into(), class: "odd".into(), transform: Box::new(DropOdd), condition: None };
        let setup = Setup { chain: vec![odd], ..Setup::new(TransactionBoundary::Poll) };
        let task = setup.start(&env, &Cluster::default(), &ProducerControl::default());
        task.source.then_records(1..=3).then_records([5]);
        eventually(&env, "told", || task.source.tags() == [1, 3, 2, 5]).await;
        assert_eq!(task.visible(), (vec!["2".into()], vec!["2".into()]));
        task.stops().await;
    });
}

#[test]
fn a_fenced_task_shows_nothing_more_and_its_successor_goes_on() {
    simulated(|env| async move {
        let (cluster, control) = (Cluster::default(), ProducerControl::default());
        let old = Setup::new(TransactionBoundary::Interval(Duration::from_secs(3_600))).start(&env, &cluster, &control);
        old.source.then_records(1..=2);
        eventually(&env, "sent", || old.producer.accepted() == 2).await;
        let new = Setup::new(TransactionBoundary::Poll).start(&env, &cluster, &control);
        new.source.then_records(1..=2);
        new.sees(&["1", "2"], &["2"]).await;
        old.source.then_records([3]);
        eventually(&env, "the old one reads on", || old.source.polls() == 3).await;
        old.signal.say(Signal::Stop);
        let error = old.ends().await.unwrap_err();
        assert_eq!(error.kind(), connect_api::Kind::Fenced);
        assert_eq!(
            error.trace(),
            "org.apache.kafka.connect.errors.ConnectException: Failed to flush offsets and/or records for task c-0\n\
             Caused by: org.apache.kafka.common.errors.ProducerFencedException: There is a newer producer with the same \
             transactionalId.\n"
        );
        assert_eq!((old.source.tags(), old.source.stops()), (vec![], 1));
        new.source.then_records([3]);
        new.sees(&["1", "2", "3"], &["2", "3"]).await;
        new.stops().await;
        assert_eq!(new.source.tags(), [1, 2, 3]);
    });
}

#[test]
fn a_task_that_is_fenced_between_transactions_fails_before_it_sends() {
    simulated(|env| async move {
        let (cluster, control) = (Cluster::default(), ProducerControl::default());
        let old = Setup::new(TransactionBoundary::Poll).start(&env, &cluster, &control);
        old.source.then_records([1]);
        old.sees(&["1"], &["1"]).await;
        control.make(&env, &cluster, Some("group-c-0"));
        old.source.then_records([2]);
        assert_eq!(old.ends().await.unwrap_err().kind(), connect_api::Kind::Fenced);
        assert_eq!((old.visible().0, old.source.tags()), (vec!["1".to_owned()], vec![1]));
    });
}

#[test]
fn a_record_that_fails_takes_its_whole_transaction_with_it_whatever_the_tolerance() {
    for refused_at_once in [false, true] {
        simulated(|env| async move {
            let control = ProducerControl::default();
            let error = Error::connect("too large");
            if refused_at_once {
                control.refuse("2", error, usize::MAX);
            } else {
                control.fail("2", error);
            }
            let setup = Setup { tolerance: ToleranceType::All, ..Setup::new(TransactionBoundary::Poll) };
            let task = setup.start(&env, &Cluster::default(), &control);
            task.source.then_records(1..=3);
            let trace = task.ends().await.unwrap_err().trace();
            assert!(
                trace.ends_with("Caused by: org.apache.kafka.connect.errors.ConnectException: too large\n"),
                "{trace}"
            );
            assert_eq!((task.visible(), task.source.tags()), ((vec![], vec![]), vec![]));
        });
    }
}

#[test]
fn an_offset_that_cannot_be_stored_takes_its_whole_transaction_with_it() {
    simulated(|env| async move {
        let task = start(&env, TransactionBoundary::Poll);
        task.source.then_records([665]).then_records([666]);
        let trace = task.ends().await.unwrap_err().trace();
        assert!(trace.contains("Failed to flush offsets and/or records for task c-0\nCaused by: "), "{trace}");
        assert_eq!(task.visible(), (vec!["665".into()], vec!["665".into()]));
    });
}

#[test]
fn a_failed_read_commits_nothing_of_the_open_transaction() {
    simulated(|env| async move {
        let task = start(&env, TransactionBoundary::Interval(Duration::from_secs(3_600)));
        task.source.then_records(1..=2).then(Turn::Fail(Error::connect("lost the connection")));
        assert_eq!(task.ends().await.unwrap_err().message(), Some("lost the connection"));
        assert_eq!((task.visible(), task.source.tags(), task.source.stops()), ((vec![], vec![]), vec![], 1));
    });
}

#[test]
fn a_full_producer_is_waited_for_within_a_transaction() {
    simulated(|env| async move {
        let control = ProducerControl::default();
        control.hold();
        control.capacity(2);
        let task = Setup::new(TransactionBoundary::Poll).start(&env, &Cluster::default(), &control);
        task.source.then_records(1..=5);
        for _ in 0..3 {
            eventually(&env, "two wait", || task.producer.waiting().len() == 2).await;
            task.producer.acknowledge(2);
        }
        task.sees(&["1", "2", "3", "4", "5"], &["5"]).await;
        task.stops().await;
        assert_eq!(task.source.tags(), [1, 2, 3, 4, 5]);
    });
}
