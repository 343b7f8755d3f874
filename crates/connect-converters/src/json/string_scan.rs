//! Reads strings and member names.

use std::borrow::Cow;
use std::ops::Range;

use super::scanner::Scanner;
use super::syntax::{Result, SyntaxError, describe};

/// `StreamReadConstraints`: the longest member name, in bytes of UTF-8, or in units of UTF-16 if that is what the text is in.
const MAX_NAME: usize = 50_000;
/// Jackson looks at the length of a name whenever its buffer is full, and says no more than that.
const NAME_BUFFER: usize = 65_536;
/// `StreamReadConstraints`: the longest string, in units of UTF-16.
const MAX_STRING: usize = 20_000_000;
/// The fullness of Jackson's buffer at which it finds a string too long whatever follows.
const STRING_BUFFER: usize = 20_054_016;

/// Where a string stands: without its quotes, and whether it contains escapes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) escaped: bool,
    /// Whether it is the name of a member.
    pub(super) name: bool,
}

/// What a string is, for messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoted {
    Value,
    Name,
}

impl<'a> Scanner<'a> {
    /// Reads a string whose opening quote is next.
    pub(super) fn string(&mut self) -> Result<Span> {
        self.quoted(Quoted::Value)
    }

    /// Where the content of a string is that comes next, has no escapes, and whose length no limit concerns. It stays
    /// unread.
    #[inline]
    pub(super) fn plain_string(&self) -> Option<Range<usize>> {
        let rest = self.text.get(self.at..)?.strip_prefix(b"\"")?;
        let length = plain_length(rest);
        let start = self.at + 1;
        (rest.get(length) == Some(&b'"') && length <= MAX_NAME).then_some(start..start + length)
    }

    pub(super) fn quoted(&mut self, what: Quoted) -> Result<Span> {
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            at += plain_length(&self.text[at..]);
            match self.text.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at = self.check_escape(at + 1).map_err(|mistake| self.earlier(what, start, at, mistake))?;
                }
                _ => return Err(self.earlier(what, start, at, self.unfinished(what, start, at))),
            }
        }
        self.at = at + 1;
        let span = Span { start, end: at, escaped, name: what == Quoted::Name };
        if at - start > MAX_NAME {
            self.check_length(span, 0)?;
        }
        Ok(span)
    }

    /// Refuses what is too long, if it holds at least `enough`.
    fn check_length(&self, span: Span, enough: usize) -> Result<()> {
        let (limit, buffer, part, method) = match span.name {
            true => (MAX_NAME, NAME_BUFFER, "Name", "getMaxNameLength"),
            false => (MAX_STRING, STRING_BUFFER, "String value", "getMaxStringLength"),
        };
        if span.end - span.start <= limit {
            return Ok(());
        }
        let text = self.decode(Span { escaped: true, ..span })?;
        let bytes = span.name && !self.wide;
        let length = if bytes { text.len() } else { text.encode_utf16().count() };
        let length = if self.wide { length } else { length.min(buffer) };
        if length > limit && length >= enough {
            return Err(SyntaxError::limit(format!(
                "{part} length ({length}) exceeds the maximum allowed ({limit}, from `StreamReadConstraints.{method}()`)"
            )));
        }
        Ok(())
    }

    /// The mistake in a string that was read up to `at`, where something is wrong: text in it that is no UTF-8 comes
    /// first. Names are decoded only when they are complete.
    #[cold]
    fn earlier(&self, what: Quoted, start: usize, at: usize, later: Box<SyntaxError>) -> Box<SyntaxError> {
        let (name, enough) = if what == Quoted::Name { (true, NAME_BUFFER) } else { (false, STRING_BUFFER) };
        if let Err(long) = self.check_length(Span { start, end: at, escaped: true, name }, enough)
            && long.is_limit()
        {
            return long;
        }
        if what == Quoted::Name {
            return later;
        }
        self.decode(Span { start, end: at, escaped: true, name: false }).err().unwrap_or(later)
    }

    /// A string stops at a control character, or at the end.
    #[cold]
    fn unfinished(&self, what: Quoted, start: usize, at: usize) -> Box<SyntaxError> {
        let Some(byte) = self.text.get(at) else {
            return self.ends(match what {
                Quoted::Value if self.wide => "Unexpected end-of-input: was expecting closing quote for a string value",
                Quoted::Value => "Unexpected end-of-input in VALUE_STRING",
                Quoted::Name if at == start => "Unexpected end-of-input: was expecting closing '\"' for name",
                Quoted::Name => "Unexpected end-of-input in field name",
            });
        };
        let part = if what == Quoted::Name { "name" } else { "string value" };
        let shown = describe(u32::from(*byte));
        self.at_offset(
            at,
            format_args!(
                "Illegal unquoted character ({shown}): has to be escaped using backslash to be included in {part}"
            ),
        )
    }

    /// Checks the escape whose character after the backslash is at `at`; gives the offset behind it.
    fn check_escape(&self, at: usize) -> Result<usize> {
        match self.text.get(at) {
            Some(b'b' | b't' | b'n' | b'f' | b'r' | b'"' | b'/' | b'\\') => Ok(at + 1),
            Some(b'u') => {
                for digit in at + 1..at + 5 {
                    match self.text.get(digit) {
                        Some(byte) if byte.is_ascii_hexdigit() => {}
                        Some(_) => {
                            return Err(self.unexpected(digit, "expected a hex-digit for character escape sequence"));
                        }
                        None => {
                            return Err(self.ends("Unexpected end-of-input in character escape sequence"));
                        }
                    }
                }
                Ok(at + 5)
            }
            Some(_) => {
                let shown = describe(self.character(at));
                Err(self.at_offset(at, format_args!("Unrecognized character escape {shown}")))
            }
            None => Err(self.ends("Unexpected end-of-input in character escape sequence")),
        }
    }

    /// The content of a string: borrowed from the text unless something in it had to be decoded.
    pub(super) fn content(&self, span: Span) -> Result<Cow<'a, str>> {
        let raw = &self.text[span.start..span.end];
        if !span.escaped
            && let Ok(text) = std::str::from_utf8(raw)
        {
            return Ok(Cow::Borrowed(text));
        }
        self.decode(span).map(Cow::Owned)
    }

    fn decode(&self, span: Span) -> Result<String> {
        let mut out = String::with_capacity(span.end - span.start);
        let mut at = span.start;
        while at < span.end {
            let byte = self.text[at];
            if byte == b'\\' {
                at = self.unescape(at + 1, &mut out);
            } else if byte < 0x80 {
                out.push(char::from(byte));
                at += 1;
            } else {
                let shown_at = span.name.then_some(span.end + 1);
                at = self.multi_byte(at, shown_at, &mut out)?;
            }
        }
        Ok(out)
    }

    /// Decodes a checked escape; gives the offset behind it.
    fn unescape(&self, at: usize, out: &mut String) -> usize {
        let simple = match self.text[at] {
            b'b' => '\u{8}',
            b't' => '\t',
            b'n' => '\n',
            b'f' => '\u{c}',
            b'r' => '\r',
            b'u' => {
                let unit = self.unit(at + 1);
                let low = (self.text.get(at + 5..at + 7) == Some(b"\\u")).then(|| self.unit(at + 7));
                if let (0xD800..0xDC00, Some(low @ 0xDC00..0xE000)) = (unit, low) {
                    let code = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                    out.push(char::from_u32(code).unwrap_or('?'));
                    return at + 11;
                }
                // Half of a surrogate pair is no character; Java writes it as a question mark when it encodes the text.
                out.push(char::from_u32(unit).unwrap_or('?'));
                return at + 5;
            }
            other => char::from(other),
        };
        out.push(simple);
        at + 1
    }

    fn unit(&self, at: usize) -> u32 {
        let digits = self.text.get(at..at + 4).unwrap_or(b"");
        digits.iter().fold(0, |value, digit| value * 16 + char::from(*digit).to_digit(16).unwrap_or(0))
    }

    /// Decodes one character of several bytes, as leniently as Jackson; gives the offset behind it. A mistake is said
    /// to be at `shown_at`, or behind the wrong byte.
    pub(super) fn multi_byte(&self, at: usize, shown_at: Option<usize>, out: &mut String) -> Result<usize> {
        let first = self.text[at];
        let (length, mut code) = match first {
            0xC0..=0xDF => (2, u32::from(first & 0x1F)),
            0xE0..=0xEF => (3, u32::from(first & 0x0F)),
            0xF0..=0xF7 => (4, u32::from(first & 0x07)),
            _ => return Err(self.no_start(at, shown_at.unwrap_or(at + 1))),
        };
        for next in at + 1..at + length {
            match self.text.get(next) {
                Some(byte) if byte & 0xC0 == 0x80 => code = (code << 6) | u32::from(byte & 0x3F),
                Some(_) => return Err(self.no_middle(next, shown_at.unwrap_or(next + 1))),
                None => return Err(self.ends("Unexpected end-of-input in VALUE_STRING")),
            }
        }
        out.push(char::from_u32(code).unwrap_or('?'));
        Ok(at + length)
    }
}

/// How many bytes stand before the next quote, backslash or control character.
#[inline]
fn plain_length(text: &[u8]) -> usize {
    let (blocks, rest) = text.as_chunks::<8>();
    for (index, block) in blocks.iter().enumerate() {
        let special = special_bytes(u64::from_le_bytes(*block));
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let special = |byte: &u8| *byte < b' ' || matches!(byte, b'"' | b'\\');
    text.len() - rest.len() + rest.iter().position(special).unwrap_or(rest.len())
}

/// Of eight bytes, the upper bit of those that are a quote, a backslash or a control character. Bits above the lowest one
/// set may be wrong: the subtractions borrow.
#[inline]
fn special_bytes(bytes: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const UPPER: u64 = ONES << 7;
    let zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
    let quote = zero(bytes ^ (ONES * b'"' as u64));
    let backslash = zero(bytes ^ (ONES * b'\\' as u64));
    let control = bytes.wrapping_sub(ONES * b' ' as u64) & !bytes;
    (quote | backslash | control) & UPPER
}
