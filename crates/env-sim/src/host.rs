//! Machines, and the process that runs on each.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use env::Env;
use parking_lot::Mutex;
use tokio::task::AbortHandle;

use crate::clock::SimClock;
use crate::disk::{Drive, SimDisk};
use crate::network::SimNetwork;
use crate::random::SimRandom;
use crate::seed::Choices;
use crate::work::SimWork;
use crate::world::{World, address_of};

/// A machine. It outlives its processes, of which one runs at a time.
pub(crate) struct Host {
    pub(crate) name: String,
    /// Counted from 1.
    pub(crate) number: u32,
    pub(crate) drive: Arc<Drive>,
    process: Mutex<Option<Arc<Process>>>,
    started: Mutex<u64>,
}

impl Host {
    pub(crate) fn new(world: &World, name: &str, number: u32) -> Self {
        Self {
            name: name.to_owned(),
            number,
            drive: Arc::new(Drive::new(Choices::new(world.seed, &format!("disk {name}")), number)),
            process: Mutex::new(None),
            started: Mutex::new(0),
        }
    }

    pub(crate) fn ip(&self) -> IpAddr {
        address_of(self.number)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.process.lock().is_some()
    }

    /// The world as the machine's process sees it; a process is started when none runs.
    pub(crate) fn env(self: &Arc<Self>, world: &Arc<World>) -> Env {
        let process = self.process.lock().get_or_insert_with(|| self.start(world)).clone();
        process.env(world)
    }

    fn start(self: &Arc<Self>, world: &Arc<World>) -> Arc<Process> {
        let mut started = self.started.lock();
        *started += 1;
        world.record(format_args!("{}: process {started} starts", self.name));
        Arc::new(Process {
            host: self.clone(),
            random: Arc::new(SimRandom(Choices::new(world.seed, &format!("random {} {started}", self.name)))),
            alive: AtomicBool::new(true),
            tasks: Mutex::default(),
            busy: Mutex::default(),
        })
    }

    /// Ends the process: its tasks are aborted, nothing it still does has an effect. Its connections and the disk are the
    /// caller's concern.
    pub(crate) fn end_process(&self) {
        let Some(process) = self.process.lock().take() else { return };
        process.alive.store(false, Ordering::SeqCst);
        let tasks = std::mem::take(&mut *process.tasks.lock());
        for task in tasks.values() {
            task.abort();
        }
    }
}

/// A process: what its tasks, files and connections belong to.
pub(crate) struct Process {
    pub(crate) host: Arc<Host>,
    random: Arc<SimRandom>,
    alive: AtomicBool,
    tasks: Mutex<BTreeMap<u64, AbortHandle>>,
    busy: Mutex<Duration>,
}

impl Process {
    fn env(self: &Arc<Self>, world: &Arc<World>) -> Env {
        let (world, process) = (world.clone(), self.clone());
        Env::new(
            Arc::new(SimClock { world: world.clone(), host: self.host.number }),
            Arc::new(SimNetwork { world: world.clone(), process: process.clone() }),
            Arc::new(SimDisk { world: world.clone(), process: process.clone() }),
            self.random.clone(),
            Arc::new(SimWork { world, process }),
        )
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.alive.load(Ordering::SeqCst)
    }

    /// # Errors
    /// When the process was killed: code that has not noticed yet must change nothing outside.
    pub(crate) fn check_alive(&self) -> io::Result<()> {
        if self.is_alive() { Ok(()) } else { Err(io::Error::other("this process of the simulation was killed")) }
    }

    /// A task that ends with the process; at once when that has ended.
    pub(crate) fn own_task(&self, id: u64, task: AbortHandle) {
        if self.is_alive() {
            self.tasks.lock().insert(id, task);
        } else {
            task.abort();
        }
    }

    pub(crate) fn disown_task(&self, id: u64) {
        // Dropped after the lock is released.
        let _task = self.tasks.lock().remove(&id);
    }

    /// The calling task was blocked for that long: it goes on only after that time.
    pub(crate) fn add_busy(&self, by: Duration) {
        *self.busy.lock() += by;
    }

    /// How long the task that was just polled was blocked.
    pub(crate) fn take_busy(&self) -> Duration {
        std::mem::take(&mut *self.busy.lock())
    }
}
