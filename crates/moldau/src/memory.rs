//! How much memory the worker may use for data, and how the allocator holds it.

use std::os::unix::process::CommandExt;
use std::process::Command;

use connect_config::WorkerConfig;
use connect_worker::Budget;

/// The most a worker takes without being told to.
const MOST: u64 = 64 << 20;

/// The byte budget: `moldau.memory.bytes`, else a quarter of what the machine or its cgroup has, at most 64 MiB.
pub(crate) fn budget(config: &WorkerConfig) -> Budget {
    let bytes = config.memory_bytes.unwrap_or_else(|| (limit() / 4).min(MOST));
    Budget::new(usize::try_from(bytes).unwrap_or(usize::MAX))
}

fn limit() -> u64 {
    let cgroup = number("/sys/fs/cgroup/memory.max").or_else(|| number("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
    cgroup.unwrap_or(u64::MAX).min(physical().unwrap_or(u64::MAX))
}

fn number(path: &str) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn physical() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("MemTotal:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes << 10)
}

/// The variable by which glibc's allocator is told how many arenas it may have.
const ARENAS: &str = "MALLOC_ARENA_MAX";

/// Starts the process anew, under the same id, with one arena of memory, unless the environment says how many. Batches
/// are made on one thread and freed on another, which leaves every further arena full of holes: with one, a worker under
/// load takes half the memory and no more time. The allocator reads the variable only when a process starts.
pub(crate) fn use_one_arena() {
    if std::env::var_os(ARENAS).is_some() {
        return;
    }
    if let Ok(binary) = std::env::current_exe() {
        // Comes back only with an error; then everything works as well, with more memory.
        let _ = Command::new(binary).args(std::env::args_os().skip(1)).env(ARENAS, "1").exec();
    }
}
