//! How fast numbers grow.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use env::Instant;

/// Rates are means over so long.
const WINDOW: Duration = Duration::from_secs(5);

/// Numbers under names, looked at now and then.
#[derive(Default)]
pub(super) struct Rates {
    seen: BTreeMap<String, VecDeque<(Instant, u64)>>,
}

impl Rates {
    /// Notes what a number is now, and gives its growth per second.
    pub(super) fn note(&mut self, name: String, now: Instant, value: u64) -> f64 {
        let seen = self.seen.entry(name).or_default();
        if seen.back().is_some_and(|(_, last)| value < *last) {
            // It was made anew.
            seen.clear();
        }
        seen.push_back((now, value));
        while seen.len() > 2 && now.saturating_since(seen[1].0) >= WINDOW {
            seen.pop_front();
        }
        let (then, first) = seen[0];
        let seconds = now.saturating_since(then).as_secs_f64();
        if seconds > 0.0 { (value - first) as f64 / seconds } else { 0.0 }
    }

    /// Forgets what was not looked at for a while.
    pub(super) fn forget_old(&mut self, now: Instant) {
        self.seen.retain(|_, seen| seen.back().is_some_and(|(last, _)| now.saturating_since(*last) < 2 * WINDOW));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(seconds))
    }

    #[test]
    fn the_mean_of_the_last_seconds() {
        let mut rates = Rates::default();
        let mut note = |seconds, value| rates.note("a".into(), at(seconds), value);
        assert_eq!(note(0, 100), 0.0);
        assert_eq!(note(1, 110), 10.0);
        assert_eq!(note(2, 110), 5.0);
        for second in 3..20 {
            note(second, 110);
        }
        assert_eq!(note(20, 110), 0.0);
        assert_eq!(note(21, 115), 1.0);
        assert_eq!(note(22, 7), 0.0);
        assert_eq!(note(23, 8), 1.0);
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let mut rates = Rates::default();
        rates.note("a".into(), at(0), 1);
        rates.note("b".into(), at(9), 1);
        rates.forget_old(at(10));
        assert_eq!(rates.seen.keys().collect::<Vec<_>>(), ["b"]);
    }
}
