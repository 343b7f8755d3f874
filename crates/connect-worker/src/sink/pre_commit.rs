//! When and what a sink commits: what the task says is durable, once what failed is in the dead letter queue.

use connect_api::sink::{Offsets, TopicPartition};
use env::planted::{self, Bug};

use super::{Runner, accept};
use crate::probe::Step;

impl Runner {
    pub(super) async fn commit_when_due(&mut self) {
        let now = self.parts.env.clock().now();
        if !self.parts.requests.take_commit() && now < self.commit_due {
            return;
        }
        self.commit_due = now + self.parts.flush_interval;
        let partitions = self.assignment.partitions();
        if let Some(offsets) = self.pre_commit(&partitions, false).await {
            self.commit(&offsets).await;
        }
    }

    /// Asks the task what is durable. `None`: nothing to commit.
    pub(super) async fn pre_commit(&mut self, partitions: &[TopicPartition], closing: bool) -> Option<Offsets> {
        let current = self.assignment.current(partitions);
        if current.is_empty() || !(self.parts.alive)() {
            return None;
        }
        if !self.reports_are_durable(partitions).await {
            return None;
        }
        let returned = self.parts.env.lend(self.parts.task.pre_commit(&current)).await;
        if !(self.parts.alive)() {
            return None;
        }
        let returned = match returned {
            Ok(returned) => returned,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "offsets are not committed: the task's flush failed");
                if !closing && !planted::acts(Bug::SkippedRewind) {
                    self.rewind_to_committed(partitions);
                }
                return None;
            }
        };
        let accepted = accept(returned, &current, |reason| tracing::warn!("the task returned {reason}; ignored"));
        let changed = self.assignment.changed(&accepted);
        (!changed.is_empty() && self.parts.probes.at(Step::PreCommitted).await.is_ok()).then_some(changed)
    }

    fn rewind_to_committed(&mut self, partitions: &[TopicPartition]) {
        for (partition, offset) in self.assignment.back_to_committed(partitions) {
            self.parts.consumer.seek(&partition, offset);
        }
        // What was taken from beyond there comes again.
        self.records.clear();
        self.next.clear();
        self.end_retry_of_nothing();
    }

    /// Waits until what failed in these partitions is in the dead letter queue.
    async fn reports_are_durable(&mut self, partitions: &[TopicPartition]) -> bool {
        if planted::acts(Bug::CommitBeforeLetters) {
            return true;
        }
        let (env, reports, limit) = (self.parts.env.clone(), self.parts.reports.clone(), self.parts.flush_timeout);
        let queue = self.parts.policy.reporters().dead_letters.clone();
        let durable = async {
            reports.durable(partitions).await;
            if let Some(queue) = queue {
                queue.settle(0).await;
            }
        };
        let in_time = env.timeout(limit, durable).await.is_ok();
        if !in_time {
            tracing::warn!("offsets are not committed yet: the dead letter queue has not stored everything");
        }
        in_time
    }

    pub(super) async fn commit(&mut self, offsets: &Offsets) {
        tracing::debug!("Committing offsets of {} partitions", offsets.len());
        let commit = self.parts.consumer.commit(offsets);
        match self.parts.env.timeout(self.parts.flush_timeout, commit).await {
            Ok(Ok(())) => {
                self.assignment.committed(offsets);
                // A failing probe ends the task at its next step.
                let _ = self.parts.probes.at(Step::Committed).await;
            }
            Ok(Err(error)) => {
                tracing::error!(error = format!("{error:#}"), "Commit of offsets threw an unexpected exception");
            }
            Err(_) => tracing::warn!("Commit of offsets timed out"),
        }
    }
}
