//! The sample file: it grows, so that something moves.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use env::{Env, OpenOptions};

/// A line is written so often.
const PAUSE: Duration = Duration::from_millis(500);
/// More lines than this are not written: about a day's.
const MOST: u64 = 150_000;
/// Lines that are there before anything starts.
const FIRST: u64 = 3;

/// The way of the river.
const TEXTS: [&str; 8] = [
    "a spring in the forest, cold and clear",
    "a second spring, a little warmer",
    "two brooks meet and are a river",
    "past meadows, where people dance",
    "at night the moon lies on the water",
    "rapids, rocks, white foam",
    "under the bridges of the old town",
    "and on, wide and calm, to the next river",
];

/// A file that grows by numbered lines. Others may append to it as well.
pub(super) struct Sample {
    env: Env,
    path: PathBuf,
    next: u64,
}

impl Sample {
    /// Goes on after the last numbered line; a new file gets its first lines.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn open(env: &Env, path: &Path) -> io::Result<Self> {
        let content = match env.disk().read(path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut sample = Self { env: env.clone(), path: path.to_owned(), next: last_number(&content) + 1 };
        if content.last().is_some_and(|last| *last != b'\n') {
            // Whoever wrote the last line was killed in the middle of it.
            sample.append("\n")?;
        }
        if content.is_empty() {
            let text: String = (0..FIRST).map(|_| sample.line()).collect();
            sample.append(&text)?;
        }
        Ok(sample)
    }

    /// Writes a line now and then, for as long as there is something to say.
    pub(super) async fn grow(mut self) {
        while self.next <= MOST {
            self.env.sleep(PAUSE).await;
            let line = self.line();
            if let Err(error) = self.append(&line) {
                tracing::error!(file = %self.path.display(), %error, "the sample file grows no more");
                return;
            }
        }
    }

    fn line(&mut self) -> String {
        let number = self.next;
        self.next += 1;
        format!("{number} {}\n", TEXTS[((number - 1) % TEXTS.len() as u64) as usize])
    }

    /// In one write, so that lines of others stay whole.
    fn append(&self, text: &str) -> io::Result<()> {
        self.env.disk().open(&self.path, OpenOptions::APPEND)?.write_all(text.as_bytes())
    }
}

/// The number of the last line of ours, 0 when there is none.
fn last_number(content: &[u8]) -> u64 {
    let numbers = content.rsplit(|byte| *byte == b'\n').filter_map(|line| {
        let (number, text) = std::str::from_utf8(line).ok()?.split_once(' ')?;
        let number = number.parse().ok()?;
        // A line may have been cut off while it was written.
        TEXTS.iter().any(|known| known.starts_with(text)).then_some(number)
    });
    numbers.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_on_after_the_last_number_whoever_wrote_after_it() {
        assert_eq!(last_number(b""), 0);
        let mut text = format!("1 {}\n2 {}\n", TEXTS[1], TEXTS[2]);
        assert_eq!(last_number(text.as_bytes()), 2);
        text += "hello\n900 bottles of beer\nä";
        assert_eq!(last_number(text.as_bytes()), 2);
        text += &format!("\n3 {}", &TEXTS[3][..5]);
        assert_eq!(last_number(text.as_bytes()), 3);
    }
}
