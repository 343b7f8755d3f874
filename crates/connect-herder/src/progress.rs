//! What a validation is doing, for whoever waits for it (Apache: `Stage`).

use std::sync::Arc;

use env::Env;
use jiff::Timestamp;
use parking_lot::Mutex;

#[derive(Clone, Copy)]
struct Stage {
    what: &'static str,
    began_ms: i64,
    ended_ms: Option<i64>,
}

/// The stage that a validation has reached; clones are the same. A plug-in that hangs is named by it.
#[derive(Clone)]
pub struct Progress {
    env: Env,
    stage: Arc<Mutex<Option<Stage>>>,
}

impl Progress {
    /// Of a validation that has not begun.
    pub fn new(env: &Env) -> Self {
        Self { env: env.clone(), stage: Arc::default() }
    }

    /// Reaches a stage.
    pub fn begins(&self, what: &'static str) {
        let began_ms = self.env.clock().unix_millis();
        *self.stage.lock() = Some(Stage { what, began_ms, ended_ms: None });
    }

    /// The stage is done.
    pub fn ended(&self) {
        let now = self.env.clock().unix_millis();
        if let Some(stage) = &mut *self.stage.lock() {
            stage.ended_ms.get_or_insert(now);
        }
    }

    /// Carries out a stage.
    pub(crate) fn during<T>(&self, what: &'static str, call: impl FnOnce() -> T) -> T {
        self.begins(what);
        let result = call();
        self.ended();
        result
    }

    /// What it is doing, or did last, in Java's words; `None` before it has begun.
    pub fn text(&self) -> Option<String> {
        let Stage { what, began_ms, ended_ms } = (*self.stage.lock())?;
        let began = instant(began_ms);
        Some(match ended_ms.map(instant) {
            None => format!("The worker is currently {what}, which began at {began}"),
            Some(ended) => format!(
                "The last operation the worker completed was {what}, which began at {began} and completed at {ended}"
            ),
        })
    }
}

/// As `Instant.toString` has it: three digits of a second or none.
fn instant(millis: i64) -> String {
    let format = if millis % 1_000 == 0 { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S.%3fZ" };
    Timestamp::from_millisecond(millis).map(|time| time.strftime(format).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use env_sim::Sim;

    use super::*;

    #[test]
    fn instants_are_javas() {
        assert_eq!(instant(0), "1970-01-01T00:00:00Z");
        assert_eq!(instant(1_729_827_181_120), "2024-10-25T03:33:01.120Z");
    }

    #[test]
    fn the_stage_is_told_while_it_lasts_and_when_it_is_over() {
        Sim::new(1).run(async |env, _| {
            let progress = Progress::new(&env);
            assert_eq!(progress.text(), None);
            let began = instant(env.clock().unix_millis());
            progress.begins("waiting");
            env.sleep(Duration::from_millis(1_500)).await;
            assert_eq!(progress.text(), Some(format!("The worker is currently waiting, which began at {began}")));
            progress.ended();
            let ended = instant(env.clock().unix_millis());
            let text = format!(
                "The last operation the worker completed was waiting, which began at {began} and completed at {ended}"
            );
            assert_eq!(progress.text(), Some(text));
        });
    }
}
