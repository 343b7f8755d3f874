//! Project tasks, run as `cargo xtask <task>`.
// Tasks read files and wait for processes; nothing here runs in a simulation.
#![allow(clippy::disallowed_methods)]

mod bench;
mod fuzz;
mod goldens;
mod repository;
mod test;
mod tidy;
mod tutorial;

use std::process::ExitCode;

use anyhow::{Result, bail};

/// A task: its name, what it does, and the function that gets the remaining arguments.
type Task = (&'static str, &'static str, fn(&[String]) -> Result<()>);

const TASKS: [Task; 7] = [
    ("test", "builds the binary and runs every test", test::run),
    ("soak", "runs thousands of seeded histories and kills a worker fifty times", test::soak),
    ("tidy", "checks the rules of the house that no compiler knows", tidy::run),
    ("goldens", "asks Apache Kafka's own classes again and writes tests/golden (--check: only compares)", goldens::run),
    (
        "tutorial",
        "walks through the tutorial on a real Apache Kafka (--java: with Java Kafka Connect instead)",
        tutorial::run,
    ),
    ("fuzz", "throws damaged input at every parser (--help: targets and times)", fuzz::run),
    ("bench", "measures Moldau beside Java Kafka Connect and the bare wire (--help: rows and options)", bench::run),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("", arguments),
    };
    if let Some((_, _, task)) = TASKS.iter().find(|(known, _, _)| *known == name) {
        return task(rest);
    }
    let list: String = TASKS.iter().map(|(name, what, _)| format!("\n  {name:<10} {what}")).collect();
    bail!("usage: cargo xtask <task>{list}")
}
