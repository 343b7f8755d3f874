//! Choices of a history, all from its seed.

use std::ops::RangeInclusive;
use std::time::Duration;

use env_sim::SimHandle;

/// Draws from the seed's stream for test bodies.
#[derive(Clone)]
pub(crate) struct Dice(SimHandle);

impl Dice {
    pub(crate) fn new(sim: &SimHandle) -> Self {
        Self(sim.clone())
    }

    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.0.draw(bound)
    }

    pub(crate) fn within(&self, range: RangeInclusive<u64>) -> u64 {
        range.start() + self.0.draw(range.end() - range.start() + 1)
    }

    pub(crate) fn percent(&self, chance: u64) -> bool {
        self.0.draw(100) < chance
    }

    pub(crate) fn millis(&self, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.within(range))
    }

    pub(crate) fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[self.0.draw(from.len() as u64) as usize]
    }
}
