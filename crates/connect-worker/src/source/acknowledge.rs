//! The half of a source task that runs beside the reading: takes what Kafka acknowledged, tells the connector, stores
//! offsets.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connect_api::source::{Acknowledger, Boundary};
use connect_api::{Error, Result, SourceOffset, SourcePartition};
use connect_kafka::{Completion, Producer};
use env::planted::{self, Bug};
use env::{Env, Instant};
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument;

use super::InFlight;
use super::send::PRODUCER_CLASS;
use crate::containment::contain;
use crate::errors::{DeadLetterQueue, FailedRecord, Failure, Stage, ToleranceType};
use crate::probe::{Probes, Step};
use crate::{TaskId, TopicTracking, scope};

/// Stores offsets of one connector, durably.
#[async_trait]
pub trait OffsetWriter: Send + Sync {
    /// Stores these offsets, all or none.
    async fn write(&self, offsets: &[(SourcePartition, SourceOffset)]) -> Result<()>;
}

/// What the reading half asks for.
pub enum Finish {
    /// Wait for what is in flight, at most for the limit, store what is safe, then end.
    AtLeastOnce(oneshot::Sender<()>),
    /// A transaction ended so: everything accepted before is final.
    Transaction(Boundary, oneshot::Sender<()>),
    /// End without storing anything.
    Abandon,
}

/// The acknowledging half.
pub struct Acknowledging {
    /// The world.
    pub env: Env,
    /// The task.
    pub task: TaskId,
    /// Gives completions.
    pub producer: Arc<dyn Producer>,
    /// The records in flight, shared with the reading half.
    pub in_flight: InFlight,
    /// The connector's half.
    pub acknowledger: Box<dyn Acknowledger>,
    /// Where offsets go; `None` when they travel in transactions.
    pub offsets: Option<Arc<dyn OffsetWriter>>,
    /// `offset.flush.interval.ms`
    pub flush_interval: Duration,
    /// `offset.flush.timeout.ms`
    pub flush_timeout: Duration,
    /// How long the end may wait for what is in flight.
    pub finish_limit: Duration,
    /// `errors.tolerance`
    pub tolerance: ToleranceType,
    /// The dead letter queue: no offset is stored before what failed is there.
    pub letters: Option<Arc<DeadLetterQueue>>,
    /// Told which topics have stored records; `None`: nobody wants to know.
    pub topics: Option<TopicTracking>,
    /// For tests.
    pub probes: Probes,
}

impl Acknowledging {
    /// Runs until told to finish, or until the producer is closed.
    pub async fn run(mut self, mut requests: mpsc::Receiver<Finish>) {
        let scope = scope::offsets(&self.task);
        let mut next_flush = self.env.clock().now() + self.flush_interval;
        loop {
            let timer = self.env.clock().sleep_until(next_flush);
            tokio::select! {
                biased;
                request = requests.recv() => match request {
                    Some(Finish::AtLeastOnce(done)) => {
                        self.finish().instrument(scope.clone()).await;
                        let _ = done.send(());
                        return;
                    }
                    Some(Finish::Transaction(boundary, done)) => {
                        self.transaction_ended(boundary).await;
                        let _ = done.send(());
                    }
                    Some(Finish::Abandon) | None => return,
                },
                // Before completions, of which there may be some at all times.
                () = timer => {
                    self.flush().instrument(scope.clone()).await;
                    next_flush = self.env.clock().now() + self.flush_interval;
                }
                completions = self.producer.completions() => {
                    if completions.is_empty() {
                        // Closed: only requests can still come.
                        return self.closed(requests).await;
                    }
                    self.take(completions).await;
                }
                () = self.in_flight.gone(), if self.offsets.is_some() => self.deliver_acknowledgements().await,
            }
        }
    }

    async fn closed(self, mut requests: mpsc::Receiver<Finish>) {
        while let Some(request) = requests.recv().await {
            match request {
                Finish::AtLeastOnce(done) | Finish::Transaction(_, done) => drop(done.send(())),
                Finish::Abandon => return,
            }
        }
    }

    async fn take(&mut self, completions: Vec<Completion>) {
        let mut failure = None;
        let mut skipped = Vec::new();
        {
            let mut tracker = self.in_flight.lock();
            for completion in &completions {
                match &completion.error {
                    None => {
                        tracker.stored(completion);
                        if let Some(topics) = &mut self.topics {
                            topics.uses(&completion.topic);
                        }
                    }
                    // Errors of a transactional producer surface when the transaction is committed; rows of an aborted
                    // one are done without being stored.
                    Some(_) if self.offsets.is_none() => drop(tracker.skipped(completion)),
                    Some(error) if self.tolerance == ToleranceType::All => {
                        tracing::warn!(task = %self.task, error = format!("{error:#}"), "records were skipped");
                        let originals = tracker.skipped(completion);
                        skipped.extend(originals.into_iter().map(|record| (record, error.clone())));
                    }
                    Some(error) => failure = failure.or_else(|| Some(error.clone())),
                }
            }
        }
        if let Some(error) = failure {
            self.in_flight.fail(error);
        }
        if let Some(queue) = &self.letters {
            for (record, error) in &skipped {
                let (stage, record) = (Stage::KafkaProduce, FailedRecord::Source(record));
                drop(queue.report(&Failure { stage, class: PRODUCER_CLASS, error, record }));
            }
        }
        if self.probes.at(Step::Acknowledged).await.is_err() {
            return;
        }
        if self.offsets.is_some() {
            self.deliver_acknowledgements().await;
        }
    }

    async fn deliver_acknowledgements(&mut self) {
        let list = self.in_flight.lock().take_acknowledgements();
        if list.is_empty() {
            return;
        }
        self.in_flight.told();
        let work = self.acknowledger.commit_records(&list);
        if let Err(error) = contain(self.env.lend(work)).await {
            tracing::error!(task = %self.task, error = format!("{error:#}"), "commit_records failed; going on");
        }
    }

    async fn tell_committed(&mut self) {
        if let Err(error) = contain(self.env.lend(self.acknowledger.commit())).await {
            tracing::error!(task = %self.task, error = format!("{error:#}"), "commit failed; going on");
        }
    }

    /// Stores the safe offsets; on failure they are taken again next time.
    async fn flush(&mut self) {
        let Some(writer) = self.offsets.clone() else { return };
        self.deliver_acknowledgements().await;
        let offsets = self.in_flight.lock().take_committable();
        let (task, partitions) = (&self.task, offsets.len());
        tracing::debug!("WorkerSourceTask{{id={task}}} Committing offsets of {partitions} source partitions");
        let began = self.env.clock().now();
        if let Err(error) = self.store(&*writer, &offsets).await {
            tracing::error!(task = %self.task, error = format!("{error:#}"), "Failed to commit offsets");
            self.in_flight.lock().restore(offsets);
            return;
        }
        self.tell_committed().await;
        let millis = (self.env.clock().now() - began).as_millis();
        tracing::debug!("WorkerSourceTask{{id={}}} Finished commitOffsets successfully in {millis} ms", self.task);
    }

    async fn store(&mut self, writer: &dyn OffsetWriter, offsets: &[(SourcePartition, SourceOffset)]) -> Result<()> {
        if offsets.is_empty() {
            return Ok(());
        }
        self.probes.at(Step::OffsetsTaken).await?;
        self.letters_are_stored().await?;
        match self.env.timeout(self.flush_timeout, writer.write(offsets)).await {
            Ok(result) => result?,
            Err(elapsed) => {
                return Err(Error::connect("Timed out waiting to flush offsets to storage").caused_by(elapsed));
            }
        }
        self.probes.at(Step::OffsetsStored).await
    }

    /// Whatever comes before these offsets and failed was reported before they were safe. A letter that cannot be stored
    /// fails the task: its record is read again.
    async fn letters_are_stored(&mut self) -> Result<()> {
        let Some(queue) = self.letters.clone() else { return Ok(()) };
        if planted::acts(Bug::CommitBeforeLetters) {
            return Ok(());
        }
        if let Err(elapsed) = self.env.timeout(self.flush_timeout, queue.settle(0)).await {
            let text = "the dead letter queue has not stored everything yet";
            return Err(Error::connect(text).caused_by(elapsed));
        }
        match queue.lost() {
            None => Ok(()),
            Some(error) => {
                let error = Error::connect("Could not produce message to dead letter queue").caused_by(error);
                self.in_flight.fail(error.clone());
                Err(error)
            }
        }
    }

    async fn finish(&mut self) {
        if self.outstanding() {
            // The wait may outlast the task's time to stop.
            self.flush().await;
            self.take_outstanding(self.finish_limit).await;
        }
        self.flush().await;
    }

    /// Every row of the transaction has its outcome, which may still have to be collected.
    async fn transaction_ended(&mut self, boundary: Boundary) {
        self.take_outstanding(self.flush_timeout).await;
        {
            let mut tracker = self.in_flight.lock();
            // They were stored with the records.
            drop(tracker.take_committable());
            if boundary == Boundary::Abort {
                tracker.aborted();
            }
        }
        self.deliver_acknowledgements().await;
        self.tell_committed().await;
    }

    /// Collects completions until nothing is outstanding, at most for `limit`.
    async fn take_outstanding(&mut self, limit: Duration) {
        self.producer.flush();
        let deadline = self.env.clock().now() + limit;
        while self.outstanding() {
            if !self.take_until(deadline).await {
                let left = self.in_flight.lock().unacknowledged();
                tracing::warn!(task = %self.task, records = left, "some records were not acknowledged in time");
                break;
            }
        }
    }

    fn outstanding(&self) -> bool {
        let tracker = self.in_flight.lock();
        tracker.unacknowledged() > 0 && tracker.failure().is_none()
    }

    async fn take_until(&mut self, deadline: Instant) -> bool {
        let left = deadline - self.env.clock().now();
        match self.env.timeout(left, self.producer.completions()).await {
            Ok(completions) if !completions.is_empty() => {
                self.take(completions).await;
                true
            }
            _ => false,
        }
    }
}
