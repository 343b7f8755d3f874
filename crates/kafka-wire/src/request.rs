//! Requests and responses with their headers: from message types to frames and back.
//!
//! A frame is `length, header, body`. The header's own version follows from the API and its version; the response of
//! ApiVersions always has header version 0, so that a client that does not know the broker yet can read it (KIP-511).

use std::fmt::Display;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Message, Request, StrBytes, VersionRange};

use crate::bounded;

/// Why a message could not be encoded or decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The bytes are not such a message.
    #[error("malformed {what}: {reason}")]
    Malformed {
        /// The message's name.
        what: &'static str,
        /// What was wrong.
        reason: String,
    },
    /// The message cannot be expressed in this version, or is too long.
    #[error("cannot encode {what} in version {version}: {reason}")]
    Encode {
        /// The message's name.
        what: &'static str,
        /// The version asked for.
        version: i16,
        /// What was wrong.
        reason: String,
    },
    /// An API key this crate does not know.
    #[error("unknown API key {key}")]
    UnknownApi {
        /// The key in the header.
        key: i16,
    },
}

impl WireError {
    pub(crate) fn malformed(what: &'static str, reason: impl Display) -> Self {
        WireError::Malformed { what, reason: reason.to_string() }
    }
}

/// A request as one frame, its 4-byte length included: write it as it is.
///
/// # Errors
/// [`WireError::Encode`] when the version is out of the message's range or a field is set that the version lacks.
pub fn encode_request<Q: Request>(
    correlation_id: i32,
    client_id: Option<&str>,
    version: i16,
    body: &Q,
) -> Result<BytesMut, WireError> {
    let fail = |reason: String| WireError::Encode { what: short_name::<Q>(), version, reason };
    check_version(Q::VERSIONS, version).map_err(&fail)?;
    let id_length =
        client_id.map(|id| i16::try_from(id.len())).transpose().map_err(|_| fail("client id too long".into()))?;
    let body_size = body.compute_size(version).map_err(|e| fail(e.to_string()))?;
    let mut out = BytesMut::with_capacity(4 + 2 + 2 + 4 + 2 + client_id.map_or(0, str::len) + 1 + body_size);
    out.put_i32(0);
    out.put_i16(Q::KEY);
    out.put_i16(version);
    out.put_i32(correlation_id);
    out.put_i16(id_length.unwrap_or(-1));
    out.put_slice(client_id.unwrap_or_default().as_bytes());
    if Q::header_version(version) >= 2 {
        out.put_u8(0); // no tagged fields
    }
    body.encode(&mut out, version).map_err(|e| fail(e.to_string()))?;
    put_length(&mut out).map_err(fail)?;
    Ok(out)
}

/// The correlation id a response frame (without its length) begins with.
///
/// # Errors
/// [`WireError::Malformed`] when the frame is too short.
pub fn correlation_id(frame: &[u8]) -> Result<i32, WireError> {
    frame
        .first_chunk::<4>()
        .map(|id| i32::from_be_bytes(*id))
        .ok_or_else(|| WireError::malformed("response header", "frame shorter than a correlation id"))
}

/// The correlation id and the response to request `Q` in a frame (without its length).
///
/// `version` is that of the request. Bytes after the message are ignored, as Java does. Compare the correlation id first
/// ([`correlation_id`]): the bytes of another response may decode into nonsense.
///
/// # Errors
/// [`WireError::Malformed`].
pub fn decode_response<Q: Request>(mut frame: Bytes, version: i16) -> Result<(i32, Q::Response), WireError> {
    let what = short_name::<Q::Response>();
    let id = correlation_id(&frame)?;
    frame.advance(4);
    if Q::Response::header_version(version) >= 1 {
        skip_tagged_fields(&mut frame).map_err(|reason| WireError::malformed(what, reason))?;
    }
    let body = decode_body::<Q::Response>(&mut frame, version, what)?;
    Ok((id, body))
}

/// A request as a broker receives it: the header read, the body not yet.
#[derive(Debug, Clone)]
pub struct IncomingRequest {
    /// Which API.
    pub api_key: ApiKey,
    /// The version of request and response. Not yet checked against any range: for ApiVersions a version that is too high
    /// must be answered in version 0 with error 35.
    pub version: i16,
    /// To be sent back.
    pub correlation_id: i32,
    /// The client's name for itself.
    pub client_id: Option<StrBytes>,
    /// The encoded body.
    pub body: Bytes,
}

impl IncomingRequest {
    /// The body as a request of type `Q`, which must be that of the API key.
    ///
    /// # Errors
    /// [`WireError::Malformed`] when the body or the version does not fit.
    pub fn body<Q: Request>(&self) -> Result<Q, WireError> {
        let what = short_name::<Q>();
        if Q::KEY != self.api_key as i16 {
            return Err(WireError::malformed(what, format!("the request's API is {:?}", self.api_key)));
        }
        decode_body(&mut self.body.clone(), self.version, what)
    }
}

/// Reads the header of a request frame (without its length) on the broker's side.
///
/// # Errors
/// [`WireError::UnknownApi`] or [`WireError::Malformed`]: the connection must be closed.
pub fn decode_request(mut frame: Bytes) -> Result<IncomingRequest, WireError> {
    const WHAT: &str = "request header";
    let mut peek = &frame[..];
    let (Ok(key), Ok(version)) = (peek.try_get_i16(), peek.try_get_i16()) else {
        return Err(WireError::malformed(WHAT, "frame too short"));
    };
    let api_key = ApiKey::try_from(key).map_err(|()| WireError::UnknownApi { key })?;
    let header = RequestHeader::decode(&mut frame, api_key.request_header_version(version))
        .map_err(|e| WireError::malformed(WHAT, e))?;
    Ok(IncomingRequest {
        api_key,
        version,
        correlation_id: header.correlation_id,
        client_id: header.client_id,
        body: frame,
    })
}

/// A response as one frame, its 4-byte length included: write it as it is. `version` is that of the request.
///
/// # Errors
/// [`WireError::Encode`].
pub fn encode_response<S>(correlation_id: i32, version: i16, body: &S) -> Result<BytesMut, WireError>
where
    S: Message + Encodable + HeaderVersion,
{
    let fail = |reason: String| WireError::Encode { what: short_name::<S>(), version, reason };
    check_version(S::VERSIONS, version).map_err(&fail)?;
    let body_size = body.compute_size(version).map_err(|e| fail(e.to_string()))?;
    let mut out = BytesMut::with_capacity(4 + 4 + 1 + body_size);
    out.put_i32(0);
    out.put_i32(correlation_id);
    if S::header_version(version) >= 1 {
        out.put_u8(0); // no tagged fields
    }
    body.encode(&mut out, version).map_err(|e| fail(e.to_string()))?;
    put_length(&mut out).map_err(fail)?;
    Ok(out)
}

pub(crate) fn decode_body<M: Message + Decodable>(
    body: &mut Bytes,
    version: i16,
    what: &'static str,
) -> Result<M, WireError> {
    check_version(M::VERSIONS, version).map_err(|reason| WireError::malformed(what, reason))?;
    bounded::decode(body, version).map_err(|reason| WireError::malformed(what, reason))
}

fn check_version(range: VersionRange, version: i16) -> Result<(), String> {
    if (range.min..=range.max).contains(&version) {
        Ok(())
    } else {
        Err(format!("version {version} is not within {}-{}", range.min, range.max))
    }
}

fn put_length(out: &mut BytesMut) -> Result<(), String> {
    let length =
        i32::try_from(out.len() - 4).map_err(|_| format!("{} bytes are more than a frame can hold", out.len()))?;
    out[..4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

fn skip_tagged_fields(buf: &mut Bytes) -> Result<(), &'static str> {
    let count = unsigned_varint(buf)?;
    for _ in 0..count {
        unsigned_varint(buf)?;
        let size = unsigned_varint(buf)? as usize;
        if size > buf.len() {
            return Err("tagged field longer than the frame");
        }
        buf.advance(size);
    }
    Ok(())
}

fn unsigned_varint(buf: &mut Bytes) -> Result<u32, &'static str> {
    let mut value = 0;
    for shift in [0, 7, 14, 21, 28] {
        let byte = buf.try_get_u8().map_err(|_| "frame too short")?;
        value |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err("varint too long")
}

/// `FetchRequest` for `kafka_protocol::messages::fetch_request::FetchRequest`.
fn short_name<T>() -> &'static str {
    let full = std::any::type_name::<T>();
    full.rsplit("::").next().unwrap_or(full)
}
