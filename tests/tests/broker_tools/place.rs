//! The broker under test, and the tools that are run on it.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use e2e::{EmbeddedBroker, JavaTools, Process, RealKafka, ToolEnd};

/// Ours, or Apache's to check the tests themselves.
pub(crate) enum Place {
    Ours(EmbeddedBroker),
    Apache(Box<RealKafka>),
}

impl Place {
    pub(crate) fn start() -> Self {
        match std::env::var("MOLDAU_TEST_BROKER").as_deref() {
            Ok("apache") => Self::Apache(Box::new(RealKafka::start().unwrap())),
            _ => Self::Ours(EmbeddedBroker::start().unwrap()),
        }
    }

    pub(crate) fn bootstrap(&self) -> &str {
        match self {
            Self::Ours(broker) => broker.bootstrap(),
            Self::Apache(kafka) => kafka.bootstrap(),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        match self {
            Self::Ours(broker) => broker.folder(),
            Self::Apache(kafka) => kafka.folder(),
        }
    }

    /// SIGTERM, and its end.
    pub(crate) fn stop(&mut self) {
        match self {
            Self::Ours(broker) => broker.stop().unwrap(),
            Self::Apache(kafka) => kafka.stop().unwrap(),
        }
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        match self {
            Self::Ours(broker) => broker.process().kill(),
            Self::Apache(kafka) => kafka.kill(),
        }
    }

    /// On the same port and data.
    pub(crate) fn start_again(&mut self) {
        match self {
            Self::Ours(broker) => broker.start_again().unwrap(),
            Self::Apache(kafka) => kafka.start_again().unwrap(),
        }
    }

    fn remove_with_this_process(&mut self) {
        match self {
            Self::Ours(broker) => broker.remove_with_this_process().unwrap(),
            Self::Apache(kafka) => kafka.remove_with_this_process().unwrap(),
        }
    }
}

/// Whether the tests run on our broker.
pub(crate) fn is_ours() -> bool {
    matches!(shared(), Place::Ours(_))
}

/// The broker that all tests share which do not stop it.
pub(crate) fn shared() -> &'static Place {
    static PLACE: OnceLock<Place> = OnceLock::new();
    PLACE.get_or_init(|| {
        let mut place = Place::start();
        place.remove_with_this_process();
        place
    })
}

fn tools() -> MutexGuard<'static, JavaTools> {
    static TOOLS: OnceLock<Mutex<JavaTools>> = OnceLock::new();
    let start = || {
        let folder = tempfile::tempdir().unwrap().keep();
        let mut tools = JavaTools::start(&folder.join("tools.log")).unwrap();
        tools.remove_with_this_process(&folder).unwrap();
        Mutex::new(tools)
    };
    TOOLS.get_or_init(start).lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a tool on the shared broker.
pub(crate) fn ended(tool: &str, arguments: &[&str], input: &str) -> ToolEnd {
    ended_at(shared(), tool, arguments, input)
}

fn ended_at(place: &Place, tool: &str, arguments: &[&str], input: &str) -> ToolEnd {
    let mut all = vec!["--bootstrap-server", place.bootstrap()];
    all.extend(arguments);
    if tool == "ClusterTool" {
        // It wants its command first.
        all.rotate_left(2);
    }
    tools().run(tool, &all, input).unwrap()
}

/// Starts a tool on the shared broker in a JVM of its own, with what it prints in its log.
pub(crate) fn alone(tool: &str, arguments: &[&str]) -> Process {
    let all = [&["--bootstrap-server", shared().bootstrap()], arguments].concat();
    let log = tempfile::NamedTempFile::new_in(shared().folder()).unwrap();
    Process::spawn(tool, &mut JavaTools::alone(tool, &all).unwrap(), &log.into_temp_path().keep().unwrap()).unwrap()
}

/// What a tool prints that must succeed, on this broker.
pub(crate) fn said_at(place: &Place, tool: &str, arguments: &[&str]) -> String {
    fed_at(place, tool, arguments, "")
}

/// Like [`said_at`], with this text on its standard input.
pub(crate) fn fed_at(place: &Place, tool: &str, arguments: &[&str], input: &str) -> String {
    output(tool, arguments, ended_at(place, tool, arguments, input))
}

/// What a tool prints that must succeed.
pub(crate) fn said(tool: &str, arguments: &[&str]) -> String {
    fed(tool, arguments, "")
}

/// Like [`said`], with this text on its standard input.
pub(crate) fn fed(tool: &str, arguments: &[&str], input: &str) -> String {
    fed_at(shared(), tool, arguments, input)
}

fn output(tool: &str, arguments: &[&str], end: ToolEnd) -> String {
    assert_eq!(end.code, 0, "{tool} {arguments:?}\n{}{}", end.output, end.errors);
    end.output
}

/// What a tool prints, errors included, that must fail.
pub(crate) fn refused(tool: &str, arguments: &[&str]) -> String {
    let end = ended(tool, arguments, "");
    assert_eq!(end.code, 1, "{tool} {arguments:?}\n{}{}", end.output, end.errors);
    end.output + &end.errors
}

/// Cells of the lines that have one of `first` in front, as the tools print tables: any white space between.
pub(crate) fn rows<'a>(text: &'a str, first: &str) -> Vec<Vec<&'a str>> {
    let rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.first() == Some(&first)).collect()
}
