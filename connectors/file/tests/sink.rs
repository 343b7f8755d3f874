//! FileStreamSink on the machine's disk, and on one that fails.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "the tests look at the file")]

mod world;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use connect_api::plugin::{Plugin, SinkPlugin};
use connect_api::sink::{AlteredOffsets, Offsets, SinkTask, TopicPartition};
use connect_api::{
    Datum, Decimal, Headers, Map, Origin, Record, Schema, SchemaBuilder, SinkOrigin, Struct, TimestampType, Value,
};
use connector_file::FileStreamSink;
use env_sim::{DiskFault, DiskOperation, Sim};
use kafka_config::RawConfig;
use world::{Faults, TestDisk, machine, sink};

fn record(value: impl Into<Value>) -> Record {
    let topic: Arc<str> = "t".into();
    Record {
        topic: topic.clone(),
        partition: Some(0),
        key: Datum::schemaless("key"),
        value: Datum::schemaless(value),
        timestamp: None,
        headers: Headers::new(),
        origin: Origin::Sink(SinkOrigin {
            topic,
            partition: 0,
            offset: 0,
            timestamp_type: TimestampType::CreateTime,
            raw: Default::default(),
        }),
    }
}

fn records(lines: &[&str]) -> Vec<Record> {
    lines.iter().map(|line| record(*line)).collect()
}

fn offsets() -> Offsets {
    BTreeMap::from([(TopicPartition::new("t", 0), 7)])
}

async fn of(path: &Path) -> Box<dyn SinkTask> {
    sink(machine(), &[("file", path.to_str().unwrap())]).await.unwrap()
}

#[tokio::test]
async fn lines_are_appended() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let mut task = of(&path).await;
    assert_eq!(fs::read(&path).unwrap(), b"");
    task.put(&records(&["one", "", "f\u{e9}our"])).await.unwrap();
    task.put(&[]).await.unwrap();
    // Every put reaches the file at once.
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\n\nf\u{e9}our\n");
    assert_eq!(task.pre_commit(&offsets()).await.unwrap(), offsets());
    task.stop().await.unwrap();
    let mut task = of(&path).await;
    task.put(&[record(Value::Null)]).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\n\nf\u{e9}our\nnull\n");
}

#[tokio::test]
async fn values_are_printed_as_java_prints_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let mut task = of(&path).await;
    let schema = SchemaBuilder::structure().field("a", Schema::int32()).field("b", Schema::optional_string()).build();
    let mut value = Struct::new(schema).unwrap();
    value.put("a", 1).unwrap();
    let values: Vec<Value> = vec![
        value.into(),
        Map::from_iter([("x", 1.5)]).into(),
        Value::Array(vec![true.into(), Value::Null]),
        Decimal::new(150, 2).into(),
    ];
    task.put(&values.into_iter().map(record).collect::<Vec<_>>()).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "Struct{a=1}\n{x=1.5}\n[true, null]\n1.50\n");
}

#[tokio::test]
async fn a_batch_is_one_write_and_a_commit_one_sync() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let disk = TestDisk::new(Faults::default());
    let mut task = sink(disk.env(), &[("file", path.to_str().unwrap())]).await.unwrap();
    task.put(&records(&["a"; 500])).await.unwrap();
    task.put(&records(&["b"; 500])).await.unwrap();
    assert_eq!(disk.faults.lock().writes, 2);
    assert_eq!(disk.faults.lock().synced, 0);
    task.flush(&offsets()).await.unwrap();
    task.flush(&offsets()).await.unwrap();
    assert_eq!(disk.faults.lock().synced, 1);
    // Large batches are written in parts, so that memory stays bounded.
    let large = "x".repeat(700_000);
    task.put(&records(&[large.as_str(); 5])).await.unwrap();
    assert_eq!(disk.faults.lock().writes, 2 + 3);
    assert_eq!(fs::metadata(&path).unwrap().len(), 2 * 1000 + 5 * 700_001);
}

#[tokio::test]
async fn a_full_disk_fails_the_task_and_commits_nothing_more() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let disk = TestDisk::new(Faults { room: Some(12), ..Faults::default() });
    let config = [("file", path.to_str().unwrap())];
    let mut task = sink(disk.env(), &config).await.unwrap();
    task.put(&records(&["1234"])).await.unwrap();
    task.pre_commit(&offsets()).await.unwrap();
    let error = task.put(&records(&["5678", "9012"])).await.unwrap_err();
    let text = error.to_string();
    assert!(!error.is_retriable() && text.contains("out' for FileStreamSinkTask: No space left on device"), "{text}");
    // Even when there is room again: nobody knows what the failed write left.
    disk.faults.lock().room = None;
    assert_eq!(task.pre_commit(&offsets()).await.unwrap_err().to_string(), text);
    assert_eq!(task.put(&records(&["5678", "9012"])).await.unwrap_err().to_string(), text);
    assert_eq!(task.put(&[]).await.unwrap_err().to_string(), text);
    task.stop().await.unwrap();
    // The next task gets the records again; the half line does not swallow one of them.
    let mut task = sink(disk.env(), &config).await.unwrap();
    task.put(&records(&["5678", "9012"])).await.unwrap();
    task.pre_commit(&offsets()).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "1234\n5678\n90\n5678\n9012\n");
}

#[tokio::test]
async fn a_torn_last_line_is_ended_first() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    fs::write(&path, "whole\nhal").unwrap();
    let mut task = of(&path).await;
    task.put(&records(&["half"])).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "whole\nhal\nhalf\n");
}

#[tokio::test]
async fn a_line_torn_by_another_task_is_ended_first() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let disk = TestDisk::new(Faults::default());
    let (mut one, mut other) = (of(&path).await, sink(disk.env(), &[("file", path.to_str().unwrap())]).await.unwrap());
    one.put(&records(&["1"])).await.unwrap();
    other.put(&records(&["2"])).await.unwrap();
    disk.faults.lock().room = Some(2);
    other.put(&records(&["345"])).await.unwrap_err();
    one.put(&records(&["6"])).await.unwrap();
    one.put(&records(&["7"])).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "1\n2\n34\n6\n7\n");
}

/// Found by a simulated history: killed before its first commit, a task leaves a file whose name is not durable yet.
#[test]
fn a_file_that_a_killed_task_made_does_not_vanish_with_the_power() {
    for seed in 0..8 {
        Sim::new(seed).run(|_, sim| async move {
            sim.disk("worker").put_folder("/out").unwrap();
            let config = [("file", "/out/lines")];
            let mut task = sink(sim.env_for("worker"), &config).await.unwrap();
            task.put(&records(&["uncommitted"])).await.unwrap();
            sim.kill("worker");
            let mut task = sink(sim.env_for("worker"), &config).await.unwrap();
            task.put(&records(&["committed"])).await.unwrap();
            task.pre_commit(&offsets()).await.unwrap();
            sim.crash("worker");
            let left = sim.disk("worker").read("/out/lines").unwrap();
            assert!(String::from_utf8(left).unwrap().ends_with("committed\n"));
        });
    }
}

/// Found by a simulated history: what cannot be looked at must not be taken for whole.
#[test]
fn a_look_at_the_last_line_that_fails_fails_the_task() {
    Sim::new(1).run(|_, sim| async move {
        sim.disk("worker").put("/out/lines", b"hal").unwrap();
        let mut task = sink(sim.env_for("worker"), &[("file", "/out/lines")]).await.unwrap();
        sim.disk("worker").fail(DiskFault::next(DiskOperation::Open));
        let error = task.put(&records(&["half"])).await.unwrap_err().to_string();
        assert!(error.contains("Couldn't look at file '/out/lines'"), "{error}");
        assert_eq!(sim.disk("worker").read("/out/lines").unwrap(), b"hal");
    });
}

/// The folder's entry of a new file is part of what a commit makes durable.
#[test]
fn a_folder_that_cannot_be_synced_fails_the_task() {
    Sim::new(1).run(|_, sim| async move {
        sim.disk("worker").put_folder("/out").unwrap();
        let mut task = sink(sim.env_for("worker"), &[("file", "/out/lines")]).await.unwrap();
        task.put(&records(&["x"])).await.unwrap();
        sim.disk("worker").fail(DiskFault::next(DiskOperation::SyncDir));
        assert!(task.pre_commit(&offsets()).await.is_err());
        assert!(task.pre_commit(&offsets()).await.is_err());
    });
}

#[tokio::test]
async fn what_could_not_be_synced_is_never_committed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let disk = TestDisk::new(Faults { sync_fails: true, ..Faults::default() });
    let mut task = sink(disk.env(), &[("file", path.to_str().unwrap())]).await.unwrap();
    task.pre_commit(&offsets()).await.unwrap();
    task.put(&records(&["x"])).await.unwrap();
    assert!(task.pre_commit(&offsets()).await.is_err());
    // A second sync may succeed although the data of the first one are gone.
    disk.faults.lock().sync_fails = false;
    assert!(task.pre_commit(&offsets()).await.is_err());
}

#[tokio::test]
async fn a_file_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("no/such/folder");
    let error = sink(machine(), &[("file", path.to_str().unwrap())]).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "org.apache.kafka.connect.errors.ConnectException: Couldn't find or create file '{}' for FileStreamSinkTask",
            path.display()
        )
    );
    let cause = format!("Caused by: java.nio.file.NoSuchFileException: {}\n", path.display());
    assert!(error.trace().ends_with(&cause), "{}", error.trace());
    let error = sink(machine(), &[("file", dir.path().to_str().unwrap())]).await.err().unwrap();
    let cause = format!("Caused by: java.nio.file.FileSystemException: {}: Is a directory\n", dir.path().display());
    assert!(error.trace().ends_with(&cause), "{}", error.trace());
}

#[tokio::test]
async fn devices_need_no_sync() {
    let mut task = of(Path::new("/dev/null")).await;
    for _ in 0..2 {
        task.put(&records(&["x"])).await.unwrap();
        task.pre_commit(&offsets()).await.unwrap();
    }
}

#[tokio::test]
async fn without_a_file_lines_go_to_standard_output() {
    let disk = TestDisk::new(Faults::default());
    for config in [&[][..], &[("file", "")]] {
        let mut task = sink(disk.env(), config).await.unwrap();
        task.put(&records(&["out"])).await.unwrap();
        task.pre_commit(&offsets()).await.unwrap();
    }
    assert_eq!(disk.faults.lock().output, b"out\nout\n");
}

#[test]
fn describes_itself() {
    assert_eq!(FileStreamSink.class(), "org.apache.kafka.connect.file.FileStreamSinkConnector");
    assert_eq!(FileStreamSink.task_class(), "org.apache.kafka.connect.file.FileStreamSinkTask");
    assert_eq!((FileStreamSink.version(), FileStreamSink.config().keys().len()), ("4.3.1", 1));
    assert!(
        FileStreamSink
            .alter_offsets(&RawConfig::new(), &AlteredOffsets::from([(TopicPartition::new("t", 0), None)]))
            .unwrap()
    );
}
