//! From Java's notation to that of the engine used here.

use super::class::class;
use super::property::{predefined, property};
use super::scanner::{Escape, Scanner, push_literal};

/// The end of a line, `\R`.
const LINE_END: &str = r"(?:\r\n|[\n\x0B\x0C\r\x{85}\x{2028}\x{2029}])";

/// Rewrites a pattern.
///
/// # Errors
/// What of it has no counterpart, as half a sentence.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut translation = Translation { scanner: Scanner::new(&chars), out: String::new(), groups: 0 };
    while let Some(c) = translation.scanner.next() {
        translation.construct(c)?;
    }
    Ok(translation.out)
}

struct Translation<'a> {
    scanner: Scanner<'a>,
    out: String,
    /// Capturing groups opened so far.
    groups: u32,
}

impl Translation<'_> {
    fn construct(&mut self, c: char) -> Result<(), String> {
        match c {
            '\\' => match self.scanner.escape()? {
                Escape::Literal(c) => push_literal(c, &mut self.out),
                Escape::Quoted(text) => text.chars().for_each(|c| push_literal(c, &mut self.out)),
                Escape::Other(letter) => self.escape(letter)?,
            },
            '[' => class(&mut self.scanner, &mut self.out, 0)?,
            '(' => self.group()?,
            '.' | '^' | '$' | '|' | ')' | '*' | '+' | '?' | '{' | '}' | ',' => self.out.push(c),
            c => push_literal(c, &mut self.out),
        }
        Ok(())
    }

    fn escape(&mut self, letter: char) -> Result<(), String> {
        match letter {
            'p' | 'P' => self.out.push_str(&property(&mut self.scanner, letter == 'P')?),
            'b' if self.scanner.peek() == Some('{') => return Err("\\b{ is not known here".to_owned()),
            'b' | 'B' | 'A' | 'z' => self.out.extend(['\\', letter]),
            'Z' => self.out.push_str(&format!(r"(?={LINE_END}?\z)")),
            'R' => self.out.push_str(LINE_END),
            'k' if self.scanner.eat('<') => {
                let name = self.scanner.until('>')?;
                self.out.push_str(&format!("\\k<{name}>"));
            }
            '1'..='9' => {
                // Further digits belong to the number as long as there are that many groups.
                let mut number = letter.to_digit(10).unwrap_or(0);
                while let Some(digit) = self.scanner.peek().and_then(|c| c.to_digit(10)) {
                    let longer = number.saturating_mul(10).saturating_add(digit);
                    if longer > self.groups {
                        break;
                    }
                    number = longer;
                    self.scanner.skip(1);
                }
                self.out.push_str(&format!("(?:\\{number})"));
            }
            _ => match predefined(letter) {
                Some(set) => self.out.push_str(set),
                None => return Err(format!("\\{letter} is not known here")),
            },
        }
        Ok(())
    }

    /// What follows an opening parenthesis.
    fn group(&mut self) -> Result<(), String> {
        self.out.push('(');
        if !self.scanner.eat('?') {
            self.groups += 1;
            return Ok(());
        }
        match (self.scanner.peek(), self.scanner.peek_at(1)) {
            (Some(c @ (':' | '=' | '!' | '>')), _) => {
                self.scanner.skip(1);
                self.out.extend(['?', c]);
                Ok(())
            }
            (Some('<'), Some(c @ ('=' | '!'))) => {
                self.scanner.skip(2);
                self.out.extend(['?', '<', c]);
                Ok(())
            }
            (Some('<'), _) => {
                self.scanner.skip(1);
                self.groups += 1;
                let name = self.scanner.until('>')?;
                self.out.push_str(&format!("?<{name}>"));
                Ok(())
            }
            _ => self.flags(),
        }
    }

    /// `i-s)` or `i-s:`.
    fn flags(&mut self) -> Result<(), String> {
        let (mut on, mut off, mut turning_off) = (String::new(), String::new(), false);
        let end = loop {
            match self.scanner.next() {
                Some(end @ (')' | ':')) => break end,
                Some('-') => turning_off = true,
                Some('d' | 'u' | 'U') => {}
                Some(flag @ ('i' | 'm' | 's')) => if turning_off { &mut off } else { &mut on }.push(flag),
                Some('x') if turning_off => {}
                Some('x') => return Err("comments mode (?x) is not known here".to_owned()),
                Some(other) => return Err(format!("the flag {other} is not known here")),
                None => return Err("a group is not closed".to_owned()),
            }
        };
        if on.is_empty() && off.is_empty() {
            self.out.push_str(if end == ':' { "?:" } else { "?:)" });
        } else {
            let minus = if off.is_empty() { "" } else { "-" };
            self.out.push_str(&format!("?{on}{minus}{off}{end}"));
        }
        Ok(())
    }
}
