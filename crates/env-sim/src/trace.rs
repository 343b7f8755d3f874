//! What happened: a running hash of everything, and the last events as text.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use parking_lot::Mutex;

/// How many events are kept as text, unless told otherwise.
const KEPT_EVENTS: usize = 200;

/// The running hash and the last events.
pub(crate) struct Trace(Mutex<State>);

struct State {
    hash: u64,
    kept: usize,
    last: VecDeque<String>,
}

impl Trace {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State { hash: 0xcbf2_9ce4_8422_2325, kept: KEPT_EVENTS, last: VecDeque::new() }))
    }

    /// From now on as many of the last events are kept as text.
    pub(crate) fn keep(&self, events: usize) {
        let state = &mut *self.0.lock();
        state.kept = events;
        state.last.drain(..state.last.len().saturating_sub(events));
    }

    /// Adds an event to the hash and to the last events.
    pub(crate) fn record(&self, now: Duration, event: fmt::Arguments<'_>) {
        let text = format!("{:>12.6}s {event}", now.as_secs_f64());
        let state = &mut *self.0.lock();
        state.mix(now.as_nanos() as u64);
        state.mix_bytes(text.as_bytes());
        state.last.push_back(text);
        if state.last.len() > state.kept {
            state.last.pop_front();
        }
    }

    /// Adds numbers to the hash alone: for what happens too often to be kept as text.
    pub(crate) fn mix(&self, words: &[u64]) {
        let state = &mut *self.0.lock();
        words.iter().for_each(|word| state.mix(*word));
    }

    /// Adds bytes to the hash alone.
    pub(crate) fn mix_bytes(&self, bytes: &[u8]) {
        self.0.lock().mix_bytes(bytes);
    }

    pub(crate) fn hash(&self) -> u64 {
        self.0.lock().hash
    }

    /// The last events, oldest first, one a line.
    pub(crate) fn last_events(&self) -> String {
        self.0.lock().last.iter().flat_map(|event| [event.as_str(), "\n"]).collect()
    }
}

impl State {
    fn mix(&mut self, word: u64) {
        self.hash = (self.hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn mix_bytes(&mut self, bytes: &[u8]) {
        self.mix(bytes.len() as u64);
        let words = bytes.chunks_exact(8);
        let rest = words.remainder();
        for word in words {
            self.mix(word.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
        }
        self.mix(rest.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_depends_on_every_event_and_its_time() {
        let hash = |events: &[(u64, &str)]| {
            let trace = Trace::new();
            for (at, text) in events {
                trace.record(Duration::from_nanos(*at), format_args!("{text}"));
            }
            trace.hash()
        };
        assert_eq!(hash(&[(1, "a"), (2, "b")]), hash(&[(1, "a"), (2, "b")]));
        assert_ne!(hash(&[(1, "a"), (2, "b")]), hash(&[(1, "a"), (3, "b")]));
        assert_ne!(hash(&[(1, "a"), (2, "b")]), hash(&[(1, "b"), (2, "a")]));
        assert_ne!(hash(&[(1, "a")]), hash(&[(1, "a"), (1, "")]));
    }

    #[test]
    fn only_the_last_events_are_kept() {
        let trace = Trace::new();
        for event in 0..=KEPT_EVENTS {
            trace.record(Duration::ZERO, format_args!("event {event}."));
        }
        let last = trace.last_events();
        assert_eq!(last.lines().count(), KEPT_EVENTS);
        assert!(!last.contains("event 0.") && last.contains(&format!("event {KEPT_EVENTS}.")));
        trace.keep(1);
        assert_eq!(trace.last_events().lines().count(), 1);
        trace.record(Duration::ZERO, format_args!("the last one"));
        assert!(trace.last_events().ends_with("the last one\n") && trace.last_events().lines().count() == 1);
    }
}
