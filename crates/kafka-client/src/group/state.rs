//! What a member's task and its owner share.

use std::time::Duration;

use env::Instant;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::protocol::Generation;

/// Shared by the task and the owner.
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    /// Wakes the task.
    pub(super) wake: Notify,
}

/// What the owner wants, and who the member is.
#[derive(Debug)]
pub(super) struct State {
    /// Why to join again, if so.
    pub(super) rejoin: Option<String>,
    /// Leave the group and end.
    pub(super) leaving: bool,
    /// Who the member is; `None` while it joins, and after it lost its place.
    pub(super) generation: Option<Generation>,
    /// Whether somebody waits for events right now.
    polling: bool,
    /// When somebody last began or ended waiting for events.
    last_poll: Instant,
    /// How often somebody began.
    pub(super) polls: u64,
}

impl Shared {
    pub(super) fn new(now: Instant) -> Self {
        let state = State { rejoin: None, leaving: false, generation: None, polling: false, last_poll: now, polls: 0 };
        Self { state: Mutex::new(state), wake: Notify::new() }
    }

    pub(super) fn poll_begins(&self, now: Instant) {
        let mut state = self.state.lock();
        state.polling = true;
        state.polls += 1;
        state.last_poll = now;
        drop(state);
        self.wake.notify_one();
    }

    pub(super) fn poll_ends(&self, now: Instant) {
        let mut state = self.state.lock();
        state.polling = false;
        state.last_poll = now;
        drop(state);
        // The time-out runs from here on.
        self.wake.notify_one();
    }

    pub(super) fn leave(&self) {
        self.state.lock().leaving = true;
        self.wake.notify_one();
    }

    pub(super) fn rejoin(&self, reason: &str) {
        self.state.lock().rejoin.get_or_insert_with(|| reason.to_owned());
        self.wake.notify_one();
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.state.lock().leaving
    }

    /// When the owner is taken for stuck; never while it waits for events.
    pub(super) fn poll_deadline(&self, max_interval: Duration) -> Instant {
        let state = self.state.lock();
        if state.polling { Instant::from_origin(Duration::MAX) } else { state.last_poll + max_interval }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(seconds))
    }

    #[test]
    fn the_owner_is_stuck_only_between_polls() {
        let shared = Shared::new(at(0));
        let interval = Duration::from_secs(10);
        assert_eq!(shared.poll_deadline(interval), at(10));
        shared.poll_begins(at(5));
        assert_eq!(shared.poll_deadline(interval), Instant::from_origin(Duration::MAX));
        shared.poll_ends(at(100));
        assert_eq!(shared.poll_deadline(interval), at(110));
    }

    #[test]
    fn the_first_reason_to_join_again_stays() {
        let shared = Shared::new(at(0));
        shared.rejoin("topics changed");
        shared.rejoin("other");
        assert_eq!(shared.state.lock().rejoin.as_deref(), Some("topics changed"));
    }
}
