//! `cargo xtask tidy`: the rules of the house that neither compiler nor clippy knows.
//!
//! - [`tiers`]: which crate may use which.
//! - [`sources`]: sizes of files and functions, module docs, words that do not belong into finished code.
//! - [`documents`]: paths and files named in documents exist.
//! - [`parity`]: tests named in `docs/parity.md` exist.

mod documents;
mod parity;
mod sources;
mod tiers;

use anyhow::{Result, bail};

use crate::repository::{self, TextFile};

/// Checks everything and lists every violation.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    if !arguments.is_empty() {
        bail!("usage: cargo xtask tidy");
    }
    let violations = violations()?;
    if violations.is_empty() {
        println!("tidy: nothing to complain about");
        return Ok(());
    }
    bail!("tidy: {} violations\n  {}", violations.len(), violations.join("\n  "))
}

fn violations() -> Result<Vec<String>> {
    let files = repository::files()?;
    let texts: Vec<TextFile> =
        repository::texts(&files)?.into_iter().filter(|file| !file.path.ends_with(".jsonl")).collect();
    let mut violations = tiers::check()?;
    violations.extend(sources::check(&texts));
    violations.extend(documents::check(&files, &texts));
    violations.extend(parity::check(&texts));
    Ok(violations)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_is_tidy() {
        let violations = super::violations().unwrap();
        assert!(violations.is_empty(), "\n{}", violations.join("\n"));
    }
}
