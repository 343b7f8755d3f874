//! A look at a broker's data from outside, for views and tests: at once, without a request.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::Data;
use crate::topics::Isolation;

impl Data {
    /// The topics, each with its number of partitions.
    #[must_use]
    pub fn topics(&self) -> BTreeMap<String, i32> {
        let count = |partitions: usize| i32::try_from(partitions).unwrap_or(i32::MAX);
        self.0.topics.all().iter().map(|topic| (topic.name.clone(), count(topic.partitions.len()))).collect()
    }

    /// The batches of a partition from the one that holds `offset` on; empty when there are none yet.
    #[must_use]
    pub fn batches(&self, topic: &str, partition: i32, offset: i64) -> Bytes {
        let Some(topic) = self.0.topics.get(topic) else { return Bytes::new() };
        let Some(partition) = topic.partition(partition) else { return Bytes::new() };
        let nobody = Arc::new(Notify::new());
        partition
            .read(offset, usize::MAX, true, Isolation::ReadUncommitted, &nobody)
            .map(|slice| slice.records)
            .unwrap_or_default()
    }

    /// The offset that the next record of a partition gets; 0 when there is no such partition yet.
    #[must_use]
    pub fn end_offset(&self, topic: &str, partition: i32) -> i64 {
        let topic = self.0.topics.get(topic);
        topic.and_then(|topic| topic.partition(partition).map(|found| found.end_offset())).unwrap_or(0)
    }

    /// What a group has committed for a partition: the offset of the next record.
    #[must_use]
    pub fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<i64> {
        self.0.offsets.get(group, topic, partition).map(|committed| committed.offset)
    }
}
