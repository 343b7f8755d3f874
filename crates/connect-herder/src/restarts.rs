//! Restarts of what has failed, with growing waits: the policy, without a clock. The herder tells it what happens and
//! when, and asks it what is to be done. Off unless a connector's `moldau.restart.max.attempts` says otherwise.

use std::collections::BTreeMap;
use std::time::Duration;

use connect_config::RestartSettings;
use env::Instant;

/// A connector, or one of its tasks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Instance {
    pub(crate) connector: String,
    /// `None`: the connector itself.
    pub(crate) task: Option<u32>,
}

impl std::fmt::Display for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.task {
            Some(task) => write!(f, "task {}-{task}", self.connector),
            None => write!(f, "connector {}", self.connector),
        }
    }
}

/// What people see of the restarts of one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RestartStatus {
    /// How often it was restarted by itself since the connector got its configuration.
    pub(crate) restarts: u64,
    /// How many of them were in a row, without a healthy time between.
    pub(crate) attempts: u32,
    /// How many there may be in a row.
    pub(crate) max_attempts: u32,
    /// When the next one is, while it is waited for.
    pub(crate) next: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    restarts: u64,
    attempts: u32,
    /// When it was restarted last.
    since: Option<Instant>,
    next: Option<Instant>,
}

/// The policy of all connectors.
#[derive(Debug, Default)]
pub(crate) struct Restarts {
    settings: BTreeMap<String, RestartSettings>,
    progress: BTreeMap<Instance, Progress>,
}

impl Restarts {
    /// A connector has this configuration now; what was counted counts no more.
    pub(crate) fn configured(&mut self, connector: &str, settings: RestartSettings) {
        self.forget(connector);
        if settings.max_attempts > 0 {
            self.settings.insert(connector.to_owned(), settings);
        }
    }

    /// A connector is gone.
    pub(crate) fn forget(&mut self, connector: &str) {
        self.settings.remove(connector);
        self.progress.retain(|instance, _| instance.connector != connector);
    }

    /// Somebody takes care of a connector (`None`) or of one of its tasks: what is planned is off, attempts are counted
    /// anew.
    pub(crate) fn taken_over(&mut self, connector: &str, task: Option<u32>) {
        for (_, progress) in self
            .progress
            .iter_mut()
            .filter(|(instance, _)| instance.connector == connector && (task.is_none() || instance.task == task))
        {
            *progress = Progress { restarts: progress.restarts, ..Progress::default() };
        }
    }

    /// An instance has failed. When it is to be restarted, if at all.
    pub(crate) fn failed(&mut self, instance: &Instance, now: Instant) -> Option<Instant> {
        let settings = self.settings.get(&instance.connector)?;
        let progress = self.progress.entry(instance.clone()).or_default();
        if progress.since.is_some_and(|since| now - since >= settings.healthy) {
            progress.attempts = 0;
        }
        progress.next = (progress.attempts < settings.max_attempts).then(|| now + wait(settings, progress.attempts));
        progress.next
    }

    /// Whether the restart planned for this moment is still to be carried out; then it counts.
    pub(crate) fn begins(&mut self, instance: &Instance, planned: Instant, now: Instant) -> bool {
        let Some(progress) = self.progress.get_mut(instance) else { return false };
        let due = progress.next == Some(planned);
        if due {
            let restarts = progress.restarts + 1;
            *progress = Progress { restarts, attempts: progress.attempts + 1, since: Some(now), next: None };
        }
        due
    }

    /// What people see; `None` where the policy is off.
    pub(crate) fn status(&self, instance: &Instance) -> Option<RestartStatus> {
        let settings = self.settings.get(&instance.connector)?;
        let Progress { restarts, attempts, next, .. } = self.progress.get(instance).copied().unwrap_or_default();
        Some(RestartStatus { restarts, attempts, max_attempts: settings.max_attempts, next })
    }
}

fn wait(settings: &RestartSettings, attempts: u32) -> Duration {
    settings.backoff.saturating_mul(1_u32.checked_shl(attempts).unwrap_or(u32::MAX)).min(settings.backoff_max)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: RestartSettings = RestartSettings {
        max_attempts: 3,
        backoff: Duration::from_secs(1),
        backoff_max: Duration::from_secs(3),
        healthy: Duration::from_secs(60),
    };

    fn at(seconds: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(seconds))
    }

    fn instance(task: Option<u32>) -> Instance {
        Instance { connector: "c".to_owned(), task }
    }

    fn restarts() -> Restarts {
        let mut restarts = Restarts::default();
        restarts.configured("c", SETTINGS);
        restarts
    }

    #[test]
    fn waits_grow_to_the_longest_and_end_with_the_attempts() {
        let (mut restarts, task) = (restarts(), instance(Some(0)));
        let mut now = 0;
        for (attempt, wait) in [1, 2, 3].into_iter().enumerate() {
            assert_eq!(restarts.failed(&task, at(now)), Some(at(now + wait)));
            assert_eq!(restarts.status(&task).unwrap().next, Some(at(now + wait)));
            assert!(restarts.begins(&task, at(now + wait), at(now + wait)));
            assert!(!restarts.begins(&task, at(now + wait), at(now + wait)), "once");
            let status = restarts.status(&task).unwrap();
            assert_eq!((status.restarts, status.attempts, status.next), (attempt as u64 + 1, attempt as u32 + 1, None));
            now += wait;
        }
        assert_eq!(restarts.failed(&task, at(now)), None);
        assert_eq!(restarts.failed(&instance(Some(1)), at(now)), Some(at(now + 1)), "each task has its own count");
        assert_eq!(restarts.failed(&instance(None), at(now)), Some(at(now + 1)), "and so has the connector");
    }

    #[test]
    fn a_healthy_time_counts_anew() {
        let (mut restarts, task) = (restarts(), instance(Some(0)));
        for now in [0, 10] {
            let due = restarts.failed(&task, at(now)).unwrap();
            assert!(restarts.begins(&task, due, due));
        }
        // It ran from second 12 on.
        assert_eq!(restarts.failed(&task, at(71)), Some(at(74)));
        assert!(restarts.begins(&task, at(74), at(74)));
        assert_eq!(restarts.failed(&task, at(134)), Some(at(135)));
        assert_eq!(restarts.status(&task).unwrap().restarts, 3);
    }

    #[test]
    fn whoever_takes_over_wins_over_the_timer() {
        let (mut restarts, task, other) = (restarts(), instance(Some(0)), instance(Some(1)));
        let due = restarts.failed(&task, at(0)).unwrap();
        let others = restarts.failed(&other, at(0)).unwrap();
        restarts.taken_over("c", Some(0));
        assert!(!restarts.begins(&task, due, due));
        assert!(restarts.begins(&other, others, others));
        let due = restarts.failed(&task, at(5)).unwrap();
        restarts.taken_over("c", None);
        assert!(!restarts.begins(&task, due, due));
        let due = restarts.failed(&task, at(9)).unwrap();
        restarts.forget("c");
        assert!(!restarts.begins(&task, due, due));
        assert_eq!(restarts.failed(&task, at(20)), None, "it is gone");
    }

    #[test]
    fn without_attempts_nothing_is_restarted_or_shown() {
        let mut restarts = Restarts::default();
        restarts.configured("c", RestartSettings { max_attempts: 0, ..SETTINGS });
        assert_eq!(restarts.failed(&instance(None), at(0)), None);
        assert_eq!(restarts.status(&instance(None)), None);
    }
}
