//! The lines that are moved, and the proof that they all arrived, once and in order.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::form::Form;

/// Numbered records of one form, in memory as they stand in a file: one a line.
#[derive(Debug)]
pub struct Lines {
    form: Form,
    text: Vec<u8>,
    crc: u32,
}

impl Lines {
    /// Lines 0 to `count` - 1.
    pub fn new(form: Form, count: u64) -> Self {
        let mut text = Vec::with_capacity(usize::try_from(count).unwrap_or(0) * (form.length() + 1));
        for number in 0..count {
            form.write(number, &mut text);
            text.push(b'\n');
        }
        let crc = crc32c::crc32c(&text);
        Self { form, text, crc }
    }

    /// What they are.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Bytes of a line with its end.
    pub(crate) fn stride(&self) -> usize {
        self.form.length() + 1
    }

    /// How many.
    pub fn count(&self) -> u64 {
        (self.text.len() / self.stride()) as u64
    }

    /// CRC32C of the file.
    pub fn crc(&self) -> u32 {
        self.crc
    }

    /// The lines without their ends.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.text.chunks_exact(self.stride()).map(|line| &line[..line.len() - 1])
    }

    /// Writes the file.
    pub fn write(&self, path: &Path) -> Result<()> {
        std::fs::write(path, &self.text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Compares a file with these lines.
    pub fn check_file(&self, path: &Path) -> Result<()> {
        let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
        let mut checker = Checker::new(self);
        let mut line = Vec::with_capacity(self.stride());
        while reader.read_until(b'\n', &mut line)? > 0 {
            if line.pop() != Some(b'\n') {
                bail!("{} ends inside a line", path.display());
            }
            checker.add(&line).with_context(|| path.display().to_string())?;
            line.clear();
        }
        checker.finish().with_context(|| path.display().to_string())
    }
}

/// Compares lines that arrive one by one with those that were sent.
#[derive(Debug)]
pub struct Checker<'a> {
    expected: &'a Lines,
    next: u64,
    crc: u32,
}

impl<'a> Checker<'a> {
    /// Expects the first line.
    pub fn new(expected: &'a Lines) -> Self {
        Self { expected, next: 0, crc: 0 }
    }

    /// The next line, without its end; an error if another one is due.
    pub fn add(&mut self, line: &[u8]) -> Result<()> {
        let from = usize::try_from(self.next)? * self.expected.stride();
        let due = self.expected.text.get(from..from + self.expected.form.length());
        if due != Some(line) {
            bail!(
                "line {} of {} should be {:?}, but is {:?}",
                self.next,
                self.expected.count(),
                due.map(String::from_utf8_lossy),
                String::from_utf8_lossy(line)
            );
        }
        self.next += 1;
        self.crc = crc32c::crc32c_append(crc32c::crc32c_append(self.crc, line), b"\n");
        Ok(())
    }

    /// An error unless all lines were there.
    pub fn finish(self) -> Result<()> {
        if self.next != self.expected.count() || self.crc != self.expected.crc {
            bail!(
                "{} lines with checksum {:08x} instead of {} with {:08x}",
                self.next,
                self.crc,
                self.expected.count(),
                self.expected.crc
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<'a>(expected: &Lines, lines: impl IntoIterator<Item = &'a [u8]>) -> Result<()> {
        let mut checker = Checker::new(expected);
        lines.into_iter().try_for_each(|line| checker.add(line))?;
        checker.finish()
    }

    #[test]
    fn lost_repeated_swapped_changed_and_superfluous_lines_are_found() {
        let lines = Lines::new(Form::Text, 10);
        let all: Vec<&[u8]> = lines.iter().collect();
        check(&lines, all.clone()).unwrap();
        let wrong = |change: fn(&mut Vec<&[u8]>)| {
            let mut some = all.clone();
            change(&mut some);
            check(&lines, some).unwrap_err().to_string()
        };
        assert!(wrong(|all| all.truncate(9)).contains("9 lines"));
        assert!(wrong(|all| _ = all.remove(3)).contains("line 3 "));
        assert!(wrong(|all| all.insert(3, all[3])).contains("line 4 "));
        assert!(wrong(|all| all.swap(1, 2)).contains("line 1 "));
        assert!(wrong(|all| all[5] = &all[5][..99]).contains("line 5 "));
        assert!(wrong(|all| all.push(all[9])).contains("line 10 "));
    }

    #[test]
    fn a_file_is_checked_to_its_last_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let lines = Lines::new(Form::Text, 50);
        lines.write(&path).unwrap();
        lines.check_file(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(lines.check_file(&path).is_err());
        std::fs::write(&path, [bytes, b"\n".to_vec()].concat()).unwrap();
        assert!(lines.check_file(&path).is_err());
    }
}
