//! VerifiableSource in simulated time.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connect_api::plugin::SourcePlugin;
use connect_api::source::{Acknowledgement, OffsetReader, SourceBatch, SourceHalves, SourceTaskContext};
use connect_api::{Record, Result, Schema, Signal, SourceOffset, SourcePartition, TokenSource, Value};
use connector_verifiable::VerifiableSource;
use env::Env;
use env_sim::{Sim, SimHandle};
use kafka_config::RawConfig;

/// The stored offset of the partition `{"id": 3}`.
struct Stored(Option<Value>);

#[async_trait]
impl OffsetReader for Stored {
    async fn offsets(&self, partitions: &[SourcePartition]) -> Result<Vec<Option<SourceOffset>>> {
        assert_eq!(partitions, [SourcePartition::new([("id", 3)])]);
        Ok(vec![self.0.clone().map(|seqno| SourceOffset::of([("seqno", seqno)]))])
    }
}

struct Task {
    signals: TokenSource,
    halves: SourceHalves,
}

async fn start(env: &Env, stored: Option<Value>, config: &[(&str, &str)]) -> Result<Task> {
    let signals = TokenSource::new(Signal::Run);
    let context = SourceTaskContext {
        connector: "load".into(),
        task: 3,
        env: env.clone(),
        token: signals.token(),
        offsets: Arc::new(Stored(stored)),
        defines_transactions: false,
    };
    let mut raw = RawConfig::from([("name", "load"), ("id", "3"), ("topic", "t"), ("throughput", "-1")]);
    for (key, value) in config {
        if *value == "-" {
            raw.remove(key);
        } else {
            raw.insert(*key, *value);
        }
    }
    Ok(Task { signals, halves: VerifiableSource.task().start(context, raw).await? })
}

impl Task {
    async fn poll(&mut self) -> Result<Vec<Record>> {
        let mut batch = SourceBatch::new();
        self.halves.reader.poll(&mut batch).await?;
        Ok(std::mem::take(batch.records_mut()))
    }
}

fn run<F: Future>(body: impl FnOnce(Env, SimHandle) -> F) -> F::Output {
    Sim::new(1).run(|_, sim| body(sim.env_for("worker"), sim))
}

fn lines(sim: &SimHandle) -> Vec<String> {
    String::from_utf8(sim.disk("worker").stdout()).unwrap().lines().map(str::to_owned).collect()
}

fn seqno(record: &Record) -> i64 {
    record.source_origin().unwrap().offset.get("seqno").unwrap().as_i64().unwrap()
}

#[test]
fn records_are_numbered_on_from_the_stored_number_and_printed() {
    run(|env, sim| async move {
        let mut task = start(&env, Some(Value::Int64(6)), &[]).await.unwrap();
        let records = task.poll().await.unwrap();
        assert_eq!(records.len(), SourceBatch::TARGET_RECORDS);
        let first = &records[0];
        assert_eq!((&*first.topic, first.partition, first.timestamp), ("t", None, None));
        assert_eq!((&first.key.schema, &first.key.value), (&Some(Schema::int32()), &Value::Int32(3)));
        assert_eq!((&first.value.schema, &first.value.value), (&Some(Schema::int64()), &Value::Int64(7)));
        assert_eq!(first.source_origin().unwrap().partition, SourcePartition::new([("id", 3)]));
        assert!(records.iter().map(seqno).eq(7..7 + records.len() as i64));
        assert_eq!(seqno(&task.poll().await.unwrap()[0]), 7 + records.len() as i64);
        let now = env.clock().unix_millis();
        let line = |seqno: i64| {
            format!("{{\"task\":3,\"seqno\":{seqno},\"time_ms\":{now},\"name\":\"load\",\"topic\":\"t\"}}")
        };
        let printed = lines(&sim);
        assert!(printed.iter().map(String::as_str).eq((7..7 + 2 * records.len() as i64).map(line)));

        task.halves.acknowledger.commit_records(&[Acknowledgement { tag: 8, stored: None }]).await.unwrap();
        let committed = format!(
            "{{\"committed\":true,\"task\":3,\"seqno\":8,\"time_ms\":{now},\"name\":\"load\",\"topic\":\"t\"}}"
        );
        assert_eq!(lines(&sim)[printed.len()..], [committed]);
    });
}

#[test]
fn complete_records_are_structs_whose_acknowledgement_cannot_be_printed() {
    run(|env, sim| async move {
        let mut task = start(&env, None, &[("complete.record.data", "TRUE"), ("throughput", "0")]).await.unwrap();
        let records = task.poll().await.unwrap();
        let Value::Struct(value) = &records[0].value.value else { panic!("{records:?}") };
        value.validate().unwrap();
        let names: Vec<&str> = value.schema().fields().iter().map(|field| &*field.name).collect();
        assert_eq!(names, ["name", "task", "topic", "time_ms", "seqno"]);
        let (text, now) = (|text: &str| Value::string(text.to_owned()), env.clock().unix_millis());
        assert_eq!(value.slots(), [text("load"), Value::Int32(3), text("t"), Value::Int64(now), Value::Int64(0)]);
        task.halves.acknowledger.commit_records(&[Acknowledgement { tag: 0, stored: None }]).await.unwrap();
        assert!(lines(&sim)[1].starts_with("Bad data can't be written as json: No serializer found for class"));
    });
}

#[test]
fn the_rate_is_held_and_stopping_does_not_wait_for_it() {
    run(|env, _sim| async move {
        let mut task = start(&env, None, &[("throughput", "50")]).await.unwrap();
        let start_of_run = env.clock().now();
        let mut count = 0;
        while count < 101 {
            count += task.poll().await.unwrap().len();
        }
        let took = env.clock().now() - start_of_run;
        assert!((Duration::from_millis(2000)..Duration::from_millis(2010)).contains(&took), "{took:?}");
        // With no rate at all there is one record, and a poll that waits for the signal.
        let mut task = start(&env, None, &[("throughput", "0")]).await.unwrap();
        assert_eq!(task.poll().await.unwrap().len(), 1);
        assert!(env.timeout(Duration::from_secs(3600), task.poll()).await.is_err());
        task.signals.say(Signal::Stop);
        assert!(task.poll().await.unwrap().is_empty());
    });
}

#[test]
fn bad_configurations_and_offsets_fail_with_javas_words() {
    let connect = "org.apache.kafka.connect.errors.ConnectException: Invalid VerifiableSourceTask configuration\n\
                   Caused by: java.lang.NumberFormatException: ";
    let not_long = "java.lang.ClassCastException: class java.lang.String cannot be cast to class java.lang.Long \
                    (java.lang.String and java.lang.Long are in module java.base of loader 'bootstrap')\n";
    for (stored, config, expected) in [
        (None, ("throughput", "x"), format!("{connect}For input string: \"x\"\n")),
        (None, ("throughput", "-"), format!("{connect}Cannot parse null string\n")),
        (None, ("id", "2147483648"), format!("{connect}For input string: \"2147483648\"\n")),
        (Some(Value::string("7")), ("id", "3"), not_long.to_owned()),
    ] {
        run(|env, _sim| async move {
            let error = start(&env, stored, &[config]).await.err().unwrap();
            assert_eq!(error.trace(), expected);
        });
    }
    for (complete, expected) in [
        ("false", "java.lang.IllegalArgumentException: Topic cannot be null."),
        (
            "true",
            "org.apache.kafka.connect.errors.DataException: Invalid value: null used for required field: \"topic\", \
             schema type: STRING",
        ),
    ] {
        run(|env, sim| async move {
            let config = [("topic", "-"), ("complete.record.data", complete)];
            let mut task = start(&env, None, &config).await.unwrap();
            assert_eq!(task.poll().await.unwrap_err().to_string(), expected);
            assert!(lines(&sim)[0].ends_with("\"name\":\"load\",\"topic\":null}"), "{:?}", lines(&sim));
        });
    }
}
