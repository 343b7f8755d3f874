//! `moldau standalone`: one worker, its connectors given on the command line and over REST.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use connect_api::plugin::Registry;
use connect_config::{ConnectorFile, InitialState, Listener as ListenerConfig, Plugins, WorkerConfig, clients};
use connect_herder::{Herder, StandaloneHerder, StandaloneSettings};
use connect_kafka::{Clients, NativeClients};
use connect_plugins::RegistryLookup;
use connect_rest::{RestServer, ServerSettings};
use connect_storage::config::TargetState;
use connect_storage::offsets::FileOffsetStore;
use connect_worker::{Worker, WorkerSettings, probe::Probes};
use env::{Env, Listener};
use kafka_config::{ConfigError, RawConfig, properties};

use crate::exit::Exit;
use crate::memory;

/// Threads that may be inside code that blocks, all together.
const BLOCKING_THREADS: usize = 512;

/// Runs until a signal comes.
pub(crate) fn run(worker_file: &str, connector_files: &[String]) -> Result<(), Exit> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = env_real::runtime(cores, BLOCKING_THREADS)
        .map_err(|error| Exit::worker(format!("the runtime cannot start: {error}")))?;
    let env = env_real::env(runtime.handle().clone());
    let result = runtime.block_on(start(env, worker_file, connector_files));
    // What was given up may still hold threads; nothing waits for them.
    runtime.shutdown_background();
    result
}

async fn start(env: Env, worker_file: &str, connector_files: &[String]) -> Result<(), Exit> {
    let started = env.clock().now();
    // From here on a signal ends the worker cleanly, also while it waits for Kafka.
    let mut signals = Signals::new()?;
    let (server, herder) = tokio::select! {
        biased;
        () = signals.next() => {
            tracing::info!("Kafka Connect stopped before it had started");
            return Ok(());
        }
        prepared = prepare(&env, worker_file) => prepared?,
    };
    let created = tokio::select! {
        biased;
        () = signals.next() => Ok(()),
        created = create_connectors(&env, &herder, connector_files) => {
            let ready = created.is_ok();
            if ready {
                let millis = (env.clock().now() - started).as_millis();
                tracing::info!("Kafka Connect started in {millis} ms");
                signals.next().await;
            }
            created
        }
    };
    tracing::info!("Kafka Connect stopping");
    server.stop(&env).await;
    herder.stop().await;
    tracing::info!("Kafka Connect stopped");
    created
}

/// Everything but the connectors.
async fn prepare(env: &Env, worker_file: &str) -> Result<(RestServer, Arc<StandaloneHerder>), Exit> {
    let raw = worker_properties(env, worker_file)?;
    let registry = Arc::new(connect_plugins::builtin());
    let plugins: Plugins = Arc::new(RegistryLookup(registry.clone()));
    let config = WorkerConfig::standalone(&raw, &*plugins).map_err(|error| refused(worker_file, &raw, &error))?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let config = Arc::new(config);
    let clients: Arc<dyn Clients> = Arc::new(NativeClients::new(env.clone()));
    let kafka_cluster_id = cluster_id(&*clients, &config).await?;
    tracing::info!("Kafka cluster ID: {kafka_cluster_id}");
    let (listeners, addresses) = listen(env, &config.listeners).await?;
    let advertised = advertised(&config, &addresses)?;
    let offsets = FileOffsetStore::open(env, Path::new(&config.offset_storage_file)).await.map_err(Exit::connector)?;

    let parts = Parts {
        env: env.clone(),
        registry: registry.clone(),
        plugins: plugins.clone(),
        clients,
        config: config.clone(),
    };
    let settings = StandaloneSettings {
        env: env.clone(),
        worker_id: advertised.worker_id(),
        kafka_cluster_id,
        plugins,
        worker_config: config.clone(),
    };
    let offsets = Arc::new(offsets);
    let herder = StandaloneHerder::start(settings, |listener| parts.worker(offsets, listener));
    let base_url = advertised.to_string().trim_end_matches('/').to_owned();
    tracing::info!("REST server listening at {base_url}/");
    let server = ServerSettings { env: env.clone(), herder: herder.clone(), registry, base_url };
    Ok((RestServer::start(server, listeners), herder))
}

struct Parts {
    env: Env,
    registry: Arc<Registry>,
    plugins: Plugins,
    clients: Arc<dyn Clients>,
    config: Arc<WorkerConfig>,
}

impl Parts {
    fn worker(self, offsets: Arc<FileOffsetStore>, listener: Arc<dyn connect_worker::StatusListener>) -> Worker {
        let budget = memory::budget(&self.config);
        Worker::new(WorkerSettings {
            env: self.env,
            registry: self.registry,
            plugins: self.plugins,
            clients: self.clients,
            config: self.config,
            offsets,
            listener,
            budget,
            probes: Probes::default(),
        })
    }
}

/// The worker's properties; the empty name stands for none.
fn worker_properties(env: &Env, file: &str) -> Result<RawConfig, Exit> {
    if file.is_empty() {
        return Ok(RawConfig::new());
    }
    let bytes = env.disk().read(Path::new(file)).map_err(|error| {
        Exit::worker(format!("worker configuration '{file}' cannot be read: {error}; give the path of a readable file"))
    })?;
    let read = properties::read(&bytes).map_err(|error| Exit::worker(format!("{file}: {error}")))?;
    Ok(read.into_iter().collect())
}

/// Names the file, and the key and its value where Java's sentence does not.
fn refused(file: &str, raw: &RawConfig, error: &ConfigError) -> Exit {
    let text = error.to_string();
    let unnamed = error.name().filter(|name| !text.contains(*name));
    let line = unnamed.map(|name| format!("{name}={}: ", raw.get(name).unwrap_or_default()));
    Exit::worker(format!("{file}: {}{text}", line.unwrap_or_default()))
}

async fn cluster_id(clients: &dyn Clients, config: &WorkerConfig) -> Result<String, Exit> {
    let admin = clients::worker_admin(config);
    let failed = |error: connect_api::Error| {
        let servers = config.bootstrap_servers.join(",");
        Exit::worker(format!(
            "Failed to connect to and describe Kafka cluster. Check worker's broker connection and security properties. \
             (bootstrap.servers={servers}: {error:#})"
        ))
    };
    let admin = clients.admin(&admin).map_err(failed)?;
    let cluster = admin.describe_cluster().await.map_err(failed)?;
    admin.close().await;
    Ok(cluster.cluster_id)
}

async fn listen(env: &Env, configs: &[ListenerConfig]) -> Result<(Vec<Box<dyn Listener>>, Vec<SocketAddr>), Exit> {
    let (mut listeners, mut addresses) = (Vec::new(), Vec::new());
    for config in configs {
        let host = if config.host.is_empty() { "0.0.0.0" } else { &config.host };
        let failed = |error: std::io::Error| {
            Exit::worker(format!(
                "Unable to initialize REST server: listeners={config} cannot be used: {error}; end what uses the port, \
                 or give another one in 'listeners'"
            ))
        };
        let address = env.network().resolve(host, config.port).await.map_err(failed)?;
        let listener = env.network().listen(address[0]).await.map_err(failed)?;
        addresses.push(listener.local_addr().map_err(failed)?);
        listeners.push(listener);
    }
    Ok((listeners, addresses))
}

fn advertised(config: &WorkerConfig, addresses: &[SocketAddr]) -> Result<connect_config::AdvertisedUrl, Exit> {
    let ports: Vec<u16> = addresses.iter().map(SocketAddr::port).collect();
    let own = addresses.first().map(|address| match address.ip() {
        ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
        ip => ip.to_string(),
    });
    config.advertised_url(&own.unwrap_or_default(), &ports).map_err(Exit::worker)
}

async fn create_connectors(env: &Env, herder: &StandaloneHerder, files: &[String]) -> Result<(), Exit> {
    for file in files {
        let bytes = env.disk().read(Path::new(file)).map_err(|error| {
            Exit::connector(format!(
                "connector file '{file}' cannot be read: {error}; give the path of a readable file"
            ))
        })?;
        let connector = ConnectorFile::parse(&bytes, file).map_err(Exit::connector)?;
        let target = connector.initial_state.map(|state| match state {
            InitialState::Running => TargetState::Started,
            InitialState::Paused => TargetState::Paused,
            InitialState::Stopped => TargetState::Stopped,
        });
        let created = herder.put_connector(&connector.name, connector.config, target, false).await;
        let created = created.map_err(|error| Exit::connector(format!("{file}: {error}")))?;
        tracing::info!("Created connector {}", created.info.name);
    }
    Ok(())
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Result<Self, Exit> {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |error: std::io::Error| Exit::worker(format!("signals cannot be received: {error}"));
        let terminate = signal(SignalKind::terminate()).map_err(failed)?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt()).map_err(failed)? })
    }

    async fn next(&mut self) {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
