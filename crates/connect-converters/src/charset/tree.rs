//! The table of a character set of several bytes: a tree from bytes to characters, and the way back.

use std::collections::BTreeMap;

/// What the next byte leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Character(char),
    /// Two characters, by their place in the list of pairs.
    Two(u16),
    /// The number of the node for the byte behind it.
    Node(u16),
    /// No character: one U+FFFD stands for so many bytes.
    Flaw(u8),
    /// The first two of four bytes whose character is counted, not looked up.
    Counted,
    /// The bytes end in the middle of a character.
    Cut,
}

/// Marks of the table file; a plain unit is a character.
const FLAW: u16 = 0xFFF0;
const COUNTED: u16 = 0xFFF8;
const TWO: u16 = 0xFFFF;
const NODE: u16 = 0xDC00;
/// The bytes of a character that is not written.
const NOTHING: u32 = u32::MAX;

/// One table. Bytes are numbers, the first byte highest.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// The node with which each tree begins.
    roots: Vec<u16>,
    nodes: Vec<[Step; 256]>,
    pairs: Vec<(char, char)>,
    /// For 256 characters each the page of their bytes.
    pages: Vec<u16>,
    bytes: Vec<[u32; 256]>,
    pair_bytes: BTreeMap<(char, char), u32>,
    /// Runs of counted characters: the number of the first, the first; none for a hole. Sorted by number.
    runs: Vec<(u32, Option<char>)>,
}

impl Tree {
    /// Reads a table from the units of the file.
    pub(super) fn parse(units: impl IntoIterator<Item = u16>) -> Self {
        let mut units = units.into_iter();
        let mut tree = Self { pages: vec![0; 0x1100], bytes: vec![[NOTHING; 256]], ..Self::default() };
        // Each tree has a mark, which comes before the bytes of what it alone reads.
        let trees = next(&mut units);
        let trees: Vec<_> = (0..trees).map(|_| (next(&mut units), next(&mut units))).collect();
        for number in 0..next(&mut units) {
            let node = std::array::from_fn(|_| tree.step(number, &mut units));
            tree.nodes.push(node);
        }
        for (root, mark) in trees {
            tree.roots.push(root);
            tree.turn(usize::from(root), u32::from(mark));
        }
        for _ in 0..next(&mut units) {
            let (character, bytes) = (wide(&mut units), wide(&mut units));
            if let Some(character) = char::from_u32(character) {
                tree.set(character, bytes);
            }
        }
        let runs = next(&mut units);
        tree.runs = (0..runs).map(|_| (wide(&mut units), char::from_u32(wide(&mut units)))).collect();
        tree
    }

    fn step(&mut self, number: u16, units: &mut impl Iterator<Item = u16>) -> Step {
        match next(units) {
            TWO => {
                self.pairs.push((plain(next(units)), plain(next(units))));
                Step::Two((self.pairs.len() - 1) as u16)
            }
            COUNTED => Step::Counted,
            flaw @ FLAW..COUNTED => Step::Flaw((flaw - FLAW) as u8),
            high @ 0xD800..0xDC00 => {
                let low = next(units);
                let mut characters = char::decode_utf16([high, low]);
                Step::Character(characters.next().and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            // A node stands behind those it leads to, so that there is no circle.
            node @ NODE..0xE000 if node - NODE < number => Step::Node(node - NODE),
            unit => Step::Character(plain(unit)),
        }
    }

    /// Fills the way back: of several ways to write a character the last counts.
    fn turn(&mut self, node: usize, before: u32) {
        for byte in 0..=u8::MAX {
            let number = before << 8 | u32::from(byte);
            match self.nodes[node][usize::from(byte)] {
                Step::Character(character) => self.set(character, number),
                Step::Two(at) => {
                    self.pair_bytes.insert(self.pairs[usize::from(at)], number);
                }
                Step::Node(next) => self.turn(usize::from(next), number),
                _ => {}
            }
        }
    }

    fn set(&mut self, character: char, bytes: u32) {
        let (page, at) = place(character);
        if self.pages[page] == 0 {
            self.pages[page] = self.bytes.len() as u16;
            self.bytes.push([NOTHING; 256]);
        }
        self.bytes[usize::from(self.pages[page])][at] = bytes;
    }

    /// Goes along the tree of that number; returns what stands at the end and how many bytes lead there.
    pub(super) fn read(&self, tree: usize, bytes: &[u8]) -> (Step, usize) {
        let mut node = self.roots[tree];
        for (at, byte) in bytes.iter().enumerate() {
            match self.nodes[usize::from(node)][usize::from(*byte)] {
                Step::Node(next) => node = next,
                step => return (step, at + 1),
            }
        }
        (Step::Cut, bytes.len())
    }

    pub(super) fn pair(&self, at: u16) -> (char, char) {
        self.pairs[usize::from(at)]
    }

    /// The bytes of a character as a number.
    pub(super) fn bytes_of(&self, character: char) -> Option<u32> {
        let (page, at) = place(character);
        Some(self.bytes[usize::from(self.pages[page])][at]).filter(|bytes| *bytes != NOTHING)
    }

    /// The bytes of two characters that are one in this set.
    pub(super) fn bytes_of_pair(&self, first: char, second: char) -> Option<u32> {
        self.pair_bytes.get(&(first, second)).copied()
    }

    /// The counted character of that number.
    pub(super) fn counted(&self, number: u32) -> Option<char> {
        let run = self.runs.partition_point(|(first, _)| *first <= number).checked_sub(1)?;
        let (first, character) = self.runs[run];
        char::from_u32(u32::from(character?) + (number - first))
    }

    /// The number of a counted character.
    pub(super) fn number_of(&self, character: char) -> Option<u32> {
        self.runs.iter().enumerate().find_map(|(at, (number, first))| {
            let end = self.runs.get(at + 1).map_or(u32::MAX, |(end, _)| *end);
            let offset = u32::from(character).checked_sub(u32::from((*first)?))?;
            (offset < end - number).then_some(number + offset)
        })
    }
}

fn place(character: char) -> (usize, usize) {
    (u32::from(character) as usize >> 8, u32::from(character) as usize & 0xFF)
}

fn next(units: &mut impl Iterator<Item = u16>) -> u16 {
    units.next().unwrap_or_default()
}

fn wide(units: &mut impl Iterator<Item = u16>) -> u32 {
    u32::from(next(units)) << 16 | u32::from(next(units))
}

fn plain(unit: u16) -> char {
    char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)
}
