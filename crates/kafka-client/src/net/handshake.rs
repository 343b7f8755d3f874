//! What happens on a new connection before it is used: resolve, connect, and ask the broker which versions it speaks.
//! (Security protocols will stand between the second and the third.)

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use env::{Env, Stream};
use kafka_wire::messages::ApiVersionsRequest;
use kafka_wire::versions::{API_VERSIONS_FIRST, ApiVersionsReply, decode_api_versions};
use kafka_wire::{ErrorCode, FrameReader, StrBytes, Versions, encode_request};
use tokio::io::AsyncWriteExt;

use crate::config::{ClientConfig, ServerAddress};
use crate::error::ClientError;

/// The largest response read: the protocol's own limit.
// Parity: a batch may be larger than any of the fetch sizes, which are wishes; Java's client sets no limit either.
const MAX_RESPONSE: usize = i32::MAX as usize;

/// A connection that is ready for requests.
pub(super) struct Ready {
    pub(super) stream: Box<dyn Stream>,
    pub(super) reader: FrameReader,
    pub(super) versions: Versions,
}

/// Connects to the first of the name's addresses that answers. `setup` bounds each attempt.
pub(super) async fn connect(
    env: &Env,
    config: &ClientConfig,
    address: &ServerAddress,
    setup: Duration,
) -> Result<Ready, ClientError> {
    let stream = dial(env, address, setup).await?;
    let negotiated = env.timeout(config.request_timeout, negotiate(stream, config)).await;
    let lost = |reason: String| ClientError::Disconnected { broker: address.to_string().into(), reason: reason.into() };
    match negotiated {
        Ok(Ok(ready)) => Ok(ready),
        Ok(Err(Refusal::Lost(reason))) => Err(lost(reason)),
        Ok(Err(Refusal::Client(error))) => Err(error),
        Err(_) => Err(lost(format!(
            "it did not say which versions it supports within {} ms",
            config.request_timeout.as_millis()
        ))),
    }
}

async fn dial(env: &Env, address: &ServerAddress, setup: Duration) -> Result<Box<dyn Stream>, ClientError> {
    let resolved = match env.timeout(setup, env.network().resolve(&address.host, address.port)).await {
        Ok(Ok(resolved)) => resolved,
        Ok(Err(error)) => return Err(ClientError::UnresolvableHost { hosts: format!("{address}: {error}").into() }),
        Err(_) => {
            let reason: Arc<str> = format!("its name was not resolved within {} ms", setup.as_millis()).into();
            return Err(ClientError::Disconnected { broker: address.to_string().into(), reason });
        }
    };
    let mut reason = String::from("its name has no address");
    for socket in resolved {
        match env.timeout(setup, env.network().connect(socket)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => reason = format!("cannot connect to {socket}: {error}"),
            Err(_) => reason = format!("cannot connect to {socket} within {} ms", setup.as_millis()),
        }
    }
    Err(ClientError::Disconnected { broker: address.to_string().into(), reason: reason.into() })
}

enum Refusal {
    Lost(String),
    Client(ClientError),
}

async fn negotiate(mut stream: Box<dyn Stream>, config: &ClientConfig) -> Result<Ready, Refusal> {
    let mut reader = FrameReader::new(MAX_RESPONSE);
    let mut version = API_VERSIONS_FIRST;
    for correlation_id in 0.. {
        let frame = exchange(&mut stream, &mut reader, config, version, correlation_id).await?;
        let (id, reply) = decode_api_versions(frame, version).map_err(|error| Refusal::Client(error.into()))?;
        if id != correlation_id {
            return Err(Refusal::Lost(format!("it answered request {id} where {correlation_id} was asked")));
        }
        match reply {
            // Each time lower, so this ends.
            ApiVersionsReply::AskAgain { version: lower } => version = lower,
            ApiVersionsReply::Answer(response) => {
                if let Some(code) = ErrorCode::from_code(response.error_code) {
                    return Err(Refusal::Client(ClientError::broker(code)));
                }
                return Ok(Ready { stream, reader, versions: Versions::from_response(&response) });
            }
        }
    }
    Err(Refusal::Lost("it agrees to no version".to_owned()))
}

async fn exchange(
    stream: &mut Box<dyn Stream>,
    reader: &mut FrameReader,
    config: &ClientConfig,
    version: i16,
    correlation_id: i32,
) -> Result<Bytes, Refusal> {
    let mut request = ApiVersionsRequest::default();
    if version >= 3 {
        request = request
            .with_client_software_name(StrBytes::from_static_str("moldau"))
            .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")));
    }
    let frame = encode_request(correlation_id, Some(&config.client_id), version, &request)
        .map_err(|error| Refusal::Client(error.into()))?;
    let lost = |error: std::io::Error| Refusal::Lost(error.to_string());
    stream.write_all(&frame).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;
    match reader.read(stream).await.map_err(lost)? {
        Some(frame) => Ok(frame),
        None => Err(Refusal::Lost("it closed the connection when asked which versions it supports".to_owned())),
    }
}
