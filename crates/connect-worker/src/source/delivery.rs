//! At least once, or exactly once (KIP-618): a value that the reading half passes its batches to.

use std::sync::Arc;
use std::time::Duration;

use connect_api::source::Boundary;
use connect_api::{Error, Kind, Record, Result, SourceOffset, SourcePartition};
use connect_kafka::{Producer, Rows};
use env::{Env, Instant};
use indexmap::IndexMap;

use super::InFlight;
use crate::TaskId;

/// How the records of a source task are delivered.
pub enum Delivery {
    /// Offsets are stored after the records are acknowledged.
    AtLeastOnce,
    /// Records and offsets are stored in one transaction.
    ExactlyOnce(Box<Transaction>),
}

/// Where transactions end (`transaction.boundary`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionBoundary {
    /// After each poll.
    Poll,
    /// After the poll that ends this interval.
    Interval(Duration),
    /// Where the connector says.
    Connector,
}

/// Turns offsets into rows for the offsets topic.
pub trait TransactionalOffsets: Send + Sync {
    /// Appends one row.
    ///
    /// # Errors
    /// When the offset cannot be stored; nothing of the transaction becomes visible.
    fn write(&self, partition: &SourcePartition, offset: &SourceOffset, rows: &mut Rows) -> Result<()>;
}

/// What a [`Transaction`] is made of.
pub struct TransactionParts {
    /// The world.
    pub env: Env,
    /// The task.
    pub task: TaskId,
    /// The producer, transactional.
    pub producer: Arc<dyn Producer>,
    /// The records in flight: offsets are rows of the same producer and are counted with them.
    pub in_flight: InFlight,
    /// Where offsets go.
    pub offsets: Arc<dyn TransactionalOffsets>,
    /// Where transactions end.
    pub boundary: TransactionBoundary,
}

/// The transaction of a task that delivers exactly once.
pub struct Transaction {
    parts: TransactionParts,
    open: bool,
    /// When the interval began.
    since: Instant,
    /// The newest offset of each partition whose records are in the open transaction.
    pending: IndexMap<SourcePartition, SourceOffset>,
    rows: Rows,
}

impl Transaction {
    /// A transaction that is not open yet.
    pub fn new(parts: TransactionParts) -> Self {
        let since = parts.env.clock().now();
        Self { parts, open: false, since, pending: IndexMap::new(), rows: Rows::new() }
    }

    fn ensure_open(&mut self) -> Result<()> {
        if !self.open {
            self.parts.producer.begin()?;
            self.open = true;
        }
        Ok(())
    }

    /// Commits what is open; without anything to commit it is done at once.
    async fn commit(&mut self) -> Result<()> {
        if self.open || !self.pending.is_empty() {
            self.ensure_open()?;
            let committed = match self.append_offsets().await {
                Ok(()) => self.parts.producer.commit().await,
                failed => failed,
            };
            committed.map_err(|error| self.flush_failed(&error))?;
            self.open = false;
            self.pending.clear();
        }
        self.since = self.parts.env.clock().now();
        Ok(())
    }

    async fn append_offsets(&mut self) -> Result<()> {
        self.rows.clear();
        for (partition, offset) in &self.pending {
            self.parts.offsets.write(partition, offset, &mut self.rows)?;
        }
        let mut next = 0;
        while next < self.rows.len() {
            match self.append(next) {
                Ok(0) => self.parts.producer.ready().await?,
                Ok(accepted) => next += accepted,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Appends from `next` on and has them counted, before anybody can see their completion.
    fn append(&self, next: usize) -> Result<usize> {
        let mut tracker = self.parts.in_flight.lock();
        let answer = self.parts.producer.append(&self.rows, next..self.rows.len());
        tracker.accepted_own(match &answer {
            Ok(accepted) => *accepted,
            Err(refused) => refused.row - next,
        });
        answer.map_err(|refused| refused.error)
    }

    async fn abort(&mut self) -> Result<()> {
        if self.open {
            self.parts.producer.abort().await?;
            self.open = false;
        } else {
            tracing::warn!("the connector asked to abort a transaction that has no records");
        }
        // Parity: after an abort Kafka Connect commits the offsets without the records, in a transaction of their own.
        self.commit().await
    }

    fn flush_failed(&self, cause: &Error) -> Error {
        let kind = if cause.kind() == Kind::Fenced { Kind::Fenced } else { Kind::Connect };
        let text = format!("Failed to flush offsets and/or records for task {}", self.parts.task);
        let class = "org.apache.kafka.connect.errors.ConnectException";
        Error::new(kind, text).with_class(class).caused_by(cause.clone())
    }

    fn interval_is_over(&self, interval: Duration) -> bool {
        self.parts.env.clock().now() - self.since >= interval
    }
}

impl Delivery {
    /// Before rows are handed to the producer.
    ///
    /// # Errors
    /// When the transaction cannot begin.
    pub fn before_send(&mut self) -> Result<()> {
        match self {
            Delivery::AtLeastOnce => Ok(()),
            Delivery::ExactlyOnce(transaction) => transaction.ensure_open(),
        }
    }

    /// These records were handed over.
    pub fn sent(&mut self, records: &[Record]) {
        let Delivery::ExactlyOnce(transaction) = self else { return };
        for origin in records.iter().filter_map(Record::source_origin) {
            transaction.pending.insert(origin.partition.clone(), origin.offset.clone());
        }
    }

    /// The connector marked the end of a transaction here. Gives how it ended, if that counts for this task.
    ///
    /// # Errors
    /// When it could not be committed or aborted: nothing of it is visible.
    pub async fn marked(&mut self, boundary: Boundary) -> Result<Option<Boundary>> {
        match self {
            Delivery::ExactlyOnce(transaction) if transaction.parts.boundary == TransactionBoundary::Connector => {
                match boundary {
                    Boundary::Commit => transaction.commit().await?,
                    Boundary::Abort => transaction.abort().await?,
                }
                Ok(Some(boundary))
            }
            _ => Ok(None),
        }
    }

    /// A poll's records were all handed over. Gives how the transaction ended, if it did.
    ///
    /// # Errors
    /// When it could not be committed: nothing of it is visible.
    pub async fn polled(&mut self) -> Result<Option<Boundary>> {
        let Delivery::ExactlyOnce(transaction) = self else { return Ok(None) };
        let ends = match transaction.parts.boundary {
            TransactionBoundary::Poll => true,
            TransactionBoundary::Interval(interval) => transaction.interval_is_over(interval),
            TransactionBoundary::Connector => false,
        };
        if !ends {
            return Ok(None);
        }
        transaction.commit().await?;
        Ok(Some(Boundary::Commit))
    }

    /// The task ends or pauses in order. Gives how the transaction ended, if it did.
    ///
    /// # Errors
    /// When it could not be committed: nothing of it is visible.
    pub async fn finish(&mut self) -> Result<Option<Boundary>> {
        match self {
            Delivery::ExactlyOnce(transaction) if transaction.parts.boundary != TransactionBoundary::Connector => {
                transaction.commit().await?;
                Ok(Some(Boundary::Commit))
            }
            _ => Ok(None),
        }
    }

    /// The task goes on after a pause: an interval begins anew.
    pub fn resumed(&mut self) {
        if let Delivery::ExactlyOnce(transaction) = self {
            transaction.since = transaction.parts.env.clock().now();
        }
    }

    /// Whether records and offsets share transactions.
    pub fn is_exactly_once(&self) -> bool {
        matches!(self, Delivery::ExactlyOnce(_))
    }
}
