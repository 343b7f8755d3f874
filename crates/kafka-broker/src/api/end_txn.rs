//! EndTxn: a transaction is committed or aborted.

use kafka_wire::ErrorCode;
use kafka_wire::messages::{EndTxnRequest, EndTxnResponse};

use super::interface::{code_of, for_older};
use super::{About, Api, Reply};
use crate::broker::Node;

/// EndTxn.
pub(crate) struct EndTxn;

impl Api for EndTxn {
    type Request = EndTxnRequest;
    type Response = EndTxnResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: EndTxnRequest) -> Reply<EndTxnResponse> {
        let producer = (request.producer_id.0, request.producer_epoch);
        let ended = node.transactions.end(&request.transactional_id, producer, request.committed);
        let code = code_of(ended.map_err(|code| for_older(code, about.version < 2)));
        Reply::With(EndTxnResponse::default().with_error_code(code))
    }

    fn refuse(_: EndTxnRequest, _: About<'_>, code: ErrorCode) -> Reply<EndTxnResponse> {
        Reply::With(EndTxnResponse::default().with_error_code(code.code()))
    }
}
