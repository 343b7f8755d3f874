//! Runs histories, many at a time.

use std::cell::RefCell;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::thread;

use connect_worker::probe::Step;
use env::Env;
use env_sim::Sim;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use super::dice::Dice;
use super::plan::{Accident, Plan, failpoint};
use super::tally::Tally;
use super::world::World;

/// How many histories there are without a wish for more.
const SEEDS: u64 = 300;

thread_local! {
    /// What panicked in the history that this thread plays.
    static PANICS: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
    /// The world of that history.
    static CLOCK: RefCell<Option<Env>> = const { RefCell::new(None) };
}

/// How a history ended.
pub(crate) struct History {
    /// What must not be, if anything.
    pub(crate) violation: Option<String>,
    /// The hash of everything that happened.
    pub(crate) hash: u64,
    /// What happened last, one event a line.
    pub(crate) last_events: String,
    /// For people.
    pub(crate) summary: String,
    tally: Arc<Tally>,
}

/// Plays the history of a seed.
pub(crate) fn history_of(seed: u64) -> History {
    catch_panics();
    show_log();
    PANICS.set(Some(Vec::new()));
    let tally = Arc::new(Tally::default());
    let mut sim = Sim::new(seed).with_kept_events(kept_events());
    let handle = sim.handle();
    let counted = tally.clone();
    let played = catch_unwind(AssertUnwindSafe(|| {
        sim.run(|env, sim| async move {
            let plan = Plan::draw(&Dice::new(&sim));
            sim.trace(format_args!("{plan:?}"));
            let shown = format!("{plan:?}");
            CLOCK.set(Some(env.clone()));
            let mut world = World::start(env, sim, plan, counted).await;
            let played = play(&mut world).await;
            (played, format!("{}\n{shown}", world.observer.summary()))
        })
    }));
    CLOCK.set(None);
    let panics = PANICS.take().unwrap_or_default();
    let (violation, summary) = match played {
        Ok((Err(what), summary)) => (Some(what), summary),
        Ok((Ok(()), summary)) => (panics.first().map(|text| format!("panicked: {text}")), summary),
        Err(_) => (Some(format!("the simulation did not end: {}", panics.join("; "))), String::new()),
    };
    History { violation, hash: handle.trace_hash(), last_events: handle.last_events(), summary, tally }
}

async fn play(world: &mut World) -> Result<(), String> {
    for _ in 0..world.plan.steps {
        world.step().await;
        world.check()?;
    }
    world.heal().await;
    world.drain().await?;
    world.end().await
}

/// Panics in a history are kept for it instead of printed: tasks may survive theirs, the history must not.
fn catch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let kept =
                PANICS.with_borrow_mut(|panics| panics.as_mut().map(|panics| panics.push(panic.to_string())).is_some());
            if !kept {
                usual(panic);
            }
        }));
    });
}

/// With `MOLDAU_LOG`, the log of everything inside is shown, at the history's own time.
fn show_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if let Ok(filter) = EnvFilter::try_from_env("MOLDAU_LOG") {
            tracing_subscriber::fmt().with_env_filter(filter).with_timer(SimulatedTime).with_ansi(false).init();
        }
    });
}

struct SimulatedTime;

impl FormatTime for SimulatedTime {
    fn format_time(&self, out: &mut Writer<'_>) -> std::fmt::Result {
        let now = CLOCK.with_borrow(|env| env.as_ref().map(|env| env.clock().now().since_origin()));
        write!(out, "{:>12.6}s", now.unwrap_or_default().as_secs_f64())
    }
}

/// A search through seeds.
#[derive(Clone, Copy)]
pub(crate) struct Search {
    pub(crate) first: u64,
    pub(crate) count: u64,
}

impl Search {
    /// The seeds of this run: that of `MOLDAU_SIM_SEED`, or as many as `MOLDAU_SIM_SEEDS` says, else the usual number, from
    /// `MOLDAU_SIM_FIRST` or 0 on.
    pub(crate) fn usual() -> Self {
        let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
        match number("MOLDAU_SIM_SEED") {
            Some(seed) => Self { first: seed, count: 1 },
            None => Self {
                first: number("MOLDAU_SIM_FIRST").unwrap_or(0),
                count: number("MOLDAU_SIM_SEEDS").unwrap_or(SEEDS),
            },
        }
    }
}

/// Plays histories on all cores; stops at the first whose end `stops` says so.
fn play_all(search: Search, tally: &Tally, stops: impl Fn(u64, History) -> bool + Sync) {
    let (next, stopped) = (AtomicU64::new(search.first), AtomicBool::new(false));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while !stopped.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= search.first + search.count {
                        return;
                    }
                    let history = history_of(seed);
                    tally.merge(&history.tally);
                    if stops(seed, history) {
                        stopped.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
}

/// Plays the usual histories.
///
/// # Panics
/// When one ends with a violation; and, when there were enough of them, when something never happened in any.
pub(crate) fn run_all() {
    let search = Search::usual();
    let (tally, failures) = (Tally::default(), Mutex::new(Vec::new()));
    play_all(search, &tally, |seed, history| {
        if search.count == 1 && history.violation.is_none() {
            println!("seed {seed}: {}\n{}", history.summary, history.last_events);
        }
        let Some(what) = history.violation else { return false };
        let mut failures = failures.lock().unwrap();
        println!(
            "\nseed {seed}: {what}\n{}\nlast events:\n{}replay: MOLDAU_SIM_SEED={seed} cargo test -p e2e --test histories -- --nocapture\n",
            history.summary, history.last_events
        );
        failures.push((seed, what));
        failures.len() >= most_failures()
    });
    say(&format!("what happened in {} histories, and how often:\n{tally}", search.count));
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} histories failed: {failures:#?}", failures.len());
    if search.count >= SEEDS {
        let missing = tally.missing(everything());
        assert!(missing.is_empty(), "these never happened: {missing:?}");
    }
}

/// Prints also where the test harness swallows what tests print.
pub(crate) fn say(text: &str) {
    // Nobody to tell is no reason to fail.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A history that is played alone is shown from its beginning.
fn kept_events() -> usize {
    if std::env::var_os("MOLDAU_SIM_SEED").is_some() { usize::MAX } else { 200 }
}

fn most_failures() -> usize {
    std::env::var("MOLDAU_SIM_FAILURES").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// What must happen in some history.
fn everything() -> Vec<String> {
    let steps = Step::ALL.into_iter().map(failpoint).flat_map(|point| {
        let ends = format!("{point}: end of the process");
        [format!("{point}: error"), format!("{point}: delay"), ends, point]
    });
    let accidents = Accident::HARMLESS.into_iter().chain(Accident::HARMFUL).map(|accident| format!("{accident:?}"));
    let requests =
        ["refused where all arrives once", "request refused", "request dropped", "answer lost", "request late"];
    let fates = [
        "line for a matching topic",
        "line for a topic beside",
        "lines in a topic that was there",
        "lines in a topic that the source made",
        "request to make a topic: Refuse",
        "request to make a topic: Drop",
        "request to make a topic: LoseAnswer",
        "request to make a topic: Late",
        "line filtered in the source",
        "line refused by a transform of the source",
        "line refused by the sink's converter",
        "line filtered in the sink",
        "line refused by a transform of the sink",
        "batch refused by the sink",
        "restarted by itself",
        "line refused and taken when tried again",
    ];
    let others = ["part of a line", "lines in a burst", "process killed", "power lost", "task given up"];
    let broker =
        ["Open", "Read", "Rename", "Sync", "SyncDir", "Write"].map(|it| format!("{it} fails on the broker's disk"));
    let rest = ["REST answers 200", "REST answers 202", "REST answers 204", "REST answers 404", "REST does not answer"];
    let unsteady = [super::plugins::PUT, super::plugins::FLUSH];
    let unsteady = unsteady.into_iter().flat_map(|point| [format!("{point}: error"), format!("{point}: delay")]);
    let words = requests.into_iter().chain(others).chain(rest).chain(fates).map(str::to_owned);
    steps.chain(accidents).chain(words).chain(broker).chain(unsteady).collect()
}

/// Plays histories until one ends with a violation: its seed, and what was found.
pub(crate) fn first_violation(search: Search) -> Option<(u64, String)> {
    let found = Mutex::new(None);
    play_all(search, &Tally::default(), |seed, history| match history.violation {
        Some(what) => {
            found.lock().unwrap().get_or_insert((seed, what));
            true
        }
        None => false,
    });
    found.into_inner().unwrap()
}

/// Plays a history twice.
///
/// # Panics
/// When the two differ.
pub(crate) fn replays_alike(seed: u64) {
    let (first, second) = (history_of(seed), history_of(seed));
    if first.hash != second.hash {
        let pairs = first.last_events.lines().zip(second.last_events.lines()).enumerate();
        let different = pairs.into_iter().find(|(_, (one, two))| one != two);
        panic!("two runs of seed {seed} differ; first difference in the last events: {different:#?}");
    }
}
