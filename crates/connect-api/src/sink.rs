//! Sink connectors: take records from Kafka and write them to a system.
//!
//! # Delivery promise
//! The runtime commits an offset only when [`SinkTask::pre_commit`] returned it, and never one beyond what was put.
//! After a crash a task starts from the last committed offset: records may repeat, none is lost.
//!
//! # Order of calls
//! Task: [`SinkTask::start`] → ([`SinkTask::open`] → [`SinkTask::put`] over and over, also with no records →
//! [`SinkTask::pre_commit`] → [`SinkTask::close`]) for each assignment → [`SinkTask::stop`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use env::{BoxFuture, Env};

use crate::{Error, Record, Result, Token, source::ConnectorRuntime};
use kafka_config::RawConfig;

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// That partition of that topic.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

/// `topic-partition`, as Kafka prints it.
impl std::fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// For each partition, the offset of the next record to be delivered.
pub type Offsets = BTreeMap<TopicPartition, i64>;

/// Offsets that somebody wants a sink to go on from; `None` removes a partition's.
pub type AlteredOffsets = BTreeMap<TopicPartition, Option<i64>>;

/// What a sink connector gets at its start.
#[derive(Clone)]
pub struct SinkConnectorContext {
    /// The connector's name.
    pub name: Arc<str>,
    /// The world.
    pub env: Env,
    /// Requests to the runtime.
    pub runtime: Arc<dyn ConnectorRuntime>,
}

/// A sink connector: decides how the work is divided into tasks.
#[async_trait]
pub trait SinkConnector: Send {
    /// Begins. The configuration has its `${…}` resolved.
    async fn start(&mut self, context: SinkConnectorContext, config: RawConfig) -> Result<()>;

    /// The configurations of at most `max_tasks` tasks.
    async fn task_configs(&mut self, max_tasks: usize) -> Result<Vec<RawConfig>>;

    /// Ends; nothing is called after it.
    async fn stop(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Requests of a sink task to its runtime. Each takes effect before the next poll of the consumer.
pub trait SinkRuntime: Send + Sync {
    /// Goes back (or ahead) to these offsets.
    fn rewind(&self, offsets: Offsets);
    /// The longest time until the next `put`, once: for a retry of a batch or a flush of a buffer.
    fn timeout(&self, limit: Duration);
    /// The partitions the task has.
    fn assignment(&self) -> Vec<TopicPartition>;
    /// Delivers nothing of these partitions until resumed.
    ///
    /// # Errors
    /// When one of them is not assigned.
    fn pause(&self, partitions: &[TopicPartition]) -> Result<()>;
    /// Delivers them again.
    ///
    /// # Errors
    /// When one of them is not assigned.
    fn resume(&self, partitions: &[TopicPartition]) -> Result<()>;
    /// Commits soon, not only when the interval is over.
    fn request_commit(&self);
}

/// Takes records that the task could not write, also long after `put` returned. Present only when something listens:
/// a dead letter queue or the log.
pub trait ErrantRecordReporter: Send + Sync {
    /// Reports a record with what was wrong. The result completes when the report is durable; the offset of the record
    /// is committed only after that, whether anybody waits for the result or not.
    ///
    /// # Errors
    /// At once, with `Tolerance exceeded in error handler`, when `errors.tolerance` is `none`: pass it on.
    fn report(&self, record: &Record, error: Error) -> Result<BoxFuture<'static, Result<()>>>;
}

/// What a sink task gets at its start.
#[derive(Clone)]
pub struct SinkTaskContext {
    /// The connector's name.
    pub connector: Arc<str>,
    /// The task's number, from 0.
    pub task: u32,
    /// The world.
    pub env: Env,
    /// Stop and pause.
    pub token: Token,
    /// Requests to the runtime.
    pub runtime: Arc<dyn SinkRuntime>,
    /// Where to report records that cannot be written.
    pub errant_records: Option<Arc<dyn ErrantRecordReporter>>,
}

/// A sink task.
#[async_trait]
pub trait SinkTask: Send {
    /// Begins, with no partitions yet.
    async fn start(&mut self, context: SinkTaskContext, config: RawConfig) -> Result<()>;

    /// These partitions are the task's from now on.
    async fn open(&mut self, _partitions: &[TopicPartition]) -> Result<()> {
        Ok(())
    }

    /// These partitions are no longer the task's.
    async fn close(&mut self, _partitions: &[TopicPartition]) -> Result<()> {
        Ok(())
    }

    /// Takes records, in order within each partition. May keep clones beyond the call (see [`Record::detach`]).
    /// Called with no records too, so that time can pass.
    ///
    /// # Errors
    /// [`crate::Kind::Retriable`]: the same records are put again later. Any other error fails the task.
    async fn put(&mut self, records: &[Record]) -> Result<()>;

    /// Makes everything put so far durable.
    ///
    /// # Errors
    /// Nothing is committed, and the records since the last commit are delivered again.
    async fn flush(&mut self, _offsets: &Offsets) -> Result<()> {
        Ok(())
    }

    /// The offsets that may be committed: at most `offsets`, the next ones after what was put. The default flushes and
    /// returns them all.
    ///
    /// # Errors
    /// As [`SinkTask::flush`].
    async fn pre_commit(&mut self, offsets: &Offsets) -> Result<Offsets> {
        self.flush(offsets).await?;
        Ok(offsets.clone())
    }

    /// Ends; nothing is called after it.
    async fn stop(&mut self) -> Result<()> {
        Ok(())
    }
}
