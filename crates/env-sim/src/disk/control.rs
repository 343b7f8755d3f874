//! The test's hand on a machine's disk.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::fault::DiskFault;
use super::volume::{Content, Inode, Names, Node, Volume};
use crate::host::Host;
use crate::world::World;

/// Fills, reads and breaks the disk of one machine, and holds the other ends of its standard streams. None of it counts
/// as an operation of the machine's process, and none fails by a fault.
pub struct DiskControl {
    world: Arc<World>,
    host: Arc<Host>,
}

impl DiskControl {
    pub(crate) fn new(world: Arc<World>, host: Arc<Host>) -> Self {
        Self { world, host }
    }

    /// The disk holds at most that many bytes of file content; what is beyond them already, stays.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.host.drive.state.lock().volume.capacity = bytes;
    }

    /// The bytes of file content that are there.
    pub fn used(&self) -> u64 {
        self.host.drive.state.lock().volume.used()
    }

    /// Nothing fails any more that has not yet, but for operations that fail by chance.
    pub fn mend(&self) {
        self.host.drive.state.lock().faults.waiting.clear();
    }

    /// Lets operations fail with an I/O error.
    pub fn fail(&self, fault: DiskFault) {
        self.host.drive.state.lock().faults.waiting.push(fault);
    }

    /// Forgets the faults that still wait for their operation.
    pub fn clear_faults(&self) {
        self.host.drive.state.lock().faults.waiting.clear();
    }

    /// The chance that any operation fails with an I/O error.
    pub fn set_error_chance(&self, chance: f64) {
        self.host.drive.state.lock().faults.error_chance = chance;
    }

    /// Each operation blocks its task for that long: the task goes on only after that time. Tasks see the effect of an
    /// operation at its beginning.
    pub fn set_delay(&self, delay: Duration) {
        self.host.drive.state.lock().faults.delay = delay;
    }

    /// Puts a file on the disk, durable, with the folders above it; whatever else is there gets durable too.
    ///
    /// # Errors
    /// When a folder has the name of a file or the other way round.
    pub fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let path = Path::new(path);
        self.change(|volume| {
            self.make_folders(volume, path.parent().unwrap_or(path))?;
            let place = volume.find(path, true)?;
            let file = match place.inode {
                Some(file) => file,
                None => {
                    let (folder, name) = place.named()?;
                    volume.create(folder, name, self.inode(Node::File(Content::default()), 0o644))
                }
            };
            let content = volume.content(file)?;
            content.set_len(0);
            content.write(0, bytes);
            Ok(())
        })
    }

    /// Makes a folder and those above it, durable; whatever else is there gets durable too.
    ///
    /// # Errors
    /// When a file is in the way.
    pub fn put_folder(&self, path: &str) -> io::Result<()> {
        self.change(|volume| self.make_folders(volume, Path::new(path)))
    }

    /// Makes a symbolic link, durable; whatever else is there gets durable too.
    ///
    /// # Errors
    /// When something stands there, or the folder is missing.
    pub fn put_link(&self, path: &str, target: &str) -> io::Result<()> {
        self.change(|volume| {
            let place = volume.find(Path::new(path), false)?;
            if place.inode.is_some() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let (folder, name) = place.named()?;
            volume.create(folder, name, self.inode(Node::Symlink(target.into()), 0o777));
            Ok(())
        })
    }

    /// A file's content, as the machine's process sees it.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.content(path, |content| content.bytes.clone())
    }

    /// What of a file's content a crash leaves at least, should its name survive.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn read_durable(&self, path: &str) -> io::Result<Vec<u8>> {
        self.content(path, |content| content.durable().to_vec())
    }

    /// Bytes that the machine's process will find on standard input, after those that are there; then it has ended.
    pub fn feed_stdin(&self, bytes: &[u8]) {
        self.host.drive.state.lock().stdin.extend(bytes);
    }

    /// What all processes of the machine have written to standard output.
    pub fn stdout(&self) -> Vec<u8> {
        self.host.drive.state.lock().stdout.clone()
    }

    fn content<T>(&self, path: &str, look: impl FnOnce(&Content) -> T) -> io::Result<T> {
        let volume = &mut self.host.drive.state.lock().volume;
        let file = volume.find(Path::new(path), true)?.existing()?;
        volume.content(file).map(|content| look(content))
    }

    fn change(&self, change: impl FnOnce(&mut Volume) -> io::Result<()>) -> io::Result<()> {
        let volume = &mut self.host.drive.state.lock().volume;
        change(volume)?;
        volume.sync_all();
        Ok(())
    }

    fn make_folders(&self, volume: &mut Volume, path: &Path) -> io::Result<()> {
        let mut above: Vec<&Path> = path.ancestors().collect();
        above.reverse();
        for folder in above {
            let place = volume.find(folder, true)?;
            match place.inode {
                Some(inode) => {
                    volume.names(inode)?;
                }
                None => {
                    let (parent, name) = place.named()?;
                    volume.create(parent, name, self.inode(Node::Folder(Names::default()), 0o755));
                }
            }
        }
        Ok(())
    }

    fn inode(&self, node: Node, mode: u32) -> Inode {
        let modified = Duration::from_millis(u64::try_from(self.world.time.unix_millis()).unwrap_or(0));
        Inode { node, mode, owner: (0, 0), modified }
    }
}
