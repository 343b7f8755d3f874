//! What workers of a cluster ask of each other. A worker on its own has nothing to say to it, but reads the signature first.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;

use crate::connectors::Tasks;
use crate::error::RestError;

const AUTHORIZATION: &str = "x-connect-authorization";
const ALGORITHM: &str = "x-connect-request-signature-algorithm";
/// What the JDK can sign with, and a worker may ask for.
const ALGORITHMS: [&str; 15] = [
    "HmacMD5",
    "HmacSHA1",
    "HmacSHA224",
    "HmacSHA256",
    "HmacSHA384",
    "HmacSHA512",
    "HmacSHA512/224",
    "HmacSHA512/256",
    "HmacSHA3-224",
    "HmacSHA3-256",
    "HmacSHA3-384",
    "HmacSHA3-512",
    "SslMacMD5",
    "SslMacSHA1",
    "HmacPBESHA1",
];

/// `POST /connectors/{name}/tasks`: the leader's new task configurations.
pub(crate) async fn put_tasks(request: Request) -> RestError {
    let (parts, body) = request.into_parts();
    if let Err(error) = check_signature(&parts.headers) {
        return error;
    }
    let failed = |message: String| RestError::new(StatusCode::INTERNAL_SERVER_ERROR, message);
    let bytes = match axum::body::to_bytes(body, crate::body::LONGEST).await {
        Ok(bytes) => bytes,
        Err(error) => return RestError::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
    };
    if let Err(error) = tasks(&bytes) {
        return failed(error);
    }
    failed("Kafka Connect in standalone mode does not support externally setting task configurations.".to_owned())
}

/// `PUT /connectors/{name}/fence`: end the transactions of former tasks.
pub(crate) async fn fence(headers: HeaderMap) -> RestError {
    match check_signature(&headers) {
        Err(error) => error,
        Ok(()) => RestError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Kafka Connect in standalone mode does not support exactly-once source connectors.",
        ),
    }
}

fn tasks(bytes: &Bytes) -> Result<(), String> {
    if bytes.trim_ascii().is_empty() {
        return Err("No content to map due to end-of-input\n at [Source: REDACTED \
             (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1]"
            .to_owned());
    }
    serde_json::from_slice::<Option<Tasks>>(bytes).map(drop).map_err(|error| error.to_string())
}

/// Whether both headers can be read, where both are there.
fn check_signature(headers: &HeaderMap) -> Result<(), RestError> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let (Some(signature), Some(algorithm)) = (text(AUTHORIZATION), text(ALGORITHM)) else { return Ok(()) };
    let refused = |message: String| Err(RestError::new(StatusCode::BAD_REQUEST, message));
    if !ALGORITHMS.iter().any(|known| known.eq_ignore_ascii_case(algorithm)) {
        return refused(format!("Algorithm {algorithm} not available"));
    }
    base64_fault(signature).map_or(Ok(()), refused)
}

/// Java's words for text that is no Base64; padding may be missing.
fn base64_fault(text: &str) -> Option<String> {
    let digits = text.trim_end_matches('=');
    let foreign = digits.bytes().find(|byte| !(byte.is_ascii_alphanumeric() || b"+/=".contains(byte)));
    if let Some(byte) = foreign {
        return Some(format!("Illegal base64 character {byte:x}"));
    }
    let length = digits.find('=').unwrap_or(digits.len());
    (length % 4 == 1).then(|| "Last unit does not have enough valid bits".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_that_cannot_be_read() {
        assert_eq!(base64_fault("!!").unwrap(), "Illegal base64 character 21");
        assert_eq!(base64_fault("Y=Q=").unwrap(), "Last unit does not have enough valid bits");
        for fine in ["", "abc", "YQ==", "YQ"] {
            assert_eq!(base64_fault(fine), None, "{fine}");
        }
    }
}
