//! How many records did not go on behind each transform of a task, readable while the task runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Link;

/// What one transform of a task kept from going on since the task was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedRecords {
    /// Its name in the connector's configuration.
    pub alias: String,
    /// Its Java class.
    pub class: String,
    /// Records that it dropped, as Filter does.
    pub filtered: u64,
    /// Records that it failed on and that the error policy skipped.
    pub failed: u64,
}

struct Counter {
    alias: String,
    class: String,
    filtered: AtomicU64,
    failed: AtomicU64,
}

/// The counts of a chain; clones share them. Written once per batch at most, and only for a batch that lost records.
#[derive(Clone, Default)]
pub struct DropCounts(Arc<[Counter]>);

impl DropCounts {
    pub(super) fn of(links: &[Link]) -> Self {
        let zero = |link: &Link| Counter {
            alias: link.alias.clone(),
            class: link.class.clone(),
            filtered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        };
        Self(links.iter().map(zero).collect())
    }

    pub(super) fn add(&self, link: usize, filtered: usize, failed: usize) {
        let Some(counter) = self.0.get(link) else { return };
        counter.filtered.fetch_add(filtered as u64, Ordering::Relaxed);
        counter.failed.fetch_add(failed as u64, Ordering::Relaxed);
    }

    /// The transforms that kept records from going on, in their order.
    pub fn read(&self) -> Vec<DroppedRecords> {
        let read = |counter: &Counter| DroppedRecords {
            alias: counter.alias.clone(),
            class: counter.class.clone(),
            filtered: counter.filtered.load(Ordering::Relaxed),
            failed: counter.failed.load(Ordering::Relaxed),
        };
        self.0.iter().map(read).filter(|dropped| dropped.filtered + dropped.failed > 0).collect()
    }
}
