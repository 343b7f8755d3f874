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
        in_time(&self.env, name, request(self.herder.clone())).await
    }
}

async fn in_time<T: Send + 'static>(
    env: &Env,
    name: &str,
    request: BoxFuture<'static, Result<T, HerderError>>,
) -> Result<T, RestError> {
    let (reply, answer) = oneshot::channel();
    let work = async move {
        let _ = reply.send(request.await);
    };
    env.work().spawn(name, Box::pin(work));
    match env.timeout(REQUEST_LIMIT, answer).await {
        Ok(Ok(result)) => result.map_err(RestError::from),
        // The work panicked; the panic is in the log.
        Ok(Err(_)) => Err(RestError::new(
            axum::http::StatusCode::INTERNAL_SERVER_ERROR,
            "The request failed in the worker; the worker's log says why",
        )),
        Err(_) => Err(RestError::timed_out()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use axum::body::to_bytes;
    use axum::response::IntoResponse;
    use env_sim::Sim;

    use super::*;

    #[test]
    fn a_request_that_takes_too_long_is_answered_and_goes_on() {
        Sim::new(1).run(async |env, _| {
            let done = Arc::new(AtomicBool::new(false));
            let (sleeping, set) = (env.clone(), done.clone());
            let request = async move {
                sleeping.sleep(Duration::from_secs(120)).await;
                set.store(true, Ordering::Relaxed);
                Ok(())
            };
            let before = env.clock().now();
            let error = in_time(&env, "request", Box::pin(request)).await.unwrap_err().into_response();
            assert_eq!((env.clock().now() - before).as_secs(), 90);
            assert_eq!(error.status(), 500);
            let body = to_bytes(error.into_body(), 1_000).await.unwrap();
            assert_eq!(&*body, br#"{"error_code":500,"message":"Request timed out"}"#);
            assert!(!done.load(Ordering::Relaxed));
            env.sleep(Duration::from_secs(60)).await;
            assert!(done.load(Ordering::Relaxed));
        });
    }
}
