//! A standalone worker in this process, from its configuration to its end.
//!
//! `Setup::read`, [`Setup::cluster_id`], [`listen`], [`Setup::start`], in this order: what is wrong is told before
//! anything is made.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use connect_api::plugin::Registry;
use connect_config::java_pattern::JavaPattern;
use connect_config::later::Client;
use connect_config::worker::{HeaderRule, HeaderRuleValue, standalone_definition};
use connect_config::{AdvertisedUrl, ConnectorFile, InitialState, Listener as ListenerConfig, Plugins, WorkerConfig};
use connect_config::{client_keys, clients};
use connect_herder::{Herder, StandaloneHerder, StandaloneSettings};
use connect_kafka::{Clients, NativeClients};
use connect_plugins::WorkerPlugins;
use connect_plugins::java::{Discovery, JavaPlugins};
use connect_rest::{AdminListeners, CrossOrigin, ReplyRules, ResponseHeader, RestServer, ServerSettings};
use connect_storage::config::TargetState;
use connect_storage::offsets::FileOffsetStore;
use connect_worker::{Worker, WorkerSettings, probe::Probes};
use env::{Env, Listener};
use kafka_config::provider::{Providers, Secrecy, Surroundings, has_variable};
use kafka_config::{ConfigError, RawConfig};

use crate::exit::Exit;
use crate::java_habits::JavaOptions;
use crate::surroundings::Machine;
use crate::{logging, memory};

/// What lines of the log are called that Java's RestServer and ConnectStandalone write.
const REST: &str = "moldau::rest";
const CONNECTORS: &str = "moldau::connectors";

/// What a worker is made of.
pub(crate) struct Setup {
    env: Env,
    config: Arc<WorkerConfig>,
    registry: Arc<Registry>,
    plugins: Plugins,
    java: JavaPlugins,
    providers: Arc<Providers>,
    clients: Arc<dyn Clients>,
}

/// Sockets that REST is served on, with their addresses.
#[derive(Default)]
pub(crate) struct Sockets {
    listeners: Vec<Box<dyn Listener>>,
    addresses: Vec<SocketAddr>,
    /// Those of the part for administrators, where it has its own.
    admin: Option<Vec<Box<dyn Listener>>>,
}

/// A worker with its REST server.
pub(crate) struct RunningWorker {
    env: Env,
    server: RestServer,
    herder: Arc<StandaloneHerder>,
    java: JavaPlugins,
}

impl Setup {
    /// Checks and types a configuration; `file` is where it comes from, `options` may limit what it can say.
    pub(crate) fn read(env: &Env, raw: &RawConfig, file: &str, options: &JavaOptions) -> Result<Self, Exit> {
        let registry = Arc::new(connect_plugins::builtin());
        let java = java_plugins(env, raw, registry.clone());
        let plugins: Plugins = Arc::new(WorkerPlugins::new(registry.clone(), java.clone()));
        let refused = |error: ConfigError| refused(file, raw, &error, &java);
        java.demand_manifests().map_err(Exit::worker)?;
        let (resolved, providers) = resolved(env, raw, options).map_err(refused)?;
        let config = WorkerConfig::standalone(&resolved, &*plugins).or_else(|_| {
            // The reason may be a class that is on plugin.path and cannot run here: then the message names its jar.
            java.list_now();
            WorkerConfig::standalone(&resolved, &*plugins).map_err(refused)
        })?;
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        let clients = Arc::new(NativeClients::new(env.clone()));
        Ok(Self {
            env: env.clone(),
            config: Arc::new(config),
            registry,
            plugins,
            java,
            providers: Arc::new(providers),
            clients,
        })
    }

    /// The configuration.
    pub(crate) fn config(&self) -> &WorkerConfig {
        &self.config
    }

    /// Asks the cluster who it is.
    pub(crate) async fn cluster_id(&self) -> Result<String, Exit> {
        let admin = clients::worker_admin(&self.config);
        let failed = |error: connect_api::Error| {
            let servers = self.config.bootstrap_servers.join(",");
            Exit::worker(format!(
                "Failed to connect to and describe Kafka cluster. Check worker's broker connection and security \
                 properties. (bootstrap.servers={servers}: {error:#})"
            ))
        };
        let admin = self.clients.admin(&admin).map_err(failed)?;
        let cluster = admin.describe_cluster().await.map_err(failed)?;
        admin.close().await;
        Ok(cluster.cluster_id)
    }

    /// Opens the offset file and starts a worker without connectors.
    pub(crate) async fn start(self, kafka_cluster_id: String, sockets: Sockets) -> Result<RunningWorker, Exit> {
        let advertised = self.advertised(&sockets.addresses).await?;
        let rules = rest_rules(&self.config)?;
        let offsets = FileOffsetStore::open(&self.env, Path::new(&self.config.offset_storage_file)).await;
        let offsets = Arc::new(offsets.map_err(Exit::offsets)?);
        let settings = StandaloneSettings {
            env: self.env.clone(),
            worker_id: advertised.worker_id(),
            kafka_cluster_id,
            plugins: self.plugins.clone(),
            worker_config: self.config.clone(),
            providers: self.providers.clone(),
        };
        let (env, registry, java) = (self.env.clone(), self.registry.clone(), self.java.clone());
        let herder = StandaloneHerder::start(settings, |listener| self.worker(offsets, listener));
        let base_url = advertised.to_string().trim_end_matches('/').to_owned();
        tracing::info!(target: REST, "REST server listening at {base_url}/, advertising URL {base_url}/");
        let server = ServerSettings {
            env: env.clone(),
            herder: herder.clone(),
            registry,
            loggers: logging::loggers(),
            base_url,
            rules,
        };
        let admin = sockets.admin.map_or(AdminListeners::Main, AdminListeners::Own);
        let server = RestServer::start(server, sockets.listeners, admin);
        tracing::info!(target: REST, "REST resources initialized; server is started and ready to handle requests");
        Ok(RunningWorker { env, server, herder, java })
    }

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

    async fn advertised(&self, addresses: &[SocketAddr]) -> Result<AdvertisedUrl, Exit> {
        let ports: Vec<u16> = addresses.iter().map(SocketAddr::port).collect();
        let own = match addresses.first().map(SocketAddr::ip) {
            Some(ip) if ip.is_unspecified() => own_address(&self.env).await,
            ip => ip,
        };
        let own = own.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)).to_string();
        self.config.advertised_url(&own, &ports).map_err(Exit::worker)
    }
}

/// The address that this machine's name stands for, if any. Parity: `InetAddress.getLocalHost`.
async fn own_address(env: &Env) -> Option<IpAddr> {
    let machine = rustix::system::uname();
    let addresses = env.network().resolve(machine.nodename().to_str().ok()?, 0).await.ok()?;
    addresses.first().map(SocketAddr::ip)
}

/// What is on `plugin.path`; nothing of it is read yet. Parity: the keys are taken as they are written, with their
/// variables, because plug-ins are looked for first.
fn java_plugins(env: &Env, raw: &RawConfig, registry: Arc<Registry>) -> JavaPlugins {
    let discovery = raw.get("plugin.discovery").and_then(Discovery::of).unwrap_or_default();
    JavaPlugins::new(env, raw.get("plugin.path"), discovery, move |class| {
        connect_plugins::is_built_in(&registry, class)
    })
}

/// What answers of the REST API get.
fn rest_rules(config: &WorkerConfig) -> Result<ReplyRules, Exit> {
    let failed = |key: &str, text: String| Exit::worker(format!("Unable to initialize REST resources: {key}: {text}"));
    let header = |rule: &HeaderRule| {
        let header = match &rule.value {
            HeaderRuleValue::Text(text) => ResponseHeader::text(&rule.name, rule.add, text),
            HeaderRuleValue::FromNow(millis) => ResponseHeader::from_now(&rule.name, rule.add, *millis),
        };
        header.ok_or_else(|| failed("response.http.headers.config", format!("HTTP cannot carry '{}'", rule.name)))
    };
    let headers = config.response_headers.iter().map(header).collect::<Result<_, Exit>>()?;
    if config.cross_origins.is_empty() {
        return Ok(ReplyRules { cross_origin: None, headers });
    }
    let patterns = config.cross_origins.iter().take_while(|origin| *origin != "*");
    let patterns = patterns.map(|origin| {
        JavaPattern::new(&format!("(?i){origin}")).map_err(|error| failed("access.control.allow.origin", error))
    });
    let patterns = patterns.collect::<Result<Vec<_>, Exit>>()?;
    let any = patterns.len() < config.cross_origins.len();
    // An origin that takes too many steps is not known.
    let known = move |origin: &str| any || patterns.iter().any(|pattern| pattern.matches(origin).unwrap_or(false));
    let methods = config.cross_origin_methods.clone();
    Ok(ReplyRules { cross_origin: Some(CrossOrigin { knows: Arc::new(known), methods }), headers })
}

/// The worker's configuration with its variables replaced by its own providers; and the providers for connectors.
fn resolved(env: &Env, raw: &RawConfig, options: &JavaOptions) -> Result<(RawConfig, Providers), ConfigError> {
    const PLUGIN_PATH: &str = "plugin.path";
    let surroundings: Arc<dyn Surroundings> = Arc::new(Machine(env.clone()));
    let own = Providers::of_worker_file(raw, options.allowed_providers(), &surroundings, logging::secrets())?;
    let mut resolved = own.resolve(raw, secrecy())?;
    // Parity: plug-ins are looked for before variables are resolved.
    if let Some(path) = raw.get(PLUGIN_PATH).filter(|path| has_variable(path)) {
        tracing::warn!("{PLUGIN_PATH}={path} has a variable, which is not resolved in this key");
        resolved.insert(PLUGIN_PATH, path);
    }
    let providers = Providers::of_connectors(&resolved, &surroundings, logging::secrets())?;
    Ok((resolved, providers))
}

/// Says of a worker's key how far what goes to it is a secret.
fn secrecy() -> impl Fn(&str) -> Secrecy {
    let own = standalone_definition();
    move |name| {
        let of_client = || {
            let clients = [Client::Producer, Client::Consumer, Client::Admin].into_iter();
            clients.filter_map(|client| Some((client, name.strip_prefix(client.worker_prefix())?))).next()
        };
        let kind = own.get(name).map(|key| key.kind);
        let client = |(client, name): (Client, &str)| client_keys::definition(client).get(name).map(|key| key.kind);
        Secrecy::of(name, kind.or_else(|| of_client().and_then(client)))
    }
}

/// Names the file, the key and its value where Java's sentence does not, and the jar of a class that cannot run here.
fn refused(file: &str, raw: &RawConfig, error: &ConfigError, java: &JavaPlugins) -> Exit {
    let text = error.to_string();
    let unnamed = error.name().filter(|name| !text.contains(*name));
    let line = unnamed.map(|name| format!("{name}={}: ", raw.get(name).unwrap_or_default()));
    let mut text = format!("{file}: {}{text}", line.unwrap_or_default());
    let classes = error.name().filter(|name| name.contains("class") || name.ends_with(".policy"));
    for class in classes.and_then(|name| raw.get(name)).unwrap_or_default().split(',').map(str::trim) {
        let found = Some(class).filter(|class| !class.is_empty()).and_then(|class| java.find(class));
        if let Some(found) = found.filter(|found| !text.contains(&*found.jar.to_string_lossy())) {
            let (class, jar) = (&found.class, found.jar.display());
            text.push_str(&format!("\n{class} is in {jar}; this version of Moldau cannot run Java classes yet"));
        }
    }
    Exit::worker(logging::secrets().hide(&text))
}

impl Sockets {
    /// A socket that listens already.
    pub(crate) fn one(listener: Box<dyn Listener>, address: SocketAddr) -> Self {
        Self { listeners: vec![listener], addresses: vec![address], admin: None }
    }
}

/// Listens where the configuration says.
pub(crate) async fn listen(env: &Env, config: &WorkerConfig) -> Result<Sockets, Exit> {
    let mut sockets = Sockets::default();
    for (listener, address) in listen_on(env, "listeners", &config.listeners).await? {
        sockets.listeners.push(listener);
        sockets.addresses.push(address);
    }
    if let Some(own) = &config.admin_listeners {
        let mut admin = Vec::new();
        for (listener, address) in listen_on(env, "admin.listeners", own).await? {
            tracing::info!("REST admin endpoints at http://{address}/");
            admin.push(listener);
        }
        sockets.admin = Some(admin);
    }
    Ok(sockets)
}

async fn listen_on(
    env: &Env,
    key: &str,
    configs: &[ListenerConfig],
) -> Result<Vec<(Box<dyn Listener>, SocketAddr)>, Exit> {
    let mut bound = Vec::new();
    for config in configs {
        let failed = |error: io::Error| {
            let remedy = match error.kind() {
                io::ErrorKind::AddrInUse => "end what uses the port, or give another one",
                io::ErrorKind::PermissionDenied => "give a port above 1023",
                _ => "give a name or an address of this machine, or none for all of them",
            };
            Exit::worker(format!(
                "Unable to initialize REST server: {key}={config} cannot be used: {error}; {remedy} in '{key}'"
            ))
        };
        let listener = bind(env, config).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        bound.push((listener, address));
    }
    Ok(bound)
}

/// Parity: without a host, and on 0.0.0.0, Java takes connections over IPv6 too.
async fn bind(env: &Env, config: &ListenerConfig) -> io::Result<Box<dyn Listener>> {
    let host = if config.host.is_empty() { "0.0.0.0" } else { &config.host };
    let addresses = env.network().resolve(host, config.port).await?;
    if addresses[0].ip() == Ipv4Addr::UNSPECIFIED {
        let both = env.network().listen((Ipv6Addr::UNSPECIFIED, config.port).into()).await;
        // Without IPv6 on the machine there is IPv4 alone.
        if both.as_ref().map_or_else(|error| error.kind() == io::ErrorKind::AddrInUse, |_| true) {
            return both;
        }
    }
    env.network().listen(addresses[0]).await
}

impl RunningWorker {
    /// Its herder.
    pub(crate) fn herder(&self) -> &Arc<StandaloneHerder> {
        &self.herder
    }

    /// Creates the connector that was read from `file`.
    pub(crate) async fn create(&self, connector: ConnectorFile, file: &str) -> Result<(), Exit> {
        let target = connector.initial_state.map(|state| match state {
            InitialState::Running => TargetState::Started,
            InitialState::Paused => TargetState::Paused,
            InitialState::Stopped => TargetState::Stopped,
        });
        let created = self.herder.put_connector(&connector.name, connector.config, target, false).await;
        let created = created.map_err(|error| {
            tracing::error!(target: CONNECTORS, "Failed to create connector for {file}");
            Exit::connector(format!("{file}: {error}"))
        })?;
        tracing::info!(target: CONNECTORS, "Created connector {}", created.info.name);
        Ok(())
    }

    /// Lists the Java plug-ins on `plugin.path` for the log, beside everything else.
    pub(crate) fn list_java_plugins(&self) {
        self.java.start();
    }

    /// Says that all connectors of the start are there.
    pub(crate) fn ready(&self) {
        self.herder.ready();
    }

    /// Stops the REST server, then connectors and tasks.
    pub(crate) async fn stop(self) {
        tracing::info!(target: REST, "Stopping REST server");
        self.server.stop(&self.env).await;
        tracing::info!(target: REST, "REST server stopped");
        self.herder.stop().await;
    }
}
