//! What most cases send, and what they look at in the answers.

use std::time::Duration;

use bytes::Bytes;
use kafka_wire::batch::DEFAULT_MAX_DECOMPRESSED;
use kafka_wire::messages::*;
use kafka_wire::{ApiKey, BatchBuilder, BatchOptions, Batches, Compression, ErrorCode, ProducerState, StrBytes};

use super::client::Client;
use super::runner::Cx;

pub(crate) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

pub(crate) fn topic(name: &str) -> TopicName {
    TopicName(text(name))
}

pub(crate) fn group(name: &str) -> GroupId {
    GroupId(text(name))
}

/// Fails unless the code is that error.
#[track_caller]
pub(crate) fn refused(code: i16, with: ErrorCode) {
    assert_eq!(ErrorCode::from_code(code), Some(with));
}

/// Fails unless the code is success.
#[track_caller]
pub(crate) fn fine(code: i16) {
    assert_eq!(ErrorCode::from_code(code), None);
}

/// Waits until every coordinator of groups and transactions answers: a new cluster is slow at that.
pub(crate) async fn warm_up(cx: &Cx) {
    let mut client = cx.connect().await;
    let transactions = cx.offered().contains_key(&(ApiKey::InitProducerId as i16));
    for number in 0..12 {
        for key_type in [0, 1] {
            let key = format!("warm-{number}");
            let find =
                FindCoordinatorRequest::default().with_key_type(key_type).with_coordinator_keys(vec![text(&key)]);
            while client.ask(find.clone()).await.coordinators[0].error_code != 0 {
                client.sleep(Duration::from_millis(50)).await;
            }
        }
        let group = format!("warm-{number}");
        let mut waits = true;
        while waits {
            let code = client.ask(HeartbeatRequest::default().with_group_id(self::group(&group))).await.error_code;
            waits = (14..=16).contains(&code);
            client.sleep(Duration::from_millis(if waits { 50 } else { 0 })).await;
        }
        let id = format!("warm-{number}");
        while transactions && client.init_producer(Some(&id), 60_000).await.error_code != 0 {
            client.sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Cx {
    /// A new topic that can be used.
    pub(crate) async fn topic(&self, what: &str, partitions: i32) -> String {
        self.topic_with(what, partitions, &[]).await
    }

    pub(crate) async fn topic_with(&self, what: &str, partitions: i32, configs: &[(&str, &str)]) -> String {
        let name = self.name(what);
        let mut client = self.connect().await;
        let made = client.ask(CreateTopicsRequest::default().with_topics(vec![new_topic(&name, partitions, configs)]));
        fine(made.await.topics[0].error_code);
        client.until_led(&name, partitions).await;
        name
    }
}

impl Client {
    /// Waits until the broker leads so many partitions of a topic: it learns of them after their creation is answered.
    pub(crate) async fn until_led(&mut self, name: &str, partitions: i32) {
        for partition in 0..partitions {
            while self.list_offset(name, partition, -2).await.0 != 0 {
                self.sleep(Duration::from_millis(10)).await;
            }
        }
    }

    /// Error code and base offset, with acks=all.
    pub(crate) async fn produce(&mut self, topic: &str, partition: i32, records: Bytes) -> (i16, i64) {
        self.produce_as(None, topic, partition, records).await
    }

    /// As [`produce`](Self::produce), within a transaction.
    pub(crate) async fn produce_as(
        &mut self,
        transaction: Option<&str>,
        topic: &str,
        partition: i32,
        records: Bytes,
    ) -> (i16, i64) {
        let id = transaction.map(|id| TransactionalId(text(id)));
        let response = self.ask(produce_request(topic, partition, records, -1).with_transactional_id(id)).await;
        let partition = &response.responses[0].partition_responses[0];
        (partition.error_code, partition.base_offset)
    }

    /// What one partition has from an offset on, without waiting; `committed` reads committed records only.
    pub(crate) async fn fetch(
        &mut self,
        topic: &str,
        partition: i32,
        offset: i64,
        committed: bool,
    ) -> fetch_response::PartitionData {
        let request = fetch_request(topic, partition, offset, Duration::ZERO).with_isolation_level(i8::from(committed));
        self.ask(request).await.responses.remove(0).partitions.remove(0)
    }

    /// Error code, offset and timestamp.
    pub(crate) async fn list_offset(&mut self, topic: &str, partition: i32, timestamp: i64) -> (i16, i64, i64) {
        let response = self.ask(list_request(topic, partition, timestamp)).await;
        let partition = &response.topics[0].partitions[0];
        (partition.error_code, partition.offset, partition.timestamp)
    }

    /// The offset after the last record, or the last stable one.
    pub(crate) async fn end(&mut self, topic: &str, partition: i32, committed: bool) -> i64 {
        let request = list_request(topic, partition, -1).with_isolation_level(i8::from(committed));
        let response = self.ask(request).await;
        fine(response.topics[0].partitions[0].error_code);
        response.topics[0].partitions[0].offset
    }

    pub(crate) async fn init_producer(&mut self, transaction: Option<&str>, timeout: i32) -> InitProducerIdResponse {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(transaction.map(|id| TransactionalId(text(id))))
            .with_transaction_timeout_ms(timeout)
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1);
        self.ask(request).await
    }
}

pub(crate) fn new_topic(
    name: &str,
    partitions: i32,
    configs: &[(&str, &str)],
) -> create_topics_request::CreatableTopic {
    let configs = configs.iter().map(|(name, value)| {
        create_topics_request::CreatableTopicConfig::default().with_name(text(name)).with_value(Some(text(value)))
    });
    create_topics_request::CreatableTopic::default()
        .with_name(topic(name))
        .with_num_partitions(partitions)
        .with_replication_factor(1)
        .with_configs(configs.collect())
}

pub(crate) fn produce_request(name: &str, partition: i32, records: Bytes, acks: i16) -> ProduceRequest {
    let data = produce_request::PartitionProduceData::default().with_index(partition).with_records(Some(records));
    ProduceRequest::default().with_acks(acks).with_timeout_ms(5_000).with_topic_data(vec![
        produce_request::TopicProduceData::default().with_name(topic(name)).with_partition_data(vec![data]),
    ])
}

pub(crate) fn fetch_partition(partition: i32, offset: i64) -> fetch_request::FetchPartition {
    fetch_request::FetchPartition::default()
        .with_partition(partition)
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20)
}

pub(crate) fn fetch_request(name: &str, partition: i32, offset: i64, wait: Duration) -> FetchRequest {
    fetch_all(name, vec![fetch_partition(partition, offset)], wait)
}

pub(crate) fn fetch_all(name: &str, partitions: Vec<fetch_request::FetchPartition>, wait: Duration) -> FetchRequest {
    FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_wait_ms(i32::try_from(wait.as_millis()).unwrap())
        .with_min_bytes(1)
        .with_max_bytes(1 << 20)
        .with_topics(vec![fetch_request::FetchTopic::default().with_topic(topic(name)).with_partitions(partitions)])
}

pub(crate) fn list_request(name: &str, partition: i32, timestamp: i64) -> ListOffsetsRequest {
    let asked =
        list_offsets_request::ListOffsetsPartition::default().with_partition_index(partition).with_timestamp(timestamp);
    ListOffsetsRequest::default().with_replica_id(BrokerId(-1)).with_topics(vec![
        list_offsets_request::ListOffsetsTopic::default().with_name(topic(name)).with_partitions(vec![asked]),
    ])
}

/// One offset of a group, by nobody in particular.
pub(crate) fn committing(name: &str, of: &str, partition: i32, offset: i64) -> OffsetCommitRequest {
    let partition = offset_commit_request::OffsetCommitRequestPartition::default()
        .with_partition_index(partition)
        .with_committed_offset(offset)
        .with_committed_metadata(Some(text("")));
    OffsetCommitRequest::default().with_group_id(group(name)).with_generation_id_or_member_epoch(-1).with_topics(vec![
        offset_commit_request::OffsetCommitRequestTopic::default()
            .with_name(topic(of))
            .with_partitions(vec![partition]),
    ])
}

/// Some offsets of a group.
pub(crate) fn fetching(name: &str, of: &str, partitions: &[i32]) -> OffsetFetchRequest {
    let topics = offset_fetch_request::OffsetFetchRequestTopics::default()
        .with_name(topic(of))
        .with_partition_indexes(partitions.to_vec());
    OffsetFetchRequest::default().with_groups(vec![
        offset_fetch_request::OffsetFetchRequestGroup::default()
            .with_group_id(group(name))
            .with_topics(Some(vec![topics])),
    ])
}

/// What a group has committed, -1 for nothing.
pub(crate) async fn committed(client: &mut Client, group: &str, topic: &str, partition: i32) -> i64 {
    let answer = client.ask(fetching(group, topic, &[partition])).await;
    fine(answer.groups[0].error_code);
    answer.groups[0].topics[0].partitions[0].committed_offset
}

/// A batch of records with these values and this timestamp, all with the key `k`.
pub(crate) fn batch(values: &[&str], timestamp: i64) -> Bytes {
    batch_in(Compression::None, values, timestamp)
}

pub(crate) fn batch_in(compression: Compression, values: &[&str], timestamp: i64) -> Bytes {
    records(compression, values, timestamp).finish(None, false).unwrap()
}

fn records(compression: Compression, values: &[&str], timestamp: i64) -> BatchBuilder {
    let mut builder = BatchBuilder::new(BatchOptions { compression, ..BatchOptions::default() });
    for value in values {
        builder.append(timestamp, Some(b"k"), Some(value.as_bytes()), []).unwrap();
    }
    builder
}

/// Milliseconds since 1970.
pub(crate) fn wall_clock() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

/// A batch of an idempotent producer: who, its epoch, the first sequence number.
pub(crate) fn numbered((id, epoch): (i64, i16), base_sequence: i32, values: &[&str]) -> Bytes {
    let producer = ProducerState { id, epoch, base_sequence };
    records(Compression::None, values, 1).finish(Some(producer), false).unwrap()
}

/// A batch of a transaction. Its time is now, as its marker's will be: where a log's times are weeks apart a new segment
/// begins, and Kafka answers a Fetch from one segment.
pub(crate) fn transactional((id, epoch): (i64, i16), base_sequence: i32, values: &[&str]) -> Bytes {
    let producer = ProducerState { id, epoch, base_sequence };
    records(Compression::None, values, wall_clock()).finish(Some(producer), true).unwrap()
}

/// The offsets and values of all application records of whole batches.
pub(crate) fn values(batches: Option<Bytes>) -> Vec<(i64, String)> {
    let batches =
        Batches::new(batches.unwrap_or_default()).map(Result::unwrap).filter(|one| !one.header().is_control());
    let records = batches.flat_map(|batch| {
        batch.check_crc().unwrap();
        batch.records(DEFAULT_MAX_DECOMPRESSED).unwrap()
    });
    let plain = |value: Bytes| String::from_utf8(value.to_vec()).unwrap();
    records.map(Result::unwrap).map(|record| (record.offset, record.value.map(plain).unwrap_or_default())).collect()
}

/// The offsets of [`values`].
pub(crate) fn offsets(batches: Option<Bytes>) -> Vec<i64> {
    values(batches).into_iter().map(|(offset, _)| offset).collect()
}
