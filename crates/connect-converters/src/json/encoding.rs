//! Jackson guesses whether JSON bytes are UTF-8, UTF-16 or UTF-32.

use std::ops::Deref;

use bytes::Bytes;

use super::syntax::{Result, SyntaxError};
use crate::charset::{Order, sixteen_bit_text};

const LAST_CHARACTER: u32 = 0x0010_FFFF;

/// Text in UTF-8.
pub(super) enum Utf8<'a> {
    /// It was UTF-8 already.
    Given(&'a Bytes),
    /// It was in another encoding; what Jackson says of such text differs here and there.
    Made(Bytes),
}

impl Deref for Utf8<'_> {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        match self {
            Utf8::Given(bytes) => bytes,
            Utf8::Made(bytes) => bytes,
        }
    }
}

/// The same text as UTF-8; the bytes themselves when they are UTF-8 already.
pub(super) fn to_utf8(bytes: &Bytes) -> Result<Utf8<'_>> {
    match **bytes {
        // Neither a zero nor a byte order mark: UTF-8, as nearly always.
        [] | [_] | [1..=0xFD, 1..=0xFF, ..] => Ok(Utf8::Given(bytes)),
        _ => guess(bytes),
    }
}

#[cold]
fn guess(bytes: &Bytes) -> Result<Utf8<'_>> {
    match bytes.first_chunk::<4>() {
        Some([0, 0, 0xFE, 0xFF]) => return wide(bytes, 4, Order::Big),
        Some([0xFF, 0xFE, 0, 0]) => return wide(bytes, 4, Order::Little),
        Some([0, 0, 0xFF, 0xFE]) => return Err(unsupported("2143")),
        Some([0xFE, 0xFF, 0, 0]) => return Err(unsupported("3412")),
        Some([0xFE, 0xFF, ..]) => return Ok(sixteen(&bytes[2..], Order::Big)),
        Some([0xFF, 0xFE, ..]) => return Ok(sixteen(&bytes[2..], Order::Little)),
        Some([0, 0, 0, _]) => return wide(bytes, 0, Order::Big),
        Some([_, 0, 0, 0]) => return wide(bytes, 0, Order::Little),
        Some([0, _, 0, 0]) => return Err(unsupported("3412")),
        Some([0, 0, _, 0]) => return Err(unsupported("2143")),
        _ => {}
    }
    // Parity: less than four bytes can have no mark.
    Ok(match bytes.first_chunk::<2>() {
        Some([0, _]) => sixteen(bytes, Order::Big),
        Some([_, 0]) => sixteen(bytes, Order::Little),
        _ => Utf8::Given(bytes),
    })
}

fn sixteen(bytes: &[u8], order: Order) -> Utf8<'_> {
    Utf8::Made(Bytes::from(sixteen_bit_text(bytes, order)))
}

fn wide(bytes: &[u8], start: usize, order: Order) -> Result<Utf8<'_>> {
    let mut text = String::with_capacity(bytes.len() / 4);
    let mut units = 0;
    let (chunks, rest) = bytes[start..].as_chunks::<4>();
    for (index, chunk) in chunks.iter().enumerate() {
        let code = match order {
            Order::Big => u32::from_be_bytes(*chunk),
            Order::Little => u32::from_le_bytes(*chunk),
        };
        if code > LAST_CHARACTER {
            return Err(invalid(code, units, start + index * 4 + 3));
        }
        // Half of a surrogate pair is no character here.
        let character = char::from_u32(code).unwrap_or('?');
        units += character.len_utf16();
        text.push(character);
    }
    if !rest.is_empty() {
        let got = rest.len();
        return Err(SyntaxError::encoding(format!(
            "Unexpected EOF in the middle of a 4-byte UTF-32 char: got {got}, needed 4, at char #{units}, byte #{got})"
        )));
    }
    Ok(Utf8::Made(Bytes::from(text)))
}

fn unsupported(order: &str) -> Box<SyntaxError> {
    SyntaxError::encoding(format!("Unsupported UCS-4 endianness ({order}) detected"))
}

fn invalid(code: u32, units: usize, byte: usize) -> Box<SyntaxError> {
    // Parity: Jackson has already taken away what the first surrogate adds, and prints a signed number's digits.
    let shown = code.wrapping_sub(0x10000);
    SyntaxError::encoding(format!(
        "Invalid UTF-32 character 0x{shown:x} (above 0x{LAST_CHARACTER:08x}) at char #{units}, byte #{byte})"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_encodings_are_recognised() {
        for bytes in [&b"\0[\0]"[..], b"[\0]\0", b"\xFE\xFF\0[\0]", b"\0\0\0[\0\0\0]", b"[\0\0\0]\0\0\0", b"[]"] {
            assert_eq!(&to_utf8(&Bytes::copy_from_slice(bytes)).unwrap()[..], b"[]", "{bytes:?}");
        }
    }

    #[test]
    fn a_mark_needs_something_behind_it() {
        for bytes in [&b"\xFF\xFE"[..], b"\xFE\xFF", b"\xFF\xFEx"] {
            assert!(matches!(to_utf8(&Bytes::copy_from_slice(bytes)), Ok(Utf8::Given(_))), "{bytes:?}");
        }
    }
}
