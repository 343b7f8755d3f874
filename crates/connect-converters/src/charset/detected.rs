//! JISAutoDetect: Japanese text that is ISO-2022-JP, EUC-JP or Shift_JIS, whichever fits; it is never written.

use super::tree::{Step, Tree};
use super::{japanese, multi_byte};

const ESC: u8 = 0x1B;

/// The text of `bytes`, from the tables of Shift_JIS, EUC-JP and ISO-2022-JP.
pub(super) fn decode(shift: &Tree, extended: &Tree, mail: &Tree, bytes: &[u8]) -> String {
    let plain = bytes.iter().position(|byte| !byte.is_ascii() || *byte == ESC).unwrap_or(bytes.len());
    let (plain, rest) = bytes.split_at(plain);
    let mut text: String = plain.iter().map(|byte| char::from(*byte)).collect();
    if rest.is_empty() {
        return text;
    }
    if let Some(whole) = japanese::decode_whole(mail, rest) {
        return text + &whole;
    }
    let chosen = match (whole(extended, rest), whole(shift, rest)) {
        (None, _) => shift,
        (_, None) => extended,
        // Where both fit, the one that ends with a character.
        (Some((in_extended, _)), Some((in_shift, _))) if in_extended > in_shift => extended,
        (Some((in_extended, _)), Some((in_shift, _))) if in_extended < in_shift => shift,
        (Some((0, _)), _) => {
            text.push(char::REPLACEMENT_CHARACTER);
            return text;
        }
        (Some((_, text)), _) if looks_japanese(&text) => extended,
        _ => shift,
    };
    text + &multi_byte::decode(chosen, rest)
}

/// How many bytes are whole characters, and these, unless something before the end is wrong.
fn whole(tree: &Tree, bytes: &[u8]) -> Option<(usize, String)> {
    let mut text = String::new();
    let mut at = 0;
    while at < bytes.len() {
        match tree.read(0, &bytes[at..]) {
            (Step::Character(character), read) => {
                text.push(character);
                at += read;
            }
            (Step::Cut, _) => break,
            // A last byte could still begin a character.
            _ if at + 1 == bytes.len() => break,
            _ => return None,
        }
    }
    Some((at, text))
}

/// Two hiragana or two narrow katakana.
fn looks_japanese(text: &str) -> bool {
    let two = |range: std::ops::RangeInclusive<char>| text.chars().filter(|c| range.contains(c)).nth(1).is_some();
    two('\u{3040}'..='\u{309F}') || two('\u{FF65}'..='\u{FF9F}')
}

#[cfg(test)]
mod tests {
    use crate::charset::multi_byte::MultiByte;

    #[test]
    fn text_is_read_as_what_it_fits() {
        let set = MultiByte::named("JISAutoDetect").unwrap();
        for name in ["ISO-2022-JP", "EUC-JP", "Shift_JIS"] {
            let mut out = Vec::new();
            MultiByte::named(name).unwrap().encode("abc これは日本語です", &mut out).unwrap();
            assert_eq!(set.decode(&out), "abc これは日本語です", "{name}");
        }
        assert_eq!(set.decode(b"abc\xA4"), "abc\u{FF64}");
        assert!(set.encode("a", &mut Vec::new()).is_err());
    }
}
