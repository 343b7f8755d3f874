//! Standard input and output as files. Neither can be sought, cut, locked or given away.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::time::Duration;

use env::{File, FileId, Metadata};

use crate::host::Process;

/// Standard input: what the test put there, then its end.
pub(super) struct SimInput(pub(super) Arc<Process>);

/// Standard output, which the test can look at.
pub(super) struct SimOutput(pub(super) Arc<Process>);

impl Read for SimInput {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.check_alive()?;
        self.0.host.drive.state.lock().stdin.read(into)
    }
}

impl Write for SimOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.check_alive()?;
        self.0.host.drive.state.lock().stdout.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.check_alive()
    }
}

impl Write for SimInput {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(unsupported("standard input cannot be written"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for SimOutput {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(unsupported("standard output cannot be read"))
    }
}

/// What neither stream can do.
macro_rules! standard_stream {
    ($stream:ident, $inode:literal, $sync:expr) => {
        impl Seek for $stream {
            fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
                Err(unsupported("a standard stream cannot be sought"))
            }
        }

        impl File for $stream {
            fn sync_data(&mut self) -> io::Result<()> {
                $sync
            }

            fn set_len(&mut self, _: u64) -> io::Result<()> {
                Err(unsupported("a standard stream cannot be cut"))
            }

            fn metadata(&self) -> io::Result<Metadata> {
                self.0.check_alive()?;
                let id = FileId { device: 0, inode: $inode };
                Ok(Metadata { len: 0, id, is_dir: false, mode: 0o620, owner: (0, 0), modified: Duration::ZERO })
            }

            fn try_lock(&mut self) -> io::Result<bool> {
                Err(unsupported("a standard stream cannot be locked"))
            }

            fn set_owner_and_mode(&mut self, _: (u32, u32), _: u32) -> io::Result<()> {
                Err(unsupported("a standard stream belongs to the system"))
            }
        }
    };
}

standard_stream!(SimInput, 0, Err(unsupported("standard input cannot be synced")));
standard_stream!(SimOutput, 1, Ok(()));

fn unsupported(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, text)
}
