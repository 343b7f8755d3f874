//! The lines that somebody writes to the source file: numbered, some not ASCII, in bursts and pieces.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use env::OpenOptions;
use env_sim::SimHandle;

use super::checkers::Observer;
use super::dice::Dice;
use super::plan::SOURCE_FILE;
use super::tally::Tally;
use super::world::WORKER;

const WORDS: [&str; 10] = [
    "plain",
    "",
    "two  spaces",
    "\u{17e}lu\u{165}ou\u{10d}k\u{fd} k\u{16f}\u{148}",
    "\u{65e5}\u{672c}\u{8a9e}",
    "\"quoted\" \\ and \t tabbed",
    "\u{1f980}\u{1f3fd}",
    "{\"payload\":\"not this\"}",
    "a much longer line, which does not fit into the smallest batches that a history may have, so that it goes alone",
    "\u{85}\u{2028} neither of these ends a line",
];

/// Who writes the source file. What it wrote is durable at once.
pub(crate) struct SourceFile {
    sim: SimHandle,
    dice: Dice,
    tally: Arc<Tally>,
    observer: Arc<Observer>,
    /// Composed and not yet written.
    pending: VecDeque<u8>,
    composed: u64,
    written: u64,
    lines: usize,
    most: usize,
}

impl SourceFile {
    pub(crate) fn new(sim: &SimHandle, tally: Arc<Tally>, observer: Arc<Observer>, most: usize) -> Self {
        let (sim, dice) = (sim.clone(), Dice::new(sim));
        Self { sim, dice, tally, observer, pending: VecDeque::new(), composed: 0, written: 0, lines: 0, most }
    }

    /// Adds some lines, or a part of them, or nothing.
    pub(crate) fn grow(&mut self) {
        match self.dice.below(10) {
            0..=3 => return,
            4..=8 => self.compose(self.dice.within(1..=3) as usize),
            _ => {
                self.tally.add("lines in a burst");
                self.compose(self.dice.within(10..=40) as usize);
            }
        }
        if self.dice.percent(25) {
            self.tally.add("part of a line");
            let part = self.dice.below(self.pending.len() as u64 + 1) as usize;
            self.write(part);
        } else {
            self.write(usize::MAX);
        }
    }

    /// Writes all lines that are still to come; `false` when the disk did not take them all.
    pub(crate) fn finish(&mut self) -> bool {
        self.compose(self.most);
        self.write(usize::MAX);
        self.pending.is_empty()
    }

    fn compose(&mut self, count: usize) {
        for _ in 0..count.min(self.most - self.lines) {
            let (first, second) = (self.dice.pick(&WORDS), self.dice.pick(&WORDS));
            let text = format!("{} {first} {second}", self.lines);
            let end_of_line = if self.dice.percent(15) { "\r\n" } else { "\n" };
            let bytes = format!("{text}{end_of_line}");
            self.composed += bytes.len() as u64;
            self.pending.extend(bytes.as_bytes());
            self.observer.line(text, self.composed);
            self.lines += 1;
        }
    }

    /// Appends up to `most` bytes, as far as the disk takes them.
    fn write(&mut self, most: usize) {
        let part: Vec<u8> = self.pending.iter().copied().take(most).collect();
        if part.is_empty() {
            return;
        }
        let env = self.sim.env_for(WORKER);
        let path = Path::new(SOURCE_FILE);
        let Ok(mut file) = env.disk().open(path, OpenOptions::APPEND) else { return };
        let count = file.write(&part).unwrap_or(0);
        self.pending.drain(..count);
        self.written += count as u64;
        file.sync_data().expect("the disk of the source file has no such fault");
        env.disk().sync_dir(path.parent().expect("it has one")).expect("the disk of the source file has no such fault");
        self.observer.file_has(self.written);
    }
}
