//! Where logs are kept.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::flush::{FlushQueue, Target};
use crate::log::disk::{DiskLog, Handles, Place, about};
use crate::log::{Log, LogSettings, MemoryLog};

/// Opens and removes the logs of partitions.
pub(crate) trait Storage: Send + Sync {
    /// The log of a partition: the one that is there, or a new, empty one.
    ///
    /// # Errors
    /// When it cannot be opened.
    fn open_log(&self, topic: &str, partition: i32) -> io::Result<Box<dyn Log>>;

    /// Removes the log of a partition, which nobody has open; nothing happens when there is none.
    ///
    /// # Errors
    /// When it cannot be removed.
    fn delete_log(&self, topic: &str, partition: i32) -> io::Result<()>;

    /// What logs have that are told nothing else.
    fn default_settings(&self) -> LogSettings;

    /// From now on [`Storage::default_settings`] are these; logs that are open keep theirs.
    fn set_default_settings(&self, settings: LogSettings);
}

/// In memory: what is opened is always new.
#[derive(Default)]
pub(crate) struct Memory {
    settings: Mutex<LogSettings>,
}

impl Storage for Memory {
    fn open_log(&self, _: &str, _: i32) -> io::Result<Box<dyn Log>> {
        let mut log = MemoryLog::new();
        log.configure(&self.settings.lock());
        Ok(Box::new(log))
    }

    fn delete_log(&self, _: &str, _: i32) -> io::Result<()> {
        Ok(())
    }

    fn default_settings(&self) -> LogSettings {
        *self.settings.lock()
    }

    fn set_default_settings(&self, settings: LogSettings) {
        *self.settings.lock() = settings;
    }
}

/// In a folder: each log has one of its own in it, `<topic>-<partition>` as in Kafka.
pub(crate) struct Folder {
    path: PathBuf,
    handles: Arc<Handles>,
    queue: Arc<FlushQueue>,
    settings: Mutex<LogSettings>,
    deleted: AtomicU64,
    /// A folder has got another name, and the power may still undo that.
    renamed: AtomicBool,
}

/// The end of the name of a folder that is being removed.
const DELETED: &str = "-delete";

impl Folder {
    /// The logs in `path`, which is there. Clears away what was being removed when the last broker ended.
    ///
    /// # Errors
    /// When that cannot be done.
    pub(crate) fn open(handles: Arc<Handles>, queue: Arc<FlushQueue>, path: &Path) -> io::Result<Self> {
        let names = handles.env().disk().read_dir(path).map_err(|error| about(path, "cannot be read", &error))?;
        let storage = Self {
            path: path.to_owned(),
            handles,
            queue,
            settings: Mutex::default(),
            deleted: AtomicU64::new(0),
            renamed: AtomicBool::new(false),
        };
        for name in names.iter().filter(|name| name.to_str().is_some_and(|name| name.ends_with(DELETED))) {
            storage.clear(&path.join(name))?;
        }
        Ok(storage)
    }

    fn folder_of(&self, topic: &str, partition: i32) -> PathBuf {
        self.path.join(format!("{topic}-{partition}"))
    }

    /// Makes new names of folders durable: what was deleted must not come back where a new topic has its name.
    fn settle(&self) -> io::Result<()> {
        if self.renamed.load(Ordering::SeqCst) {
            let synced = self.handles.env().disk().sync_dir(&self.path);
            synced.map_err(|error| about(&self.path, "cannot be synced", &error))?;
            self.renamed.store(false, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Removes a folder with the files in it.
    fn clear(&self, folder: &Path) -> io::Result<()> {
        let disk = self.handles.env().disk();
        let failed = |error| about(folder, "cannot be removed", &error);
        for name in disk.read_dir(folder).map_err(failed)? {
            disk.remove(&folder.join(name)).map_err(failed)?;
        }
        disk.remove_dir(folder).map_err(failed)
    }
}

impl Storage for Folder {
    fn open_log(&self, topic: &str, partition: i32) -> io::Result<Box<dyn Log>> {
        let place = Place {
            handles: self.handles.clone(),
            queue: self.queue.clone(),
            target: Target::Log(topic.into(), partition),
            folder: self.folder_of(topic, partition),
        };
        Ok(Box::new(DiskLog::open(place, *self.settings.lock())?))
    }

    fn delete_log(&self, topic: &str, partition: i32) -> io::Result<()> {
        let disk = self.handles.env().disk();
        let folder = self.folder_of(topic, partition);
        // Under another name first, so that what is left after a crash is known to be of no use.
        let number = self.deleted.fetch_add(1, Ordering::Relaxed);
        let unwanted = self.path.join(format!("{number}{DELETED}"));
        match disk.rename(&folder, &unwanted) {
            Ok(()) => {
                self.renamed.store(true, Ordering::SeqCst);
                self.settle()?;
                self.clear(&unwanted)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.settle(),
            Err(error) => Err(about(&folder, "cannot be removed", &error)),
        }
    }

    fn default_settings(&self) -> LogSettings {
        *self.settings.lock()
    }

    fn set_default_settings(&self, settings: LogSettings) {
        *self.settings.lock() = settings;
    }
}
