//! A number of records per second.

use std::time::Duration;

use env::{Env, Instant};

/// Waits shorter than this are made this long, as in Java's `ThroughputThrottler`; the rate stays what it is, because
/// it counts from the start.
const SHORTEST: Duration = Duration::from_millis(2);

/// Holds a generator to a rate, counted from its start: one that fell behind catches up.
#[derive(Clone, Debug)]
pub struct Pace {
    per_second: i64,
    start: Instant,
}

/// What a generator may do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Make this many records, at least one.
    Make(usize),
    /// Make none for this long.
    Wait(Duration),
    /// Make no more.
    Never,
}

impl Pace {
    /// `per_second` records from now on. Negative: no limit. 0: one record, then none.
    pub fn new(env: &Env, per_second: i64) -> Self {
        Self { per_second, start: env.clock().now() }
    }

    /// What may be done at `now` by a generator that has made `made` records and wants to make `wanted`, at least one.
    pub fn turn(&self, made: u64, wanted: usize, now: Instant) -> Turn {
        let Ok(per_second) = u128::try_from(self.per_second) else {
            return Turn::Make(wanted);
        };
        // A record may be made when those before it are no more than the time that has passed allows.
        let nanos = now.saturating_since(self.start).as_nanos();
        let allowed = (nanos * per_second / NANOS + 1).saturating_sub(u128::from(made));
        if allowed > 0 {
            return Turn::Make(usize::try_from(allowed).unwrap_or(usize::MAX).min(wanted));
        }
        if per_second == 0 {
            return Turn::Never;
        }
        let due = (u128::from(made) * NANOS).div_ceil(per_second);
        let wait = u64::try_from(due - nanos.min(due)).unwrap_or(u64::MAX);
        Turn::Wait(Duration::from_nanos(wait).max(SHORTEST))
    }
}

const NANOS: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pace(per_second: i64) -> Pace {
        Pace { per_second, start: at(5_000_000) }
    }

    fn at(micros: u64) -> Instant {
        Instant::from_origin(Duration::from_micros(micros))
    }

    #[test]
    fn a_negative_rate_is_no_limit_and_none_is_one_record() {
        assert_eq!(pace(-1).turn(u64::MAX, 2048, at(5_000_000)), Turn::Make(2048));
        assert_eq!(pace(0).turn(0, 2048, at(5_000_000)), Turn::Make(1));
        assert_eq!(pace(0).turn(1, 2048, at(u64::MAX)), Turn::Never);
    }

    #[test]
    fn a_rate_counts_from_the_start() {
        let pace = pace(100);
        assert_eq!(pace.turn(0, 2048, at(5_000_000)), Turn::Make(1));
        assert_eq!(pace.turn(1, 2048, at(5_000_000)), Turn::Wait(Duration::from_millis(10)));
        assert_eq!(pace.turn(1, 2048, at(5_009_999)), Turn::Wait(SHORTEST));
        assert_eq!(pace.turn(1, 2048, at(5_010_000)), Turn::Make(1));
        assert_eq!(pace.turn(1, 2048, at(15_000_000)), Turn::Make(1000));
        assert_eq!(pace.turn(1, 7, at(15_000_000)), Turn::Make(7));
    }

    proptest! {
        /// Never more than the rate and the one record that comes at once; never behind it by more than one wait.
        #[test]
        fn the_rate_is_held(per_second in 1i64..1_000_000, millis in 1u64..5_000) {
            let pace = pace(per_second);
            let (mut made, mut now) = (0u64, at(5_000_000));
            let end = now + Duration::from_millis(millis);
            while now < end {
                match pace.turn(made, 2048, now) {
                    Turn::Make(count) => made += count as u64,
                    Turn::Wait(wait) => now = now + wait,
                    Turn::Never => unreachable!("the rate is not 0"),
                }
                let allowed = (now - pace.start).as_secs_f64() * per_second as f64 + 1.0;
                prop_assert!(made as f64 <= allowed + 1e-6, "{made} of {allowed}");
            }
            let expected = Duration::from_millis(millis).as_secs_f64() * per_second as f64;
            prop_assert!(made as f64 >= expected - SHORTEST.as_secs_f64() * per_second as f64 - 1.0);
        }
    }
}
