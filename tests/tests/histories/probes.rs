//! Interference at each step of a record's life.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use connect_api::{Error, Result};
use connect_worker::probe::{Probe, Step};
use env::{BoxFuture, Env};
use env_sim::{Action, SimHandle};

use super::checkers::Observer;
use super::dice::Dice;
use super::plan::failpoint;
use super::tally::Tally;
use super::world::WORKER;

/// Failpoints, as long as accidents may happen.
pub(crate) struct Chaos {
    sim: SimHandle,
    dice: Dice,
    tally: Arc<Tally>,
    observer: Arc<Observer>,
    over: AtomicBool,
}

impl Chaos {
    pub(crate) fn new(sim: &SimHandle, tally: Arc<Tally>, observer: Arc<Observer>) -> Arc<Self> {
        let (dice, over) = (Dice::new(sim), AtomicBool::new(false));
        Arc::new(Self { sim: sim.clone(), dice, tally, observer, over })
    }

    /// From now on everything goes well.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Something that must not be.
    pub(crate) fn violate(&self, what: String) {
        self.observer.violate(what);
    }

    /// Something else happened.
    pub(crate) fn tally(&self, name: &str) {
        self.tally.add(name);
    }

    /// A failpoint was reached: what happens there.
    pub(crate) fn reached(&self, point: &str) -> Action {
        self.tally.add(point);
        let action = self.sim.failpoints().hit(point);
        let action = if self.is_over() { Action::Continue } else { action };
        match action {
            Action::Continue => {}
            Action::Error => self.tally.add(format!("{point}: error")),
            Action::Delay(_) => self.tally.add(format!("{point}: delay")),
            Action::Crash => self.tally.add(format!("{point}: end of the process")),
        }
        action
    }

    /// The worker's process ends here, by a kill or by a loss of power.
    pub(crate) fn end_worker(&self) {
        if self.dice.percent(50) {
            self.kill();
        } else {
            self.lose_power();
        }
    }

    pub(crate) fn kill(&self) {
        self.observer.look();
        self.tally.add("process killed");
        self.sim.kill(WORKER);
        self.observer.look();
    }

    pub(crate) fn lose_power(&self) {
        self.observer.look();
        self.tally.add("power lost");
        self.sim.crash(WORKER);
        self.observer.power_lost();
        self.observer.look();
    }
}

/// The probe of one worker process.
pub(crate) struct Interference {
    pub(crate) env: Env,
    pub(crate) chaos: Arc<Chaos>,
}

impl Probe for Interference {
    fn hit(&self, step: Step) -> BoxFuture<'static, Result<()>> {
        let observer = &self.chaos.observer;
        observer.look();
        if step == Step::OffsetsStored {
            observer.offsets_stored();
        }
        match self.chaos.reached(&failpoint(step)) {
            Action::Continue => Box::pin(std::future::ready(Ok(()))),
            Action::Error => Box::pin(std::future::ready(Err(failure(step)))),
            Action::Delay(by) => {
                let sleep = self.env.sleep(by);
                Box::pin(async move {
                    sleep.await;
                    Ok(())
                })
            }
            Action::Crash => {
                self.chaos.end_worker();
                Box::pin(std::future::pending())
            }
        }
    }
}

fn failure(step: Step) -> Error {
    Error::connect(format!("the test lets {step:?} fail"))
}
