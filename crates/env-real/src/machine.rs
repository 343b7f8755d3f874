//! Puts the machine together.

use std::io;
use std::sync::Arc;

use env::Env;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::clock::MachineClock;
use crate::disk::MachineDisk;
use crate::network::MachineNetwork;
use crate::random::MachineRandom;
use crate::work::MachineWork;

/// The machine this process runs on. Tasks run on the runtime of `handle`, which must have its time and I/O drivers
/// enabled; the origin of its monotonic clock is now.
pub fn env(handle: Handle) -> Env {
    Env::new(
        Arc::new(MachineClock::new(handle.clone())),
        Arc::new(MachineNetwork),
        Arc::new(MachineDisk),
        Arc::new(MachineRandom),
        Arc::new(MachineWork::new(handle)),
    )
}

/// A runtime with `worker_threads` threads for tasks and at most `max_blocking` more for sections that block, both at
/// least 1. Every task that is inside [`env::Work::in_place`] holds one of the latter: when they run out, tasks stall.
///
/// # Errors
/// When the system refuses threads, timers or the poller.
pub fn runtime(worker_threads: usize, max_blocking: usize) -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(worker_threads.max(1))
        .max_blocking_threads(max_blocking.max(1))
        .thread_name("moldau")
        .enable_all()
        .build()
}
