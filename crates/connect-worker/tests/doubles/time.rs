//! Where tests run: in simulated time, or on real threads.

use std::time::Duration;

use env::Env;

/// Runs `body` in simulated worlds of several seeds: no time passes, and the order in which tasks run differs.
pub(crate) fn simulated<F: Future<Output = ()>>(body: impl Fn(Env) -> F) {
    for seed in 0..6 {
        env_sim::Sim::new(seed).run(|env, _| body(env));
    }
}

/// Runs `body` on the machine, with two threads and room for more that block.
pub(crate) fn on_threads<F: Future<Output = ()>>(body: impl FnOnce(Env) -> F) {
    let runtime = env_real::runtime(2, 32).unwrap();
    runtime.block_on(body(env_real::env(runtime.handle().clone())));
    runtime.shutdown_timeout(Duration::from_secs(1));
}

/// Waits until `condition` holds.
///
/// # Panics
/// When it does not within 100 seconds of the world's time.
pub(crate) async fn eventually(env: &Env, what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = env.clock().now() + Duration::from_secs(100);
    while !condition() {
        assert!(env.clock().now() < deadline, "never: {what}");
        env.sleep(Duration::from_millis(5)).await;
    }
}
