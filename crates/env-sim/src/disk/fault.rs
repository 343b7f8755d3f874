//! What can go wrong with a disk.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::volume::errno;

/// What is asked of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiskOperation {
    /// [`env::Disk::open`].
    Open,
    /// Reading from an open file.
    Read,
    /// Writing to an open file.
    Write,
    /// [`env::File::sync_data`]. When it fails, what was to be flushed never will be, as on Linux: a later sync that
    /// succeeds does not cover it. Every other handle on the file fails its next sync too.
    Sync,
    /// [`env::File::set_len`].
    SetLen,
    /// [`env::File::try_lock`].
    Lock,
    /// [`env::File::set_owner_and_mode`].
    SetOwner,
    /// [`env::Disk::metadata`], [`env::File::metadata`], [`env::Disk::canonicalize`].
    Metadata,
    /// [`env::Disk::rename`].
    Rename,
    /// [`env::Disk::remove`], [`env::Disk::remove_dir`].
    Remove,
    /// [`env::Disk::create_dir_all`].
    CreateDir,
    /// [`env::Disk::read_dir`].
    ReadDir,
    /// [`env::Disk::sync_dir`].
    SyncDir,
}

/// A fault that is waiting for its operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskFault {
    /// The operation that fails; any when `None`.
    pub operation: Option<DiskOperation>,
    /// Only on paths that contain this text, as the program wrote them.
    pub path_contains: String,
    /// How many such operations succeed before.
    pub after: u64,
    /// How many fail.
    pub times: u64,
}

impl DiskFault {
    /// The next operation of that kind fails, on whatever path.
    pub fn next(operation: DiskOperation) -> Self {
        Self { operation: Some(operation), path_contains: String::new(), after: 0, times: 1 }
    }

    fn covers(&self, operation: DiskOperation, path: &Path) -> bool {
        self.operation.is_none_or(|covered| covered == operation)
            && path.to_string_lossy().contains(&self.path_contains)
    }
}

/// The faults of one disk.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) waiting: Vec<DiskFault>,
    /// Chance that any operation fails.
    pub(super) error_chance: f64,
    /// How long each operation blocks its task.
    pub(super) delay: Duration,
}

impl Faults {
    /// Whether a waiting fault has its turn now.
    ///
    /// # Errors
    /// The fault: an I/O error.
    pub(super) fn check(&mut self, operation: DiskOperation, path: &Path) -> io::Result<()> {
        let mut fails = false;
        for fault in self.waiting.iter_mut().filter(|fault| fault.covers(operation, path)) {
            if fault.after > 0 {
                fault.after -= 1;
            } else if fault.times > 0 {
                fault.times -= 1;
                fails = true;
            }
        }
        self.waiting.retain(|fault| fault.times > 0);
        if fails { Err(errno::io()) } else { Ok(()) }
    }
}
