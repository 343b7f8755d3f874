//! Apache Kafka's own producer, consumer and admin client, driven from here: exact bytes in, exact bytes out.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::cluster::Partition;
use crate::libs::kafka_libs;
use crate::process::Process;

const SOURCE: &str = include_str!("../../java/driver/Driver.java");

/// A record to produce. Without partition Java's default partitioner decides; without timestamp it is now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Topic.
    pub topic: String,
    /// Partition, or the partitioner's choice.
    pub partition: Option<i32>,
    /// Milliseconds since the epoch, or now.
    pub timestamp: Option<i64>,
    /// Key bytes.
    pub key: Option<Vec<u8>>,
    /// Value bytes; none is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers in order; names may repeat.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Record {
    /// An empty record for a topic.
    pub fn to(topic: &str) -> Self {
        Self { topic: topic.to_owned(), ..Self::default() }
    }

    /// Sets the key.
    #[must_use]
    pub fn key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Sets the value.
    #[must_use]
    pub fn value(mut self, value: impl Into<Vec<u8>>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Sets the partition.
    #[must_use]
    pub fn partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Sets the timestamp.
    #[must_use]
    pub fn timestamp(mut self, timestamp: i64) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    /// Appends a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), Some(value.into())));
        self
    }

    /// Appends a header without value.
    #[must_use]
    pub fn null_header(mut self, name: &str) -> Self {
        self.headers.push((name.to_owned(), None));
        self
    }
}

/// Where a produced record went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Produced {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// The record's timestamp.
    pub timestamp: i64,
}

/// A record as it stands in a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// `CreateTime` or `LogAppendTime`.
    pub timestamp_type: String,
    /// Key bytes.
    pub key: Option<Vec<u8>>,
    /// Value bytes.
    pub value: Option<Vec<u8>>,
    /// Headers in order, repeated names included.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Stored {
    /// The value as text; null is `<null>`.
    pub fn text(&self) -> String {
        self.value.as_ref().map_or_else(|| "<null>".to_owned(), |value| String::from_utf8_lossy(value).into_owned())
    }
}

/// What a consume call found.
#[derive(Debug, Clone)]
pub struct Consumed {
    /// Each partition's records in order.
    pub records: Vec<Stored>,
    /// False if the time ran out first.
    pub complete: bool,
}

/// Many equal records, for load.
#[derive(Debug, Clone, Copy)]
pub struct Bulk<'a> {
    /// Topic.
    pub topic: &'a str,
    /// How many records.
    pub count: u64,
    /// Bytes of each value.
    pub value_bytes: usize,
    /// Spread evenly over so many partitions.
    pub partitions: i32,
}

/// One JVM with Kafka's clients, serving requests one at a time.
#[derive(Debug)]
pub struct Driver {
    process: Process,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Driver {
    /// Starts the JVM (about a second until its first answer).
    pub fn start(bootstrap: &str, log: &Path) -> Result<Self> {
        let libs = kafka_libs()?;
        let classes = libs.compile("driver", &[("Driver.java", SOURCE)])?;
        let mut command =
            libs.java_with(&[&classes], &["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"], "Driver");
        let (process, input, output) = Process::piped("driver", command.arg(bootstrap), log)?;
        Ok(Self { process, input, output: BufReader::new(output) })
    }

    /// Produces all records in order and waits for every acknowledgement.
    pub fn produce(&mut self, records: &[Record]) -> Result<Vec<Produced>> {
        self.produce_with(records, &[])
    }

    /// Like [`Self::produce`] with producer configuration (`compression.type`, …).
    pub fn produce_with(&mut self, records: &[Record], config: &[(&str, &str)]) -> Result<Vec<Produced>> {
        let config: BTreeMap<_, _> = config.iter().copied().collect();
        let records: Vec<Value> = records.iter().map(to_json).collect();
        let answer = self.ask(&json!({"do": "produce", "records": records, "config": config}))?;
        let produced = answer["produced"].as_array().context("no list of produced records")?;
        produced
            .iter()
            .map(|entry| {
                Ok(Produced {
                    partition: int(entry, "partition")?,
                    offset: int(entry, "offset")?,
                    timestamp: int(entry, "timestamp")?,
                })
            })
            .collect()
    }

    /// Produces all records in one transaction and commits or aborts it. An aborted one gives no positions.
    pub fn transaction(&mut self, id: &str, records: &[Record], commit: bool) -> Result<()> {
        let records: Vec<Value> = records.iter().map(to_json).collect();
        self.ask(&json!({"do": "produce", "records": records, "config": {"transactional.id": id}, "abort": !commit}))?;
        Ok(())
    }

    /// Produces many equal records.
    pub fn bulk(&mut self, bulk: Bulk<'_>) -> Result<()> {
        self.ask(&json!({
            "do": "bulk", "topic": bulk.topic, "count": bulk.count, "value_bytes": bulk.value_bytes, "partitions": bulk.partitions,
            "config": {"linger.ms": "20", "batch.size": "262144", "buffer.memory": "67108864"},
        }))?;
        Ok(())
    }

    /// Everything the topic holds now, uncommitted and aborted transactions included.
    pub fn consume_all(&mut self, topic: &str) -> Result<Vec<Stored>> {
        Ok(self.consume(topic, None, false, Duration::from_secs(30))?.records)
    }

    /// Everything the topic holds now that is not part of an open or aborted transaction.
    pub fn consume_committed(&mut self, topic: &str) -> Result<Vec<Stored>> {
        Ok(self.consume(topic, None, true, Duration::from_secs(30))?.records)
    }

    /// The first `count` records of the topic; an error if there are fewer when `limit` is over.
    pub fn consume_count(&mut self, topic: &str, count: usize, limit: Duration) -> Result<Vec<Stored>> {
        let found = self.consume(topic, Some(count), false, limit)?;
        if !found.complete {
            bail!("only {} of {count} records came to {topic} in {limit:?}", found.records.len());
        }
        Ok(found.records)
    }

    /// The general form: `count` records, or with none all that the topic holds when asked.
    pub fn consume(&mut self, topic: &str, count: Option<usize>, committed: bool, limit: Duration) -> Result<Consumed> {
        let millis = u64::try_from(limit.as_millis())?;
        let answer = self.ask(
            &json!({"do": "consume", "topic": topic, "count": count, "committed": committed, "timeout_ms": millis}),
        )?;
        let records = answer["records"].as_array().context("no list of records")?;
        Ok(Consumed {
            records: records.iter().map(from_json).collect::<Result<_>>()?,
            complete: answer["complete"] == true,
        })
    }

    /// Creates a topic, each partition with as many replicas as the brokers have for their default.
    pub fn create_topic(&mut self, topic: &str, partitions: i32, config: &[(&str, &str)]) -> Result<()> {
        let config: BTreeMap<_, _> = config.iter().copied().collect();
        self.ask(&json!({"do": "create_topic", "topic": topic, "partitions": partitions, "config": config}))?;
        Ok(())
    }

    /// Leader, replicas and those in sync of each partition of a topic, in the order of their numbers.
    pub fn partitions(&mut self, topic: &str) -> Result<Vec<Partition>> {
        let answer = self.ask(&json!({"do": "partitions", "topic": topic}))?;
        let partitions = answer["partitions"].as_array().context("no list of partitions")?;
        let nodes = |entry: &Value, member: &str| -> Result<Vec<usize>> {
            let list = entry[member].as_array().with_context(|| format!("no list {member}"))?;
            list.iter().map(|id| Ok(usize::try_from(id.as_i64().context("no number")?)?)).collect()
        };
        let partition = |entry: &Value| {
            let leader = entry["leader"].as_i64().and_then(|leader| usize::try_from(leader).ok());
            Ok(Partition { leader, replicas: nodes(entry, "replicas")?, in_sync: nodes(entry, "in_sync")? })
        };
        partitions.iter().map(partition).collect()
    }

    /// Which nodes are to hold a partition; the first is the preferred leader. Waits until they do.
    pub fn reassign(&mut self, topic: &str, partition: i32, replicas: &[usize]) -> Result<()> {
        self.ask(&json!({"do": "reassign", "topic": topic, "partition": partition, "replicas": replicas}))?;
        Ok(())
    }

    /// Makes the preferred replica of a partition its leader.
    pub fn elect_preferred(&mut self, topic: &str, partition: i32) -> Result<()> {
        self.ask(&json!({"do": "elect_preferred", "topic": topic, "partition": partition}))?;
        Ok(())
    }

    /// The node that coordinates a group.
    pub fn coordinator(&mut self, group: &str) -> Result<usize> {
        int(&self.ask(&json!({"do": "coordinator", "group": group}))?, "node")
    }

    /// Deletes a topic.
    pub fn delete_topic(&mut self, topic: &str) -> Result<()> {
        self.ask(&json!({"do": "delete_topic", "topic": topic}))?;
        Ok(())
    }

    /// Names of all topics but Kafka's internal ones, sorted.
    pub fn topics(&mut self) -> Result<Vec<String>> {
        texts(&self.ask(&json!({"do": "topics"}))?["topics"])
    }

    /// The number of partitions of a topic and what its configuration sets explicitly.
    pub fn topic_config(&mut self, topic: &str) -> Result<(i32, BTreeMap<String, String>)> {
        let answer = self.ask(&json!({"do": "topic_config", "topic": topic}))?;
        let config = answer["config"].as_object().context("no config")?;
        let pairs = config.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()));
        Ok((int(&answer, "partitions")?, pairs.collect()))
    }

    /// End offset of each partition.
    pub fn end_offsets(&mut self, topic: &str) -> Result<BTreeMap<i32, i64>> {
        let answer = self.ask(&json!({"do": "end_offsets", "topic": topic}))?;
        let offsets = answer["offsets"].as_object().context("no offsets")?;
        offsets
            .iter()
            .map(|(partition, offset)| Ok((partition.parse()?, offset.as_i64().context("no number")?)))
            .collect()
    }

    /// Names of all groups, sorted.
    pub fn groups(&mut self) -> Result<Vec<String>> {
        texts(&self.ask(&json!({"do": "groups"}))?["groups"])
    }

    /// How many members a group has; an error if there never was such a group.
    pub fn group_members(&mut self, group: &str) -> Result<usize> {
        int::<i32>(&self.ask(&json!({"do": "group_members", "group": group}))?, "members")
            .and_then(|count| Ok(usize::try_from(count)?))
    }

    /// Committed offsets of a group by topic and partition.
    pub fn group_offsets(&mut self, group: &str) -> Result<BTreeMap<(String, i32), i64>> {
        let answer = self.ask(&json!({"do": "group_offsets", "group": group}))?;
        let offsets = answer["offsets"].as_array().context("no offsets")?;
        offsets
            .iter()
            .map(|entry| Ok(((text(entry, "topic")?, int(entry, "partition")?), int(entry, "offset")?)))
            .collect()
    }

    fn ask(&mut self, request: &Value) -> Result<Value> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        let mut answer = String::new();
        let sent = self.input.write_all(&line).and_then(|()| self.input.flush());
        if sent.is_err() || self.output.read_line(&mut answer)? == 0 {
            bail!("the driver has ended\n{}", self.process.log_tail());
        }
        let answer: Value = serde_json::from_str(&answer).with_context(|| format!("not an answer: {answer}"))?;
        if let Some(error) = answer["error"].as_str() {
            bail!("{error}");
        }
        Ok(answer)
    }
}

fn to_json(record: &Record) -> Value {
    let encode = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| STANDARD.encode(bytes));
    let headers: Vec<Value> = record.headers.iter().map(|(name, value)| json!([name, encode(value)])).collect();
    json!({
        "topic": record.topic, "partition": record.partition, "timestamp": record.timestamp,
        "key": encode(&record.key), "value": encode(&record.value), "headers": headers,
    })
}

fn from_json(node: &Value) -> Result<Stored> {
    let mut headers = Vec::new();
    for header in node["headers"].as_array().context("no headers")? {
        headers.push((header[0].as_str().context("no header name")?.to_owned(), decode(&header[1])?));
    }
    Ok(Stored {
        topic: text(node, "topic")?,
        partition: int(node, "partition")?,
        offset: int(node, "offset")?,
        timestamp: int(node, "timestamp")?,
        timestamp_type: text(node, "timestamp_type")?,
        key: decode(&node["key"])?,
        value: decode(&node["value"])?,
        headers,
    })
}

fn decode(node: &Value) -> Result<Option<Vec<u8>>> {
    node.as_str().map(|text| STANDARD.decode(text)).transpose().context("not Base64")
}

fn text(node: &Value, member: &str) -> Result<String> {
    Ok(node[member].as_str().with_context(|| format!("no text {member}"))?.to_owned())
}

fn texts(node: &Value) -> Result<Vec<String>> {
    let list = node.as_array().context("no list")?;
    Ok(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn int<N: TryFrom<i64>>(node: &Value, member: &str) -> Result<N> {
    let number = node[member].as_i64().with_context(|| format!("no number {member}"))?;
    N::try_from(number).ok().with_context(|| format!("{member} out of range"))
}
