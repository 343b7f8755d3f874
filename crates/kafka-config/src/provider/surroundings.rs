//! What providers look at: files, and the variables of the process.

use std::io;
use std::path::Path;

/// Whether a whole text matches a pattern.
pub type Matcher = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// What stands at a path, symbolic links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A device, a pipe, a socket: reading it may take forever.
    Other,
}

/// The machine, as providers see it.
pub trait Surroundings: Send + Sync {
    /// What stands at `path`.
    ///
    /// # Errors
    /// Those of the file system; nothing there is one.
    fn kind(&self, path: &Path) -> io::Result<FileKind>;

    /// All bytes of a file of at most `limit` bytes.
    ///
    /// # Errors
    /// Those of the file system; a longer file.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>>;

    /// A variable of the process's environment.
    fn variable(&self, name: &str) -> Option<String>;

    /// Compiles a regular expression of `java.util.regex` for matching whole texts.
    ///
    /// # Errors
    /// Why it cannot be used.
    fn matcher(&self, pattern: &str) -> Result<Matcher, String>;
}

/// The longest file a provider reads, in bytes.
pub(crate) const LONGEST_FILE: u64 = 16 << 20;

/// The text of a file.
pub(crate) fn utf8(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not UTF-8"))
}
