//! Runs test bodies in simulated worlds.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use env::Env;
use tokio::runtime::{Builder, Runtime};

use crate::handle::SimHandle;
use crate::world::World;

/// The machine on which the test body itself lives.
const BODY_HOST: &str = "test";

/// How long a body may take on the simulated clock, unless told otherwise.
const TIME_LIMIT: Duration = Duration::from_secs(6 * 60 * 60);

/// When set, [`replay_seeds`] runs this one seed.
const SEED_VARIABLE: &str = "MOLDAU_SIM_SEED";

/// One simulation.
pub struct Sim {
    world: Arc<World>,
    runtime: Option<Runtime>,
    time_limit: Duration,
}

impl Sim {
    /// A world in which all follows from `seed`.
    pub fn new(seed: u64) -> Self {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime without I/O asks the system for nothing");
        let world = World::new(seed, runtime.handle().clone());
        Self { world, runtime: Some(runtime), time_limit: TIME_LIMIT }
    }

    /// Another limit for the simulated time a body may take; 6 hours without this.
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Another number of last events that are kept as text; 200 without this.
    pub fn with_kept_events(self, events: usize) -> Self {
        self.world.trace.keep(events);
        self
    }

    /// What a test can do to this world.
    pub fn handle(&self) -> SimHandle {
        SimHandle::new(self.world.clone())
    }

    /// Runs `body` to its end; tasks that it leaves behind go on in the next `run` and end with the simulation.
    ///
    /// # Panics
    /// When the body panics, or is not done within the time limit, as in a deadlock. Seed and last events are printed.
    pub fn run<F: Future>(&mut self, body: impl FnOnce(Env, SimHandle) -> F) -> F::Output {
        let (handle, limit) = (self.handle(), self.time_limit);
        let runtime = self.runtime.as_ref().expect("it is taken on drop alone");
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async {
                let body = body(handle.env_for(BODY_HOST), handle.clone());
                tokio::time::timeout(limit, body)
                    .await
                    .unwrap_or_else(|_| panic!("the simulation is not done after {limit:?} of its own time"))
            })
        }));
        outcome.unwrap_or_else(|panic| {
            eprint!("simulation of seed {} failed, last events:\n{}", self.world.seed, self.world.trace.last_events());
            resume_unwind(panic)
        })
    }

    /// The hash of everything that has happened so far.
    pub fn trace_hash(&self) -> u64 {
        self.world.trace.hash()
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        // What tasks do while they are dropped happens in simulated time too.
        let handle = self.world.runtime.clone();
        let _context = handle.enter();
        drop(self.runtime.take());
        self.world.end();
    }
}

/// Runs `body` twice in worlds of the same seed and returns what the first run returned.
///
/// # Panics
/// When the runs differ, and as [`Sim::run`] does.
pub fn replay<F: Future>(seed: u64, body: impl Fn(Env, SimHandle) -> F) -> F::Output {
    let mut first = Sim::new(seed);
    let output = first.run(&body);
    let mut second = Sim::new(seed);
    second.run(&body);
    if first.trace_hash() != second.trace_hash() {
        let (one, two) = (first.handle().last_events(), second.handle().last_events());
        let at = one.lines().zip(two.lines()).position(|(one, two)| one != two);
        eprint!("first run, last events:\n{one}second run, last events:\n{two}first difference: line {at:?}\n");
        panic!("two runs of seed {seed} differ");
    }
    output
}

/// [`replay`] for every seed of a range, or for the one in the environment variable `MOLDAU_SIM_SEED`.
///
/// # Panics
/// As [`replay`] does, and when the variable is no number.
pub fn replay_seeds<F: Future>(seeds: Range<u64>, body: impl Fn(Env, SimHandle) -> F) {
    match std::env::var(SEED_VARIABLE) {
        Ok(seed) => {
            replay(seed.parse().expect("MOLDAU_SIM_SEED is a number"), &body);
        }
        Err(_) => {
            for seed in seeds {
                replay(seed, &body);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulation_that_is_over_leaves_nothing_behind() {
        let mut sim = Sim::new(1);
        let world = Arc::downgrade(&sim.world);
        sim.run(|env, sim| async move {
            let server = sim.env_for("server");
            let mut listener = server.network().listen("0.0.0.0:80".parse().expect("literal")).await.expect("free");
            let address = "10.0.0.2:80".parse().expect("literal");
            let _stream = env.network().connect(address).await.expect("somebody listens");
            server.work().spawn("endless", {
                let server = server.clone();
                Box::pin(async move {
                    let _held = (listener.accept().await, listener, server);
                    std::future::pending::<()>().await;
                })
            });
            env.sleep(Duration::from_secs(1)).await;
        });
        assert!(world.upgrade().is_some());
        drop(sim);
        assert!(world.upgrade().is_none());
    }
}
