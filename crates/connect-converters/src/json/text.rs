//! Writes JSON scalars as Jackson writes them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::java_text;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// What a byte of a string needs: 0 nothing, `u` a hexadecimal escape, `U` a surrogate pair, else a short escape.
const ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 32 {
        table[byte] = b'u';
        byte += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0A] = b'n';
    table[0x0C] = b'f';
    table[0x0D] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    let mut byte = 0xF0;
    while byte < 256 {
        table[byte] = b'U';
        byte += 1;
    }
    table
};

/// Appends a string with its quotes. Characters beyond U+FFFF become two escapes, as Jackson writes them.
pub(super) fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut written = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let escape = ESCAPES[usize::from(*byte)];
        if escape == 0 {
            continue;
        }
        out.extend_from_slice(&bytes[written..at]);
        written = at + 1;
        match escape {
            b'u' => unit(u16::from(*byte), out),
            b'U' => {
                let character = text[at..].chars().next().unwrap_or_default();
                for code in character.encode_utf16(&mut [0; 2]) {
                    unit(*code, out);
                }
                written = at + character.len_utf8();
            }
            short => out.extend_from_slice(&[b'\\', short]),
        }
    }
    out.extend_from_slice(&bytes[written..]);
    out.push(b'"');
}

fn unit(code: u16, out: &mut Vec<u8>) {
    let digit = |shift: u16| HEX[usize::from((code >> shift) & 15)];
    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}

/// Appends an integer.
pub(super) fn write_integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends a float64; what is no number becomes a string.
pub(super) fn write_double(value: f64, out: &mut Vec<u8>) {
    if value.is_finite() {
        java_text::write_double(value, out);
    } else {
        out.push(b'"');
        java_text::write_double(value, out);
        out.push(b'"');
    }
}

/// Appends a float32; what is no number becomes a string.
pub(super) fn write_float(value: f32, out: &mut Vec<u8>) {
    if value.is_finite() {
        java_text::write_float(value, out);
    } else {
        out.push(b'"');
        java_text::write_float(value, out);
        out.push(b'"');
    }
}

/// Appends bytes as a Base64 string.
pub(super) fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let written = STANDARD.encode_slice(bytes, &mut out[start..]).unwrap_or(0);
    out.truncate(start + written);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_jackson_does() {
        let mut out = Vec::new();
        write_string("a\"b\\c/\u{1f}\u{7f}\n\u{b}ä日😀!", &mut out);
        assert_eq!(out, "\"a\\\"b\\\\c/\\u001F\u{7f}\\n\\u000Bä日\\uD83D\\uDE00!\"".as_bytes());
    }

    #[test]
    fn bytes_are_padded_base64() {
        let mut out = Vec::new();
        write_bytes(&[1, 2, 3, 4], &mut out);
        assert_eq!(out, b"\"AQIDBA==\"");
    }
}
