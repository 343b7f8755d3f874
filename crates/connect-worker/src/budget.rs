//! One bound for the bytes that all tasks of a worker have in flight.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The worker's byte budget. Tasks are served in the order in which they ask, so each gets its turn; a batch larger
/// than the whole budget passes alone.
#[derive(Clone, Debug)]
pub struct Budget {
    units: Arc<Semaphore>,
    total: u32,
    /// What this one is a share of.
    whole: Option<Arc<Budget>>,
}

/// Bytes are counted in units of this size.
const UNIT: usize = 1 << 10;

/// The least a budget holds: what one task may hold in its turn.
pub(crate) const LEAST: usize = 1 << 20;

/// A share of the budget; given back when dropped.
#[derive(Debug)]
#[expect(dead_code, reason = "held for its drop")]
pub struct Lease(OwnedSemaphorePermit, Option<Box<Lease>>);

impl Budget {
    /// A budget of `bytes`, at least 1 MiB.
    pub fn new(bytes: usize) -> Self {
        let total = (bytes.max(LEAST) / UNIT).min(Semaphore::MAX_PERMITS).min(u32::MAX as usize) as u32;
        Self { units: Arc::new(Semaphore::new(total as usize)), total, whole: None }
    }

    /// A share of this budget for one task: what it leases counts here too, and is never more than `bytes` at a time.
    #[must_use]
    pub fn share(&self, bytes: usize) -> Self {
        Self { whole: Some(Arc::new(self.clone())), ..Self::new(bytes) }
    }

    /// Waits for room for `bytes`, or for the whole budget when they are more.
    pub async fn lease(&self, bytes: usize) -> Option<Lease> {
        let own = self.acquire(bytes).await?;
        match &self.whole {
            None => Some(Lease(own, None)),
            Some(whole) => Some(Lease(own, Some(Box::new(Lease(whole.acquire(bytes).await?, None))))),
        }
    }

    async fn acquire(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.total);
        self.units.clone().acquire_many_owned(units).await.ok()
    }

    /// Bytes not in use.
    pub fn free(&self) -> usize {
        self.units.available_permits() * UNIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn a_batch_above_the_whole_budget_passes_alone() {
        let budget = Budget::new(LEAST);
        let small = budget.lease(10).now_or_never().expect("room").expect("open");
        assert!(budget.lease(100 << 20).now_or_never().is_none(), "waits for the small one");
        drop(small);
        let large = budget.lease(100 << 20).now_or_never().expect("alone").expect("open");
        assert_eq!(budget.free(), 0);
        drop(large);
        assert_eq!(budget.free(), LEAST);
    }

    #[test]
    fn a_share_counts_in_the_whole_and_bounds_one_task() {
        let whole = Budget::new(4 * LEAST);
        let (one, other) = (whole.share(2 * LEAST), whole.share(3 * LEAST));
        let first = one.lease(2 * LEAST).now_or_never().expect("room").expect("open");
        assert_eq!((one.free(), whole.free()), (0, 2 * LEAST));
        assert!(one.lease(1).now_or_never().is_none(), "its share is used up");
        assert!(other.lease(3 * LEAST).now_or_never().is_none(), "the whole is used up");
        drop(first);
        assert_eq!((one.free(), other.free(), whole.free()), (2 * LEAST, 3 * LEAST, 4 * LEAST));
    }
}
