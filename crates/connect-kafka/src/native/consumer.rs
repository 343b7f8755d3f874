//! Consuming through the native client.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connect_api::sink::{Offsets, TopicPartition};
use connect_api::{Error, Kind, RawRecord, Result, TimestampType};
use kafka_client::consumer::{ConsumerHandle, Event, FetchedRecords, StartAt};

use super::{from_client, to_client};
use crate::{ConsumedRecord, Consumer, ConsumerEvent, Interrupt, PartitionRecords, Revocation, TopicMatcher};

pub(crate) struct NativeConsumer {
    /// `None` once closed.
    consumer: Option<kafka_client::Consumer>,
    handle: ConsumerHandle,
}

impl NativeConsumer {
    pub(crate) fn new(consumer: kafka_client::Consumer) -> Self {
        Self { handle: consumer.handle(), consumer: Some(consumer) }
    }
}

fn all_to_client(partitions: &[TopicPartition]) -> Vec<kafka_client::TopicPartition> {
    partitions.iter().map(to_client).collect()
}

fn from_client_partitions(partitions: &[kafka_client::TopicPartition]) -> Vec<TopicPartition> {
    partitions.iter().map(|partition| TopicPartition::new(partition.topic.clone(), partition.partition)).collect()
}

fn records(fetched: FetchedRecords) -> PartitionRecords {
    let timestamp_type = match fetched.timestamp_type {
        kafka_client::consumer::TimestampType::CreateTime => TimestampType::CreateTime,
        kafka_client::consumer::TimestampType::LogAppendTime => TimestampType::LogAppendTime,
    };
    let record = |record: kafka_client::consumer::Record| ConsumedRecord {
        offset: record.offset,
        timestamp: record.timestamp,
        timestamp_type: if record.timestamp < 0 { TimestampType::NoTimestampType } else { timestamp_type },
        raw: RawRecord::new(
            record.key,
            record.value,
            record.headers.raw().clone(),
            u32::try_from(record.headers.len()).unwrap_or(u32::MAX),
        ),
    };
    PartitionRecords {
        topic: fetched.topic,
        partition: fetched.partition,
        records: fetched.records.into_iter().map(record).collect(),
    }
}

#[async_trait]
impl Consumer for NativeConsumer {
    fn subscribe(&mut self, topics: &[Arc<str>]) -> Result<()> {
        self.handle.subscribe(topics.to_vec()).map_err(from_client)
    }

    fn subscribe_matching(&mut self, matcher: TopicMatcher) -> Result<()> {
        self.handle.subscribe_matching(matcher).map_err(from_client)
    }

    async fn poll(&mut self, limit: Duration) -> Result<ConsumerEvent> {
        let Some(consumer) = &mut self.consumer else { return Err(Error::connect("The consumer is closed")) };
        Ok(match consumer.poll(limit).await.map_err(from_client)? {
            Event::Records(batches) => ConsumerEvent::Records(batches.into_iter().map(records).collect()),
            Event::Assigned(partitions) => ConsumerEvent::Assigned(from_client_partitions(&partitions)),
            Event::Revoked(revoked) => {
                let partitions = from_client_partitions(&revoked.partitions);
                ConsumerEvent::Revoked(partitions, Revocation::new(move || drop(revoked)))
            }
            Event::Lost(partitions) => ConsumerEvent::Lost(from_client_partitions(&partitions)),
            Event::Idle => ConsumerEvent::Idle,
        })
    }

    async fn position(&mut self, partition: &TopicPartition) -> Result<i64> {
        let partition = to_client(partition);
        if let Some(position) = self.handle.position(&partition) {
            return Ok(position);
        }
        Err(match self.handle.failure(&partition) {
            Some(error) => from_client(error),
            None => Error::new(Kind::IllegalState, format!("{partition} is not assigned")),
        })
    }

    fn seek(&mut self, partition: &TopicPartition, offset: i64) {
        if !self.handle.seek(&to_client(partition), StartAt::Offset(offset)) {
            tracing::warn!(%partition, offset, "cannot seek in a partition that is not assigned");
        }
    }

    fn pause(&mut self, partitions: &[TopicPartition]) {
        self.handle.pause(&all_to_client(partitions));
    }

    fn resume(&mut self, partitions: &[TopicPartition]) {
        self.handle.resume(&all_to_client(partitions));
    }

    async fn commit(&mut self, offsets: &Offsets) -> Result<()> {
        let offsets = offsets.iter().map(|(partition, offset)| (to_client(partition), *offset)).collect();
        self.handle.commit(&offsets).await.map_err(from_client)
    }

    fn interrupt(&self) -> Interrupt {
        let handle = self.handle.clone();
        Arc::new(move || handle.interrupt())
    }

    fn abandon(&self) -> Interrupt {
        let handle = self.handle.clone();
        Arc::new(move || handle.abort())
    }

    async fn close(&mut self) {
        if let Some(consumer) = self.consumer.take() {
            consumer.close(CLOSE_LIMIT).await;
        }
    }
}

/// How long leaving the group may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
