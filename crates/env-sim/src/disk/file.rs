//! Open files.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use env::{File, Metadata, OpenOptions};
use parking_lot::MutexGuard;

use super::drive::State;
use super::fault::DiskOperation;
use super::volume::errno;
use crate::host::Process;
use crate::world::World;

/// An open file.
pub(super) struct SimFile {
    world: Arc<World>,
    process: Arc<Process>,
    /// As the program wrote it.
    path: PathBuf,
    inode: u64,
    handle: u64,
    options: OpenOptions,
    position: u64,
    /// How many failed syncs of the file this handle knows of.
    failed_syncs: u64,
}

impl SimFile {
    pub(super) fn new(
        world: Arc<World>,
        process: Arc<Process>,
        path: PathBuf,
        inode: u64,
        handle: u64,
        options: OpenOptions,
        failed_syncs: u64,
    ) -> Self {
        Self { world, process, path, inode, handle, options, position: 0, failed_syncs }
    }

    fn begin(&self, operation: DiskOperation) -> io::Result<MutexGuard<'_, State>> {
        self.process.host.drive.begin(&self.world, &self.process, operation, &self.path)
    }

    fn writes(&self) -> bool {
        self.options.write || self.options.append
    }

    fn touch(&self, state: &mut State) {
        if let Some(inode) = state.volume.inodes.get_mut(&self.inode) {
            inode.modified = Duration::from_millis(u64::try_from(self.world.time.unix_millis()).unwrap_or(0));
        }
    }
}

impl Read for SimFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if !self.options.read {
            return Err(errno::bad_descriptor());
        }
        let mut state = self.begin(DiskOperation::Read)?;
        let bytes = &state.volume.content(self.inode)?.bytes;
        let start = usize::try_from(self.position).map_or(bytes.len(), |position| position.min(bytes.len()));
        let count = into.len().min(bytes.len() - start);
        into[..count].copy_from_slice(&bytes[start..start + count]);
        drop(state);
        self.position += count as u64;
        Ok(count)
    }
}

impl Write for SimFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.writes() {
            return Err(errno::bad_descriptor());
        }
        let mut state = self.begin(DiskOperation::Write)?;
        if bytes.is_empty() {
            return Ok(0);
        }
        let len = state.volume.content(self.inode)?.bytes.len() as u64;
        let start = if self.options.append { len } else { self.position };
        let growth = (start + bytes.len() as u64).saturating_sub(len);
        let lacking = growth - state.volume.room_for(growth);
        let count = bytes.len().saturating_sub(usize::try_from(lacking).unwrap_or(usize::MAX));
        if count == 0 {
            return Err(errno::full());
        }
        let at = usize::try_from(start).map_err(|_| errno::invalid())?;
        state.volume.content(self.inode)?.write(at, &bytes[..count]);
        self.touch(&mut state);
        drop(state);
        self.world.trace.mix_bytes(&bytes[..count]);
        self.position = start + count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for SimFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.metadata()?.len.checked_add_signed(by),
        };
        self.position = position.filter(|position| i64::try_from(*position).is_ok()).ok_or_else(errno::invalid)?;
        Ok(self.position)
    }
}

impl File for SimFile {
    fn sync_data(&mut self) -> io::Result<()> {
        let synced = self.begin(DiskOperation::Sync).map(|mut state| {
            let content = state.volume.content(self.inode)?;
            content.sync();
            io::Result::Ok(content.failed_syncs())
        });
        let failed = match synced {
            Ok(failed) => failed?,
            Err(error) => {
                if self.process.is_alive() {
                    let mut state = self.process.host.drive.state.lock();
                    let content = state.volume.content(self.inode)?;
                    content.fail_sync();
                    let failed = content.failed_syncs();
                    drop(state);
                    self.failed_syncs = failed;
                }
                return Err(error);
            }
        };
        // As on Linux, whoever has the file open learns once that a sync of it has failed, also somebody else's.
        let known = std::mem::replace(&mut self.failed_syncs, failed);
        if known == failed { Ok(()) } else { Err(errno::io()) }
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        if !self.writes() {
            return Err(errno::invalid());
        }
        let mut state = self.begin(DiskOperation::SetLen)?;
        let growth = len.saturating_sub(state.volume.content(self.inode)?.bytes.len() as u64);
        if state.volume.room_for(growth) < growth {
            return Err(errno::full());
        }
        let len = usize::try_from(len).map_err(|_| errno::invalid())?;
        state.volume.content(self.inode)?.set_len(len);
        self.touch(&mut state);
        Ok(())
    }

    fn metadata(&self) -> io::Result<Metadata> {
        let state = self.begin(DiskOperation::Metadata)?;
        let inode = state.volume.inodes.get(&self.inode).ok_or_else(errno::not_found)?;
        Ok(self.process.host.drive.metadata(self.inode, inode))
    }

    fn try_lock(&mut self) -> io::Result<bool> {
        self.begin(DiskOperation::Lock)?.volume.content(self.inode).map(|content| content.try_lock(self.handle))
    }

    fn set_owner_and_mode(&mut self, owner: (u32, u32), mode: u32) -> io::Result<()> {
        let mut state = self.begin(DiskOperation::SetOwner)?;
        let inode = state.volume.inodes.get_mut(&self.inode).ok_or_else(errno::not_found)?;
        inode.owner = owner;
        inode.mode = mode & 0o7777;
        Ok(())
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        self.process.host.drive.state.lock().volume.remove_handle(self.handle);
    }
}
