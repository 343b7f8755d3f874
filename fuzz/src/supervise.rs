//! Runs targets in processes of their own, several at a time.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::target::{Target, outcome};

/// What is run.
pub struct Plan {
    /// The program that knows the command `run`: this one.
    pub program: PathBuf,
    /// The targets.
    pub targets: Vec<&'static Target>,
    /// For each of them.
    pub time: Duration,
    /// The choices made.
    pub seed: u64,
    /// How many processes at a time.
    pub parallel: usize,
    /// Where inputs go that something is wrong with.
    pub crashes: PathBuf,
}

struct Running {
    target: &'static Target,
    child: Child,
    current: PathBuf,
    started: Instant,
}

/// Runs all targets and prints what each says.
///
/// # Errors
/// When something is wrong with an input, with the file it was written to and the command that tries it again.
pub fn supervise(plan: &Plan) -> Result<()> {
    std::fs::create_dir_all(&plan.crashes).with_context(|| plan.crashes.display().to_string())?;
    let mut waiting = plan.targets.iter().copied();
    let (mut running, mut failures) = (Vec::new(), Vec::new());
    loop {
        while running.len() < plan.parallel.max(1)
            && let Some(target) = waiting.next()
        {
            running.push(start(plan, target)?);
        }
        if running.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
        let mut index = 0;
        while index < running.len() {
            match finished(plan, &mut running[index])? {
                None => index += 1,
                Some(failure) => {
                    let ended = running.swap_remove(index);
                    failures.extend(failure);
                    let _ = std::fs::remove_file(&ended.current);
                }
            }
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    bail!("{}", failures.join("\n"))
}

fn start(plan: &Plan, target: &'static Target) -> Result<Running> {
    let current = plan.crashes.join(format!("{}-{}.current", target.name, std::process::id()));
    let child = Command::new(&plan.program)
        .args(["run", target.name, "--in-process", "--current"])
        .arg(&current)
        .args(["--seconds", &plan.time.as_secs().to_string(), "--seed", &plan.seed.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit())
        .spawn()
        .with_context(|| format!("{} cannot be started", plan.program.display()))?;
    Ok(Running { target, child, current, started: Instant::now() })
}

/// Whether a target has ended, and if so, what is wrong.
fn finished(plan: &Plan, running: &mut Running) -> Result<Option<Option<String>>> {
    let status = running.child.try_wait()?;
    // Far more than it needs, also on a machine with much to do: then it waits for something that never comes.
    let late = running.started.elapsed() > plan.time * 4 + Duration::from_secs(300);
    let how = match status {
        Some(status) if status.success() => return Ok(Some(None)),
        Some(status) => status.to_string(),
        None if late => {
            running.child.kill()?;
            running.child.wait()?;
            "it hangs".to_owned()
        }
        None => return Ok(None),
    };
    let input = std::fs::read(&running.current).unwrap_or_default();
    let kept = keep(&plan.crashes, running.target, &input)?;
    Ok(Some(Some(format!(
        "{}: {how}; seed {}\n  the input:    {}\n  to try again: cargo xtask fuzz {} --replay {}",
        running.target.name,
        plan.seed,
        kept.display(),
        running.target.name,
        kept.display(),
    ))))
}

fn keep(folder: &Path, target: &Target, input: &[u8]) -> Result<PathBuf> {
    let number = outcome(input, "");
    let path = folder.join(format!("{}-{number:016x}", target.name));
    std::fs::write(&path, input).with_context(|| path.display().to_string())?;
    Ok(path)
}
