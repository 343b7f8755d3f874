//! Bodies of requests: JSON, checked as Jersey and Jackson check them.

use std::borrow::Cow;
use std::error::Error;

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use connect_rest_model::Object;
use kafka_config::json_as_utf8;
use serde::de::DeserializeOwned;

use crate::error::RestError;
use crate::media::is_json;
use crate::patience::Silence;

/// The longest body that is read, in bytes.
pub(crate) const LONGEST: usize = 64 << 20;

/// A body that is a JSON object, or nothing: no body at all, an empty one or `null`.
pub(crate) struct AnyBody<T>(pub(crate) Option<T>);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for AnyBody<T> {
    type Rejection = RestError;

    async fn from_request(request: Request, state: &S) -> Result<Self, RestError> {
        let bytes = json_bytes(request, state).await?;
        if bytes.trim_ascii().is_empty() { Ok(Self(None)) } else { read(&bytes).map(Self) }
    }
}

/// The bytes of a body that may be JSON.
async fn json_bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, RestError> {
    let media = request.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default().to_owned());
    if media.as_deref().is_some_and(|media| !is_json(media)) {
        return Err(RestError::unmatched(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let bytes = Bytes::from_request(request, state).await;
    let bytes = bytes.map_err(|error| match error.status() {
        StatusCode::BAD_REQUEST => broken(&error),
        status => RestError::new(status, error.body_text()),
    })?;
    // Parity: a request without a body needs no type.
    if media.is_none() && !bytes.is_empty() {
        return Err(RestError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "HTTP 415 Unsupported Media Type"));
    }
    // Parity: Jackson leaves out a byte order mark, and reads UTF-16 and UTF-32.
    Ok(match json_as_utf8(&bytes) {
        Cow::Borrowed(text) => bytes.slice_ref(text),
        Cow::Owned(text) => text.into(),
    })
}

/// A body that came in part. Parity: Java's words.
fn broken(error: &(dyn Error + 'static)) -> RestError {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    let silence = causes.filter_map(<dyn Error>::downcast_ref::<Silence>).next();
    let text = silence.map_or_else(|| "Early EOF".to_owned(), Silence::to_string);
    RestError::new(StatusCode::INTERNAL_SERVER_ERROR, text)
}

/// Parity: text that is no JSON is answered with 500.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<Option<T>, RestError> {
    let parsed = serde_json::from_slice::<Option<Object<T>>>(bytes);
    parsed
        .map(|body| body.map(|Object(body)| body))
        .map_err(|error| RestError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}
