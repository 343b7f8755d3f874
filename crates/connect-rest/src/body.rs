//! Bodies of requests: JSON, checked as Jersey and Jackson check them.

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use connect_rest_model::Object;
use serde::de::DeserializeOwned;

use crate::error::RestError;

/// A JSON body, which is an object.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = RestError;

    async fn from_request(request: Request, state: &S) -> Result<Self, RestError> {
        let media = request.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default().to_owned());
        match media.as_deref() {
            None => return Err(RestError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "HTTP 415 Unsupported Media Type")),
            Some(media) if !is_json(media) => return Err(RestError::unmatched(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
            Some(_) => {}
        }
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|error| RestError::new(StatusCode::BAD_REQUEST, error.to_string()))?;
        // Parity: text that is no JSON is answered with 500.
        let parsed = serde_json::from_slice::<Object<T>>(&bytes);
        parsed
            .map(|Object(body)| JsonBody(body))
            .map_err(|error| RestError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
    }
}

/// A JSON body, or nothing: no body at all, an empty one or `null`.
pub(crate) struct AnyBody<T>(pub(crate) Option<T>);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for AnyBody<T> {
    type Rejection = RestError;

    async fn from_request(request: Request, state: &S) -> Result<Self, RestError> {
        let typed = request.headers().contains_key(CONTENT_TYPE);
        let (parts, body) = request.into_parts();
        let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), state).await;
        let bytes = bytes.map_err(|error| RestError::new(StatusCode::BAD_REQUEST, error.to_string()))?;
        if bytes.is_empty() || typed && matches!(bytes.trim_ascii(), b"" | b"null") {
            return Ok(Self(None));
        }
        let request = Request::from_parts(parts, bytes.into());
        JsonBody::from_request(request, state).await.map(|JsonBody(body)| Self(Some(body)))
    }
}

pub(crate) fn is_json(media: &str) -> bool {
    let kind = media.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}
