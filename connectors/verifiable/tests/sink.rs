//! VerifiableSink in simulated time.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use connect_api::plugin::SinkPlugin;
use connect_api::sink::{Offsets, SinkRuntime, SinkTask, SinkTaskContext, TopicPartition};
use connect_api::{
    Datum, Headers, Origin, RawRecord, Record, Result, Signal, SinkOrigin, TimestampType, TokenSource, Value,
};
use connector_verifiable::VerifiableSink;
use env_sim::{Sim, SimHandle};
use kafka_config::RawConfig;

/// Counts the commits that were asked for.
#[derive(Default)]
struct Runtime(AtomicUsize);

impl SinkRuntime for Runtime {
    fn rewind(&self, _: Offsets) {}
    fn timeout(&self, _: Duration) {}
    fn assignment(&self) -> Vec<TopicPartition> {
        Vec::new()
    }
    fn pause(&self, _: &[TopicPartition]) -> Result<()> {
        Ok(())
    }
    fn resume(&self, _: &[TopicPartition]) -> Result<()> {
        Ok(())
    }
    fn request_commit(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn record(topic: &str, partition: i32, offset: i64, key: Value, value: Value) -> Record {
    Record {
        topic: topic.into(),
        partition: Some(partition),
        key: Datum::schemaless(key),
        value: Datum::schemaless(value),
        timestamp: None,
        headers: Headers::new(),
        origin: Origin::Sink(SinkOrigin {
            topic: topic.into(),
            partition,
            offset,
            timestamp_type: TimestampType::CreateTime,
            raw: RawRecord::default(),
        }),
    }
}

async fn started(sim: &SimHandle, runtime: &Arc<Runtime>) -> Box<dyn SinkTask> {
    let context = SinkTaskContext {
        connector: "check".into(),
        task: 1,
        env: sim.env_for("worker"),
        token: TokenSource::new(Signal::Run).token(),
        runtime: runtime.clone(),
        errant_records: None,
    };
    let mut task = VerifiableSink.task();
    task.start(context, RawConfig::from([("name", "che\"ck"), ("id", "1")])).await.unwrap();
    task
}

fn printed(sim: &SimHandle) -> Vec<String> {
    String::from_utf8(sim.disk("worker").stdout()).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn records_are_printed_when_they_come_and_when_they_are_committed() {
    Sim::new(1).run(|env, sim| async move {
        let mut task = started(&sim, &Arc::default()).await;
        let partitions = [TopicPartition::new("t", 0), TopicPartition::new("t", 1)];
        task.open(&partitions).await.unwrap();
        let struct_schema = connect_api::SchemaBuilder::structure().build();
        let empty = Value::Struct(connect_api::Struct::new(struct_schema).unwrap());
        task.put(&[
            record("t", 1, 5, Value::Int32(3), Value::Int64(9)),
            record("t", 0, 2, Value::Null, Value::string("x")),
            record("elsewhere", 0, 3, Value::Null, Value::Null),
            record("t", 1, 6, Value::Null, empty),
        ])
        .await
        .unwrap();
        let line = |task: &str, seqno: &str, offset: i64, topic: &str, now: i64, end: &str| {
            format!(
                "{{\"task\":{task},\"seqno\":{seqno},\"offset\":{offset},\"time_ms\":{now},\"name\":\"che\\\"ck\",\
                 \"topic\":\"{topic}\",\"sinkTask\":1{end}}}"
            )
        };
        let bad = "Bad data can't be written as json: No serializer found for class \
                   org.apache.kafka.connect.data.Struct and no properties discovered to create BeanSerializer (to \
                   avoid exception, disable SerializationFeature.FAIL_ON_EMPTY_BEANS) (through reference chain: \
                   java.util.HashMap[\"seqno\"])";
        let now = env.clock().unix_millis();
        let received = [
            line("3", "9", 5, "t", now, ""),
            line("null", "\"x\"", 2, "t", now, ""),
            line("null", "null", 3, "elsewhere", now, ""),
            bad.to_owned(),
        ];
        assert_eq!(printed(&sim), received);

        env.sleep(Duration::from_secs(1)).await;
        let now = env.clock().unix_millis();
        let offsets = Offsets::from([(partitions[1].clone(), 7)]);
        assert_eq!(task.pre_commit(&offsets).await.unwrap(), offsets);
        let flushed = ",\"flushed\":true";
        assert_eq!(printed(&sim)[4..], [line("3", "9", 5, "t", now, flushed), bad.to_owned()]);
        // Each once; what came elsewhere never.
        let all = Offsets::from([(partitions[0].clone(), 3), (partitions[1].clone(), 7)]);
        task.pre_commit(&all).await.unwrap();
        assert_eq!(printed(&sim)[6..], [line("null", "\"x\"", 2, "t", now, flushed)]);
    });
}

#[test]
fn many_lines_that_wait_ask_for_a_commit_and_leave_with_their_partition() {
    Sim::new(1).run(|_, sim| async move {
        let runtime = Arc::new(Runtime::default());
        let mut task = started(&sim, &runtime).await;
        let partition = [TopicPartition::new("t", 0)];
        task.open(&partition).await.unwrap();
        let batch: Vec<Record> =
            (0..40_000).map(|offset| record("t", 0, offset, Value::Null, Value::Int64(offset))).collect();
        task.put(&batch).await.unwrap();
        assert_eq!(runtime.0.load(Ordering::Relaxed), 0);
        task.put(&batch).await.unwrap();
        assert_eq!(runtime.0.load(Ordering::Relaxed), 1);
        task.close(&partition).await.unwrap();
        task.open(&partition).await.unwrap();
        let before = printed(&sim).len();
        task.pre_commit(&Offsets::from([(partition[0].clone(), 40_000)])).await.unwrap();
        assert_eq!(printed(&sim).len(), before);
        task.put(&[]).await.unwrap();
        assert_eq!(runtime.0.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_bad_id_fails_with_javas_words() {
    Sim::new(1).run(|env, _| async move {
        let context = SinkTaskContext {
            connector: "check".into(),
            task: 0,
            env,
            token: TokenSource::new(Signal::Run).token(),
            runtime: Arc::new(Runtime::default()),
            errant_records: None,
        };
        let error = VerifiableSink.task().start(context, RawConfig::new()).await.unwrap_err();
        assert_eq!(
            error.trace(),
            "org.apache.kafka.connect.errors.ConnectException: Invalid VerifiableSourceTask configuration\n\
             Caused by: java.lang.NumberFormatException: Cannot parse null string\n"
        );
    });
}
