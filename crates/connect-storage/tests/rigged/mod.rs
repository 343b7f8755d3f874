//! A disk that refuses renames, counts operations that change something, and takes the power away at one of them.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use env::{Disk, Env, File, Metadata, OpenOptions};
use env_sim::SimHandle;

/// What is to go wrong, and what has happened.
pub(crate) struct Rig {
    inner: Env,
    /// A file that is a mount point cannot be replaced.
    pub(crate) mounted: bool,
    /// Before the operation of that number, counted from 0, the power goes away.
    pub(crate) crash_at: Option<(u64, SimHandle, String)>,
    changes: AtomicU64,
    renames: AtomicU64,
}

impl Rig {
    pub(crate) fn new(inner: Env) -> Self {
        Self { inner, mounted: false, crash_at: None, changes: AtomicU64::new(0), renames: AtomicU64::new(0) }
    }

    /// The world with this disk, and the rig to look at.
    pub(crate) fn env(self) -> (Env, Arc<Rig>) {
        let rig = Arc::new(self);
        (rig.inner.clone().with_disk(Arc::new(RiggedDisk(rig.clone()))), rig)
    }

    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    pub(crate) fn renames(&self) -> u64 {
        self.renames.load(Ordering::SeqCst)
    }

    fn change(&self) {
        let number = self.changes.fetch_add(1, Ordering::SeqCst);
        if let Some((at, sim, host)) = &self.crash_at
            && *at == number
        {
            sim.crash(host);
        }
    }

    fn disk(&self) -> &dyn Disk {
        self.inner.disk()
    }
}

struct RiggedDisk(Arc<Rig>);

impl Disk for RiggedDisk {
    fn open(&self, path: &Path, options: OpenOptions) -> io::Result<Box<dyn File>> {
        if options.create || options.create_new || options.truncate {
            self.0.change();
        }
        Ok(Box::new(RiggedFile { rig: self.0.clone(), inner: self.0.disk().open(path, options)? }))
    }
    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.0.disk().metadata(path)
    }
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        self.0.disk().canonicalize(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.change();
        if self.0.mounted {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        self.0.renames.fetch_add(1, Ordering::SeqCst);
        self.0.disk().rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.change();
        self.0.disk().remove(path)
    }
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.0.disk().create_dir_all(path)
    }
    fn read_dir(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        self.0.disk().read_dir(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.0.change();
        self.0.disk().sync_dir(path)
    }
    fn stdin(&self) -> Box<dyn File> {
        self.0.disk().stdin()
    }
    fn stdout(&self) -> Box<dyn File> {
        self.0.disk().stdout()
    }
}

struct RiggedFile {
    rig: Arc<Rig>,
    inner: Box<dyn File>,
}

impl Read for RiggedFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.inner.read(into)
    }
}

impl Write for RiggedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rig.change();
        self.inner.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl Seek for RiggedFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

impl File for RiggedFile {
    fn sync_data(&mut self) -> io::Result<()> {
        self.rig.change();
        self.inner.sync_data()
    }
    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.rig.change();
        self.inner.set_len(len)
    }
    fn metadata(&self) -> io::Result<Metadata> {
        self.inner.metadata()
    }
    fn try_lock(&mut self) -> io::Result<bool> {
        self.inner.try_lock()
    }
    fn set_owner_and_mode(&mut self, owner: (u32, u32), mode: u32) -> io::Result<()> {
        self.rig.change();
        self.inner.set_owner_and_mode(owner, mode)
    }
}
