//! Rust files: a `//!` at the top, bounded files and functions; all files: no words of unfinished work or of somebody's machine.

use crate::repository::TextFile;

const FILE_LINES: usize = 800;
const FUNCTION_LINES: usize = 70;

/// Each is written in two halves, or this file would forbid itself.
const WORDS: &[(&str, &str)] = &[
    (concat!("TO", "DO"), "finish it, or leave it out"),
    (concat!("FIX", "ME"), "finish it, or leave it out"),
    (concat!("XX", "X"), "finish it, or leave it out"),
    (concat!("#[ig", "nore"), "a test that does not run proves nothing"),
    (concat!("/ho", "me/"), "a path of somebody's machine"),
    (concat!("/Us", "ers/"), "a path of somebody's machine"),
    (concat!("/ro", "ot/"), "a path of somebody's machine"),
    (concat!("/wo", "rk/"), "a path of somebody's machine"),
];

pub(super) fn check(files: &[TextFile]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files {
        words(file, &mut violations);
        if file.path.ends_with(".rs") {
            header(file, &mut violations);
            if is_production(&file.path) {
                sizes(file, &mut violations);
            }
        }
    }
    violations
}

fn is_production(path: &str) -> bool {
    let in_sources = path.contains("/src/");
    let test_module = path.ends_with("/tests.rs") || path.contains("/src/tests/");
    in_sources && !test_module
}

/// The lines before the module of unit tests.
fn production(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.windows(2).position(|pair| {
        let module = pair[1].trim_start_matches("pub(crate) ");
        pair[0].starts_with("#[cfg(test)]") && module.starts_with("mod ") && module.ends_with('{')
    });
    lines[..end.unwrap_or(lines.len())].to_vec()
}

fn header(file: &TextFile, violations: &mut Vec<String>) {
    let first = file.text.lines().find(|line| !line.trim().is_empty());
    if !first.is_some_and(|line| line.starts_with("//!")) {
        violations.push(format!("{}:1: opens without `//!`", file.path));
    }
}

fn sizes(file: &TextFile, violations: &mut Vec<String>) {
    let lines = production(&file.text);
    if lines.len() > FILE_LINES {
        violations.push(format!("{}: {} production lines, the limit is {FILE_LINES}", file.path, lines.len()));
    }
    for (number, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        if !is_function(line.trim_start()) {
            continue;
        }
        // Formatted code closes a function at the indentation where it began.
        let close = format!("{}}}", " ".repeat(indent));
        let body = lines[number..].iter().take_while(|line| {
            **line != close
                && !(line.ends_with(';') && line.starts_with(&" ".repeat(indent)) && is_function(line.trim_start()))
        });
        let length = body.filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//")).count();
        if length > FUNCTION_LINES {
            violations.push(format!(
                "{}:{}: a function of {length} lines, the limit is {FUNCTION_LINES}",
                file.path,
                number + 1
            ));
        }
    }
}

fn is_function(line: &str) -> bool {
    let mut rest = line;
    for prefix in ["pub ", "pub(crate) ", "pub(super) ", "const ", "async "] {
        rest = rest.strip_prefix(prefix).unwrap_or(rest);
    }
    // A declaration in a trait has no body.
    rest.starts_with("fn ") && !rest.ends_with(';')
}

fn words(file: &TextFile, violations: &mut Vec<String>) {
    for (number, line) in file.text.lines().enumerate() {
        for (word, why) in WORDS {
            if line.match_indices(word).any(|(at, _)| stands_alone(line, at, word)) {
                violations.push(format!("{}:{}: `{word}`: {why}", file.path, number + 1));
            }
        }
        if let Some(number_word) = bare_issue(line) {
            violations.push(format!(
                "{}:{}: `{number_word}`: link the issue, or say what it is about",
                file.path,
                number + 1
            ));
        }
    }
}

fn stands_alone(line: &str, at: usize, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    let before = line[..at].chars().next_back();
    let after = line[at + word.len()..].chars().next();
    match word.as_bytes()[0] {
        // A path: an absolute one, not the middle of another path or of a URL.
        b'/' => !before.is_some_and(|c| joins(c) || "./-*}".contains(c)),
        b'#' => true,
        _ => !before.is_some_and(joins) && !after.is_some_and(joins),
    }
}

/// The number of an issue without a link around it.
fn bare_issue(line: &str) -> Option<String> {
    let lower = line.to_lowercase();
    let (at, word) = lower.match_indices("issue ").next()?;
    let number: String =
        lower[at + word.len()..].trim_start_matches('#').chars().take_while(char::is_ascii_digit).collect();
    (!number.is_empty() && !lower.contains("://")).then(|| format!("{word}{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&[TextFile { path: path.to_owned(), text: text.to_owned() }])
    }

    #[test]
    fn a_module_opens_with_its_docs() {
        assert!(found("crates/a/src/b.rs", "//! Docs.\n").is_empty());
        assert_eq!(found("crates/a/src/b.rs", "use x;\n").len(), 1);
    }

    #[test]
    fn long_files_and_functions_are_named_and_tests_are_free() {
        let function = format!("fn f() {{\n{}}}\n", "    x();\n".repeat(71));
        assert_eq!(found("crates/a/src/b.rs", &format!("//! D.\n{function}")).len(), 1);
        assert!(found("crates/a/src/b.rs", &format!("//! D.\n#[cfg(test)]\nmod tests {{\n{function}}}\n")).is_empty());
        assert!(found("crates/a/tests/b.rs", &format!("//! D.\n{function}")).is_empty());
        let comments = format!("//! D.\nfn f() {{\n{}}}\n", "    // why\n".repeat(90));
        assert!(found("crates/a/src/b.rs", &comments).is_empty());
        assert_eq!(found("crates/a/src/b.rs", &format!("//! D.\n{}", "x!();\n".repeat(800))).len(), 1);
    }

    #[test]
    fn words_of_unfinished_work_are_found_where_they_stand_alone() {
        let word = concat!("TO", "DO");
        assert_eq!(found("a.md", &format!("{word}: more")).len(), 1);
        assert!(found("a.md", &format!("MAS{word}N")).is_empty());
        let path = concat!("/ho", "me/");
        assert_eq!(found("a.md", &format!("see {path}me/x")).len(), 1);
        assert!(found("a.md", &format!("https://example.org{path}x")).is_empty());
        assert_eq!(found("a.md", concat!("see iss", "ue 12")).len(), 1);
        assert!(found("a.md", concat!("see [iss", "ue 12](https://example.org/12)")).is_empty());
    }
}
