//! ISCII91, the Indian set: one byte per character, except that a nukta changes what stands before it.

use super::tree::{Step, Tree};

const NUKTA: char = '\u{93C}';
const HALANT: char = '\u{94D}';
/// What Java has for a byte without a character.
const NOTHING: char = '\u{FFFF}';

/// The character that a nukta makes of another one.
fn joined(character: char) -> Option<char> {
    Some(match character {
        '\u{901}' => '\u{950}',
        '\u{907}' => '\u{90C}',
        '\u{908}' => '\u{961}',
        '\u{90B}' => '\u{960}',
        '\u{93F}' => '\u{962}',
        '\u{940}' => '\u{963}',
        '\u{943}' => '\u{944}',
        '\u{964}' => '\u{93D}',
        _ => return None,
    })
}

/// The text of `bytes`.
pub(super) fn decode(tree: &Tree, bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    let (mut former, mut held) = (NOTHING, false);
    for byte in bytes {
        if former == char::REPLACEMENT_CHARACTER {
            // The byte behind ATR or EXT says how text looks or in which script it is.
            text.push(char::REPLACEMENT_CHARACTER);
            (former, held) = (NOTHING, false);
            continue;
        }
        let current = match tree.read(0, &[*byte]) {
            (Step::Character(character), _) => character,
            _ => NOTHING,
        };
        if current == NUKTA
            && let Some(character) = joined(former)
        {
            text.push(character);
        } else if held {
            // Parity: once a character has been held back, each waits for the next one until a nukta joins two.
            text.push(former);
            former = current;
            continue;
        } else if joined(current).is_some() {
            (former, held) = (current, true);
            continue;
        } else if current == NOTHING {
            text.push(char::REPLACEMENT_CHARACTER);
            continue;
        } else {
            text.push(match current {
                NUKTA if former == HALANT => '\u{200D}',
                HALANT if former == HALANT => '\u{200C}',
                current => current,
            });
        }
        (former, held) = (current, false);
    }
    if held {
        text.push(former);
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::charset::multi_byte::MultiByte;

    #[test]
    fn a_nukta_changes_what_stands_before_it() {
        let set = MultiByte::named("ISCII91").unwrap();
        assert_eq!(set.decode(b"a\xA1\xE9\xB3\xE9"), "a\u{950}\u{915}\u{93C}");
        assert_eq!(set.decode(b"\xB3\xE8\xE8\xEF\x42"), "\u{915}\u{94D}\u{200C}\u{FFFD}\u{FFFD}");
        let mut out = Vec::new();
        set.encode("\u{950}a\u{958}é", &mut out).unwrap();
        assert_eq!(out, b"\xA1\xE9a\xB3\xE9?");
    }
}
