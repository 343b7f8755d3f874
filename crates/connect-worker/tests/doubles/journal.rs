//! What happened, in order, across all doubles of a world.

use std::fmt::Display;
use std::sync::Arc;

use parking_lot::Mutex;

/// A shared list of events. Clones are the same list.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    pub(crate) fn note(&self, event: impl Display) {
        self.0.lock().push(event.to_string());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().clone()
    }

    /// The events that start with one of `prefixes`.
    pub(crate) fn about(&self, prefixes: &[&str]) -> Vec<String> {
        let mut lines = self.lines();
        lines.retain(|line| prefixes.iter().any(|prefix| line.starts_with(prefix)));
        lines
    }

    pub(crate) fn has(&self, line: &str) -> bool {
        self.0.lock().iter().any(|other| other == line)
    }

    pub(crate) fn count(&self, prefix: &str) -> usize {
        self.0.lock().iter().filter(|line| line.starts_with(prefix)).count()
    }
}
