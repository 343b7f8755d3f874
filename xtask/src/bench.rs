//! `cargo xtask bench`: the side-by-side measurements of `benches/`, in a release build.

use std::process::Command;

use anyhow::{Result, bail};

use crate::repository;

/// Hands its arguments on; see `cargo xtask bench --help`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let status = Command::new("cargo")
        .current_dir(repository::root())
        .args(["run", "--quiet", "--release", "-p", "benches", "--"])
        .args(arguments)
        .status()?;
    if !status.success() {
        bail!("the measurements ended with {status}");
    }
    Ok(())
}
