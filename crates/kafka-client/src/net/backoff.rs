//! How long to wait after a failure.

use std::time::Duration;

use env::Random;

use crate::config::BackoffRange;

/// Waits that double with each failure in a row and are spread by 20 % either way, as Java's (KIP-144, KIP-580).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    range: BackoffRange,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(range: BackoffRange) -> Self {
        Self { range, failures: 0 }
    }

    /// How many failures there were in a row.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// Counts a failure; the wait after it.
    pub(crate) fn fail(&mut self, random: &dyn Random) -> Duration {
        let wait = after(self.range, self.failures, random);
        self.failures = self.failures.saturating_add(1);
        wait
    }

    /// A success: the next wait is the first again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

/// The wait after `failures` earlier ones.
pub(crate) fn after(range: BackoffRange, failures: u32, random: &dyn Random) -> Duration {
    const JITTER_PERCENT: u64 = 20;
    let doubled = range.first.saturating_mul(1 << failures.min(20)).min(range.most);
    let percent = 100 - JITTER_PERCENT + random.below(2 * JITTER_PERCENT + 1);
    let spread = doubled.as_nanos().saturating_mul(u128::from(percent)) / 100;
    Duration::from_nanos(u64::try_from(spread).unwrap_or(u64::MAX)).min(range.most)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u64);

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            for (at, byte) in bytes.iter_mut().enumerate() {
                *byte = self.0.to_le_bytes()[at % 8];
            }
        }
    }

    #[test]
    fn doubles_up_to_the_most() {
        let range = BackoffRange { first: Duration::from_millis(50), most: Duration::from_millis(1000) };
        // The middle of the range of jitter.
        let random = Fixed(u64::MAX / 2);
        let mut backoff = Backoff::new(range);
        let waits: Vec<u128> = (0..7).map(|_| backoff.fail(&random).as_millis()).collect();
        assert_eq!(waits, [50, 100, 200, 400, 800, 1000, 1000]);
        backoff.reset();
        assert_eq!(backoff.fail(&random).as_millis(), 50);
    }

    #[test]
    fn is_spread_by_a_fifth_and_never_above_the_most() {
        let range = BackoffRange { first: Duration::from_millis(100), most: Duration::from_millis(100) };
        assert_eq!(after(range, 0, &Fixed(0)), Duration::from_millis(80));
        assert_eq!(after(range, 60, &Fixed(u64::MAX)), Duration::from_millis(100));
        let none = BackoffRange { first: Duration::ZERO, most: Duration::ZERO };
        assert_eq!(after(none, 3, &Fixed(1)), Duration::ZERO);
    }
}
