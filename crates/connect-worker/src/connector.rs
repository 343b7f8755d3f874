//! A running connector: an actor of its own, so that a connector that hangs holds up only those who ask it.

use std::sync::Arc;
use std::time::Duration;

use connect_api::plugin::ConnectorPlugin;
use connect_api::sink::{SinkConnector, SinkConnectorContext};
use connect_api::source::{ConnectorRuntime, OffsetReader, SourceConnector, SourceConnectorContext};
use connect_api::{Error, Result};
use connect_storage::config::TargetState;
use env::{Env, Task, watch};
use kafka_config::RawConfig;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use crate::containment::{contain, contain_now};
use crate::{State, StatusListener, TasksMax, scope};

/// A connector of either kind.
enum Instance {
    Unmade,
    Source(Box<dyn SourceConnector>),
    Sink(Box<dyn SinkConnector>),
}

enum Request {
    Target(TargetState, oneshot::Sender<Result<()>>),
    TaskConfigs(TasksMax, oneshot::Sender<Result<Vec<RawConfig>>>),
    RaiseError(Error),
    Stop(oneshot::Sender<()>),
}

/// How many requests may wait for a connector; those of people come one after the other.
const REQUESTS: usize = 16;

/// A running connector.
pub(crate) struct RunningConnector {
    requests: mpsc::Sender<Request>,
    reporter: Arc<Reporter>,
    /// True once it has stopped or was given up.
    over: watch::Sender<bool>,
    actor: Box<dyn Task>,
}

/// Reports the states of one run of a connector, until it has stopped or was given up.
struct Reporter {
    name: Arc<str>,
    version: &'static str,
    listener: Arc<dyn StatusListener>,
    /// Held while reporting, so that no report overtakes the last one.
    alive: Mutex<bool>,
}

impl Reporter {
    fn say(&self, state: State) {
        let alive = self.alive.lock();
        if *alive {
            self.listener.connector(&self.name, state, Some(self.version));
        }
    }

    fn say_last(&self, state: State) {
        let mut alive = self.alive.lock();
        if std::mem::replace(&mut *alive, false) {
            self.listener.connector(&self.name, state, Some(self.version));
        }
    }
}

/// What a connector is started with.
pub(crate) struct ConnectorParts {
    pub(crate) env: Env,
    pub(crate) name: Arc<str>,
    pub(crate) plugin: ConnectorPlugin,
    pub(crate) config: RawConfig,
    pub(crate) offsets: Arc<dyn OffsetReader>,
    pub(crate) listener: Arc<dyn StatusListener>,
}

impl RunningConnector {
    pub(crate) fn start(parts: ConnectorParts) -> Self {
        let (requests, inbox) = mpsc::channel(REQUESTS);
        let env = parts.env.clone();
        let task_name = format!("connector {}", parts.name);
        let reporter = Arc::new(Reporter {
            name: parts.name.clone(),
            version: parts.plugin.version(),
            listener: parts.listener.clone(),
            alive: Mutex::new(true),
        });
        let actor = Actor {
            runtime: requests.downgrade(),
            parts,
            reporter: reporter.clone(),
            instance: Instance::Unmade,
            phase: Phase::Initial,
        };
        let _scope = scope::connector(&reporter.name).entered();
        let actor = env.work().spawn(&task_name, Box::pin(actor.run(inbox)));
        Self { requests, reporter, over: watch::Sender::new(false), actor }
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let mut over = self.over.subscribe();
        let asked = async {
            self.requests.send(request(reply)).await.map_err(|_| not_running())?;
            answer.await.map_err(|_| not_running())
        };
        tokio::select! {
            biased;
            _ = over.wait_for(|over| *over) => Err(not_running()),
            answer = asked => answer,
        }
    }

    /// Brings the connector to this state; completes when it is there.
    pub(crate) async fn set_target(&self, target: TargetState) -> Result<()> {
        self.ask(|reply| Request::Target(target, reply)).await?
    }

    /// The configurations of its tasks. Too many of them make the connector fail.
    pub(crate) async fn task_configs(&self, max: TasksMax) -> Result<Vec<RawConfig>> {
        self.ask(|reply| Request::TaskConfigs(max, reply)).await?
    }

    /// Stops the connector; gives it up after `limit`. After it nothing more is reported.
    pub(crate) async fn stop(&self, env: &Env, limit: Duration) -> bool {
        let in_time = env.timeout(limit, self.ask(Request::Stop)).await.is_ok();
        self.reporter.say_last(State::Unassigned);
        self.over.send_replace(true);
        if !in_time {
            self.actor.abort();
        }
        in_time
    }
}

fn not_running() -> Error {
    Error::connect("The connector is not running")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Initial,
    Started,
    Paused,
    Stopped,
    Failed,
}

struct Actor {
    parts: ConnectorParts,
    reporter: Arc<Reporter>,
    instance: Instance,
    phase: Phase,
    runtime: mpsc::WeakSender<Request>,
}

impl Actor {
    async fn run(mut self, mut inbox: mpsc::Receiver<Request>) {
        while let Some(request) = inbox.recv().await {
            match request {
                Request::Target(target, reply) => {
                    let result = self.go_to(target).await;
                    let _ = reply.send(result);
                }
                Request::TaskConfigs(max, reply) => {
                    let result = self.task_configs(max).await;
                    let _ = reply.send(result);
                }
                Request::RaiseError(error) => self.fail(error),
                Request::Stop(reply) => {
                    self.stop_if_started().await;
                    let _ = reply.send(());
                    return;
                }
            }
        }
    }

    async fn go_to(&mut self, target: TargetState) -> Result<()> {
        if self.phase == Phase::Failed && target != TargetState::Stopped {
            let name = &self.parts.name;
            return Err(Error::connect(format!(
                "WorkerConnector{{id={name}}} Cannot transition connector to {target} since it has failed"
            )));
        }
        match target {
            TargetState::Started if self.phase == Phase::Started => Ok(()),
            TargetState::Started => match self.start().await {
                Ok(()) => {
                    self.reached(Phase::Started, State::Running);
                    Ok(())
                }
                Err(error) => {
                    self.fail(error.clone());
                    let text = format!("Failed to transition connector {} to state {target}", self.parts.name);
                    Err(Error::connect(text).caused_by(error))
                }
            },
            TargetState::Paused => {
                self.stop_if_started().await;
                self.reached(Phase::Paused, State::Paused);
                Ok(())
            }
            TargetState::Stopped => {
                self.stop_if_started().await;
                self.reached(Phase::Stopped, State::Stopped);
                Ok(())
            }
        }
    }

    fn reached(&mut self, phase: Phase, state: State) {
        self.phase = phase;
        self.reporter.say(state);
    }

    fn fail(&mut self, error: Error) {
        tracing::error!(connector = %self.parts.name, error = format!("{error:#}"), "connector failed");
        self.reached(Phase::Failed, State::Failed(error));
    }

    async fn start(&mut self) -> Result<()> {
        if matches!(self.instance, Instance::Unmade) {
            let plugin = self.parts.plugin.clone();
            self.instance = contain_now(|| {
                Ok(match plugin {
                    ConnectorPlugin::Source(plugin) => Instance::Source(plugin.connector()),
                    ConnectorPlugin::Sink(plugin) => Instance::Sink(plugin.connector()),
                })
            })?;
        }
        let Self { parts, instance, runtime, .. } = self;
        let (name, env, config) = (parts.name.clone(), parts.env.clone(), parts.config.clone());
        let listener = parts.listener.clone();
        let runtime = Arc::new(Handle { name: name.clone(), requests: runtime.clone(), listener });
        match instance {
            Instance::Source(connector) => {
                let offsets = parts.offsets.clone();
                let context = SourceConnectorContext { name, env, runtime, offsets };
                contain(parts.env.lend(connector.start(context, config))).await
            }
            Instance::Sink(connector) => {
                let context = SinkConnectorContext { name, env, runtime };
                contain(parts.env.lend(connector.start(context, config))).await
            }
            Instance::Unmade => Err(not_running()),
        }
    }

    async fn task_configs(&mut self, max: TasksMax) -> Result<Vec<RawConfig>> {
        let configs = match &mut self.instance {
            Instance::Source(connector) => contain(self.parts.env.lend(connector.task_configs(max.limit))).await,
            Instance::Sink(connector) => contain(self.parts.env.lend(connector.task_configs(max.limit))).await,
            Instance::Unmade => Err(not_running()),
        }?;
        max.check(&self.parts.name, configs.len()).inspect_err(|error| self.fail(error.clone()))?;
        Ok(configs)
    }

    async fn stop_if_started(&mut self) {
        if self.phase != Phase::Started {
            return;
        }
        let stopped = match &mut self.instance {
            Instance::Source(connector) => contain(self.parts.env.lend(connector.stop())).await,
            Instance::Sink(connector) => contain(self.parts.env.lend(connector.stop())).await,
            Instance::Unmade => Ok(()),
        };
        if let Err(error) = stopped {
            tracing::warn!(connector = %self.parts.name, error = format!("{error:#}"), "the connector's stop failed");
        }
    }
}

/// What a connector may ask for.
struct Handle {
    name: Arc<str>,
    requests: mpsc::WeakSender<Request>,
    listener: Arc<dyn StatusListener>,
}

impl ConnectorRuntime for Handle {
    fn request_task_reconfiguration(&self) {
        if self.requests.upgrade().is_some() {
            self.listener.reconfigure(&self.name);
        }
    }

    fn raise_error(&self, error: Error) {
        if let Some(requests) = self.requests.upgrade() {
            // Where there is no room, others of its errors wait already.
            let _ = requests.try_send(Request::RaiseError(error));
        }
    }
}
