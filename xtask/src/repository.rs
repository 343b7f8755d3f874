//! The checkout as seen from a task.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The folder of the checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// One text file of the project.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// Path from the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// All files that are or would be committed, as paths from the root.
pub(crate) fn files() -> Result<Vec<String>> {
    let output = Command::new("git")
        .current_dir(root())
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .output()
        .context("cannot run git")?;
    if !output.status.success() {
        bail!("git ls-files failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let list = String::from_utf8(output.stdout)?;
    let mut files: Vec<String> = list.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    // A file that was deleted but not yet staged is still listed.
    files.retain(|path| root().join(path).is_file());
    files.sort();
    files.dedup();
    Ok(files)
}

/// Reads those of `files` that are text.
pub(crate) fn texts(files: &[String]) -> Result<Vec<TextFile>> {
    let mut texts = Vec::new();
    for path in files {
        let bytes = std::fs::read(root().join(path)).with_context(|| format!("cannot read {path}"))?;
        if let Ok(text) = String::from_utf8(bytes) {
            texts.push(TextFile { path: path.clone(), text });
        }
    }
    Ok(texts)
}

/// An absolute path in the checkout.
pub(crate) fn path(relative: &str) -> PathBuf {
    root().join(relative)
}
