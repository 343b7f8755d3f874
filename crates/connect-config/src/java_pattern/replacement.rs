//! What stands in place of a match: `Matcher.replaceFirst` with its `$1`, `${name}` and `\`.

use connect_api::{Error, Kind, Result};
use fancy_regex::{Captures, Regex};

use super::JavaPattern;

/// Replaces the first match of a pattern in texts that match it as a whole.
#[derive(Clone, Debug)]
pub struct Rewrite {
    pattern: JavaPattern,
    search: Regex,
    replacement: String,
}

impl Rewrite {
    /// Puts `replacement` in place of what `pattern` finds. A mistake in the replacement shows when it is used, as in
    /// Java.
    ///
    /// # Errors
    /// When the pattern cannot be used.
    pub fn new(pattern: JavaPattern, replacement: &str) -> Result<Self> {
        let search = pattern.search().map_err(Error::config)?;
        Ok(Self { pattern, search, replacement: replacement.to_owned() })
    }

    /// The text with its first match replaced; `None` when `text` as a whole does not match.
    ///
    /// # Errors
    /// When the replacement names a group that is not there or cannot be read, or the pattern needs too many steps.
    pub fn apply(&self, text: &str) -> Result<Option<String>> {
        if !self.pattern.matches(text)? {
            return Ok(None);
        }
        // Parity: the replaced match is searched for anew, and may be only a part of the text: `a|ab` finds `a` in `ab`.
        let found = self.search.captures(text).map_err(|error| self.pattern.too_hard(text, &error))?;
        let Some(found) = found else { return Ok(Some(text.to_owned())) };
        let Some(whole) = found.get(0) else { return Ok(Some(text.to_owned())) };
        let mut result = text[..whole.start()].to_owned();
        self.expand(&found, &mut result)?;
        result.push_str(&text[whole.end()..]);
        Ok(Some(result))
    }

    fn expand(&self, found: &Captures<'_, str>, out: &mut String) -> Result<()> {
        let mut rest = self.replacement.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '\\' => out.push(rest.next().ok_or_else(|| mistake("character to be escaped is missing"))?),
                '$' => match rest.next() {
                    None => return Err(mistake("Illegal group reference: group index is missing")),
                    Some('{') => {
                        let name = group_name(&mut rest)?;
                        if !self.search.capture_names().flatten().any(|known| known == name) {
                            return Err(mistake(format!("No group with name {{{name}}}")));
                        }
                        out.push_str(found.name(&name).map_or("", |group| group.as_str()));
                    }
                    Some(digit) => {
                        let number = digit.to_digit(10).ok_or_else(|| mistake("Illegal group reference"))?;
                        let number = group_number(number as usize, found.len(), &mut rest)?;
                        out.push_str(found.get(number).map_or("", |group| group.as_str()));
                    }
                },
                c => out.push(c),
            }
        }
        Ok(())
    }
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// A name and the brace behind it.
fn group_name(rest: &mut Rest<'_>) -> Result<String> {
    let mut name = String::new();
    while let Some(c) = rest.next_if(char::is_ascii_alphanumeric) {
        name.push(c);
    }
    if name.is_empty() {
        return Err(mistake("named capturing group has 0 length name"));
    }
    if rest.next() != Some('}') {
        return Err(mistake("named capturing group is missing trailing '}'"));
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(mistake(format!("capturing group name {{{name}}} starts with digit character")));
    }
    Ok(name)
}

/// The number that starts with `first`: further digits belong to it as long as there are that many groups.
fn group_number(first: usize, groups: usize, rest: &mut Rest<'_>) -> Result<usize> {
    if first >= groups {
        let error = Error::new(Kind::IllegalArgument, format!("No group {first}"));
        return Err(error.with_class("java.lang.IndexOutOfBoundsException"));
    }
    let mut number = first;
    while let Some(digit) = rest.peek().and_then(|c| c.to_digit(10)) {
        let longer = number.saturating_mul(10).saturating_add(digit as usize);
        if longer >= groups {
            break;
        }
        number = longer;
        rest.next();
    }
    Ok(number)
}

fn mistake(message: impl Into<String>) -> Error {
    Error::new(Kind::IllegalArgument, message)
}
