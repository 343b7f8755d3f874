//! Standard input and output as files. Neither can be sought, cut, locked or given away.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, BorrowedFd};

use env::{File, Metadata};

/// Reads block until there is input or it has ended. The process has one buffer: what one reader left unread, the next
/// one gets.
pub(crate) struct StandardInput;

impl Read for StandardInput {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        io::stdin().read(into)
    }
}

impl Write for StandardInput {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(unsupported("standard input cannot be written"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for StandardInput {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(unsupported("standard input cannot be sought"))
    }
}

impl File for StandardInput {
    fn sync_data(&mut self) -> io::Result<()> {
        Err(unsupported("standard input cannot be synced"))
    }

    fn set_len(&mut self, _: u64) -> io::Result<()> {
        Err(unsupported("standard input cannot be cut"))
    }

    fn metadata(&self) -> io::Result<Metadata> {
        stream_metadata(io::stdin().as_fd())
    }

    fn try_lock(&mut self) -> io::Result<bool> {
        Err(unsupported("standard input cannot be locked"))
    }

    fn set_owner_and_mode(&mut self, _: (u32, u32), _: u32) -> io::Result<()> {
        Err(unsupported("standard input belongs to the system"))
    }
}

/// Writes are gathered to whole lines; `flush` passes on the rest.
pub(crate) struct StandardOutput;

impl Read for StandardOutput {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(unsupported("standard output cannot be read"))
    }
}

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stdout().write(bytes)
    }

    /// Under one lock, so that the lines of two tasks do not mix.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        io::stdout().lock().write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

impl Seek for StandardOutput {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(unsupported("standard output cannot be sought"))
    }
}

impl File for StandardOutput {
    /// Hands everything to the system; whether it is durable depends on what the stream leads to.
    fn sync_data(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }

    fn set_len(&mut self, _: u64) -> io::Result<()> {
        Err(unsupported("standard output cannot be cut"))
    }

    fn metadata(&self) -> io::Result<Metadata> {
        stream_metadata(io::stdout().as_fd())
    }

    fn try_lock(&mut self) -> io::Result<bool> {
        Err(unsupported("standard output cannot be locked"))
    }

    fn set_owner_and_mode(&mut self, _: (u32, u32), _: u32) -> io::Result<()> {
        Err(unsupported("standard output belongs to the system"))
    }
}

fn stream_metadata(stream: BorrowedFd<'_>) -> io::Result<Metadata> {
    Ok(crate::disk::metadata(&fs::File::from(stream.try_clone_to_owned()?).metadata()?))
}

fn unsupported(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, text)
}
