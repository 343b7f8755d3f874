//! From a request to the code that carries it out.

use std::net::SocketAddr;

use bytes::BytesMut;
use kafka_wire::{ApiKey, ErrorCode, IncomingRequest, WireError, encode_response};

use super::supports;
use crate::api::{self, Api, Reply};
use crate::broker::Node;
use crate::{Fault, Request};

/// What happens after a request.
pub(super) enum Answer {
    /// These bytes are sent.
    Send(BytesMut),
    /// The client wants no answer.
    Nothing,
    /// The connection is closed.
    Close(String),
}

/// Carries a request out, as far as the faults let it.
pub(super) async fn answer(node: &Node, request: &IncomingRequest, peer: SocketAddr) -> Answer {
    let about =
        Request { api: request.api_key, version: request.version, client_id: request.client_id.as_deref(), peer };
    let fault = node.config.faults.as_ref().map_or(Fault::None, |faults| faults.on_request(&about));
    let refusal = match fault {
        Fault::Disconnect => return Answer::Close("a fault wants it".into()),
        Fault::Refuse(code) => Some(code),
        Fault::Delay(time) => {
            node.env.sleep(time).await;
            None
        }
        Fault::None | Fault::LoseAnswer => None,
    };
    let answered = if supports(request.api_key, request.version) {
        carry_out(node, request, peer, refusal).await
    } else if request.api_key == ApiKey::ApiVersions {
        // In the oldest version, which every client reads, it learns which versions there are (KIP-511).
        encode_response(request.correlation_id, 0, &api::ask_again()).map(Answer::Send)
    } else {
        return Answer::Close("this version of the API is not supported".into());
    };
    match answered {
        Ok(Answer::Send(_)) if fault == Fault::LoseAnswer => Answer::Close("a fault loses the answer".into()),
        Ok(answer) => answer,
        Err(error) => Answer::Close(error.to_string()),
    }
}

async fn carry_out(
    node: &Node,
    request: &IncomingRequest,
    peer: SocketAddr,
    refusal: Option<ErrorCode>,
) -> Result<Answer, WireError> {
    let about = api::About {
        version: request.version,
        client_id: request.client_id.as_deref().unwrap_or_default(),
        client_address: peer.ip(),
    };
    match request.api_key {
        ApiKey::Produce => run::<api::Produce>(node, request, about, refusal).await,
        ApiKey::Fetch => run::<api::Fetch>(node, request, about, refusal).await,
        ApiKey::ListOffsets => run::<api::ListOffsets>(node, request, about, refusal).await,
        ApiKey::Metadata => run::<api::Metadata>(node, request, about, refusal).await,
        ApiKey::OffsetCommit => run::<api::OffsetCommit>(node, request, about, refusal).await,
        ApiKey::OffsetFetch => run::<api::OffsetFetch>(node, request, about, refusal).await,
        ApiKey::FindCoordinator => run::<api::FindCoordinator>(node, request, about, refusal).await,
        ApiKey::JoinGroup => run::<api::JoinGroup>(node, request, about, refusal).await,
        ApiKey::Heartbeat => run::<api::Heartbeat>(node, request, about, refusal).await,
        ApiKey::LeaveGroup => run::<api::LeaveGroup>(node, request, about, refusal).await,
        ApiKey::SyncGroup => run::<api::SyncGroup>(node, request, about, refusal).await,
        ApiKey::DescribeGroups => run::<api::DescribeGroups>(node, request, about, refusal).await,
        ApiKey::ListGroups => run::<api::ListGroups>(node, request, about, refusal).await,
        ApiKey::ApiVersions => run::<api::ApiVersions>(node, request, about, refusal).await,
        ApiKey::CreateTopics => run::<api::CreateTopics>(node, request, about, refusal).await,
        ApiKey::DeleteTopics => run::<api::DeleteTopics>(node, request, about, refusal).await,
        ApiKey::DeleteRecords => run::<api::DeleteRecords>(node, request, about, refusal).await,
        ApiKey::CreatePartitions => run::<api::CreatePartitions>(node, request, about, refusal).await,
        ApiKey::DescribeLogDirs => run::<api::DescribeLogDirs>(node, request, about, refusal).await,
        ApiKey::AlterConfigs => run::<api::AlterConfigs>(node, request, about, refusal).await,
        ApiKey::IncrementalAlterConfigs => run::<api::IncrementalAlterConfigs>(node, request, about, refusal).await,
        ApiKey::InitProducerId => run::<api::InitProducerId>(node, request, about, refusal).await,
        ApiKey::OffsetForLeaderEpoch => run::<api::OffsetForLeaderEpoch>(node, request, about, refusal).await,
        ApiKey::AddPartitionsToTxn => run::<api::AddPartitionsToTxn>(node, request, about, refusal).await,
        ApiKey::AddOffsetsToTxn => run::<api::AddOffsetsToTxn>(node, request, about, refusal).await,
        ApiKey::EndTxn => run::<api::EndTxn>(node, request, about, refusal).await,
        ApiKey::TxnOffsetCommit => run::<api::TxnOffsetCommit>(node, request, about, refusal).await,
        ApiKey::DescribeConfigs => run::<api::DescribeConfigs>(node, request, about, refusal).await,
        ApiKey::DeleteGroups => run::<api::DeleteGroups>(node, request, about, refusal).await,
        ApiKey::OffsetDelete => run::<api::OffsetDelete>(node, request, about, refusal).await,
        ApiKey::DescribeCluster => run::<api::DescribeCluster>(node, request, about, refusal).await,
        _ => Ok(Answer::Close("this API is not supported".into())),
    }
}

async fn run<A: Api>(
    node: &Node,
    request: &IncomingRequest,
    about: api::About<'_>,
    refusal: Option<ErrorCode>,
) -> Result<Answer, WireError> {
    let body = request.body::<A::Request>()?;
    let reply = match refusal {
        Some(code) => A::refuse(body, about, code),
        None => A::carry_out(node, about, body).await,
    };
    match reply {
        Reply::With(response) => encode_response(request.correlation_id, request.version, &response).map(Answer::Send),
        Reply::Nothing => Ok(Answer::Nothing),
        Reply::Disconnect => Ok(Answer::Close("a request that wants no answer has failed".into())),
    }
}
