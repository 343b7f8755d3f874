//! `cargo xtask fuzz`: throws damaged input at every parser (see `fuzz/README.md`).

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

use crate::repository;

const USAGE: &str =
    "usage: cargo xtask fuzz [TARGET…] [--seconds N] [--seed N], fuzz TARGET --replay FILE, fuzz --list";

/// Turns the arguments into those of the program `fuzz`, and runs it.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let program: Vec<String> = match arguments {
        [flag] if flag == "--help" || flag == "-h" => bail!("{USAGE}"),
        [flag] if flag == "--list" => vec!["list".into()],
        [target, flag, file] if flag == "--replay" => vec!["replay".into(), target.clone(), file.clone()],
        others => {
            let mut program = vec!["run".to_owned()];
            program.extend(others.iter().cloned());
            if !others.iter().any(|argument| argument == "--seed") {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
                program.extend(["--seed".to_owned(), now.to_string()]);
            }
            program
        }
    };
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["run", "--quiet", "--package", "fuzz", "--"]).args(program).current_dir(repository::root());
    let status = command.status().context("cargo cannot be started")?;
    if !status.success() {
        bail!("something is wrong with the inputs above");
    }
    Ok(())
}
