//! Listening, routing, stopping.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Router, middleware};
use connect_api::plugin::Registry;
use connect_herder::Herder;
use env::{Env, Listener, Stream, Task, watch};

use crate::error::RestError;
use crate::state::RestState;
use crate::{connectors, matching, plugins, root, tasks};

/// What the server is made of.
pub struct ServerSettings {
    /// The world.
    pub env: Env,
    /// Carries out requests.
    pub herder: Arc<dyn Herder>,
    /// The plug-ins.
    pub registry: Arc<Registry>,
    /// The URL that `Location` headers begin with, without a slash at the end.
    pub base_url: String,
}

/// A running REST server.
pub struct RestServer {
    stop: watch::Sender<bool>,
    running: Vec<Box<dyn Task>>,
}

impl RestServer {
    /// Serves on these sockets.
    pub fn start(settings: ServerSettings, listeners: Vec<Box<dyn Listener>>) -> Self {
        let ServerSettings { env, herder, registry, base_url } = settings;
        let state = RestState { env: env.clone(), herder, registry, base_url: base_url.into() };
        let stop = watch::Sender::new(false);
        let serve = |listener: Box<dyn Listener>| {
            let (router, mut stopping) = (router(state.clone()), stop.subscribe());
            let until = async move {
                let _ = stopping.wait_for(|stop| *stop).await;
            };
            let sockets = Sockets { listener, env: env.clone() };
            let server = async move {
                if let Err(error) = axum::serve(sockets, router).with_graceful_shutdown(until).await {
                    tracing::error!(%error, "the REST server ended");
                }
            };
            env.work().spawn("REST server", Box::pin(server))
        };
        let running = listeners.into_iter().map(serve).collect();
        Self { stop, running }
    }

    /// Takes no more connections and lets requests under way end, for at most a second.
    pub async fn stop(self, env: &Env) {
        self.stop.send_replace(true);
        for server in self.running {
            if env.timeout(std::time::Duration::from_secs(1), server.join()).await.is_err() {
                server.abort();
            }
        }
    }
}

fn router(state: RestState) -> Router {
    // A router around the router: its layer sees a request before any route is chosen.
    Router::new().fallback_service(routes(state)).layer(middleware::from_fn(matching::normal_path))
}

fn routes(state: RestState) -> Router {
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
        .route("/connectors/{name}/tasks", get(tasks::list))
        .route("/connectors/{name}/tasks/{task}/status", get(tasks::status))
        .route("/connectors/{name}/tasks/{task}/restart", post(tasks::restart))
        .route("/connector-plugins", get(plugins::list))
        .route_layer(middleware::from_fn(matching::media_types))
        .fallback(async || RestError::unmatched(StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(async || RestError::unmatched(StatusCode::METHOD_NOT_ALLOWED))
        .with_state(state)
}

/// The sockets of `env` as axum wants them.
struct Sockets {
    listener: Box<dyn Listener>,
    env: Env,
}

impl axum::serve::Listener for Sockets {
    type Io = Box<dyn Stream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.listener.accept().await {
                Ok(accepted) => return accepted,
                Err(error) => {
                    // Such as too many open files: it passes.
                    tracing::warn!(%error, "a connection could not be accepted");
                    self.env.sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
