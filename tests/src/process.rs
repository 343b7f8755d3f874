//! A child process that never outlives its owner.

use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

const POLL: Duration = Duration::from_millis(10);
const LOG_TAIL: usize = 6_000;

/// A running child in a process group of its own, its output in a log file.
///
/// Dropping it kills the group. Should this process itself be killed, a small shell that waits for its end does the same.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    watchdog: Option<Child>,
    log: PathBuf,
    status: Option<ExitStatus>,
}

/// What a process has used so far.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// User and system time of all threads, also of those that ended.
    pub cpu: Duration,
    /// Resident memory now, in bytes.
    pub resident: u64,
    /// The most resident memory so far, in bytes.
    pub peak_resident: u64,
}

impl Process {
    /// Starts `command` with standard error (and output, unless the command pipes it: see [`Self::piped`]) in the file `log`, which is
    /// appended to if it exists.
    pub fn spawn(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let out = append(log)?;
        command.stdin(Stdio::null()).stdout(out);
        Self::start(name, command, log)
    }

    /// Like [`Self::spawn`], with pipes to standard input and output.
    pub fn piped(name: &str, command: &mut Command, log: &Path) -> Result<(Self, ChildStdin, ChildStdout)> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Self::start(name, command, log)?;
        let input = process.child.stdin.take().context("no pipe to standard input")?;
        let output = process.child.stdout.take().context("no pipe from standard output")?;
        Ok((process, input, output))
    }

    fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let child = command
            .stderr(append(log)?)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name}: {}", command.get_program().display()))?;
        let mut process = Self { name: name.to_owned(), child, watchdog: None, log: log.to_owned(), status: None };
        process.watchdog = Some(watchdog(process.child.id(), None)?);
        Ok(process)
    }

    /// Lets `folder` go with the process when this one ends without dropping it, as it does with what a static holds.
    pub fn remove_with(&mut self, folder: &Path) -> Result<()> {
        self.dismiss_watchdog();
        self.watchdog = Some(watchdog(self.child.id(), Some(folder))?);
        Ok(())
    }

    /// The process id, also that of its group.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote so far, output and errors.
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The end of the log, for the message of a failure.
    pub fn log_tail(&self) -> String {
        let log = self.log();
        let mut from = log.len().saturating_sub(LOG_TAIL);
        while !log.is_char_boundary(from) {
            from += 1;
        }
        format!("log of {} ({}):\n{}", self.name, self.log.display(), &log[from..])
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.status.is_none() {
            self.status = self.child.try_wait()?;
            if self.status.is_some() {
                self.dismiss_watchdog();
            }
        }
        Ok(self.status)
    }

    /// Waits for its end, at most for `limit`. Code as a shell gives it: 128 + signal if one killed it.
    pub fn wait(&mut self, limit: Duration) -> Result<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)));
            }
            if start.elapsed() > limit {
                bail!("{} still runs after {limit:?}\n{}", self.name, self.log_tail());
            }
            std::thread::sleep(POLL);
        }
    }

    /// SIGTERM to the process, then waits for its end; after `limit` it is killed and that is an error.
    pub fn terminate(&mut self, limit: Duration) -> Result<i32> {
        self.signal(Signal::TERM)?;
        let waited = self.wait(limit);
        if waited.is_err() {
            self.kill();
        }
        waited
    }

    /// Sends a signal to the process alone.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        if self.ended()?.is_none() {
            kill_process(pid(self.child.id())?, signal).with_context(|| format!("cannot signal {}", self.name))?;
        }
        Ok(())
    }

    /// SIGKILL to the whole group, and waits until it is gone.
    pub fn kill(&mut self) {
        // A child that was waited for may have given its id to somebody else: only a live one is signalled.
        if self.status.is_none() {
            if let Ok(group) = pid(self.child.id()) {
                let _ = kill_process_group(group, Signal::KILL);
            }
            self.status = self.child.wait().ok();
        }
        self.dismiss_watchdog();
    }

    /// Processor time and memory, from `/proc`.
    pub fn usage(&self) -> Result<Usage> {
        let folder = PathBuf::from(format!("/proc/{}", self.child.id()));
        let stat = std::fs::read_to_string(folder.join("stat")).with_context(|| format!("{} has ended", self.name))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: u64 = fields.get(11).context("short stat")?.parse::<u64>()?
            + fields.get(12).context("short stat")?.parse::<u64>()?;
        let status = std::fs::read_to_string(folder.join("status"))?;
        let bytes = |key: &str| -> Option<u64> {
            let line = status.lines().find(|line| line.starts_with(key))?;
            Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
        };
        let hertz = rustix::param::clock_ticks_per_second();
        Ok(Usage {
            cpu: Duration::from_micros(ticks * 1_000_000 / hertz),
            resident: bytes("VmRSS:").unwrap_or(0),
            peak_resident: bytes("VmHWM:").unwrap_or(0),
        })
    }

    fn dismiss_watchdog(&mut self) {
        if let Some(mut watchdog) = self.watchdog.take() {
            if let Ok(group) = pid(watchdog.id()) {
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = watchdog.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A shell whose standard input is a pipe that only we hold: it ends when we do, however that happens, and the shell then kills the group.
fn watchdog(group: u32, folder: Option<&Path>) -> Result<Child> {
    Command::new("sh")
        .arg("-c")
        .arg(format!("cat >/dev/null; kill -KILL -{group}; if [ $# -gt 0 ]; then sleep 0.2; rm -rf \"$1\"; fi"))
        .arg("sh")
        .args(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .context("cannot start a shell")
}

fn pid(id: u32) -> Result<Pid> {
    Pid::from_raw(i32::try_from(id)?).context("process id 0")
}

fn append(log: &Path) -> Result<File> {
    File::options().create(true).append(true).open(log).with_context(|| format!("cannot open {}", log.display()))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};

    use super::*;
    use crate::wait::wait_until;

    const LIMIT: Duration = Duration::from_secs(10);
    const OWNER: &str = "MOLDAU_TEST_OWNER_LOG";

    fn shell(script: &str, log: &Path) -> Process {
        Process::spawn("sh", Command::new("sh").args(["-c", script]), log).unwrap()
    }

    fn alive(pid: u32) -> bool {
        // A zombie has no command line any more.
        std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
    }

    #[test]
    fn codes_and_logs_are_those_of_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut process = shell("echo out; echo err >&2; exit 7", &log);
        assert_eq!(process.wait(LIMIT).unwrap(), 7);
        assert_eq!(process.log(), "out\nerr\n");
        let mut process = shell("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done", &log);
        wait_until("the trap", LIMIT, || process.log().contains("ready")).unwrap();
        assert_eq!(process.terminate(LIMIT).unwrap(), 0);
        assert_eq!(process.log(), "out\nerr\nready\nbye\n");
    }

    #[test]
    fn a_process_that_ignores_the_signal_is_killed_after_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = shell("trap '' TERM; echo ready; while :; do sleep 0.01; done", &folder.path().join("log"));
        wait_until("the trap", LIMIT, || process.log().contains("ready")).unwrap();
        let error = process.terminate(Duration::from_millis(100)).unwrap_err().to_string();
        assert!(error.contains("still runs") && error.contains("ready"), "{error}");
        assert!(!alive(process.pid()));
    }

    #[test]
    fn dropping_ends_grandchildren_too() {
        let folder = tempfile::tempdir().unwrap();
        let process = shell("sleep 1000 & echo $!; wait", &folder.path().join("log"));
        wait_until("a grandchild", LIMIT, || process.log().ends_with('\n')).unwrap();
        let grandchild: u32 = process.log().trim().parse().unwrap();
        assert!(alive(grandchild));
        drop(process);
        wait_until("its end", LIMIT, || !alive(grandchild)).unwrap();
    }

    #[test]
    fn usage_counts_time_and_memory() {
        let folder = tempfile::tempdir().unwrap();
        let process = shell("while :; do :; done", &folder.path().join("log"));
        wait_until("some work", LIMIT, || process.usage().unwrap().cpu > Duration::from_millis(50)).unwrap();
        let usage = process.usage().unwrap();
        assert!(usage.resident > 0 && usage.peak_resident >= usage.resident);
    }

    /// Also the owner: started again with a variable set, this test starts a process, tells its id and waits to be killed.
    #[test]
    fn a_killed_owner_leaves_nothing_behind() {
        if let Some(log) = std::env::var_os(OWNER) {
            let process = shell("sleep 1000", Path::new(&log));
            println!("\nid {}", process.pid());
            std::thread::sleep(Duration::from_secs(100));
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut owner = Command::new(std::env::current_exe().unwrap())
            .args(["a_killed_owner_leaves_nothing_behind", "--nocapture"])
            .env(OWNER, folder.path().join("log"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
        let id: u32 = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("id ")?.parse().ok()).unwrap();
        assert!(alive(id));
        owner.kill().unwrap();
        owner.wait().unwrap();
        wait_until("its end", LIMIT, || !alive(id)).unwrap();
    }
}
