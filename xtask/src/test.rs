//! `cargo xtask test`: builds the binary, then runs every test, the ones with planted bugs included. `cargo xtask soak`:
//! what takes longer.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

pub(crate) fn run(_arguments: &[String]) -> Result<()> {
    cargo(&["build", "--package", "moldau"], |_| {})?;
    cargo(&["test", "--workspace"], |_| {})?;
    // The planted bugs are compiled in by a custom cfg, so into a target folder of their own.
    let target = target_folder()?.join("planted");
    cargo(&["test", "--package", "e2e", "--test", "planted"], |command| {
        command.env("RUSTFLAGS", "--cfg planted_bugs").env("CARGO_TARGET_DIR", &target);
    })
}

/// `cargo xtask soak`: what does not fit into every run: thousands of seeded histories, fifty killed workers, and fifty
/// killed leaders.
pub(crate) fn soak(_arguments: &[String]) -> Result<()> {
    cargo(&["build", "--package", "moldau"], |_| {})?;
    cargo(&["test", "--package", "e2e", "--test", "histories"], |command| {
        command.env("MOLDAU_SIM_SEEDS", "3000");
    })?;
    const KILLS: [&str; 3] = ["survival", "leaders", "broker_kills"];
    let tests = KILLS.iter().flat_map(|test| ["--test", test]);
    let arguments: Vec<&str> = ["test", "--package", "e2e"].into_iter().chain(tests).collect();
    cargo(&arguments, |command| {
        command.env("MOLDAU_TEST_KILLS", "50");
    })
}

fn cargo(arguments: &[&str], prepare: impl FnOnce(&mut Command)) -> Result<()> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    prepare(&mut command);
    println!("$ cargo {}", arguments.join(" "));
    let status = command.status().context("cargo cannot be started")?;
    if !status.success() {
        bail!("cargo {} failed", arguments.join(" "));
    }
    Ok(())
}

fn target_folder() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("CARGO_TARGET_DIR") {
        return Ok(folder.into());
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here.parent().context("xtask lies in the checkout")?.join("target"))
}
