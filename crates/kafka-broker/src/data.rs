//! What outlives a broker that is stopped and started again.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use env::{Env, File, OpenOptions};
use parking_lot::Mutex;

use crate::flush::FlushQueue;
use crate::groups::CommittedOffsets;
use crate::journal::{Change, Journal, Kind};
use crate::log::LogSettings;
use crate::log::disk::Handles;
use crate::storage::{Folder, Memory, Storage};
use crate::topics::Topics;

/// Topics with their records, groups, and committed offsets. Cloning is cheap; every clone is the same data. Give it to
/// the next broker, and clients find everything as it was; members of a stable group go on without a rebalance.
#[derive(Clone)]
pub struct Data(pub(crate) Arc<Stored>);

pub(crate) struct Stored {
    pub(crate) journal: Arc<Journal>,
    pub(crate) topics: Topics,
    pub(crate) offsets: CommittedOffsets,
    pub(crate) storage: Arc<dyn Storage>,
    /// `None` in memory.
    pub(crate) disk: Option<OnDisk>,
}

/// What there is besides, when all of it is in a folder.
pub(crate) struct OnDisk {
    /// What has to be made durable.
    pub(crate) queue: Arc<FlushQueue>,
    folder: PathBuf,
    /// Held as long as the data is in use.
    _lock: Mutex<Box<dyn File>>,
}

/// Data that cannot be opened. Each sentence names the path and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Another broker, in this process or another, works with it.
    #[error("the data in {0} is in use by another broker: stop that one, or choose another folder")]
    InUse(PathBuf),
    /// The folder holds something else.
    #[error(
        "{0} holds files that are not those of this broker ({1}): choose an empty folder, or one that is not there yet"
    )]
    Foreign(PathBuf, String),
    /// A file cannot be read or written, or holds what it should not.
    #[error("the data in {folder} cannot be opened: {source}")]
    Io {
        /// The folder of the data.
        folder: PathBuf,
        /// What is wrong with which file.
        source: io::Error,
    },
}

/// Who holds the lock on this file may use the folder.
const LOCK: &str = ".lock";
/// The folder of the journal.
const JOURNAL: &str = "journal";

impl Data {
    /// No topics, no offsets, a cluster yet to be named, all of it in memory.
    #[must_use]
    pub fn new() -> Self {
        let journal = Arc::new(Journal::in_memory());
        let storage: Arc<dyn Storage> = Arc::new(Memory::default());
        Self(Arc::new(Stored {
            topics: Topics::new(storage.clone(), journal.clone()),
            offsets: CommittedOffsets::new(journal.clone()),
            journal,
            storage,
            disk: None,
        }))
    }

    /// Everything that is in `folder`, which is made when it is not there; all changes go there. What a crash has torn is
    /// cut off.
    ///
    /// Records and committed offsets are durable, that is, they outlive a loss of power, a second after they were written
    /// at the latest, and when the broker is stopped; with `log.flush.interval.messages=1` before they are acknowledged.
    /// Topics are durable when their creation is answered. What a killed process wrote is there in any case.
    ///
    /// This blocks; how long, depends on how much was written since the last broker was stopped or killed.
    ///
    /// # Errors
    /// When the folder is in use, holds something else, or cannot be read and written.
    pub fn open(env: &Env, folder: &Path) -> Result<Self, DataError> {
        let mut opened = None;
        env.work().in_place(&mut || opened = Some(open(env, folder)));
        opened.expect("a section is run before in_place returns")
    }

    /// The same with a name for the cluster; without one, the first broker makes it up.
    #[must_use]
    pub fn with_cluster_id(self, id: impl Into<String>) -> Self {
        // In memory nothing can fail, and a disk that does is noticed by the first topic.
        let _ = self.0.name_cluster(&id.into());
        self
    }

    /// The folder it is in; `None`: in memory.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.0.disk.as_ref().map(|disk| disk.folder.as_path())
    }
}

fn open(env: &Env, folder: &Path) -> Result<Data, DataError> {
    let failed = |source| DataError::Io { folder: folder.to_owned(), source };
    let disk = env.disk();
    make_folder(env, folder).map_err(failed)?;
    check_folder(env, folder)?;
    let options = OpenOptions { read: true, write: true, create: true, ..OpenOptions::default() };
    let mut lock = disk.open(&folder.join(LOCK), options).map_err(failed)?;
    if !lock.try_lock().map_err(failed)? {
        return Err(DataError::InUse(folder.to_owned()));
    }
    let stored = restore(env, folder, lock).map_err(failed)?;
    Ok(Data(Arc::new(stored)))
}

/// Makes the folder and those above it, durably.
fn make_folder(env: &Env, folder: &Path) -> io::Result<()> {
    let disk = env.disk();
    let missing = |folder: &&Path| !folder.as_os_str().is_empty() && disk.metadata(folder).is_err();
    let made: Vec<&Path> = folder.ancestors().take_while(missing).collect();
    disk.create_dir_all(folder)?;
    made.iter().filter_map(|folder| folder.parent()).try_for_each(|above| disk.sync_dir(above))
}

/// A folder that has files but no journal is somebody else's.
fn check_folder(env: &Env, folder: &Path) -> Result<(), DataError> {
    let names = env.disk().read_dir(folder);
    let names = names.map_err(|source| DataError::Io { folder: folder.to_owned(), source })?;
    if names.iter().any(|name| name == Path::new(JOURNAL)) {
        return Ok(());
    }
    // Hidden files and what a file system has of its own are everywhere.
    let mut names = names.iter().map(|name| name.to_string_lossy());
    let foreign = names.find(|name| !name.starts_with('.') && name != "lost+found");
    foreign.map_or(Ok(()), |name| Err(DataError::Foreign(folder.to_owned(), name.into_owned())))
}

fn restore(env: &Env, folder: &Path, lock: Box<dyn File>) -> io::Result<Stored> {
    let (handles, queue) = (Handles::new(env.clone()), FlushQueue::new(env.clone()));
    let journal = Arc::new(Journal::open(handles.clone(), queue.clone(), &folder.join(JOURNAL))?);
    let storage: Arc<dyn Storage> = Arc::new(Folder::open(handles, queue.clone(), folder)?);
    let topics = Topics::restore(storage.clone(), journal.clone())?;
    let disk = OnDisk { queue, folder: folder.to_owned(), _lock: Mutex::new(lock) };
    let offsets = CommittedOffsets::new(journal.clone());
    Ok(Stored { journal, topics, offsets, storage, disk: Some(disk) })
}

/// The key of the cluster's id.
const CLUSTER_ID: &str = "id";

impl Stored {
    /// The cluster's name, if it has one.
    pub(crate) fn cluster_id(&self) -> io::Result<Option<String>> {
        let facts = self.journal.all(Kind::Cluster)?;
        Ok(facts.into_iter().find(|(key, _)| key == CLUSTER_ID).map(|(_, id)| id))
    }

    pub(crate) fn name_cluster(&self, id: &str) -> io::Result<()> {
        self.journal.write(vec![Change::put(Kind::Cluster, CLUSTER_ID, &id)?])
    }

    /// From now on these settings count where nothing else is said of a topic.
    pub(crate) fn configure(&self, settings: LogSettings) {
        self.storage.set_default_settings(settings);
        self.journal.configure(&settings);
    }

    /// Makes everything durable and the next start quick; on a disk it blocks. What cannot be made durable is logged, the
    /// rest is durable then all the same.
    pub(crate) fn close(&self) {
        for topic in self.topics.all() {
            for (partition, index) in topic.partitions.iter().zip(0..) {
                if let Err(error) = partition.with_log(|log, _| log.close()) {
                    tracing::error!(topic = topic.name, partition = index, %error, "the last records may be lost");
                }
            }
        }
        if let Err(error) = self.journal.flush() {
            tracing::error!(%error, "the last committed offsets may be lost");
        }
    }
}

impl Default for Data {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data").field("folder", &self.folder()).finish_non_exhaustive()
    }
}
