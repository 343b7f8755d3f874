//! The machine the process runs on: threads, and the world that stands on them.

use env::Env;

use crate::exit::Exit;

/// Threads that may be inside code that blocks, all together.
const BLOCKING_THREADS: usize = 512;

/// Runs `main` in the machine's world until it ends.
pub(crate) fn run<F>(main: impl FnOnce(Env) -> F) -> Result<(), Exit>
where
    F: Future<Output = Result<(), Exit>>,
{
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = env_real::runtime(cores, BLOCKING_THREADS)
        .map_err(|error| Exit::worker(format!("the runtime cannot start: {error}")))?;
    let env = env_real::env(runtime.handle().clone());
    let result = runtime.block_on(main(env));
    // What was given up may still hold threads; nothing waits for them.
    runtime.shutdown_background();
    result
}
