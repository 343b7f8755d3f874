//! What every handler gets.

use std::sync::Arc;
use std::time::Duration;

use connect_api::plugin::Registry;
use connect_herder::{Herder, HerderError, Loggers};
use env::{BoxFuture, Env};
use tokio::sync::oneshot;

use crate::error::RestError;

/// How long a request may take before it is answered with an error; it goes on even so.
const REQUEST_LIMIT: Duration = Duration::from_secs(90);

/// What every handler gets.
#[derive(Clone)]
pub(crate) struct RestState {
    pub(crate) env: Env,
    pub(crate) herder: Arc<dyn Herder>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) loggers: Arc<dyn Loggers>,
    /// `http://host:port`, for `Location`.
    pub(crate) base_url: Arc<str>,
}

impl RestState {
    /// Carries out a request beside the connection: neither a client that goes away nor the time limit cancels it.
    pub(crate) async fn carry_out<T: Send + 'static>(
        &self,
        name: &str,
        request: impl FnOnce(Arc<dyn Herder>) -> BoxFuture<'static, Result<T, HerderError>>,
    ) -> Result<T, RestError> {
        let (reply, answer) = oneshot::channel();
        let request = request(self.herder.clone());
        let work = async move {
            let _ = reply.send(request.await);
        };
        self.env.work().spawn(name, Box::pin(work));
        match self.env.timeout(REQUEST_LIMIT, answer).await {
            Ok(Ok(result)) => result.map_err(RestError::from),
            // The work panicked; the panic is in the log.
            Ok(Err(_)) => Err(RestError::new(
                axum::http::StatusCode::INTERNAL_SERVER_ERROR,
                "The request failed in the worker; the worker's log says why",
            )),
            Err(_) => Err(RestError::timed_out()),
        }
    }
}
