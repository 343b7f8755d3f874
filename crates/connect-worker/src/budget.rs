//! One bound for the bytes that all tasks of a worker have in flight.

use std::sync::Arc;
use std::time::Duration;

use connect_kafka::{Memory, Reserved};
use env::{BoxFuture, Env};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The worker's byte budget.
#[derive(Clone, Debug)]
pub struct Budget {
    units: Arc<Semaphore>,
    total: u32,
}

/// A share of the budget for one task: what it holds counts in the budget too, and is never more than the share, a single
/// piece that is larger aside, which passes alone.
///
/// Tasks are served in the order in which they ask. What a source has in flight goes away by itself, so all wait for it. A
/// sink whose target hangs, or a paused one, may hold its share for hours: it must stall nobody, so a sink that holds
/// nothing is not kept waiting; its first piece then passes beside the budget.
#[derive(Clone, Debug)]
pub struct Share {
    env: Env,
    own: Budget,
    whole: Budget,
}

/// Bytes are counted in units of this size.
const UNIT: usize = 1 << 10;

/// The least a budget holds: what one task may hold in its turn.
pub(crate) const LEAST: usize = 1 << 20;

/// How long a fetched piece waits for others of the same task. They may be of a partition that the connector has paused
/// until another one brings something.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a task holds of its share; given back when dropped.
#[derive(Debug)]
#[expect(dead_code, reason = "held for its drop")]
pub struct Lease {
    own: Option<OwnedSemaphorePermit>,
    whole: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// A budget of `bytes`, at least 1 MiB.
    pub fn new(bytes: usize) -> Self {
        let total = (bytes.max(LEAST) / UNIT).min(Semaphore::MAX_PERMITS).min(u32::MAX as usize) as u32;
        Self { units: Arc::new(Semaphore::new(total as usize)), total }
    }

    /// A share of at most `bytes`, and at least 1 MiB, for one task.
    #[must_use]
    pub fn share(&self, env: &Env, bytes: usize) -> Share {
        Share { env: env.clone(), own: Self::new(bytes), whole: self.clone() }
    }

    /// As many as `bytes` need; all when they are more.
    fn units(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.total)
    }

    async fn acquire(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        self.units.clone().acquire_many_owned(self.units(bytes)).await.ok()
    }

    /// Bytes not in use.
    pub fn free(&self) -> usize {
        self.units.available_permits() * UNIT
    }
}

impl Share {
    /// Waits for room for `bytes`, for the task's own turn and then for the worker's.
    pub async fn lease(&self, bytes: usize) -> Lease {
        let own = self.own.acquire(bytes).await;
        Lease { own, whole: self.whole.acquire(bytes).await }
    }

    /// As [`Share::lease`], for what is fetched: the first piece passes beside a budget that others have used up, and
    /// none waits for ever for what the task itself holds.
    async fn lease_with_patience(&self, bytes: usize) -> Lease {
        let holds_nothing = self.holds_nothing();
        let own = self.env.timeout(PATIENCE, self.own.acquire(bytes)).await.ok().flatten();
        let whole = if holds_nothing {
            self.whole.units.clone().try_acquire_many_owned(self.whole.units(bytes)).ok()
        } else {
            self.whole.acquire(bytes).await
        };
        Lease { own, whole }
    }

    fn holds_nothing(&self) -> bool {
        self.own.units.available_permits() == self.own.total as usize
    }
}

impl Memory for Share {
    fn most(&self) -> usize {
        self.own.total as usize * UNIT
    }

    fn reserve(&self, bytes: usize) -> BoxFuture<'static, Reserved> {
        let share = self.clone();
        Box::pin(async move { Reserved::new(share.lease_with_patience(bytes).await) })
    }
}

#[cfg(test)]
mod tests {
    use env_sim::replay;
    use futures_util::FutureExt;

    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn a_piece_above_the_whole_budget_passes_alone() {
        replay(1, async |env: Env, _| {
            let budget = Budget::new(MIB);
            let share = budget.share(&env, MIB);
            let small = share.lease(10).await;
            assert!(share.lease(100 << 20).now_or_never().is_none(), "waits for the small one");
            drop(small);
            let large = share.lease(100 << 20).now_or_never().expect("alone");
            assert_eq!(budget.free(), 0);
            drop(large);
            assert_eq!(budget.free(), MIB);
        });
    }

    #[test]
    fn a_share_counts_in_the_whole_and_bounds_one_task() {
        replay(1, async |env: Env, _| {
            let whole = Budget::new(4 * MIB);
            let (one, other) = (whole.share(&env, 2 * MIB), whole.share(&env, 3 * MIB));
            let first = one.lease(2 * MIB).now_or_never().expect("room");
            assert_eq!((one.own.free(), whole.free()), (0, 2 * MIB));
            assert!(one.lease(1).now_or_never().is_none(), "its share is used up");
            assert!(other.lease(3 * MIB).now_or_never().is_none(), "the whole is used up");
            let second = other.lease(2 * MIB).now_or_never().expect("room");
            assert!(other.lease(1).now_or_never().is_none(), "the whole is used up");
            drop((first, second));
            assert_eq!((one.own.free(), other.own.free(), whole.free()), (2 * MIB, 3 * MIB, 4 * MIB));
        });
    }

    #[test]
    fn who_holds_nothing_is_not_kept_waiting() {
        replay(1, async |env: Env, _| {
            let whole = Budget::new(MIB);
            let (stuck, other) = (whole.share(&env, MIB), whole.share(&env, MIB));
            let held = stuck.lease(MIB).now_or_never().expect("room");
            let first = other.reserve(MIB).now_or_never().expect("the first piece passes beside the budget");
            assert!(other.reserve(10).now_or_never().is_none(), "the second waits");
            drop(first);
            assert_eq!(whole.free(), 0, "what passed beside the budget gives nothing back");
            drop(held);
            assert_eq!(whole.free(), MIB);
        });
    }

    #[test]
    fn a_task_waits_for_itself_with_patience_only() {
        replay(1, async |env: Env, _| {
            let whole = Budget::new(4 * MIB);
            let share = whole.share(&env, MIB);
            let held = share.lease(MIB).await;
            let before = env.clock().now();
            let more = share.reserve(MIB).await;
            assert_eq!((env.clock().now() - before, whole.free()), (PATIENCE, 2 * MIB));
            drop((held, more));
            assert_eq!(whole.free(), 4 * MIB);
        });
    }
}
