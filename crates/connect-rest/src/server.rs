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
        let service = TowerToHyperService::new(self.router.clone().layer(Extension(Peer(peer))));
        let connection = async move {
            let mut served =
                pin!(http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), service));
            let ended = tokio::select! {
                biased;
                ended = &mut served => ended,
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
