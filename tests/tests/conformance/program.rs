//! Runs the Java program and says how many of its cases have passed.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use e2e::{Process, kafka_libs};
use serde::Deserialize;

use super::cases::{AFTER, BEFORE, REQUIRED};

/// What the program may take after its last case.
const END_LIMIT: Duration = Duration::from_secs(20);
/// What is said to have taken long.
const LONG: Duration = Duration::from_secs(8);

/// A line of the program.
#[derive(Deserialize)]
struct Outcome {
    case: String,
    ok: bool,
    detail: String,
    millis: u64,
}

/// Which of its cases the program runs.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    /// All but those around a restart.
    All,
    /// Those that leave something behind.
    BeforeRestart,
    /// Those that find it when the broker has been stopped and started.
    AfterRestart,
}

impl Part {
    fn argument(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::BeforeRestart => "before-a-restart",
            Self::AfterRestart => "after-a-restart",
        }
    }

    fn required(self) -> &'static [&'static str] {
        match self {
            Self::All => REQUIRED,
            Self::BeforeRestart => BEFORE,
            Self::AfterRestart => AFTER,
        }
    }
}

/// Runs cases on the broker at `bootstrap`. Fails when a case fails that is not in `not_yet`, one passes that is, or
/// the cases are not those that are required.
///
/// One broker at a time: some cases measure time.
pub(crate) fn run(broker: &str, bootstrap: &str, part: Part, not_yet: &[&str]) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let wanted = match part {
        Part::All => std::env::var("MOLDAU_CASE").unwrap_or_default(),
        _ => String::new(),
    };
    let required = part.required();
    let began = Instant::now();
    let outcomes = outcomes(bootstrap, part, &wanted);
    let passed = outcomes.values().filter(|outcome| outcome.ok).count();
    println!(
        "conformance ({}): {passed} of {} on {broker} in {:.1?}",
        part.argument(),
        outcomes.len(),
        began.elapsed()
    );
    let mut wrong = Vec::new();
    for (case, outcome) in &outcomes {
        let known = not_yet.contains(&case.as_str());
        let took = Duration::from_millis(outcome.millis);
        if took > LONG {
            println!("  {case} took {took:.1?}");
        }
        match (outcome.ok, known) {
            (true, false) => {}
            (true, true) => wrong.push(format!("{case} passes: it must leave the list of those that do not yet")),
            (false, true) => println!("  not yet: {case}: {}", outcome.detail),
            (false, false) => wrong.push(format!("{case} after {took:.1?}: {}", outcome.detail)),
        }
    }
    for case in required.iter().filter(|case| case.contains(&wanted) && !outcomes.contains_key(**case)) {
        wrong.push(format!("{case} has not run"));
    }
    for case in outcomes.keys().filter(|case| !required.contains(&case.as_str())) {
        wrong.push(format!("{case} is not in the list of required cases"));
    }
    assert!(!outcomes.is_empty(), "no case is called so");
    assert!(wrong.is_empty(), "{broker} does not conform:\n{}\n", wrong.join("\n"));
}

fn outcomes(bootstrap: &str, part: Part, wanted: &str) -> BTreeMap<String, Outcome> {
    let libs = kafka_libs().unwrap();
    let sources = sources();
    let sources: Vec<_> = sources.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
    let classes = libs.compile("conformance", &sources).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
    let mut command = libs.java_with(&[&classes], &options, "Conformance");
    command.args([bootstrap, part.argument(), wanted]);
    let (mut process, _input, output) =
        Process::piped("conformance", &mut command, &folder.path().join("conformance.log")).unwrap();
    let mut outcomes = BTreeMap::new();
    for line in BufReader::new(output).lines() {
        let line = line.unwrap();
        let outcome: Outcome =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}\n{}", process.log_tail()));
        let before = outcomes.insert(outcome.case.clone(), outcome);
        assert!(before.is_none(), "two cases of one name: {line}");
    }
    let status = process.wait(END_LIMIT).unwrap();
    assert_eq!(status, 0, "the program failed\n{}", process.log_tail());
    outcomes
}

/// The files of the program and what is in them.
fn sources() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../java/conformance");
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap());
    files
        .map(|file| (file.file_name().into_string().unwrap(), std::fs::read_to_string(file.path()).unwrap()))
        .filter(|(name, _)| name.ends_with(".java"))
        .collect()
}
