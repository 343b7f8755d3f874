//! The content of a disk, as programs see it and as it would be after the power went away. Pure: choices come as arguments.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::seed::Choices;

/// The root folder.
pub(super) const ROOT: u64 = 1;

/// Errors with the numbers and therefore the texts of the real system.
pub(super) mod errno {
    use std::io::Error;

    pub(in crate::disk) fn not_found() -> Error {
        Error::from_raw_os_error(2)
    }
    pub(in crate::disk) fn io() -> Error {
        Error::from_raw_os_error(5)
    }
    pub(in crate::disk) fn bad_descriptor() -> Error {
        Error::from_raw_os_error(9)
    }
    pub(in crate::disk) fn exists() -> Error {
        Error::from_raw_os_error(17)
    }
    pub(in crate::disk) fn not_a_folder() -> Error {
        Error::from_raw_os_error(20)
    }
    pub(in crate::disk) fn is_a_folder() -> Error {
        Error::from_raw_os_error(21)
    }
    pub(in crate::disk) fn invalid() -> Error {
        Error::from_raw_os_error(22)
    }
    pub(in crate::disk) fn full() -> Error {
        Error::from_raw_os_error(28)
    }
    pub(in crate::disk) fn not_empty() -> Error {
        Error::from_raw_os_error(39)
    }
}

/// A disk's content.
pub(super) struct Volume {
    pub(super) inodes: BTreeMap<u64, Inode>,
    next_inode: u64,
    /// Changes of names that a crash may undo, oldest first.
    pending_names: Vec<NameChange>,
    /// Open files, by handle.
    open: BTreeMap<u64, u64>,
    /// The most bytes that fit.
    pub(super) capacity: Option<u64>,
}

/// A file, folder or symbolic link, whatever its name.
#[derive(Clone, Debug)]
pub(super) struct Inode {
    pub(super) node: Node,
    pub(super) mode: u32,
    pub(super) owner: (u32, u32),
    pub(super) modified: Duration,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    File(Content),
    Folder(Names),
    Symlink(PathBuf),
}

/// What is in a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
    failed_syncs: u64,
    /// The handle that holds the lock.
    lock: Option<u64>,
}

/// What is in a folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) now: BTreeMap<OsString, u64>,
    durable: BTreeMap<OsString, u64>,
}

#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    SetLen(usize),
}

/// One step: a name goes, a name comes, or both.
#[derive(Clone, Debug)]
struct NameChange {
    /// What loses or gets the name.
    inode: u64,
    removed: Option<(u64, OsString)>,
    added: Option<(u64, OsString)>,
}

impl Volume {
    pub(super) fn new() -> Self {
        let root = Inode { node: Node::Folder(Names::default()), mode: 0o755, owner: (0, 0), modified: Duration::ZERO };
        Self {
            inodes: BTreeMap::from([(ROOT, root)]),
            next_inode: ROOT + 1,
            pending_names: Vec::new(),
            open: BTreeMap::new(),
            capacity: None,
        }
    }

    /// # Errors
    /// When the inode is no folder.
    pub(super) fn names(&self, folder: u64) -> io::Result<&Names> {
        match self.inodes.get(&folder).map(|inode| &inode.node) {
            Some(Node::Folder(names)) => Ok(names),
            Some(_) => Err(errno::not_a_folder()),
            None => Err(errno::not_found()),
        }
    }

    /// # Errors
    /// When the inode is no file.
    pub(super) fn content(&mut self, file: u64) -> io::Result<&mut Content> {
        match self.inodes.get_mut(&file).map(|inode| &mut inode.node) {
            Some(Node::File(content)) => Ok(content),
            Some(Node::Folder(_)) => Err(errno::is_a_folder()),
            Some(Node::Symlink(_)) => Err(errno::invalid()),
            None => Err(errno::not_found()),
        }
    }

    /// Makes something under a free name.
    pub(super) fn create(&mut self, folder: u64, name: OsString, inode: Inode) -> u64 {
        let number = self.next_inode;
        self.next_inode += 1;
        self.inodes.insert(number, inode);
        self.change_names(NameChange { inode: number, removed: None, added: Some((folder, name)) });
        number
    }

    pub(super) fn unlink(&mut self, name: (u64, OsString), inode: u64) {
        self.change_names(NameChange { inode, removed: Some(name), added: None });
    }

    pub(super) fn rename(&mut self, from: (u64, OsString), to: (u64, OsString), inode: u64) {
        self.change_names(NameChange { inode, removed: Some(from), added: Some(to) });
    }

    fn change_names(&mut self, change: NameChange) {
        self.apply_names(&change, |names| &mut names.now);
        self.pending_names.push(change);
    }

    fn apply_names(&mut self, change: &NameChange, of: impl Fn(&mut Names) -> &mut BTreeMap<OsString, u64>) {
        let mut names = |folder: u64, apply: &mut dyn FnMut(&mut BTreeMap<OsString, u64>)| {
            if let Some(Inode { node: Node::Folder(names), .. }) = self.inodes.get_mut(&folder) {
                apply(of(names));
            }
        };
        if let Some((folder, name)) = &change.removed {
            names(*folder, &mut |names| {
                names.remove(name);
            });
        }
        if let Some((folder, name)) = &change.added {
            names(*folder, &mut |names| {
                names.insert(name.clone(), change.inode);
            });
        }
    }

    /// Makes the names in a folder durable, and with them whatever must come before.
    pub(super) fn sync_names(&mut self, folder: u64) {
        let mut folders = BTreeSet::from([folder]);
        let mut covered = vec![false; self.pending_names.len()];
        for (change, covered) in self.pending_names.iter().zip(&mut covered).rev() {
            if change.folders().any(|folder| folders.contains(&folder)) {
                *covered = true;
                folders.extend(change.folders());
            }
        }
        let pending = std::mem::take(&mut self.pending_names);
        for (change, covered) in pending.into_iter().zip(covered) {
            if covered {
                self.apply_names(&change, |names| &mut names.durable);
            } else {
                self.pending_names.push(change);
            }
        }
        self.forget_unreachable();
    }

    /// Makes all names and contents durable: what a test puts on a disk before it begins.
    pub(super) fn sync_all(&mut self) {
        for change in std::mem::take(&mut self.pending_names) {
            self.apply_names(&change, |names| &mut names.durable);
        }
        for inode in self.inodes.values_mut() {
            if let Node::File(content) = &mut inode.node {
                content.sync();
            }
        }
    }

    /// The bytes of all files that have a name or are open.
    pub(super) fn used(&self) -> u64 {
        let reached = self.reached_from(self.open.values().copied(), |names| names.now.values().copied().collect());
        let sizes = reached.iter().filter_map(|inode| match &self.inodes.get(inode)?.node {
            Node::File(content) => Some(content.bytes.len() as u64),
            Node::Folder(_) | Node::Symlink(_) => None,
        });
        sizes.sum()
    }

    /// How many of `wanted` more bytes fit.
    pub(super) fn room_for(&self, wanted: u64) -> u64 {
        self.capacity.map_or(wanted, |capacity| wanted.min(capacity.saturating_sub(self.used())))
    }

    pub(super) fn add_handle(&mut self, handle: u64, inode: u64) {
        self.open.insert(handle, inode);
    }

    /// Closes an open file, which gives up its lock.
    pub(super) fn remove_handle(&mut self, handle: u64) {
        let Some(inode) = self.open.remove(&handle) else { return };
        if let Ok(content) = self.content(inode)
            && content.lock == Some(handle)
        {
            content.lock = None;
        }
    }

    /// Closes all open files.
    pub(super) fn remove_all_handles(&mut self) {
        for handle in self.open.keys().copied().collect::<Vec<_>>() {
            self.remove_handle(handle);
        }
    }

    /// Goes back to what is durable, and to as much of the rest as the choices keep.
    pub(super) fn lose_power(&mut self, choices: &Choices) {
        self.remove_all_handles();
        let mut undone = BTreeSet::new();
        for change in std::mem::take(&mut self.pending_names) {
            // What is undone for a file is undone from there on: no file ends up with two names.
            if undone.contains(&change.inode) || choices.happens(0.5) {
                undone.insert(change.inode);
            } else {
                self.apply_names(&change, |names| &mut names.durable);
            }
        }
        for inode in self.inodes.values_mut() {
            match &mut inode.node {
                Node::File(content) => content.lose_power(choices),
                Node::Folder(names) => names.now = names.durable.clone(),
                Node::Symlink(_) => {}
            }
        }
        self.forget_unreachable();
    }

    /// Frees what no name and no open file leads to any more, not even after a crash.
    fn forget_unreachable(&mut self) {
        let pending = self.pending_names.iter().map(|change| change.inode);
        let reached = self.reached_from(self.open.values().copied().chain(pending), |names| {
            names.now.values().chain(names.durable.values()).copied().collect()
        });
        self.inodes.retain(|inode, _| reached.contains(inode));
    }

    /// What the root and `also` lead to.
    fn reached_from(&self, also: impl Iterator<Item = u64>, follow: impl Fn(&Names) -> Vec<u64>) -> BTreeSet<u64> {
        let mut reached = BTreeSet::from([ROOT]);
        reached.extend(also);
        let mut next: Vec<u64> = reached.iter().copied().collect();
        while let Some(inode) = next.pop() {
            if let Some(Inode { node: Node::Folder(names), .. }) = self.inodes.get(&inode) {
                next.extend(follow(names).into_iter().filter(|inode| reached.insert(*inode)));
            }
        }
        reached
    }
}

impl NameChange {
    fn folders(&self) -> impl Iterator<Item = u64> {
        let removed = self.removed.iter().map(|(folder, _)| *folder);
        removed.chain(self.added.iter().map(|(folder, _)| *folder))
    }
}

impl Content {
    /// What a crash leaves at least.
    pub(super) fn durable(&self) -> &[u8] {
        &self.durable
    }

    pub(super) fn write(&mut self, at: usize, bytes: &[u8]) {
        let change = Change::Write { at, bytes: bytes.to_vec() };
        change.apply(&mut self.bytes);
        self.pending.push(change);
    }

    pub(super) fn set_len(&mut self, len: usize) {
        self.bytes.resize(len, 0);
        self.pending.push(Change::SetLen(len));
    }

    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// The disk failed to flush: what was to be flushed is readable until the power goes away, and never gets durable.
    pub(super) fn fail_sync(&mut self) {
        self.pending.clear();
        self.failed_syncs += 1;
    }

    /// How often flushing has failed.
    pub(super) fn failed_syncs(&self) -> u64 {
        self.failed_syncs
    }

    /// Whether `handle` has the lock now.
    pub(super) fn try_lock(&mut self, handle: u64) -> bool {
        *self.lock.get_or_insert(handle) == handle
    }

    fn lose_power(&mut self, choices: &Choices) {
        for change in self.pending.drain(..) {
            match (choices.below(3), change) {
                (0, _) => {}
                (1, Change::Write { at, mut bytes }) => {
                    bytes.truncate(choices.below(bytes.len() as u64 + 1) as usize);
                    Change::Write { at, bytes }.apply(&mut self.durable);
                }
                (_, change) => change.apply(&mut self.durable),
            }
        }
        self.bytes = self.durable.clone();
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Change::Write { bytes, .. } if bytes.is_empty() => {}
            Change::Write { at, bytes } => {
                let end = at + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*at..end].copy_from_slice(bytes);
            }
            Change::SetLen(len) => content.resize(*len, 0),
        }
    }
}
