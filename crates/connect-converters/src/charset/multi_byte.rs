//! Character sets of several bytes per character, from Java's own tables.
//!
//! `multi_byte.tsv` and `multi_byte.zst` are written by `cargo xtask goldens`: the first has a line for each set (name,
//! aliases, family, table, what is written for a character that the set does not have) and one for each table (name,
//! first unit, units), the second the units of all tables: all high bytes, then all low ones. A table is unpacked when
//! the first converter asks for it and shared by those that follow.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use connect_api::{Error, Kind, Result};

use super::tree::{Step, Tree};
use super::{detected, ebcdic, iscii, iso_2022, japanese};

const LIST: &str = include_str!("multi_byte.tsv");
const TABLES: &[u8] = include_bytes!("multi_byte.zst");

/// The tables in use.
static UNPACKED: Mutex<BTreeMap<&str, Weak<Tree>>> = Mutex::new(BTreeMap::new());

/// What tells one way of reading from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// Bytes lead to a character, whatever stands before them.
    Plain,
    /// Two bytes per character between SO and SI.
    Ebcdic,
    /// ISO-2022-JP and the like.
    Japanese(japanese::Variant),
    /// Japanese in whichever set fits; only read.
    Detected,
    /// ISCII91.
    Indian,
    /// ISO-2022-KR.
    Korean,
    /// ISO-2022-CN; what is written, if anything is.
    Chinese(Option<iso_2022::Written>),
}

impl Family {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "plain" => Self::Plain,
            "ebcdic" => Self::Ebcdic,
            "detected" => Self::Detected,
            "indian" => Self::Indian,
            "korean" => Self::Korean,
            "chinese" => Self::Chinese(None),
            "chinese_gb" => Self::Chinese(Some(iso_2022::Written::Gb)),
            "chinese_cns" => Self::Chinese(Some(iso_2022::Written::Cns)),
            name => Self::Japanese(japanese::Variant::named(name)?),
        })
    }
}

/// One character set.
pub(crate) struct MultiByte {
    name: &'static str,
    family: Family,
    /// What is written for a character that the set does not have.
    replacement: Vec<u8>,
    /// One table; for mail in Chinese those of GB 2312 and CNS 11643; for what is detected those of the sets it may be.
    trees: Vec<Arc<Tree>>,
}

impl MultiByte {
    /// The set that Java knows by `name`, whatever its case.
    pub(super) fn named(name: &str) -> Option<Arc<Self>> {
        let mut lines = LIST.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let set = lines.find(|columns| {
            let [own, aliases, _, _, _] = columns.as_slice() else { return false };
            own.eq_ignore_ascii_case(name) || aliases.split(',').any(|alias| alias.eq_ignore_ascii_case(name))
        })?;
        let [name, _, family, trees, replacement] = set.as_slice() else { return None };
        Some(Arc::new(Self {
            name,
            family: Family::named(family)?,
            replacement: number_bytes(u32::from_str_radix(replacement, 16).ok()?).collect(),
            trees: trees.split(',').map(tree).collect::<Option<_>>()?,
        }))
    }

    /// The text of `bytes`; what is malformed or unknown becomes U+FFFD, one for as many bytes as in Java.
    pub(super) fn decode(&self, bytes: &[u8]) -> String {
        match self.family {
            Family::Plain => decode(&self.trees[0], bytes),
            Family::Ebcdic => ebcdic::decode(&self.trees[0], bytes),
            Family::Japanese(variant) => japanese::decode(&self.trees[0], variant, bytes),
            Family::Detected => detected::decode(&self.trees[0], &self.trees[1], &self.trees[2], bytes),
            Family::Indian => iscii::decode(&self.trees[0], bytes),
            Family::Korean => iso_2022::decode_korean(&self.trees[0], bytes),
            Family::Chinese(_) => iso_2022::decode_chinese(&self.trees[0], &self.trees[1], bytes),
        }
    }

    /// Appends `text`; a character the set does not have becomes the set's own replacement.
    ///
    /// # Errors
    /// `UnsupportedOperationException` for a set that is only read.
    pub(super) fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<()> {
        let tree = &self.trees[0];
        match self.family {
            Family::Plain | Family::Indian => encode(tree, &self.replacement, text, out),
            Family::Ebcdic => ebcdic::encode(tree, &self.replacement, text, out),
            Family::Japanese(variant) => japanese::encode(tree, variant, text, out),
            Family::Korean => iso_2022::encode(tree, iso_2022::Written::Ks, text, out),
            Family::Chinese(Some(iso_2022::Written::Cns)) => {
                iso_2022::encode(&self.trees[1], iso_2022::Written::Cns, text, out);
            }
            Family::Chinese(Some(written)) => iso_2022::encode(tree, written, text, out),
            Family::Chinese(None) | Family::Detected => {
                let message = format!("Text cannot be written in {}, only read", self.name);
                return Err(Error::new(Kind::Unsupported, message));
            }
        }
        Ok(())
    }
}

impl PartialEq for MultiByte {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for MultiByte {}

impl fmt::Debug for MultiByte {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

/// The table of that name, unpacked unless it is in use already.
fn tree(name: &str) -> Option<Arc<Tree>> {
    let mut unpacked = UNPACKED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(tree) = unpacked.get(name).and_then(Weak::upgrade) {
        return Some(tree);
    }
    let mut total = 0;
    let mut found = None;
    for line in LIST.lines() {
        if let [table, first, units] = line.split('\t').collect::<Vec<_>>().as_slice() {
            let (first, units): (usize, usize) = (first.parse().ok()?, units.parse().ok()?);
            total = first + units;
            if *table == name {
                found = Some((*table, first..total));
            }
        }
    }
    let (table, range) = found?;
    let bytes = zstd::bulk::decompress(TABLES, total * 2).ok()?;
    let (high, low) = bytes.split_at_checked(total)?;
    let units = high[range.clone()].iter().zip(low.get(range)?).map(|(high, low)| u16::from_be_bytes([*high, *low]));
    let tree = Arc::new(Tree::parse(units));
    unpacked.insert(table, Arc::downgrade(&tree));
    Some(tree)
}

/// The bytes of a number, from the first that is not zero, at least one.
pub(super) fn number_bytes(number: u32) -> impl Iterator<Item = u8> {
    number.to_be_bytes().into_iter().skip((number.leading_zeros() as usize / 8).min(3))
}

/// The text of a set whose bytes do not depend on what stands before them.
pub(super) fn decode(tree: &Tree, mut bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    while !bytes.is_empty() {
        let (step, read) = tree.read(0, bytes);
        let taken = match step {
            Step::Character(character) => {
                text.push(character);
                read
            }
            Step::Two(at) => {
                let (first, second) = tree.pair(at);
                text.extend([first, second]);
                read
            }
            Step::Counted => counted(tree, bytes, &mut text),
            Step::Flaw(length) => {
                text.push(char::REPLACEMENT_CHARACTER);
                usize::from(length).max(1)
            }
            Step::Node(_) | Step::Cut => {
                text.push(char::REPLACEMENT_CHARACTER);
                break;
            }
        };
        bytes = bytes.get(taken..).unwrap_or_default();
    }
    text
}

/// Reads four bytes of GB18030; returns how many are done with.
fn counted(tree: &Tree, bytes: &[u8], text: &mut String) -> usize {
    let [first, second, third, fourth, ..] = *bytes else {
        text.push(char::REPLACEMENT_CHARACTER);
        return bytes.len();
    };
    let digit = |byte: u8, from: u8| u32::from(byte.wrapping_sub(from));
    let number =
        ((digit(first, 0x81) * 10 + digit(second, 0x30)) * 126 + digit(third, 0x81)) * 10 + digit(fourth, 0x30);
    let (character, taken) = match (third, fourth) {
        (0x81..=0xFE, 0x30..=0x39) => (tree.counted(number), 4),
        (0x81..=0xFE, _) => (None, 4),
        _ => (None, 3),
    };
    text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
    taken
}

fn encode(tree: &Tree, replacement: &[u8], text: &str, out: &mut Vec<u8>) {
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let pair = characters.peek().and_then(|next| tree.bytes_of_pair(character, *next));
        if let Some(number) = pair {
            characters.next();
            out.extend(number_bytes(number));
        } else if let Some(number) = tree.bytes_of(character) {
            out.extend(number_bytes(number));
        } else if let Some(number) = tree.number_of(character) {
            let digits =
                [number / 12600 + 0x81, number / 1260 % 10 + 0x30, number / 10 % 126 + 0x81, number % 10 + 0x30];
            out.extend(digits.map(|digit| digit as u8));
        } else {
            out.extend_from_slice(replacement);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        MultiByte::named(name).unwrap().encode(text, &mut out).unwrap();
        out
    }

    #[test]
    fn a_table_is_unpacked_once_and_dropped_with_its_last_user() {
        let first = MultiByte::named("x-Johab").unwrap();
        let second = MultiByte::named("JOHAB").unwrap();
        assert!(Arc::ptr_eq(&first.trees[0], &second.trees[0]));
        let table = Arc::downgrade(&first.trees[0]);
        drop((first, second));
        assert!(table.upgrade().is_none());
    }

    #[test]
    fn characters_of_every_length_are_written() {
        assert_eq!(written("SJIS", "aｱ表é"), b"a\xB1\x95\x5C?");
        assert_eq!(written("EUC-JP", "丂"), b"\x8F\xB0\xA1");
        assert_eq!(written("EUC-TW", "𠀋"), b"\x8E\xA3\xA1\xC4".as_slice());
        assert_eq!(written("GB18030", "中€😀\u{FFFD}"), b"\xD6\xD0\xA2\xE3\x94\x39\xFC\x36\x84\x31\xA4\x37");
        assert_eq!(written("x-SJIS_0213", "かか\u{309A}"), b"\x82\xA9\x82\xF5");
        assert_eq!(written("Cp930", "a表é?"), b"\x62\x0E\x46\xC0\x6F\x0F\x6F".as_slice());
        assert_eq!(written("JIS", "a表ｱé"), b"a\x1B$BI=\x1B(I1\x1B$B!)\x1B(B");
        assert_eq!(written("ISO-2022-KR", "a한\n한"), b"a\x1B$)C\x0EGQ\x0F\n\x1B$)C\x0EGQ");
    }

    #[test]
    fn one_replacement_stands_for_as_many_bytes_as_in_java() {
        for (name, bytes, text) in [
            ("Shift_JIS", &b"\x81 \x81"[..], "\u{FFFD} \u{FFFD}"),
            ("Big5", b"\xA1\xFFa\xA1", "\u{FFFD}a\u{FFFD}"),
            ("EUC-JP", b"\xA1a\x8F\xA1", "\u{FFFD}\u{FFFD}"),
            ("GB18030", b"\x81\x30aa\x81\x30\x81", "\u{FFFD}a\u{FFFD}"),
        ] {
            assert_eq!(MultiByte::named(name).unwrap().decode(bytes), text, "{name}");
        }
    }
}
