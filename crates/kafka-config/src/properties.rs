//! The syntax of `java.util.Properties`, from and to bytes.
//!
//! Bytes are ISO-8859-1, other characters are written `\uXXXX`; a key ends at `=`, `:` or a blank; a line that ends in
//! a backslash goes on in the next; `#` and `!` start comments; of two equal keys the last one counts.

use indexmap::IndexMap;

/// Text that is not in the syntax.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Malformed \\uxxxx encoding.")]
pub struct MalformedEscape {
    /// The line, counted from 1, on which the property starts.
    pub line: usize,
}

/// Reads properties, in the order of their first appearance.
///
/// # Errors
/// A `\u` that is not followed by four hexadecimal digits; nothing else is ever wrong.
pub fn read(bytes: &[u8]) -> Result<IndexMap<String, String>, MalformedEscape> {
    let mut properties = IndexMap::new();
    let mut lines = Lines { bytes, at: 0, line: 1, end: 0 };
    while let Some((number, logical)) = lines.next_logical() {
        let (key, value) = split(&logical);
        let key = unescape(key).ok_or(MalformedEscape { line: number })?;
        let value = unescape(value).ok_or(MalformedEscape { line: number })?;
        properties.insert(key, value);
    }
    Ok(properties)
}

/// Reads properties from text in which every character stands for itself, as from a reader of Java.
///
/// # Errors
/// As [`read`].
pub fn read_text(text: &str) -> Result<IndexMap<String, String>, MalformedEscape> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut backslashes = 0usize;
    for character in text.chars() {
        if character.is_ascii() {
            bytes.push(character as u8);
            backslashes = if character == '\\' { backslashes + 1 } else { 0 };
            continue;
        }
        if backslashes % 2 == 1 {
            // An escaped character that needs no escape stands for itself.
            bytes.pop();
        }
        backslashes = 0;
        for unit in character.encode_utf16(&mut [0; 2]) {
            bytes.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
        }
    }
    read(&bytes)
}

/// Writes properties so that [`read`] gives them back, one a line, without a comment.
pub fn write<'a>(properties: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut text = String::new();
    for (key, value) in properties {
        escape(key, true, &mut text);
        text.push('=');
        escape(value, false, &mut text);
        text.push('\n');
    }
    text.into_bytes()
}

struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
    end: usize,
}

impl Lines<'_> {
    /// The next line that is neither blank nor a comment, continued lines joined; and its number.
    fn next_logical(&mut self) -> Option<(usize, Vec<u8>)> {
        'lines: loop {
            let number = self.line;
            let start = skip_blanks(self.next_natural()?);
            if matches!(start.first(), None | Some(b'#' | b'!')) {
                continue;
            }
            let mut logical = start.to_vec();
            while ends_in_continuation(&logical) {
                logical.pop();
                if logical.is_empty() && self.goes_on() {
                    // Parity: as long as nothing was read, the next line is a new one and can be a comment.
                    continue 'lines;
                }
                match self.next_natural() {
                    Some(next) => logical.extend_from_slice(skip_blanks(next)),
                    None => break,
                }
            }
            return Some((number, logical));
        }
    }

    /// Whether anything, if only the second half of its line break, follows the line just read.
    fn goes_on(&self) -> bool {
        self.end + 1 < self.bytes.len()
    }

    /// The next line up to `\n`, `\r` or `\r\n`.
    fn next_natural(&mut self) -> Option<&[u8]> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let start = self.at;
        let rest = &self.bytes[start..];
        let length = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        let end = start + length;
        self.end = end;
        self.at = end + 1;
        if rest[length..].starts_with(b"\r\n") {
            self.at += 1;
        }
        self.line += 1;
        Some(&self.bytes[start..end])
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\x0C')
}

fn skip_blanks(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|byte| !is_blank(*byte)).unwrap_or(line.len());
    &line[start..]
}

fn ends_in_continuation(line: &[u8]) -> bool {
    line.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// Key and value of a logical line, still escaped.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    let mut escaped = false;
    let end = line.iter().position(|&byte| {
        let ends = !escaped && (is_blank(byte) || byte == b'=' || byte == b':');
        escaped = !escaped && byte == b'\\';
        ends
    });
    let Some(end) = end else { return (line, &[]) };
    let mut value = skip_blanks(&line[end..]);
    if matches!(value.first(), Some(b'=' | b':')) {
        value = skip_blanks(&value[1..]);
    }
    (&line[..end], value)
}

fn unescape(escaped: &[u8]) -> Option<String> {
    let mut units: Vec<u16> = Vec::with_capacity(escaped.len());
    let mut bytes = escaped.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            units.push(u16::from(byte));
            continue;
        }
        match bytes.next() {
            Some(b'u') => {
                let mut unit = 0u16;
                for _ in 0..4 {
                    let digit = char::from(bytes.next()?).to_digit(16)?;
                    unit = unit << 4 | digit as u16;
                }
                units.push(unit);
            }
            Some(b't') => units.push(u16::from(b'\t')),
            Some(b'r') => units.push(u16::from(b'\r')),
            Some(b'n') => units.push(u16::from(b'\n')),
            Some(b'f') => units.push(0x0C),
            Some(other) => units.push(u16::from(other)),
            None => {}
        }
    }
    // A lone surrogate, which Java can hold and Rust cannot, becomes U+FFFD.
    Some(String::from_utf16_lossy(&units))
}

fn escape(text: &str, is_key: bool, out: &mut String) {
    for (place, c) in text.chars().enumerate() {
        match c {
            ' ' if is_key || place == 0 => out.push_str("\\ "),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\x0C' => out.push_str("\\f"),
            '\\' | '=' | ':' | '#' | '!' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ => {
                let mut units = [0u16; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04X}"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(text: &[u8]) -> Vec<(String, String)> {
        read(text).unwrap().into_iter().collect()
    }

    #[test]
    fn a_malformed_escape_names_its_line() {
        let error = read(b"a=1\n# \\u is fine here\nb=\\u12\n").unwrap_err();
        assert_eq!((error.line, error.to_string().as_str()), (3, "Malformed \\uxxxx encoding."));
        assert_eq!(read(b"a\\\n\\\nb=\\uZZZZ").unwrap_err().line, 1);
    }

    #[test]
    fn the_last_of_two_counts() {
        assert_eq!(pairs(b"a=1\nb=2\na=3"), [("a".into(), "3".into()), ("b".into(), "2".into())]);
    }

    #[test]
    fn writes_escapes() {
        let bytes = write([("a b", " c d"), ("é", "x=y:\u{1F600}\n\\")]);
        assert_eq!(bytes, b"a\\ b=\\ c d\n\\u00E9=x\\=y\\:\\uD83D\\uDE00\\n\\\\\n");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(properties in prop::collection::btree_map(".{0,12}", ".{0,24}", 0..6)) {
            let bytes = write(properties.iter().map(|(key, value)| (key.as_str(), value.as_str())));
            let read: std::collections::BTreeMap<String, String> = read(&bytes).unwrap().into_iter().collect();
            prop_assert_eq!(read, properties);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }
}
