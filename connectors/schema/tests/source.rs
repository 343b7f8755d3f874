//! SchemaSource in simulated time.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connect_api::plugin::SourcePlugin;
use connect_api::source::{OffsetReader, SourceBatch, SourceHalves, SourceTaskContext};
use connect_api::{Datum, Record, Result, Schema, Signal, SourceOffset, SourcePartition, TokenSource, Value};
use connector_schema::SchemaSource;
use env_sim::{Sim, SimHandle};
use kafka_config::RawConfig;

/// The stored number of every partition.
struct Stored(Option<i64>);

#[async_trait]
impl OffsetReader for Stored {
    async fn offsets(&self, partitions: &[SourcePartition]) -> Result<Vec<Option<SourceOffset>>> {
        Ok(partitions.iter().map(|_| self.0.map(|seqno| SourceOffset::of([("seqno", seqno)]))).collect())
    }
}

struct Task {
    signals: TokenSource,
    halves: SourceHalves,
}

async fn start(sim: &SimHandle, stored: Option<i64>, config: &[(&str, &str)]) -> Result<Task> {
    let signals = TokenSource::new(Signal::Run);
    let context = SourceTaskContext {
        connector: "load".into(),
        task: 2,
        env: sim.env_for("worker"),
        token: signals.token(),
        offsets: Arc::new(Stored(stored)),
        defines_transactions: false,
    };
    let mut raw = RawConfig::from([("id", "2"), ("topic", "t"), ("throughput", "-1"), ("num.messages", "5")]);
    for (key, value) in config {
        if *value == "-" {
            raw.remove(key);
        } else {
            raw.insert(*key, *value);
        }
    }
    Ok(Task { signals, halves: SchemaSource.task().start(context, raw).await? })
}

impl Task {
    async fn poll(&mut self) -> Result<Vec<Record>> {
        let mut batch = SourceBatch::new();
        self.halves.reader.poll(&mut batch).await?;
        Ok(std::mem::take(batch.records_mut()))
    }
}

fn field(record: &Record, name: &str) -> Value {
    let Value::Struct(value) = &record.value.value else { panic!("{record:?}") };
    value.get(name).unwrap().clone()
}

#[test]
fn a_run_makes_so_many_records_and_the_next_goes_on_behind_them() {
    Sim::new(1).run(|env, sim| async move {
        let config = [("multiple.schema", "TRUE"), ("partition.count", "3")];
        let mut task = start(&sim, Some(6), &config).await.unwrap();
        let records = task.poll().await.unwrap();
        assert_eq!(records.len(), 5);
        for (index, record) in records.iter().enumerate() {
            let seqno = index as i64 + 7;
            assert_eq!((&*record.topic, record.partition, record.timestamp), ("t", Some(2), None));
            assert_eq!(record.key, Datum::new(Schema::string(), "key"));
            let origin = record.source_origin().unwrap();
            assert_eq!(origin.partition, SourcePartition::new([("id", 2)]));
            assert_eq!(origin.offset, SourceOffset::of([("seqno", seqno)]));
            assert_eq!(field(record, "seqno"), Value::Int64(seqno));
            assert_eq!(field(record, "partitioning"), Value::Int32(seqno as i32 % 3));
            // Versions take turns from the start of the run, whatever the number.
            assert_eq!(record.value.schema.as_ref().unwrap().version(), Some(1 + index as i32 % 2));
        }
        let printed = String::from_utf8(sim.disk("worker").stdout()).unwrap();
        let expected: String = (7..12).map(|seqno| format!("{{\"task\": 2, \"seqno\": {seqno}}}\n")).collect();
        assert_eq!(printed, expected);
        assert!(env.timeout(Duration::from_secs(3600), task.poll()).await.is_err());
        task.signals.say(Signal::Stop);
        assert!(task.poll().await.unwrap().is_empty());
        assert!(!task.halves.acknowledger.wants_records());
    });
}

#[test]
fn the_rate_is_held() {
    Sim::new(1).run(|env, sim| async move {
        let mut task = start(&sim, None, &[("throughput", "10"), ("num.messages", "31")]).await.unwrap();
        let (began, mut count) = (env.clock().now(), 0);
        while count < 31 {
            count += task.poll().await.unwrap().len();
        }
        let took = env.clock().now() - began;
        assert!((Duration::from_secs(3)..Duration::from_millis(3010)).contains(&took), "{took:?}");
    });
}

#[test]
fn bad_configurations_fail_with_javas_words() {
    let connect = "org.apache.kafka.connect.errors.ConnectException: Invalid SchemaSourceTask configuration\n\
                   Caused by: java.lang.NumberFormatException: ";
    for (config, expected) in [
        (("num.messages", "-"), "Cannot parse null string"),
        (("partition.count", ""), "For input string: \"\""),
        (("throughput", "1.5"), "For input string: \"1.5\""),
    ] {
        Sim::new(1).run(|_, sim| async move {
            let error = start(&sim, None, &[config]).await.err().unwrap();
            assert_eq!(error.trace(), format!("{connect}{expected}\n"));
        });
    }
    for (config, expected, printed) in [
        (("partition.count", "0"), "java.lang.ArithmeticException: / by zero", ""),
        (("topic", "-"), "java.lang.IllegalArgumentException: Topic cannot be null.", "{\"task\": 2, \"seqno\": 0}\n"),
    ] {
        Sim::new(1).run(|_, sim| async move {
            let mut task = start(&sim, None, &[config]).await.unwrap();
            assert_eq!(task.poll().await.unwrap_err().to_string(), expected);
            assert_eq!(sim.disk("worker").stdout(), printed.as_bytes());
        });
    }
}
