//! What every API does.

use std::net::IpAddr;

use kafka_wire::ErrorCode;
use kafka_wire::protocol::{Encodable, HeaderVersion, Message, Request};

use crate::broker::Node;

/// What a request says of itself besides its body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) version: i16,
    pub(crate) client_id: &'a str,
    /// The address it comes from.
    pub(crate) client_address: IpAddr,
}

/// How a request ends.
pub(crate) enum Reply<R> {
    /// With this response.
    With(R),
    /// The client wants no response.
    Nothing,
    /// The client wants no response, but has to learn of a failure: the connection is closed.
    Disconnect,
}

/// An API.
pub(crate) trait Api {
    /// The request's type.
    type Request: Request<Response = Self::Response> + Send;
    /// The response's type.
    type Response: Message + Encodable + HeaderVersion + Send;

    /// Carries a request out.
    fn carry_out(
        node: &Node,
        about: About<'_>,
        request: Self::Request,
    ) -> impl Future<Output = Reply<Self::Response>> + Send;

    /// The response that says `code` wherever it can.
    fn refuse(request: Self::Request, about: About<'_>, code: ErrorCode) -> Reply<Self::Response>;
}

/// The code on the wire.
pub(super) fn code_of(result: Result<(), ErrorCode>) -> i16 {
    result.err().map_or(0, ErrorCode::code)
}

/// The epoch of the one leader there has ever been.
pub(super) const LEADER_EPOCH: i32 = 0;

/// Checks the epoch a client believes the leader to have; −1: it does not say.
pub(super) fn check_leader_epoch(current: i32) -> Result<(), ErrorCode> {
    match current {
        ..0 | LEADER_EPOCH => Ok(()),
        _ => Err(ErrorCode::UnknownLeaderEpoch),
    }
}

/// The error in a version whose clients may not know the one that a producer is fenced (KIP-588).
pub(super) fn for_older(code: ErrorCode, older: bool) -> ErrorCode {
    if older && code == ErrorCode::ProducerFenced { ErrorCode::InvalidProducerEpoch } else { code }
}
