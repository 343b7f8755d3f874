//! Produce: one batch per partition.

use bytes::Bytes;
use kafka_wire::messages::produce_request::PartitionProduceData;
use kafka_wire::messages::produce_response::{
    BatchIndexAndErrorMessage, PartitionProduceResponse, TopicProduceResponse,
};
use kafka_wire::messages::{ProduceRequest, ProduceResponse, TopicName, TransactionalId};
use kafka_wire::{BatchHeader, Compression, ErrorCode, StrBytes};

use super::{About, Api, Reply};
use crate::broker::Node;
use crate::topics::{AppendError, Appended, is_compressed};

/// Produce.
pub(crate) struct Produce;

impl Api for Produce {
    type Request = ProduceRequest;
    type Response = ProduceResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: ProduceRequest) -> Reply<ProduceResponse> {
        if !(-1..=1).contains(&request.acks) {
            return Self::refuse(request, about, ErrorCode::InvalidRequiredAcks);
        }
        if let Err(code) = check_producers(&request) {
            return Self::refuse(request, about, code);
        }
        let acks = request.acks;
        let id = request.transactional_id.clone();
        respond(about, acks, request, |topic, data| append(node, about, id.as_ref(), topic, data))
    }

    fn refuse(request: ProduceRequest, about: About<'_>, code: ErrorCode) -> Reply<ProduceResponse> {
        let acks = request.acks;
        respond(about, acks, request, |_, _| Err(code.into()))
    }
}

/// The response to a request each of whose partitions ends as `outcome` says.
fn respond(
    about: About<'_>,
    acks: i16,
    request: ProduceRequest,
    outcome: impl Fn(&TopicName, PartitionProduceData) -> Result<Appended, AppendError>,
) -> Reply<ProduceResponse> {
    let mut failed = false;
    let mut responses = Vec::with_capacity(request.topic_data.len());
    for topic in request.topic_data {
        let mut partitions = Vec::with_capacity(topic.partition_data.len());
        for data in topic.partition_data {
            let index = data.index;
            let outcome = outcome(&topic.name, data);
            failed |= outcome.is_err();
            partitions.push(partition_response(about, index, outcome));
        }
        responses.push(TopicProduceResponse::default().with_name(topic.name).with_partition_responses(partitions));
    }
    match (acks, failed) {
        (0, false) => Reply::Nothing,
        (0, true) => Reply::Disconnect,
        _ => Reply::With(ProduceResponse::default().with_responses(responses)),
    }
}

/// The headers of the request's first batches that are part of a transaction.
fn transactional(request: &ProduceRequest) -> impl Iterator<Item = BatchHeader> {
    let data = request.topic_data.iter().flat_map(|topic| &topic.partition_data);
    data.filter_map(|data| transactional_header(data.records.as_ref()))
}

fn transactional_header(records: Option<&Bytes>) -> Option<BatchHeader> {
    // What cannot be read is refused when it is to be appended.
    BatchHeader::decode(records?).ok().filter(BatchHeader::is_transactional)
}

/// One producer writes into transactions, and says under which transactional id.
fn check_producers(request: &ProduceRequest) -> Result<(), ErrorCode> {
    let mut producers = transactional(request).map(|header| (header.producer.id, header.producer.epoch));
    let Some(first) = producers.next() else { return Ok(()) };
    if request.transactional_id.is_none() {
        return Err(ErrorCode::TransactionalIdAuthorizationFailed);
    }
    if producers.any(|other| other != first) { Err(ErrorCode::InvalidProducerIdMapping) } else { Ok(()) }
}

/// Appends one partition's batch.
fn append(
    node: &Node,
    about: About<'_>,
    transactional_id: Option<&TransactionalId>,
    topic: &TopicName,
    data: PartitionProduceData,
) -> Result<Appended, AppendError> {
    let name = topic;
    let topic = node.data.0.topics.get(name).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let partition = topic.partition(data.index).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let rules = topic.append_rules(node.env.clock().unix_millis());
    let records = data.records.unwrap_or_default();
    if about.version < ZSTD && is_compressed(&records, Compression::Zstd) {
        let message =
            format!("Produce requests with version {} are not allowed to use ZStandard compression", about.version);
        return Err(AppendError::new(ErrorCode::UnsupportedCompressionType, message));
    }
    let mut guard = None;
    if let (Some(id), Some(header)) = (transactional_id, transactional_header(Some(&records))) {
        guard = partition.verify(header.producer);
        if guard.is_some() {
            let producer = (header.producer.id, header.producer.epoch);
            let verified = node.transactions.verify(id, producer, &(name.to_string(), data.index));
            verified.map_err(|code| not_verified(about, code))?;
        }
    }
    partition.append(records, rules, guard)
}

/// From this version on, clients may compress with zstd (KIP-110).
const ZSTD: i16 = 7;
/// From this version on, clients know the error that a transaction has to be aborted (KIP-890).
const ABORTABLE: i16 = 11;

/// What a producer is told when its batch is no part of a transaction.
fn not_verified(about: About<'_>, code: ErrorCode) -> AppendError {
    match code {
        ErrorCode::ProducerFenced => ErrorCode::InvalidProducerEpoch.into(),
        ErrorCode::TransactionAbortable if about.version < ABORTABLE => {
            let message = "Partition was not added to the transaction";
            AppendError::new(ErrorCode::InvalidTxnState, message)
        }
        // Parity: an error that makes every client try again without looking for a new leader.
        ErrorCode::ConcurrentTransactions => {
            let message = "Unable to verify the partition has been added to the transaction. Underlying error: \
                CONCURRENT_TRANSACTIONS";
            AppendError::new(ErrorCode::NotEnoughReplicas, message)
        }
        code => code.into(),
    }
}

fn partition_response(
    about: About<'_>,
    index: i32,
    outcome: Result<Appended, AppendError>,
) -> PartitionProduceResponse {
    let response = PartitionProduceResponse::default().with_index(index);
    match outcome {
        Ok(appended) => {
            let time = appended.append_time.unwrap_or(-1);
            let response = response.with_base_offset(appended.base_offset).with_log_append_time_ms(time);
            if about.version >= 5 { response.with_log_start_offset(appended.start_offset) } else { response }
        }
        Err(error) => {
            let response = response.with_error_code(error.code.code()).with_base_offset(-1).with_log_append_time_ms(-1);
            if about.version < 8 {
                return response;
            }
            let records = error.records.into_iter().map(|(index, message)| {
                BatchIndexAndErrorMessage::default()
                    .with_batch_index(index)
                    .with_batch_index_error_message(Some(StrBytes::from_string(message)))
            });
            response.with_error_message(error.message.map(StrBytes::from_string)).with_record_errors(records.collect())
        }
    }
}
