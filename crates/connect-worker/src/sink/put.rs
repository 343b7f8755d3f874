//! Puts what was taken, and what happens when the task refuses it.

use connect_api::{Error, Result};
use env::planted::{self, Bug};

use super::errant::SINK_TASK;
use super::{Bisection, Runner};
use crate::errors::{FailedRecord, Failure, Stage};
use crate::probe::Step;

impl Runner {
    /// Puts what was taken; an empty put lets time pass in the task.
    pub(super) async fn put(&mut self) -> Result<()> {
        tracing::trace!("Delivering batch of {} messages to task", self.records.len());
        let put = self.parts.env.lend(self.parts.task.put(&self.records)).await;
        if !(self.parts.alive)() {
            return Err(Error::connect("the task was given up"));
        }
        match put {
            Ok(()) => {
                if !self.records.is_empty() {
                    self.unproven = 0;
                }
                self.all_is_put().await
            }
            Err(error) if error.is_retriable() => {
                self.put_again_later(&error);
                Ok(())
            }
            Err(error) if self.parts.bisect && !self.records.is_empty() => self.narrow_down(error).await,
            Err(error) => Err(unrecoverable(error)),
        }
    }

    async fn all_is_put(&mut self) -> Result<()> {
        self.parts.probes.at(Step::Put).await?;
        self.assignment.delivered(&self.next);
        self.records.clear();
        self.next.clear();
        self.end_retry_of_nothing();
        Ok(())
    }

    fn put_again_later(&mut self, error: &Error) {
        tracing::warn!(error = format!("{error:#}"), "put failed with a retriable error; it is tried again");
        self.retrying = true;
        if !planted::acts(Bug::RetryNotPaused) {
            self.parts.consumer.pause(&self.assignment.partitions());
        }
        if planted::acts(Bug::ForgottenRetry) {
            self.records.clear();
        }
    }

    /// Finds out which records made the task refuse the batch, puts the others and reports these. Until all is known
    /// nothing counts as delivered and nothing is reported, so what is put may be put again, and nothing is lost.
    #[cold]
    async fn narrow_down(&mut self, first: Error) -> Result<()> {
        tracing::warn!(
            error = format!("{first:#}"),
            records = self.records.len(),
            "put failed; the batch is put in halves to find the bad records"
        );
        let mut bisection = Bisection::new(self.records.len(), first.clone());
        while let Some(range) = bisection.next_range() {
            if self.parts.token.is_stopping() {
                return Ok(());
            }
            let put = self.parts.env.lend(self.parts.task.put(&self.records[range.clone()])).await;
            if !(self.parts.alive)() {
                return Err(Error::connect("the task was given up"));
            }
            match put {
                Ok(()) => bisection.took(&range),
                Err(error) if error.is_retriable() => {
                    self.put_again_later(&error);
                    return Ok(());
                }
                Err(error) => {
                    let skip = planted::acts(Bug::BisectDropsNeighbour) && range.len() == 2;
                    bisection.refused(if skip { range.start..range.start + 1 } else { range }, error);
                }
            }
        }
        // An outage may have begun in the middle: a sink that knows says so in an empty put.
        self.parts.env.lend(self.parts.task.put(&[])).await.map_err(unrecoverable)?;
        let took_some = bisection.took_some();
        let Some(bad) = bisection.outcome(self.unproven) else { return Err(unrecoverable(first)) };
        self.unproven = if took_some { 0 } else { self.unproven + bad.len() };
        for (row, error) in &bad {
            let record = FailedRecord::of(&self.records[*row]);
            self.parts.policy.reporters().report(&Failure { stage: Stage::TaskPut, class: SINK_TASK, error, record });
        }
        self.all_is_put().await
    }
}

fn unrecoverable(error: Error) -> Error {
    Error::connect("Exiting WorkerSinkTask due to unrecoverable exception.").caused_by(error)
}
