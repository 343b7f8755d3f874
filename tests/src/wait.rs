//! Waiting for something another process will do.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

const PAUSE: Duration = Duration::from_millis(20);

/// Calls `check` until it answers true, at most for `limit`; the error says what was awaited.
pub fn wait_until(what: &str, limit: Duration, mut check: impl FnMut() -> bool) -> Result<()> {
    eventually(what, limit, || Ok(check().then_some(())))
}

/// Calls `check` until it gives a value; its own errors end the wait at once. The error after `limit` says what was awaited.
pub fn eventually<T>(what: &str, limit: Duration, mut check: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(value) = check()? {
            return Ok(value);
        }
        if start.elapsed() >= limit {
            bail!("waited {limit:?} in vain for: {what}");
        }
        std::thread::sleep(PAUSE);
    }
}

/// Calls `read` until it gives exactly `wanted`; the error after `limit` shows both.
pub fn wait_for<T: PartialEq + std::fmt::Debug>(
    wanted: &T,
    limit: Duration,
    mut read: impl FnMut() -> T,
) -> Result<()> {
    let mut last = read();
    let same = eventually("a value", limit, || {
        last = read();
        Ok((last == *wanted).then_some(()))
    });
    if same.is_err() {
        bail!("waited {limit:?} in vain for\n{wanted:?}\nbut have\n{last:?}");
    }
    Ok(())
}
