//! The level of every logger, and how it is changed while the process runs.

use std::collections::BTreeMap;

use connect_herder::{LogLevel, LoggerState, LoggerTree, Loggers, ROOT_LOGGER};
use parking_lot::RwLock;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};

use super::names;

/// The levels, shared by the log and REST.
pub(super) struct Levels(RwLock<LoggerTree>);

impl Levels {
    /// What `directives` say: levels, for everybody or as `NAME=LEVEL`, separated by commas. A name is one of Java's or a
    /// module of ours. Where they say nothing, `root` holds.
    ///
    /// # Errors
    /// A sentence about what cannot be understood.
    pub(super) fn new(root: LogLevel, directives: &str) -> Result<Self, String> {
        let mut tree = LoggerTree::new(root);
        for name in names::NAMES.iter().flat_map(|(_, names)| *names) {
            tree.add(name);
        }
        let mut pieces = Vec::new();
        for piece in directives.split(',').map(str::trim).filter(|piece| !piece.is_empty()) {
            pieces.push(directive(piece)?);
        }
        // Of two names the longer one says more.
        pieces.sort_by_key(|(name, _)| name.len());
        for (name, level) in pieces {
            match names::behind(name) {
                Some(loggers) => loggers.iter().for_each(|logger| tree.configure(logger, level)),
                None => tree.configure(&names::dotted(name), level),
            }
        }
        Ok(Self(RwLock::new(tree)))
    }

    /// Whether lines of this place are wanted now.
    pub(super) fn allow(&self, place: &Metadata<'_>) -> bool {
        let tree = self.0.read();
        let level = match names::of_target(place.target()) {
            Some(names) => tree.effective(names.iter().copied()),
            None => tree.effective([&*names::dotted(place.target())]),
        };
        own(*place.level()) <= level
    }

    /// There is a logger for this place, whether anybody wants its lines or not.
    pub(super) fn add(&self, place: &Metadata<'_>) {
        if names::of_target(place.target()).is_none() {
            self.0.write().add(&names::dotted(place.target()));
        }
    }

    /// The most that any place may say.
    pub(super) fn most(&self) -> LevelFilter {
        match self.0.read().most() {
            LogLevel::Off | LogLevel::Fatal => LevelFilter::OFF,
            LogLevel::Error => LevelFilter::ERROR,
            LogLevel::Warn => LevelFilter::WARN,
            LogLevel::Info => LevelFilter::INFO,
            LogLevel::Debug => LevelFilter::DEBUG,
            LogLevel::Trace | LogLevel::All => LevelFilter::TRACE,
        }
    }
}

impl Loggers for Levels {
    fn levels(&self) -> BTreeMap<String, LoggerState> {
        self.0.read().levels()
    }

    fn level(&self, name: &str) -> Option<LoggerState> {
        let tree = self.0.read();
        let one = || names::behind(name).and_then(|loggers| tree.level(loggers.first()?));
        tree.level(name).or_else(one)
    }

    fn set(&self, namespace: &str, level: LogLevel, now: i64) -> Result<Vec<String>, String> {
        let mut tree = self.0.write();
        let mut changed = Vec::new();
        match names::behind(namespace) {
            None => changed = tree.set(namespace, level, now)?,
            Some(loggers) => {
                for logger in loggers {
                    changed.extend(tree.set(logger, level, now)?);
                }
                changed.sort();
                changed.dedup();
            }
        }
        drop(tree);
        // Every place asks again whether its lines are wanted, once.
        tracing::callsite::rebuild_interest_cache();
        Ok(changed)
    }
}

fn own(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        Level::DEBUG => LogLevel::Debug,
        Level::TRACE => LogLevel::Trace,
    }
}

fn directive(piece: &str) -> Result<(&str, LogLevel), String> {
    let (name, level) = match piece.split_once('=') {
        Some((name, level)) => (name.trim(), LogLevel::parse(level)),
        None => match LogLevel::parse(piece) {
            Some(level) => (ROOT_LOGGER, Some(level)),
            // As in tracing's syntax.
            None => (piece, Some(LogLevel::All)),
        },
    };
    let plain = |name: &str| !name.is_empty() && !name.contains(['[', ']', '{', '}', '=', '"', ' ']);
    match level {
        Some(level) if plain(name) => Ok((name, level)),
        _ => Err(format!(
            "'{piece}' is no level of the log; write warn, or connect_worker=debug, or org.apache.kafka.connect=DEBUG, \
             and commas between them"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINK: &str = "org.apache.kafka.connect.runtime.WorkerSinkTask";
    const WORKER: &str = "org.apache.kafka.connect.runtime.Worker";

    fn levels(directives: &str) -> Levels {
        Levels::new(LogLevel::Info, directives).unwrap()
    }

    fn level(levels: &Levels, name: &str) -> LogLevel {
        levels.level(name).unwrap().level
    }

    #[test]
    fn directives_name_everybody_modules_or_loggers_of_java() {
        let levels = levels("connect_worker::sink=debug, warn,org.apache.kafka.clients=OFF,connect_worker=error,hyper");
        assert_eq!(level(&levels, "root"), LogLevel::Warn);
        assert_eq!(level(&levels, SINK), LogLevel::Debug);
        assert_eq!(level(&levels, "connect_worker::sink::run"), LogLevel::Debug);
        assert_eq!(level(&levels, WORKER), LogLevel::Error);
        assert_eq!(level(&levels, "org.apache.kafka.clients.Metadata"), LogLevel::Off);
        assert_eq!(level(&levels, "hyper"), LogLevel::All);
        assert_eq!(levels.most(), LevelFilter::TRACE);
    }

    #[test]
    fn what_cannot_be_understood_is_said() {
        for wrong in ["connect_worker=loud", "=debug", "a[span]=info", "a b=info"] {
            let error = Levels::new(LogLevel::Info, wrong).err().unwrap();
            assert!(error.starts_with(&format!("'{wrong}'")), "{error}");
        }
    }

    #[test]
    fn a_module_can_be_changed_like_a_logger() {
        let levels = levels("");
        assert_eq!(levels.set("connect_worker::sink::run", LogLevel::Debug, 1).unwrap(), [SINK]);
        assert_eq!(level(&levels, SINK), LogLevel::Debug);
        assert_eq!(level(&levels, WORKER), LogLevel::Info);
        let changed = levels.set("connect_worker", LogLevel::Debug, 2).unwrap();
        assert!(changed.contains(&WORKER.to_owned()) && !changed.contains(&SINK.to_owned()), "{changed:?}");
        assert_eq!(levels.level("no.such"), None);
    }
}
