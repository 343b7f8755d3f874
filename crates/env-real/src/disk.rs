//! The file system.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use env::{Disk, File, FileId, Metadata, OpenOptions};
use rustix::fs::{FlockOperation, Gid, Mode, Uid};

use crate::standard_stream::{StandardInput, StandardOutput};

/// The file systems mounted on the machine.
pub(crate) struct MachineDisk;

impl Disk for MachineDisk {
    fn open(&self, path: &Path, options: OpenOptions) -> io::Result<Box<dyn File>> {
        let mut open = fs::OpenOptions::new();
        open.read(options.read)
            .write(options.write)
            .append(options.append)
            .truncate(options.truncate)
            .create(options.create)
            .create_new(options.create_new);
        if options.mode != 0 {
            open.mode(options.mode);
        }
        Ok(Box::new(OpenFile(open.open(path)?)))
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        Ok(metadata(&fs::metadata(path)?))
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let mut names = fs::read_dir(folder(path))?
            .map(|entry| Ok(entry?.file_name().into()))
            .collect::<io::Result<Vec<PathBuf>>>()?;
        names.sort_unstable();
        Ok(names)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        fs::File::open(folder(path))?.sync_all()
    }

    fn stdin(&self) -> Box<dyn File> {
        Box::new(StandardInput)
    }

    fn stdout(&self) -> Box<dyn File> {
        Box::new(StandardOutput)
    }
}

/// The parent of the relative path `name` is the empty path, which means the working directory.
fn folder(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

struct OpenFile(fs::File);

impl File for OpenFile {
    fn sync_data(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn metadata(&self) -> io::Result<Metadata> {
        Ok(metadata(&self.0.metadata()?))
    }

    fn try_lock(&mut self) -> io::Result<bool> {
        match rustix::fs::flock(&self.0, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn set_owner_and_mode(&mut self, owner: (u32, u32), mode: u32) -> io::Result<()> {
        // The owner first: a change of owner may clear bits of the mode.
        rustix::fs::fchown(&self.0, Some(Uid::from_raw(owner.0)), Some(Gid::from_raw(owner.1)))?;
        rustix::fs::fchmod(&self.0, Mode::from_raw_mode(mode))?;
        Ok(())
    }
}

impl Read for OpenFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }

    fn read_to_end(&mut self, into: &mut Vec<u8>) -> io::Result<usize> {
        self.0.read_to_end(into)
    }
}

impl Write for OpenFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(slices)
    }
}

impl Seek for OpenFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

/// The machine's answer in the interface's words.
pub(crate) fn metadata(of: &fs::Metadata) -> Metadata {
    let seconds = u64::try_from(of.mtime()).unwrap_or(0);
    let nanos = u32::try_from(of.mtime_nsec()).unwrap_or(0);
    Metadata {
        len: of.len(),
        id: FileId { device: of.dev(), inode: of.ino() },
        is_dir: of.is_dir(),
        mode: of.mode() & 0o7777,
        owner: (of.uid(), of.gid()),
        modified: Duration::new(seconds, nanos),
    }
}
