//! `sync-manifests`: says what is to change, and changes it.

use std::path::Path;

use connect_plugins::java::Change;
use env::Env;
use rustix::fs::Access;

use super::command::{Failure, Output};

/// Says what is to change, and whether it could be; then changes it, unless it is a dry run.
pub(super) fn carry_out(env: &Env, out: &mut Output, changes: &[Change], dry_run: bool) -> Result<(), Failure> {
    for change in changes {
        say(out, change, "Dry Run ");
        change.written().iter().try_for_each(|path| demand_writable(path))?;
    }
    if changes.is_empty() {
        out.line("No changes required.");
        return Ok(());
    }
    if dry_run {
        let text = "Dry run passed: All above changes can be committed to disk if re-run with dry run disabled.";
        out.line(text);
        return Ok(());
    }
    out.line("Writing changes to plugins...");
    for change in changes {
        say(out, change, "");
        change.write(env).map_err(|error| {
            Failure::expected(format!(
                "Sync incomplete: {} cannot be written: {error}. Every jar is as it was or has its new manifests; end \
                 the cause and run the command again.",
                change.path.display()
            ))
        })?;
    }
    out.line("All loadable plugins have accurate ServiceLoader manifests.");
    Ok(())
}

fn say(out: &mut Output, change: &Change, prefix: &str) {
    let (added, removed) = (change.added(), change.removed());
    let path = change.path.display();
    out.line(&format!("{prefix}Sync\t{path} Add {} Remove {}", added.len(), removed.len()));
    added.iter().for_each(|class| out.line(&format!("\tAdd\t{class}")));
    removed.iter().for_each(|class| out.line(&format!("\tRemove\t{class}")));
}

/// Whether a file can be written, or made where it is not yet; and the folder, in which it is replaced.
fn demand_writable(path: &Path) -> Result<(), Failure> {
    let refused = || Failure::expected(format!("Path {} must be writable", path.display()));
    let is_writable = |path: &Path| rustix::fs::access(path, Access::WRITE_OK).is_ok();
    if path.exists() && !is_writable(path) {
        return Err(refused());
    }
    let parent = |path: &Path| match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Some(Path::new(".").to_owned()),
        parent => parent.map(Path::to_owned),
    };
    let mut folder = parent(path);
    while let Some(missing) = folder.take_if(|folder| !folder.exists()) {
        folder = parent(&missing);
    }
    if folder.is_some_and(|folder| is_writable(&folder)) { Ok(()) } else { Err(refused()) }
}
