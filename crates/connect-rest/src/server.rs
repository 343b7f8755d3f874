//! Listening, routing, stopping.

use std::future::ready;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post, put};
use axum::{Extension, Router, middleware};
use connect_api::plugin::Registry;
use connect_herder::{Herder, Loggers};
use env::{Env, Listener, Stream, Task, watch};
use futures_util::FutureExt;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;

use crate::access_log::Peer;
use crate::error::RestError;
use crate::patience::{self, Patience};
use crate::replies::{self, ReplyRules};
use crate::state::RestState;
use crate::{access_log, body, connectors, internal, loggers, matching, offsets, plugins, root, tasks, topics};

/// What the server is made of.
pub struct ServerSettings {
    /// The world.
    pub env: Env,
    /// Carries out requests.
    pub herder: Arc<dyn Herder>,
    /// The plug-ins.
    pub registry: Arc<Registry>,
    /// The loggers of this process.
    pub loggers: Arc<dyn Loggers>,
    /// The URL that `Location` headers begin with where the client does not say how it reaches the worker, without a
    /// slash at the end.
    pub base_url: String,
    /// What all answers get.
    pub rules: ReplyRules,
}

/// Where the part for administrators is served (`admin.listeners`).
pub enum AdminListeners {
    /// Where everything else is.
    Main,
    /// On these sockets, which serve nothing else; on none, nowhere.
    Own(Vec<Box<dyn Listener>>),
}

/// A running REST server.
pub struct RestServer {
    stop: watch::Sender<bool>,
    running: Vec<Box<dyn Task>>,
}

impl RestServer {
    /// Serves on these sockets.
    pub fn start(settings: ServerSettings, listeners: Vec<Box<dyn Listener>>, admin: AdminListeners) -> Self {
        let ServerSettings { env, herder, registry, loggers, base_url, rules } = settings;
        let state = RestState { env: env.clone(), herder, registry, loggers, base_url: base_url.into() };
        let (routes, own) = match admin {
            AdminListeners::Main => (main_routes().merge(admin_routes()), Vec::new()),
            AdminListeners::Own(listeners) => (main_routes(), listeners),
        };
        let rules = Arc::new(rules);
        let dressed = middleware::from_fn_with_state((env.clone(), rules), replies::dressed);
        let main = framed(&env, served(routes, &state).layer(dressed));
        // Parity: Jetty's rules for answers are those of the main part alone.
        let admin = framed(&env, served(admin_routes(), &state));
        let stop = watch::Sender::new(false);
        let serve = |listener: Box<dyn Listener>, router: &Router| {
            let listening = Listening { env: env.clone(), listener, router: router.clone(), open: Vec::new() };
            env.work().spawn("REST server", Box::pin(listening.run(stop.subscribe())))
        };
        let mut running: Vec<Box<dyn Task>> = listeners.into_iter().map(|listener| serve(listener, &main)).collect();
        running.extend(own.into_iter().map(|listener| serve(listener, &admin)));
        Self { stop, running }
    }

    /// Takes no more connections and lets requests under way end, for at most a second.
    pub async fn stop(self, env: &Env) {
        self.stop.send_replace(true);
        for server in self.running {
            if env.timeout(Duration::from_secs(1), server.join()).await.is_err() {
                server.abort();
            }
        }
    }
}

/// A router around the routes: its layers see a request before any route is chosen.
fn framed(env: &Env, routes: Router) -> Router {
    let signing = env.clone();
    Router::new()
        .fallback_service(routes)
        .layer(middleware::from_fn(matching::normal_path))
        .layer(middleware::map_response(move |response: Response| ready(replies::signed(&signing, response))))
        .layer(middleware::from_fn_with_state(env.clone(), access_log::told))
}

/// Routes with what is true of all of them.
fn served(routes: Router<RestState>, state: &RestState) -> Router {
    let routes = routes
        .layer(DefaultBodyLimit::max(body::LONGEST))
        .fallback(async || RestError::unmatched(StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(async || RestError::unmatched(StatusCode::METHOD_NOT_ALLOWED))
        .with_state(state.clone());
    Router::new().fallback_service(routes).layer(middleware::from_fn(matching::methods))
}

/// What is for everybody.
fn main_routes() -> Router<RestState> {
    Router::new()
        .route("/", get(root::server_info))
        .route("/health", get(root::health))
        .route("/connectors", get(connectors::list).post(connectors::create))
        .route("/connectors/{name}", get(connectors::info).delete(connectors::delete))
        .route(
            "/connectors/{name}/config",
            get(connectors::config).put(connectors::put_config).patch(connectors::patch_config),
        )
        .route("/connectors/{name}/status", get(connectors::status))
        .route("/connectors/{name}/pause", put(connectors::pause))
        .route("/connectors/{name}/resume", put(connectors::resume))
        .route("/connectors/{name}/stop", put(connectors::stop))
        .route("/connectors/{name}/restart", post(connectors::restart))
        .route("/connectors/{name}/offsets", get(offsets::read).patch(offsets::alter).delete(offsets::reset))
        .route("/connectors/{name}/tasks", get(tasks::list))
        .route("/connectors/{name}/tasks/{task}/status", get(tasks::status))
        .route("/connectors/{name}/tasks/{task}/restart", post(tasks::restart))
        .route("/connectors/{name}/topics", get(topics::list))
        .route("/connectors/{name}/topics/reset", put(topics::reset))
        .route("/connector-plugins", get(plugins::list))
        .route("/connector-plugins/{plugin}/config", get(plugins::config))
        .route("/connector-plugins/{plugin}/config/validate", put(plugins::validate))
        .route_layer(middleware::from_fn(matching::media_types))
        .merge(internal_routes())
}

/// What other workers ask. Parity: bodies of any type are read.
fn internal_routes() -> Router<RestState> {
    Router::new()
        .route("/connectors/{name}/tasks", post(internal::put_tasks))
        .route("/connectors/{name}/fence", put(internal::fence))
}

/// What is for administrators only.
fn admin_routes() -> Router<RestState> {
    Router::new()
        .route("/admin/loggers", get(loggers::list))
        .route("/admin/loggers/{name}", get(loggers::level).put(loggers::set))
        .route_layer(middleware::from_fn(matching::media_types))
}

/// More connections than anybody needs; those beyond are closed at once.
const MAX_CONNECTIONS: usize = 1_000;

/// More than fit into what Java takes for a request's head.
const MAX_HEADERS: usize = 1_000;

/// One socket and its connections. Each connection is a task of `env`, so that it ends with the process, also with a
/// simulated one.
struct Listening {
    env: Env,
    listener: Box<dyn Listener>,
    router: Router,
    open: Vec<Box<dyn Task>>,
}

impl Listening {
    async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.open(stream, peer, stopping.clone()),
                Err(error) => {
                    // Such as too many open files: it passes.
                    tracing::warn!(%error, "a connection could not be accepted");
                    self.env.sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop(self.listener);
        for connection in self.open {
            // Broken or not, it is over.
            let _ = connection.join().await;
        }
    }

    fn open(&mut self, stream: Box<dyn Stream>, peer: SocketAddr, mut stopping: watch::Receiver<bool>) {
        self.open.retain(|connection| connection.join().now_or_never().is_none());
        if self.open.len() >= MAX_CONNECTIONS {
            tracing::warn!(%peer, "too many REST connections, this one is closed");
            return;
        }
        let patience = Patience::new(&self.env);
        let router = self.router.clone().layer(Extension(Peer(peer)));
        let router = router.layer(middleware::from_fn_with_state(patience.clone(), patience::kept));
        let service = TowerToHyperService::new(router);
        let connection = async move {
            let mut protocol = http1::Builder::new();
            // Parity: names of headers begin in capitals, as scripts look for them.
            protocol.auto_date_header(false).title_case_headers(true).max_headers(MAX_HEADERS);
            let mut served = pin!(protocol.serve_connection(TokioIo::new(stream), service));
            let ended = tokio::select! {
                biased;
                ended = &mut served => ended,
                () = patience.end() => {
                    tracing::debug!(%peer, "nothing was asked on a REST connection for too long, it is closed");
                    return;
                }
                _ = stopping.wait_for(|stop| *stop) => {
                    served.as_mut().graceful_shutdown();
                    served.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%peer, %error, "a REST connection has broken");
            }
        };
        self.open.push(self.env.work().spawn("REST connection", Box::pin(connection)));
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::HeaderName;
    use env_sim::Sim;
    use serde_json::Value;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::body::AnyBody;

    /// Seconds until the server has closed the connection, and what it said until then.
    async fn said(env: &Env, address: SocketAddr, pieces: &[(u64, &str)]) -> (u64, String) {
        let begun = env.clock().now();
        let (mut from, mut to) = tokio::io::split(env.network().connect(address).await.unwrap());
        let read = async move {
            let mut text = Vec::new();
            from.read_to_end(&mut text).await.unwrap();
            String::from_utf8(text).unwrap()
        };
        let write = async {
            for (after, piece) in pieces {
                env.sleep(Duration::from_secs(*after)).await;
                // The server may be gone by then.
                let _ = to.write_all(piece.as_bytes()).await;
            }
        };
        let (text, ()) = tokio::join!(read, write);
        ((env.clock().now() - begun).as_secs(), text)
    }

    #[test]
    fn silent_clients_lose_their_connection_and_slow_ones_do_not() {
        Sim::new(1).run(async |env, sim| {
            let server = sim.env_for("server");
            let address = SocketAddr::new(sim.ip_of("server"), 80);
            let listener = server.network().listen(address).await.unwrap();
            let slow = env.clone();
            let router = Router::new()
                .route("/slow", get(async move || slow.sleep(Duration::from_secs(300)).await))
                .route("/body", post(async |AnyBody(body): AnyBody<Value>| body.unwrap_or_default().to_string()))
                .route("/header", get(async || [(HeaderName::from_static("x-some-thing"), "1")]));
            let listening = Listening { env: server.clone(), listener, router, open: Vec::new() };
            let stop = watch::Sender::new(false);
            let _server = server.work().spawn("server", Box::pin(listening.run(stop.subscribe())));

            assert_eq!(said(&env, address, &[]).await, (90, String::new()));
            // A head that comes in drops is no request yet.
            assert_eq!(said(&env, address, &[(0, "GET /header"), (60, " HTTP")]).await, (90, String::new()));
            let (seconds, text) = said(&env, address, &[(0, "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n")]).await;
            assert!(seconds == 390 && text.starts_with("HTTP/1.1 200 OK\r\n"), "{seconds} {text}");
            let head = "POST /body HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 3\r\n\r\n";
            let drops = [(0, head), (80, "{"), (80, " "), (80, "}")];
            let (seconds, text) = said(&env, address, &drops).await;
            assert!(seconds == 330 && text.ends_with("\r\n\r\n{}"), "{seconds} {text}");
            let (seconds, text) = said(&env, address, &[(0, head), (0, "{")]).await;
            assert!(seconds <= 180 && text.starts_with("HTTP/1.1 500 "), "{seconds} {text}");
            assert!(text.ends_with("TimeoutException: Idle timeout expired: 90000/90000 ms\"}"), "{text}");
            let (_, text) = said(&env, address, &[(0, "GET /header HTTP/1.1\r\nhost: a\r\n\r\n")]).await;
            assert!(text.contains("\r\nX-Some-Thing: 1\r\n"), "{text}");
        });
    }
}
