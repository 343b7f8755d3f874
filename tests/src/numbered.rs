//! Numbered lines: what goes in at one end of a pipeline, and what must be found at the other.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

const BURST: u64 = 50;

/// Line `number`, ASCII, without its end: seven digits, a blank, and letters whose count depends on the number.
pub fn numbered_line(number: u64) -> String {
    let letters = usize::try_from(number % 61).unwrap_or(0);
    format!("{number:07} {}", "abcdefghijklmnopqrstuvwxyz".repeat(3).get(..letters).unwrap_or_default())
}

/// A file to which a thread appends numbered lines.
#[derive(Debug)]
pub struct Growing {
    path: PathBuf,
    written: Arc<AtomicU64>,
    end: Arc<AtomicU64>,
    writer: Option<JoinHandle<std::io::Result<()>>>,
}

impl Growing {
    /// Starts to write lines `0..count` to the new file `path`, about `per_second` of them each second, in bursts that now and then end
    /// in the middle of a line.
    pub fn start(path: &Path, count: u64, per_second: u64) -> Result<Self> {
        let mut file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
        let written = Arc::new(AtomicU64::new(0));
        let end = Arc::new(AtomicU64::new(count));
        let (progress, until_when) = (written.clone(), end.clone());
        let pause = Duration::from_micros(1_000_000 * BURST / per_second.max(1));
        let writer = std::thread::spawn(move || {
            let mut number = 0;
            loop {
                let count = until_when.load(Ordering::Acquire);
                if number >= count {
                    break;
                }
                let until = (number + BURST).min(count);
                let text: String = (number..until).map(|number| numbered_line(number) + "\n").collect();
                let (head, tail) = text.split_at(text.len() - 1 - usize::try_from(until % 7).unwrap_or(0));
                file.write_all(head.as_bytes())?;
                std::thread::sleep(pause);
                file.write_all(tail.as_bytes())?;
                number = until;
                progress.store(number, Ordering::Release);
            }
            Ok(())
        });
        Ok(Self { path: path.to_owned(), written, end, writer: Some(writer) })
    }

    /// As [`Self::start`], without an end until [`Self::finish_after`] gives one.
    pub fn endless(path: &Path, per_second: u64) -> Result<Self> {
        Self::start(path, u64::MAX, per_second)
    }

    /// Ends at line `count`, or at once if it is written already; gives how many lines there are.
    pub fn finish_after(self, count: u64) -> Result<u64> {
        self.end.store(count, Ordering::Release);
        let written = self.written.clone();
        self.finish()?;
        Ok(written.load(Ordering::Acquire))
    }

    /// How many lines are in the file.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until every line is written.
    pub fn finish(mut self) -> Result<()> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let Ok(outcome) = writer.join() else { bail!("the writer of {} panicked", self.path.display()) };
        outcome.with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// Numbers read back from one place, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct NumberedLines(Vec<u64>);

impl FromIterator<u64> for NumberedLines {
    fn from_iter<I: IntoIterator<Item = u64>>(numbers: I) -> Self {
        Self(numbers.into_iter().collect())
    }
}

impl NumberedLines {
    /// Reads lines; one that is none of ours, or a fragment of one, is an error.
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut numbers = Vec::new();
        for line in lines {
            let number = line.get(..7).and_then(|digits| digits.parse().ok());
            match number.filter(|number| numbered_line(*number) == line) {
                Some(number) => numbers.push(number),
                None => bail!("not a whole line, after {} others: {line:?}", numbers.len()),
            }
        }
        Ok(Self(numbers))
    }

    /// The numbers as they came.
    pub fn numbers(&self) -> &[u64] {
        &self.0
    }

    /// An error unless each of `0..count` came at least once and nothing else did; gives how many came again.
    pub fn complete(&self, count: u64) -> Result<usize> {
        let mut seen = vec![false; usize::try_from(count)?];
        for number in &self.0 {
            let slot = usize::try_from(*number).ok().and_then(|index| seen.get_mut(index));
            *slot.with_context(|| format!("line {number} was never written"))? = true;
        }
        let missing: Vec<usize> = seen.iter().enumerate().filter(|(_, seen)| !**seen).map(|(index, _)| index).collect();
        ensure!(
            missing.is_empty(),
            "{} of {count} lines are lost, from {:?} to {:?}",
            missing.len(),
            missing.first(),
            missing.last()
        );
        Ok(self.0.len() - seen.len())
    }

    /// An error unless each line that came for the first time had a higher number than all before it.
    pub fn in_order(&self) -> Result<()> {
        let mut highest = None;
        let mut seen = std::collections::BTreeSet::new();
        for number in &self.0 {
            if seen.insert(*number) {
                ensure!(highest < Some(*number), "line {number} came for the first time after line {highest:?}");
                highest = Some(*number);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(numbers: &[u64]) -> NumberedLines {
        let lines: Vec<String> = numbers.iter().map(|number| numbered_line(*number)).collect();
        NumberedLines::parse(lines.iter().map(String::as_str)).unwrap()
    }

    #[test]
    fn a_gap_a_stranger_and_a_swap_are_found() {
        assert_eq!(lines(&[0, 1, 2]).complete(3).unwrap(), 0);
        assert_eq!(lines(&[0, 1, 0, 1, 2]).complete(3).unwrap(), 2);
        assert!(lines(&[0, 2]).complete(3).unwrap_err().to_string().contains("1 of 3 lines are lost"));
        assert!(lines(&[0, 7]).complete(3).unwrap_err().to_string().contains("never written"));
        lines(&[0, 1, 0, 1, 2]).in_order().unwrap();
        assert!(lines(&[0, 2, 1]).in_order().is_err());
        assert!(NumberedLines::parse(["0000001 "]).is_err());
        assert!(NumberedLines::parse([""]).is_err());
    }

    #[test]
    fn a_growing_file_holds_every_line_in_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        Growing::start(&path, 1234, 1_000_000).unwrap().finish().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let found = NumberedLines::parse(text.lines()).unwrap();
        assert_eq!((found.complete(1234).unwrap(), found.in_order().is_ok()), (0, true));
    }

    #[test]
    fn an_endless_file_ends_where_it_is_told_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let count = Growing::endless(&path, 100_000).unwrap().finish_after(777).unwrap();
        assert_eq!(count, 777);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(NumberedLines::parse(text.lines()).unwrap().complete(count).unwrap(), 0);
    }
}
