//! Consuming.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connect_api::sink::{Offsets, TopicPartition};
use connect_api::{RawRecord, Result, TimestampType};

/// A consumed record, undecoded.
#[derive(Clone, Debug)]
pub struct ConsumedRecord {
    /// The offset.
    pub offset: i64,
    /// Milliseconds since 1970, -1 when there is none.
    pub timestamp: i64,
    /// What the timestamp means.
    pub timestamp_type: TimestampType,
    /// The bytes.
    pub raw: RawRecord,
}

/// Records of one partition, in order.
#[derive(Clone, Debug)]
pub struct PartitionRecords {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The records.
    pub records: Vec<ConsumedRecord>,
}

/// Must be kept until everything for the revoked partitions is committed: the consumer rejoins the group when it is
/// dropped, or when the rebalance time-out is over.
pub struct Revocation(Option<Box<dyn FnOnce() + Send>>);

impl Revocation {
    /// Calls `done` when dropped.
    pub fn new(done: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(done)))
    }
}

impl Drop for Revocation {
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            done();
        }
    }
}

impl std::fmt::Debug for Revocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Revocation")
    }
}

/// What a poll found.
#[derive(Debug)]
pub enum ConsumerEvent {
    /// Records.
    Records(Vec<PartitionRecords>),
    /// New partitions; fetching starts after the next poll.
    Assigned(Vec<TopicPartition>),
    /// Partitions to be given up: commit what is done for them, then drop the [`Revocation`].
    Revoked(Vec<TopicPartition>, Revocation),
    /// Partitions that somebody else has already: nothing can be committed for them.
    Lost(Vec<TopicPartition>),
    /// The time was over, or the poll was interrupted.
    Idle,
}

/// Makes the poll that is waiting, or the next one, return [`ConsumerEvent::Idle`].
pub type Interrupt = Arc<dyn Fn() + Send + Sync>;

/// Chooses topics by name. Asked for every topic whenever metadata is refreshed.
pub type TopicMatcher = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// A consumer in a group, without auto-commit.
#[async_trait]
pub trait Consumer: Send {
    /// Says which topics; partitions come as [`ConsumerEvent::Assigned`].
    fn subscribe(&mut self, topics: &[Arc<str>]) -> Result<()>;

    /// Subscribes to every topic whose name `matcher` takes, also to those that come later; Kafka's own aside.
    fn subscribe_matching(&mut self, matcher: TopicMatcher) -> Result<()>;

    /// Waits at most `limit` for an event.
    ///
    /// # Errors
    /// When the consumer can go on no more.
    async fn poll(&mut self, limit: Duration) -> Result<ConsumerEvent>;

    /// The offset of the next record to be delivered.
    ///
    /// # Errors
    /// When the partition is not assigned, or Kafka does not say.
    async fn position(&mut self, partition: &TopicPartition) -> Result<i64>;

    /// Delivers from `offset` on; records fetched before are forgotten.
    fn seek(&mut self, partition: &TopicPartition, offset: i64);

    /// Delivers nothing of these partitions until resumed.
    fn pause(&mut self, partitions: &[TopicPartition]);

    /// Delivers them again.
    fn resume(&mut self, partitions: &[TopicPartition]);

    /// Commits offsets: for each partition that of the next record.
    ///
    /// # Errors
    /// When they are not committed, after retries.
    async fn commit(&mut self, offsets: &Offsets) -> Result<()>;

    /// A handle that interrupts polls from another task.
    fn interrupt(&self) -> Interrupt;

    /// A handle that ends the consumer from another task, at once: its partitions go to somebody else, and nothing it
    /// is asked for later takes effect. For a consumer whose user hangs.
    fn abandon(&self) -> Interrupt;

    /// Leaves the group and closes.
    async fn close(&mut self);
}
