//! Reads the tokens of JSON text, accepting and refusing what Jackson does as Kafka configures it: leading zeros are
//! allowed, everything else is standard JSON, nesting ends at 1000 levels.

use super::mistakes::is_identifier_part;
use super::string_scan::{Quoted, Span};
use super::syntax::{Flaw, Result, SyntaxError, location};

/// `StreamReadConstraints`: the deepest nesting.
const MAX_DEPTH: usize = 1000;

/// A container being read, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inside {
    Root,
    /// With the offset of the `{`.
    Object(usize),
    /// With the offset of the `[`.
    Array(usize),
}

impl Inside {
    pub(super) fn name(self) -> &'static str {
        match self {
            Inside::Root => "root",
            Inside::Object(_) => "Object",
            Inside::Array(_) => "Array",
        }
    }
}

/// The text in front of a member's value, as it stands where nobody put blanks.
#[derive(Debug)]
pub(super) struct Lead {
    /// `,"name":`, without the comma for the first member; empty for a name that JSON escapes.
    text: Box<[u8]>,
    /// The same as a number, when it has at most 16 bytes.
    start: u128,
    /// The bits of that number that count; 0 for a longer text.
    mask: u128,
}

impl Lead {
    pub(super) fn of(name: &str, first: bool) -> Self {
        let plain = name.bytes().all(|byte| byte >= b' ' && !matches!(byte, b'"' | b'\\'));
        let comma = if first { "" } else { "," };
        let text = if plain { format!("{comma}\"{name}\":").into_bytes() } else { Vec::new() };
        let (mut start, mut mask) = ([0; 16], [0; 16]);
        if text.len() <= start.len() {
            start[..text.len()].copy_from_slice(&text);
            mask[..text.len()].fill(0xFF);
        }
        Self { text: text.into(), start: u128::from_le_bytes(start), mask: u128::from_le_bytes(mask) }
    }
}

/// A cursor over JSON text.
#[derive(Clone)]
pub(super) struct Scanner<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
    pub(super) depth: usize,
    /// Whether the text was not in UTF-8; Jackson then words some mistakes otherwise.
    pub(super) wide: bool,
}

impl<'a> Scanner<'a> {
    /// At the start of `text`, behind a byte order mark; `wide`: it was not in UTF-8, and its mark is gone.
    pub(super) fn new(text: &'a [u8], wide: bool) -> Self {
        // Parity: nothing but a mark is no mark.
        let at = if !wide && matches!(text, [0xEF, 0xBB, 0xBF, _, ..]) { 3 } else { 0 };
        Self { text, at, depth: 0, wide }
    }

    /// At byte `at` of `text`, `depth` containers deep.
    pub(super) fn resume(text: &'a [u8], at: usize, depth: usize) -> Self {
        Self { text, at, depth, wide: false }
    }

    /// Where byte `at` is, for messages.
    pub(super) fn location(&self, at: usize) -> String {
        location(self.text, at, self.wide)
    }

    /// The offset of the next byte.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The text being read.
    pub(super) fn text(&self) -> &'a [u8] {
        self.text
    }

    /// The next byte that is no blank, which stays unread; `None` at the end.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<Option<u8>> {
        match self.text.get(self.at) {
            Some(byte) if *byte > b'/' || matches!(byte, b'"' | b',' | b'-') => Ok(Some(*byte)),
            _ => self.peek_further(),
        }
    }

    fn peek_further(&mut self) -> Result<Option<u8>> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                Some(byte) if *byte < b' ' => return Err(self.illegal_space(*byte)),
                Some(b'/') => {
                    return Err(self.unexpected(
                        self.at,
                        "maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)",
                    ));
                }
                byte => return Ok(byte.copied()),
            }
        }
    }

    /// Enters a container whose opening bracket is next.
    pub(super) fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(SyntaxError::limit(format!(
                "Document nesting depth ({}) exceeds the maximum allowed ({MAX_DEPTH}, from `StreamReadConstraints.getMaxNestingDepth()`)",
                self.depth
            )));
        }
        self.at += 1;
        Ok(())
    }

    /// Moves to the next element of an array, the first one if `first`; `false`: it ended and was left.
    pub(super) fn element(&mut self, start: usize, first: bool) -> Result<bool> {
        let inside = Inside::Array(start);
        match self.peek()? {
            None => Err(self.unclosed(inside)),
            Some(b']') => {
                self.at += 1;
                self.depth -= 1;
                Ok(false)
            }
            Some(_) if first => Ok(true),
            Some(b',') => {
                self.at += 1;
                match self.peek()? {
                    None => Err(self.ends_between(Flaw::Parse, inside)),
                    Some(_) => Ok(true),
                }
            }
            Some(b'}') => Err(self.mismatched('}', inside)),
            Some(_) => Err(self.unexpected(self.at, "was expecting comma to separate Array entries")),
        }
    }

    /// Moves to the next member of an object, the first one if `first`, and reads its name and the colon; `None`: the
    /// object ended and was left.
    pub(super) fn member(&mut self, start: usize, first: bool) -> Result<Option<Span>> {
        let inside = Inside::Object(start);
        match self.peek()? {
            None => return Err(self.unclosed(inside)),
            Some(b'}') => {
                self.at += 1;
                self.depth -= 1;
                return Ok(None);
            }
            Some(b']') if first => return Err(self.mismatched(']', inside)),
            Some(_) if first => {}
            Some(b',') => {
                self.at += 1;
                if self.peek()?.is_none() {
                    return Err(self.ends_between(Flaw::Parse, inside));
                }
            }
            Some(b']') => return Err(self.mismatched(']', inside)),
            Some(_) => return Err(self.unexpected(self.at, "was expecting comma to separate Object entries")),
        }
        if self.text[self.at] != b'"' {
            return Err(self.no_name());
        }
        let name = self.quoted(Quoted::Name)?;
        match self.peek()? {
            Some(b':') => self.at += 1,
            Some(_) => {
                self.content(name)?;
                return Err(self.unexpected(self.at, "was expecting a colon to separate field name and value"));
            }
            None => return Err(self.ends_between(Flaw::End, inside)),
        }
        if self.peek()?.is_none() {
            return Err(self.ends_between(Flaw::End, inside));
        }
        Ok(Some(name))
    }

    /// Reads the text in front of a member's value, when exactly that comes next and no blank follows.
    #[inline]
    pub(super) fn take(&mut self, lead: &Lead) -> bool {
        let rest = &self.text[self.at..];
        let is_next = match rest.first_chunk() {
            Some(sixteen) if lead.mask != 0 => u128::from_le_bytes(*sixteen) & lead.mask == lead.start,
            _ => !lead.text.is_empty() && rest.starts_with(&lead.text),
        };
        if !is_next || rest.get(lead.text.len()).is_none_or(|byte| *byte <= b' ') {
            return false;
        }
        self.at += lead.text.len();
        true
    }

    /// Reads `null`, `true` or `false`, whose first character is next.
    pub(super) fn word(&mut self, word: &'static str) -> Result<()> {
        let end = self.at + word.len();
        if self.text.get(self.at..end) != Some(word.as_bytes()) {
            return Err(self.unrecognized(self.at));
        }
        self.check_word_end(end)?;
        self.at = end;
        Ok(())
    }

    /// A word must not go on, as far as Java identifiers go.
    pub(super) fn check_word_end(&self, end: usize) -> Result<()> {
        match self.text.get(end) {
            None | Some(..b'0' | b']' | b'}') => Ok(()),
            Some(0..0x80) if is_identifier_part(u32::from(self.text[end])) => Err(self.unrecognized(self.at)),
            Some(0..0x80) => Ok(()),
            Some(_) if self.wide && is_identifier_part(self.character(end)) => Err(self.unrecognized(self.at)),
            Some(_) if self.wide => Ok(()),
            // Parity: Jackson looks for the rest of the character where its first byte is, and so finds it wrong.
            Some(0xC0..0xF8) => Err(self.no_middle(end, end + 1)),
            Some(_) => Err(self.no_start(end, end)),
        }
    }

    /// Skips a value, checking its syntax.
    pub(super) fn skip(&mut self, inside: Inside) -> Result<()> {
        let start = self.at;
        match self.text[self.at] {
            b'{' => {
                self.enter()?;
                let mut first = true;
                while let Some(name) = self.member(start, first)? {
                    self.content(name)?;
                    self.skip(Inside::Object(start))?;
                    first = false;
                }
            }
            b'[' => {
                self.enter()?;
                let mut first = true;
                while self.element(start, first)? {
                    self.skip(Inside::Array(start))?;
                    first = false;
                }
            }
            b'"' => {
                let span = self.string()?;
                self.content(span)?;
            }
            b'-' | b'0'..=b'9' => {
                self.number()?;
            }
            b'n' => self.word("null")?,
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            _ => return Err(self.no_value(inside)),
        }
        Ok(())
    }
}
