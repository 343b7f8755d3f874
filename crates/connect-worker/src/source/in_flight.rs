//! What the two halves of a source task share: the tracker, and how one half wakes the other.

use std::sync::Arc;

use connect_api::Error;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use super::Tracker;

/// The records in flight of one task. Clones are the same.
#[derive(Clone)]
pub struct InFlight {
    tracker: Arc<Mutex<Tracker>>,
    failed: Arc<Notify>,
    gone: Arc<Notify>,
    told: Arc<Notify>,
}

/// How many acknowledgements may wait for the connector; then the reading half waits.
const UNTOLD_LIMIT: usize = 100_000;

impl InFlight {
    /// Nothing in flight; acknowledgements are collected only when somebody `wants` them.
    pub fn new(wants: bool) -> Self {
        Self {
            tracker: Arc::new(Mutex::new(Tracker::new(wants))),
            failed: Arc::default(),
            gone: Arc::default(),
            told: Arc::default(),
        }
    }

    /// The tracker, for one batch or completion.
    pub fn lock(&self) -> MutexGuard<'_, Tracker> {
        self.tracker.lock()
    }

    /// Why the task must fail, if it must.
    pub fn failure(&self) -> Option<Error> {
        self.lock().failure().cloned()
    }

    /// The task must fail.
    pub fn fail(&self, error: Error) {
        self.lock().failed(error);
        self.failed.notify_one();
    }

    /// Completes once after [`InFlight::fail`].
    pub async fn failed(&self) {
        self.failed.notified().await;
    }

    /// Records were dropped or skipped without reaching the producer: wakes the half that tells the connector.
    pub fn wake_for_gone(&self) {
        if self.lock().untold() > 0 {
            self.gone.notify_one();
        }
    }

    /// Completes after [`InFlight::wake_for_gone`].
    pub async fn gone(&self) {
        self.gone.notified().await;
    }

    /// The connector was told of everything there was to tell.
    pub fn told(&self) {
        self.told.notify_one();
    }

    /// Waits while the connector is too far behind with its acknowledgements.
    pub async fn told_enough(&self) {
        while self.lock().untold() > UNTOLD_LIMIT {
            self.told.notified().await;
        }
    }
}
