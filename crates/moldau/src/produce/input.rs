//! Standard input in pieces, read on a thread of its own: nothing can take a read back that waits for input.

use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};

use env::Env;
use tokio::sync::mpsc;

/// Pieces that may wait to be sent.
const AHEAD: usize = 8;
/// The longest line. The largest record that a broker can be told to take is far below.
const LONGEST: usize = 256 << 20;

/// Pieces of the input, in order; it ends when the input does.
pub(super) type Pieces = mpsc::Receiver<io::Result<Vec<u8>>>;

/// Starts reading.
pub(super) fn start(env: &Env) -> Pieces {
    let (sender, receiver) = mpsc::channel(AHEAD);
    env.work().spawn_blocking("standard input", Box::new(move || read(&sender)));
    receiver
}

fn read(pieces: &mpsc::Sender<io::Result<Vec<u8>>>) {
    let mut input = io::stdin().lock();
    let prompts = input_is_typed();
    loop {
        if prompts {
            // Parity: the mark of Java's tool.
            let _ = io::stdout().write_all(b">").and_then(|()| io::stdout().flush());
        }
        let read = match input.fill_buf() {
            Ok([]) => return,
            Ok(piece) => Ok(piece.to_vec()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let (len, failed) = (read.as_ref().map_or(0, Vec::len), read.is_err());
        input.consume(len);
        if pieces.blocking_send(read).is_err() || failed {
            return;
        }
    }
}

fn input_is_typed() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Lines made of pieces. A line ends at `\n` or `\r\n`; what follows the last one is a line too.
#[derive(Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Gives the lines that `piece` ends to `take`.
    ///
    /// # Errors
    /// The first of `take`, or a line without an end.
    pub(super) fn feed(
        &mut self,
        piece: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut rest = piece;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            if self.partial.is_empty() {
                take(without_return(&rest[..end]))?;
            } else {
                self.partial.extend_from_slice(&rest[..end]);
                take(without_return(&self.partial))?;
                self.partial.clear();
            }
            rest = &rest[end + 1..];
        }
        self.partial.extend_from_slice(rest);
        if self.partial.len() > LONGEST {
            return Err(format!("a line is longer than {LONGEST} bytes"));
        }
        Ok(())
    }

    /// Gives what has no end, if there is any.
    ///
    /// # Errors
    /// That of `take`.
    pub(super) fn finish(&mut self, take: impl FnOnce(&[u8]) -> Result<(), String>) -> Result<(), String> {
        let rest = std::mem::take(&mut self.partial);
        if rest.is_empty() { Ok(()) } else { take(without_return(&rest)) }
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        let mut take = |line: &[u8]| {
            found.push(String::from_utf8(line.to_vec()).unwrap());
            Ok(())
        };
        for piece in pieces {
            lines.feed(piece, &mut take).unwrap();
        }
        lines.finish(take).unwrap();
        found
    }

    #[test]
    fn however_the_input_is_cut_the_lines_are_the_same() {
        let text = "one\n\ntwo\r\nthr\ree\n\r\nlast".as_bytes();
        let whole = lines(&[text]);
        assert_eq!(whole, ["one", "", "two", "thr\ree", "", "last"]);
        for first in 0..text.len() {
            for second in first..text.len() {
                assert_eq!(lines(&[&text[..first], &text[first..second], &text[second..]]), whole);
            }
        }
    }

    #[test]
    fn an_input_that_ends_with_a_line_has_no_further_one() {
        assert_eq!(lines(&[b"a\n"]), ["a"]);
        assert!(lines(&[]).is_empty());
    }
}
