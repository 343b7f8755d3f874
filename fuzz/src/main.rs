//! `fuzz`: see README.md. `cargo xtask fuzz` runs it.
#![allow(clippy::disallowed_methods)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use fuzz::{Limits, Plan, TARGETS, Target};

#[derive(Parser)]
#[command(about = "Throws damaged input at every parser of bytes from outside")]
struct Arguments {
    #[command(subcommand)]
    command: What,
}

#[derive(Subcommand)]
enum What {
    /// Lists the targets.
    List,
    /// Runs targets, all of them if none is named.
    Run(Run),
    /// Writes the part of the corpus that is made by the program.
    MakeCorpus,
    /// Tries one input.
    Replay {
        /// The target.
        target: String,
        /// The file with the input.
        file: PathBuf,
    },
}

#[derive(Parser)]
struct Run {
    /// The targets.
    targets: Vec<String>,
    /// How long each runs after its corpus.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Chooses what is tried.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many targets run at a time; as many as there are processors.
    #[arg(long)]
    parallel: Option<usize>,
    /// Where inputs go that something is wrong with.
    #[arg(long, default_value = "target/fuzz")]
    crashes: PathBuf,
    /// Runs one target in this process; whoever starts it watches it.
    #[arg(long, hide = true)]
    in_process: bool,
    /// The file that holds the input being tried.
    #[arg(long, hide = true)]
    current: Option<PathBuf>,
}

fn main() -> ExitCode {
    match carry_out(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(arguments: Arguments) -> Result<()> {
    match arguments.command {
        What::List => {
            for target in TARGETS {
                println!("{:<18} {}", target.name, target.about);
            }
            Ok(())
        }
        What::MakeCorpus => Ok(fuzz::make()?),
        What::Replay { target, file } => fuzz::replay(known(&target)?, &file),
        What::Run(run) => self::run(run),
    }
}

fn run(run: Run) -> Result<()> {
    let time = Duration::from_secs(run.seconds);
    let mut targets = run.targets.iter().map(|name| known(name)).collect::<Result<Vec<_>>>()?;
    if targets.is_empty() {
        targets = TARGETS.iter().collect();
    }
    if run.in_process {
        let current = run.current.context("a target in this process needs --current")?;
        let limits = Limits { time, seed: run.seed, current };
        return targets.into_iter().try_for_each(|target| fuzz::run(target, &limits));
    }
    let parallel = run.parallel.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let program = std::env::current_exe()?;
    fuzz::supervise(&Plan { program, targets, time, seed: run.seed, parallel, crashes: run.crashes })
}

fn known(name: &str) -> Result<&'static Target> {
    fuzz::target(name).with_context(|| format!("there is no target {name}; `list` names them"))
}
