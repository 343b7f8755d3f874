//! What a sink task asks of its runtime; taken before each poll of the consumer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use connect_api::sink::{Offsets, SinkRuntime, TopicPartition};
use connect_api::{Error, Kind, Result};
use connect_kafka::Interrupt;
use parking_lot::Mutex;

#[derive(Default)]
struct State {
    rewind: Offsets,
    timeout: Option<Duration>,
    assignment: BTreeSet<TopicPartition>,
    paused: BTreeSet<TopicPartition>,
    changed_pauses: bool,
}

/// The requests of one sink task.
pub struct Requests {
    state: Mutex<State>,
    commit: AtomicBool,
    interrupt: Interrupt,
}

impl Requests {
    /// No requests yet. `interrupt` wakes the consumer's poll.
    pub fn new(interrupt: Interrupt) -> Self {
        Self { state: Mutex::default(), commit: AtomicBool::new(false), interrupt }
    }

    /// Makes the consumer's poll return.
    pub fn interrupt(&self) {
        (self.interrupt)();
    }

    /// Takes the offsets to go back to.
    pub fn take_rewind(&self) -> Offsets {
        std::mem::take(&mut self.state.lock().rewind)
    }

    /// Takes the limit for the next poll.
    pub fn take_timeout(&self) -> Option<Duration> {
        self.state.lock().timeout.take()
    }

    /// Whether a commit was asked for since the last call.
    pub fn take_commit(&self) -> bool {
        self.commit.swap(false, Ordering::AcqRel)
    }

    /// The partitions the task paused, when that changed since the last call.
    pub fn take_pauses(&self) -> Option<Vec<TopicPartition>> {
        let mut state = self.state.lock();
        std::mem::take(&mut state.changed_pauses).then(|| state.paused.iter().cloned().collect())
    }

    /// The partitions the task paused.
    pub fn paused(&self) -> Vec<TopicPartition> {
        self.state.lock().paused.iter().cloned().collect()
    }

    /// The task has these partitions now.
    pub fn assigned(&self, partitions: Vec<TopicPartition>) {
        let mut state = self.state.lock();
        state.assignment = partitions.into_iter().collect();
        let State { paused, assignment, .. } = &mut *state;
        paused.retain(|partition| assignment.contains(partition));
    }

    fn change_pauses(&self, partitions: &[TopicPartition], verb: &str, pause: bool) -> Result<()> {
        let mut state = self.state.lock();
        if !partitions.iter().all(|partition| state.assignment.contains(partition)) {
            let text = format!("SinkTasks may not {verb} partitions that are not currently assigned to them.");
            return Err(Error::new(Kind::IllegalState, text));
        }
        for partition in partitions {
            if pause {
                state.paused.insert(partition.clone());
            } else {
                state.paused.remove(partition);
            }
        }
        state.changed_pauses = true;
        Ok(())
    }
}

impl SinkRuntime for Requests {
    fn rewind(&self, offsets: Offsets) {
        self.state.lock().rewind.extend(offsets);
    }

    fn timeout(&self, limit: Duration) {
        self.state.lock().timeout = Some(limit);
    }

    fn assignment(&self) -> Vec<TopicPartition> {
        self.state.lock().assignment.iter().cloned().collect()
    }

    fn pause(&self, partitions: &[TopicPartition]) -> Result<()> {
        self.change_pauses(partitions, "pause", true)
    }

    fn resume(&self, partitions: &[TopicPartition]) -> Result<()> {
        self.change_pauses(partitions, "resume", false)
    }

    fn request_commit(&self) {
        self.commit.store(true, Ordering::Release);
        (self.interrupt)();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn partition(number: i32) -> TopicPartition {
        TopicPartition::new("t", number)
    }

    fn requests() -> (Requests, Arc<AtomicUsize>) {
        let interrupts = Arc::new(AtomicUsize::new(0));
        let counted = interrupts.clone();
        let requests = Requests::new(Arc::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        }));
        requests.assigned(vec![partition(0), partition(1)]);
        (requests, interrupts)
    }

    #[test]
    fn each_request_is_taken_once() {
        let (requests, interrupts) = requests();
        requests.timeout(Duration::from_secs(9));
        requests.timeout(Duration::from_secs(3));
        requests.rewind(Offsets::from([(partition(0), 5), (partition(1), 6)]));
        requests.rewind(Offsets::from([(partition(0), 4)]));
        requests.request_commit();
        assert_eq!(requests.take_timeout(), Some(Duration::from_secs(3)));
        assert_eq!(requests.take_rewind(), Offsets::from([(partition(0), 4), (partition(1), 6)]));
        assert!(requests.take_commit());
        assert_eq!(
            (requests.take_timeout(), requests.take_rewind(), requests.take_commit()),
            (None, Offsets::new(), false)
        );
        assert_eq!(interrupts.load(Ordering::Relaxed), 1, "a commit does not wait for the poll to end");
    }

    #[test]
    fn pauses_are_told_when_they_change_and_remembered_until_resumed() {
        let (requests, _) = requests();
        assert_eq!(requests.take_pauses(), None);
        requests.pause(&[partition(1)]).unwrap();
        assert_eq!(requests.take_pauses(), Some(vec![partition(1)]));
        assert_eq!((requests.take_pauses(), requests.paused()), (None, vec![partition(1)]));
        requests.resume(&[partition(1)]).unwrap();
        assert_eq!((requests.take_pauses(), requests.paused()), (Some(vec![]), vec![]));
    }

    #[test]
    fn only_assigned_partitions_can_be_paused_and_a_pause_ends_with_the_assignment() {
        let (requests, _) = requests();
        let error = requests.pause(&[partition(0), partition(2)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "org.apache.kafka.connect.errors.IllegalWorkerStateException: SinkTasks may not pause partitions that are \
             not currently assigned to them."
        );
        assert!(requests.paused().is_empty(), "all or none");
        assert!(requests.resume(&[partition(2)]).unwrap_err().message().unwrap().contains("may not resume"));
        requests.pause(&[partition(0)]).unwrap();
        requests.assigned(vec![partition(1)]);
        requests.assigned(vec![partition(0), partition(1)]);
        assert!(requests.paused().is_empty());
        assert_eq!(requests.assignment(), [partition(0), partition(1)]);
    }
}
