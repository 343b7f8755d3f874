//! The worker's machine: the standalone worker as the binary puts it together, without REST, and a supervisor that
//! starts it again whenever its process has ended.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connect_config::{Plugins, WorkerConfig, clients};
use connect_herder::{Herder, RestartRequest, StandaloneHerder, StandaloneSettings};
use connect_kafka::{Clients, NativeClients};
use connect_plugins::RegistryLookup;
use connect_storage::offsets::{FileOffsetStore, OffsetFileError};
use connect_worker::probe::Probes;
use connect_worker::{Budget, Worker, WorkerSettings};
use connector_file::FileStreamSource;
use env::{BoxFuture, Env, Task, TaskError};
use env_sim::SimHandle;
use futures_util::FutureExt;
use tokio::sync::Notify;

use super::checkers::Observer;
use super::plan::{OFFSET_FILE, Plan, SINK, SOURCE};
use super::plugins::{UnsteadySink, WatchedSource};
use super::probes::{Chaos, Interference};

use super::tally::Tally;
use super::world::WORKER;

/// The worker's machine.
pub(crate) struct WorkerHost {
    sim: SimHandle,
    plan: Arc<Plan>,
    chaos: Arc<Chaos>,
    observer: Arc<Observer>,
    tally: Arc<Tally>,
    running: Mutex<Option<Running>>,
    /// Requests to the herder that may still be under way.
    requests: Mutex<Vec<(String, Box<dyn Task>)>>,
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
            requests: Mutex::default(),
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
        let Some(herder) = self.start(&running.env).await else { return };
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
        herder.stop().await;
        for _ in 0..herder.worker().abandoned().total() {
            self.tally.add("task given up");
        }
        self.sim.trace("the worker has stopped");
    }

    async fn start(&self, env: &Env) -> Option<Arc<StandaloneHerder>> {
        let mut registry = connect_plugins::builtin();
        registry.add_source(WatchedSource { inner: FileStreamSource::default(), observer: self.observer.clone() });
        registry.add_sink(UnsteadySink(self.chaos.clone()));
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
        };
        let probes = Probes::new(Arc::new(Interference { env: env.clone(), chaos: self.chaos.clone() }));
        let env = env.clone();
        Some(StandaloneHerder::start(settings, |listener| {
            let budget = Budget::new(1 << 20);
            Worker::new(WorkerSettings { env, registry, plugins, clients, config, offsets, listener, budget, probes })
        }))
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

    /// Asks something of the herder, as REST does, if there is one; nobody waits for the answer.
    pub(crate) fn ask(
        &self,
        name: String,
        request: impl FnOnce(Arc<StandaloneHerder>) -> BoxFuture<'static, Result<(), String>>,
    ) {
        let running = self.running.lock().unwrap().clone();
        let Some((env, herder)) = running.and_then(|running| Some((running.env, running.herder?))) else { return };
        self.sim.trace(format_args!("asks for {name}"));
        let (sim, asked) = (self.sim.clone(), name.clone());
        let future = request(herder);
        let task = env.work().spawn(
            &name,
            Box::pin(async move {
                match future.await {
                    Ok(()) => sim.trace(format_args!("done: {asked}")),
                    Err(error) => sim.trace(format_args!("refused: {asked}: {error}")),
                }
            }),
        );
        let mut requests = self.requests.lock().unwrap();
        requests.retain(|(_, task)| task.join().now_or_never().is_none());
        requests.push((name, task));
    }

    /// Restarts what has failed, as an operator does.
    pub(crate) fn restart_failed(&self) {
        for name in [SOURCE, SINK] {
            let Some(herder) = self.herder() else { return };
            let Ok(status) = herder.connector_status(name) else { continue };
            let failed = |state: &str| state == "FAILED";
            if failed(status.connector.state) || status.tasks.iter().any(|task| failed(task.status.state)) {
                self.ask(format!("restart of what failed of {name}"), move |herder| {
                    Box::pin(async move {
                        let request = RestartRequest { include_tasks: true, only_failed: true };
                        herder.restart_connector(name, request).await.map(|_| ()).map_err(|error| error.to_string())
                    })
                });
            }
        }
    }

    pub(crate) fn herder(&self) -> Option<Arc<StandaloneHerder>> {
        self.running.lock().unwrap().as_ref().and_then(|running| running.herder.clone())
    }

    /// Whether a connector or a task has failed.
    pub(crate) fn has_failed(&self) -> bool {
        let Some(herder) = self.herder() else { return false };
        [SOURCE, SINK].into_iter().filter_map(|name| herder.connector_status(name).ok()).any(|status| {
            status.connector.state == "FAILED" || status.tasks.iter().any(|task| task.status.state == "FAILED")
        })
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

    /// Waits for every request that is under way.
    ///
    /// # Errors
    /// The request that does not end in time.
    pub(crate) async fn settle(&self, own: &Env, limit: Duration) -> Result<(), String> {
        let requests = std::mem::take(&mut *self.requests.lock().unwrap());
        for (name, task) in requests {
            let ended = own.timeout(limit, task.join()).await;
            match ended {
                Err(_) => return Err(format!("the request for {name} does not end")),
                Ok(Err(TaskError::Panicked(text))) => return Err(format!("the request for {name} panicked: {text}")),
                Ok(_) => {}
            }
        }
        Ok(())
    }
}
