//! The worker's machine: the standalone worker as the binary puts it together, and a supervisor that starts it again whenever its process has ended.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use connect_config::{Plugins, WorkerConfig, clients};
use connect_herder::{DetachedLoggers, Herder, StandaloneHerder, StandaloneSettings};
use connect_kafka::{Clients, NativeClients};
use connect_plugins::RegistryLookup;
use connect_rest::{AdminListeners, ReplyRules, RestServer, ServerSettings};
use connect_storage::offsets::{FileOffsetStore, OffsetFileError};
use connect_worker::probe::Probes;
use connect_worker::{Budget, Worker, WorkerSettings};
use connector_file::FileStreamSource;
use env::{Env, TaskError};
use env_sim::SimHandle;
use kafka_config::provider::Providers;
use tokio::sync::Notify;

use super::checkers::Observer;
use super::fates::{Mark, Picky, Refuse};
use super::plan::{OFFSET_FILE, Plan, SINK, SOURCE};
use super::plugins::{UnsteadySink, WatchedSource};
use super::probes::{Chaos, Interference};

use super::tally::Tally;
use super::topics::Scatter;
use super::world::WORKER;

/// Where the worker's REST server listens.
pub(crate) const REST_PORT: u16 = 8083;

/// The worker's machine.
pub(crate) struct WorkerHost {
    sim: SimHandle,
    plan: Arc<Plan>,
    chaos: Arc<Chaos>,
    observer: Arc<Observer>,
    tally: Arc<Tally>,
    running: Mutex<Option<Running>>,
    over: AtomicBool,
}

/// A worker's process.
#[derive(Clone)]
struct Running {
    env: Env,
    stop: Arc<Notify>,
    /// Once it is there.
    herder: Option<Arc<StandaloneHerder>>,
}

impl WorkerHost {
    pub(crate) fn new(
        sim: &SimHandle,
        plan: Arc<Plan>,
        chaos: Arc<Chaos>,
        observer: Arc<Observer>,
        tally: Arc<Tally>,
    ) -> Arc<Self> {
        Arc::new(Self {
            sim: sim.clone(),
            plan,
            chaos,
            observer,
            tally,
            running: Mutex::default(),
            over: AtomicBool::new(false),
        })
    }

    /// Runs workers, one after the other, until told to end.
    pub(crate) async fn supervise(self: Arc<Self>, own: Env) {
        while !self.over.load(Ordering::Relaxed) {
            let env = self.sim.env_for(WORKER);
            let running = Running { env: env.clone(), stop: Arc::new(Notify::new()), herder: None };
            *self.running.lock().unwrap() = Some(running.clone());
            let main = env.work().spawn("main", Box::pin(self.clone().main(running)));
            let ended = main.join().await;
            *self.running.lock().unwrap() = None;
            match ended {
                Ok(()) => self.sim.kill(WORKER),
                Err(TaskError::Aborted) => {}
                Err(TaskError::Panicked(text)) => self.observer.violate(format!("the worker panicked: {text}")),
            }
            own.sleep(self.plan.restart_delay).await;
        }
    }

    /// What the process does: as the binary, until it is told to stop.
    async fn main(self: Arc<Self>, running: Running) {
        let Some((server, herder)) = self.start(&running.env).await else { return };
        self.sim.trace("the herder is there");
        if let Some(current) = &mut *self.running.lock().unwrap() {
            current.herder = Some(herder.clone());
        }
        tokio::select! {
            biased;
            () = running.stop.notified() => {}
            done = self.create_connectors(&herder) => match done {
                Ok(()) => running.stop.notified().await,
                Err(error) => self.sim.trace(format_args!("a connector was refused: {error}")),
            }
        }
        if let Some(current) = &mut *self.running.lock().unwrap() {
            current.herder = None;
        }
        self.sim.trace("the worker stops");
        server.stop(&running.env).await;
        herder.stop().await;
        for _ in 0..herder.worker().abandoned().total() {
            self.tally.add("task given up");
        }
        self.sim.trace("the worker has stopped");
    }

    async fn start(&self, env: &Env) -> Option<(RestServer, Arc<StandaloneHerder>)> {
        let mut registry = connect_plugins::builtin();
        registry.add_source(WatchedSource { inner: FileStreamSource::default(), observer: self.observer.clone() });
        registry.add_sink(UnsteadySink(self.chaos.clone()));
        registry.add_transform(Mark(self.tally.clone()));
        registry.add_transform(Refuse(self.tally.clone()));
        registry.add_transform(Scatter { topics: self.plan.topics.clone(), tally: self.tally.clone() });
        registry.add_converter(Picky { json: self.plan.json.is_some(), tally: self.tally.clone() });
        let registry = Arc::new(registry);
        let plugins: Plugins = Arc::new(RegistryLookup(registry.clone()));
        let config = WorkerConfig::standalone(&self.plan.properties(), &*plugins).expect("a sound configuration");
        let config = Arc::new(config);
        let clients: Arc<dyn Clients> = Arc::new(NativeClients::new(env.clone()));
        let admin = clients.admin(&clients::worker_admin(&config)).expect("a sound configuration");
        let cluster = match admin.describe_cluster().await {
            Ok(cluster) => cluster,
            Err(error) => {
                self.sim.trace(format_args!("no Kafka: {error}"));
                return None;
            }
        };
        admin.close().await;
        let offsets = match FileOffsetStore::open(env, Path::new(OFFSET_FILE)).await {
            Ok(offsets) => Arc::new(offsets),
            Err(error) => {
                self.refused_offset_file(&error);
                return None;
            }
        };
        let settings = StandaloneSettings {
            env: env.clone(),
            worker_id: "worker:8083".to_owned(),
            kafka_cluster_id: cluster.cluster_id,
            plugins: plugins.clone(),
            worker_config: config.clone(),
            providers: Arc::new(Providers::none()),
        };
        let address = SocketAddr::new(self.sim.ip_of(WORKER), REST_PORT);
        let listener = env.network().listen(address).await.expect("the port of a process that has ended is free");
        let probes = Probes::new(Arc::new(Interference { env: env.clone(), chaos: self.chaos.clone() }));
        let (of_worker, in_worker) = (env.clone(), registry.clone());
        let herder = StandaloneHerder::start(settings, |listener| {
            let (env, registry, budget) = (of_worker, in_worker, Budget::new(1 << 20));
            Worker::new(WorkerSettings { env, registry, plugins, clients, config, offsets, listener, budget, probes })
        });
        let base_url = format!("http://{WORKER}:{REST_PORT}");
        let loggers = Arc::new(DetachedLoggers::default());
        let server = ServerSettings {
            env: env.clone(),
            herder: herder.clone(),
            registry,
            loggers,
            base_url,
            rules: ReplyRules::default(),
        };
        Some((RestServer::start(server, vec![listener], AdminListeners::Main), herder))
    }

    fn refused_offset_file(&self, error: &OffsetFileError) {
        self.sim.trace(format_args!("no offset file: {error}"));
        if !matches!(error, OffsetFileError::Open { .. } | OffsetFileError::Read { .. } | OffsetFileError::Write { .. })
        {
            self.observer.violate(format!("the offset file that a worker left is refused: {error}"));
        }
    }

    async fn create_connectors(&self, herder: &StandaloneHerder) -> Result<(), String> {
        let source = self.plan.source_config(self.plan.batch_size);
        let sink = self.plan.sink_config(self.plan.sink_tasks);
        for (name, config) in [(SOURCE, source), (SINK, sink)] {
            herder.put_connector(name, config, None, false).await.map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(())
    }

    /// Tells the worker to stop, as SIGTERM does. The supervisor starts the next one.
    pub(crate) fn stop(&self) {
        if let Some(running) = &*self.running.lock().unwrap() {
            running.stop.notify_one();
        }
    }

    /// The same, and no other is started.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
        self.stop();
    }

    /// The connectors that have failed, or have a task that has.
    pub(crate) fn failed(&self) -> Vec<&'static str> {
        let Some(herder) = self.herder() else { return Vec::new() };
        let failed = |name: &&str| {
            herder.connector_status(name).is_ok_and(|status| {
                status.connector.state == "FAILED" || status.tasks.iter().any(|task| task.status.state == "FAILED")
            })
        };
        [SOURCE, SINK].into_iter().filter(failed).collect()
    }

    /// Whether this worker has restarted a task or a connector by itself.
    pub(crate) fn has_restarted(&self) -> bool {
        let Some(herder) = self.herder() else { return false };
        [SOURCE, SINK].into_iter().filter_map(|name| herder.connector_status(name).ok()).any(|status| {
            let tasks = status.tasks.iter().map(|task| &task.status.own);
            tasks
                .chain([&status.connector.own])
                .flatten()
                .filter_map(|own| own.restarts.as_ref())
                .any(|own| own.restarts > 0)
        })
    }

    pub(crate) fn herder(&self) -> Option<Arc<StandaloneHerder>> {
        self.running.lock().unwrap().as_ref().and_then(|running| running.herder.clone())
    }

    /// The states of everything, for people.
    pub(crate) fn states(&self) -> String {
        let Some(herder) = self.herder() else { return "no herder".to_owned() };
        let states = [SOURCE, SINK].map(|name| match herder.connector_status(name) {
            Ok(status) => {
                let tasks: Vec<_> = status.tasks.iter().map(|task| (task.status.state, &task.status.trace)).collect();
                format!("{name}: {} {tasks:?}", status.connector.state)
            }
            Err(error) => format!("{name}: {error}"),
        });
        states.join("; ")
    }

    /// Whether everything that should run does.
    pub(crate) fn is_running(&self) -> bool {
        let Some(herder) = self.herder() else { return false };
        [(SOURCE, 1), (SINK, self.plan.sink_tasks)].into_iter().all(|(name, _)| {
            herder.connector_status(name).is_ok_and(|status| {
                status.connector.state == "RUNNING"
                    && !status.tasks.is_empty()
                    && status.tasks.iter().all(|task| task.status.state == "RUNNING")
            })
        })
    }
}
