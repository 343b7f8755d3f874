//! AddPartitionsToTxn and AddOffsetsToTxn: what a transaction consists of.

use kafka_wire::ErrorCode;
use kafka_wire::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
};
use kafka_wire::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
};

use super::interface::{code_of, for_older};
use super::{About, Api, Reply};
use crate::broker::Node;

/// AddPartitionsToTxn, of one transaction at a time, as clients ask.
pub(crate) struct AddPartitionsToTxn;

impl Api for AddPartitionsToTxn {
    type Request = AddPartitionsToTxnRequest;
    type Response = AddPartitionsToTxnResponse;

    async fn carry_out(
        node: &Node,
        about: About<'_>,
        request: AddPartitionsToTxnRequest,
    ) -> Reply<AddPartitionsToTxnResponse> {
        let exists = |topic: &str, index: i32| {
            node.data.0.topics.get(topic).is_some_and(|topic| topic.partition(index).is_some())
        };
        let topics = &request.v3_and_below_topics;
        let asked =
            || topics.iter().flat_map(|topic| topic.partitions.iter().map(|index| (topic.name.as_str(), *index)));
        if !asked().all(|(topic, index)| exists(topic, index)) {
            // One that does not exist, and nothing is added.
            return respond(&request, |topic, index| {
                if exists(topic, index) {
                    ErrorCode::OperationNotAttempted.code()
                } else {
                    ErrorCode::UnknownTopicOrPartition.code()
                }
            });
        }
        let producer = (request.v3_and_below_producer_id.0, request.v3_and_below_producer_epoch);
        let partitions = asked().map(|(topic, index)| (topic.to_owned(), index)).collect();
        let added = node.transactions.add_partitions(&request.v3_and_below_transactional_id, producer, partitions);
        let code = code_of(added.map_err(|code| for_older(code, about.version < 2)));
        respond(&request, |_, _| code)
    }

    fn refuse(request: AddPartitionsToTxnRequest, _: About<'_>, code: ErrorCode) -> Reply<AddPartitionsToTxnResponse> {
        respond(&request, |_, _| code.code())
    }
}

fn respond(request: &AddPartitionsToTxnRequest, code: impl Fn(&str, i32) -> i16) -> Reply<AddPartitionsToTxnResponse> {
    let topics = request.v3_and_below_topics.iter().map(|topic| {
        let results = topic.partitions.iter().map(|index| {
            AddPartitionsToTxnPartitionResult::default()
                .with_partition_index(*index)
                .with_partition_error_code(code(&topic.name, *index))
        });
        let results = results.collect();
        AddPartitionsToTxnTopicResult::default().with_name(topic.name.clone()).with_results_by_partition(results)
    });
    Reply::With(AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(topics.collect()))
}

/// AddOffsetsToTxn.
pub(crate) struct AddOffsetsToTxn;

impl Api for AddOffsetsToTxn {
    type Request = AddOffsetsToTxnRequest;
    type Response = AddOffsetsToTxnResponse;

    async fn carry_out(
        node: &Node,
        about: About<'_>,
        request: AddOffsetsToTxnRequest,
    ) -> Reply<AddOffsetsToTxnResponse> {
        let producer = (request.producer_id.0, request.producer_epoch);
        let added = node.transactions.add_group(&request.transactional_id, producer, &request.group_id);
        let code = code_of(added.map_err(|code| for_older(code, about.version < 2)));
        Reply::With(AddOffsetsToTxnResponse::default().with_error_code(code))
    }

    fn refuse(_: AddOffsetsToTxnRequest, _: About<'_>, code: ErrorCode) -> Reply<AddOffsetsToTxnResponse> {
        Reply::With(AddOffsetsToTxnResponse::default().with_error_code(code.code()))
    }
}
