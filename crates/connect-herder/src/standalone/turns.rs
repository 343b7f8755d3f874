//! One turn per connector name: requests for one connector come one after the other, those for others beside them.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

type Lock = Arc<tokio::sync::Mutex<()>>;

/// The turns that somebody has or waits for; there are as many as requests under way, however many names there were.
#[derive(Default)]
pub(super) struct Turns(Mutex<BTreeMap<String, Lock>>);

/// The turn of whoever has it; given back when dropped.
pub(crate) struct Turn {
    turns: Arc<Turns>,
    name: String,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits for the turn of this name, first come, first served.
    pub(super) async fn take(self: Arc<Self>, name: &str) -> Turn {
        // Made before it waits: one that is dropped while waiting cleans up as well.
        let mut turn = Turn { turns: self, name: name.to_owned(), guard: None };
        let lock = turn.turns.0.lock().entry(name.to_owned()).or_default().clone();
        turn.guard = Some(lock.lock_owned().await);
        turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.guard = None;
        let mut turns = self.turns.0.lock();
        // Whoever waits for a turn has a share in its lock, and takes it under this one.
        if turns.get(&self.name).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            turns.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use env_sim::Sim;

    use super::*;

    #[test]
    fn turns_of_one_name_follow_each_other_and_nothing_is_left_of_them() {
        Sim::new(1).run(async |env, _| {
            let turns = Arc::<Turns>::default();
            let first = turns.clone().take("a").await;
            let _other = turns.clone().take("b").await;
            let order = Arc::<Mutex<Vec<u32>>>::default();
            for number in 0..3 {
                let (turns, order, env_of) = (turns.clone(), order.clone(), env.clone());
                let request = async move {
                    let _turn = turns.take("a").await;
                    env_of.sleep(Duration::from_secs(1)).await;
                    order.lock().push(number);
                };
                env.work().spawn("request", Box::pin(request));
            }
            assert!(env.timeout(Duration::from_secs(1), turns.clone().take("a")).await.is_err(), "given up");
            assert!(order.lock().is_empty());
            drop(first);
            env.sleep(Duration::from_millis(3_500)).await;
            assert_eq!(*order.lock(), [0, 1, 2]);
            assert_eq!(turns.0.lock().keys().collect::<Vec<_>>(), ["b"]);
        });
    }

    #[test]
    fn whoever_gives_up_waiting_last_leaves_nothing() {
        Sim::new(1).run(async |env, _| {
            let turns = Arc::<Turns>::default();
            let held = turns.clone().take("a").await;
            let waiting = turns.clone();
            let waits = env.work().spawn("request", Box::pin(async move { drop(waiting.take("a").await) }));
            env.sleep(Duration::from_millis(1)).await;
            waits.abort();
            let _ = waits.join().await;
            drop(held);
            assert!(turns.0.lock().is_empty());
        });
    }
}
