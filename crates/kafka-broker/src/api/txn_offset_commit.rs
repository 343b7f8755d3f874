//! TxnOffsetCommit: offsets that count once their transaction is committed.

use std::collections::BTreeMap;

use kafka_wire::ErrorCode;
use kafka_wire::messages::txn_offset_commit_request::TxnOffsetCommitRequestPartition;
use kafka_wire::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_wire::messages::{TxnOffsetCommitRequest, TxnOffsetCommitResponse};

use super::committed::is_too_large;
use super::{About, Api, Reply};
use crate::broker::Node;
use crate::groups::{Committer, Identity};
use crate::transactions::PendingOffset;

/// TxnOffsetCommit.
pub(crate) struct TxnOffsetCommit;

/// From this version on, clients know the error that a transaction has to be aborted (KIP-890).
const ABORTABLE: i16 = 4;

impl Api for TxnOffsetCommit {
    type Request = TxnOffsetCommitRequest;
    type Response = TxnOffsetCommitResponse;

    async fn carry_out(
        node: &Node,
        about: About<'_>,
        request: TxnOffsetCommitRequest,
    ) -> Reply<TxnOffsetCommitResponse> {
        let mut refused = BTreeMap::new();
        let mut known = false;
        let mut offsets = Vec::new();
        for topic in &request.topics {
            for partition in &topic.partitions {
                let exists = node.data.0.topics.get(&topic.name);
                let exists = exists.is_some_and(|topic| topic.partition(partition.partition_index).is_some());
                known |= exists;
                let code = match (exists, is_too_large(node, partition.committed_metadata.as_ref())) {
                    (false, _) => ErrorCode::UnknownTopicOrPartition,
                    (true, true) => ErrorCode::OffsetMetadataTooLarge,
                    (true, false) => {
                        offsets.push(pending(node, &request.group_id, &topic.name, partition));
                        continue;
                    }
                };
                refused.insert((topic.name.to_string(), partition.partition_index), code);
            }
        }
        let committed = if known { commit(node, about, &request, offsets) } else { Ok(()) };
        respond(request, |topic, partition| {
            let refusal = refused.get(&(topic.to_owned(), partition)).copied();
            match (refusal, committed) {
                // A request that is refused says so of every partition there is.
                (Some(ErrorCode::OffsetMetadataTooLarge) | None, Err(code)) | (Some(code), _) => code.code(),
                (None, Ok(())) => 0,
            }
        })
    }

    fn refuse(request: TxnOffsetCommitRequest, _: About<'_>, code: ErrorCode) -> Reply<TxnOffsetCommitResponse> {
        respond(request, |_, _| code.code())
    }
}

fn commit(
    node: &Node,
    about: About<'_>,
    request: &TxnOffsetCommitRequest,
    offsets: Vec<PendingOffset>,
) -> Result<(), ErrorCode> {
    if request.group_id.is_empty() {
        return Err(ErrorCode::InvalidGroupId);
    }
    let producer = (request.producer_id.0, request.producer_epoch);
    let committer = Committer {
        who: Identity { member_id: request.member_id.clone(), instance_id: request.group_instance_id.clone() },
        generation: request.generation_id,
        no_group: None,
    };
    let check = || node.groups.check_transactional_commit(&request.group_id, &committer);
    let added = node.transactions.add_offsets(&request.transactional_id, producer, &request.group_id, offsets, check);
    added.map_err(|code| match code {
        ErrorCode::ProducerFenced => ErrorCode::InvalidProducerEpoch,
        ErrorCode::TransactionAbortable if about.version < ABORTABLE => ErrorCode::InvalidTxnState,
        code => code,
    })
}

fn pending(node: &Node, group: &str, topic: &str, partition: &TxnOffsetCommitRequestPartition) -> PendingOffset {
    PendingOffset {
        group: group.to_owned(),
        topic: topic.to_owned(),
        partition: partition.partition_index,
        offset: partition.committed_offset,
        leader_epoch: partition.committed_leader_epoch,
        metadata: partition.committed_metadata.as_deref().unwrap_or_default().to_owned(),
        at: node.env.clock().unix_millis(),
    }
}

fn respond(request: TxnOffsetCommitRequest, code: impl Fn(&str, i32) -> i16) -> Reply<TxnOffsetCommitResponse> {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let index = partition.partition_index;
            let code = code(&topic.name, index);
            TxnOffsetCommitResponsePartition::default().with_partition_index(index).with_error_code(code)
        });
        let partitions = partitions.collect();
        TxnOffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(partitions)
    });
    Reply::With(TxnOffsetCommitResponse::default().with_topics(topics.collect()))
}
