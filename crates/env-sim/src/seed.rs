//! Streams of choices. Each part of the world draws from a stream of its own, so that one more disk write changes no
//! network delay.

use std::ops::RangeInclusive;
use std::time::Duration;

use parking_lot::Mutex;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// One stream of choices, fixed by the seed and a name.
pub(crate) struct Choices(Mutex<ChaCha8Rng>);

impl Choices {
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        let mut key = [0; 32];
        let mut state = seed;
        for (index, part) in key.chunks_exact_mut(8).enumerate() {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15 ^ index as u64);
            for byte in name.bytes() {
                state = mixed(state ^ u64::from(byte));
            }
            state = mixed(state);
            part.copy_from_slice(&state.to_le_bytes());
        }
        Self(Mutex::new(ChaCha8Rng::from_seed(key)))
    }

    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().fill_bytes(bytes);
    }

    pub(crate) fn u64(&self) -> u64 {
        self.0.lock().next_u64()
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub(crate) fn below(&self, bound: u64) -> u64 {
        ((u128::from(self.u64()) * u128::from(bound)) >> 64) as u64
    }

    /// Whether something happens that happens `chance` of all times. Draws nothing when the answer is fixed.
    pub(crate) fn happens(&self, chance: f64) -> bool {
        chance > 0.0 && (chance >= 1.0 || (self.u64() >> 11) as f64 / ((1_u64 << 53) as f64) < chance)
    }

    /// A time within the range, to the microsecond.
    pub(crate) fn duration(&self, range: &RangeInclusive<Duration>) -> Duration {
        let width = range.end().saturating_sub(*range.start()).as_micros();
        *range.start() + Duration::from_micros(self.below(u64::try_from(width).unwrap_or(u64::MAX).saturating_add(1)))
    }
}

/// The finishing step of the splitmix64 generator.
fn mixed(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_follows_from_seed_and_name() {
        let draw = |seed, name| Choices::new(seed, name).u64();
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
    }

    #[test]
    fn choices_stay_within_their_bounds() {
        let choices = Choices::new(1, "bounds");
        assert!((0..1000).all(|_| choices.below(3) < 3));
        assert_eq!(choices.below(0), 0);
        assert!(!choices.happens(0.0) && choices.happens(1.0));
        let often = (0..1000).filter(|_| choices.happens(0.25)).count();
        assert!((150..350).contains(&often), "{often}");
        let range = Duration::from_micros(3)..=Duration::from_micros(5);
        let drawn: std::collections::BTreeSet<_> = (0..100).map(|_| choices.duration(&range).as_micros()).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(choices.duration(&(Duration::ZERO..=Duration::ZERO)), Duration::ZERO);
    }
}
