//! Why a request could not be carried out.

use connect_api::Error;

/// Why a request could not be carried out. The REST server maps each to one status.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HerderError {
    /// What the request names does not exist.
    #[error("{0}")]
    NotFound(String),
    /// What the request makes exists.
    #[error("{0}")]
    AlreadyExists(String),
    /// The request is wrong.
    #[error("{0}")]
    BadRequest(String),
    /// The worker is configured not to do it.
    #[error("{0}")]
    Forbidden(String),
    /// A connector or the worker failed while carrying it out.
    #[error("{}", .0.message().unwrap_or_default())]
    Failed(Error),
}

impl From<Error> for HerderError {
    fn from(error: Error) -> Self {
        HerderError::Failed(error)
    }
}
