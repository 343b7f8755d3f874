//! The cluster of a history, all in one process: a broker's machine, the worker's with its REST server, the operator's, and
//! now and then an outsider's.

use std::sync::Arc;
use std::time::Duration;

use env::{Env, Instant, Task};
use env_sim::{NetworkPlan, SimHandle};
use hyper::Method;

use super::accidents::Cure;
use super::broker::{BrokerHost, RequestFaults};
use super::checkers::Observer;
use super::dice::Dice;
use super::operator::Operator;
use super::outsider::Outsider;
use super::plan::{OFFSET_FILE, Plan, SINK, SINK_FILE, SOURCE, SOURCE_FILE};
use super::probes::Chaos;
use super::tally::Tally;
use super::worker::WorkerHost;
use super::workload::SourceFile;

/// The broker's machine.
pub(crate) const BROKER: &str = "broker";
/// The worker's machine.
pub(crate) const WORKER: &str = "worker";

/// How long the system may take to finish its work once nothing goes wrong any more.
const DRAIN_LIMIT: Duration = Duration::from_secs(150);

/// How long a request to the operator may take: Connect's 90 s for each of two, and the wait for a worker that starts.
const REQUEST_LIMIT: Duration = Duration::from_secs(300);

/// How long everything must stay done: requests that linger arrive.
const QUIET: Duration = Duration::from_secs(6);

/// The cluster.
pub(crate) struct World {
    pub(crate) env: Env,
    pub(crate) sim: SimHandle,
    pub(crate) dice: Dice,
    pub(crate) plan: Arc<Plan>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) observer: Arc<Observer>,
    pub(crate) chaos: Arc<Chaos>,
    pub(crate) faults: Arc<RequestFaults>,
    pub(crate) broker: BrokerHost,
    pub(crate) worker: Arc<WorkerHost>,
    pub(crate) operator: Operator,
    pub(crate) outsider: Outsider,
    pub(crate) file: SourceFile,
    /// What is to be undone, and when.
    pub(crate) cures: Vec<(Instant, Cure)>,
    /// Milliseconds by which the wall clock is ahead of what it was at first.
    pub(crate) clock_ahead: i64,
    supervisor: Box<dyn Task>,
}

impl World {
    /// Makes the machines and starts everything.
    pub(crate) async fn start(env: Env, sim: SimHandle, plan: Plan, tally: Arc<Tally>) -> Self {
        let plan = Arc::new(plan);
        let observer = Arc::new(Observer::new(&sim, &plan, tally.clone()));
        let chaos = Chaos::new(&sim, tally.clone(), observer.clone());
        for (point, faults) in &plan.failpoints {
            sim.failpoints().plan(point, *faults);
        }
        if let Some((point, nth, action)) = &plan.fixed {
            sim.failpoints().at(point, *nth, *action);
        }
        prepare_disk(&sim, &plan);
        let faults = RequestFaults::new(&sim, tally.clone(), observer.clone(), &plan);
        let mut broker = BrokerHost::new(&sim, observer.clone(), faults.clone(), &plan);
        broker.start().await;
        broker.prepare(&plan).await;
        faults.open();
        let worker = WorkerHost::new(&sim, plan.clone(), chaos.clone(), observer.clone(), tally.clone());
        let supervisor = env.work().spawn("supervisor", Box::pin(worker.clone().supervise(env.clone())));
        Self {
            dice: Dice::new(&sim),
            operator: Operator::new(&sim, tally.clone()),
            outsider: Outsider::new(&sim, observer.clone(), &plan),
            file: SourceFile::new(&sim, tally.clone(), observer.clone(), plan.lines),
            env,
            sim,
            plan,
            tally,
            observer,
            chaos,
            faults,
            broker,
            worker,
            cures: Vec::new(),
            clock_ahead: 0,
            supervisor,
        }
    }

    /// What was found so far.
    ///
    /// # Errors
    /// What must not be.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.observer.look();
        if self.plan.calm && !self.worker.failed().is_empty() {
            return Err(format!("nothing failed, and something is FAILED: {}", self.worker.states()));
        }
        self.observer.violation().map_or(Ok(()), Err)
    }

    /// One step of the time in which accidents happen.
    pub(crate) async fn step(&mut self) {
        self.cure(false).await;
        self.file.grow();
        if !self.plan.accidents.is_empty() && self.dice.percent(35) {
            let accident = self.dice.pick(&self.plan.accidents);
            self.strike(accident).await;
        }
        if self.dice.percent(15) {
            self.restart_failed();
        }
        let pause = if self.dice.percent(10) { 500..=4000 } else { 1..=400 };
        self.env.sleep(self.dice.millis(pause)).await;
    }

    /// Ends every accident.
    pub(crate) async fn heal(&mut self) {
        self.sim.trace("everything heals");
        self.chaos.end();
        self.sim.disk(BROKER).mend();
        self.cure(true).await;
        self.sim.network().plan(NetworkPlan::default());
        self.outsider.leave(&self.env).await;
    }

    /// Writes the last lines and waits until everything has arrived, and all offsets say so.
    ///
    /// # Errors
    /// What is missing when the time is over, or what must not be.
    pub(crate) async fn drain(&mut self) -> Result<(), String> {
        // What was asked before must not come after what is asked now.
        self.operator.settle(REQUEST_LIMIT).await?;
        let begun = self.env.clock().now();
        let limit = begun + DRAIN_LIMIT;
        let (mut asked, mut done_since) = (false, None);
        loop {
            let written = self.file.finish();
            self.check()?;
            let missing = self.observer.missing();
            let now = self.env.clock().now();
            if !(written && missing.is_none() && self.worker.is_running()) {
                done_since = None;
            } else if now - *done_since.get_or_insert(now) >= QUIET {
                self.sim.trace(format_args!("all is done after {:?}", now - begun));
                let limits = [10, 20, 40, 80, 160];
                let within = limits.into_iter().find(|limit| now - begun <= Duration::from_secs(*limit));
                if self.worker.has_restarted() {
                    self.tally.add("restarted by itself");
                }
                self.tally.add(within.map_or("done later".to_owned(), |limit| format!("done within {limit:>3} s")));
                break;
            }
            if now > limit {
                let missing = missing.unwrap_or_else(|| "nothing is missing".to_owned());
                return Err(format!("the work is not done in time: {missing}; {}", self.worker.states()));
            }
            if !std::mem::replace(&mut asked, true) {
                self.resume(SOURCE);
                self.resume(SINK);
            }
            self.restart_failed();
            self.env.sleep(Duration::from_millis(500)).await;
        }
        self.operator.settle(REQUEST_LIMIT).await
    }

    /// Stops the worker in order.
    ///
    /// # Errors
    /// When it does not stop, or what must not be.
    pub(crate) async fn end(&mut self) -> Result<(), String> {
        self.worker.end();
        if self.env.timeout(Duration::from_secs(60), self.supervisor.join()).await.is_err() {
            return Err("the worker does not stop".to_owned());
        }
        self.check()?;
        if let Some(missing) = self.observer.missing() {
            return Err(format!("after the worker stopped: {missing}"));
        }
        self.observer.check_end()?;
        self.broker.stop().await;
        self.check()
    }

    /// Lets a connector run.
    pub(crate) fn resume(&self, name: &'static str) {
        self.operator.ask(vec![(Method::PUT, format!("/connectors/{name}/resume"), None)]);
    }

    /// Restarts what has failed.
    fn restart_failed(&self) {
        if self.plan.own_restarts {
            return;
        }
        for name in self.worker.failed() {
            let path = format!("/connectors/{name}/restart?includeTasks=true&onlyFailed=true");
            self.operator.ask(vec![(Method::POST, path, None)]);
        }
    }
}

fn prepare_disk(sim: &SimHandle, plan: &Plan) {
    let disk = sim.disk(WORKER);
    for file in [SOURCE_FILE, SINK_FILE, OFFSET_FILE] {
        let (folder, _) = file.rsplit_once('/').expect("an absolute path");
        disk.put_folder(folder).expect("an empty disk");
    }
    if plan.file_at_start {
        disk.put(SOURCE_FILE, b"").expect("an empty disk");
    }
}
