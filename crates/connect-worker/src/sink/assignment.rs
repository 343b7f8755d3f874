//! Which partitions a sink task has, and for each the offset to go on from.

use std::collections::BTreeMap;

use connect_api::sink::{Offsets, TopicPartition};

/// How far a partition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Progress {
    /// The next offset after what the task took in a put that succeeded.
    current: i64,
    /// What is committed, as far as this task knows.
    committed: i64,
}

/// The partitions of a sink task.
#[derive(Debug, Default)]
pub struct Assignment {
    partitions: BTreeMap<TopicPartition, Progress>,
}

impl Assignment {
    /// A new partition that goes on from `position`.
    pub fn assign(&mut self, partition: TopicPartition, position: i64) {
        self.partitions.insert(partition, Progress { current: position, committed: position });
    }

    /// A partition is gone.
    pub fn remove(&mut self, partition: &TopicPartition) {
        self.partitions.remove(partition);
    }

    /// Whether the task has it.
    pub fn contains(&self, partition: &TopicPartition) -> bool {
        self.partitions.contains_key(partition)
    }

    /// The partitions.
    pub fn partitions(&self) -> Vec<TopicPartition> {
        self.partitions.keys().cloned().collect()
    }

    /// The task took everything before these offsets.
    pub fn delivered(&mut self, next: &Offsets) {
        for (partition, offset) in next {
            if let Some(progress) = self.partitions.get_mut(partition) {
                progress.current = *offset;
            }
        }
    }

    /// The current offsets of `partitions`, as far as the task has them.
    pub fn current(&self, partitions: &[TopicPartition]) -> Offsets {
        let of = |partition: &TopicPartition| Some((partition.clone(), self.partitions.get(partition)?.current));
        partitions.iter().filter_map(of).collect()
    }

    /// The offsets to be committed out of what the task returned: those that differ from what is committed.
    pub fn changed(&self, offsets: &Offsets) -> Offsets {
        let changed = |(partition, offset): &(&TopicPartition, &i64)| {
            self.partitions.get(partition).is_some_and(|progress| progress.committed != **offset)
        };
        offsets.iter().filter(changed).map(|(partition, offset)| (partition.clone(), *offset)).collect()
    }

    /// These offsets are committed.
    pub fn committed(&mut self, offsets: &Offsets) {
        for (partition, offset) in offsets {
            if let Some(progress) = self.partitions.get_mut(partition) {
                progress.committed = *offset;
            }
        }
    }

    /// Goes on from `offset`, which the task asked for.
    pub fn rewind(&mut self, partition: &TopicPartition, offset: i64) -> bool {
        match self.partitions.get_mut(partition) {
            Some(progress) => {
                *progress = Progress { current: offset, committed: offset };
                true
            }
            None => false,
        }
    }

    /// Goes back to what is committed, because what was put since could not be made durable. Gives where to.
    pub fn back_to_committed(&mut self, partitions: &[TopicPartition]) -> Offsets {
        let mut back = Offsets::new();
        for partition in partitions {
            if let Some(progress) = self.partitions.get_mut(partition) {
                progress.current = progress.committed;
                back.insert(partition.clone(), progress.committed);
            }
        }
        back
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(number: i32) -> TopicPartition {
        TopicPartition::new("t", number)
    }

    fn offsets(entries: &[(i32, i64)]) -> Offsets {
        entries.iter().map(|&(number, offset)| (partition(number), offset)).collect()
    }

    fn assigned() -> Assignment {
        let mut assignment = Assignment::default();
        assignment.assign(partition(0), 10);
        assignment.assign(partition(1), 20);
        assignment
    }

    #[test]
    fn a_new_partition_has_nothing_to_commit() {
        let assignment = assigned();
        let current = assignment.current(&assignment.partitions());
        assert_eq!(current, offsets(&[(0, 10), (1, 20)]));
        assert_eq!(assignment.changed(&current), Offsets::new());
    }

    #[test]
    fn what_was_delivered_is_to_be_committed_once() {
        let mut assignment = assigned();
        assignment.delivered(&offsets(&[(0, 15), (7, 1)]));
        let current = assignment.current(&[partition(0), partition(1), partition(7)]);
        assert_eq!(current, offsets(&[(0, 15), (1, 20)]));
        assert_eq!(assignment.changed(&current), offsets(&[(0, 15)]));
        assignment.committed(&offsets(&[(0, 15)]));
        assert_eq!(assignment.changed(&current), Offsets::new());
    }

    #[test]
    fn a_failed_flush_goes_back_to_what_is_committed() {
        let mut assignment = assigned();
        assignment.delivered(&offsets(&[(0, 15), (1, 25)]));
        assignment.committed(&offsets(&[(0, 13)]));
        assert_eq!(assignment.back_to_committed(&[partition(0), partition(9)]), offsets(&[(0, 13)]));
        assert_eq!(assignment.current(&assignment.partitions()), offsets(&[(0, 13), (1, 25)]));
    }

    #[test]
    fn a_rewind_counts_as_committed_there() {
        let mut assignment = assigned();
        assert!(assignment.rewind(&partition(0), 3) && !assignment.rewind(&partition(9), 3));
        assert_eq!(assignment.current(&[partition(0)]), offsets(&[(0, 3)]));
        assert_eq!(assignment.changed(&offsets(&[(0, 3)])), Offsets::new());
    }

    #[test]
    fn a_partition_that_is_gone_is_unknown() {
        let mut assignment = assigned();
        assignment.remove(&partition(0));
        assert!(!assignment.contains(&partition(0)) && assignment.contains(&partition(1)));
        assignment.delivered(&offsets(&[(0, 99)]));
        assert_eq!(assignment.changed(&offsets(&[(0, 99)])), Offsets::new());
        assert_eq!(assignment.partitions(), [partition(1)]);
    }
}
