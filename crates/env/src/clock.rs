//! Monotonic and wall-clock time.

use std::ops::{Add, Sub};
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::{BoxFuture, Env};

/// A point in monotonic time: the time since an origin that is fixed for the life of one [`Env`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Duration);

impl Instant {
    /// The point `since_origin` after the clock's origin. Only implementations of [`Clock`] need it.
    pub const fn from_origin(since_origin: Duration) -> Self {
        Self(since_origin)
    }

    /// The time since the clock's origin.
    pub const fn since_origin(self) -> Duration {
        self.0
    }

    /// The time from `earlier` to this point, zero when `earlier` is later.
    pub fn saturating_since(self, earlier: Instant) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;
    /// Saturates at the end of time, so that "never" can be written as `Duration::MAX`.
    fn add(self, by: Duration) -> Instant {
        Instant(self.0.saturating_add(by))
    }
}

impl Sub for Instant {
    type Output = Duration;
    fn sub(self, earlier: Instant) -> Duration {
        self.saturating_since(earlier)
    }
}

/// Where time comes from.
pub trait Clock: Send + Sync {
    /// The current point in monotonic time.
    fn now(&self) -> Instant;
    /// Milliseconds since 1970-01-01T00:00:00Z. May jump, in both directions.
    fn unix_millis(&self) -> i64;
    /// Completes at `deadline`, at once when that has passed.
    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()>;
}

/// The error of [`Env::timeout`]: the time was over first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl std::fmt::Display for Elapsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the time limit has passed")
    }
}

impl std::error::Error for Elapsed {}

impl Env {
    /// Completes after `duration`.
    pub fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock().sleep_until(self.clock().now() + duration)
    }

    /// Runs `future` for at most `limit`; it is dropped when the time is over first.
    ///
    /// # Errors
    /// [`Elapsed`] when the time was over before the future completed.
    pub async fn timeout<F: Future>(&self, limit: Duration, future: F) -> Result<F::Output, Elapsed> {
        let future = std::pin::pin!(future);
        match select(future, self.sleep(limit)).await {
            Either::Left((output, _)) => Ok(output),
            Either::Right(_) => Err(Elapsed),
        }
    }
}
