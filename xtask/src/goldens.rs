//! `cargo xtask goldens`: the answers of Apache Kafka Connect's own classes, written to `tests/golden`, and Java's tables of
//! character sets, written to the converters.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::kafka_libs;
use serde_json::Value;

use crate::repository;

/// Runs the programs in `java/goldens` and replaces the golden files, or with `--check` says which would change.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => bail!("usage: cargo xtask goldens [--check]"),
    };
    let libs = kafka_libs()?;
    let classes = libs.compile("goldens", &borrowed(&sources()?))?;
    let fresh = tempfile::tempdir()?;
    let mut java = libs.java_with(
        &[&classes, &libs.plugin_path().join("*")],
        &["-Duser.timezone=UTC", "-Dfile.encoding=UTF-8"],
        "Main",
    );
    // The classes asked log every refusal; only a failure of the programs themselves is worth reading.
    let output = java.arg(fresh.path()).stdout(Stdio::inherit()).output().context("cannot run java")?;
    if !output.status.success() {
        bail!("the golden programs failed: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    let mut changed = Vec::new();
    for entry in std::fs::read_dir(fresh.path())? {
        let entry = entry?;
        let kept = folder(&entry.path()).join(entry.file_name());
        let old = std::fs::read(&kept).unwrap_or_default();
        let mut new = std::fs::read(entry.path())?;
        if let (Ok(former), Ok(text)) = (std::str::from_utf8(&old), std::str::from_utf8(&new)) {
            new = steady(former, text).into_bytes();
        }
        if old != new {
            changed.push(entry.file_name().to_string_lossy().into_owned());
            if !check {
                write(&kept, &new)?;
            }
        }
    }
    changed.sort();
    match (changed.is_empty(), check) {
        (true, _) => println!("nothing changed"),
        (false, false) => println!("changed: {}", changed.join(", ")),
        (false, true) => bail!("Apache Kafka answers otherwise than {}", changed.join(", ")),
    }
    Ok(())
}

/// Golden files stand with the tests; what is built into the converters stands with them.
fn folder(file: &Path) -> PathBuf {
    let golden = file.extension().is_some_and(|extension| extension == "jsonl");
    repository::path(if golden { "tests/golden" } else { "crates/connect-converters/src/charset" })
}

fn sources() -> Result<Vec<(String, String)>> {
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(repository::path("java/goldens"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "java") {
            let name = path.file_name().context("a file without a name")?.to_string_lossy().into_owned();
            sources.push((name, std::fs::read_to_string(&path)?));
        }
    }
    sources.sort();
    Ok(sources)
}

fn borrowed(sources: &[(String, String)]) -> Vec<(&str, &str)> {
    sources.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

/// Java writes the entries of an offset file in the order of identity hash codes, another one in each run. A line that differs from its
/// former self in nothing else keeps its former order, so that a run without news changes no file.
fn steady(old: &str, new: &str) -> String {
    let former: HashMap<String, &str> = old.lines().filter_map(|line| Some((orderless(line)?, line))).collect();
    let mut text = String::with_capacity(new.len());
    for line in new.lines() {
        let kept = orderless(line).and_then(|key| former.get(&key).copied());
        text.push_str(kept.unwrap_or(line));
        text.push('\n');
    }
    text
}

/// The line with the bytes of its file sorted; none if it has no file.
fn orderless(line: &str) -> Option<String> {
    let mut case: Value = serde_json::from_str(line).ok()?;
    let part = if case["input"]["file"].is_string() { "input" } else { "output" };
    let mut bytes = STANDARD.decode(case[part]["file"].as_str()?).ok()?;
    bytes.sort_unstable();
    case[part]["file"] = Value::from(STANDARD.encode(bytes));
    Some(case.to_string())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(case: &str, file: &[u8]) -> String {
        serde_json::json!({"case": case, "input": {}, "output": {"file": STANDARD.encode(file)}}).to_string()
    }

    #[test]
    fn a_line_whose_file_only_changed_its_order_stays() {
        let old = format!("{}\n{}\n", line("a", b"12"), line("b", b"34"));
        let new = format!("{}\n{}\n", line("a", b"21"), line("b", b"35"));
        assert_eq!(steady(&old, &new), format!("{}\n{}\n", line("a", b"12"), line("b", b"35")));
    }

    #[test]
    fn a_line_without_a_file_is_taken_as_it_is() {
        assert_eq!(
            steady("{\"case\":\"a\",\"output\":1}\n", "{\"case\":\"a\",\"output\":2}\n"),
            "{\"case\":\"a\",\"output\":2}\n"
        );
    }
}
