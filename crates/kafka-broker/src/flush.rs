//! When what was written has to be durable.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use env::{Env, Instant};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// What has to be made durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The log of a partition.
    Log(Arc<str>, i32),
    /// The journal.
    Journal,
}

/// What has to be made durable, by the time until which it has to be. Each target is here once at most: who puts it in
/// remembers that until it is flushed.
pub(crate) struct FlushQueue {
    env: Env,
    due: Mutex<Due>,
    /// Something is due earlier than before.
    changed: Notify,
}

/// By time, then in the order in which they came.
#[derive(Default)]
struct Due {
    targets: BTreeMap<(Instant, u64), Target>,
    next_number: u64,
}

impl FlushQueue {
    pub(crate) fn new(env: Env) -> Arc<Self> {
        Arc::new(Self { env, due: Mutex::default(), changed: Notify::new() })
    }

    /// `target` has to be durable in that time.
    pub(crate) fn add(&self, target: Target, within: Duration) {
        let at = self.env.clock().now() + within;
        let mut due = self.due.lock();
        let is_first = due.targets.first_key_value().is_none_or(|((first, _), _)| at < *first);
        let number = due.next_number;
        due.next_number += 1;
        due.targets.insert((at, number), target);
        drop(due);
        if is_first {
            self.changed.notify_one();
        }
    }

    /// Waits until something is due and gives it.
    pub(crate) async fn next(&self) -> Target {
        loop {
            let now = self.env.clock().now();
            let first = {
                let mut due = self.due.lock();
                match due.targets.first_entry() {
                    Some(entry) if entry.key().0 <= now => return entry.remove(),
                    Some(entry) => Some(entry.key().0),
                    None => None,
                }
            };
            match first {
                None => self.changed.notified().await,
                Some(at) => tokio::select! {
                    biased;
                    () = self.changed.notified() => {}
                    () = self.env.clock().sleep_until(at) => {}
                },
            }
        }
    }
}
