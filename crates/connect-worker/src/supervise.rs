//! Watches over a running task: reports its states, ends it in time, and gives it up when it does not end.
//!
//! After a task was given up nothing it does has any effect: its states are not reported, its producer and offset
//! writer are closed, its consumer commits nothing. The thread it may still block is counted and named.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use connect_api::{Error, Kind, Result, Signal, Token, TokenSource};
use env::{BoxFuture, Env, Instant, Task, TaskError};
use parking_lot::Mutex;

use crate::record::{DropCounts, DroppedRecords};
use crate::{State, StatusListener, TaskId, scope};

/// Reports the states of one run of a task, until the run is given up.
pub(crate) struct Reporter {
    id: TaskId,
    version: String,
    listener: Arc<dyn StatusListener>,
    /// Whether all that the task needs was made.
    made: AtomicBool,
    /// False once the run was given up. Held while reporting, so that no report overtakes the last one.
    alive: Mutex<bool>,
}

impl Reporter {
    /// For this run of a task.
    pub(crate) fn new(id: TaskId, version: String, listener: Arc<dyn StatusListener>) -> Arc<Self> {
        Arc::new(Self { id, version, listener, made: AtomicBool::new(false), alive: Mutex::new(true) })
    }

    /// Everything the task needs was made; from now on it is a task of its version, also when it fails.
    pub(crate) fn made(&self) {
        self.made.store(true, Ordering::Release);
    }

    /// Reports a state, unless the run was given up.
    pub(crate) fn say(&self, state: State) {
        let alive = self.alive.lock();
        if *alive {
            // Parity: a task that could not be made has no version.
            let unmade = matches!(state, State::Failed(_)) && !self.made.load(Ordering::Acquire);
            self.listener.task(&self.id, state, Some(&*self.version).filter(|_| !unmade));
        }
    }

    /// Reports that the task uses a topic, unless the run was given up.
    pub(crate) fn uses(&self, topic: &str) {
        let alive = self.alive.lock();
        if *alive {
            self.listener.topic(&self.id, topic);
        }
    }

    /// Whether the run may still act.
    pub(crate) fn is_alive(&self) -> bool {
        *self.alive.lock()
    }

    fn give_up(&self) {
        let mut alive = self.alive.lock();
        if *alive {
            self.listener.task(&self.id, State::Unassigned, Some(&self.version));
            *alive = false;
        }
    }
}

type Closer = Box<dyn FnOnce() + Send>;

/// Things to be closed when a run is given up; each call must return at once. `None`: they are closed.
pub(crate) struct Closers(Mutex<Option<Vec<Closer>>>);

impl Closers {
    fn new() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }

    /// Closes this too; at once when everything is closed already.
    pub(crate) fn add(&self, close: impl FnOnce() + Send + 'static) {
        if let Some(open) = &mut *self.0.lock() {
            return open.push(Box::new(close));
        }
        close();
    }

    /// Closes everything, what was added last first; also done when the run ends by itself.
    fn close(&self) {
        let all = self.0.lock().take();
        all.into_iter().flatten().rev().for_each(|close| close());
    }
}

/// What the code of a run gets.
pub(crate) struct Run {
    /// Stop and pause.
    pub(crate) token: Token,
    /// Tells the plug-in's code to stop, because the run has failed beside it.
    pub(crate) halt: Arc<dyn Fn() + Send + Sync>,
    /// For states.
    pub(crate) reporter: Arc<Reporter>,
    /// For what must not act after the run was given up.
    pub(crate) closers: Arc<Closers>,
    /// For the counts of the transforms, once there are transforms.
    pub(crate) dropped: Arc<OnceLock<DropCounts>>,
}

/// A running task.
pub(crate) struct Supervised {
    signal: Arc<TokenSource>,
    /// Whether the stop was asked for from outside, and is no consequence of a failure.
    stopping: Arc<AtomicBool>,
    reporter: Arc<Reporter>,
    closers: Arc<Closers>,
    dropped: Arc<OnceLock<DropCounts>>,
    body: Box<dyn Task>,
    ended: Box<dyn Task>,
}

impl Supervised {
    /// Starts `body`. Its result becomes the last state: an error is `FAILED`, unless the task was being stopped.
    pub(crate) fn start(
        env: &Env,
        reporter: Arc<Reporter>,
        signal: Signal,
        body: impl FnOnce(Run) -> BoxFuture<'static, Result<()>>,
    ) -> Self {
        let signal = Arc::new(TokenSource::new(signal));
        let (closers, dropped) = (Arc::new(Closers::new()), Arc::<OnceLock<DropCounts>>::default());
        let halted = signal.clone();
        let run = Run {
            token: signal.token(),
            halt: Arc::new(move || halted.say(Signal::Stop)),
            reporter: reporter.clone(),
            closers: closers.clone(),
            dropped: dropped.clone(),
        };
        let outcome: Arc<Mutex<Option<Result<()>>>> = Arc::default();
        let (slot, future) = (outcome.clone(), body(run));
        let name = format!("task {}", reporter.id);
        let _scope = scope::task(&reporter.id).entered();
        let body = env.work().spawn(&name, Box::pin(async move { *slot.lock() = Some(future.await) }));
        let joined = body.join();
        let stopping = Arc::new(AtomicBool::new(false));
        let watcher =
            Watcher { stopping: stopping.clone(), reporter: reporter.clone(), closers: closers.clone(), outcome };
        let ended = env.work().spawn(&name, Box::pin(async move { watcher.end(joined.await) }));
        Self { signal, stopping, reporter, closers, dropped, body, ended }
    }

    /// Which task it is.
    pub(crate) fn id(&self) -> &TaskId {
        &self.reporter.id
    }

    /// What its transforms have kept from going on.
    pub(crate) fn dropped(&self) -> Vec<DroppedRecords> {
        self.dropped.get().map(DropCounts::read).unwrap_or_default()
    }

    /// Tells the task to run, pause or stop.
    pub(crate) fn say(&self, signal: Signal) {
        self.signal.say(signal);
    }

    /// Tells the task to stop.
    pub(crate) fn begin_stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.signal.say(Signal::Stop);
    }

    /// Waits until the task has ended, at most until `deadline`; then gives it up.
    pub(crate) async fn finish_stop(self, env: &Env, deadline: Instant, abandoned: &Abandoned) {
        let left = deadline - env.clock().now();
        if env.timeout(left, self.ended.join()).await.is_ok() {
            return;
        }
        let id = &self.reporter.id;
        tracing::error!(task = %id, "Graceful stop of task {id} failed.");
        self.reporter.give_up();
        self.closers.close();
        self.body.abort();
        abandoned.add(env, id.clone(), self.body);
    }
}

struct Watcher {
    stopping: Arc<AtomicBool>,
    reporter: Arc<Reporter>,
    closers: Arc<Closers>,
    outcome: Arc<Mutex<Option<Result<()>>>>,
}

impl Watcher {
    fn end(self, joined: Result<(), TaskError>) {
        let id = &self.reporter.id;
        let result = match joined {
            Ok(()) => self.outcome.lock().take().unwrap_or(Ok(())),
            Err(TaskError::Panicked(text)) => Err(Error::new(Kind::Panicked, text)),
            Err(TaskError::Aborted) => Ok(()),
        };
        self.closers.close();
        match result {
            Ok(()) => self.reporter.say(State::Unassigned),
            Err(error) if self.stopping.load(Ordering::Acquire) => {
                tracing::error!(task = %id, error = format!("{error:#}"), "task failed while it was being stopped");
                self.reporter.say(State::Unassigned);
            }
            Err(error) => {
                tracing::error!(
                    task = %id,
                    error = format!("{error:#}"),
                    "Task threw an uncaught and unrecoverable exception. Task is being killed and will not recover until manually restarted"
                );
                self.reporter.say(State::Failed(error));
            }
        }
    }
}

/// Tasks that were given up: how many there were, and which still hold a thread.
#[derive(Clone, Default)]
pub struct Abandoned {
    total: Arc<AtomicU64>,
    running: Arc<Mutex<Vec<TaskId>>>,
}

impl Abandoned {
    fn add(&self, env: &Env, id: TaskId, body: Box<dyn Task>) {
        self.total.fetch_add(1, Ordering::Relaxed);
        self.running.lock().push(id.clone());
        let running = self.running.clone();
        let join = body.join();
        let forget = async move {
            let _ = join.await;
            let mut running = running.lock();
            if let Some(index) = running.iter().position(|other| *other == id) {
                running.remove(index);
            }
            tracing::info!(task = %id, "a task that had been given up has ended");
        };
        env.work().spawn("abandoned task", Box::pin(forget));
    }

    /// How many tasks were given up since the worker started.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// The given-up tasks whose code has not returned yet.
    pub fn running(&self) -> Vec<TaskId> {
        self.running.lock().clone()
    }
}
