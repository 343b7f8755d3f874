//! What is said of text that is no JSON.

use std::fmt::Display;

use super::scanner::{Inside, Scanner};
use super::syntax::{Flaw, SyntaxError, describe};

/// The most characters of an unknown token that a message shows.
const MAX_SHOWN: usize = 256;
const EXPECTED_TOKEN: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

impl Scanner<'_> {
    /// The error for a character that starts no value.
    #[cold]
    pub(super) fn no_value(&self, inside: Inside) -> Box<SyntaxError> {
        let byte = self.text[self.at];
        let rest = &self.text[self.at..];
        match byte {
            b']' if inside == Inside::Root => {
                self.at_offset(self.at, "Unexpected close marker ']': no open Array to close")
            }
            b'}' if inside == Inside::Root => {
                self.at_offset(self.at, "Unexpected close marker '}': no open Object to close")
            }
            b'}' if matches!(inside, Inside::Array(_)) && self.follows_opening(inside) => self.mismatched('}', inside),
            b']' if !matches!(inside, Inside::Array(_)) => {
                self.unexpected(self.at, &format!("expected a valid value {EXPECTED_TOKEN}"))
            }
            b']' | b',' | b'}' => self.unexpected(self.at, "expected a value"),
            b'N' if rest.starts_with(b"NaN") => self.non_standard("NaN", self.at + 3),
            b'I' if rest.starts_with(b"Infinity") => self.non_standard("Infinity", self.at + 8),
            0x80.. if self.wide && is_identifier_start(self.character(self.at)) => self.unrecognized(self.at),
            0x80.. if self.wide => self.unexpected(self.at, &format!("expected a valid value {EXPECTED_TOKEN}")),
            // Parity: the first byte counts as a Latin-1 letter, what follows it as another character.
            0x80.. if is_identifier_start(u32::from(byte)) && rest.get(1).is_some_and(|next| !next.is_ascii()) => {
                self.no_start(self.at + 1, self.at + 2)
            }
            b'+' if rest.len() == 1 => self.ends("Unexpected end-of-input in a Number value"),
            b'+' => self.bad_number_start(self.at + 1, false),
            _ if is_identifier_start(u32::from(byte)) => self.unrecognized(self.at),
            _ => self.unexpected(self.at, &format!("expected a valid value {EXPECTED_TOKEN}")),
        }
    }

    pub(super) fn bad_number_start(&self, at: usize, negative: bool) -> Box<SyntaxError> {
        let sign = if negative { '-' } else { '+' };
        for word in ["INF", "Infinity"] {
            if self.text[at..].starts_with(&word.as_bytes()[..2]) {
                if self.text[at..].starts_with(word.as_bytes()) {
                    return self.non_standard(&format!("{sign}{word}"), at + word.len());
                }
                return self.unrecognized(at - 1);
            }
        }
        if !negative {
            return self.unexpected_number_as(
                '+',
                at,
                "JSON spec does not allow numbers to have plus signs: enable `JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow",
            );
        }
        if self.text[at] == b'.' {
            return self.unexpected(at, &format!("expected a valid value {EXPECTED_TOKEN}"));
        }
        self.unexpected_number(at, "expected digit (0-9) to follow minus sign, for valid numeric value")
    }

    fn non_standard(&self, token: &str, end: usize) -> Box<SyntaxError> {
        if let Err(mistake) = self.check_word_end(end) {
            return mistake;
        }
        self.at_offset(
            end,
            format_args!("Non-standard token '{token}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow"),
        )
    }

    /// The byte at `at` starts no character.
    #[cold]
    pub(super) fn no_start(&self, at: usize, shown_at: usize) -> Box<SyntaxError> {
        self.at_offset(shown_at, format_args!("Invalid UTF-8 start byte 0x{:x}", self.text[at]))
    }

    /// The byte at `at` continues no character.
    #[cold]
    pub(super) fn no_middle(&self, at: usize, shown_at: usize) -> Box<SyntaxError> {
        self.at_offset(shown_at, format_args!("Invalid UTF-8 middle byte 0x{:x}", self.text[at]))
    }

    pub(super) fn follows_opening(&self, inside: Inside) -> bool {
        let (Inside::Array(start) | Inside::Object(start)) = inside else { return false };
        self.text[start + 1..self.at].iter().all(u8::is_ascii_whitespace)
    }

    /// The text at `start` is no known word; its sign, if it has one, belongs to it.
    #[cold]
    pub(super) fn unrecognized(&self, start: usize) -> Box<SyntaxError> {
        let mut token = String::new();
        let mut at = start;
        if let Some(first @ 0x80..) = self.text.get(start)
            && !self.wide
        {
            // Jackson tells from the first byte alone what kind of token it is.
            token.push(char::from(*first));
            at += 1;
        }
        while let Some(byte) = self.text.get(at) {
            let character = self.character(at);
            if !byte.is_ascii()
                && let Err(mistake) = self.multi_byte(at, None, &mut String::new())
            {
                return if mistake.is_end() { self.ends_in_number(start) } else { mistake };
            }
            let sign = at == start && matches!(byte, b'-' | b'+');
            let Some(part) = char::from_u32(character).filter(|_| sign || is_identifier_part(character)) else { break };
            token.push(part);
            if token.encode_utf16().count() >= MAX_SHOWN {
                token.push_str("...");
                break;
            }
            at += part.len_utf8();
        }
        self.at_offset(start, format_args!("Unrecognized token '{token}': was expecting {EXPECTED_TOKEN}"))
    }

    /// The error for a character that starts no name of a member.
    #[cold]
    pub(super) fn no_name(&self) -> Box<SyntaxError> {
        let mut shown = String::new();
        let end = if self.text[self.at].is_ascii() {
            self.at + 1
        } else {
            match self.multi_byte(self.at, None, &mut shown) {
                Ok(end) => end,
                Err(mistake) => return mistake,
            }
        };
        let character = shown.chars().next().map_or(u32::from(self.text[self.at]), u32::from);
        let comment = "was expecting double-quote to start field name";
        self.at_offset(end - 1, format_args!("Unexpected character ({}): {comment}", describe(character)))
    }

    #[cold]
    pub(super) fn at_offset(&self, at: usize, message: impl Display) -> Box<SyntaxError> {
        SyntaxError::at(Flaw::Parse, message, &self.location(at))
    }

    #[cold]
    pub(super) fn unexpected(&self, at: usize, comment: &str) -> Box<SyntaxError> {
        let character = if self.wide { self.character(at) } else { u32::from(self.text[at]) };
        self.at_offset(at, format_args!("Unexpected character ({}): {comment}", describe(character)))
    }

    #[cold]
    pub(super) fn unexpected_number(&self, at: usize, comment: &str) -> Box<SyntaxError> {
        self.unexpected_number_as(char::from(self.text[at]), at, comment)
    }

    #[cold]
    pub(super) fn unexpected_number_as(&self, shown: char, at: usize, comment: &str) -> Box<SyntaxError> {
        let shown = describe(u32::from(shown));
        self.at_offset(at, format_args!("Unexpected character ({shown}) in numeric value: {comment}"))
    }

    #[cold]
    pub(super) fn illegal_space(&self, byte: u8) -> Box<SyntaxError> {
        self.at_offset(
            self.at + 1,
            format_args!(
                "Illegal character ({}): only regular white space (\\r, \\n, \\t) is allowed between tokens",
                describe(u32::from(byte))
            ),
        )
    }

    #[cold]
    pub(super) fn ends(&self, message: impl Display) -> Box<SyntaxError> {
        SyntaxError::at(Flaw::End, message, &self.location(self.text.len()))
    }

    /// The text ends in the number that starts at `start`; Jackson names the token in front of it.
    #[cold]
    pub(super) fn ends_in_number(&self, start: usize) -> Box<SyntaxError> {
        if self.wide {
            // Parity: no blank in front of the reason.
            let sign = self.text.len() == start + 1;
            let reason = if sign { "No digit following sign" } else { "expected a digit for number exponent" };
            return self.ends(format_args!("Unexpected end-of-input{reason}"));
        }
        let before = self.text[..start].trim_ascii_end();
        let token = match before.last() {
            Some(b':') => "FIELD_NAME",
            Some(b'[') => "START_ARRAY",
            Some(b',') => last_token(before[..before.len() - 1].trim_ascii_end()),
            _ => "null",
        };
        self.ends(format_args!("Unexpected end-of-input in {token}"))
    }

    #[cold]
    pub(super) fn ends_between(&self, flaw: Flaw, inside: Inside) -> Box<SyntaxError> {
        let message = format!("Unexpected end-of-input within/between {} entries", inside.name());
        SyntaxError::at(flaw, message, &self.location(self.text.len()))
    }

    #[cold]
    pub(super) fn unclosed(&self, inside: Inside) -> Box<SyntaxError> {
        let (Inside::Array(start) | Inside::Object(start)) = inside else {
            return self.ends("Unexpected end-of-input");
        };
        let marker = self.location(start);
        self.ends(format_args!(
            "Unexpected end-of-input: expected close marker for {} (start marker at {marker})",
            inside.name()
        ))
    }

    #[cold]
    pub(super) fn mismatched(&self, found: char, inside: Inside) -> Box<SyntaxError> {
        let (Inside::Array(start) | Inside::Object(start)) = inside else {
            return self.unexpected(self.at, "expected a value");
        };
        let expected = if matches!(inside, Inside::Array(_)) { ']' } else { '}' };
        let begun = self.location(start);
        self.at_offset(
            self.at,
            format_args!(
                "Unexpected close marker '{found}': expected '{expected}' (for {} starting at {begun})",
                inside.name()
            ),
        )
    }

    pub(super) fn character(&self, at: usize) -> u32 {
        let end = (at + 4).min(self.text.len());
        let chunk = self.text[at..end].utf8_chunks().next();
        let first = chunk.and_then(|chunk| chunk.valid().chars().next());
        first.map_or_else(|| self.text.get(at).map_or(0, |byte| u32::from(*byte)), u32::from)
    }
}

/// Jackson's name of the token at the end of correct JSON.
fn last_token(text: &[u8]) -> &'static str {
    match text.last() {
        Some(b'"') => "VALUE_STRING",
        Some(b']') => "END_ARRAY",
        Some(b'}') => "END_OBJECT",
        Some(b'l') => "VALUE_NULL",
        Some(b'e') if text.ends_with(b"true") => "VALUE_TRUE",
        Some(b'e') => "VALUE_FALSE",
        _ => {
            let number =
                text.iter().rev().take_while(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
            let float = number.copied().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
            if float { "VALUE_NUMBER_FLOAT" } else { "VALUE_NUMBER_INT" }
        }
    }
}

fn is_identifier_start(character: u32) -> bool {
    char::from_u32(character).is_some_and(|c| c.is_alphabetic() || matches!(c, '_' | '$'))
}

/// Whether a character may stand in a Java identifier; such belong to an unknown token.
pub(super) fn is_identifier_part(character: u32) -> bool {
    matches!(character, 0..=0x08 | 0x0E..=0x1B | 0x7F..=0x9F)
        || char::from_u32(character).is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$'))
}
