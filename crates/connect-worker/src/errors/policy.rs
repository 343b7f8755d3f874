//! The error policy at work: asks [`Tolerance`], waits, reports.

use connect_api::{Error, Result};
use env::{Env, Instant};

use super::{Decision, FailedRecord, Failure, Reporters, Stage, Tolerance};

/// What became of a failure.
#[derive(Debug)]
pub enum Handled {
    /// The wait is over: try the stage again.
    Retry,
    /// The record is skipped; it has been reported.
    Skip,
    /// The task fails with this error; the record has been reported.
    Fail(Error),
}

/// The error policy of one task.
pub struct Policy {
    env: Env,
    tolerance: Tolerance,
    reporters: Reporters,
}

impl Policy {
    /// The policy made of these parts.
    pub fn new(env: Env, tolerance: Tolerance, reporters: Reporters) -> Self {
        Self { env, tolerance, reporters }
    }

    /// Everybody who is told.
    pub fn reporters(&self) -> &Reporters {
        &self.reporters
    }

    /// `errors.tolerance`
    pub fn tolerance(&self) -> &Tolerance {
        &self.tolerance
    }

    /// The time now, from which retries are counted.
    pub fn now(&self) -> Instant {
        self.env.clock().now()
    }

    /// Handles a failure of attempt number `attempt`, the first of which began at `since`. Waits before it says retry.
    pub async fn handle(
        &self,
        stage: Stage,
        class: &str,
        error: &Error,
        record: FailedRecord<'_>,
        attempt: u32,
        since: Instant,
    ) -> Handled {
        let elapsed = self.env.clock().now() - since;
        match self.tolerance.decide(error, attempt, elapsed, |bound| self.env.random().below(bound)) {
            Decision::Retry(delay) => {
                self.env.sleep(delay).await;
                Handled::Retry
            }
            Decision::Skip => {
                self.reporters.report(&Failure { stage, class, error, record });
                Handled::Skip
            }
            Decision::Fail(failure) => {
                self.reporters.report(&Failure { stage, class, error, record });
                Handled::Fail(failure)
            }
        }
    }

    /// Repeats `attempt` for one record until it succeeds or the policy says otherwise. `first` is the error of the
    /// attempt that was already made. `Ok(None)`: the record is skipped.
    ///
    /// # Errors
    /// The error that fails the task.
    pub async fn settle<T>(
        &self,
        stage: Stage,
        class: &str,
        first: Error,
        record: FailedRecord<'_>,
        mut attempt: impl FnMut() -> Result<T>,
    ) -> Result<Option<T>> {
        let (mut error, mut count, since) = (first, 1, self.env.clock().now());
        loop {
            match self.handle(stage, class, &error, record, count, since).await {
                Handled::Retry => match attempt() {
                    Ok(value) => return Ok(Some(value)),
                    Err(next) => (error, count) = (next, count + 1),
                },
                Handled::Skip => return Ok(None),
                Handled::Fail(failure) => return Err(failure),
            }
        }
    }
}
