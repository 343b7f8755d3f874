//! Loggers: names with dots and the level of each, as log4j2 and Connect's `Loggers` have them.
//!
//! A level is given to a name; a logger without one of its own has that of the nearest name above it (`a.b` is above
//! `a.b.c`), at last that of the root. A change is said to a name and changes every level given to names that begin
//! with the same characters, also those that stand not below it.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;

/// How the root logger is called outside.
pub const ROOT: &str = "root";

/// Log4j2's name of it.
const ROOT_NAME: &str = "";

/// More names than anybody sets; a logger is never forgotten.
const MOST: usize = 10_000;

/// From nothing to everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// Nothing here: no event is fatal.
    Fatal,
    /// Errors.
    Error,
    /// And warnings.
    Warn,
    /// And what one wants to know.
    Info,
    /// And what one looks for.
    Debug,
    /// And each step.
    Trace,
    /// Everything.
    All,
}

impl LogLevel {
    const EACH: [Self; 8] =
        [Self::Off, Self::Fatal, Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace, Self::All];

    /// The name, such as `INFO`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::Fatal => "FATAL",
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
            Self::Trace => "TRACE",
            Self::All => "ALL",
        }
    }

    /// The level of that name, in any case and between blanks.
    pub fn parse(text: &str) -> Option<Self> {
        Self::EACH.into_iter().find(|level| level.name().eq_ignore_ascii_case(text.trim()))
    }
}

/// What is known of a logger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoggerState {
    /// The level that holds for it.
    pub level: LogLevel,
    /// When it last changed, in milliseconds since 1970.
    pub last_modified: Option<i64>,
}

/// The loggers of this worker, as REST sees them. No call blocks.
pub trait Loggers: Send + Sync {
    /// All that there are, by name, but those that are off.
    fn levels(&self) -> BTreeMap<String, LoggerState>;
    /// One of them; `None` if there is no such.
    fn level(&self, name: &str) -> Option<LoggerState>;
    /// Gives a level to a name and all that begin with it, and makes a logger of that name. Gives the names of those
    /// whose level has changed, sorted. `now` is the time of the change.
    ///
    /// # Errors
    /// A sentence, when there are too many names already.
    fn set(&self, namespace: &str, level: LogLevel, now: i64) -> Result<Vec<String>, String>;
}

/// A level that was given.
#[derive(Clone, Copy, Debug)]
struct Given {
    level: LogLevel,
    /// Which change it was.
    change: u64,
}

/// The names and their levels; pure.
#[derive(Clone, Debug)]
pub struct LoggerTree {
    given: BTreeMap<String, Given>,
    loggers: BTreeSet<String>,
    last_modified: BTreeMap<String, i64>,
    changes: u64,
}

/// Loggers that nobody logs to, for a worker whose log is not its own, as in a simulation.
#[derive(Debug)]
pub struct DetachedLoggers(Mutex<LoggerTree>);

impl Default for DetachedLoggers {
    fn default() -> Self {
        Self(Mutex::new(LoggerTree::new(LogLevel::Info)))
    }
}

impl Loggers for DetachedLoggers {
    fn levels(&self) -> BTreeMap<String, LoggerState> {
        self.0.lock().levels()
    }

    fn level(&self, name: &str) -> Option<LoggerState> {
        self.0.lock().level(name)
    }

    fn set(&self, namespace: &str, level: LogLevel, now: i64) -> Result<Vec<String>, String> {
        self.0.lock().set(namespace, level, now)
    }
}

impl LoggerTree {
    /// The root alone, at this level.
    pub fn new(root: LogLevel) -> Self {
        Self {
            given: BTreeMap::from([(ROOT_NAME.to_owned(), Given { level: root, change: 0 })]),
            loggers: BTreeSet::new(),
            last_modified: BTreeMap::new(),
            changes: 0,
        }
    }

    /// Gives a level to a name without touching others: for levels of the start.
    pub fn configure(&mut self, name: &str, level: LogLevel) {
        self.changes += 1;
        self.given.insert(inner(name).to_owned(), Given { level, change: self.changes });
    }

    /// There is a logger of that name from now on.
    pub fn add(&mut self, name: &str) {
        if !self.loggers.contains(name) && self.loggers.len() < MOST {
            self.loggers.insert(name.to_owned());
        }
    }

    /// The level that holds for a logger that goes by several names: the one that was given last to any of them.
    pub fn effective<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> LogLevel {
        let nearest = names.into_iter().map(|name| self.nearest(name));
        // Parity: names that one thing goes by are different classes in Java.
        nearest.max_by_key(|given| given.change).map_or(LogLevel::Off, |given| given.level)
    }

    /// The most that any logger lets through.
    pub fn most(&self) -> LogLevel {
        self.given.values().map(|given| given.level).max().unwrap_or(LogLevel::Off)
    }

    /// See [`Loggers::levels`].
    pub fn levels(&self) -> BTreeMap<String, LoggerState> {
        let states = self.names().map(|name| (outer(name).to_owned(), self.state(name)));
        states.filter(|(_, state)| state.level != LogLevel::Off).collect()
    }

    /// See [`Loggers::level`].
    pub fn level(&self, name: &str) -> Option<LoggerState> {
        let name = inner(name);
        self.exists(name).then(|| self.state(name))
    }

    /// See [`Loggers::set`].
    ///
    /// # Errors
    /// When there are too many names.
    pub fn set(&mut self, namespace: &str, level: LogLevel, now: i64) -> Result<Vec<String>, String> {
        let namespace = inner(namespace);
        if !self.exists(namespace) && self.loggers.len() >= MOST {
            return Err(format!("there are {MOST} loggers already, no more can be made"));
        }
        self.add(namespace);
        let below: Vec<String> = self.names().filter(|name| name.starts_with(namespace)).map(str::to_owned).collect();
        let before: Vec<LogLevel> = below.iter().map(|name| self.nearest(name).level).collect();
        self.changes += 1;
        let given = Given { level, change: self.changes };
        self.given.insert(namespace.to_owned(), given);
        for (_, other) in self.given.iter_mut().filter(|(name, _)| name.starts_with(namespace)) {
            *other = given;
        }
        let mut changed = Vec::new();
        for (name, old) in below.iter().zip(before) {
            let new = self.nearest(name).level;
            // Parity: a logger that was off counts as changed even when it stays off.
            if new != old || old == LogLevel::Off {
                self.last_modified.insert(name.clone(), now);
                changed.push(outer(name).to_owned());
            }
        }
        changed.sort();
        Ok(changed)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let given = self.given.keys().filter(|name| !self.loggers.contains(*name));
        given.chain(&self.loggers).map(String::as_str)
    }

    fn exists(&self, name: &str) -> bool {
        self.given.contains_key(name) || self.loggers.contains(name)
    }

    fn state(&self, name: &str) -> LoggerState {
        LoggerState { level: self.nearest(name).level, last_modified: self.last_modified.get(name).copied() }
    }

    fn nearest(&self, name: &str) -> Given {
        let mut rest = name;
        loop {
            if let Some(given) = self.given.get(rest) {
                return *given;
            }
            // The root is always there.
            rest = rest.rfind('.').map_or(ROOT_NAME, |dot| &rest[..dot]);
        }
    }
}

fn inner(name: &str) -> &str {
    if name.eq_ignore_ascii_case(ROOT) { ROOT_NAME } else { name }
}

fn outer(name: &str) -> &str {
    if name.is_empty() { ROOT } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(tree: &mut LoggerTree, name: &str, level: LogLevel) -> Vec<String> {
        tree.set(name, level, 7).unwrap()
    }

    #[test]
    fn names_that_begin_alike_change_together_and_only_changes_are_told() {
        let mut tree = LoggerTree::new(LogLevel::Info);
        assert_eq!(set(&mut tree, "a.rest", LogLevel::Debug), ["a.rest"]);
        assert_eq!(set(&mut tree, "a.rest", LogLevel::Debug), [""; 0]);
        assert_eq!(set(&mut tree, "a.restdiff", LogLevel::Warn), ["a.restdiff"]);
        assert_eq!(set(&mut tree, "a", LogLevel::Trace), ["a", "a.rest", "a.restdiff"]);
        assert_eq!(set(&mut tree, "a.rest", LogLevel::Error), ["a.rest", "a.restdiff"]);
        assert_eq!(tree.level("a").unwrap(), LoggerState { level: LogLevel::Trace, last_modified: Some(7) });
        assert_eq!(tree.level("b"), None);
        assert_eq!(tree.most(), LogLevel::Trace);
    }

    #[test]
    fn a_logger_without_a_level_has_that_of_the_name_above() {
        let mut tree = LoggerTree::new(LogLevel::Info);
        tree.add("org.connect.Worker");
        tree.add("org.connect.WorkerTask");
        assert_eq!(set(&mut tree, "org.connect.Work", LogLevel::Debug), ["org.connect.Work"]);
        assert_eq!(
            tree.level("org.connect.Worker").unwrap(),
            LoggerState { level: LogLevel::Info, last_modified: None }
        );
        assert_eq!(tree.level("org.connect"), None);
        assert_eq!(
            set(&mut tree, "org.connect", LogLevel::Warn),
            ["org.connect", "org.connect.Work", "org.connect.Worker", "org.connect.WorkerTask"]
        );
    }

    #[test]
    fn the_root_is_everything_and_what_is_off_is_not_listed() {
        let mut tree = LoggerTree::new(LogLevel::Info);
        tree.add("a.b");
        assert_eq!(set(&mut tree, "Root", LogLevel::Off), ["a.b", "root"]);
        assert!(tree.levels().is_empty());
        assert_eq!(tree.level("root").unwrap().level, LogLevel::Off);
        assert_eq!(set(&mut tree, "root", LogLevel::Off), ["a.b", "root"]);
        assert_eq!(set(&mut tree, "", LogLevel::Warn), ["a.b", "root"]);
        assert_eq!(tree.levels().keys().collect::<Vec<_>>(), ["a.b", "root"]);
    }

    #[test]
    fn of_several_names_the_last_change_holds() {
        let mut tree = LoggerTree::new(LogLevel::Info);
        let names = ["runtime.WorkerSourceTask", "runtime.AbstractWorkerSourceTask"];
        set(&mut tree, names[1], LogLevel::Debug);
        assert_eq!(tree.effective(names), LogLevel::Debug);
        set(&mut tree, names[0], LogLevel::Error);
        assert_eq!(tree.effective(names), LogLevel::Error);
        set(&mut tree, "root", LogLevel::Warn);
        assert_eq!(tree.effective(names), LogLevel::Warn);
    }

    #[test]
    fn levels_of_the_start_leave_others_alone() {
        let mut tree = LoggerTree::new(LogLevel::Info);
        tree.configure("a.b", LogLevel::Trace);
        tree.configure("a", LogLevel::Warn);
        assert_eq!(tree.effective(["a.b.c"]), LogLevel::Trace);
        assert_eq!(tree.effective(["a.c"]), LogLevel::Warn);
    }

    #[test]
    fn there_is_a_limit() {
        let mut tree = LoggerTree::new(LogLevel::Info);
        for number in 0..=MOST {
            tree.add(&format!("l{number:05}"));
        }
        assert!(tree.set("one more", LogLevel::Warn, 0).is_err());
        assert_eq!(set(&mut tree, "l00000", LogLevel::Warn), ["l00000"]);
        assert_eq!(tree.level(&format!("l{MOST:05}")), None);
    }

    #[test]
    fn names_of_levels() {
        assert_eq!(LogLevel::parse(" debug "), Some(LogLevel::Debug));
        assert_eq!(LogLevel::parse("verbose"), None);
        assert!(LogLevel::EACH.is_sorted());
    }
}
