//! Producing.

use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use connect_api::{Error, Result};
use kafka_client::producer::Rows;

/// What became of the rows of one batch.
pub type Completion = kafka_client::producer::Completion<Error>;

/// A row that was refused at once; the rows before it were accepted.
#[derive(Clone, Debug)]
pub struct AppendError {
    /// Its index among the rows given.
    pub row: usize,
    /// Why.
    pub error: Error,
}

/// A producer. Rows are numbered from 0 in the order in which they are accepted; completions name these numbers.
/// Order within a partition survives every retry.
#[async_trait]
pub trait Producer: Send + Sync {
    /// Takes rows from the front of `range`, without waiting. Gives how many were accepted: fewer than all when memory
    /// is full or a topic is not known yet; then wait for [`Producer::ready`].
    ///
    /// # Errors
    /// When a row can never be accepted. Rows before it were accepted; it and those after it were not.
    fn append(&self, rows: &Rows, range: Range<usize>) -> Result<usize, AppendError>;

    /// Completes when [`Producer::append`] may accept more.
    ///
    /// # Errors
    /// When the rows wait for something that will not come: a topic that may not be used, a closed producer.
    async fn ready(&self) -> Result<()>;

    /// Sends what was accepted without waiting for fuller batches.
    fn flush(&self);

    /// What became of rows since the last call; waits until there is something. Empty once the producer is closed.
    async fn completions(&self) -> Vec<Completion>;

    /// Begins a transaction; the rows accepted from now on belong to it (exactly-once source).
    ///
    /// # Errors
    /// When the producer is not transactional or was fenced.
    fn begin(&self) -> Result<()>;

    /// Commits the transaction after everything accepted was stored.
    ///
    /// # Errors
    /// [`connect_api::Kind::Fenced`] when a successor took over; any error means that nothing of it is visible.
    async fn commit(&self) -> Result<()>;

    /// Aborts the transaction.
    ///
    /// # Errors
    /// [`connect_api::Kind::Fenced`] when a successor took over.
    async fn abort(&self) -> Result<()>;

    /// Sends what was accepted, waits for it at most `limit`, and closes.
    async fn close(&self, limit: Duration);

    /// Closes at once: nothing accepted and not yet sent takes effect any more.
    fn close_now(&self);
}
