//! The log of a partition in a folder of its own.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use env::planted::{self, Bug};
use kafka_wire::batch::assign_offsets;
use kafka_wire::{Batch, BatchHeader};

use super::compaction::{CLEANED, Compaction, DiskCompaction};
use super::handles::{Handles, about};
use super::segment::{INDEX, LOG, Segment, base_in, remove};
use super::start;
use crate::flush::{FlushQueue, Target};
use crate::log::{CompactionRules, LEADER_EPOCH, Log, LogSettings, Retention, TimedOffset};

/// So many bytes are checked at the most when a broker starts that was not stopped.
const MAX_UNINDEXED: u64 = 16 * 1024 * 1024;
/// Offsets and positions within a segment have 31 bits, as in Kafka's indexes.
const MAX_SEGMENT: u64 = i32::MAX as u64;

/// Where a log is and who takes care of it.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) handles: Arc<Handles>,
    pub(crate) queue: Arc<FlushQueue>,
    /// Who the log is, in the queue.
    pub(crate) target: Target,
    /// The log's own folder.
    pub(crate) folder: PathBuf,
}

/// A [`Log`] in files.
pub(crate) struct DiskLog {
    place: Place,
    settings: LogSettings,
    /// At least one: the last is appended to, the others are complete and durable.
    segments: VecDeque<Segment>,
    start: i64,
    end: i64,
    /// Names in the folder, and the folder's own, may not be durable.
    new_names: bool,
    /// Records appended since the last flush.
    unflushed: u64,
    /// Whether the queue knows of them.
    queued: bool,
    /// Up to where it is compacted.
    cleaned_to: i64,
    /// Up to where nothing is to be gained by compacting.
    seen_to: i64,
    /// Compacting has failed: it is not tried again before the next start.
    uncleanable: bool,
}

impl DiskLog {
    /// The log in a folder, which is made when it is not there.
    ///
    /// # Errors
    /// When the folder cannot be used; the sentence names the file.
    pub(crate) fn open(place: Place, settings: LogSettings) -> io::Result<Self> {
        let (handles, folder) = (&place.handles, &place.folder);
        let disk = handles.env().disk();
        disk.create_dir_all(folder).map_err(|error| about(folder, "cannot be made", &error))?;
        let mut bases = tidy(handles, folder)?;
        let start = start::load(handles, folder)?;
        // What lies before the start should have been removed already.
        while bases.get(1).is_some_and(|next| *next <= start) {
            let base = bases.remove(0);
            Segment::closed(handles, folder, base, 0).remove(handles)?;
        }
        let mut segments = VecDeque::with_capacity(bases.len().max(1));
        let last = bases.pop();
        for base in bases {
            let segment = Segment::closed(handles, folder, base, 0);
            let len = length(handles, segment.path())?;
            segments.push_back(Segment::closed(handles, folder, base, len));
        }
        match last {
            None => segments.push_back(Segment::new(handles, folder, start)),
            Some(base) => {
                let len = length(handles, Segment::closed(handles, folder, base, 0).path())?;
                let (segment, cut) = Segment::recover(handles, folder, base, len)?;
                if cut > 0 {
                    let path = segment.path().display();
                    tracing::warn!(%path, bytes = cut, "the end of a log was torn and is cut off");
                }
                segments.push_back(segment);
            }
        }
        let mut log = Self {
            place,
            settings,
            start,
            end: start,
            segments,
            new_names: true,
            unflushed: 0,
            queued: false,
            cleaned_to: 0,
            seen_to: 0,
            uncleanable: false,
        };
        let handles = log.place.handles.clone();
        log.end = log.active().index(&handles)?.next_offset();
        // Not that of the first segment: compaction may have removed those before, and their offsets are still valid.
        log.start = start.min(log.end);
        Ok(log)
    }

    fn active(&mut self) -> &mut Segment {
        self.segments.back_mut().expect("a log has a segment always")
    }

    /// Whether a batch belongs into a new segment.
    fn is_full(&mut self, next: &BatchHeader) -> io::Result<bool> {
        let handles = self.place.handles.clone();
        let settings = self.settings;
        let end = self.end;
        let active = self.active();
        if active.len() == 0 {
            return Ok(false);
        }
        let span = (end - active.base()) as u64 + next.last_offset_delta as u64;
        let first = active.index(&handles)?.first_timestamp();
        let age = next.max_timestamp.saturating_sub(first);
        let is_old = first >= 0 && next.max_timestamp >= 0 && age > settings.segment_millis;
        let limit = settings.segment_bytes.min(MAX_SEGMENT);
        Ok(active.len() + next.size() as u64 > limit || span > MAX_SEGMENT || is_old)
    }

    /// Begins a new segment.
    fn roll(&mut self) -> io::Result<()> {
        self.flush()?;
        let handles = self.place.handles.clone();
        self.active().store_index(&handles);
        self.segments.push_back(Segment::new(&handles, &self.place.folder, self.end));
        self.new_names = true;
        Ok(())
    }

    /// Begins a new segment when the present one is older than it may get.
    fn roll_by_age(&mut self, now: i64) -> io::Result<()> {
        let handles = self.place.handles.clone();
        let limit = self.settings.segment_millis;
        let active = self.active();
        if active.len() == 0 {
            return Ok(());
        }
        let first = active.index(&handles)?.first_timestamp();
        if first >= 0 && now.saturating_sub(first) > limit { self.roll() } else { Ok(()) }
    }

    /// Writes a batch that has its offsets.
    fn write(&mut self, header: &BatchHeader, bytes: &[u8]) -> io::Result<()> {
        let handles = self.place.handles.clone();
        let (end, count) = (self.end, header.last_offset_delta as u64 + 1);
        let before = self.active().len();
        let unhurried = self.active().append(&handles, header, bytes)?;
        self.end = header.next_offset();
        self.unflushed = self.unflushed.saturating_add(count);
        let unhurried = unhurried || planted::acts(Bug::AcknowledgedBeforeSync);
        let few = self.unflushed < self.settings.flush_messages || planted::acts(Bug::AcknowledgedBeforeSync);
        if few && unhurried {
            return Ok(());
        }
        let unflushed = self.unflushed - count;
        self.flush().inspect_err(|_| {
            // Nobody has been told of it: it is as if it had never come.
            self.active().take_back(before);
            self.end = end;
            self.unflushed = unflushed;
        })
    }

    fn be_flushed_in_time(&mut self) {
        if !self.queued && self.segments.back().is_some_and(Segment::is_dirty) {
            self.queued = true;
            self.place.queue.add(self.place.target.clone(), self.settings.flush_interval);
        }
    }

    /// The segment that holds `offset`, or should.
    fn segment_of(&self, offset: i64) -> usize {
        self.segments.partition_point(|segment| segment.base() <= offset).saturating_sub(1)
    }

    /// Makes `start` the first offset and removes what lies before.
    fn begin_at(&mut self, start: i64) -> io::Result<()> {
        if start > self.start {
            // Stored before anything is removed: names are removed in any order when the power goes away.
            start::store(&self.place.handles, &self.place.folder, start)?;
            self.start = start;
        }
        while self.segments.get(1).is_some_and(|next| next.base() <= self.start) {
            let Some(gone) = self.segments.pop_front() else { break };
            let path = gone.path().to_owned();
            if let Err(error) = gone.remove(&self.place.handles) {
                // The next start tries again.
                tracing::warn!(path = %path.display(), %error, "a segment cannot be removed");
            }
        }
        Ok(())
    }

    /// How many segments from the first on are beyond the limits.
    fn excess(&mut self, limits: &Retention, stable: i64, now: i64) -> io::Result<usize> {
        let handles = self.place.handles.clone();
        let mut size = self.size();
        let oldest = limits.millis.map(|millis| now.saturating_sub(millis));
        for index in 0..self.segments.len() {
            let next = self.segments.get(index + 1).map_or(self.end, Segment::base);
            let is_active = index + 1 == self.segments.len();
            let segment = &mut self.segments[index];
            if next > stable || segment.len() == 0 {
                return Ok(index);
            }
            let left = size.saturating_sub(segment.len());
            let too_many = !is_active && limits.bytes.is_some_and(|bytes| left >= bytes);
            let too_old = match oldest {
                Some(oldest) => last_time(&handles, segment)? < oldest,
                None => false,
            };
            if !(too_many || too_old || next <= self.start) {
                return Ok(index);
            }
            size = left;
        }
        Ok(self.segments.len())
    }

    fn forget_unused_indexes(&mut self) {
        let closed = self.segments.len() - 1;
        self.segments.iter_mut().take(closed).for_each(Segment::forget_unused_index);
    }
}

impl Log for DiskLog {
    fn append(&mut self, batch: Batch) -> io::Result<i64> {
        if self.is_full(batch.header())? {
            self.roll()?;
        }
        let base = self.end;
        let mut bytes = BytesMut::from(&batch.bytes()[..]);
        assign_offsets(&mut bytes, base, LEADER_EPOCH).map_err(io::Error::other)?;
        let header = BatchHeader::decode(&bytes).map_err(io::Error::other)?;
        let written = self.write(&header, &bytes);
        self.be_flushed_in_time();
        written.map(|()| base)
    }

    fn read(&mut self, offset: i64, max_bytes: usize, at_least_one: bool) -> io::Result<Bytes> {
        let handles = self.place.handles.clone();
        let mut pieces: Vec<Bytes> = Vec::new();
        let mut size = 0;
        if offset >= self.end {
            return Ok(Bytes::new());
        }
        for segment in self.segments.range_mut(self.segment_of(offset)..) {
            let offset = offset.max(segment.base());
            let piece = segment.read(&handles, offset, max_bytes - size, at_least_one && pieces.is_empty())?;
            size = (size + piece.bytes.len()).min(max_bytes);
            if !piece.bytes.is_empty() {
                pieces.push(piece.bytes);
            }
            if !piece.is_last || size == max_bytes {
                break;
            }
        }
        Ok(match pieces.len() {
            0 | 1 => pieces.pop().unwrap_or_default(),
            _ => pieces.concat().into(),
        })
    }

    fn start_offset(&self) -> i64 {
        self.start
    }

    fn end_offset(&self) -> i64 {
        self.end
    }

    fn find_by_time(&mut self, timestamp: i64) -> io::Result<Option<TimedOffset>> {
        let handles = self.place.handles.clone();
        for segment in &mut self.segments {
            if segment.len() > 0
                && segment.max_timestamp(&handles)? >= timestamp
                && let Some(found) = segment.find_by_time(&handles, timestamp, self.start)?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn latest_time(&mut self) -> io::Result<Option<TimedOffset>> {
        let handles = self.place.handles.clone();
        let mut latest = None;
        for segment in &mut self.segments {
            latest = latest.max(segment.max_timestamp_from(&handles, self.start)?);
        }
        latest.map_or(Ok(None), |latest| self.find_by_time(latest))
    }

    fn scan(&mut self, offset: i64, visit: &mut dyn FnMut(&Batch) -> io::Result<()>) -> io::Result<()> {
        let handles = self.place.handles.clone();
        let first = self.segment_of(offset);
        self.segments.range_mut(first..).try_for_each(|segment| segment.scan(&handles, offset, visit))
    }

    fn delete_before(&mut self, offset: i64) -> io::Result<()> {
        self.begin_at(offset.min(self.end))
    }

    fn retain(&mut self, limits: &Retention, stable: i64, now: i64) -> io::Result<()> {
        let mut excess = self.excess(limits, stable, now)?;
        if excess == self.segments.len() {
            // Even the one that is appended to: it is complete now.
            self.roll()?;
        }
        excess = excess.min(self.segments.len() - 1);
        // Nothing is dropped, although compaction may have: its offsets are still valid.
        let start = if excess == 0 { self.start } else { self.segments[excess].base() };
        self.begin_at(start)
    }

    fn begin_compaction(&mut self, rules: &CompactionRules, stable: i64, now: i64) -> io::Result<Option<Compaction>> {
        self.forget_unused_indexes();
        if self.uncleanable {
            return Ok(None);
        }
        self.roll_by_age(now)?;
        let handles = self.place.handles.clone();
        let (mut sources, mut size, mut dirty) = (Vec::new(), 0, 0);
        for index in 0..self.segments.len() - 1 {
            let next = self.segments[index + 1].base();
            let segment = &mut self.segments[index];
            let lag = rules.min_lag_millis;
            if next > stable || (lag > 0 && segment.max_timestamp(&handles)? > now.saturating_sub(lag)) {
                break;
            }
            size += segment.len();
            dirty += if next > self.cleaned_to { segment.len() } else { 0 };
            sources.push((segment.base(), segment.len(), next));
        }
        let end = sources.last().map_or(0, |(.., next)| *next);
        if end <= self.seen_to || (dirty as f64) < size as f64 * rules.min_dirty_ratio {
            return Ok(None);
        }
        let folder = &self.place.folder;
        let compaction = DiskCompaction::new(handles, folder, &sources, self.cleaned_to, rules, now);
        Ok(Some(Compaction::Disk(Box::new(compaction))))
    }

    fn finish_compaction(&mut self, done: Compaction) -> io::Result<()> {
        let Compaction::Disk(done) = done else { return Ok(()) };
        let replaced = done.replace(&self.place.folder, &mut self.segments);
        let (cleaned_to, seen_to) = replaced.inspect_err(|_| self.uncleanable = true)?;
        self.cleaned_to = self.cleaned_to.max(cleaned_to);
        self.seen_to = seen_to;
        Ok(())
    }

    fn configure(&mut self, settings: &LogSettings) {
        self.settings = *settings;
    }

    fn size(&self) -> u64 {
        self.segments.iter().map(Segment::len).sum()
    }

    fn close(&mut self) -> io::Result<()> {
        self.flush()?;
        let handles = self.place.handles.clone();
        self.active().store_index(&handles);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.queued = false;
        let handles = self.place.handles.clone();
        let flushed = self.flush_active(&handles);
        self.be_flushed_in_time();
        flushed
    }
}

impl DiskLog {
    fn flush_active(&mut self, handles: &Handles) -> io::Result<()> {
        let active = self.active();
        if active.len() == 0 && !active.is_dirty() {
            return Ok(());
        }
        active.sync()?;
        if active.unindexed() > MAX_UNINDEXED {
            active.store_index(handles);
        }
        if self.new_names {
            let folder = &self.place.folder;
            let above = folder.parent().unwrap_or(Path::new("/"));
            for folder in [folder, above] {
                let synced = handles.env().disk().sync_dir(folder);
                synced.map_err(|error| about(folder, "cannot be synced", &error))?;
            }
            self.new_names = false;
        }
        self.unflushed = 0;
        Ok(())
    }
}

/// The largest timestamp of a segment, or when it was written, where records have no timestamps.
fn last_time(handles: &Handles, segment: &mut Segment) -> io::Result<i64> {
    let latest = segment.max_timestamp(handles)?;
    if latest >= 0 {
        return Ok(latest);
    }
    let metadata = handles.env().disk().metadata(segment.path());
    let metadata = metadata.map_err(|error| about(segment.path(), "cannot be read", &error))?;
    Ok(i64::try_from(metadata.modified.as_millis()).unwrap_or(i64::MAX))
}

/// Removes what an interrupted change has left and gives the segments' offsets, in order.
fn tidy(handles: &Handles, folder: &Path) -> io::Result<Vec<i64>> {
    let names = handles.env().disk().read_dir(folder).map_err(|error| about(folder, "cannot be read", &error))?;
    let mut bases = Vec::new();
    for name in &names {
        let Some(name) = name.to_str() else { continue };
        if name.ends_with(CLEANED) || name.ends_with(start::UNFINISHED) {
            remove(handles, &folder.join(name))?;
        }
        bases.extend(base_in(name, LOG));
    }
    let orphan = |name: &&str| base_in(name, INDEX).is_some_and(|base| !bases.contains(&base));
    for name in names.iter().filter_map(|name| name.to_str()).filter(orphan) {
        remove(handles, &folder.join(name))?;
    }
    bases.sort_unstable();
    Ok(bases)
}

fn length(handles: &Handles, path: &Path) -> io::Result<u64> {
    let metadata = handles.env().disk().metadata(path);
    metadata.map(|metadata| metadata.len).map_err(|error| about(path, "cannot be read", &error))
}
