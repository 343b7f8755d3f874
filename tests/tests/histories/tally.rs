//! How often each thing happened, over all histories.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

/// Counts by name.
#[derive(Default)]
pub(crate) struct Tally(Mutex<BTreeMap<String, u64>>);

impl Tally {
    /// It happened.
    pub(crate) fn add(&self, name: impl Into<String>) {
        *self.0.lock().unwrap().entry(name.into()).or_default() += 1;
    }

    /// How often it happened.
    pub(crate) fn of(&self, name: &str) -> u64 {
        self.0.lock().unwrap().get(name).copied().unwrap_or(0)
    }

    /// Adds what another one counted.
    pub(crate) fn merge(&self, other: &Tally) {
        let mut counts = self.0.lock().unwrap();
        for (name, count) in other.0.lock().unwrap().iter() {
            *counts.entry(name.clone()).or_default() += count;
        }
    }

    /// Those of `names` that never happened.
    pub(crate) fn missing(&self, names: impl IntoIterator<Item = String>) -> Vec<String> {
        names.into_iter().filter(|name| self.of(name) == 0).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in self.0.lock().unwrap().iter() {
            writeln!(f, "{count:>9}  {name}")?;
        }
        Ok(())
    }
}
