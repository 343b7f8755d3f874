//! The error policy at work: asks [`Tolerance`], waits, reports.

use connect_api::{Error, Result};
use env::{Env, Instant};

use super::hint::{Hints, Unreadable};
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

/// How the attempts at one record ended.
#[derive(Debug)]
pub enum Settled<T> {
    /// One succeeded.
    Done(T),
    /// None did; the record is to be reported.
    Failed {
        /// The error of the last one.
        error: Error,
        /// The error that fails the task; `None`: the record is skipped.
        fatal: Option<Error>,
    },
}

/// The error policy of one task.
pub struct Policy {
    env: Env,
    tolerance: Tolerance,
    reporters: Reporters,
    hints: Option<Hints>,
}

/// The error with what a person needs to find the record.
fn located(error: &Error, stage: Stage, class: &str, record: FailedRecord<'_>) -> Error {
    let error = match record {
        FailedRecord::Consumed { topic, partition, offset, .. } => {
            let error = error.clone().with_context("topic", topic).with_context("partition", partition);
            error.with_context("offset", offset)
        }
        FailedRecord::Source(record) => match record.source_origin() {
            Some(origin) => {
                let error = error.clone().with_context("topic", &record.topic);
                let error = error.with_context("source partition", format_args!("{:?}", origin.partition));
                error.with_context("source offset", format_args!("{:?}", origin.offset))
            }
            None => error.clone(),
        },
    };
    error.with_context("stage", stage.name()).with_context("class", class)
}

impl Policy {
    /// The policy made of these parts.
    pub fn new(env: Env, tolerance: Tolerance, reporters: Reporters) -> Self {
        Self { env, tolerance, reporters, hints: None }
    }

    /// The same with hints for people whose records cannot be read.
    #[must_use]
    pub fn with_hints(self, hints: Hints) -> Self {
        Self { hints: Some(hints), ..self }
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
        let handled = self.weigh(error, attempt, since).await;
        if !matches!(handled, Handled::Retry) {
            self.reporters.report(&Failure { stage, class, error, record });
        }
        handled
    }

    /// The same without a report.
    async fn weigh(&self, error: &Error, attempt: u32, since: Instant) -> Handled {
        let elapsed = self.env.clock().now() - since;
        match self.tolerance.decide(error, attempt, elapsed, |bound| self.env.random().below(bound)) {
            Decision::Retry(delay) => {
                self.env.sleep(delay).await;
                Handled::Retry
            }
            Decision::Skip => Handled::Skip,
            Decision::Fail(failure) => Handled::Fail(failure),
        }
    }

    /// Repeats `attempt` for one record until it succeeds or the policy says otherwise. `first` is the error of the
    /// attempt that was already made. `Ok(None)`: the record is skipped, and was reported.
    ///
    /// # Errors
    /// The error that fails the task; the record was reported.
    pub async fn settle<T>(
        &self,
        stage: Stage,
        class: &str,
        first: Error,
        record: FailedRecord<'_>,
        attempt: impl FnMut() -> Result<T>,
    ) -> Result<Option<T>> {
        match self.try_again(stage, class, record, first, attempt).await {
            Settled::Done(value) => Ok(Some(value)),
            Settled::Failed { error, fatal } => {
                self.reporters.report(&Failure { stage, class, error: &error, record });
                self.hint(stage, record);
                fatal.map_or(Ok(None), Err)
            }
        }
    }

    /// Tells people what a record that cannot be read looks like.
    fn hint(&self, stage: Stage, record: FailedRecord<'_>) {
        if let (Some(hints), FailedRecord::Consumed { topic, partition, offset, raw, .. }) = (&self.hints, record)
            && let Some(hint) = hints.about(stage, Unreadable { topic, partition, offset, raw }, self.now())
        {
            tracing::warn!("{hint}");
        }
    }

    /// Like [`Policy::settle`], but leaves the report to the caller, who may have to bring reports in order first.
    /// What fails the task names the record, the stage and the class in the log.
    pub async fn try_again<T>(
        &self,
        stage: Stage,
        class: &str,
        record: FailedRecord<'_>,
        first: Error,
        mut attempt: impl FnMut() -> Result<T>,
    ) -> Settled<T> {
        let (mut error, mut count, since) = (first, 1, self.env.clock().now());
        loop {
            match self.weigh(&located(&error, stage, class, record), count, since).await {
                Handled::Retry => match attempt() {
                    Ok(value) => return Settled::Done(value),
                    Err(next) => (error, count) = (next, count + 1),
                },
                Handled::Skip => return Settled::Failed { error, fatal: None },
                Handled::Fail(fatal) => return Settled::Failed { error, fatal: Some(fatal) },
            }
        }
    }
}
