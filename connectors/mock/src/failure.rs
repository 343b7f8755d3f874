//! What fails, and when.

use std::time::Duration;

use connect_api::{Error, Kind, Result};
use connect_load::long;
use env::{Env, Instant};
use kafka_config::RawConfig;

/// The delay where none is configured.
const DEFAULT_DELAY_MS: i64 = 15_000;

/// What is to fail: a value of `mock_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `connector-failure`
    Connector,
    /// `task-failure`
    Task,
}

/// The delay before the failure, in milliseconds, when `config` asks for a failure of that kind. Any other
/// mode, also an unknown one, asks for none.
///
/// # Errors
/// When `delay_ms` is no number; it is looked at only by what is to fail.
pub(crate) fn delay(config: &RawConfig, mode: Mode) -> Result<Option<i64>> {
    let name = match mode {
        Mode::Connector => "connector-failure",
        Mode::Task => "task-failure",
    };
    if config.get("mock_mode") != Some(name) {
        return Ok(None);
    }
    config.get("delay_ms").map_or(Ok(DEFAULT_DELAY_MS), |text| long(Some(text))).map(Some)
}

/// The time until a failure, zero for a negative one.
pub(crate) fn length(delay: i64) -> Duration {
    Duration::from_millis(u64::try_from(delay).unwrap_or(0))
}

/// A task that fails some time after its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planned {
    /// The configured delay in milliseconds.
    pub(crate) delay: i64,
    /// From when on a call fails.
    pub(crate) at: Instant,
}

impl Planned {
    /// Counted from now.
    pub(crate) fn new(env: &Env, delay: i64) -> Self {
        // Java compares whole milliseconds with "more than".
        let at = match u64::try_from(delay) {
            Ok(millis) => env.clock().now() + Duration::from_millis(millis.saturating_add(1)),
            Err(_) => env.clock().now(),
        };
        Self { delay, at }
    }

    /// # Errors
    /// The planned failure, from its time on.
    pub(crate) fn check(&self, env: &Env) -> Result<()> {
        if env.clock().now() >= self.at { Err(failure()) } else { Ok(()) }
    }
}

/// The failure itself: Java's `RuntimeException` without a message.
pub(crate) fn failure() -> Error {
    Error::without_message(Kind::Connect).with_class("java.lang.RuntimeException")
}
