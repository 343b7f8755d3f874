//! InitProducerId: a producer learns who it is.

use kafka_wire::ErrorCode;
use kafka_wire::messages::{InitProducerIdRequest, InitProducerIdResponse, ProducerId};

use super::interface::for_older;
use super::{About, Api, Reply};
use crate::broker::Node;

/// InitProducerId.
pub(crate) struct InitProducerId;

/// The fields of a producer that is none.
const NONE: (i64, i16) = (-1, -1);

impl Api for InitProducerId {
    type Request = InitProducerIdRequest;
    type Response = InitProducerIdResponse;

    async fn carry_out(node: &Node, about: About<'_>, request: InitProducerIdRequest) -> Reply<InitProducerIdResponse> {
        let expected = match (request.producer_id.0, request.producer_epoch) {
            NONE => None,
            (-1, _) | (_, -1) => return Self::refuse(request, about, ErrorCode::InvalidRequest),
            producer => Some(producer),
        };
        let id = request.transactional_id.as_ref().map(|id| &*id.0);
        match node.transactions.init(id, request.transaction_timeout_ms, expected) {
            Ok(producer) => Reply::With(response(producer)),
            Err(code) => Self::refuse(request, about, for_older(code, about.version < 4)),
        }
    }

    fn refuse(_: InitProducerIdRequest, _: About<'_>, code: ErrorCode) -> Reply<InitProducerIdResponse> {
        Reply::With(response(NONE).with_error_code(code.code()))
    }
}

fn response((id, epoch): (i64, i16)) -> InitProducerIdResponse {
    InitProducerIdResponse::default().with_producer_id(ProducerId(id)).with_producer_epoch(epoch)
}
