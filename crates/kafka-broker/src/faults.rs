//! What a test can make go wrong inside a broker, request by request.

use std::net::SocketAddr;
use std::time::Duration;

use kafka_wire::{ApiKey, ErrorCode};

/// A request that is about to be carried out.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What is asked.
    pub api: ApiKey,
    /// In which version.
    pub version: i16,
    /// The client's name for itself.
    pub client_id: Option<&'a str>,
    /// Where the client is.
    pub peer: SocketAddr,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// Nothing special.
    #[default]
    None,
    /// It is answered with this error, wherever the answer has room for one, and not carried out.
    Refuse(ErrorCode),
    /// The connection is closed instead; it is not carried out.
    Disconnect,
    /// It is carried out, then the connection is closed instead of answering.
    LoseAnswer,
    /// It is carried out after this time.
    Delay(Duration),
}

/// Decides what happens to each request.
pub trait Faults: Send + Sync {
    /// Asked once for each request, in the order in which they are taken up.
    fn on_request(&self, request: &Request<'_>) -> Fault;
}
