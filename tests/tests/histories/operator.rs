//! The operator: asks the worker over REST, from a machine of their own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use env::{Env, Task, TaskError};
use env_sim::SimHandle;
use futures_util::FutureExt;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::tally::Tally;
use super::worker::REST_PORT;
use super::world::WORKER;

/// The operator's machine.
const OPERATOR: &str = "operator";

/// The operator.
pub(crate) struct Operator {
    sim: SimHandle,
    env: Env,
    tally: Arc<Tally>,
    /// Requests that may still be under way.
    requests: Mutex<Vec<(String, Box<dyn Task>)>>,
}

impl Operator {
    pub(crate) fn new(sim: &SimHandle, tally: Arc<Tally>) -> Self {
        Self { sim: sim.clone(), env: sim.env_for(OPERATOR), tally, requests: Mutex::default() }
    }

    /// Sends requests, one after the other, whatever is answered; nobody waits for the answers.
    pub(crate) fn ask(&self, requests: Vec<(Method, String, Option<Value>)>) {
        let shown: Vec<String> = requests.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
        let name = shown.join(", ");
        self.sim.trace(format_args!("asks {name}"));
        let (sim, env, tally, asked) = (self.sim.clone(), self.env.clone(), self.tally.clone(), name.clone());
        let conversation = async move {
            for (method, path, body) in requests {
                match send_again(&sim, &env, method, path, body).await {
                    Ok((status, body)) => {
                        tally.add(format!("REST answers {status}"));
                        sim.trace(format_args!("answer to {asked}: {status} {body}"));
                    }
                    Err(error) => {
                        // Done or not: what comes next is right in either case.
                        tally.add("REST does not answer");
                        sim.trace(format_args!("no answer to {asked}: {error}"));
                    }
                }
            }
        };
        let task = self.env.work().spawn(&name, Box::pin(conversation));
        let mut requests = self.requests.lock().unwrap();
        requests.retain(|(_, task)| task.join().now_or_never().is_none());
        requests.push((name, task));
    }

    /// Waits for every request that is under way.
    ///
    /// # Errors
    /// The request that does not end in time.
    pub(crate) async fn settle(&self, limit: Duration) -> Result<(), String> {
        let requests = std::mem::take(&mut *self.requests.lock().unwrap());
        for (name, task) in requests {
            match self.env.timeout(limit, task.join()).await {
                Err(_) => return Err(format!("the request {name} does not end")),
                Ok(Err(TaskError::Panicked(text))) => return Err(format!("the request {name} panicked: {text}")),
                Ok(_) => {}
            }
        }
        Ok(())
    }
}

/// Sends; again and again what makes a connector: without it, all ends here.
async fn send_again(
    sim: &SimHandle,
    env: &Env,
    method: Method,
    path: String,
    body: Option<Value>,
) -> Result<(u16, String), String> {
    let attempts = if method == Method::POST && path == "/connectors" { 60 } else { 1 };
    let mut answered = send(sim, env, method.clone(), path.clone(), body.clone()).await;
    for _ in 1..attempts {
        if answered.is_ok() {
            break;
        }
        env.sleep(Duration::from_secs(1)).await;
        answered = send(sim, env, method.clone(), path.clone(), body.clone()).await;
    }
    answered
}

async fn send(
    sim: &SimHandle,
    env: &Env,
    method: Method,
    path: String,
    body: Option<Value>,
) -> Result<(u16, String), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let address = std::net::SocketAddr::new(sim.ip_of(WORKER), REST_PORT);
    let stream = env.network().connect(address).await.map_err(|error| text(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| text(&error))?;
    let connection = env.work().spawn(
        "REST connection",
        Box::pin(async move {
            // What breaks it is told to who waits for the answer.
            let _ = connection.await;
        }),
    );
    let body = Full::new(Bytes::from(body.map(|body| body.to_string()).unwrap_or_default()));
    let request = Request::builder().method(method).uri(path).header("host", "worker:8083");
    let request = request.header("content-type", "application/json").body(body).map_err(|error| text(&error))?;
    let answered = async {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        Ok::<_, hyper::Error>((status, String::from_utf8_lossy(&body).into_owned()))
    };
    // Twice Connect's own limit for a request.
    let answered = env.timeout(Duration::from_secs(180), answered).await;
    connection.abort();
    answered.map_err(|_| "no answer in time".to_owned())?.map_err(|error| text(&error))
}
