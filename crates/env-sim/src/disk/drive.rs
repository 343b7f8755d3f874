//! A machine's disk with its faults and standard streams.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use env::{FileId, Metadata};
use parking_lot::{Mutex, MutexGuard};

use super::fault::{DiskOperation, Faults};
use super::volume::{Inode, Node, Volume, errno};
use crate::host::Process;
use crate::seed::Choices;
use crate::world::World;

/// A machine's disk.
pub(crate) struct Drive {
    choices: Choices,
    device: u32,
    pub(super) state: Mutex<State>,
}

pub(super) struct State {
    pub(super) volume: Volume,
    pub(super) faults: Faults,
    pub(super) stdin: VecDeque<u8>,
    pub(super) stdout: Vec<u8>,
}

impl Drive {
    pub(crate) fn new(choices: Choices, device: u32) -> Self {
        let state =
            State { volume: Volume::new(), faults: Faults::default(), stdin: VecDeque::new(), stdout: Vec::new() };
        Self { choices, device, state: Mutex::new(state) }
    }

    /// The process is gone, the system lives.
    pub(crate) fn release_locks(&self) {
        self.state.lock().volume.remove_all_handles();
    }

    /// The system is gone with all that was not durable.
    pub(crate) fn lose_power(&self) {
        self.state.lock().volume.lose_power(&self.choices);
    }

    /// Begins an operation: counts it, and lets it fail or block if it is to.
    ///
    /// # Errors
    /// When the process is gone, or the disk has a fault.
    pub(super) fn begin(
        &self,
        world: &World,
        process: &Process,
        operation: DiskOperation,
        path: &Path,
    ) -> io::Result<MutexGuard<'_, State>> {
        process.check_alive()?;
        let mut state = self.state.lock();
        process.add_busy(state.faults.delay);
        let host = &process.host.name;
        let outcome = match state.faults.check(operation, path) {
            Ok(()) if self.choices.happens(state.faults.error_chance) => Err(errno::io()),
            outcome => outcome,
        };
        let failed = if outcome.is_err() { " fails" } else { "" };
        match operation {
            // Too many for the trace's text.
            DiskOperation::Read | DiskOperation::Write | DiskOperation::Metadata if outcome.is_ok() => {
                world.trace.mix(&[u64::from(self.device), operation as u64]);
            }
            _ => world.record(format_args!("{host}: {operation:?} {}{failed}", path.display())),
        }
        outcome.map(|()| state)
    }

    pub(super) fn metadata(&self, number: u64, inode: &Inode) -> Metadata {
        Metadata {
            len: match &inode.node {
                Node::File(content) => content.bytes.len() as u64,
                Node::Folder(names) => names.now.len() as u64,
                Node::Symlink(target) => target.as_os_str().len() as u64,
            },
            id: FileId { device: u64::from(self.device), inode: number },
            is_dir: matches!(inode.node, Node::Folder(_)),
            mode: inode.mode,
            owner: inode.owner,
            modified: inode.modified,
        }
    }
}
