//! ISO-2022-KR and ISO-2022-CN: seven bits, two bytes per character between SO and SI, and sequences that begin with
//! ESC say of which set.

use super::multi_byte::number_bytes;
use super::tree::{Step, Tree};

const ESC: u8 = 0x1B;
const SO: u8 = 0x0E;
const SI: u8 = 0x0F;
/// The high bit that the tables have and the mail has not.
const HIGH: u8 = 0x80;

/// The set that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// KS X 1001.
    Ks,
    /// GB 2312.
    Gb,
    /// CNS 11643, its planes 1 to 3.
    Cns,
}

impl Written {
    /// What says that SO leads to this set.
    fn designation(self) -> &'static [u8] {
        match self {
            Written::Ks => b"\x1B$)C",
            Written::Gb => b"\x1B$)A",
            Written::Cns => b"\x1B$)G",
        }
    }
}

/// The character that `bytes` have in a table, if it is one of the first 65,536.
fn look_up(tree: &Tree, bytes: &[u8]) -> char {
    match tree.read(0, bytes) {
        (Step::Character(character), length) if length == bytes.len() && u32::from(character) < 0x10000 => character,
        _ => char::REPLACEMENT_CHARACTER,
    }
}

/// The text of ISO-2022-KR.
pub(super) fn decode_korean(tree: &Tree, mut bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut wide = false;
    while !bytes.is_empty() {
        let taken = match *bytes {
            [first @ (SO | SI), ..] => {
                wide = first == SO;
                1
            }
            [ESC, b'$', b')', b'C', ..] => 4,
            [ESC, second, _, _, ..] => {
                text.push(char::REPLACEMENT_CHARACTER);
                if matches!(second, b'N' | b'O') { 4 } else { 2 }
            }
            [first, second, ..] if wide && first != ESC => {
                text.push(look_up(tree, &[first | HIGH, second | HIGH]));
                2
            }
            // Parity: a byte with its high bit is the character of that number.
            [first, ..] if !wide && first != ESC => {
                text.push(char::from(first));
                1
            }
            _ => {
                text.push(char::REPLACEMENT_CHARACTER);
                bytes.len()
            }
        };
        bytes = &bytes[taken..];
    }
    text
}

/// The text of ISO-2022-CN, from the tables of GB 2312 and of CNS 11643.
pub(super) fn decode_chinese(gb: &Tree, cns: &Tree, mut bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let (mut wide, mut set) = (false, gb);
    while !bytes.is_empty() {
        let (character, taken) = match *bytes {
            [first @ (SO | SI), ..] => {
                wide = first == SO;
                (None, 1)
            }
            [ESC, ..] => {
                // Parity: every ESC, even one before something wrong, goes back to GB 2312.
                set = if bytes.starts_with(b"\x1B$)G") { cns } else { gb };
                chinese_escape(cns, bytes)
            }
            // Parity: a byte with its high bit is the character of that number.
            [first, ..] if !wide => (Some(char::from(first)), 1),
            [first, second, ..] => (Some(look_up(set, &[first | HIGH, second | HIGH])), 2),
            _ => (Some(char::REPLACEMENT_CHARACTER), bytes.len()),
        };
        text.extend(character);
        bytes = &bytes[taken..];
    }
    text
}

/// A character, if the sequence stands for one or is wrong, and the length of the sequence.
fn chinese_escape(cns: &Tree, bytes: &[u8]) -> (Option<char>, usize) {
    let wrong = |length: usize| (Some(char::REPLACEMENT_CHARACTER), length);
    match *bytes {
        [_, b'$', b'A', ..] => (None, 3),
        [_, b'$', b')', b'A' | b'G', ..] | [_, b'$', b'*', b'H', ..] | [_, b'$', b'+', b'I', ..] => (None, 4),
        [_, b'$', b')' | b'*' | b'+', _, ..] => wrong(4),
        [_, b'$', _, ..] => wrong(3),
        [_, plane @ (b'N' | b'O'), first, second, ..] => {
            let plane = if plane == b'N' { 0xA2 } else { 0xA3 };
            (Some(look_up(cns, &[0x8E, plane, first | HIGH, second | HIGH])), 4)
        }
        [_, b'N' | b'O', ..] => wrong(bytes.len()),
        _ => wrong(bytes.len().min(2)),
    }
}

/// What has been said so far.
struct Said {
    wide: bool,
    first: bool,
    second: bool,
    third: bool,
}

/// Appends `text`. What a set is called is said again after each line.
pub(super) fn encode(tree: &Tree, written: Written, text: &str, out: &mut Vec<u8>) {
    let mut said = Said { wide: false, first: false, second: false, third: false };
    let say = |said: &mut bool, out: &mut Vec<u8>, designation: &[u8]| {
        if !std::mem::replace(said, true) {
            out.extend_from_slice(designation);
        }
    };
    for character in text.chars() {
        if character.is_ascii() {
            if std::mem::take(&mut said.wide) {
                out.push(SI);
            }
            out.push(character as u8);
            if character == '\n' {
                (said.first, said.second, said.third) = (false, false, false);
            }
            continue;
        }
        let number = tree.bytes_of(character).filter(|_| u32::from(character) < 0x10000).unwrap_or_default();
        let low = number_bytes(number & 0x7F7F);
        match number >> 16 {
            0 if number > 0xFF => {
                say(&mut said.first, out, written.designation());
                say(&mut said.wide, out, &[SO]);
                out.extend(low);
            }
            0x8EA2 => {
                say(&mut said.second, out, b"\x1B$*H");
                out.extend_from_slice(b"\x1BN");
                out.extend(low);
            }
            0x8EA3 => {
                say(&mut said.third, out, b"\x1B$+I");
                out.extend_from_slice(b"\x1BO");
                out.extend(low);
            }
            // Parity: one byte, even between SO and SI, and no SI at the end of the text.
            _ => out.push(b'?'),
        }
    }
}
