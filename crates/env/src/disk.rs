//! Files. All calls block: they are made from a section that [`crate::Work::in_place`] or
//! [`crate::Work::spawn_blocking`] allows to block, or on files that are small and local.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How to open a file; the same meaning as in `std::fs::OpenOptions`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// Allow reading.
    pub read: bool,
    /// Allow writing.
    pub write: bool,
    /// Every write goes to the end of the file.
    pub append: bool,
    /// Cut the file to no bytes.
    pub truncate: bool,
    /// Create the file when it does not exist.
    pub create: bool,
    /// Create the file, and fail when it exists.
    pub create_new: bool,
    /// Permission bits of a file that is created; 0 means the system's usual ones.
    pub mode: u32,
}

impl OpenOptions {
    /// For reading an existing file.
    pub const READ: OpenOptions = OpenOptions {
        read: true,
        write: false,
        append: false,
        truncate: false,
        create: false,
        create_new: false,
        mode: 0,
    };
    /// For appending to a file that is created when absent.
    pub const APPEND: OpenOptions = OpenOptions { append: true, create: true, read: false, ..OpenOptions::READ };
}

/// Which file this is, whatever its name: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId {
    /// Device.
    pub device: u64,
    /// Inode.
    pub inode: u64,
}

/// What the file system says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Length in bytes.
    pub len: u64,
    /// Identity.
    pub id: FileId,
    /// Whether it is a directory.
    pub is_dir: bool,
    /// Permission bits.
    pub mode: u32,
    /// Owner and group.
    pub owner: (u32, u32),
    /// Time of the last change of content, since 1970.
    pub modified: Duration,
}

/// An open file or standard stream.
pub trait File: io::Read + io::Write + io::Seek + Send {
    /// Makes the content durable: after it returns, a crash of the machine loses none of what was written.
    ///
    /// # Errors
    /// Any error means that what was written may be lost.
    fn sync_data(&mut self) -> io::Result<()>;
    /// Cuts or extends the file to `len` bytes.
    ///
    /// # Errors
    /// Those of the file system.
    fn set_len(&mut self, len: u64) -> io::Result<()>;
    /// What the file system says of this open file.
    ///
    /// # Errors
    /// Those of the file system.
    fn metadata(&self) -> io::Result<Metadata>;
    /// Takes an exclusive advisory lock, held until the file is dropped. `Ok(false)`: somebody else has it.
    ///
    /// # Errors
    /// Those of the file system.
    fn try_lock(&mut self) -> io::Result<bool>;
    /// Gives a newly made file owner, group and permission bits; what the system refuses is an error.
    ///
    /// # Errors
    /// Those of the file system.
    fn set_owner_and_mode(&mut self, owner: (u32, u32), mode: u32) -> io::Result<()>;
}

/// The file system and the standard streams.
pub trait Disk: Send + Sync {
    /// Opens a file.
    ///
    /// # Errors
    /// Those of the file system.
    fn open(&self, path: &Path, options: OpenOptions) -> io::Result<Box<dyn File>>;
    /// What stands at `path`, symbolic links followed.
    ///
    /// # Errors
    /// Those of the file system.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;
    /// The path with every symbolic link resolved.
    ///
    /// # Errors
    /// Those of the file system.
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf>;
    /// Replaces `to` by `from` in one step. Durable only after [`Disk::sync_dir`] of the folder.
    ///
    /// # Errors
    /// Those of the file system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// Those of the file system.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty folder.
    ///
    /// # Errors
    /// Those of the file system; `Unsupported` from a stand-in that has no such thing.
    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let _ = path;
        Err(io::ErrorKind::Unsupported.into())
    }
    /// Makes a folder and those above it; an existing one is fine.
    ///
    /// # Errors
    /// Those of the file system.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;
    /// The names in a folder, sorted.
    ///
    /// # Errors
    /// Those of the file system.
    fn read_dir(&self, path: &Path) -> io::Result<Vec<PathBuf>>;
    /// Makes creations, renames and removals in a folder durable.
    ///
    /// # Errors
    /// Those of the file system.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Standard input.
    fn stdin(&self) -> Box<dyn File>;
    /// Standard output.
    fn stdout(&self) -> Box<dyn File>;

    /// The whole content of a file.
    ///
    /// # Errors
    /// Those of the file system.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.open(path, OpenOptions::READ)?.read_to_end(&mut content)?;
        Ok(content)
    }
}
