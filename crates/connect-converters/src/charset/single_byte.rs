//! Character sets of one byte per character, from Java's own tables.

use std::sync::Arc;

/// Name, aliases, characters, exceptions: one line for each set, as the golden file `charsets.jsonl` has them.
const TABLES: &str = include_str!("single_byte.tsv");

/// One character set.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SingleByte {
    /// The character of each byte, U+FFFD for none.
    decode: [char; 256],
    /// The byte of each character, sorted.
    encode: Vec<(char, u8)>,
}

impl SingleByte {
    /// The set that Java knows by `name`, whatever its case.
    pub(super) fn named(name: &str) -> Option<Arc<Self>> {
        let lines = TABLES.lines().filter(|line| !line.starts_with('#'));
        let mut tables = lines.map(|line| line.split('\t').collect::<Vec<_>>());
        let table = tables.find(|columns| {
            let [own, aliases, ..] = columns.as_slice() else { return false };
            own.eq_ignore_ascii_case(name) || aliases.split(',').any(|alias| alias.eq_ignore_ascii_case(name))
        })?;
        let [_, _, characters, exceptions] = table.as_slice() else { return None };
        Some(Arc::new(Self::parse(characters, exceptions)))
    }

    fn parse(characters: &str, exceptions: &str) -> Self {
        let listed: Vec<char> = (0..characters.len() / 4).map(|index| character(&characters[index * 4..])).collect();
        let first = 256 - listed.len().min(256);
        let mut decode = [char::REPLACEMENT_CHARACTER; 256];
        for byte in 0..=u8::MAX {
            let at = usize::from(byte);
            decode[at] = if at < first { char::from(byte) } else { listed[at - first] };
        }
        let mut encode: Vec<(char, u8)> = Vec::with_capacity(256);
        for at in (0..exceptions.len()).step_by(6) {
            let byte = u8::from_str_radix(&exceptions[at + 4..at + 6], 16).unwrap_or(b'?');
            encode.push((character(&exceptions[at..]), byte));
        }
        // The first byte of a character is its byte, unless an exception stands in front of it.
        encode.extend((0..=u8::MAX).map(|byte| (decode[usize::from(byte)], byte)));
        encode.retain(|(character, _)| *character != char::REPLACEMENT_CHARACTER);
        encode.sort_by_key(|(character, _)| *character);
        encode.dedup_by_key(|(character, _)| *character);
        Self { decode, encode }
    }

    /// Appends `text`; a character the set does not have becomes the byte of `?` in ASCII.
    pub(super) fn encode(&self, text: &str, out: &mut Vec<u8>) {
        out.extend(text.chars().map(|character| {
            let found = self.encode.binary_search_by_key(&character, |(known, _)| *known);
            found.map_or(b'?', |at| self.encode[at].1)
        }));
    }

    /// The text of `bytes`; a byte the set does not have becomes U+FFFD.
    pub(super) fn decode(&self, bytes: &[u8]) -> String {
        bytes.iter().map(|byte| self.decode[usize::from(*byte)]).collect()
    }
}

/// The character whose four hexadecimal digits come first.
fn character(digits: &str) -> char {
    let code = digits.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_whole() {
        for line in TABLES.lines().filter(|line| !line.starts_with('#')) {
            let columns: Vec<_> = line.split('\t').collect();
            assert_eq!(columns.len(), 4, "{line}");
            assert!(matches!(columns[2].len(), 512 | 1024), "{line}");
            let set = SingleByte::named(columns[0]).unwrap();
            for character in set.decode.iter().filter(|c| **c != char::REPLACEMENT_CHARACTER) {
                let mut out = Vec::new();
                set.encode(&character.to_string(), &mut out);
                assert_eq!(set.decode(&out), character.to_string(), "{}", columns[0]);
            }
        }
    }

    #[test]
    fn windows_code_pages_have_their_holes() {
        let set = SingleByte::named("Cp1252").unwrap();
        assert_eq!(set.decode(b"\x80\x81\xE9"), "€\u{FFFD}é");
        let mut out = Vec::new();
        set.encode("€Жé", &mut out);
        assert_eq!(out, b"\x80?\xE9");
    }
}
