//! The clients' loops as tests write them, on whatever world.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod group_offsets;

use std::sync::Arc;
use std::time::Duration;

use env::Env;
use kafka_client::consumer::{Event, FetchedRecords};
use kafka_client::producer::{Completion, Row, Rows};
use kafka_client::{
    Admin, AdminConfig, ClientError, Consumer, ConsumerConfig, Producer, ProducerConfig, TopicPartition,
};
use kafka_config::RawConfig;

/// How long a loop may take.
const LIMIT: Duration = Duration::from_secs(30);

fn raw<const N: usize>(bootstrap: &str, own: &[(&str, &str)], extra: [(&str, &str); N]) -> RawConfig {
    let mut raw = RawConfig::from([("bootstrap.servers", bootstrap)]);
    for (name, value) in own.iter().chain(&extra) {
        raw.insert(*name, *value);
    }
    raw
}

/// A producer as Connect configures it.
pub(crate) fn producer<const N: usize>(env: &Env, bootstrap: &str, extra: [(&str, &str); N]) -> Producer {
    let own = [
        ("enable.idempotence", "false"),
        ("acks", "all"),
        ("max.in.flight.requests.per.connection", "1"),
        ("delivery.timeout.ms", "2147483647"),
        ("max.block.ms", "9223372036854775807"),
    ];
    Producer::new(env.clone(), ProducerConfig::parse(&raw(bootstrap, &own, extra)).unwrap())
}

/// A consumer that begins at the beginning.
pub(crate) fn consumer<const N: usize>(env: &Env, bootstrap: &str, group: &str, extra: [(&str, &str); N]) -> Consumer {
    let own = [("group.id", group), ("auto.offset.reset", "earliest"), ("enable.auto.commit", "false")];
    Consumer::new(env.clone(), ConsumerConfig::parse(&raw(bootstrap, &own, extra)).unwrap())
}

pub(crate) fn admin(env: &Env, bootstrap: &str) -> Admin {
    admin_with(env, bootstrap, [])
}

pub(crate) fn admin_with<const N: usize>(env: &Env, bootstrap: &str, extra: [(&str, &str); N]) -> Admin {
    Admin::new(env.clone(), AdminConfig::parse(&raw(bootstrap, &[], extra)).unwrap())
}

/// A record in tests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rec {
    pub(crate) partition: Option<i32>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Rec {
    pub(crate) fn value(value: impl Into<Vec<u8>>) -> Self {
        Self { value: Some(value.into()), ..Self::default() }
    }

    pub(crate) fn key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.key = Some(key.into());
        self
    }

    pub(crate) fn on(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }
}

pub(crate) fn rows(topic: &str, records: &[Rec]) -> Rows {
    let topic: Arc<str> = topic.into();
    let mut rows = Rows::new();
    let write = |rows: &mut Rows, bytes: &[u8]| {
        let start = rows.position();
        rows.data_mut().extend_from_slice(bytes);
        start..rows.position()
    };
    for record in records {
        let first_header = rows.header_position();
        for (name, value) in &record.headers {
            let name = write(&mut rows, name.as_bytes());
            let value = value.as_ref().map(|value| write(&mut rows, value));
            rows.push_header(name, value);
        }
        let key = record.key.as_ref().map(|key| write(&mut rows, key));
        let value = record.value.as_ref().map(|value| write(&mut rows, value));
        let headers = first_header..rows.header_position();
        let (partition, timestamp) = (record.partition, record.timestamp);
        rows.push(Row { topic: topic.clone(), partition, timestamp, key, value, headers });
    }
    rows
}

/// Appends all rows, waiting where it must; completions that came in between.
pub(crate) async fn append_all(producer: &Producer, rows: &Rows) -> Vec<Completion<ClientError>> {
    let mut done = 0;
    let mut completions = Vec::new();
    while done < rows.len() {
        done += producer.append(rows, done..rows.len()).unwrap();
        if done < rows.len() {
            producer.ready().await.unwrap();
        }
        completions.extend(producer.try_completions());
    }
    completions
}

/// Produces and waits for every row; the completions.
pub(crate) async fn produce(producer: &Producer, topic: &str, records: &[Rec]) -> Vec<Completion<ClientError>> {
    let rows = rows(topic, records);
    let mut completions = append_all(producer, &rows).await;
    producer.flush();
    while producer.outstanding() > 0 || completions.iter().map(Completion::len).sum::<u64>() < records.len() as u64 {
        completions.extend(producer.completions().await);
    }
    completions
}

/// Produces and expects every row to be stored.
pub(crate) async fn produce_well(producer: &Producer, topic: &str, records: &[Rec]) -> Vec<Completion<ClientError>> {
    let completions = produce(producer, topic, records).await;
    for completion in &completions {
        assert_eq!(completion.error, None);
    }
    completions
}

/// Polls until `count` records came.
pub(crate) async fn consume(env: &Env, consumer: &mut Consumer, count: usize) -> Vec<FetchedRecords> {
    let mut found = Vec::new();
    let mut records = 0;
    let begun = env.clock().now();
    while records < count {
        if env.clock().now().saturating_since(begun) > LIMIT {
            let assignment = consumer.assignment();
            let positions: Vec<_> = assignment.iter().map(|of| (of.to_string(), consumer.position(of))).collect();
            let end = consumer.end_offsets(&assignment).await;
            panic!("{records} of {count} records came; positions {positions:?}, ends {end:?}");
        }
        match consumer.poll(Duration::from_secs(5)).await.unwrap() {
            Event::Records(fetched) => {
                records += fetched.iter().map(|each| each.records.len()).sum::<usize>();
                found.extend(fetched);
            }
            Event::Revoked(revoked) => drop(revoked),
            Event::Assigned(_) | Event::Lost(_) | Event::Idle => {}
        }
    }
    assert_eq!(records, count, "more records than expected");
    found
}

/// The records of one partition in order, as (offset, value).
pub(crate) fn values(found: &[FetchedRecords], partition: i32) -> Vec<(i64, String)> {
    let of = found.iter().filter(|each| each.partition == partition);
    of.flat_map(|each| each.records.iter())
        .map(|record| {
            (record.offset, String::from_utf8_lossy(record.value.as_deref().unwrap_or(b"<null>")).into_owned())
        })
        .collect()
}

pub(crate) fn tp(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition::new(topic, partition)
}
