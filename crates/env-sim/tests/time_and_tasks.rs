//! Time passes only in the simulation; tasks end with their process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "one test compares simulated time with the machine's")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use env::{Elapsed, Env, Instant, TaskError};
use env_sim::{DiskFault, DiskOperation, Sim, replay};

/// A task that counts its turns, one a second.
fn count_seconds(env: &Env) -> (Arc<AtomicU64>, Box<dyn env::Task>) {
    let turns = Arc::new(AtomicU64::new(0));
    let task = env.work().spawn("count", {
        let (env, turns) = (env.clone(), turns.clone());
        Box::pin(async move {
            loop {
                env.sleep(Duration::from_secs(1)).await;
                turns.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    (turns, task)
}

#[test]
fn an_hour_takes_no_time() {
    let begin = std::time::Instant::now();
    replay(1, |env, _| async move {
        let start = env.clock().now();
        let limit = Duration::from_secs(3600);
        assert_eq!(env.timeout(limit, std::future::pending::<()>()).await, Err(Elapsed));
        assert_eq!(env.clock().now() - start, limit);
        assert_eq!(env.timeout(limit, env.sleep(Duration::from_secs(3599))).await, Ok(()));
        assert_eq!(env.timeout(Duration::MAX, async { 1 }).await, Ok(1));
        env.clock().sleep_until(start).await;
    });
    assert!(begin.elapsed() < Duration::from_secs(60));
}

#[test]
fn time_stands_still_while_a_task_can_run() {
    Sim::new(1).run(|env, _| async move {
        let start = env.clock().now();
        for _ in 0..1000 {
            env.work().spawn("nothing", Box::pin(async {})).join().await.unwrap();
        }
        assert_eq!(env.clock().now(), start);
    });
}

#[test]
fn timers_of_one_moment_and_of_others_fire_in_order() {
    Sim::new(1).run(|env, _| async move {
        let fired = Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for millis in [30, 10, 20] {
            let (at, fired) = (env.sleep(Duration::from_millis(millis)), fired.clone());
            tasks.push(env.work().spawn(
                "timer",
                Box::pin(async move {
                    at.await;
                    fired.lock().unwrap().push(millis);
                }),
            ));
        }
        for task in tasks {
            task.join().await.unwrap();
        }
        assert_eq!(*fired.lock().unwrap(), [10, 20, 30]);
    });
}

#[test]
fn the_wall_clock_moves_with_time_and_when_it_is_stepped() {
    Sim::new(1).run(|env, sim| async move {
        let (wall, monotonic) = (env.clock().unix_millis(), env.clock().now());
        env.sleep(Duration::from_secs(2)).await;
        assert_eq!(env.clock().unix_millis(), wall + 2000);
        sim.step_clock(-5000);
        assert_eq!(env.clock().unix_millis(), wall - 3000);
        assert_eq!(sim.env_for("other").clock().unix_millis(), wall - 3000);
        assert_eq!(env.clock().now() - monotonic, Duration::from_secs(2));
    });
}

#[test]
#[should_panic(expected = "the simulation is not done")]
fn a_deadlock_ends_the_run() {
    Sim::new(1).run(|_, _| std::future::pending::<()>());
}

#[test]
#[should_panic(expected = "the simulation is not done")]
fn a_sleep_to_the_end_of_time_is_no_way_out() {
    Sim::new(1).with_time_limit(Duration::from_secs(1)).run(|env, _| async move {
        env.clock().sleep_until(Instant::from_origin(Duration::MAX)).await;
    });
}

#[test]
fn tasks_of_a_killed_or_crashed_process_do_not_run_on() {
    for crash in [false, true] {
        replay(1, |env, sim| async move {
            let (turns, task) = count_seconds(&sim.env_for("worker"));
            let (others, _) = count_seconds(&sim.env_for("other"));
            env.sleep(Duration::from_millis(5500)).await;
            assert!(sim.is_running("worker"));
            if crash {
                sim.crash("worker")
            } else {
                sim.kill("worker")
            }
            assert!(!sim.is_running("worker"));
            env.sleep(Duration::from_secs(10)).await;
            assert_eq!((turns.load(Ordering::Relaxed), others.load(Ordering::Relaxed)), (5, 15));
            assert_eq!(task.join().await, Err(TaskError::Aborted));
            let (turns, _) = count_seconds(&sim.env_for("worker"));
            env.sleep(Duration::from_millis(5500)).await;
            assert_eq!(turns.load(Ordering::Relaxed), 5);
        });
    }
}

#[test]
fn a_dead_process_starts_no_task() {
    Sim::new(1).run(|env, sim| async move {
        let dead = sim.env_for("worker");
        sim.kill("worker");
        let (turns, task) = count_seconds(&dead);
        env.sleep(Duration::from_secs(5)).await;
        assert_eq!(turns.load(Ordering::Relaxed), 0);
        assert_eq!(task.join().await, Err(TaskError::Aborted));
    });
}

#[test]
fn a_task_that_kills_its_own_process_gets_no_further_than_its_next_await() {
    Sim::new(1).run(|env, sim| async move {
        let worker = sim.env_for("worker");
        let steps = Arc::new(AtomicU64::new(0));
        let task = worker.work().spawn("suicide", {
            let (worker, sim, steps) = (worker.clone(), sim.clone(), steps.clone());
            Box::pin(async move {
                sim.crash("worker");
                assert!(worker.disk().read_dir("/".as_ref()).is_err());
                steps.fetch_add(1, Ordering::Relaxed);
                worker.sleep(Duration::from_secs(1)).await;
                steps.fetch_add(1, Ordering::Relaxed);
            })
        });
        assert_eq!(task.join().await, Err(TaskError::Aborted));
        env.sleep(Duration::from_secs(5)).await;
        assert_eq!(steps.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_panic_and_an_abort_end_one_task_and_every_join_tells() {
    Sim::new(1).run(|env, _| async move {
        let panicked = env.work().spawn("panics", Box::pin(async { panic!("number {}", 3) }));
        let (turns, aborted) = count_seconds(&env);
        env.sleep(Duration::from_millis(1500)).await;
        aborted.abort();
        env.sleep(Duration::from_secs(5)).await;
        for _ in 0..2 {
            assert_eq!(panicked.join().await, Err(TaskError::Panicked("number 3".into())));
            assert_eq!(aborted.join().await, Err(TaskError::Aborted));
        }
        assert_eq!(turns.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn blocking_work_runs_inline() {
    Sim::new(1).run(|env, _| async move {
        let mut ran = false;
        env.work().in_place(&mut || ran = true);
        assert!(ran);
        let (done, wait) = tokio::sync::oneshot::channel();
        env.work().spawn_blocking("job", Box::new(move || done.send(7).unwrap())).join().await.unwrap();
        assert_eq!(wait.await, Ok(7));
        let lent = async {
            env.sleep(Duration::from_secs(1)).await;
            env.lend(async { 7 }).await
        };
        assert_eq!(env.lend(lent).await, 7);
    });
}

#[test]
fn a_slow_disk_blocks_the_task_that_uses_it_and_no_other() {
    Sim::new(1).run(|env, sim| async move {
        let worker = sim.env_for("worker");
        sim.disk("worker").set_delay(Duration::from_secs(10));
        let (turns, _) = count_seconds(&worker);
        let start = env.clock().now();
        let slow = worker.work().spawn("slow", {
            let worker = worker.clone();
            Box::pin(async move {
                for _ in 0..3 {
                    worker.disk().read_dir("/".as_ref()).unwrap();
                    worker.sleep(Duration::from_secs(1)).await;
                }
            })
        });
        slow.join().await.unwrap();
        assert_eq!(env.clock().now() - start, Duration::from_secs(30));
        assert!(turns.load(Ordering::Relaxed) >= 29);
    });
}

#[test]
fn a_delay_is_nobody_elses() {
    Sim::new(1).run(|env, sim| async move {
        sim.disk("test").set_delay(Duration::from_secs(10));
        sim.disk("test").fail(DiskFault::next(DiskOperation::ReadDir));
        assert!(env.disk().read_dir("/".as_ref()).is_err());
        let start = env.clock().now();
        env.work().spawn("innocent", Box::pin(async {})).join().await.unwrap();
        assert_eq!(env.clock().now(), start);
    });
}
