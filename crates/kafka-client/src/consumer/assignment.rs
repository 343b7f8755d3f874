//! What a consumer's user was told of its partitions, and what is still to be told.

use std::collections::VecDeque;

use super::event::{Event, FetchedRecords, Revoked, StartAt};
use super::partitions::Partitions;
use crate::error::ClientError;
use crate::group::RevokeDone;
use crate::topic_partition::TopicPartition;

/// Everything below a consumer's lock.
#[derive(Default)]
pub(super) struct State {
    pub(super) partitions: Partitions,
    /// What polls are to return before records.
    events: VecDeque<Result<Event, ClientError>>,
    /// `Assigned` is to be told once all positions are known.
    announce: bool,
    /// The user knows of the partitions.
    announced: bool,
    /// The next poll returns at once.
    pub(super) interrupted: bool,
    pub(super) closed: bool,
}

impl State {
    /// The next thing to tell.
    pub(super) fn next_event(&mut self) -> Option<Result<Event, ClientError>> {
        self.events.pop_front()
    }

    /// The group assigned these.
    pub(super) fn assigned(&mut self, partitions: Vec<TopicPartition>) {
        self.partitions.assign(partitions.into_iter().map(|of| (of, StartAt::Committed)));
        self.announce = true;
        self.announced = false;
    }

    /// Tells of the assignment once everything about it is known; whether there is something new to tell.
    pub(super) fn announce(&mut self) -> bool {
        let due = self.announce && self.partitions.are_settled();
        if due {
            self.announce = false;
            self.announced = true;
            self.events.push_back(Ok(Event::Assigned(self.partitions.assigned())));
        }
        due
    }

    /// Up to `max` records. None before the user knows of the partitions: a user who was not told of a partition takes
    /// nothing of it, and the position would be behind what was never seen.
    ///
    /// # Errors
    /// As [`Partitions::take`].
    pub(super) fn take(&mut self, max: usize, check_crcs: bool) -> Result<Vec<FetchedRecords>, ClientError> {
        if self.announce { Ok(Vec::new()) } else { self.partitions.take(max, check_crcs) }
    }

    /// The group wants everything back. What the user does not know of, or of which there is nothing, is given up at
    /// once.
    pub(super) fn revoke(&mut self, done: RevokeDone) {
        let partitions = self.partitions.assigned();
        self.announce = false;
        if std::mem::take(&mut self.announced) && !partitions.is_empty() {
            self.partitions.suspended = true;
            self.events.push_back(Ok(Event::Revoked(Revoked { partitions, _done: done })));
        } else {
            self.partitions.clear();
        }
    }

    /// The partitions are somebody else's.
    pub(super) fn lose(&mut self) {
        let partitions = self.partitions.assigned();
        // The user has not seen that they are revoked: now it is too late.
        let unseen = self.events.iter().any(|event| matches!(event, Ok(Event::Revoked(_))));
        self.events.retain(|event| !matches!(event, Ok(Event::Revoked(_) | Event::Assigned(_))));
        self.announce = false;
        if std::mem::take(&mut self.announced) || unseen || self.partitions.suspended {
            self.events.push_back(Ok(Event::Lost(partitions)));
        }
        self.partitions.clear();
    }

    /// Tells an error, unless one waits to be told already.
    pub(super) fn fail(&mut self, error: ClientError) {
        if !self.events.iter().any(Result::is_err) {
            self.events.push_back(Err(error));
        }
    }

    /// Forgets partitions and what was to be told of them.
    pub(super) fn reset(&mut self) {
        self.partitions.clear();
        self.events.clear();
        self.announce = false;
        self.announced = false;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use env::Instant;
    use kafka_wire::{BatchBuilder, BatchOptions};

    use super::*;

    fn state() -> State {
        let mut state = State::default();
        state.assigned(vec![TopicPartition::new("t", 0)]);
        state
    }

    fn settle(state: &mut State) {
        assert!(state.partitions.seek(&TopicPartition::new("t", 0), StartAt::Offset(0)));
        assert!(state.announce());
    }

    #[test]
    fn assigned_is_told_when_positions_are_known() {
        let mut state = state();
        assert!(!state.announce());
        settle(&mut state);
        assert!(matches!(state.next_event(), Some(Ok(Event::Assigned(partitions))) if partitions.len() == 1));
        assert!(!state.announce());
        // Also when there are none.
        state.assigned(Vec::new());
        assert!(state.announce());
    }

    /// One partition begins at a committed offset and is fetched while the offset of another is still looked up.
    #[test]
    fn no_record_comes_before_its_assignment_is_told() {
        let partitions = [0, 1].map(|partition| TopicPartition::new("t", partition));
        let mut state = State::default();
        state.assigned(partitions.to_vec());
        assert!(state.partitions.seek(&partitions[0], StartAt::Offset(0)));
        let asked = state.partitions.fetchable(Instant::from_origin(Duration::ZERO)).next().unwrap().asked;
        let mut batch = BatchBuilder::new(BatchOptions::default()).at_offset(0, 0);
        batch.append(7, None, Some(b"x"), std::iter::empty::<(&[u8], Option<&[u8]>)>()).unwrap();
        state.partitions.put(&asked, batch.finish(None, false).unwrap());
        assert!(!state.announce());
        assert!(state.take(10, true).unwrap().is_empty());
        assert_eq!(state.partitions.position(&partitions[0]), Some(0));
        assert!(state.partitions.seek(&partitions[1], StartAt::Offset(0)));
        assert!(state.announce());
        assert_eq!(state.take(10, true).unwrap().len(), 1);
    }

    #[test]
    fn what_was_never_told_is_given_up_silently() {
        let mut state = state();
        let (done, mut dropped) = RevokeDone::new();
        state.revoke(done);
        assert!(state.next_event().is_none());
        assert!(dropped.try_recv().is_err_and(|error| error == tokio::sync::oneshot::error::TryRecvError::Closed));
    }

    #[test]
    fn the_token_lives_as_long_as_the_event() {
        let mut state = state();
        settle(&mut state);
        state.next_event();
        let (done, mut dropped) = RevokeDone::new();
        state.revoke(done);
        let event = state.next_event();
        assert!(matches!(&event, Some(Ok(Event::Revoked(revoked))) if revoked.partitions.len() == 1));
        assert_eq!(dropped.try_recv(), Err(tokio::sync::oneshot::error::TryRecvError::Empty));
        assert_eq!(state.partitions.position(&TopicPartition::new("t", 0)), Some(0));
        drop(event);
        assert_eq!(dropped.try_recv(), Err(tokio::sync::oneshot::error::TryRecvError::Closed));
    }

    #[test]
    fn a_revocation_not_seen_becomes_a_loss() {
        let mut state = state();
        settle(&mut state);
        state.next_event();
        let (done, _dropped) = RevokeDone::new();
        state.revoke(done);
        state.lose();
        assert!(matches!(state.next_event(), Some(Ok(Event::Lost(partitions))) if partitions.len() == 1));
        assert!(state.next_event().is_none());
        // What was never told is not lost either.
        let mut state = super::tests::state();
        state.lose();
        assert!(state.next_event().is_none());
    }
}
