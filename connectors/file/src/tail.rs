//! One file that is read as it grows.
//!
//! What can happen to it, noticed when its end is reached:
//! - *cut* (shorter than what was read): read again from the start;
//! - *replaced* (another file under its name): first the old one to its end, and a quiet second beyond, then the new one
//!   from its start;
//! - *removed*: kept open, until another one appears.
//!
//! Each is said in the log, once.

use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use connect_api::{Error, Result};
use env::{Env, File, FileId};
use tracing::{info, warn};

use crate::lines::LineBuffer;
use crate::resume::{LineStart, line_start};

/// The smallest and the largest read; doubled while reads are filled.
const READ: (usize, usize) = (8 * 1024, 512 * 1024);

/// A line longer than this is worth a word in the log.
const LONG_LINE: usize = 1 << 20;

/// What [`Tail::adopt`] got.
pub(crate) enum Adopted {
    /// A file, which is followed now.
    File,
    /// A pipe or another thing without positions.
    Stream(Box<dyn File>),
}

/// What [`Tail::look`] found at the end of the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The same file as before; there may be more later.
    Quiet,
    /// It was replaced; there may still be something in the old one.
    Replaced,
    /// Reading starts anew, perhaps by opening the file.
    Anew,
}

/// A file that grows. All calls block.
pub(crate) struct Tail {
    env: Env,
    name: String,
    path: PathBuf,
    open: Option<OpenFile>,
    lines: LineBuffer,
    next_read: usize,
    long_line: usize,
    said: Said,
}

struct OpenFile {
    file: Box<dyn File>,
    id: FileId,
    /// Bytes from the start of the file to where it is read.
    read: u64,
    /// Whether it ever had a length. Files of `/proc` have content and none, and so are never cut.
    has_length: bool,
    /// Whether another file stood under the name when its end was last seen.
    replaced: bool,
}

/// What the log says once, until it is over.
#[derive(Default)]
struct Said {
    missing: bool,
    removed: bool,
}

impl Tail {
    /// For the file called `name`, not yet open.
    pub(crate) fn new(env: Env, name: &str) -> Self {
        Self {
            env,
            name: name.to_owned(),
            path: name.into(),
            open: None,
            lines: LineBuffer::at(0, false),
            next_read: READ.0,
            long_line: LONG_LINE,
            said: Said::default(),
        }
    }

    /// Whether it is open.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The path of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The lines that were read.
    pub(crate) fn lines(&mut self) -> &mut LineBuffer {
        &mut self.lines
    }

    /// Whether the file is there; says so, once, when it is not.
    pub(crate) fn exists(&mut self) -> bool {
        let missing = self.env.disk().metadata(&self.path).is_err_and(|error| error.kind() == ErrorKind::NotFound);
        if missing && !std::mem::replace(&mut self.said.missing, true) {
            warn!("Couldn't find file {} for FileStreamSourceTask, sleeping to wait for it to be created", self.name);
        }
        !missing
    }

    /// Whether, by one look at its name, there is nothing to do: everything was read and given out, and it is still the
    /// file under its name.
    pub(crate) fn is_quiet(&self) -> bool {
        let Some(open) = &self.open else {
            return false;
        };
        self.lines.is_drained()
            && !self.said.removed
            && !open.replaced
            && (self.env.disk().metadata(&self.path))
                .is_ok_and(|there| there.id == open.id && there.len == open.read && open.has_length)
    }

    /// Goes on from `stored` in a file that was opened.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn adopt(&mut self, opened: io::Result<Box<dyn File>>, stored: u64) -> Result<Adopted> {
        let mut file = opened.map_err(|error| self.failed("open", error))?;
        let metadata = file.metadata().map_err(|error| self.failed("open", error))?;
        if metadata.is_dir {
            return Err(self.failed("open", io::Error::new(ErrorKind::IsADirectory, "it is a directory")));
        }
        if file.seek(SeekFrom::Start(0)).is_err() {
            return Ok(Adopted::Stream(file));
        }
        let start = self.start_of(&mut *file, stored, metadata.len)?;
        file.seek(SeekFrom::Start(start.position)).map_err(|error| self.failed("seek in", error))?;
        self.lines = LineBuffer::at(start.position, start.after_return);
        self.open = Some(OpenFile {
            file,
            id: metadata.id,
            read: start.position,
            has_length: metadata.len > 0,
            replaced: false,
        });
        self.said = Said::default();
        info!(file = self.name, position = start.position, "opened the file");
        Ok(Adopted::File)
    }

    fn start_of(&self, file: &mut dyn File, stored: u64, len: u64) -> Result<LineStart> {
        if stored > len {
            warn!(
                file = self.name,
                stored,
                len,
                "the file is shorter than the stored position: it was cut or replaced; reading it from the start"
            );
            return Ok(LineStart::FIRST);
        }
        let start = match line_start(file, stored) {
            Ok(start) => start,
            // It was cut while it was read.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => LineStart::FIRST,
            Err(error) => return Err(self.failed("read", error)),
        };
        if start.position < stored {
            warn!(
                file = self.name,
                stored,
                position = start.position,
                "the stored position is inside a line (Java counts characters, not bytes); reading from the start of \
                 that line, so lines may repeat"
            );
        }
        Ok(start)
    }

    /// Reads on, when all whole lines have been given out; the number of bytes, 0 at the end
    /// of the file.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn read(&mut self) -> Result<usize> {
        let Some(open) = &mut self.open else {
            return Ok(0);
        };
        let wanted = self.next_read;
        let read = self.lines.fill(wanted, |into| read_some(&mut *open.file, into));
        let count = read.map_err(|error| self.failed("read", error))?;
        self.next_read = if count == wanted { (wanted * 2).min(READ.1) } else { READ.0 };
        let Some(open) = self.open.as_mut().filter(|_| count > 0) else {
            return Ok(0);
        };
        open.read += count as u64;
        open.replaced = false;
        if !open.has_length {
            open.has_length = open.file.metadata().is_ok_and(|metadata| metadata.len > 0);
        }
        self.watch_long_line();
        Ok(count)
    }

    fn watch_long_line(&mut self) {
        let len = self.lines.partial_len();
        if len > self.long_line {
            self.long_line = len.saturating_mul(2);
            info!(file = self.name, bytes = len, "a line is longer than {LONG_LINE} bytes; the buffer grows with it");
        } else if len < LONG_LINE {
            self.long_line = LONG_LINE;
        }
    }

    /// Looks what became of the file, when its end is reached and all whole lines have been given out.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn look(&mut self) -> Result<End> {
        let Some(open) = &mut self.open else {
            return Ok(End::Anew);
        };
        let len = match open.file.metadata() {
            Ok(metadata) => metadata.len,
            Err(error) => return Err(self.failed("look at", error)),
        };
        open.has_length |= len > 0;
        if open.has_length && len < open.read {
            return self.start_over(len);
        }
        match self.env.disk().metadata(&self.path) {
            Ok(there) if there.id != open.id => Ok(self.move_on()),
            Ok(_) => {
                open.replaced = false;
                self.said.removed = false;
                Ok(End::Quiet)
            }
            Err(error) => {
                if error.kind() == ErrorKind::NotFound && !std::mem::replace(&mut self.said.removed, true) {
                    warn!(file = self.name, "the file was removed; waiting for a new one");
                }
                Ok(End::Quiet)
            }
        }
    }

    fn start_over(&mut self, len: u64) -> Result<End> {
        let Some(open) = &mut self.open else {
            return Ok(End::Anew);
        };
        warn!(
            file = self.name,
            read = open.read,
            len,
            unfinished = self.lines.partial_len(),
            "the file was cut: it is shorter than what was read; reading it from the start"
        );
        open.read = 0;
        let sought = open.file.seek(SeekFrom::Start(0));
        sought.map_err(|error| self.failed("seek in", error))?;
        self.lines = LineBuffer::at(0, false);
        Ok(End::Anew)
    }

    fn move_on(&mut self) -> End {
        let quiet = self.open.as_mut().is_some_and(|open| std::mem::replace(&mut open.replaced, true));
        if !quiet {
            return End::Replaced;
        }
        warn!(
            file = self.name,
            unfinished = self.lines.partial_len(),
            "the file was replaced; the old one is read to its last whole line, now the new one from its start"
        );
        self.open = None;
        self.lines = LineBuffer::at(0, false);
        End::Anew
    }

    fn failed(&self, what: &str, cause: io::Error) -> Error {
        Error::connect(format!(
            "Couldn't {what} file '{}' (configuration 'file') for FileStreamSourceTask: {cause}",
            self.name
        ))
        .caused_by(cause)
    }
}

fn read_some(file: &mut (impl Read + ?Sized), into: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(into) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}
