//! Every test that `docs/parity.md` and `docs/parity-keys.md` name exists.
//!
//! The documents hold tables; in each the column headed `Test` names tests in backticks, several separated by anything:
//! `path/from/the/root.rs::test_name`, or `crate_name::module::test_name` with the crate's name as Rust writes it. Between
//! the tables, the first form names tests of all rows that follow.

use crate::repository::TextFile;

const DOCUMENTS: [&str; 2] = ["docs/parity.md", "docs/parity-keys.md"];

pub(super) fn check(texts: &[TextFile]) -> Vec<String> {
    let mut violations = Vec::new();
    for document in texts.iter().filter(|file| DOCUMENTS.contains(&file.path.as_str())) {
        for (number, test) in named(&document.text) {
            if !exists(&test, texts) {
                violations.push(format!("{}:{number}: there is no test {test}", document.path));
            }
        }
    }
    violations
}

/// Line numbers and tests.
fn named(text: &str) -> Vec<(usize, String)> {
    let mut tests = Vec::new();
    let mut column = None;
    for (index, line) in text.lines().enumerate() {
        if !line.trim_start().starts_with('|') {
            column = None;
            let codes = line.split('`').skip(1).step_by(2).filter(|code| code.contains(".rs::"));
            tests.extend(codes.map(|code| (index + 1, code.to_owned())));
            continue;
        }
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        if let Some(at) = cells.iter().position(|cell| matches!(*cell, "Test" | "Tests")) {
            column = Some(at);
            continue;
        }
        let Some(cell) = column.and_then(|at| cells.get(at)) else { continue };
        for code in cell.split('`').skip(1).step_by(2) {
            tests.push((index + 1, code.to_owned()));
        }
    }
    tests
}

fn exists(test: &str, texts: &[TextFile]) -> bool {
    let Some((place, name)) = test.rsplit_once("::") else { return false };
    let has = |file: &TextFile| defines(&file.text, name);
    if place.ends_with(".rs") {
        return texts.iter().any(|file| file.path == place && has(file));
    }
    let folder = place.split("::").next().unwrap_or(place).replace('_', "-");
    let folders = [
        format!("crates/{folder}/"),
        format!("connectors/{}/", folder.trim_start_matches("connector-")),
        format!("{}/", folder.replace("e2e", "tests")),
    ];
    texts.iter().any(|file| {
        file.path.ends_with(".rs") && folders.iter().any(|folder| file.path.starts_with(folder.as_str())) && has(file)
    })
}

fn defines(text: &str, name: &str) -> bool {
    let start = format!("fn {name}");
    text.match_indices(&start).any(|(at, _)| text[at + start.len()..].starts_with(['(', '<']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(table: &str) -> Vec<String> {
        let file = |path: &str, text: &str| TextFile { path: path.to_owned(), text: text.to_owned() };
        check(&[
            file(DOCUMENTS[0], table),
            file("tests/tests/drop_in.rs", "fn lines_arrive() {}"),
            file("crates/connect-api/src/data/schema.rs", "fn schemas_compare() {}"),
        ])
    }

    #[test]
    fn tests_are_looked_up_by_file_or_crate() {
        let head = "| What | Test |\n|---|---|\n";
        assert!(found(&format!("{head}| a | `tests/tests/drop_in.rs::lines_arrive` and `connect_api::data::schema::schemas_compare` |\n| b | |\n")).is_empty());
        assert_eq!(found(&format!("{head}| a | `tests/tests/drop_in.rs::lines` |\n")).len(), 1);
        assert_eq!(found(&format!("{head}| a | `connect_herder::schemas_compare` |\n")).len(), 1);
    }

    #[test]
    fn tests_between_tables_are_looked_up() {
        assert!(found("Tests: `tests/tests/drop_in.rs::lines_arrive`, `x::y`\n").is_empty());
        assert_eq!(
            found("Tests: `tests/tests/drop_in.rs::lines`\n"),
            ["docs/parity.md:1: there is no test tests/tests/drop_in.rs::lines"]
        );
    }

    #[test]
    fn no_document_is_fine_and_other_columns_are_free() {
        assert!(check(&[]).is_empty());
        assert!(found("| What | Where |\n|---|---|\n| `x::y` | `z::w` |\n").is_empty());
    }
}
