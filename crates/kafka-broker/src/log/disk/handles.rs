//! Open files, at most so many at a time: a broker may have far more segments than the system lets it open.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use env::{Env, File, OpenOptions};
use parking_lot::Mutex;

/// How many files are kept open for later use. Half of what systems allow a process without being asked.
const DEFAULT_CAPACITY: usize = 512;

/// Keeps the files that were used last open.
pub(crate) struct Handles {
    env: Env,
    capacity: usize,
    open: Mutex<Open>,
}

/// Which files are open; numbers are those of [`Handles::new_number`].
#[derive(Default)]
struct Open {
    files: HashMap<u64, (u64, Arc<Handle>)>,
    /// From the time of the last use to the number.
    by_use: BTreeMap<u64, u64>,
    uses: u64,
    next_number: u64,
    /// Files that hold something not yet synced: they stay open, since a failure to write it back is told to those alone
    /// who have the file open.
    held: usize,
}

/// An open file; users take turns.
pub(crate) struct Handle(Mutex<Placed>);

/// A file and where its next read or write would be.
struct Placed {
    file: Box<dyn File>,
    position: u64,
}

impl Handles {
    pub(crate) fn new(env: Env) -> Arc<Self> {
        Self::with_capacity(env, DEFAULT_CAPACITY)
    }

    pub(crate) fn with_capacity(env: Env, capacity: usize) -> Arc<Self> {
        Arc::new(Self { env, capacity, open: Mutex::default() })
    }

    pub(crate) fn env(&self) -> &Env {
        &self.env
    }

    /// A number that no other file has.
    pub(crate) fn new_number(&self) -> u64 {
        let mut open = self.open.lock();
        open.next_number += 1;
        open.next_number
    }

    /// The file of that number, opened when it is not; created when it does not exist and `create` says so.
    ///
    /// # Errors
    /// Those of the file system, with the path.
    pub(crate) fn get(&self, number: u64, path: &Path, create: bool) -> io::Result<Arc<Handle>> {
        if let Some(handle) = self.open.lock().touch(number) {
            return Ok(handle);
        }
        let options = OpenOptions { read: true, write: true, create, ..OpenOptions::default() };
        let file = self.env.disk().open(path, options).map_err(|error| about(path, "cannot be opened", &error))?;
        let handle = Arc::new(Handle(Mutex::new(Placed { file, position: 0 })));
        let closed = self.open.lock().insert(number, handle.clone(), self.capacity);
        // Closing may take its time: nobody else waits for it.
        drop(closed);
        Ok(handle)
    }

    /// Closes the file of that number, once nobody uses it any more.
    pub(crate) fn close(&self, number: u64) {
        let closed = self.open.lock().remove(number);
        drop(closed);
    }

    /// One more file stays open until [`Handles::release`]; `false` when there are so many that it had better be synced at
    /// once.
    pub(crate) fn hold(&self) -> bool {
        let mut open = self.open.lock();
        open.held += 1;
        open.held <= self.capacity / 2
    }

    pub(crate) fn release(&self) {
        let mut open = self.open.lock();
        open.held = open.held.saturating_sub(1);
    }
}

impl Open {
    fn touch(&mut self, number: u64) -> Option<Arc<Handle>> {
        let (used, handle) = self.files.get_mut(&number)?;
        self.uses += 1;
        self.by_use.remove(used);
        self.by_use.insert(self.uses, number);
        *used = self.uses;
        Some(handle.clone())
    }

    /// Gives what is closed for it.
    fn insert(&mut self, number: u64, handle: Arc<Handle>, capacity: usize) -> Vec<Arc<Handle>> {
        let mut closed: Vec<_> = self.remove(number).into_iter().collect();
        self.uses += 1;
        self.by_use.insert(self.uses, number);
        self.files.insert(number, (self.uses, handle));
        while self.files.len() > capacity {
            let Some((_, oldest)) = self.by_use.pop_first() else { break };
            closed.extend(self.files.remove(&oldest).map(|(_, handle)| handle));
        }
        closed
    }

    fn remove(&mut self, number: u64) -> Option<Arc<Handle>> {
        let (used, handle) = self.files.remove(&number)?;
        self.by_use.remove(&used);
        Some(handle)
    }
}

impl Handle {
    /// Fills `into` from what is at `position`.
    ///
    /// # Errors
    /// Those of the file system; `UnexpectedEof` when the file is shorter.
    pub(crate) fn read_at(&self, position: u64, into: &mut [u8]) -> io::Result<()> {
        self.0.lock().at(position, into.len(), |file| file.read_exact(into))
    }

    /// Writes all of `bytes` at `position`.
    ///
    /// # Errors
    /// Those of the file system; then any part of it may have been written.
    pub(crate) fn write_at(&self, position: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.lock().at(position, bytes.len(), |file| file.write_all(bytes))
    }

    /// As [`File::set_len`].
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.lock().file.set_len(len)
    }

    /// As [`File::sync_data`].
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.0.lock().file.sync_data()
    }
}

impl Placed {
    fn at(&mut self, position: u64, count: usize, act: impl FnOnce(&mut dyn File) -> io::Result<()>) -> io::Result<()> {
        if self.position != position {
            // Nobody knows where a seek that fails leaves it.
            self.position = u64::MAX;
            self.file.seek(SeekFrom::Start(position))?;
        }
        self.position = u64::MAX;
        act(&mut *self.file)?;
        self.position = position + count as u64;
        Ok(())
    }
}

/// An error with the path it is about.
pub(crate) fn about(path: &Path, what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{} {what}: {error}", path.display()))
}

/// The path with something put behind its name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use env_sim::Sim;

    use super::*;

    #[test]
    fn only_so_many_files_are_open_and_the_last_used_ones_stay() {
        Sim::new(1).run(|env, _| async move {
            let handles = Handles::with_capacity(env, 2);
            let numbers: Vec<_> = (0..3).map(|_| handles.new_number()).collect();
            let path = |index: usize| PathBuf::from(format!("/{index}"));
            for index in [0, 1, 0, 2] {
                let handle = handles.get(numbers[index], &path(index), true).unwrap();
                handle.write_at(index as u64, b"x").unwrap();
            }
            let open: Vec<_> = numbers.iter().map(|number| handles.open.lock().files.contains_key(number)).collect();
            assert_eq!(open, [true, false, true]);
            handles.close(numbers[0]);
            assert_eq!(handles.open.lock().by_use.len(), 1);
            let mut read = [0; 2];
            handles.get(numbers[1], &path(1), false).unwrap().read_at(0, &mut read).unwrap();
            assert_eq!(&read, b"\0x");
        });
    }

    #[test]
    fn reads_and_writes_go_where_they_are_told_in_any_order() {
        Sim::new(1).run(|env, sim| async move {
            let handles = Handles::new(env);
            let number = handles.new_number();
            let handle = handles.get(number, Path::new("/f"), true).unwrap();
            handle.write_at(0, b"abcdef").unwrap();
            handle.write_at(2, b"XY").unwrap();
            let mut read = [0; 3];
            handle.read_at(3, &mut read).unwrap();
            assert_eq!(&read, b"Yef");
            assert!(handle.read_at(4, &mut read).is_err());
            handle.write_at(6, b"g").unwrap();
            assert_eq!(sim.disk("test").read("/f").unwrap(), b"abXYefg");
        });
    }
}
