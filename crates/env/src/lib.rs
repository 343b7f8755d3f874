//! The interface to everything outside a process that a program can observe or that can fail: clock, network, disk,
//! randomness, and work that runs beside the caller.
//! Beside it [`watch`], since tokio's own is random, and [`planted`] for the tests.
//!
//! Code above this crate receives an [`Env`] and never calls the operating system itself. `env-real` implements it for
//! the machine; `env-sim` implements it from a seed, with a paused clock, an in-memory network and a disk that forgets
//! what was not flushed.

mod clock;
mod disk;
mod network;
mod random;
mod work;

pub mod planted;
pub mod watch;

use std::sync::Arc;

pub use clock::{Clock, Elapsed, Instant};
pub use disk::{Disk, File, FileId, Metadata, OpenOptions};
pub use network::{Listener, Network, Stream};
pub use random::Random;
pub use work::{Lent, Task, TaskError, Work};

/// A boxed future, the shape in which object-safe traits return asynchronous results.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The world a component lives in. Cloning is cheap; every clone is the same world.
#[derive(Clone)]
pub struct Env {
    clock: Arc<dyn Clock>,
    network: Arc<dyn Network>,
    disk: Arc<dyn Disk>,
    random: Arc<dyn Random>,
    work: Arc<dyn Work>,
}

impl Env {
    /// Puts a world together from its five parts.
    pub fn new(
        clock: Arc<dyn Clock>,
        network: Arc<dyn Network>,
        disk: Arc<dyn Disk>,
        random: Arc<dyn Random>,
        work: Arc<dyn Work>,
    ) -> Self {
        Self { clock, network, disk, random, work }
    }

    /// Time.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Sockets and name resolution.
    pub fn network(&self) -> &dyn Network {
        &*self.network
    }

    /// Files and standard streams.
    pub fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// Random numbers.
    pub fn random(&self) -> &dyn Random {
        &*self.random
    }

    /// Tasks and blocking work.
    pub fn work(&self) -> &dyn Work {
        &*self.work
    }

    /// The same world with another disk: a test gives one component a full or failing disk.
    pub fn with_disk(mut self, disk: Arc<dyn Disk>) -> Self {
        self.disk = disk;
        self
    }

    /// The same world with another network.
    pub fn with_network(mut self, network: Arc<dyn Network>) -> Self {
        self.network = network;
        self
    }

    /// Runs `future`, which calls code that may block its thread, so that a blocked thread stalls nobody else
    /// (see [`Work::in_place`]).
    pub fn lend<F: Future>(&self, future: F) -> Lent<F> {
        Lent::new(self.work.clone(), future)
    }
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Env")
    }
}
