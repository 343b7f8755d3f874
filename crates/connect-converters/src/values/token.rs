//! Cuts text into delimiters and what stands between them.

use std::ops::Range;

/// Reads tokens: one of `: , { } [ ] "` unless a backslash stands before it, or the text up to the next of them.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// A token that was looked at and not taken.
    peeked: Option<Range<usize>>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, peeked: None }
    }

    /// The whole text.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// Where the next token starts, to come back to.
    pub(super) fn mark(&self) -> usize {
        self.at - self.peeked.as_ref().map_or(0, Range::len)
    }

    /// Comes back to a mark.
    pub(super) fn rewind(&mut self, mark: usize) {
        self.at = mark;
        self.peeked = None;
    }

    pub(super) fn has_next(&self) -> bool {
        self.peeked.is_some() || self.at < self.text.len()
    }

    /// Takes the next token; empty at the end.
    pub(super) fn next(&mut self) -> &'a str {
        let range = match self.peeked.take() {
            Some(range) => range,
            None => self.cut(),
        };
        &self.text[range]
    }

    /// Takes the next `count` tokens as one text; `None`, and nothing taken, when there are fewer.
    pub(super) fn next_many(&mut self, count: usize) -> Option<&'a str> {
        let start = self.mark();
        for _ in 0..count {
            if !self.has_next() {
                self.rewind(start);
                return None;
            }
            self.next();
        }
        Some(&self.text[start..self.at])
    }

    /// Takes the next token if it is `expected`, blanks around it aside.
    pub(super) fn take(&mut self, expected: &str) -> bool {
        if !self.has_next() {
            return false;
        }
        let mut range = match self.peeked.take() {
            Some(range) => range,
            None => self.cut(),
        };
        while trim(&self.text[range.clone()]).is_empty() && self.at < self.text.len() {
            range = self.cut();
        }
        if trim(&self.text[range.clone()]) == expected {
            return true;
        }
        self.peeked = Some(range);
        false
    }

    fn cut(&mut self) -> Range<usize> {
        let start = self.at;
        let mut escaped = false;
        for (offset, byte) in self.text.as_bytes()[start..].iter().enumerate() {
            match byte {
                b'\\' => escaped = !escaped,
                b':' | b',' | b'{' | b'}' | b'[' | b']' | b'"' if !escaped => {
                    self.at = start + offset.max(1);
                    return start..self.at;
                }
                _ => escaped = false,
            }
        }
        self.at = self.text.len();
        start..self.at
    }
}

/// `String.trim`.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<&str> {
        let mut tokens = Tokens::new(text);
        std::iter::from_fn(|| tokens.has_next().then(|| tokens.next())).collect()
    }

    #[test]
    fn delimiters_stand_alone_unless_escaped() {
        assert_eq!(all(r#"{"a":1}"#), ["{", "\"", "a", "\"", ":", "1", "}"]);
        assert_eq!(all(r"a\,b,c"), [r"a\,b", ",", "c"]);
        assert_eq!(all(r"a\\,b"), [r"a\\", ",", "b"]);
        assert_eq!(all("12:34"), ["12", ":", "34"]);
    }

    #[test]
    fn a_token_looked_at_is_not_lost() {
        let mut tokens = Tokens::new(" [1");
        let start = tokens.mark();
        assert!(!tokens.take("null"));
        assert!(tokens.take("["));
        tokens.rewind(start);
        assert_eq!(tokens.next(), " ");
        assert_eq!(tokens.next_many(2), Some("[1"));
        assert_eq!(tokens.next_many(1), None);
    }
}
