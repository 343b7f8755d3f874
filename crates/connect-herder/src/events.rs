//! What the worker tells the herder, to act on it. What was told and is not taken yet is kept once, so that a connector
//! that tells the same all the time fills nothing.

use std::sync::Arc;

use indexmap::IndexSet;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::restarts::Instance;

/// What the herder is told of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Event {
    /// A connector wants its task configurations made again.
    Reconfigure(String),
    /// A connector or a task has failed.
    Failed(Instance),
}

type Waiting = Arc<Mutex<IndexSet<Event>>>;

/// Takes events.
#[derive(Clone)]
pub(crate) struct Events {
    waiting: Waiting,
    wake: mpsc::Sender<()>,
}

/// Gives them out.
pub(crate) struct Inbox {
    waiting: Waiting,
    woken: mpsc::Receiver<()>,
}

impl Events {
    /// Both ends.
    pub(crate) fn new() -> (Self, Inbox) {
        let (wake, woken) = mpsc::channel(1);
        let waiting = Waiting::default();
        (Self { waiting: waiting.clone(), wake }, Inbox { waiting, woken })
    }

    /// Tells; returns at once.
    pub(crate) fn tell(&self, event: Event) {
        self.waiting.lock().insert(event);
        // When there is no room the inbox is woken anyway; when it is gone nobody is left to act.
        let _ = self.wake.try_send(());
    }
}

impl Inbox {
    /// The next event, in the order they were told in; `None` once nobody can tell any more.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            let next = self.waiting.lock().shift_remove_index(0);
            if next.is_some() {
                return next;
            }
            self.woken.recv().await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn events_come_in_order_and_once_while_they_wait() {
        let (events, mut inbox) = Events::new();
        let (a, b) = (Event::Reconfigure("a".to_owned()), Event::Reconfigure("b".to_owned()));
        for _ in 0..1_000 {
            events.tell(a.clone());
            events.tell(b.clone());
        }
        assert_eq!(inbox.waiting.lock().len(), 2);
        assert_eq!(inbox.next().now_or_never(), Some(Some(a.clone())));
        events.tell(a.clone());
        assert_eq!(inbox.next().now_or_never(), Some(Some(b)));
        assert_eq!(inbox.next().now_or_never(), Some(Some(a)));
        assert_eq!(inbox.next().now_or_never(), None);
        drop(events);
        assert_eq!(inbox.next().now_or_never(), Some(None));
    }
}
