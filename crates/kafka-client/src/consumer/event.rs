//! What a consumer tells its user.

use std::sync::Arc;

use kafka_wire::Record;
use kafka_wire::batch::TimestampType;

use crate::group::RevokeDone;
use crate::topic_partition::TopicPartition;

/// What [`crate::Consumer::poll`] returns.
#[derive(Debug)]
pub enum Event {
    /// Records, at most `max.poll.records` together, in order within each partition.
    Records(Vec<FetchedRecords>),
    /// The partitions this member has now, all of them; their positions are known. Perhaps none.
    Assigned(Vec<TopicPartition>),
    /// The partitions this member had are to be given up: write and commit what there is, then drop the event.
    Revoked(Revoked),
    /// The partitions this member had belong to somebody else already: what is not committed cannot be any more.
    Lost(Vec<TopicPartition>),
    /// The time was over, or somebody interrupted.
    Idle,
}

/// Partitions to be given up. The member joins its group again when this is dropped; until then commits work.
#[derive(Debug)]
pub struct Revoked {
    /// The partitions.
    pub partitions: Vec<TopicPartition>,
    pub(super) _done: RevokeDone,
}

/// Consecutive records of a partition.
#[derive(Debug, Clone)]
pub struct FetchedRecords {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// Whose clock the timestamps are from.
    pub timestamp_type: TimestampType,
    /// The records, never none. Their parts share the memory of the fetched batch, which stays as long as any of them.
    pub records: Vec<Record>,
    /// The position after them: what to commit once they are done.
    pub next_offset: i64,
}

/// Where to begin in a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartAt {
    /// At this offset.
    Offset(i64),
    /// At the first record.
    Earliest,
    /// After the last record.
    Latest,
    /// At the group's committed offset, or else as `auto.offset.reset` says.
    Committed,
}
