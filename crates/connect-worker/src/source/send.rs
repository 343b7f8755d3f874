//! Handing rows to the producer and to the tracker, in one step.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use connect_api::{Error, Record, Result, SourceOrigin};
use connect_kafka::{Producer, Rows};
use env::Env;
use futures_util::FutureExt;

use super::tracker::Entry;
use super::{InFlight, TopicCreation};
use crate::budget::{Lease, Share};
use crate::errors::{DeadLetterQueue, FailedRecord, Handled, Policy, Stage};

/// Where a task's rows go.
pub struct Outbox {
    /// The world.
    pub env: Env,
    /// The producer.
    pub producer: Arc<dyn Producer>,
    /// The records in flight, shared with the acknowledging half.
    pub in_flight: InFlight,
    /// The task's share of the worker's byte budget.
    pub budget: Share,
    /// Creates topics before the first row goes there; `None`: that is the broker's affair.
    pub topics: Option<TopicCreation>,
    /// Whether what Kafka refuses later is to be a letter.
    pub letters: bool,
}

/// The records of a batch that became letters instead of rows, each with the row it came before, ascending.
#[derive(Debug, Default)]
pub struct Letters(Vec<(usize, SourceOrigin)>);

impl Letters {
    /// Those among the originals of a batch, of which `records` are left, in order; `failed`: the task fails at what
    /// comes behind them. Where it cannot be said which are left there are none, and their offsets wait for the next.
    pub fn among(batch: &[Arc<Record>], records: &[Record], queue: &DeadLetterQueue, failed: bool) -> Self {
        let (mut letters, mut row) = (Vec::new(), 0);
        for original in batch {
            let left = records.get(row).and_then(Record::source_origin).and_then(|origin| origin.original.as_ref());
            if left.is_some_and(|left| Arc::ptr_eq(left, original)) {
                row += 1;
            } else if queue.has(original)
                && let Some(origin) = original.source_origin()
            {
                letters.push((row, origin.clone()));
            }
        }
        if row < records.len() {
            letters.clear();
        }
        letters.retain(|(before, _)| !failed || *before < row);
        Self(letters)
    }

    fn at(&self, row: usize) -> impl Iterator<Item = &SourceOrigin> {
        let first = self.0.partition_point(|(before, _)| *before < row);
        self.0[first..].iter().take_while(move |(before, _)| *before == row).map(|(_, origin)| origin)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The class that error reports show for failures of the producer.
pub(super) const PRODUCER_CLASS: &str = "org.apache.kafka.connect.runtime.WorkerSourceTask";

/// How long a row waits that the producer refused and may take later (Apache: `SEND_FAILED_BACKOFF_MS`).
const REFUSED_DELAY: Duration = Duration::from_millis(100);

impl Outbox {
    /// Sends rows, which were made of `records` one by one. Waits while the producer is full, within the budget. With
    /// `tolerant`, rows that the producer will never take are handled by the error policy; without, they fail the task.
    /// A task that is to stop while a topic is being created sends no row from there on.
    ///
    /// # Errors
    /// The error that fails the task. Rows before the one that failed were accepted.
    pub async fn send(
        &mut self,
        rows: &Rows,
        records: &[Record],
        letters: &Letters,
        policy: &Policy,
        tolerant: bool,
    ) -> Result<()> {
        let lease = self.lease(rows.data_len()).await?;
        let mut next = 0;
        while next < rows.len() {
            if let Some(failure) = self.in_flight.failure() {
                return Err(unrecoverable(&failure));
            }
            let end = match &mut self.topics {
                None => rows.len(),
                Some(topics) => next + topics.known_rows(&rows.rows()[next..]),
            };
            if end == next {
                if self.create_topic(&rows.rows()[next].topic).await? {
                    continue;
                }
                break;
            }
            match self.append(rows, records, letters, next..end) {
                Ok(0) => self.wait_for_room().await?,
                Ok(accepted) => next += accepted,
                Err((row, error)) if error.is_retriable() => {
                    tracing::warn!(error = format!("{error:#}"), "a record was refused; it is tried again");
                    self.env.sleep(REFUSED_DELAY).await;
                    next = row;
                }
                Err((_, error)) if !tolerant => return Err(untaken(error)),
                Err((row, error)) => {
                    self.refused(&records[row], &error, policy).await?;
                    next = row + 1;
                }
            }
        }
        let mut tracker = self.in_flight.lock();
        if next == rows.len() {
            letters.at(next).for_each(|origin| tracker.lettered(origin));
        }
        tracker.hold(lease);
        Ok(())
    }

    /// Waits for a share of the budget. The task's own rows may hold what it waits for, so they go out.
    async fn lease(&self, bytes: usize) -> Result<Lease> {
        let mut lease = std::pin::pin!(self.budget.lease(bytes));
        if let Some(lease) = lease.as_mut().now_or_never() {
            return Ok(lease);
        }
        self.producer.flush();
        tokio::select! {
            biased;
            () = self.in_flight.failed() => Err(self.failure()),
            lease = lease => Ok(lease),
        }
    }

    /// Rows before this one go out while the topic is looked for. False: the task is to stop.
    async fn create_topic(&mut self, topic: &Arc<str>) -> Result<bool> {
        self.producer.flush();
        match &mut self.topics {
            Some(topics) => topics.ensure(topic).await,
            None => Ok(true),
        }
    }

    /// Appends a range, and enters in the tracker what was accepted, before anybody can see its completion.
    fn append(
        &self,
        rows: &Rows,
        records: &[Record],
        letters: &Letters,
        range: Range<usize>,
    ) -> Result<usize, (usize, Error)> {
        let next = range.start;
        let mut tracker = self.in_flight.lock();
        let answer = self.producer.append(rows, range);
        let accepted = match &answer {
            Ok(accepted) => *accepted,
            Err(refused) => refused.row - next,
        };
        for (at, (record, row)) in (next..).zip(records[next..next + accepted].iter().zip(&rows.rows()[next..])) {
            letters.at(at).for_each(|origin| tracker.lettered(origin));
            if let Some(SourceOrigin { partition, offset, tag, original }) = record.source_origin() {
                let slot = Some(tracker.intern(partition));
                let timestamp = row.timestamp.unwrap_or(-1);
                let original = original.clone().filter(|_| self.letters);
                tracker.accepted(Entry {
                    slot,
                    offset: Some(offset.clone()),
                    tag: *tag,
                    timestamp,
                    done: false,
                    original,
                });
            }
        }
        answer.map_err(|refused| (refused.row, refused.error))
    }

    async fn wait_for_room(&self) -> Result<()> {
        self.producer.flush();
        tokio::select! {
            biased;
            () = self.in_flight.failed() => Err(self.failure()),
            ready = self.producer.ready() => ready.map_err(untaken),
        }
    }

    /// A row the producer will never take, such as one larger than `max.request.size`: handled as a failed send.
    async fn refused(&self, record: &Record, error: &Error, policy: &Policy) -> Result<()> {
        let failed = FailedRecord::of(record);
        match policy.handle(Stage::KafkaProduce, PRODUCER_CLASS, error, failed, 1, policy.now()).await {
            Handled::Fail(_) => Err(unrecoverable(error)),
            Handled::Skip | Handled::Retry => {
                if let Some(origin) = record.source_origin() {
                    self.in_flight.lock().refused(origin);
                }
                self.in_flight.wake_for_gone();
                Ok(())
            }
        }
    }

    /// The error of a task whose producer has failed.
    pub fn failure(&self) -> Error {
        match self.in_flight.failure() {
            Some(failure) => unrecoverable(&failure),
            None => Error::connect("Unrecoverable exception from producer send callback"),
        }
    }
}

fn unrecoverable(cause: &Error) -> Error {
    Error::connect("Unrecoverable exception from producer send callback").caused_by(cause.clone())
}

fn untaken(cause: Error) -> Error {
    Error::connect("Unrecoverable exception trying to send").caused_by(cause)
}
