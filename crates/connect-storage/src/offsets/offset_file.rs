//! One offset file: opened, locked, read, and replaced so that a crash at any moment leaves the old or the new content.
//!
//! **Replacing.** The new content goes to `<file>.tmp` beside the file, is synced, gets the file's owner and mode, and
//! is renamed over it; then the folder is synced. A symbolic link stays one: its target is replaced.
//!
//! **In place.** Where that is impossible (the file is a mount point, the folder cannot be written, the owner cannot be
//! kept) the file itself is written, in three steps, each synced: a copy of the new content and a footer go *behind* the
//! old content; the new content goes over the old one; the copy is cut off. A footer found at start means that the
//! second step may not have finished, so the copy counts. The copy stands in the file itself because nothing else
//! survives together with it: beside a file mounted into a container is only the container's own, short-lived layer.
//! Java ignores bytes behind the map, so at every moment but the second step the file is one that Java reads.
//!
//! **Lock.** The file is locked for as long as it is used; a replacement is locked before it takes the file's place.
//! There is no separate lock file, and Java, which takes no lock, is not disturbed.
//!
//! All calls block.

use std::io::{self, ErrorKind, SeekFrom};
use std::path::{Path, PathBuf};

use env::planted::{self, Bug};
use env::{Disk, Env, File, Metadata, OpenOptions};

use super::java_map::{self, Entries, Fault};

/// The largest offset file read or written, in bytes.
pub(crate) const MAX_BYTES: u64 = 1 << 30;
/// How often a file that was replaced between opening and locking it is opened again.
const OPEN_ATTEMPTS: usize = 16;

/// What is wrong with an offset file. Each text names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OffsetFileError {
    /// It cannot be opened for reading and writing.
    #[error(
        "Offset file {path} cannot be opened for reading and writing: {source}. Make it and its folder writable for \
         the user the worker runs as, or set offset.storage.file.filename to another file"
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no regular file.
    #[error("Offset file {path} is not a regular file. Set offset.storage.file.filename to a regular file")]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// Another worker has it.
    #[error(
        "Offset file {path} is in use by another worker. Two workers would overwrite each other's offsets: stop the \
         other one, or give this one an offset.storage.file.filename of its own"
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It is larger than any offset file.
    #[error(
        "Offset file {path} would have {bytes} bytes, more than the {MAX_BYTES} an offset file may have. Set \
         offset.storage.file.filename to the right file"
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// It is damaged.
    #[error(
        "Offset file {path} is corrupt at byte {position}: {reason}. Restore it from a backup, or remove it to let \
         every source connector start from its beginning"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where.
        position: usize,
        /// What was found.
        reason: String,
    },
    /// It holds another Java object.
    #[error(
        "Expected HashMap but found class {class} in offset file {path}. Set offset.storage.file.filename to the \
         right file, or remove this one to let every source connector start from its beginning"
    )]
    WrongClass {
        /// The file.
        path: PathBuf,
        /// The class found.
        class: String,
    },
    /// Reading failed.
    #[error("Offset file {path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Writing failed. The file holds the old offsets, or, after a failed sync, possibly the new ones.
    #[error(
        "Offset file {path} cannot be written: {source}. The offsets stored before are kept. Make room or make the \
         file writable; the worker tries again at the next flush"
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl From<OffsetFileError> for connect_api::Error {
    fn from(error: OffsetFileError) -> Self {
        // The text ends with its cause, which is not said once more.
        connect_api::Error::connect(error.to_string())
    }
}

/// An open, locked offset file.
pub(crate) struct OffsetFile {
    env: Env,
    /// As configured; for messages.
    name: PathBuf,
    /// With links resolved.
    path: PathBuf,
    file: Box<dyn File>,
    way: Way,
}

/// How the file gets new content.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Replace,
    InPlace,
    /// The null device keeps nothing; Java takes it, and so it is a way to run without an offset file.
    Discard,
}

impl OffsetFile {
    /// Opens the file, makes it when it is absent, locks it, finishes an interrupted write, and reads it.
    pub(crate) fn open(env: &Env, name: &Path) -> Result<(Self, Entries), OffsetFileError> {
        let disk = env.disk();
        let (file, path, way) = open_locked(disk, name)?;
        let mut this = Self { env: env.clone(), name: name.to_owned(), path, file, way };
        if way == Way::Discard {
            tracing::warn!(file = %name.display(), "offsets are not kept: every source connector starts from its beginning");
            return Ok((this, Entries::new()));
        }
        let content = this.read()?;
        if content.is_empty() {
            // It may have been made just now. A folder that cannot be synced shows at the first write.
            let _ = disk.sync_dir(beside(&this.path).0);
        }
        let entries = match journal::copy_in(&content) {
            Some(copy) => {
                tracing::warn!(file = %name.display(), "finishing a write of the offset file that was interrupted");
                let entries = this.decode(copy)?;
                this.settle(copy).map_err(|source| this.write_error(source))?;
                entries
            }
            None if content.is_empty() || journal::began_in_empty(&content) => Entries::new(),
            None => this.decode(&content)?,
        };
        Ok((this, entries))
    }

    fn read(&mut self) -> Result<Vec<u8>, OffsetFileError> {
        let read_error = |source| OffsetFileError::Read { path: self.name.clone(), source };
        let length = self.file.metadata().map_err(read_error)?.len;
        if length > MAX_BYTES {
            return Err(OffsetFileError::TooLarge { path: self.name.clone(), bytes: length });
        }
        let mut content = Vec::new();
        self.file.seek(SeekFrom::Start(0)).map_err(read_error)?;
        self.file.read_to_end(&mut content).map_err(read_error)?;
        Ok(content)
    }

    fn decode(&self, content: &[u8]) -> Result<Entries, OffsetFileError> {
        let path = self.name.clone();
        java_map::decode(content).map_err(|fault| match fault {
            Fault::WrongClass(class) => OffsetFileError::WrongClass { path, class },
            Fault::Malformed { position, reason } => OffsetFileError::Corrupt { path, position, reason },
        })
    }

    /// Gives the file new content, durably.
    pub(crate) fn store(&mut self, content: &[u8]) -> Result<(), OffsetFileError> {
        if content.len() as u64 > MAX_BYTES {
            return Err(OffsetFileError::TooLarge { path: self.name.clone(), bytes: content.len() as u64 });
        }
        if self.way == Way::Replace {
            match self.replace(content) {
                Err(error) if needs_writing_in_place(&error) => {
                    tracing::info!(
                        file = %self.name.display(), reason = %error,
                        "the offset file cannot be replaced and is written in place"
                    );
                    self.way = Way::InPlace;
                }
                other => return other.map_err(|source| self.write_error(source)),
            }
        }
        if self.way == Way::Discard {
            return Ok(());
        }
        self.write_in_place(content).map_err(|source| self.write_error(source))
    }

    fn write_error(&self, source: io::Error) -> OffsetFileError {
        OffsetFileError::Write { path: self.name.clone(), source }
    }

    fn replace(&mut self, content: &[u8]) -> io::Result<()> {
        let disk = self.env.disk();
        let (folder, temporary) = beside(&self.path);
        let written = self.write_replacement(&temporary, content).and_then(|file| {
            disk.rename(&temporary, &self.path)?;
            Ok(file)
        });
        match written {
            Ok(file) => self.file = file,
            Err(error) => {
                let _ = disk.remove(&temporary);
                return Err(error);
            }
        }
        disk.sync_dir(folder)
    }

    fn write_replacement(&self, temporary: &Path, content: &[u8]) -> io::Result<Box<dyn File>> {
        let old = self.file.metadata()?;
        // Never a file or link that somebody else has put there: the folder may be `/tmp`.
        let options = OpenOptions { write: true, create_new: true, mode: old.mode, ..OpenOptions::READ };
        match self.env.disk().remove(temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = self.env.disk().open(temporary, options)?;
        let new = file.metadata()?;
        if (new.owner, new.mode) != (old.owner, old.mode) {
            file.set_owner_and_mode(old.owner, old.mode)?;
        }
        file.write_all(content)?;
        if !planted::acts(Bug::OffsetFileNotSynced) {
            file.sync_data()?;
        }
        let _ = file.try_lock();
        Ok(file)
    }

    fn write_in_place(&mut self, content: &[u8]) -> io::Result<()> {
        let before = self.file.metadata()?.len;
        if let Err(error) = self.append_copy(before, content) {
            // The old content stands untouched before it.
            let _ = self.file.set_len(before);
            return Err(error);
        }
        self.settle(content)
    }

    fn append_copy(&mut self, before: u64, content: &[u8]) -> io::Result<()> {
        let padding = (content.len() as u64).saturating_sub(before) as usize;
        self.file.seek(SeekFrom::Start(before))?;
        self.file.write_all(&vec![journal::PADDING; padding])?;
        if before == 0 {
            // With no old content to stop at, the padding itself must say that there was none.
            self.file.sync_data()?;
        }
        self.file.write_all(content)?;
        self.file.write_all(&journal::footer(content))?;
        self.file.flush()?;
        self.file.sync_data()
    }

    /// Writes the content over the beginning and cuts off everything behind it, the copy last.
    fn settle(&mut self, content: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(content)?;
        self.file.flush()?;
        self.file.sync_data()?;
        self.file.set_len(content.len() as u64)?;
        self.file.sync_data()
    }
}

/// The open file with its lock, its path with links resolved, and how it gets new content.
fn open_locked(disk: &dyn Disk, name: &Path) -> Result<(Box<dyn File>, PathBuf, Way), OffsetFileError> {
    let open_error = |source| OffsetFileError::Open { path: name.to_owned(), source };
    for _ in 0..OPEN_ATTEMPTS {
        let mut file = open_or_make(disk, name).map_err(open_error)?;
        let opened: Metadata = file.metadata().map_err(open_error)?;
        let path = disk.canonicalize(name).map_err(open_error)?;
        // A device, a pipe or a folder cannot be given the length it has.
        if opened.is_dir || file.set_len(opened.len).is_err_and(|error| error.kind() == ErrorKind::InvalidInput) {
            let null = path == Path::new("/dev/null");
            return if null {
                Ok((file, path, Way::Discard))
            } else {
                Err(OffsetFileError::NotAFile { path: name.to_owned() })
            };
        }
        match file.try_lock() {
            Ok(true) => {}
            Ok(false) => return Err(OffsetFileError::InUse { path: name.to_owned() }),
            Err(error) => tracing::warn!(
                file = %name.display(), %error,
                "the offset file cannot be locked; take care that no second worker uses it"
            ),
        }
        // Between opening and locking, a worker that was ending may have replaced it.
        if disk.metadata(&path).is_ok_and(|now| now.id == opened.id) {
            return Ok((file, path, Way::Replace));
        }
    }
    Err(OffsetFileError::InUse { path: name.to_owned() })
}

/// An existing file is opened without asking to make it: in a sticky folder such as `/tmp`, Linux refuses to "make" an
/// existing file of another user, even for root.
fn open_or_make(disk: &dyn Disk, name: &Path) -> io::Result<Box<dyn File>> {
    let existing = OpenOptions { write: true, ..OpenOptions::READ };
    match disk.open(name, existing) {
        Err(error) if error.kind() == ErrorKind::NotFound => disk.open(name, OpenOptions { create: true, ..existing }),
        other => other,
    }
}

/// The folder of a file, and the name of its replacement while that is written.
fn beside(path: &Path) -> (&Path, PathBuf) {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    (path.parent().unwrap_or(Path::new("")), path.with_file_name(name))
}

fn needs_writing_in_place(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ResourceBusy
            | ErrorKind::CrossesDevices
            | ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
    )
}

/// The copy behind the content while a file is written in place: the copy, then a footer of fixed size.
mod journal {
    const MARK: [u8; 8] = *b"MoldauOf";
    const FOOTER: usize = 8 + 8 + 4;
    /// Between shorter old content and the copy.
    pub(super) const PADDING: u8 = b'M';

    /// Whether a first write into an empty file was interrupted: it begins with padding.
    pub(super) fn began_in_empty(file: &[u8]) -> bool {
        file.iter().take(4).all(|byte| *byte == PADDING)
    }

    /// What stands behind a copy of `content`: its length, its checksum, a mark.
    pub(super) fn footer(content: &[u8]) -> [u8; FOOTER] {
        let mut footer = [0; FOOTER];
        footer[..8].copy_from_slice(&(content.len() as u64).to_be_bytes());
        footer[8..12].copy_from_slice(&crc32c::crc32c(content).to_be_bytes());
        footer[12..].copy_from_slice(&MARK);
        footer
    }

    /// The whole copy at the end of `file`, if there is one.
    pub(super) fn copy_in(file: &[u8]) -> Option<&[u8]> {
        let (rest, found) = file.split_at_checked(file.len().checked_sub(FOOTER)?)?;
        let length = usize::try_from(u64::from_be_bytes(*found.first_chunk()?)).ok()?;
        let copy = &rest[rest.len().checked_sub(length)?..];
        (footer(copy) == *found).then_some(copy)
    }
}
