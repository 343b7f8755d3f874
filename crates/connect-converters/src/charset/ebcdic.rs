//! IBM's sets for mainframes: one byte per character, two between SO and SI.

use super::multi_byte::number_bytes;
use super::tree::{Step, Tree};

const SO: u8 = 0x0E;
const SI: u8 = 0x0F;

/// The text of `bytes`. An SO or SI that changes nothing is U+FFFD, and so is a pair or a byte without a character.
pub(super) fn decode(tree: &Tree, mut bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut wide = false;
    while let Some((first, rest)) = bytes.split_first() {
        let shift = matches!(*first, SO | SI);
        if shift && wide == (*first == SI) {
            wide = !wide;
            bytes = rest;
            continue;
        }
        let length = if wide && !shift { 2 } else { 1 };
        let character = match tree.read(usize::from(wide), bytes) {
            (Step::Character(character), _) if !shift => character,
            _ => char::REPLACEMENT_CHARACTER,
        };
        text.push(character);
        bytes = bytes.get(length..).unwrap_or_default();
    }
    text
}

/// Appends `text`.
pub(super) fn encode(tree: &Tree, replacement: &[u8], text: &str, out: &mut Vec<u8>) {
    let mut wide = false;
    for character in text.chars() {
        let Some(number) = tree.bytes_of(character) else {
            // Parity: the replacement is one byte, even where two make a character.
            out.extend_from_slice(replacement);
            continue;
        };
        if wide != (number > 0xFF) {
            wide = !wide;
            out.push(if wide { SO } else { SI });
        }
        out.extend(number_bytes(number));
    }
    if wide {
        out.push(SI);
    }
}
