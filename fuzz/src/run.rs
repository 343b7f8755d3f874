//! Runs a target in this process.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use nix::sys::resource::{Resource, setrlimit};
use nix::time::{ClockId, clock_gettime};
use peak_alloc::PeakAlloc;

use crate::corpus;
use crate::mutation::{Numbers, mutate};
use crate::target::Target;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What a panic said, also one that the code under test has caught.
static PANIC: Mutex<Option<String>> = Mutex::new(None);
/// How many inputs have been tried.
static TRIED: AtomicU64 = AtomicU64::new(0);

/// As large as the stack of a worker's threads.
const STACK: usize = 2 << 20;
/// The most memory an input may take at once, besides what its own length explains.
const MEMORY_BASE: usize = 96 << 20;
const MEMORY_PER_BYTE: usize = 1024;
/// The most time of a processor for one input.
const SLOW: Duration = Duration::from_secs(4);
/// After this time of a processor an input is given up, and the process with it.
const ENDLESS: Duration = Duration::from_secs(30);
/// More memory than this ends the process.
const ADDRESS_SPACE: u64 = 8 << 30;
/// How many inputs with outcomes of their own are kept.
const KEPT: usize = 4096;

/// How long and from where to run.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The time after which it ends.
    pub time: Duration,
    /// The choices made.
    pub seed: u64,
    /// The file that holds the input being tried: when the process dies, it was that one.
    pub current: PathBuf,
}

/// Tries the corpus, then what mutation makes of it. Prints one line at the end.
///
/// # Errors
/// The first failure; the file [`Limits::current`] has its input.
pub fn run(target: &'static Target, limits: &Limits) -> Result<()> {
    prepare(target)?;
    let limits = limits.clone();
    let current = File::create(&limits.current).with_context(|| limits.current.display().to_string())?;
    on_small_stack(move || attempts(target, &limits, &current))
}

/// Tries one input.
///
/// # Errors
/// What is wrong with it.
pub fn replay(target: &'static Target, file: &Path) -> Result<()> {
    let input = std::fs::read(file).with_context(|| file.display().to_string())?;
    prepare(target)?;
    on_small_stack(move || attempt(target, &input).map(|_| ()).map_err(|failure| anyhow!("{failure}")))
}

fn prepare(target: &'static Target) -> Result<()> {
    setrlimit(Resource::RLIMIT_AS, ADDRESS_SPACE, ADDRESS_SPACE).context("the limit of memory cannot be set")?;
    std::panic::set_hook(Box::new(|info| {
        let mut said = PANIC.lock().unwrap_or_else(PoisonError::into_inner);
        said.get_or_insert_with(|| format!("{info}\n{}", std::backtrace::Backtrace::force_capture()));
    }));
    std::thread::Builder::new().spawn(move || watch(target))?;
    Ok(())
}

/// Ends the process when an input takes for ever.
fn watch(target: &'static Target) {
    let (mut seen, mut since) = (u64::MAX, Duration::ZERO);
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let used = processor_time(ClockId::CLOCK_PROCESS_CPUTIME_ID);
        let tried = TRIED.load(Ordering::Relaxed);
        if tried != seen {
            (seen, since) = (tried, used);
        } else if used.saturating_sub(since) > ENDLESS {
            println!("{}: an input takes for ever", target.name);
            std::process::exit(1);
        }
    }
}

fn on_small_stack(work: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work)?;
    thread.join().unwrap_or_else(|_| bail!("the harness itself has panicked"))
}

fn attempts(target: &'static Target, limits: &Limits, current: &File) -> Result<()> {
    let mut kept = corpus::load(target)?;
    let mut outcomes = std::collections::BTreeSet::new();
    let (mut numbers, start) = (Numbers::new(limits.seed), Instant::now());
    for input in &kept {
        note(current, input)?;
        outcomes.insert(attempt(target, input).map_err(|failure| anyhow!("{failure}"))?);
    }
    let own = kept.len();
    let mut tried = own as u64;
    while start.elapsed() < limits.time {
        let mut input = kept[numbers.below(kept.len())].clone();
        // Mostly short inputs, because they are quick; sometimes as long as may be.
        let longest = if numbers.below(64) == 0 { target.longest } else { target.longest.min(2048) };
        mutate(&mut input, &kept[numbers.below(kept.len())], target.words, longest, &mut numbers);
        note(current, &input)?;
        let outcome = attempt(target, &input).map_err(|failure| anyhow!("{failure}"))?;
        tried += 1;
        if outcomes.len() < 1 << 20 && outcomes.insert(outcome) {
            if kept.len() < own + KEPT {
                kept.push(input);
            } else {
                let place = own + numbers.below(KEPT);
                kept[place] = input;
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{}: {tried} inputs in {seconds:.1} s, {} outcomes", target.name, outcomes.len());
    Ok(())
}

/// Writes an input where it is found when the process dies.
fn note(current: &File, input: &[u8]) -> io::Result<()> {
    current.write_all_at(input, 0)?;
    current.set_len(input.len() as u64)
}

fn attempt(target: &'static Target, input: &[u8]) -> Result<u64, String> {
    TRIED.fetch_add(1, Ordering::Relaxed);
    MEMORY.reset_peak_usage();
    let (memory, time) = (MEMORY.current_usage(), processor_time(ClockId::CLOCK_THREAD_CPUTIME_ID));
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let time = processor_time(ClockId::CLOCK_THREAD_CPUTIME_ID).saturating_sub(time);
    let memory = MEMORY.peak_usage().saturating_sub(memory);
    if let Some(panic) = PANIC.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(format!("{}: {panic}", target.name));
    }
    let length = input.len();
    if time > SLOW {
        return Err(format!("{}: {length} bytes take {time:.1?} of the processor", target.name));
    }
    if memory > MEMORY_BASE + MEMORY_PER_BYTE * length {
        return Err(format!("{}: {length} bytes take {} MB of memory", target.name, memory >> 20));
    }
    outcome.map_err(|_| format!("{}: a panic without a word", target.name))
}

fn processor_time(clock: ClockId) -> Duration {
    clock_gettime(clock).map(Duration::from).unwrap_or_default()
}
