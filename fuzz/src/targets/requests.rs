//! Sound requests, to begin with.

use bytes::Bytes;
use kafka_wire::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_wire::messages::create_topics_request::CreatableTopic;
use kafka_wire::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_wire::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_wire::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_wire::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_wire::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_wire::messages::{
    AddPartitionsToTxnRequest, CreateTopicsRequest, EndTxnRequest, FetchRequest, GroupId, InitProducerIdRequest,
    JoinGroupRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest, ProduceRequest, ProducerId, TopicName,
    TransactionalId,
};
use kafka_wire::protocol::{Request, StrBytes};
use kafka_wire::{BatchBuilder, BatchOptions, Compression, encode_request};

fn name() -> TopicName {
    TopicName(text("t"))
}

fn text(text: &'static str) -> StrBytes {
    StrBytes::from_static_str(text)
}

/// A request without its length of four bytes.
pub(super) fn frame<Q: Request>(version: i16, request: &Q) -> Vec<u8> {
    encode_request(1, Some("c"), version, request).map(|frame| frame[4..].to_vec()).unwrap_or_default()
}

/// Two records in a batch.
pub(super) fn batch(compression: Compression) -> Bytes {
    let mut batch = BatchBuilder::new(BatchOptions { compression, ..BatchOptions::default() });
    for value in [&b"value"[..], b"another value, longer"] {
        let headers = [(&b"h"[..], Some(&b"header"[..])), (b"none", None)];
        batch.append(1_600_000_000_000, Some(b"key"), Some(value), headers).expect("two records fit");
    }
    batch.finish(None, false).expect("a batch of two records")
}

/// The corpora that are made by the program: target, name, content.
pub(crate) fn corpora() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut files = vec![("broker", "conversation".to_owned(), conversation())];
    let conversation = conversation();
    let mut rest = &conversation[..];
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let (request, behind) = after.split_at(usize::from(u16::from_be_bytes(*length)));
        files.push(("requests", format!("conversation-{}", request[1]), request.to_vec()));
        let whole = (request.len() as u32).to_be_bytes();
        files.push(("frames", format!("request-{}", request[1]), [&whole[..], request].concat()));
        rest = behind;
    }
    for compression in [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd]
    {
        let name = compression.name();
        let one = batch(compression);
        files.push(("record-batches", name.to_owned(), one.to_vec()));
        files.push(("record-batches", format!("{name}-twice"), [&one[..], &one[..]].concat()));
    }
    for (index, (name, oldest, newest)) in super::wire::empty().into_iter().enumerate() {
        for (version, (request, response)) in [(0, oldest), (255, newest)] {
            if !request.is_empty() {
                files.push(("requests", format!("{name}-{version}"), request));
            }
            files.push(("responses", format!("{name}-{version}"), [&[index as u8, version][..], &response].concat()));
        }
    }
    for (index, (path, content)) in super::data_files::files().iter().enumerate() {
        let kind = path.rsplit(['.', '/']).next().unwrap_or_default();
        let head = [index as u8, 0];
        files.push(("broker-files", format!("{index:02}-{kind}"), [&head[..], content].concat()));
        files.push(("broker-files", format!("{index:02}-{kind}-patched"), vec![index as u8, 2, 0, 60, 1, 2]));
    }
    files
}

/// What a producer, a consumer and a transaction say, each request behind its length of two bytes.
pub(super) fn conversation() -> Vec<u8> {
    let topic = CreatableTopic::default().with_name(name()).with_num_partitions(1).with_replication_factor(1);
    let produced = PartitionProduceData::default().with_records(Some(batch(Compression::None)));
    let produced = TopicProduceData::default().with_name(name()).with_partition_data(vec![produced]);
    let fetched = FetchPartition::default().with_partition_max_bytes(1 << 20);
    let fetched = FetchTopic::default().with_topic(name()).with_partitions(vec![fetched]);
    let listed = ListOffsetsPartition::default().with_timestamp(-1);
    let listed = ListOffsetsTopic::default().with_name(name()).with_partitions(vec![listed]);
    let committed = OffsetCommitRequestPartition::default().with_committed_offset(1).with_committed_leader_epoch(-1);
    let committed = OffsetCommitRequestTopic::default().with_name(name()).with_partitions(vec![committed]);
    let protocol = JoinGroupRequestProtocol::default().with_name(text("range"));
    let transaction = || TransactionalId(text("x"));
    let added = AddPartitionsToTxnTopic::default().with_name(name()).with_partitions(vec![0]);
    let requests = [
        frame(7, &CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(1000)),
        frame(12, &MetadataRequest::default().with_topics(None)),
        frame(9, &ProduceRequest::default().with_acks(-1).with_timeout_ms(1000).with_topic_data(vec![produced])),
        frame(12, &FetchRequest::default().with_max_bytes(1 << 20).with_topics(vec![fetched]).with_session_epoch(-1)),
        frame(7, &ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![listed])),
        frame(
            8,
            &OffsetCommitRequest::default()
                .with_group_id(GroupId(text("g")))
                .with_generation_id_or_member_epoch(-1)
                .with_topics(vec![committed]),
        ),
        frame(
            3,
            &JoinGroupRequest::default()
                .with_group_id(GroupId(text("g")))
                .with_session_timeout_ms(6000)
                .with_rebalance_timeout_ms(6000)
                .with_protocol_type(text("consumer"))
                .with_protocols(vec![protocol]),
        ),
        frame(
            4,
            &InitProducerIdRequest::default()
                .with_transactional_id(Some(transaction()))
                .with_transaction_timeout_ms(1000)
                .with_producer_id(ProducerId(-1))
                .with_producer_epoch(-1),
        ),
        frame(
            3,
            &AddPartitionsToTxnRequest::default()
                .with_v3_and_below_transactional_id(transaction())
                .with_v3_and_below_producer_id(ProducerId(0))
                .with_v3_and_below_topics(vec![added]),
        ),
        frame(
            3,
            &EndTxnRequest::default()
                .with_transactional_id(transaction())
                .with_producer_id(ProducerId(0))
                .with_committed(true),
        ),
    ];
    let mut out = Vec::new();
    for request in requests {
        assert!(!request.is_empty(), "every request can be encoded");
        out.extend_from_slice(&(request.len() as u16).to_be_bytes());
        out.extend_from_slice(&request);
    }
    out
}
