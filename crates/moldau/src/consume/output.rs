//! Standard output that somebody may stop reading.

use std::io::{self, ErrorKind, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Whether there is somebody to write for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// As far as is known.
    There,
    /// The other end of the pipe is closed.
    Gone,
}

/// Writes all of it and leaves nothing in a buffer.
///
/// # Errors
/// Those of the stream, a closed pipe aside.
pub(super) fn write(bytes: &[u8]) -> io::Result<Reader> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(error),
    }
}

/// Looks without writing: a topic may be silent for a long time.
pub(super) fn reader() -> Reader {
    let stdout = io::stdout();
    let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
    match poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
        Ok(_) if asked[0].revents().contains(PollFlags::ERR) => Reader::Gone,
        _ => Reader::There,
    }
}
