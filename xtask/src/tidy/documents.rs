//! Documents name only what exists: repository paths in backticks, targets of links, `.md` files named anywhere.

use std::collections::BTreeSet;

use crate::repository::TextFile;

/// The folders at the root that a path in backticks may begin with.
const FOLDERS: [&str; 13] = [
    "bin/",
    "config/",
    "crates/",
    "connectors/",
    "java/",
    "protocol/",
    "ui/",
    "docs/",
    "tests/",
    "benches/",
    "xtask/",
    ".github/",
    ".cargo/",
];

pub(super) fn check(files: &[String], texts: &[TextFile]) -> Vec<String> {
    let known = Known::of(files);
    let mut violations = Vec::new();
    for file in texts {
        if file.path.ends_with(".md") {
            for (number, line) in lines_outside_blocks(&file.text) {
                for path in named_paths(line) {
                    if !known.exists(&path) {
                        violations.push(format!("{}:{number}: `{path}` does not exist", file.path));
                    }
                }
                for target in link_targets(line) {
                    if !known.exists(&resolve(&file.path, &target)) {
                        violations.push(format!("{}:{number}: link to {target}, which does not exist", file.path));
                    }
                }
            }
        }
        // Its sources name documents that a checkout may lack.
        if !file.path.starts_with("xtask/src/tidy/") {
            for (number, line) in file.text.lines().enumerate() {
                for name in markdown_names(line) {
                    if !known.names.contains(name.rsplit('/').next().unwrap_or(&name)) {
                        violations.push(format!("{}:{}: {name} is no file of this repository", file.path, number + 1));
                    }
                }
            }
        }
    }
    violations
}

/// Files, all their folders, and bare file names.
struct Known<'a> {
    paths: BTreeSet<&'a str>,
    names: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    fn of(files: &'a [String]) -> Self {
        let mut paths = BTreeSet::new();
        let mut names = BTreeSet::new();
        for file in files {
            paths.insert(file.as_str());
            names.insert(file.rsplit('/').next().unwrap_or(file));
            for (at, _) in file.match_indices('/') {
                paths.insert(&file[..at]);
            }
        }
        Self { paths, names }
    }

    fn exists(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        path.is_empty() || self.paths.contains(path)
    }
}

/// Numbered lines that are not inside a fenced block.
fn lines_outside_blocks(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        if line.trim_start().starts_with("```") {
            inside = !inside;
            return None;
        }
        (!inside).then_some((index + 1, line))
    })
}

/// Words in backticks that look like a path of this repository, without line numbers, anchors and names behind `::`.
fn named_paths(line: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for code in line.split('`').skip(1).step_by(2) {
        for word in code.split_whitespace() {
            let word = word.trim_start_matches("./").trim_end_matches([',', ';', ')', '.']);
            let pattern = word.contains(['*', '<', '{', '$', '…']) || word.contains("...") || word.contains("NNNN");
            if pattern || !FOLDERS.iter().any(|folder| word.starts_with(folder)) {
                continue;
            }
            let end = word.find([':', '#']).unwrap_or(word.len());
            paths.push(word[..end].to_owned());
        }
    }
    paths
}

/// Targets of `[text](target)` that are neither URLs nor anchors, without their anchors.
fn link_targets(line: &str) -> Vec<String> {
    let mut targets = Vec::new();
    let outside: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
    for (at, _) in outside.match_indices("](") {
        let Some(target) = outside[at + 2..].split([')', ' ']).next() else { continue };
        let path = target.split('#').next().unwrap_or_default();
        if !path.is_empty() && !target.contains("://") && !target.starts_with("mailto:") {
            targets.push(path.to_owned());
        }
    }
    targets
}

/// A target seen from the folder of the file that names it.
fn resolve(file: &str, target: &str) -> String {
    let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { file.split('/').collect() };
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// Words ending in `.md` that are not part of a URL.
fn markdown_names(line: &str) -> Vec<String> {
    let in_word = |c: char| c.is_alphanumeric() || "_./:~-#%?=&<>*{}$".contains(c);
    line.split(|c: char| !in_word(c))
        .map(|word| word.split('#').next().unwrap_or(word).trim_end_matches(['.', ':']))
        .filter(|word| word.ends_with(".md") && word.len() > 3 && !word.contains("://"))
        .filter(|word| !word.contains(['*', '<', '{', '$', '%']) && !word.contains("NNNN") && !word.ends_with("/.md"))
        .map(|word| word.trim_start_matches(['>', ':']).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let files = ["README.md", "docs/book/a.md", "crates/env/src/lib.rs"].map(str::to_owned);
        check(&files, &[TextFile { path: "docs/book/a.md".to_owned(), text: text.to_owned() }])
    }

    #[test]
    fn paths_in_backticks_exist() {
        assert!(
            found(
                "see `crates/env/src/lib.rs:12`, `crates/env/`, `docs/book`, `crates/<name>/src`, `run bin/*.sh`, `a/b`"
            )
            .is_empty()
        );
        assert_eq!(found("see `crates/env/src/main.rs`").len(), 1);
        assert_eq!(found("run `sh bin/none.sh now`").len(), 1);
        assert!(found("```\nbin/none.sh `bin/none.sh`\n```").is_empty());
    }

    #[test]
    fn links_and_named_documents_exist() {
        assert!(found("[a](a.md#x) [r](../../README.md) [u](https://example.org/z.md) [h](#here)").is_empty());
        assert_eq!(found("[r](../README.md)").len(), 1);
        assert_eq!(found("as MISSING.md says").len(), 1);
        assert!(found("as README.md says").is_empty());
    }
}
