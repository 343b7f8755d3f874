//! A worker in this process, with its REST server, on real threads.

use std::cell::Cell;
use std::fs;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use connect_config::{Plugins, WorkerConfig};
use connect_herder::{DetachedLoggers, StandaloneHerder, StandaloneSettings};
use connect_kafka::NativeClients;
use connect_plugins::RegistryLookup;
use connect_rest::{AdminListeners, ReplyRules, RestServer, ServerSettings};
use connect_storage::offsets::MemoryOffsetStore;
use connect_worker::probe::Probes;
use connect_worker::{Budget, Worker, WorkerSettings};
use e2e::{EmbeddedBroker, Reply, Rest};
use kafka_config::RawConfig;
use kafka_config::provider::Providers;
use serde_json::json;

use super::naughty::{Habit, Naughty};

const SOON: Duration = Duration::from_secs(60);

/// A broker and a worker; the worker runs a source and a sink with a topic between them.
pub(crate) struct World {
    rest: Rest,
    naughty: Vec<Naughty>,
    _server: RestServer,
    lines: Cell<u32>,
    runtime: Option<tokio::runtime::Runtime>,
    broker: EmbeddedBroker,
}

impl World {
    pub(crate) fn start() -> Self {
        let broker = EmbeddedBroker::start().unwrap();
        // Two threads, and room for more that block.
        let runtime = env_real::runtime(2, 32).unwrap();
        let naughty: Vec<Naughty> = Habit::ALL.into_iter().map(Naughty::new).collect();
        let (server, port) = runtime.block_on(start(&broker, &naughty, runtime.handle()));
        let world = Self {
            rest: Rest::new(port),
            naughty,
            _server: server,
            lines: Cell::new(0),
            runtime: Some(runtime),
            broker,
        };
        fs::write(world.path("in"), "").unwrap();
        let (from, to) = (world.path("in"), world.path("out"));
        assert_eq!(world.create("source", "FileStreamSource", &[("file", &from), ("topic", "t")]).status, 201);
        assert_eq!(world.create("sink", "FileStreamSink", &[("file", &to), ("topics", "t")]).status, 201);
        world
    }

    fn path(&self, name: &str) -> String {
        self.broker.folder().join(name).display().to_string()
    }

    pub(crate) fn rest(&self) -> &Rest {
        &self.rest
    }

    pub(crate) fn naughty(&self, habit: Habit) -> NaughtyHandle<'_> {
        let index = Habit::ALL.iter().position(|other| *other == habit).unwrap();
        NaughtyHandle(&self.naughty[index])
    }

    pub(crate) fn create(&self, name: &str, class: &str, more: &[(&str, &str)]) -> Reply {
        let mut config = json!({"connector.class": class});
        for (key, value) in more {
            config[*key] = json!(value);
        }
        self.rest.post("/connectors", &json!({"name": name, "config": config})).unwrap()
    }

    pub(crate) fn eventually(&self, what: &str, condition: impl Fn() -> bool) {
        e2e::eventually(what, SOON, || Ok(condition().then_some(()))).unwrap();
    }

    /// A new line goes from the source to the sink, and both run.
    pub(crate) fn records_flow(&self) {
        self.lines.set(self.lines.get() + 1);
        let line = format!("line {}\n", self.lines.get());
        let mut file = fs::OpenOptions::new().append(true).open(self.path("in")).unwrap();
        file.write_all(line.as_bytes()).unwrap();
        let out = self.path("out");
        self.eventually("the line", || fs::read_to_string(&out).is_ok_and(|text| text.ends_with(&line)));
        for name in ["source", "sink"] {
            let status = self.rest.get(&format!("/connectors/{name}/status")).unwrap().json().unwrap();
            let states = (&status["connector"]["state"], &status["tasks"][0]["state"]);
            assert_eq!(states, (&json!("RUNNING"), &json!("RUNNING")), "{status}");
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Otherwise the runtime waits for them, also when the test has failed.
        self.naughty.iter().for_each(Naughty::release);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

/// One of the naughty plug-ins.
pub(crate) struct NaughtyHandle<'a>(&'a Naughty);

impl NaughtyHandle<'_> {
    pub(crate) fn class(&self) -> &'static str {
        connect_api::plugin::Plugin::class(self.0)
    }

    pub(crate) fn blocked(&self) -> usize {
        self.0.blocked()
    }

    pub(crate) fn release(&self) {
        self.0.release();
    }
}

/// The worker; gives its REST server, with its port.
async fn start(broker: &EmbeddedBroker, naughty: &[Naughty], runtime: &tokio::runtime::Handle) -> (RestServer, u16) {
    let env = env_real::env(runtime.clone());
    let mut registry = connect_plugins::builtin();
    naughty.iter().cloned().for_each(|plugin| registry.add_source(plugin));
    let registry = Arc::new(registry);
    let plugins: Plugins = Arc::new(RegistryLookup(registry.clone()));
    let strings = "org.apache.kafka.connect.storage.StringConverter";
    let raw = RawConfig::from([
        ("bootstrap.servers", broker.bootstrap()),
        ("offset.storage.file.filename", "unused"),
        ("key.converter", strings),
        ("value.converter", strings),
    ]);
    let config = Arc::new(WorkerConfig::standalone(&raw, &*plugins).unwrap());
    let settings = StandaloneSettings {
        env: env.clone(),
        worker_id: "worker:8083".to_owned(),
        kafka_cluster_id: "cluster".to_owned(),
        plugins: plugins.clone(),
        worker_config: config.clone(),
        providers: Arc::new(Providers::none()),
    };
    let (own, shelf) = (env.clone(), registry.clone());
    let herder = StandaloneHerder::start(settings, |listener| {
        let (clients, offsets) = (Arc::new(NativeClients::new(own.clone())), Arc::new(MemoryOffsetStore::new()));
        let (budget, probes) = (Budget::new(64 << 20), Probes::default());
        let (env, registry) = (own, shelf);
        Worker::new(WorkerSettings { env, registry, plugins, clients, config, offsets, listener, budget, probes })
    });
    herder.ready();
    let socket = env.network().listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let settings = ServerSettings {
        env: env.clone(),
        herder,
        registry,
        loggers: Arc::new(DetachedLoggers::default()),
        base_url: format!("http://127.0.0.1:{port}"),
        rules: ReplyRules::default(),
    };
    (RestServer::start(settings, vec![socket], AdminListeners::Main), port)
}
