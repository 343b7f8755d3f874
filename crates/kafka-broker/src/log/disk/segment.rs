//! A segment: a file of batches and what is known of it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use kafka_wire::batch::DEFAULT_MAX_DECOMPRESSED;
use kafka_wire::{Batch, BatchHeader, Batches};

use super::batch_file::BatchFile;
use super::handles::{Handles, about};
use super::index::Index;
use crate::log::TimedOffset;

/// The end of a segment's name.
pub(crate) const LOG: &str = "log";
/// The end of its index's name.
pub(crate) const INDEX: &str = "index";

/// How many bytes a read takes in besides those it gives, at most.
const READ_AHEAD: usize = 32 * 1024;

/// A part of a log: the batches from some offset on.
pub(crate) struct Segment {
    base: i64,
    file: BatchFile,
    /// `None` until somebody needs it.
    index: Option<Index>,
    /// What of the file the index on the disk covers.
    indexed: u64,
    index_used: bool,
    /// Once it was known; it outlives an index that was let go of.
    max_timestamp: Option<i64>,
    /// Where readers will probably go on: an offset and the position of the batch that holds it.
    hints: [(i64, u64); 4],
    next_hint: usize,
}

/// What a read of a segment gives.
pub(crate) struct Piece {
    pub(crate) bytes: Bytes,
    /// Whether nothing comes after it in the segment.
    pub(crate) is_last: bool,
}

/// `00000000000000000042.log` for 42, as Kafka names them.
pub(crate) fn file_name(base: i64, kind: &str) -> String {
    format!("{base:020}.{kind}")
}

/// The offset in such a name.
pub(crate) fn base_in(name: &str, kind: &str) -> Option<i64> {
    let digits = name.strip_suffix(kind)?.strip_suffix('.')?;
    (digits.len() == 20 && digits.bytes().all(|digit| digit.is_ascii_digit())).then(|| digits.parse().ok())?
}

impl Segment {
    /// A segment that is to be; its file comes with the first batch.
    pub(crate) fn new(handles: &Arc<Handles>, folder: &Path, base: i64) -> Self {
        Self::with(handles, folder, base, 0, Some(Index::new(base)))
    }

    /// A segment that is complete, with a file of `len` bytes.
    pub(crate) fn closed(handles: &Arc<Handles>, folder: &Path, base: i64, len: u64) -> Self {
        Self::with(handles, folder, base, len, None)
    }

    /// A segment that is complete, with an index that is known already.
    pub(crate) fn with_index(handles: &Arc<Handles>, folder: &Path, base: i64, len: u64, index: Index) -> Self {
        Self::with(handles, folder, base, len, Some(index))
    }

    fn with(handles: &Arc<Handles>, folder: &Path, base: i64, len: u64, index: Option<Index>) -> Self {
        let file = BatchFile::new(handles.clone(), folder.join(file_name(base, LOG)), len);
        Self {
            base,
            file,
            index,
            index_used: false,
            indexed: 0,
            max_timestamp: None,
            hints: [(-1, 0); 4],
            next_hint: 0,
        }
    }

    /// The last segment of a log, with a file of `len` bytes that a crash may have torn: what is behind the first bad batch
    /// is cut off. Gives how many bytes that were, too.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn recover(handles: &Arc<Handles>, folder: &Path, base: i64, len: u64) -> io::Result<(Self, u64)> {
        let mut segment = Self::with(handles, folder, base, 0, None);
        let mut index = segment.stored_index(handles).filter(|index| index.covered() <= len);
        segment.indexed = index.as_ref().map_or(0, Index::covered);
        let mut index = index.take().unwrap_or_else(|| Index::new(base));
        let (from, next) = (index.covered(), index.next_offset());
        let cut = segment.file.recover(from, next, len, &mut |at, batch| index.add(at, batch.header()))?;
        segment.index = Some(index);
        Ok((segment, cut))
    }

    pub(crate) fn base(&self) -> i64 {
        self.base
    }

    pub(crate) fn len(&self) -> u64 {
        self.file.len()
    }

    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    pub(crate) fn index_path(&self) -> PathBuf {
        self.file.path().with_extension(INDEX)
    }

    pub(crate) fn is_dirty(&self) -> bool {
        self.file.is_dirty()
    }

    fn stored_index(&self, handles: &Handles) -> Option<Index> {
        Index::decode(self.base, &handles.env().disk().read(&self.index_path()).ok()?)
    }

    /// What is known of it: from memory, from the disk, or by looking at every header.
    ///
    /// # Errors
    /// When the file cannot be read or is not what it should be.
    pub(crate) fn index(&mut self, handles: &Handles) -> io::Result<&mut Index> {
        let index = match self.index.take() {
            Some(index) => index,
            None => match self.stored_index(handles).filter(|index| index.covered() == self.file.len()) {
                Some(index) => {
                    self.indexed = index.covered();
                    index
                }
                None => self.look_at_headers()?,
            },
        };
        self.max_timestamp = Some(index.max_timestamp());
        self.index_used = true;
        Ok(self.index.insert(index))
    }

    fn look_at_headers(&self) -> io::Result<Index> {
        let mut index = Index::new(self.base);
        let mut scan = self.file.scan(0);
        while let Some((at, header)) = scan.next_header()? {
            index.add(at, &header);
        }
        match scan.position() == self.file.len() {
            true => Ok(index),
            false => Err(self.file.corrupt(scan.position())),
        }
    }

    /// The largest timestamp.
    ///
    /// # Errors
    /// As [`Segment::index`].
    pub(crate) fn max_timestamp(&mut self, handles: &Handles) -> io::Result<i64> {
        match (&self.index, self.max_timestamp) {
            (None, Some(known)) => Ok(known),
            _ => Ok(self.index(handles)?.max_timestamp()),
        }
    }

    /// Gives the index's memory back; it is on the disk, or can be had from the headers.
    pub(crate) fn forget_index(&mut self) {
        self.index = None;
    }

    /// [`Segment::forget_index`], unless it was needed since the last time this was asked.
    pub(crate) fn forget_unused_index(&mut self) {
        if !std::mem::take(&mut self.index_used) {
            self.forget_index();
        }
    }

    /// Appends a batch that has its offsets. As [`BatchFile::append`].
    ///
    /// # Errors
    /// When it could not be written; nothing of it is there then.
    pub(crate) fn append(&mut self, handles: &Handles, header: &BatchHeader, bytes: &[u8]) -> io::Result<bool> {
        let at = self.file.len();
        self.index(handles)?;
        let unhurried = self.file.append(bytes)?;
        self.index(handles)?.add(at, header);
        Ok(unhurried)
    }

    /// Takes the last batch back, which began at `len`: nobody has been told of it.
    pub(crate) fn take_back(&mut self, len: u64) {
        self.file.take_back(len);
        self.forget_index();
    }

    /// As [`BatchFile::sync`].
    ///
    /// # Errors
    /// When it is not durable.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    /// Bytes that are durable and not yet covered by the index on the disk.
    pub(crate) fn unindexed(&self) -> u64 {
        self.file.synced().saturating_sub(self.indexed)
    }

    /// Writes the index of a segment that is durable as a whole. That it fails costs time at the next start, no more.
    pub(crate) fn store_index(&mut self, handles: &Handles) {
        if self.is_dirty() || self.indexed == self.file.len() {
            return;
        }
        let path = self.index_path();
        let stored = self.index(handles).map(|index| index.encode()).and_then(|content| {
            let options = env::OpenOptions { write: true, create: true, truncate: true, ..Default::default() };
            let mut file = handles.env().disk().open(&path, options)?;
            file.write_all(&content)
        });
        match stored {
            Ok(()) => self.indexed = self.file.len(),
            Err(error) => tracing::warn!(path = %path.display(), %error, "an index cannot be written"),
        }
    }

    /// Removes its files.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn remove(mut self, handles: &Handles) -> io::Result<()> {
        self.file.close();
        remove(handles, &self.index_path())?;
        remove(handles, self.file.path())
    }

    /// Batches from the one that holds `offset` on, or the next there is, at most `max_bytes`; with `at_least_one`, the
    /// first whatever its size.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn read(
        &mut self,
        handles: &Handles,
        offset: i64,
        max_bytes: usize,
        at_least_one: bool,
    ) -> io::Result<Piece> {
        let hint = self.hints.iter().find(|(known, _)| *known == offset).map(|(_, at)| *at);
        let at = match hint {
            Some(at) => at,
            None => self.place_of(handles, offset)?,
        };
        let left = usize::try_from(self.file.len() - at).unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(Piece { bytes: Bytes::new(), is_last: true });
        }
        let mut bytes = self.file.read(at, left.min(max_bytes.saturating_add(READ_AHEAD)))?;
        let first = BatchHeader::decode(&bytes).ok().filter(|header| header.size() <= left);
        let first = first.ok_or_else(|| self.file.corrupt(at))?;
        let (mut next, mut whole) = (first.next_offset(), first.size());
        if whole > max_bytes {
            // The first batch alone, when it may be had at all.
            if !at_least_one {
                return Ok(Piece { bytes: Bytes::new(), is_last: false });
            }
            if whole > bytes.len() {
                bytes = self.file.read(at, whole)?;
            }
        } else {
            bytes.truncate(max_bytes);
            let mut batches = Batches::new(bytes.clone());
            for batch in &mut batches {
                next = batch.map_err(|_| self.file.corrupt(at))?.header().next_offset();
            }
            whole = bytes.len() - batches.remaining().len();
        }
        self.expect_reader(next, at + whole as u64);
        Ok(Piece { bytes: bytes.slice(..whole), is_last: whole == left })
    }

    /// Where the first batch begins that ends at `offset` or later.
    fn place_of(&mut self, handles: &Handles, offset: i64) -> io::Result<u64> {
        let from = self.index(handles)?.position_before(offset);
        let mut scan = self.file.scan(from);
        while let Some((at, header)) = scan.next_header()? {
            if header.last_offset() >= offset {
                return Ok(at);
            }
        }
        match scan.position() == self.file.len() {
            true => Ok(self.file.len()),
            false => Err(self.file.corrupt(scan.position())),
        }
    }

    fn expect_reader(&mut self, offset: i64, at: u64) {
        if !self.hints.contains(&(offset, at)) {
            self.hints[self.next_hint] = (offset, at);
            self.next_hint = (self.next_hint + 1) % self.hints.len();
        }
    }

    /// The first record from `start` on whose timestamp is `timestamp` or later.
    ///
    /// # Errors
    /// When a batch cannot be read.
    pub(crate) fn find_by_time(
        &mut self,
        handles: &Handles,
        timestamp: i64,
        start: i64,
    ) -> io::Result<Option<TimedOffset>> {
        let from = self.index(handles)?.position_before_time(timestamp);
        let mut scan = self.file.scan(from);
        while let Some((at, header)) = scan.next_header()? {
            if header.max_timestamp < timestamp || header.last_offset() < start {
                continue;
            }
            let batch = Batch::new(self.file.read(at, header.size())?).map_err(|_| self.file.corrupt(at))?;
            if let Some(found) = first_in(&batch, timestamp, start)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The largest timestamp of the batches from the one that holds `offset` on; `None` without any.
    ///
    /// # Errors
    /// When a batch cannot be read.
    pub(crate) fn max_timestamp_from(&mut self, handles: &Handles, offset: i64) -> io::Result<Option<i64>> {
        if self.file.len() == 0 {
            return Ok(None);
        }
        if offset <= self.base {
            return self.max_timestamp(handles).map(Some);
        }
        let from = self.place_of(handles, offset)?;
        let mut scan = self.file.scan(from);
        let mut latest = None;
        while let Some((_, header)) = scan.next_header()? {
            latest = latest.max(Some(header.max_timestamp));
        }
        Ok(latest)
    }

    /// Shows every batch from the one that holds `offset` on.
    ///
    /// # Errors
    /// That of `visit`, or when a batch cannot be read.
    pub(crate) fn scan(
        &mut self,
        handles: &Handles,
        offset: i64,
        visit: &mut dyn FnMut(&Batch) -> io::Result<()>,
    ) -> io::Result<()> {
        let from = self.place_of(handles, offset)?;
        let mut scan = self.file.scan(from);
        while let Some((_, batch)) = scan.next_batch()? {
            visit(&batch)?;
        }
        match scan.position() == self.file.len() {
            true => Ok(()),
            false => Err(self.file.corrupt(scan.position())),
        }
    }
}

/// The first record of a batch, from `start` on, whose timestamp is `timestamp` or later.
///
/// # Errors
/// When the records cannot be read.
pub(crate) fn first_in(batch: &Batch, timestamp: i64, start: i64) -> io::Result<Option<TimedOffset>> {
    for record in batch.records(DEFAULT_MAX_DECOMPRESSED).map_err(io::Error::other)? {
        let record = record.map_err(io::Error::other)?;
        if record.timestamp >= timestamp && record.offset >= start {
            return Ok(Some(TimedOffset { offset: record.offset, timestamp: record.timestamp }));
        }
    }
    Ok(None)
}

/// Removes a file that may be gone already.
///
/// # Errors
/// Those of the file system.
pub(crate) fn remove(handles: &Handles, path: &Path) -> io::Result<()> {
    match handles.env().disk().remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(about(path, "cannot be removed", &error)),
        _ => Ok(()),
    }
}
