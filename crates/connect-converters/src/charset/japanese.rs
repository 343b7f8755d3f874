//! ISO-2022-JP and its relatives: seven bits, and sequences that begin with ESC lead from one set to the next.

use super::tree::{Step, Tree};

const ESC: u8 = 0x1B;
const SO: u8 = 0x0E;
const SI: u8 = 0x0F;
/// The table's mark of what JIS X 0212 alone has.
const SECOND: u32 = 0x80_0000;

/// What a relative has beyond JIS X 0208.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Variant {
    /// JIS X 0212.
    second: bool,
    /// Narrow kana are written as such, not as wide ones.
    kana: bool,
}

impl Variant {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "japanese" => Self { second: false, kana: true },
            "japanese_two" => Self { second: true, kana: true },
            "japanese_wide" => Self { second: true, kana: false },
            _ => return None,
        })
    }
}

/// The set in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Ascii,
    Roman,
    Kana,
    /// JIS X 0208.
    Standard,
    /// JIS X 0212.
    Second,
    /// Kana behind SO.
    Shifted,
}

impl Mode {
    fn escape(self) -> &'static [u8] {
        match self {
            Mode::Ascii => b"\x1B(B",
            Mode::Roman => b"\x1B(J",
            Mode::Kana | Mode::Shifted => b"\x1B(I",
            Mode::Standard => b"\x1B$B",
            Mode::Second => b"\x1B$(D",
        }
    }
}

/// What was read.
#[derive(Default)]
struct Read {
    text: String,
    /// Something before the end was wrong.
    flawed: bool,
}

impl Read {
    /// One U+FFFD for so many bytes, or for the rest of a sequence that is cut off.
    fn flaw(&mut self, length: Option<usize>, rest: usize) -> usize {
        self.text.push(char::REPLACEMENT_CHARACTER);
        self.flawed |= length.is_some();
        length.unwrap_or(rest)
    }
}

/// The text of `bytes`.
pub(super) fn decode(tree: &Tree, variant: Variant, bytes: &[u8]) -> String {
    read(tree, variant, bytes).text
}

/// The text of ISO-2022-JP, unless something in it is wrong.
pub(super) fn decode_whole(tree: &Tree, bytes: &[u8]) -> Option<String> {
    let read = read(tree, Variant { second: false, kana: true }, bytes);
    (!read.flawed).then_some(read.text)
}

fn read(tree: &Tree, variant: Variant, mut bytes: &[u8]) -> Read {
    let mut read = Read { text: String::with_capacity(bytes.len()), flawed: false };
    let (mut mode, mut former) = (Mode::Ascii, Mode::Ascii);
    while let Some(first) = bytes.first() {
        let taken = match *first {
            ESC => match escape(variant, bytes) {
                Ok((next, length)) => {
                    mode = next;
                    length
                }
                Err(length) => read.flaw(length, bytes.len()),
            },
            SO => {
                (former, mode) = (mode, Mode::Shifted);
                1
            }
            SI => {
                mode = former;
                1
            }
            _ => match character(tree, mode, bytes) {
                Ok((character, length)) => {
                    read.text.push(character);
                    length
                }
                Err(length) => read.flaw(length, bytes.len()),
            },
        };
        bytes = bytes.get(taken..).unwrap_or_default();
    }
    read
}

/// The set that the sequence leads to and its length; the length of what is wrong, none if it is cut off.
fn escape(variant: Variant, bytes: &[u8]) -> Result<(Mode, usize), Option<usize>> {
    match bytes.get(1..) {
        Some([] | [_]) | None => Err(None),
        Some([b'(', b'B', ..]) => Ok((Mode::Ascii, 3)),
        Some([b'(', b'J', ..]) => Ok((Mode::Roman, 3)),
        Some([b'(', b'I', ..]) => Ok((Mode::Kana, 3)),
        Some([b'$', b'@' | b'B', ..]) => Ok((Mode::Standard, 3)),
        Some([b'$', b'(']) if variant.second => Err(None),
        Some([b'$', b'(', b'D', ..]) if variant.second => Ok((Mode::Second, 4)),
        Some([b'$', b'(', _, ..]) if variant.second => Err(Some(4)),
        Some([b'(' | b'$', ..]) => Err(Some(3)),
        Some(_) => Err(Some(2)),
    }
}

/// A character and its length; the length of what is wrong, none if it is cut off.
fn character(tree: &Tree, mode: Mode, bytes: &[u8]) -> Result<(char, usize), Option<usize>> {
    let first = bytes[0];
    let of = |number: usize| match tree.read(number, bytes) {
        (Step::Character(character), length) => Ok((character, length)),
        (Step::Cut, _) => Err(None),
        _ => Err(Some(2)),
    };
    match mode {
        _ if !first.is_ascii() => Err(Some(1)),
        Mode::Ascii => Ok((char::from(first), 1)),
        Mode::Roman if first == b'\\' => Ok(('¥', 1)),
        Mode::Roman if first == b'~' => Ok(('‾', 1)),
        Mode::Roman => Ok((char::from(first), 1)),
        Mode::Standard => of(0),
        Mode::Second => of(1),
        Mode::Kana | Mode::Shifted => match char::from_u32(0xFF40 + u32::from(first)) {
            Some(character) if first <= 0x5F => Ok((character, 1)),
            _ => Err(Some(1)),
        },
    }
}

/// Appends `text`. A character that no set has becomes 〓 (21 29), and the last set is ASCII.
pub(super) fn encode(tree: &Tree, variant: Variant, text: &str, out: &mut Vec<u8>) {
    let mut mode = Mode::Ascii;
    let mut write = |next: Mode, bytes: &[u8]| {
        if mode != next {
            mode = next;
            out.extend_from_slice(next.escape());
        }
        out.extend_from_slice(bytes);
    };
    for character in text.chars() {
        match (character, tree.bytes_of(character)) {
            (..='\x7F', _) => write(Mode::Ascii, &[character as u8]),
            ('｡'..='ﾟ', _) if variant.kana => write(Mode::Kana, &[(u32::from(character) - 0xFF40) as u8]),
            ('¥', _) => write(Mode::Roman, b"\\"),
            ('‾', _) => write(Mode::Roman, b"~"),
            (_, Some(number)) if number < SECOND => write(Mode::Standard, &(number as u16).to_be_bytes()),
            (_, Some(number)) if variant.second => write(Mode::Second, &(number as u16).to_be_bytes()),
            _ => write(Mode::Standard, b"\x21\x29"),
        }
    }
    if !text.is_empty() {
        write(Mode::Ascii, b"");
    }
}
