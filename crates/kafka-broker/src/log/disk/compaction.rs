//! Compaction of segments: new files are written beside the old ones and then take their places, the oldest first.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kafka_wire::{Batch, BatchHeader};

use super::batch_file::BatchFile;
use super::handles::{Handles, about, with_suffix};
use super::index::Index;
use super::segment::{LOG, Segment, file_name, remove};
use crate::log::memory::MemoryCompaction;
use crate::log::{Cleaned, Cleaner, CompactionRules};

/// The end of the name of a file that is not in its place yet.
pub(super) const CLEANED: &str = ".cleaned";
/// So much is written at once.
const CHUNK: usize = 256 * 1024;

/// A compaction on its way: [`Compaction::step`] until there is nothing more to do, then
/// [`Log::finish_compaction`](crate::Log::finish_compaction).
pub enum Compaction {
    /// Of a log in memory.
    Memory(Box<MemoryCompaction>),
    /// Of a log in files.
    Disk(Box<DiskCompaction>),
}

impl Compaction {
    /// Does a part of the work, which reads a segment at most; whether there is more. It may block.
    pub(crate) fn step(&mut self) -> bool {
        match self {
            Compaction::Memory(compaction) => compaction.step(),
            Compaction::Disk(compaction) => compaction.step(),
        }
    }
}

/// Compaction of a log in files.
pub struct DiskCompaction {
    handles: Arc<Handles>,
    cleaner: Cleaner,
    sources: Vec<Source>,
    /// Up to where the log had been compacted before.
    cleaned_to: i64,
    /// How many parts of the work are done: three for each source.
    done: usize,
    pieces: Vec<Piece>,
    failed: Option<io::Error>,
}

/// A segment that is compacted.
struct Source {
    base: i64,
    /// Where the segment after it begins.
    next: i64,
    file: BatchFile,
}

/// What takes the place of a segment.
struct Piece {
    base: i64,
    old_len: u64,
    /// The new file's length and index; `None` when nothing is left.
    new: Option<(u64, Index)>,
}

impl DiskCompaction {
    /// Of the segments with these bases, lengths and ends.
    pub(super) fn new(
        handles: Arc<Handles>,
        folder: &Path,
        sources: &[(i64, u64, i64)],
        cleaned_to: i64,
        rules: &CompactionRules,
        now: i64,
    ) -> Self {
        let sources = sources.iter().map(|(base, len, next)| Source {
            base: *base,
            next: *next,
            file: BatchFile::new(handles.clone(), folder.join(file_name(*base, LOG)), *len),
        });
        let sources = sources.collect();
        let cleaner = Cleaner::new(rules, now);
        Self { handles, cleaner, sources, cleaned_to, done: 0, pieces: Vec::new(), failed: None }
    }

    fn step(&mut self) -> bool {
        let count = self.sources.len();
        let index = self.done % count.max(1);
        let outcome = match self.done.checked_div(count) {
            Some(0) => self.survey(index),
            Some(1) => self.learn(index),
            Some(2) => self.clean(index),
            _ => return false,
        };
        self.done += 1;
        match outcome {
            Ok(()) => self.done < 3 * count,
            Err(error) => {
                self.failed = Some(error);
                false
            }
        }
    }

    fn survey(&mut self, index: usize) -> io::Result<()> {
        let file = &self.sources[index].file;
        let mut scan = file.scan(0);
        while let Some((at, header)) = scan.next_header()? {
            self.cleaner.survey(&header, || read_batch(file, at, &header))?;
        }
        whole(file, scan.position())
    }

    fn learn(&mut self, index: usize) -> io::Result<()> {
        let source = &self.sources[index];
        if source.next <= self.cleaned_to {
            return Ok(());
        }
        let mut scan = source.file.scan(0);
        while let Some((_, batch)) = scan.next_batch()? {
            self.cleaner.learn(&batch)?;
        }
        whole(&source.file, scan.position())
    }

    fn clean(&mut self, index: usize) -> io::Result<()> {
        let source = &self.sources[index];
        let path = with_suffix(source.file.path(), CLEANED);
        remove(&self.handles, &path)?;
        let mut writer = Writer::new(BatchFile::new(self.handles.clone(), path.clone(), 0), source.base);
        let mut changed = false;
        let mut scan = source.file.scan(0);
        while let Some((_, batch)) = scan.next_batch()? {
            match self.cleaner.clean(&batch)? {
                Cleaned::Kept => writer.put(batch.header(), batch.bytes())?,
                Cleaned::Replaced(bytes) => {
                    let header = BatchHeader::decode(&bytes).map_err(io::Error::other)?;
                    writer.put(&header, &bytes)?;
                    changed = true;
                }
                Cleaned::Dropped => changed = true,
            }
        }
        whole(&source.file, scan.position())?;
        let new = if changed { writer.finish()? } else { None };
        if new.is_none() {
            remove(&self.handles, &path)?;
        }
        if changed {
            self.pieces.push(Piece { base: source.base, old_len: source.file.len(), new });
        }
        Ok(())
    }

    /// Puts the new files in their places among `segments`. Gives the offset up to which the log is compacted now, and the
    /// one up to which another pass would gain nothing.
    ///
    /// # Errors
    /// When the work had failed, or a file cannot be put in its place; the older ones are then.
    pub(super) fn replace(self, folder: &Path, segments: &mut VecDeque<Segment>) -> io::Result<(i64, i64)> {
        let placed = match self.failed {
            Some(error) => Err(error),
            None => self.pieces.into_iter().try_for_each(|piece| place(&self.handles, folder, piece, segments)),
        };
        if let Err(error) = placed {
            for source in &self.sources {
                // What cannot be removed now is removed at the next start.
                let _ = remove(&self.handles, &with_suffix(source.file.path(), CLEANED));
            }
            return Err(error);
        }
        let end = self.sources.last().map_or(self.cleaned_to, |source| source.next);
        let cleaned_to = self.cleaner.cleaned_to(end);
        Ok((cleaned_to, if self.cleaner.was_full() { cleaned_to } else { end }))
    }
}

fn read_batch(file: &BatchFile, at: u64, header: &BatchHeader) -> io::Result<Batch> {
    Batch::new(file.read(at, header.size())?).map_err(|_| file.corrupt(at))
}

/// Whether a scan that has ended at `position` has seen the whole file.
fn whole(file: &BatchFile, position: u64) -> io::Result<()> {
    if position == file.len() { Ok(()) } else { Err(file.corrupt(position)) }
}

/// Puts one new file in its place. Each step is durable before the next: a tombstone must not go before what it deletes.
fn place(handles: &Arc<Handles>, folder: &Path, piece: Piece, segments: &mut VecDeque<Segment>) -> io::Result<()> {
    let disk = handles.env().disk();
    let sync = || disk.sync_dir(folder).map_err(|error| about(folder, "cannot be synced", &error));
    let old = folder.join(file_name(piece.base, LOG));
    let cleaned: PathBuf = with_suffix(&old, CLEANED);
    let found = segments.iter().position(|segment| segment.base() == piece.base);
    let Some(at) = found.filter(|at| segments[*at].len() == piece.old_len) else {
        // It was removed in the meantime.
        return remove(handles, &cleaned);
    };
    match piece.new {
        Some((len, index)) => {
            remove(handles, &segments[at].index_path())?;
            sync()?;
            let mut segment = Segment::with_index(handles, folder, piece.base, len, index);
            disk.rename(&cleaned, &old).map_err(|error| about(&old, "cannot be replaced", &error))?;
            std::mem::swap(&mut segments[at], &mut segment);
            drop(segment);
            sync()?;
            segments[at].store_index(handles);
            segments[at].forget_index();
        }
        None => {
            if let Some(gone) = segments.remove(at) {
                gone.remove(handles)?;
            }
            sync()?;
        }
    }
    Ok(())
}

/// Writes a new segment.
struct Writer {
    file: BatchFile,
    index: Index,
    buffer: Vec<u8>,
}

impl Writer {
    fn new(file: BatchFile, base: i64) -> Self {
        Self { file, index: Index::new(base), buffer: Vec::new() }
    }

    fn put(&mut self, header: &BatchHeader, bytes: &[u8]) -> io::Result<()> {
        self.index.add(self.file.len() + self.buffer.len() as u64, header);
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.file.append(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Makes it durable; `None` when it is empty.
    fn finish(mut self) -> io::Result<Option<(u64, Index)>> {
        self.write()?;
        self.file.sync()?;
        let len = self.file.len();
        Ok((len > 0).then_some((len, self.index)))
    }
}
