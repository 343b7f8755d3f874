//! What was found behind variables, for hiding it where text goes to people.

use std::borrow::Cow;

use parking_lot::RwLock;

/// How many texts are remembered; the oldest go first.
const MOST: usize = 1_000;
/// Shorter texts are no secrets: hiding each `1` would make every message unreadable.
const SHORTEST: usize = 4;

/// Texts that came out of variables. Shared by all that resolve and all that print.
#[derive(Default)]
pub struct Secrets(RwLock<Vec<Secret>>);

struct Secret {
    text: String,
    shown: String,
}

impl Secrets {
    /// Nothing to hide yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers what a variable stood for. `shown` takes its place: the variable as written. Each line counts on its
    /// own, without blanks at its ends, since values are trimmed where they are used.
    pub(crate) fn remember(&self, text: &str, shown: &str) {
        let mut known = self.0.write();
        for line in text.lines().map(str::trim) {
            let secret = line.chars().count() >= SHORTEST && !matches!(line, "true" | "false");
            if !secret || known.iter().any(|secret| secret.text == line) {
                continue;
            }
            if known.len() == MOST {
                known.remove(0);
            }
            known.push(Secret { text: line.to_owned(), shown: shown.to_owned() });
        }
    }

    /// The text with variables in the place of what they stood for.
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self.0.read();
        let mut found: Vec<&Secret> = known.iter().filter(|secret| text.contains(&secret.text)).collect();
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        // One can be a part of another.
        found.sort_by_key(|secret| std::cmp::Reverse(secret.text.len()));
        let mut hidden = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            match found.iter().find(|secret| rest.starts_with(&secret.text)) {
                Some(secret) => {
                    hidden.push_str(&secret.shown);
                    rest = &rest[secret.text.len()..];
                }
                None => {
                    hidden.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        Cow::Owned(hidden)
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.0.read().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_the_longest_and_leaves_what_is_short() {
        let secrets = Secrets::new();
        secrets.remember("hunter2", "${f:a}");
        secrets.remember("hunter2-extended", "${f:b}");
        secrets.remember("12", "${f:c}");
        secrets.remember("true", "${f:d}");
        assert_eq!(secrets.hide("x hunter2-extended, hunter2; 12 true"), "x ${f:b}, ${f:a}; 12 true");
        assert!(matches!(secrets.hide("nothing here"), Cow::Borrowed(_)));
        assert!(!format!("{secrets:?}").contains("hunter"));
    }

    #[test]
    fn lines_and_blanks_at_their_ends() {
        let secrets = Secrets::new();
        secrets.remember(" first line\nsecond line \r\n", "${d:/x:pem}");
        assert_eq!(secrets.hide("[second line] and first line"), "[${d:/x:pem}] and ${d:/x:pem}");
    }

    #[test]
    fn remembers_a_bounded_number() {
        let secrets = Secrets::new();
        for number in 0..=MOST {
            secrets.remember(&format!("secret-{number:06}"), "${f:x}");
        }
        assert_eq!(secrets.hide("secret-000000"), "secret-000000");
        assert_eq!(secrets.hide("secret-000001 secret-001000"), "${f:x} ${f:x}");
    }
}
