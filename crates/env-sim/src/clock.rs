//! Time, which passes only while nothing else can happen.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use env::{BoxFuture, Clock, Instant};
use tokio::runtime::Handle;

use crate::world::World;

/// The wall clock at the origin of every simulation: 2026-01-01T00:00:00Z.
const EPOCH_MILLIS: i64 = 1_767_225_600_000;

/// Deadlines further away than this never come, so that a world in which nothing happens does not run to its end.
const NEVER: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 10);

/// The one time of a simulation.
pub(crate) struct Time {
    runtime: Handle,
    origin: tokio::time::Instant,
    wall_step: AtomicI64,
}

impl Time {
    pub(crate) fn new(runtime: Handle) -> Self {
        let origin = {
            let _context = runtime.enter();
            tokio::time::Instant::now()
        };
        Self { runtime, origin, wall_step: AtomicI64::new(0) }
    }

    /// The time since the simulation began.
    pub(crate) fn now(&self) -> Duration {
        // Outside the runtime tokio would answer with the machine's time.
        let _context = self.runtime.enter();
        self.origin.elapsed()
    }

    pub(crate) fn unix_millis(&self) -> i64 {
        let passed = i64::try_from(self.now().as_millis()).unwrap_or(i64::MAX);
        EPOCH_MILLIS.saturating_add(passed).saturating_add(self.wall_step.load(Ordering::Relaxed))
    }

    pub(crate) fn step_wall_clock(&self, by_millis: i64) {
        self.wall_step.fetch_add(by_millis, Ordering::Relaxed);
    }

    /// A timer of the runtime, which has a resolution of one millisecond and never fires early.
    pub(crate) fn timer(&self, at: Duration) -> tokio::time::Sleep {
        let _context = self.runtime.enter();
        tokio::time::sleep_until(self.origin + at)
    }

    pub(crate) async fn sleep(&self, by: Duration) {
        if !by.is_zero() {
            self.timer(self.now() + by).await;
        }
    }
}

/// The clock of one machine; all show the same time.
pub(crate) struct SimClock {
    pub(crate) world: Arc<World>,
    pub(crate) host: u32,
}

impl Clock for SimClock {
    fn now(&self) -> Instant {
        Instant::from_origin(self.world.time.now())
    }

    fn unix_millis(&self) -> i64 {
        self.world.time.unix_millis()
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        let at = deadline.since_origin();
        if at > self.world.time.now() + NEVER {
            return Box::pin(pending());
        }
        let timer = self.world.time.timer(at);
        let (world, host) = (self.world.clone(), self.host);
        Box::pin(async move {
            timer.await;
            world.trace.mix(&[u64::from(host), at.as_nanos() as u64, world.time.now().as_nanos() as u64]);
        })
    }
}
