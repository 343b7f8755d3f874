//! The journal in a file: record batches, each of them the changes of one call. The key of a record is the kind's letter
//! and the fact's key, its value the fact as JSON, or none to forget it.
//!
//! When the file is several times as large as what it says, all facts are written to a new file with a higher number,
//! which takes the old one's place by its name alone: the file with the highest number counts.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kafka_wire::batch::{DEFAULT_MAX_DECOMPRESSED, assign_offsets};
use kafka_wire::{Batch, BatchBuilder, BatchError, BatchHeader, BatchOptions};

use super::{Change, Facts, Kind};
use crate::flush::{FlushQueue, Target};
use crate::log::LogSettings;
use crate::log::disk::{BatchFile, Handles, LOG, about, base_in, file_name, with_suffix};

/// The end of the name of a file that is being written.
const UNFINISHED: &str = ".new";
/// Below this size a file is never written anew.
const SMALL: u64 = 4 * 1024 * 1024;
/// So many times its live size a file may have.
const GROWTH: u64 = 4;
/// Facts are written anew in batches of about this size.
const BATCH_BYTES: usize = 256 * 1024;

/// The file that changes are written to.
pub(super) struct JournalFile {
    handles: Arc<Handles>,
    queue: Arc<FlushQueue>,
    settings: LogSettings,
    folder: PathBuf,
    file: BatchFile,
    /// The offset of the next record.
    next: i64,
    /// When the file has this size it is written anew.
    shrink_at: u64,
    new_names: bool,
    unflushed: u64,
    queued: bool,
}

impl JournalFile {
    /// Opens the newest file and gives the facts in it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn open(handles: Arc<Handles>, queue: Arc<FlushQueue>, folder: &Path) -> io::Result<(Self, Facts)> {
        let disk = handles.env().disk();
        disk.create_dir_all(folder).map_err(|error| about(folder, "cannot be made", &error))?;
        let names = disk.read_dir(folder).map_err(|error| about(folder, "cannot be read", &error))?;
        let mut numbers: Vec<i64> =
            names.iter().filter_map(|name| name.to_str().and_then(|name| base_in(name, LOG))).collect();
        numbers.sort_unstable();
        let newest = numbers.pop().unwrap_or(0);
        if !numbers.is_empty() {
            // The old file may go only when the new one's name is there to stay.
            disk.sync_dir(folder).map_err(|error| about(folder, "cannot be synced", &error))?;
        }
        let unfinished = names.iter().filter(|name| name.to_str().is_some_and(|name| name.ends_with(UNFINISHED)));
        let old = numbers.into_iter().map(|number| folder.join(file_name(number, LOG)));
        for path in unfinished.map(|name| folder.join(name)).chain(old) {
            disk.remove(&path).map_err(|error| about(&path, "cannot be removed", &error))?;
        }
        let path = folder.join(file_name(newest, LOG));
        let len = match disk.metadata(&path) {
            Ok(metadata) => metadata.len,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(about(&path, "cannot be read", &error)),
        };
        let mut file = BatchFile::new(handles.clone(), path.clone(), 0);
        let (mut facts, mut next, mut unread) = (Facts::new(), newest, None);
        if len > 0 {
            let cut = file.recover(0, newest, len, &mut |at, batch| {
                next = batch.header().next_offset();
                if let Err(error) = read(batch, &mut facts) {
                    unread.get_or_insert(format!("{} at byte {at}: {error}", path.display()));
                }
            })?;
            if cut > 0 {
                tracing::warn!(path = %path.display(), bytes = cut, "the end of the journal was torn and is cut off");
            }
        }
        if let Some(unread) = unread {
            return Err(io::Error::new(io::ErrorKind::InvalidData, unread));
        }
        let live = live_size(&facts);
        let journal = Self {
            folder: folder.to_owned(),
            file,
            next,
            shrink_at: SMALL.max(live * GROWTH),
            new_names: true,
            unflushed: 0,
            queued: false,
            settings: LogSettings::default(),
            handles: handles.clone(),
            queue,
        };
        Ok((journal, facts))
    }

    pub(super) fn configure(&mut self, settings: &LogSettings) {
        self.settings = *settings;
    }

    /// Writes all changes, or none.
    ///
    /// # Errors
    /// When they could not be kept; then none of them is.
    pub(super) fn write(&mut self, changes: &[Change]) -> io::Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let records = changes.iter().map(|change| (change.kind, change.key.as_str(), change.fact.as_deref()));
        let now = self.handles.env().clock().unix_millis();
        let batch = encode(records, now, self.next).map_err(io::Error::other)?;
        let (before, count) = (self.file.len(), changes.len() as u64);
        let unhurried = self.file.append(&batch)?;
        self.unflushed += count;
        let vital = changes.iter().any(|change| change.kind.is_vital());
        if vital || !unhurried || self.unflushed >= self.settings.flush_messages {
            let flushed = self.flush();
            if let Err(error) = flushed {
                self.file.take_back(before);
                self.be_flushed_in_time();
                return Err(error);
            }
        }
        self.next += count as i64;
        self.be_flushed_in_time();
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn shrink_from(&mut self, size: u64) {
        self.shrink_at = size;
    }

    fn be_flushed_in_time(&mut self) {
        if !self.queued && self.file.is_dirty() {
            self.queued = true;
            self.queue.add(Target::Journal, self.settings.flush_interval);
        }
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// When it may not be.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.queued = false;
        let flushed = self.flush_file();
        self.be_flushed_in_time();
        flushed
    }

    fn flush_file(&mut self) -> io::Result<()> {
        if self.file.len() == 0 && !self.file.is_dirty() {
            return Ok(());
        }
        self.file.sync()?;
        if self.new_names {
            let above = self.folder.parent().unwrap_or(Path::new("/"));
            for folder in [self.folder.as_path(), above] {
                let synced = self.handles.env().disk().sync_dir(folder);
                synced.map_err(|error| about(folder, "cannot be synced", &error))?;
            }
            self.new_names = false;
        }
        self.unflushed = 0;
        Ok(())
    }

    /// Writes a new file when this one has grown large. Nothing is lost when that fails: this one goes on growing.
    pub(super) fn shrink(&mut self, facts: &Facts) {
        if self.file.len() < self.shrink_at {
            return;
        }
        if let Err(error) = self.write_anew(facts) {
            tracing::warn!(%error, "the journal cannot be written anew, it goes on growing");
            self.shrink_at = self.file.len().saturating_mul(2);
        }
    }

    fn write_anew(&mut self, facts: &Facts) -> io::Result<()> {
        let disk = self.handles.env().disk();
        // Higher than the number of this file, and as high as the first record's offset.
        let number = self.next;
        let path = self.folder.join(file_name(number, LOG));
        let unfinished = with_suffix(&path, UNFINISHED);
        match disk.remove(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(about(&unfinished, "cannot be removed", &error));
            }
            _ => {}
        }
        let mut new = BatchFile::new(self.handles.clone(), unfinished.clone(), 0);
        let next = write_all(&mut new, facts, self.handles.env().clock().unix_millis(), number)?;
        new.sync()?;
        let len = new.len();
        drop(new);
        disk.rename(&unfinished, &path).map_err(|error| about(&unfinished, "cannot be renamed", &error))?;
        let old = std::mem::replace(&mut self.file, BatchFile::new(self.handles.clone(), path, len));
        (self.next, self.shrink_at, self.new_names) = (next, SMALL.max(len * GROWTH), true);
        self.unflushed = 0;
        // Both names may be there after a crash, and the new one then counts, or the old one alone: so the old file stays
        // whole until the new name is durable.
        disk.sync_dir(&self.folder).map_err(|error| about(&self.folder, "cannot be synced", &error))?;
        self.new_names = false;
        let gone = old.path().to_owned();
        drop(old);
        disk.remove(&gone).map_err(|error| about(&gone, "cannot be removed", &error))
    }
}

/// Writes all facts, the first at offset `next`; gives the offset after the last.
fn write_all(file: &mut BatchFile, facts: &Facts, now: i64, mut next: i64) -> io::Result<i64> {
    let mut batch = Vec::new();
    let mut size = 0;
    let mut left = facts.len();
    for ((kind, key), fact) in facts {
        size += key.len() + fact.len();
        left -= 1;
        batch.push((*kind, key.as_str(), Some(&fact[..])));
        if size >= BATCH_BYTES || left == 0 {
            let bytes = encode(batch.iter().copied(), now, next).map_err(io::Error::other)?;
            file.append(&bytes)?;
            next += batch.len() as i64;
            batch.clear();
            size = 0;
        }
    }
    Ok(next)
}

fn live_size(facts: &Facts) -> u64 {
    facts.iter().map(|((_, key), fact)| (key.len() + fact.len() + 16) as u64).sum()
}

/// One batch at offset `next`.
fn encode<'a>(
    records: impl Iterator<Item = (Kind, &'a str, Option<&'a [u8]>)>,
    now: i64,
    next: i64,
) -> Result<BytesMut, BatchError> {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    let mut key = Vec::new();
    for (kind, name, fact) in records {
        key.clear();
        key.push(kind.letter());
        key.extend_from_slice(name.as_bytes());
        builder.append(now, Some(&key), fact, [])?;
    }
    let mut bytes = BytesMut::from(builder.finish(None, false)?);
    assign_offsets(&mut bytes, next, 0)?;
    debug_assert!(BatchHeader::decode(&bytes).is_ok());
    Ok(bytes)
}

/// The changes in a batch.
fn read(batch: &Batch, facts: &mut Facts) -> Result<(), String> {
    for record in batch.records(DEFAULT_MAX_DECOMPRESSED).map_err(|error| error.to_string())? {
        let record = record.map_err(|error| error.to_string())?;
        let key: Bytes = record.key.unwrap_or_default();
        let (letter, name) = key.split_first().ok_or("a fact without a key")?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.letter() == *letter);
        let kind = kind.ok_or("a fact of a kind that this version does not know: it was written by a newer one")?;
        let name = str::from_utf8(name).map_err(|_| "a fact whose key is no text")?;
        // Copied, since the batch's memory holds much more than this fact.
        let fact = record.value.map(|value| Bytes::copy_from_slice(&value));
        Change { kind, key: name.to_owned(), fact }.apply(facts);
    }
    Ok(())
}
