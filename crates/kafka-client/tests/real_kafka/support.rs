//! A shared broker, and a world to run in.

use std::future::Future;
use std::sync::LazyLock;
use std::time::Duration;

use e2e::RealKafka;
use env::Env;

/// How long a test may take.
const LIMIT: Duration = Duration::from_secs(120);

/// One broker for all tests that do not stop it; topics and groups have different names.
pub(crate) fn kafka() -> &'static RealKafka {
    static KAFKA: LazyLock<RealKafka> = LazyLock::new(|| {
        let mut kafka = RealKafka::start().expect("Kafka starts");
        kafka.remove_with_this_process().expect("its processes can be watched");
        kafka
    });
    &KAFKA
}

/// Runs a test on the machine.
pub(crate) fn run<F: Future>(body: impl FnOnce(Env) -> F) -> F::Output {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
    let runtime = env_real::runtime(2, 4).unwrap();
    let env = env_real::env(runtime.handle().clone());
    let clock = env.clone();
    runtime.block_on(async move { clock.timeout(LIMIT, body(env)).await.expect("the test takes too long") })
}
