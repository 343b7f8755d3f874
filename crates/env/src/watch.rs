//! A value that tasks watch, as `tokio::sync::watch` has it. Tokio's wakes those who wait in an order that it draws from a
//! generator of its own, so that no simulation could be repeated; here they wake in the order in which they began to wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Notify,
}

#[derive(Debug)]
struct State<T> {
    value: T,
    version: u64,
    senders: usize,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The side that changes the value. Cloning is cheap; all clones change the same value.
#[derive(Debug)]
pub struct Sender<T>(Arc<Shared<T>>);

/// The side that waits for changes. Cloning is cheap; a clone has seen what the original has seen.
#[derive(Debug)]
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    seen: u64,
}

/// All senders are gone: the value changes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the value changes no more")
    }
}

impl std::error::Error for Closed {}

impl<T> Sender<T> {
    /// Begins with this value.
    pub fn new(value: T) -> Self {
        let state = Mutex::new(State { value, version: 0, senders: 1 });
        Self(Arc::new(Shared { state, changed: Notify::new() }))
    }

    /// Somebody who has seen the value as it is now.
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver { shared: self.0.clone(), seen: self.0.lock().version }
    }

    /// Changes the value, if `change` says that it did, and wakes who waits. `change` must not use this value's
    /// senders and receivers.
    pub fn send_if_modified(&self, change: impl FnOnce(&mut T) -> bool) -> bool {
        let mut state = self.0.lock();
        if !change(&mut state.value) {
            return false;
        }
        state.version += 1;
        drop(state);
        self.0.changed.notify_waiters();
        true
    }

    /// Changes the value and wakes who waits. As for [`Sender::send_if_modified`].
    pub fn send_modify(&self, change: impl FnOnce(&mut T)) {
        self.send_if_modified(|value| {
            change(value);
            true
        });
    }

    /// Puts another value in place of this one and wakes who waits.
    pub fn send_replace(&self, value: T) {
        self.send_modify(|current| *current = value);
    }
}

impl<T: Clone> Sender<T> {
    /// The value.
    pub fn get(&self) -> T {
        self.0.lock().value.clone()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.lock().senders += 1;
        Self(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.senders -= 1;
        if state.senders == 0 {
            drop(state);
            self.0.changed.notify_waiters();
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), seen: self.seen }
    }
}

impl<T> Receiver<T> {
    /// Whether all senders are gone.
    pub fn is_closed(&self) -> bool {
        self.shared.lock().senders == 0
    }

    /// Completes when the value is another one than this receiver has seen, which it then has. Dropping the future
    /// loses nothing.
    ///
    /// # Errors
    /// [`Closed`] when there will be none.
    pub async fn changed(&mut self) -> Result<(), Closed> {
        let seen = self.seen;
        self.seen = self.shared.until(|state| (state.version != seen).then_some(state.version)).await?;
        Ok(())
    }
}

impl<T: Clone> Receiver<T> {
    /// The value.
    pub fn get(&self) -> T {
        self.shared.lock().value.clone()
    }

    /// Completes with the value when it is one that `is_right` wants, at once when it already is. Dropping the future
    /// loses nothing.
    ///
    /// # Errors
    /// [`Closed`] when it never will be.
    pub async fn wait_for(&mut self, mut is_right: impl FnMut(&T) -> bool) -> Result<T, Closed> {
        let right = |state: &State<T>| is_right(&state.value).then(|| (state.value.clone(), state.version));
        let (value, version) = self.shared.until(right).await?;
        self.seen = version;
        Ok(value)
    }
}

impl<T> Shared<T> {
    async fn until<F>(&self, mut found: impl FnMut(&State<T>) -> Option<F>) -> Result<F, Closed> {
        loop {
            // Made before the look, so that it sees every change after it.
            let changed = self.changed.notified();
            {
                let state = self.lock();
                if let Some(found) = found(&state) {
                    return Ok(found);
                }
                if state.senders == 0 {
                    return Err(Closed);
                }
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_change_is_seen_once_by_each() {
        let sender = Sender::new(1);
        let (mut one, mut other) = (sender.subscribe(), sender.subscribe());
        assert_eq!(one.changed().now_or_never(), None);
        sender.send_replace(2);
        assert!(!sender.send_if_modified(|_| false));
        assert_eq!((one.changed().now_or_never(), one.changed().now_or_never()), (Some(Ok(())), None));
        assert_eq!((other.get(), other.changed().now_or_never()), (2, Some(Ok(()))));
        assert_eq!(sender.subscribe().changed().now_or_never(), None, "a new one has seen what is there");
    }

    #[test]
    fn a_value_is_waited_for() {
        let sender = Sender::new(1);
        let mut receiver = sender.subscribe();
        assert_eq!(receiver.wait_for(|value| *value == 1).now_or_never(), Some(Ok(1)));
        let mut wait = Box::pin(receiver.wait_for(|value| *value > 2));
        assert_eq!((&mut wait).now_or_never(), None);
        sender.send_modify(|value| *value += 1);
        assert_eq!((&mut wait).now_or_never(), None);
        sender.send_modify(|value| *value += 1);
        assert_eq!(wait.now_or_never(), Some(Ok(3)));
    }

    #[test]
    fn the_last_sender_ends_the_wait() {
        let sender = Sender::new(1);
        let (other, mut receiver) = (sender.clone(), sender.subscribe());
        drop(sender);
        let mut wait = Box::pin(receiver.changed());
        assert_eq!((&mut wait).now_or_never(), None);
        drop(other);
        assert_eq!(wait.now_or_never(), Some(Err(Closed)));
        assert!(receiver.is_closed() && receiver.get() == 1);
        assert_eq!(receiver.wait_for(|value| *value == 1).now_or_never(), Some(Ok(1)));
    }
}
