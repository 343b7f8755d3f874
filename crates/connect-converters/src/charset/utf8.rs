//! Broken UTF-8 as Java reads it, and CESU-8.

use std::borrow::Cow;

/// `new String(bytes, UTF_8)`: what is malformed becomes U+FFFD, one for each byte or, unlike in Rust, one for an
/// encoded surrogate.
pub(crate) fn utf8_lossy(bytes: &[u8]) -> Cow<'_, str> {
    let mut rest = match std::str::from_utf8(bytes) {
        Ok(text) => return Cow::Borrowed(text),
        Err(_) => bytes,
    };
    let mut out = String::with_capacity(bytes.len());
    while let Some(chunk) = rest.utf8_chunks().next() {
        out.push_str(chunk.valid());
        rest = &rest[chunk.valid().len()..];
        if rest.is_empty() {
            break;
        }
        out.push(char::REPLACEMENT_CHARACTER);
        let skipped = match *rest {
            [0xED, 0xA0..=0xBF, 0x80..=0xBF, ..] => 3,
            [0xED, 0xA0..=0xBF, ..] => 2,
            _ => chunk.invalid().len().max(1),
        };
        rest = &rest[skipped..];
    }
    Cow::Owned(out)
}

/// Reads CESU-8: UTF-8 whose characters beyond the first 65,536 are two encoded surrogates, and only that. Half of a
/// pair becomes `?`, what is malformed U+FFFD for each byte.
pub(super) fn decode_cesu(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        if let [0xED, 0xA0..=0xAF, 0x80..=0xBF, 0xED, 0xB0..=0xBF, 0x80..=0xBF, ..] = *rest {
            let unit = |at: usize| (u32::from(rest[at] & 0x0F) << 6) | u32::from(rest[at + 1] & 0x3F);
            let code = 0x10000 + (unit(1) << 10) + unit(4);
            out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            rest = &rest[6..];
            continue;
        }
        if let [0xED, 0xA0..=0xBF, 0x80..=0xBF, ..] = *rest {
            out.push('?');
            rest = &rest[3..];
            continue;
        }
        let length = match first {
            0xF0.. => 0,
            0xE0..=0xEF => 3,
            0xC0..=0xDF => 2,
            _ => 1,
        };
        match rest.get(..length).filter(|part| !part.is_empty()).map(std::str::from_utf8) {
            Some(Ok(character)) => {
                out.push_str(character);
                rest = &rest[length..];
            }
            _ => {
                out.push(char::REPLACEMENT_CHARACTER);
                // A part of a character that only lacks its end counts once.
                let valid = rest.utf8_chunks().next().map_or(1, |chunk| chunk.invalid().len());
                rest = &rest[if *first >= 0xF0 { 1 } else { valid.max(1) }..];
            }
        }
    }
    out
}

/// Appends `text` as CESU-8.
pub(super) fn encode_cesu(text: &str, out: &mut Vec<u8>) {
    for character in text.chars() {
        if character.len_utf8() < 4 {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            out.extend([0xED, 0x80 | (*unit >> 6 & 0x3F) as u8, 0x80 | (*unit & 0x3F) as u8]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_text_is_replaced_as_in_java() {
        for (bytes, text) in [
            (&b"\xED\xA0\x80x"[..], "\u{FFFD}x"),
            (b"\xED\xA0x", "\u{FFFD}x"),
            (b"\xC0\x80", "\u{FFFD}\u{FFFD}"),
            (b"a\xE6\x97", "a\u{FFFD}"),
            (b"\xF5\x80\x80\x80", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
        ] {
            assert_eq!(utf8_lossy(bytes), text, "{bytes:?}");
        }
    }

    #[test]
    fn surrogates_are_characters_of_their_own_in_cesu() {
        let mut out = Vec::new();
        encode_cesu("é😀", &mut out);
        assert_eq!(out, b"\xC3\xA9\xED\xA0\xBD\xED\xB8\x80");
        assert_eq!(decode_cesu(&out), "é😀");
        assert_eq!(decode_cesu(b"\xED\xA0\xBDx\xF0\x9F\x98\x80"), "?x\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}");
    }
}
