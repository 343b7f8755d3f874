//! Which topics a task uses (KIP-558): told once per topic, and again after the topics of connectors were forgotten.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::supervise::Reporter;

/// Counts how often the topics of a connector were forgotten. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct TopicResets(Arc<AtomicU64>);

impl TopicResets {
    /// Topics were forgotten: every task tells of the topics it still uses.
    pub fn forgotten(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

/// Tells of the topics that one task uses.
pub struct TopicTracking {
    reporter: Arc<Reporter>,
    resets: TopicResets,
    /// The resets that `told` is for.
    seen_resets: u64,
    told: BTreeSet<Arc<str>>,
    /// The topic used last; most batches are of the same.
    last: Option<Arc<str>>,
}

impl TopicTracking {
    /// Nothing is told yet.
    pub(crate) fn new(reporter: Arc<Reporter>, resets: TopicResets) -> Self {
        Self { reporter, resets, seen_resets: 0, told: BTreeSet::new(), last: None }
    }

    /// The task uses this topic. To be called per batch, not per record.
    pub fn uses(&mut self, topic: &Arc<str>) {
        let resets = self.resets.0.load(Ordering::Acquire);
        if resets != self.seen_resets {
            self.seen_resets = resets;
            self.told.clear();
            self.last = None;
        }
        if self.last.as_ref().is_some_and(|last| Arc::ptr_eq(last, topic)) {
            return;
        }
        if self.told.insert(topic.clone()) {
            self.reporter.uses(topic);
        }
        self.last = Some(topic.clone());
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;
    use crate::{State, StatusListener, TaskId};

    #[derive(Default)]
    struct Told(Mutex<Vec<String>>);

    impl StatusListener for Told {
        fn connector(&self, _name: &str, _state: State, _version: Option<&str>) {}

        fn task(&self, _id: &TaskId, _state: State, _version: Option<&str>) {}

        fn reconfigure(&self, _connector: &str) {}

        fn topic(&self, id: &TaskId, topic: &str) {
            self.0.lock().push(format!("{id} {topic}"));
        }
    }

    #[test]
    fn a_topic_is_told_once_and_again_when_it_was_forgotten() {
        let listener = Arc::new(Told::default());
        let reporter = Reporter::new(TaskId::new("c", 1), "1".to_owned(), listener.clone());
        let resets = TopicResets::default();
        let mut tracking = TopicTracking::new(reporter, resets.clone());
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        for topic in [&a, &a, &b, &a, &"a".into(), &b] {
            tracking.uses(topic);
        }
        assert_eq!(*listener.0.lock(), ["c-1 a", "c-1 b"]);
        resets.forgotten();
        tracking.uses(&b);
        tracking.uses(&b);
        assert_eq!(*listener.0.lock(), ["c-1 a", "c-1 b", "c-1 b"]);
    }
}
