//! Text that Windows editors and shells write: JSON in UTF-16 or UTF-32, which Jackson reads like UTF-8.

use std::borrow::Cow;

/// The bytes of JSON in UTF-8 without a byte order mark, whatever Unicode encoding they came in: Jackson tells it from a
/// mark, or from the zeros among the first four bytes. What is no such text stays as it is.
pub fn json_as_utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => Cow::Borrowed(rest),
        [0, 0, 0xFE, 0xFF, rest @ ..] => wide(bytes, rest, u32::from_be_bytes),
        [0xFF, 0xFE, 0, 0, rest @ ..] => wide(bytes, rest, u32::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => sixteen(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => sixteen(rest, u16::from_le_bytes),
        [0, 0, 0, _, ..] => wide(bytes, bytes, u32::from_be_bytes),
        [_, 0, 0, 0, ..] => wide(bytes, bytes, u32::from_le_bytes),
        [0, _, ..] => sixteen(bytes, u16::from_be_bytes),
        [_, 0, ..] => sixteen(bytes, u16::from_le_bytes),
        _ => Cow::Borrowed(bytes),
    }
}

fn sixteen(text: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'_, [u8]> {
    let units = text.as_chunks().0.iter().map(|pair| unit(*pair));
    let text: String = char::decode_utf16(units).map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Cow::Owned(text.into_bytes())
}

fn wide<'a>(bytes: &'a [u8], text: &[u8], unit: fn([u8; 4]) -> u32) -> Cow<'a, [u8]> {
    let characters = text.as_chunks().0.iter().map(|four| char::from_u32(unit(*four)));
    match characters.collect::<Option<String>>() {
        Some(text) => Cow::Owned(text.into_bytes()),
        None => Cow::Borrowed(bytes),
    }
}

/// Why the first key of a `.properties` file has no effect, where that is so: Java reads such a file as ISO-8859-1, and
/// takes the byte order mark that editors write for a part of the key.
pub fn properties_mark(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => Some("a byte order mark, which becomes a part of the first key"),
        [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] => Some("the byte order mark of UTF-16, in which no key is understood"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unicode_encoding_is_read() {
        let text = "{\"a\":\"\u{e9}\u{20ac}\u{1f600}\"}";
        for mark in ["", "\u{feff}"] {
            let marked = format!("{mark}{text}");
            let sixteen: Vec<u16> = marked.encode_utf16().collect();
            let wide: Vec<u32> = marked.chars().map(u32::from).collect();
            for bytes in [
                marked.clone().into_bytes(),
                sixteen.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
                sixteen.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
                wide.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
                wide.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
            ] {
                assert_eq!(String::from_utf8_lossy(&json_as_utf8(&bytes)), text, "{bytes:x?}");
            }
        }
        for other in [&b""[..], b"{", b"\xFF", b"\xFF\xFF\xFF\xFF", b"\0\0\0\xFF\xFF\xFF\xFF\xFF"] {
            assert_eq!(&*json_as_utf8(other), other);
        }
    }

    #[test]
    fn marks_of_properties_files_are_found() {
        assert!(properties_mark("\u{feff}a=b".as_bytes()).unwrap().starts_with("a byte order mark, which"));
        assert!(properties_mark(b"\xFF\xFEa\0").unwrap().contains("UTF-16"));
        assert_eq!(properties_mark(b"\xEF\xBB"), None);
        assert_eq!(properties_mark("\u{ef}=b".as_bytes()), None);
    }
}
