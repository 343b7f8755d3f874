//! Processor time and memory of a worker with all its children.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::Process;
use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

/// Reads what a process group has used; the fixtures start each process as the head of a group of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meter {
    group: u32,
}

/// Memory in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    /// The most so far: the sum over the processes that live now.
    pub(crate) peak: u64,
}

impl Meter {
    pub(crate) fn of(process: &Process) -> Self {
        Self { group: process.pid() }
    }

    /// User and system time of all threads, also of those that ended, to the nanosecond; of ended children to the clock tick.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let mut total = Duration::ZERO;
        for member in members(self.group)? {
            // One that ends meanwhile appears in its parent's account from now on.
            if let Ok(cpu) = process_cpu(member.pid) {
                total += cpu + member.ended_children;
            }
        }
        Ok(total)
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        let mut total = Memory::default();
        for member in members(self.group)? {
            let path = PathBuf::from(format!("/proc/{}/status", member.pid));
            let Ok(status) = std::fs::read_to_string(path) else { continue };
            total.resident += kilobytes(&status, "VmRSS:") * 1024;
            total.peak += kilobytes(&status, "VmHWM:") * 1024;
        }
        Ok(total)
    }
}

/// Processor time of this program so far.
pub(crate) fn own_cpu() -> Result<Duration> {
    Ok(Duration::from(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?))
}

/// Processor time of the whole machine so far, a hypervisor's share included, to the clock tick.
pub(crate) fn machine_cpu() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/stat").context("processor time is read from Linux's /proc")?;
    busy(&stat).context("/proc/stat has no line of all processors")
}

/// User, nice, system, both kinds of interrupts, stolen; neither idle nor waiting for a disk, nor guests, which are in user.
fn busy(stat: &str) -> Option<Duration> {
    let fields: Vec<&str> = stat.lines().find_map(|line| line.strip_prefix("cpu "))?.split_whitespace().collect();
    let ticks = [0, 1, 2, 5, 6, 7].iter().map(|at| fields.get(*at)?.parse::<u64>().ok()).sum::<Option<u64>>()?;
    Some(Duration::from_millis(ticks * 10))
}

fn process_cpu(pid: u32) -> Result<Duration> {
    let clock = clock_getcpuclockid(Pid::from_raw(i32::try_from(pid)?))?;
    Ok(Duration::from(clock.now()?))
}

struct Member {
    pid: u32,
    ended_children: Duration,
}

fn members(group: u32) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    for entry in std::fs::read_dir("/proc").context("processor time is read from Linux's /proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        if let Some((of, ended_children)) = group_and_children(&stat)
            && of == group
        {
            members.push(Member { pid, ended_children });
        }
    }
    Ok(members)
}

/// Fields 5, 16 and 17 of `/proc/<pid>/stat`. A clock tick there is a hundredth of a second on every Linux.
fn group_and_children(stat: &str) -> Option<(u32, Duration)> {
    // The name in parentheses may hold blanks and parentheses of its own.
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks = fields.get(13)?.parse::<u64>().ok()? + fields.get(14)?.parse::<u64>().ok()?;
    Some((fields.get(2)?.parse().ok()?, Duration::from_millis(ticks * 10)))
}

fn kilobytes(status: &str, key: &str) -> u64 {
    let line = status.lines().find(|line| line.starts_with(key));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Instant;

    use super::*;

    #[test]
    fn stat_is_read_behind_the_name() {
        let stat = "17 (a (b) c) S 1 42 42 0 -1 4194304 100 200 0 0 5 6 7 8 20 0 1 0 300";
        assert_eq!(group_and_children(stat), Some((42, Duration::from_millis(150))));
        assert_eq!(group_and_children("17 (a)"), None);
    }

    #[test]
    fn a_machine_is_busy_when_neither_idle_nor_waiting() {
        assert_eq!(
            busy("cpu  1 2 4 8000 9000 8 16 32 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"),
            Some(Duration::from_millis(630))
        );
        assert_eq!(busy("cpu0 1 1 1 1 1 1 1 1 0 0\n"), None);
    }

    #[test]
    fn children_count() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "sh -c 'while :; do :; done' & wait"]);
        let process = Process::spawn("sh", &mut command, &folder.path().join("log")).unwrap();
        let meter = Meter::of(&process);
        let start = Instant::now();
        while meter.cpu().unwrap() < Duration::from_millis(50) {
            assert!(start.elapsed() < Duration::from_secs(20));
        }
        let memory = meter.memory().unwrap();
        assert!(memory.resident > 0 && memory.peak >= memory.resident);
    }
}
