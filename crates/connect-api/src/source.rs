//! Source connectors: read a system, hand records to the runtime, learn what Kafka acknowledged.
//!
//! # Delivery promise
//! The runtime stores an offset only after every record of that source partition up to it was acknowledged by Kafka
//! (acks=all), was dropped on purpose by a transform, or was skipped under `errors.tolerance=all`. After a crash a
//! task starts from the last stored offset: records may repeat, none is lost.
//!
//! # Order of calls
//! Connector: [`SourceConnector::start`] → [`SourceConnector::task_configs`] (again after each request for
//! reconfiguration) → [`SourceConnector::stop`].
//! Task: [`SourceTask::start`] gives two halves that run side by side. Reader: [`SourceReader::poll`] over and over →
//! [`SourceReader::stop`]. Acknowledger: [`Acknowledger::commit_records`] and [`Acknowledger::commit`], also while
//! `poll` waits; the last calls come before `stop`.

use std::sync::Arc;

use async_trait::async_trait;
use env::Env;

use crate::{Error, Record, Result, SourceOffset, SourcePartition, Token};
use kafka_config::RawConfig;

/// What a connector may ask of the runtime; shared by source and sink connectors.
pub trait ConnectorRuntime: Send + Sync {
    /// Asks for [`SourceConnector::task_configs`] (or the sink's) to be called again; returns at once.
    fn request_task_reconfiguration(&self);
    /// Declares the connector failed; its tasks keep running.
    fn raise_error(&self, error: Error);
}

/// What a source connector gets at its start.
#[derive(Clone)]
pub struct SourceConnectorContext {
    /// The connector's name.
    pub name: Arc<str>,
    /// The world.
    pub env: Env,
    /// Requests to the runtime.
    pub runtime: Arc<dyn ConnectorRuntime>,
    /// Stored offsets.
    pub offsets: Arc<dyn OffsetReader>,
}

/// Whether a connector supports exactly-once delivery with a given configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExactlyOnceSupport {
    /// It does.
    Supported,
    /// It does not.
    Unsupported,
}

/// A source connector: decides how the work is divided into tasks.
#[async_trait]
pub trait SourceConnector: Send {
    /// Begins. The configuration has its `${…}` resolved.
    async fn start(&mut self, context: SourceConnectorContext, config: RawConfig) -> Result<()>;

    /// The configurations of at most `max_tasks` tasks.
    async fn task_configs(&mut self, max_tasks: usize) -> Result<Vec<RawConfig>>;

    /// Ends; nothing is called after it.
    async fn stop(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Stored offsets of this connector.
#[async_trait]
pub trait OffsetReader: Send + Sync {
    /// The stored offset of each partition, in the order asked for.
    async fn offsets(&self, partitions: &[SourcePartition]) -> Result<Vec<Option<SourceOffset>>>;

    /// The stored offset of one partition.
    async fn offset(&self, partition: &SourcePartition) -> Result<Option<SourceOffset>> {
        Ok(self.offsets(std::slice::from_ref(partition)).await?.into_iter().next().flatten())
    }
}

/// What a source task gets at its start.
#[derive(Clone)]
pub struct SourceTaskContext {
    /// The connector's name.
    pub connector: Arc<str>,
    /// The task's number, from 0.
    pub task: u32,
    /// The world.
    pub env: Env,
    /// Stop and pause.
    pub token: Token,
    /// Stored offsets.
    pub offsets: Arc<dyn OffsetReader>,
    /// Whether the connector defines transaction boundaries (exactly-once source with `transaction.boundary=connector`);
    /// [`SourceBatch::mark`] is ignored otherwise.
    pub defines_transactions: bool,
}

/// A source task before its start.
#[async_trait]
pub trait SourceTask: Send {
    /// Begins: gives the half that reads and the half that learns of acknowledgements.
    async fn start(self: Box<Self>, context: SourceTaskContext, config: RawConfig) -> Result<SourceHalves>;
}

/// The two halves of a running source task.
pub struct SourceHalves {
    /// Reads.
    pub reader: Box<dyn SourceReader>,
    /// Learns of acknowledgements; [`Unacknowledged`] for a source that needs none.
    pub acknowledger: Box<dyn Acknowledger>,
}

/// The half that reads.
#[async_trait]
pub trait SourceReader: Send {
    /// Adds records to `batch`, which is empty; waits until there are some. Returns soon, with or without records,
    /// when the token no longer says run. Returning none is no failure: it is called again at once, so wait first.
    ///
    /// The future is dropped only when the task is given up after its time to stop is over; then nothing it did later
    /// has any effect.
    ///
    /// # Errors
    /// [`crate::Kind::Retriable`] is taken as no records; any other error fails the task. Records already added to
    /// `batch` before an error are not sent.
    async fn poll(&mut self, batch: &mut SourceBatch) -> Result<()>;

    /// Ends; nothing is called after it. Called even when `poll` failed.
    async fn stop(&mut self) -> Result<()> {
        Ok(())
    }
}

/// What became of one record.
#[derive(Clone, Debug)]
pub struct Acknowledgement {
    /// The tag the connector gave the record.
    pub tag: u64,
    /// Where Kafka stored it; `None` when it was dropped by a transform or skipped under `errors.tolerance=all`.
    pub stored: Option<Stored>,
}

/// Where Kafka stored a record.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The timestamp it is stored with, in milliseconds since 1970.
    pub timestamp: i64,
}

/// The half that learns of acknowledgements. Errors are logged and never fail the task, as in Java.
#[async_trait]
pub trait Acknowledger: Send {
    /// Whether [`Acknowledger::commit_records`] wants to be called at all; asked once. A source that does not need
    /// acknowledgements saves the runtime from making them.
    fn wants_records(&self) -> bool {
        true
    }

    /// These records are done: stored, dropped or skipped. In the order of acknowledgement; each record once.
    async fn commit_records(&mut self, _records: &[Acknowledgement]) -> Result<()> {
        Ok(())
    }

    /// The offsets of everything acknowledged so far are stored.
    async fn commit(&mut self) -> Result<()> {
        Ok(())
    }
}

/// An [`Acknowledger`] for sources that need none.
pub struct Unacknowledged;

#[async_trait]
impl Acknowledger for Unacknowledged {
    fn wants_records(&self) -> bool {
        false
    }
}

/// What a transaction does at a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// Commit everything up to the mark.
    Commit,
    /// Abort everything up to the mark.
    Abort,
}

/// The records of one poll. The runtime hands in an empty one and takes the records out, keeping the memory.
#[derive(Debug, Default)]
pub struct SourceBatch {
    records: Vec<Record>,
    marks: Vec<(usize, Boundary)>,
}

impl SourceBatch {
    /// The number of records after which a poll should return (it may return fewer or more).
    pub const TARGET_RECORDS: usize = 2_048;
    /// The memory in bytes after which a poll should return.
    pub const TARGET_BYTES: usize = 1 << 20;

    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record.
    pub fn push(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Marks the end of a transaction after the record pushed last, or, before any record, of the one that is open.
    pub fn mark(&mut self, boundary: Boundary) {
        self.marks.push((self.records.len(), boundary));
    }

    /// The number of records.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// For the runtime: the records.
    pub fn records_mut(&mut self) -> &mut Vec<Record> {
        &mut self.records
    }

    /// For the runtime: the marks, each with the number of records before it.
    pub fn marks(&self) -> &[(usize, Boundary)] {
        &self.marks
    }

    /// For the runtime: empties the batch, keeping its memory.
    pub fn clear(&mut self) {
        self.records.clear();
        self.marks.clear();
    }
}
