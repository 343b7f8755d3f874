//! The disk as one process sees it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use env::{Disk, File, Metadata, OpenOptions};
use parking_lot::MutexGuard;

use super::drive::State;
use super::fault::DiskOperation;
use super::file::SimFile;
use super::standard_stream::{SimInput, SimOutput};
use super::volume::{Content, Inode, Names, Node, errno};
use crate::host::Process;
use crate::world::World;

/// Permission bits of what is made without saying which.
const FILE_MODE: u32 = 0o644;
const FOLDER_MODE: u32 = 0o755;

/// The disk of one process.
pub(crate) struct SimDisk {
    pub(crate) world: Arc<World>,
    pub(crate) process: Arc<Process>,
}

impl SimDisk {
    fn begin(&self, operation: DiskOperation, path: &Path) -> io::Result<MutexGuard<'_, State>> {
        self.process.host.drive.begin(&self.world, &self.process, operation, path)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.world.time.unix_millis()).unwrap_or(0))
    }

    fn inode(&self, node: Node, mode: u32) -> Inode {
        Inode { node, mode, owner: (0, 0), modified: self.now() }
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path, options: OpenOptions) -> io::Result<Box<dyn File>> {
        let writes = options.write || options.append;
        let creates = options.create || options.create_new;
        let contradictory = match options.append {
            true => options.truncate && !options.create_new,
            false => !writes && (options.truncate || creates),
        };
        if contradictory || !(options.read || writes) {
            return Err(errno::invalid());
        }
        let mut state = self.begin(DiskOperation::Open, path)?;
        let volume = &mut state.volume;
        let place = volume.find(path, !options.create_new)?;
        let inode = match place.inode {
            Some(_) if options.create_new => return Err(errno::exists()),
            Some(inode) => {
                if writes && volume.names(inode).is_ok() {
                    return Err(errno::is_a_folder());
                }
                if options.truncate {
                    volume.content(inode)?.set_len(0);
                }
                inode
            }
            None if creates => {
                let (folder, name) = place.named()?;
                volume.names(folder)?;
                let mode = if options.mode == 0 { FILE_MODE } else { options.mode & 0o7777 };
                volume.create(folder, name, self.inode(Node::File(Content::default()), mode))
            }
            None => return Err(errno::not_found()),
        };
        let handle = self.world.next_id();
        volume.add_handle(handle, inode);
        let failed_syncs = volume.content(inode).map_or(0, |content| content.failed_syncs());
        drop(state);
        let (world, process) = (self.world.clone(), self.process.clone());
        Ok(Box::new(SimFile::new(world, process, path.to_owned(), inode, handle, options, failed_syncs)))
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let state = self.begin(DiskOperation::Metadata, path)?;
        let number = state.volume.find(path, true)?.existing()?;
        let inode = state.volume.inodes.get(&number).ok_or_else(errno::not_found)?;
        Ok(self.process.host.drive.metadata(number, inode))
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        let place = self.begin(DiskOperation::Metadata, path)?.volume.find(path, true)?;
        place.existing()?;
        Ok(place.path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.begin(DiskOperation::Rename, from)?;
        let volume = &mut state.volume;
        let (source, target) = (volume.find(from, false)?, volume.find(to, false)?);
        let inode = source.existing()?;
        if target.path.starts_with(&source.path) && target.path != source.path {
            return Err(errno::invalid());
        }
        if let Some(replaced) = target.inode {
            if replaced == inode {
                return Ok(());
            }
            if source.path.starts_with(&target.path) {
                return Err(errno::not_empty());
            }
            match (volume.names(inode).is_ok(), volume.names(replaced)) {
                (true, Err(_)) => return Err(errno::not_a_folder()),
                (false, Ok(_)) => return Err(errno::is_a_folder()),
                (true, Ok(names)) if !names.now.is_empty() => return Err(errno::not_empty()),
                _ => {}
            }
        }
        let (source, target) = (source.named()?, target.named()?);
        volume.names(target.0)?;
        volume.rename(source, target, inode);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(DiskOperation::Remove, path)?;
        let place = state.volume.find(path, false)?;
        let inode = place.existing()?;
        if state.volume.names(inode).is_ok() {
            return Err(errno::is_a_folder());
        }
        state.volume.unlink(place.named()?, inode);
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(DiskOperation::Remove, path)?;
        let place = state.volume.find(path, false)?;
        if !state.volume.names(place.existing()?)?.now.is_empty() {
            return Err(errno::not_empty());
        }
        let inode = place.existing()?;
        state.volume.unlink(place.named()?, inode);
        Ok(())
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(DiskOperation::CreateDir, path)?;
        let mut so_far = PathBuf::from("/");
        let mut components = path.components().peekable();
        while let Some(component) = components.next() {
            so_far.push(component);
            let place = state.volume.find(&so_far, true)?;
            match place.inode {
                Some(inode) if state.volume.names(inode).is_ok() => {}
                Some(_) if components.peek().is_some() => return Err(errno::not_a_folder()),
                Some(_) => return Err(errno::exists()),
                None => {
                    let (folder, name) = place.named()?;
                    let folder_inode = self.inode(Node::Folder(Names::default()), FOLDER_MODE);
                    state.volume.create(folder, name, folder_inode);
                }
            }
        }
        Ok(())
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let state = self.begin(DiskOperation::ReadDir, path)?;
        let names = state.volume.names(state.volume.find(path, true)?.existing()?)?;
        Ok(names.now.keys().map(PathBuf::from).collect())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(DiskOperation::SyncDir, path)?;
        let folder = state.volume.find(path, true)?.existing()?;
        state.volume.names(folder)?;
        state.volume.sync_names(folder);
        Ok(())
    }

    fn stdin(&self) -> Box<dyn File> {
        Box::new(SimInput(self.process.clone()))
    }

    fn stdout(&self) -> Box<dyn File> {
        Box::new(SimOutput(self.process.clone()))
    }
}
