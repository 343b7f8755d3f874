//! What every handler gets.

use std::sync::Arc;
use std::time::Duration;

use connect_api::plugin::Registry;
use connect_herder::{Herder, HerderError, Loggers, Progress};
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
        in_time(&self.env, name, request(self.herder.clone()))
            .await
            .unwrap_or_else(|TooLate| Err(RestError::timed_out()))
    }

    /// The same for a request that says what it is doing, also to who waits too long.
    pub(crate) async fn carry_out_told<T: Send + 'static>(
        &self,
        name: &str,
        request: impl FnOnce(Arc<dyn Herder>, Progress) -> BoxFuture<'static, Result<T, HerderError>>,
    ) -> Result<T, RestError> {
        let progress = Progress::new(&self.env);
        let done = in_time(&self.env, name, request(self.herder.clone(), progress.clone())).await;
        done.unwrap_or_else(|TooLate| Err(RestError::timed_out_while(&progress)))
    }
}

struct TooLate;

async fn in_time<T: Send + 'static>(
    env: &Env,
    name: &str,
    request: BoxFuture<'static, Result<T, HerderError>>,
) -> Result<Result<T, RestError>, TooLate> {
    let (reply, answer) = oneshot::channel();
    let work = async move {
        let _ = reply.send(request.await);
    };
    env.work().spawn(name, Box::pin(work));
    match env.timeout(REQUEST_LIMIT, answer).await {
        Ok(Ok(result)) => Ok(result.map_err(RestError::from)),
        // The work panicked; the panic is in the log.
        Ok(Err(_)) => Ok(Err(RestError::new(
            axum::http::StatusCode::INTERNAL_SERVER_ERROR,
            "The request failed in the worker; the worker's log says why",
        ))),
        Err(_) => Err(TooLate),
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
            assert!(in_time(&env, "request", Box::pin(request)).await.is_err());
            let error = RestError::timed_out().into_response();
            assert_eq!((env.clock().now() - before).as_secs(), 90);
            assert_eq!(error.status(), 500);
            let body = to_bytes(error.into_body(), 1_000).await.unwrap();
            assert_eq!(&*body, br#"{"error_code":500,"message":"Request timed out"}"#);
            assert!(!done.load(Ordering::Relaxed));
            env.sleep(Duration::from_secs(60)).await;
            assert!(done.load(Ordering::Relaxed));
        });
    }

    #[test]
    fn who_waits_too_long_for_a_validation_is_told_what_it_is_doing() {
        Sim::new(1).run(async |env, _| {
            let progress = Progress::new(&env);
            assert_eq!(message(RestError::timed_out_while(&progress)).await, "Request timed out");
            let told = progress.clone();
            let request = async move {
                told.begins("performing multi-property validation for the connector");
                std::future::pending::<Result<(), HerderError>>().await
            };
            assert!(in_time(&env, "request", Box::pin(request)).await.is_err());
            let text = message(RestError::timed_out_while(&progress)).await;
            let expected = "Request timed out. The worker is currently performing multi-property validation for the \
                            connector, which began at ";
            assert!(text.strip_prefix(expected).is_some_and(|instant| instant.ends_with('Z')), "{text}");
        });
    }

    async fn message(error: RestError) -> String {
        let body = to_bytes(error.into_response().into_body(), 1_000).await.unwrap();
        serde_json::from_slice::<connect_rest_model::ErrorBody>(&body).unwrap().message.unwrap()
    }
}
