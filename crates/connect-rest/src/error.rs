//! The one map from errors to HTTP statuses (Apache: `ConnectExceptionMapper`).

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use connect_herder::{HerderError, Progress};
use connect_rest_model::ErrorBody;

/// An error answer.
#[derive(Debug)]
pub(crate) struct RestError {
    status: StatusCode,
    message: Option<String>,
    /// Errors of request matching carry their body without a Content-Type, as Jersey's do.
    typed: bool,
}

impl RestError {
    /// An error with that status and message.
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: Some(message.into()), typed: true }
    }

    /// An error of request matching, such as a path nobody serves.
    pub(crate) fn unmatched(status: StatusCode) -> Self {
        let reason = status.canonical_reason().unwrap_or_default();
        Self { status, message: Some(format!("HTTP {} {reason}", status.as_u16())), typed: false }
    }

    /// Parity: the failure of Java's virtual machine where a body is missing.
    pub(crate) fn null(call: &str, variable: &str) -> Self {
        let text = format!("Cannot invoke \"{call}\" because \"{variable}\" is null");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }

    /// An answer that took too long.
    pub(crate) fn timed_out() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Request timed out")
    }

    /// An answer that took too long, with what is taking so long.
    pub(crate) fn timed_out_while(progress: &Progress) -> Self {
        let Some(text) = progress.text() else { return Self::timed_out() };
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, format!("Request timed out. {text}"))
    }
}

impl From<HerderError> for RestError {
    fn from(error: HerderError) -> Self {
        let status = match &error {
            HerderError::NotFound(_) => StatusCode::NOT_FOUND,
            HerderError::AlreadyExists(_) => StatusCode::CONFLICT,
            HerderError::Forbidden(_) => StatusCode::FORBIDDEN,
            HerderError::BadRequest(_) => StatusCode::BAD_REQUEST,
            HerderError::Failed(cause) => {
                tracing::error!(error = format!("{cause:#}"), "request failed");
                return Self {
                    status: StatusCode::INTERNAL_SERVER_ERROR,
                    message: cause.message().map(str::to_owned),
                    typed: true,
                };
            }
        };
        Self::new(status, error.to_string())
    }
}

impl IntoResponse for RestError {
    fn into_response(self) -> Response {
        let body = ErrorBody { error_code: self.status.as_u16(), message: self.message };
        let mut response = (self.status, Json(body)).into_response();
        if !self.typed {
            response.headers_mut().remove(CONTENT_TYPE);
        }
        response
    }
}
