//! How much memory the worker may use for data.

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
