//! Classes of characters in brackets.

use super::property::{predefined, property};
use super::scanner::{Escape, Scanner, push_literal};

/// How deep classes may stand in classes.
const DEPTH: usize = 50;

/// Rewrites a class; the cursor stands behind its opening bracket.
pub(super) fn class(scanner: &mut Scanner<'_>, out: &mut String, depth: usize) -> Result<(), String> {
    if depth > DEPTH {
        return Err(format!("a character class is nested more than {DEPTH} deep"));
    }
    out.push('[');
    if scanner.eat('^') {
        out.push('^');
    }
    let mut first = true;
    loop {
        let Some(c) = scanner.next() else {
            return Err("a character class is not closed".to_owned());
        };
        match c {
            ']' if !first => {
                out.push(']');
                return Ok(());
            }
            '[' => class(scanner, out, depth + 1)?,
            '&' if scanner.eat('&') => out.push_str("&&"),
            '\\' => match scanner.escape()? {
                Escape::Literal(low) => range(scanner, low, out)?,
                Escape::Quoted(text) => text.chars().for_each(|c| push_literal(c, out)),
                Escape::Other(letter) => out.push_str(&set(scanner, letter)?),
            },
            low => range(scanner, low, out)?,
        }
        first = false;
    }
}

fn set(scanner: &mut Scanner<'_>, letter: char) -> Result<String, String> {
    match letter {
        'p' | 'P' => property(scanner, letter == 'P'),
        _ => predefined(letter)
            .map(str::to_owned)
            .ok_or_else(|| format!("\\{letter} cannot stand in a character class here")),
    }
}

/// One character, or a range that starts with it.
fn range(scanner: &mut Scanner<'_>, low: char, out: &mut String) -> Result<(), String> {
    push_literal(low, out);
    if scanner.peek() != Some('-') || matches!(scanner.peek_at(1), Some(']' | '[') | None) {
        return Ok(());
    }
    scanner.skip(1);
    let high = match scanner.next() {
        Some('\\') => match scanner.escape()? {
            Escape::Literal(high) => high,
            Escape::Quoted(_) | Escape::Other(_) => return Err("a range must end with a character".to_owned()),
        },
        Some(high) => high,
        None => return Err("a character class is not closed".to_owned()),
    };
    out.push('-');
    push_literal(high, out);
    Ok(())
}
