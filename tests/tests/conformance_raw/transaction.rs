//! A transactional producer, step by step.

use std::time::Duration;

use add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_wire::ErrorCode;
use kafka_wire::messages::*;
use txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};

use super::client::Client;
use super::requests::*;
use super::runner::Cx;

/// Who it is and what it sends next.
pub(crate) struct Producer {
    pub(crate) client: Client,
    pub(crate) transaction: String,
    pub(crate) id: i64,
    pub(crate) epoch: i16,
    /// The next sequence number; cases use one partition per producer or count for themselves.
    pub(crate) sequence: i32,
}

impl Producer {
    /// One with an id, and a minute for each transaction.
    pub(crate) async fn of(cx: &Cx, transaction: &str) -> Self {
        Self::with_time(cx, transaction, 60_000).await
    }

    pub(crate) async fn with_time(cx: &Cx, transaction: &str, timeout: i32) -> Self {
        let mut client = cx.connect().await;
        let given = client.until_given(transaction, timeout).await;
        Self {
            client,
            transaction: transaction.to_owned(),
            id: given.producer_id.0,
            epoch: given.producer_epoch,
            sequence: 0,
        }
    }

    pub(crate) fn me(&self) -> (i64, i16) {
        (self.id, self.epoch)
    }

    pub(crate) fn adding(&self, of: &str, partitions: &[i32]) -> AddPartitionsToTxnRequest {
        let topics = vec![AddPartitionsToTxnTopic::default().with_name(topic(of)).with_partitions(partitions.to_vec())];
        AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(TransactionalId(text(&self.transaction)))
            .with_v3_and_below_producer_id(ProducerId(self.id))
            .with_v3_and_below_producer_epoch(self.epoch)
            .with_v3_and_below_topics(topics)
    }

    /// The code of adding one partition, in a version. The end of the transaction before may still be written.
    pub(crate) async fn add_at(&mut self, version: i16, of: &str, partition: i32) -> i16 {
        loop {
            let answer = self.client.ask_at(version, self.adding(of, &[partition])).await;
            let code = answer.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code;
            if code != 51 {
                return code;
            }
            self.client.sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn add(&mut self, of: &str, partition: i32) -> i16 {
        self.add_at(3, of, partition).await
    }

    /// Error code and base offset of the next records of the transaction.
    pub(crate) async fn produce(&mut self, topic: &str, partition: i32, values: &[&str]) -> (i16, i64) {
        let records = transactional(self.me(), self.sequence, values);
        let transaction = self.transaction.clone();
        let answer = self.client.produce_as(Some(&transaction), topic, partition, records).await;
        if answer.0 == 0 {
            self.sequence += values.len() as i32;
        }
        answer
    }

    /// Adds the partition and produces.
    pub(crate) async fn put(&mut self, topic: &str, partition: i32, values: &[&str]) -> i64 {
        fine(self.add(topic, partition).await);
        let (code, base) = self.produce(topic, partition, values).await;
        fine(code);
        base
    }

    pub(crate) fn ending(&self, commit: bool) -> EndTxnRequest {
        EndTxnRequest::default()
            .with_transactional_id(TransactionalId(text(&self.transaction)))
            .with_producer_id(ProducerId(self.id))
            .with_producer_epoch(self.epoch)
            .with_committed(commit)
    }

    /// The code of the end of the transaction; its markers may still be written.
    pub(crate) async fn end_at(&mut self, version: i16, commit: bool) -> i16 {
        loop {
            let code = self.client.ask_at(version, self.ending(commit)).await.error_code;
            if code != 51 {
                return code;
            }
            self.client.sleep(Duration::from_millis(10)).await;
        }
    }

    /// Ends the transaction and waits until its marker is in the partition, where it belongs at `marker`, and readers of
    /// committed records are past it.
    pub(crate) async fn end(&mut self, commit: bool, topic: &str, partition: i32, marker: i64) {
        self.end_to(commit, topic, partition, marker, marker + 1).await;
    }

    /// As [`end`](Self::end) while others are open: such readers come to `stable`.
    pub(crate) async fn end_to(&mut self, commit: bool, topic: &str, partition: i32, marker: i64, stable: i64) {
        fine(self.end_at(4, commit).await);
        while self.client.end(topic, partition, false).await <= marker
            || self.client.end(topic, partition, true).await < stable
        {
            self.client.sleep(Duration::from_millis(10)).await;
        }
    }

    /// The code of adding a group's offsets.
    pub(crate) async fn add_offsets_at(&mut self, version: i16, name: &str) -> i16 {
        let request = AddOffsetsToTxnRequest::default()
            .with_transactional_id(TransactionalId(text(&self.transaction)))
            .with_producer_id(ProducerId(self.id))
            .with_producer_epoch(self.epoch)
            .with_group_id(group(name));
        loop {
            let code = self.client.ask_at(version, request.clone()).await.error_code;
            if code != 51 {
                return code;
            }
            self.client.sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) fn committing(&self, name: &str, of: &str, offset: i64) -> TxnOffsetCommitRequest {
        let partition = TxnOffsetCommitRequestPartition::default()
            .with_committed_offset(offset)
            .with_committed_metadata(Some(text("about it")));
        TxnOffsetCommitRequest::default()
            .with_transactional_id(TransactionalId(text(&self.transaction)))
            .with_group_id(group(name))
            .with_producer_id(ProducerId(self.id))
            .with_producer_epoch(self.epoch)
            .with_topics(vec![
                TxnOffsetCommitRequestTopic::default().with_name(topic(of)).with_partitions(vec![partition]),
            ])
    }

    /// The code of a commit of one offset within the transaction.
    pub(crate) async fn commit_at(&mut self, version: i16, name: &str, of: &str, offset: i64) -> i16 {
        let request = self.committing(name, of, offset);
        self.client.ask_at(version, request).await.topics[0].partitions[0].error_code
    }
}

/// Fails unless the code is that of a partition or group outside the transaction. Kafka tells older versions one code and
/// newer ones the other, but goes by any request that asks its coordinator at the same time.
#[track_caller]
pub(crate) fn outside(code: i16) {
    let codes = [ErrorCode::InvalidTxnState, ErrorCode::TransactionAbortable];
    assert!(codes.iter().any(|one| one.code() == code), "{code}");
}

impl Client {
    /// An id and epoch for a transactional id; what it had open is ended first.
    pub(crate) async fn until_given(&mut self, transaction: &str, timeout: i32) -> InitProducerIdResponse {
        loop {
            let answer = self.init_producer(Some(transaction), timeout).await;
            if answer.error_code != 51 {
                fine(answer.error_code);
                return answer;
            }
            self.sleep(Duration::from_millis(10)).await;
        }
    }
}
