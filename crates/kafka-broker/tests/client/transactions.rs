//! A producer of raw requests: idempotent, or with transactions.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use env::Env;
use kafka_wire::batch::{ControlType, DEFAULT_MAX_DECOMPRESSED};
use kafka_wire::messages::*;
use kafka_wire::protocol::Request;
use kafka_wire::{ApiKey, BatchBuilder, BatchOptions, Batches, FrameReader, ProducerState, encode_request};
use tokio::io::AsyncWriteExt;

use super::{Client, batch, fetch_request, group, list_request, offset_fetch_request, produce_request, text, topic};

/// The transaction APIs in the versions that clients of the first transaction protocol use.
pub(crate) const INIT: i16 = 5;
pub(crate) const ADD_PARTITIONS: i16 = 3;
pub(crate) const ADD_OFFSETS: i16 = 4;
pub(crate) const OFFSET_COMMIT: i16 = 4;
pub(crate) const END: i16 = 4;
pub(crate) const PRODUCE: i16 = 11;

/// Who a producer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
}

fn transactional_id(id: &str) -> TransactionalId {
    TransactionalId(text(id))
}

/// A batch of values, one record each.
pub(crate) fn sequenced(who: Identity, base_sequence: i32, values: &[&str], transactional: bool) -> Bytes {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    for value in values {
        builder.append(1, None, Some(value.as_bytes()), []).unwrap();
    }
    let state = ProducerState { id: who.id, epoch: who.epoch, base_sequence };
    builder.finish(Some(state), transactional).unwrap()
}

pub(crate) fn init_request(id: Option<&str>, timeout: Duration, expected: Option<Identity>) -> InitProducerIdRequest {
    let expected = expected.unwrap_or(Identity { id: -1, epoch: -1 });
    InitProducerIdRequest::default()
        .with_transactional_id(id.map(transactional_id))
        .with_transaction_timeout_ms(timeout.as_millis() as i32)
        .with_producer_id(ProducerId(expected.id))
        .with_producer_epoch(expected.epoch)
}

pub(crate) fn add_request(id: &str, who: Identity, partitions: &[(&str, i32)]) -> AddPartitionsToTxnRequest {
    let topics = partitions.iter().map(|(name, index)| {
        add_partitions_to_txn_request::AddPartitionsToTxnTopic::default()
            .with_name(topic(name))
            .with_partitions(vec![*index])
    });
    AddPartitionsToTxnRequest::default()
        .with_v3_and_below_transactional_id(transactional_id(id))
        .with_v3_and_below_producer_id(ProducerId(who.id))
        .with_v3_and_below_producer_epoch(who.epoch)
        .with_v3_and_below_topics(topics.collect())
}

pub(crate) fn add_offsets_request(id: &str, who: Identity, of: &str) -> AddOffsetsToTxnRequest {
    AddOffsetsToTxnRequest::default()
        .with_transactional_id(transactional_id(id))
        .with_producer_id(ProducerId(who.id))
        .with_producer_epoch(who.epoch)
        .with_group_id(group(of))
}

/// Who commits in a group: member and generation.
pub(crate) const OUTSIDE: (&str, i32) = ("", -1);

pub(crate) fn txn_commit_request(
    id: &str,
    who: Identity,
    (of, (member, generation)): (&str, (&str, i32)),
    name: &str,
    offset: i64,
) -> TxnOffsetCommitRequest {
    let partition = txn_offset_commit_request::TxnOffsetCommitRequestPartition::default()
        .with_committed_offset(offset)
        .with_committed_metadata(Some(text("m")));
    let committed = txn_offset_commit_request::TxnOffsetCommitRequestTopic::default()
        .with_name(topic(name))
        .with_partitions(vec![partition]);
    TxnOffsetCommitRequest::default()
        .with_transactional_id(transactional_id(id))
        .with_group_id(group(of))
        .with_producer_id(ProducerId(who.id))
        .with_producer_epoch(who.epoch)
        .with_member_id(text(member))
        .with_generation_id(generation)
        .with_topics(vec![committed])
}

pub(crate) fn end_request(id: &str, who: Identity, committed: bool) -> EndTxnRequest {
    EndTxnRequest::default()
        .with_transactional_id(transactional_id(id))
        .with_producer_id(ProducerId(who.id))
        .with_producer_epoch(who.epoch)
        .with_committed(committed)
}

pub(crate) fn transactional_produce(id: &str, name: &str, partition: i32, records: Bytes) -> ProduceRequest {
    produce_request(name, partition, records, -1).with_transactional_id(Some(transactional_id(id)))
}

/// Asks for little of what is committed.
pub(crate) fn committed_request(name: &str, partition: i32, offset: i64) -> FetchRequest {
    let mut request = fetch_request(name, partition, offset, Duration::ZERO).with_isolation_level(1);
    request.topics[0].partitions[0].partition_max_bytes = 200;
    request
}

/// Takes the values of what is committed out of an answer, and goes on behind it; `false` when there was nothing.
pub(crate) fn take_committed(
    answer: fetch_response::PartitionData,
    offset: &mut i64,
    values: &mut Vec<String>,
) -> bool {
    let mut aborts = answer.aborted_transactions.expect("a list, if an empty one");
    aborts.sort_by_key(|aborted| std::cmp::Reverse(aborted.first_offset));
    let records = answer.records.unwrap_or_default();
    let found = !records.is_empty();
    let mut aborting = std::collections::BTreeSet::new();
    for batch in Batches::new(records).map(Result::unwrap) {
        let header = batch.header();
        while aborts.last().is_some_and(|aborted| aborted.first_offset <= header.last_offset()) {
            aborting.extend(aborts.pop().map(|aborted| aborted.producer_id.0));
        }
        let skipped = header.is_transactional() && aborting.contains(&header.producer.id);
        match batch.control_type().unwrap() {
            Some(ControlType::Abort) => drop(aborting.remove(&header.producer.id)),
            Some(_) => {}
            None if skipped => {}
            None => {
                let records = batch.records(DEFAULT_MAX_DECOMPRESSED).unwrap().map(Result::unwrap);
                let new = records.filter(|record| record.offset >= *offset);
                values.extend(new.map(|record| String::from_utf8(record.value.unwrap().to_vec()).unwrap()));
            }
        }
        *offset = header.next_offset().max(*offset);
    }
    found
}

/// What a reader of committed transactions sees.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) values: Vec<String>,
    pub(crate) stable_offset: i64,
    pub(crate) high_watermark: i64,
}

impl Client {
    /// Error code and identity.
    pub(crate) async fn init(&mut self, id: Option<&str>, expected: Option<Identity>) -> (i16, Identity) {
        self.init_with(id, Duration::from_secs(60), expected).await
    }

    pub(crate) async fn init_with(
        &mut self,
        id: Option<&str>,
        timeout: Duration,
        expected: Option<Identity>,
    ) -> (i16, Identity) {
        let answer = self.ask(INIT, init_request(id, timeout, expected)).await;
        (answer.error_code, Identity { id: answer.producer_id.0, epoch: answer.producer_epoch })
    }

    /// The identity, once the transaction that was open is aborted.
    pub(crate) async fn begin(&mut self, id: &str) -> Identity {
        loop {
            match self.init(Some(id), None).await {
                (0, who) => return who,
                (51, _) => {}
                (code, _) => panic!("error {code}"),
            }
        }
    }

    pub(crate) async fn add(&mut self, id: &str, who: Identity, partitions: &[(&str, i32)]) -> i16 {
        let answer = self.ask(ADD_PARTITIONS, add_request(id, who, partitions)).await;
        answer.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code
    }

    pub(crate) async fn add_offsets(&mut self, id: &str, who: Identity, group: &str) -> i16 {
        self.ask(ADD_OFFSETS, add_offsets_request(id, who, group)).await.error_code
    }

    pub(crate) async fn txn_commit(&mut self, id: &str, who: Identity, group: &str, of: &str, offset: i64) -> i16 {
        let request = txn_commit_request(id, who, (group, OUTSIDE), of, offset);
        self.ask(OFFSET_COMMIT, request).await.topics[0].partitions[0].error_code
    }

    /// Error code and committed offset, if no transaction may change it.
    pub(crate) async fn stable(&mut self, group: &str, of: &str) -> (i16, i64) {
        let answer = self.ask(9, offset_fetch_request(9, group, of).with_require_stable(true)).await;
        let partition = &answer.groups[0].topics[0].partitions[0];
        (partition.error_code, partition.committed_offset)
    }

    pub(crate) async fn end(&mut self, id: &str, who: Identity, committed: bool) -> i16 {
        self.ask(END, end_request(id, who, committed)).await.error_code
    }

    /// Error code and base offset.
    pub(crate) async fn produce_in(&mut self, id: &str, name: &str, partition: i32, records: Bytes) -> (i16, i64) {
        let answer = self.ask(PRODUCE, transactional_produce(id, name, partition, records)).await;
        let partition = &answer.responses[0].partition_responses[0];
        (partition.error_code, partition.base_offset)
    }

    /// Everything committed in a partition, read batch by batch from `offset` on as a consumer does it.
    pub(crate) async fn committed_values(&mut self, name: &str, partition: i32, mut offset: i64) -> Committed {
        let mut values = Vec::new();
        loop {
            let mut answer = self.ask(12, committed_request(name, partition, offset)).await;
            let answer = answer.responses.remove(0).partitions.remove(0);
            assert_eq!(answer.error_code, 0);
            if !take_committed(answer.clone(), &mut offset, &mut values) {
                let (stable_offset, high_watermark) = (answer.last_stable_offset, answer.high_watermark);
                return Committed { values, stable_offset, high_watermark };
            }
        }
    }

    /// Error code and offset.
    pub(crate) async fn list_committed(&mut self, name: &str, partition: i32, timestamp: i64) -> (i16, i64) {
        let answer = self.ask(10, list_request(name, partition, timestamp).with_isolation_level(1)).await;
        let partition = &answer.topics[0].partitions[0];
        (partition.error_code, partition.offset)
    }
}

/// A client that comes back when its connection is lost, and asks again.
pub(crate) struct Persistent {
    env: Env,
    address: SocketAddr,
    client: Option<Client>,
}

/// Codes after which a client asks again.
const RETRIABLE: [i16; 9] = [6, 7, 13, 14, 15, 16, 19, 51, 56];
/// After this time a client gives a connection up.
const PATIENCE: Duration = Duration::from_secs(10);

impl Persistent {
    pub(crate) fn new(env: Env, address: SocketAddr) -> Self {
        Self { env, address, client: None }
    }

    /// The answer and the code that `code` finds in it, once that is no reason to ask again.
    pub(crate) async fn ask<Q: Request>(
        &mut self,
        version: i16,
        request: &Q,
        code: impl Fn(&Q::Response) -> i16,
    ) -> (i16, Q::Response) {
        loop {
            let asked = self.env.clone().timeout(PATIENCE, self.try_once(version, request)).await.ok().flatten();
            match asked.map(|answer| (code(&answer), answer)) {
                Some((code, answer)) if !RETRIABLE.contains(&code) => return (code, answer),
                Some(_) => {}
                None => self.client = None,
            }
            self.env.sleep(Duration::from_millis(20)).await;
        }
    }

    async fn try_once<Q: Request>(&mut self, version: i16, request: &Q) -> Option<Q::Response> {
        let client = match &mut self.client {
            Some(client) => client,
            none => {
                let stream = self.env.network().connect(self.address).await.ok()?;
                none.insert(Client { stream, frames: FrameReader::new(usize::MAX), correlation: 0 })
            }
        };
        client.correlation += 1;
        let frame = encode_request(client.correlation, Some("raw"), version, request).unwrap();
        client.stream.write_all(&frame).await.ok()?;
        client.stream.flush().await.ok()?;
        client.receive::<Q>(version).await
    }
}

/// A small request of any of these APIs; it must be answered.
pub(super) async fn ask_anything(client: &mut Client, api: ApiKey, version: i16) {
    let nobody = Identity { id: 77, epoch: 0 };
    match api {
        ApiKey::InitProducerId => {
            let request = init_request(Some("anything"), Duration::from_secs(1), None);
            assert!([0, 15].contains(&client.ask(version, request).await.error_code));
        }
        ApiKey::OffsetForLeaderEpoch => {
            let asked = offset_for_leader_epoch_request::OffsetForLeaderPartition::default().with_leader_epoch(0);
            let topic = offset_for_leader_epoch_request::OffsetForLeaderTopic::default()
                .with_topic(topic("t"))
                .with_partitions(vec![asked]);
            let mut request = OffsetForLeaderEpochRequest::default().with_topics(vec![topic]);
            if version >= 3 {
                request = request.with_replica_id(BrokerId(-1));
            }
            drop(client.ask(version, request).await);
        }
        ApiKey::AddPartitionsToTxn => drop(client.ask(version, add_request("anything", nobody, &[("t", 0)])).await),
        ApiKey::AddOffsetsToTxn => drop(client.ask(version, add_offsets_request("anything", nobody, "g")).await),
        ApiKey::EndTxn => drop(client.ask(version, end_request("anything", nobody, true)).await),
        ApiKey::TxnOffsetCommit => {
            // Only from version 3 on does the committer say who it is.
            drop(client.ask(version, txn_commit_request("anything", nobody, ("g", OUTSIDE), "t", 1)).await);
        }
        other => panic!("{other:?} is no API of producers"),
    }
}

/// Batches as before there were producer ids.
pub(crate) fn plain(values: &[&str]) -> Bytes {
    let records: Vec<_> = values.iter().map(|value| ("", *value)).collect();
    batch(kafka_wire::Compression::None, &records, 1)
}
