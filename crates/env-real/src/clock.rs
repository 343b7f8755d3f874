//! The machine's clocks.

use std::future::pending;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use env::{BoxFuture, Clock, Instant};
use tokio::runtime::Handle;

/// Deadlines further away than this never come; the runtime's timers cannot hold them.
const NEVER: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);

/// The monotonic clock of tokio and the wall clock of the system.
pub(crate) struct MachineClock {
    origin: tokio::time::Instant,
    runtime: Handle,
}

impl MachineClock {
    pub(crate) fn new(runtime: Handle) -> Self {
        let origin = {
            let _context = runtime.enter();
            tokio::time::Instant::now()
        };
        Self { origin, runtime }
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }

    fn unix_millis(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
        }
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        if deadline.saturating_since(self.now()) > NEVER {
            return Box::pin(pending());
        }
        // A timer registers with the runtime of the calling thread, which need not be one of the runtime's own.
        let _context = self.runtime.enter();
        Box::pin(tokio::time::sleep_until(self.origin + deadline.since_origin()))
    }
}
