//! Where logs are kept.

use std::io;

use crate::log::{Log, MemoryLog};

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
}

/// In memory: what is opened is always new.
pub(crate) struct Memory;

impl Storage for Memory {
    fn open_log(&self, _: &str, _: i32) -> io::Result<Box<dyn Log>> {
        Ok(Box::new(MemoryLog::new()))
    }

    fn delete_log(&self, _: &str, _: i32) -> io::Result<()> {
        Ok(())
    }
}
