//! A file of record batches, one after the other, that only grows at its end.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kafka_wire::batch::BATCH_OVERHEAD;
use kafka_wire::{Batch, BatchHeader, Batches};

use super::handles::{Handle, Handles, about};

/// How much is read at once when a file is gone through from one end to the other.
const WINDOW: usize = 256 * 1024;

/// A file of batches. What fails leaves it as it was; where even that fails, it takes nothing more until it has been set
/// right, which each further append and sync tries first.
pub(crate) struct BatchFile {
    handles: Arc<Handles>,
    number: u64,
    path: PathBuf,
    /// Bytes of whole batches.
    len: u64,
    /// How many of them a crash of the machine leaves for certain.
    synced: u64,
    /// The file may have bytes beyond `len`.
    excess: bool,
    /// A sync has failed: what is not durable stays that way, whatever a later sync says, until it is written again.
    lost: bool,
    /// While there is something to be synced.
    held: Option<Arc<Handle>>,
}

impl BatchFile {
    /// A file that has `len` bytes of batches; 0 when it does not exist yet.
    pub(crate) fn new(handles: Arc<Handles>, path: PathBuf, len: u64) -> Self {
        let number = handles.new_number();
        Self { handles, number, path, len, synced: len, excess: false, lost: false, held: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn synced(&self) -> u64 {
        self.synced
    }

    /// Whether a sync has something to do.
    pub(crate) fn is_dirty(&self) -> bool {
        self.synced < self.len || self.excess || self.lost
    }

    /// The file gets another name, or goes away, or something else takes its name.
    pub(crate) fn close(&mut self) {
        self.let_go();
        self.handles.close(self.number);
    }

    fn handle(&self, create: bool) -> io::Result<Arc<Handle>> {
        match &self.held {
            Some(handle) => Ok(handle.clone()),
            None => self.handles.get(self.number, &self.path, create),
        }
    }

    fn let_go(&mut self) {
        if self.held.take().is_some() {
            self.handles.release();
        }
    }

    /// Appends one batch or several; `false`: there are so many files with something to be synced that this one had better
    /// be synced now.
    ///
    /// # Errors
    /// When it could not be written; nothing of it is there then.
    pub(crate) fn append(&mut self, batches: &[u8]) -> io::Result<bool> {
        if self.excess || self.lost {
            self.mend()?;
        }
        let handle = self.handle(true)?;
        let unhurried = self.held.is_some() || self.handles.hold();
        self.held = Some(handle.clone());
        if let Err(error) = handle.write_at(self.len, batches) {
            self.excess = true;
            let error = about(&self.path, "cannot be written", &error);
            if let Err(worse) = self.mend() {
                tracing::error!(%error, %worse, "what a failed write has left cannot be cut off: nothing more is written there until it can");
            }
            return Err(error);
        }
        self.len += batches.len() as u64;
        Ok(unhurried)
    }

    /// Takes back what was appended last, down to `len` bytes, none of which anybody has been told of.
    pub(crate) fn take_back(&mut self, len: u64) {
        self.len = self.len.min(len);
        self.synced = self.synced.min(self.len);
        self.excess = true;
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// When that failed: then it is not, and nothing is appended until a later call has written it again.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        if self.excess || self.lost {
            return self.mend();
        }
        if self.synced < self.len {
            self.sync_now()?;
        }
        Ok(())
    }

    fn sync_now(&mut self) -> io::Result<()> {
        let synced = self.handle(false).and_then(|handle| handle.sync());
        if let Err(error) = synced {
            self.lost = true;
            return Err(about(&self.path, "cannot be synced", &error));
        }
        self.synced = self.len;
        self.excess = false;
        self.lost = false;
        self.let_go();
        Ok(())
    }

    /// Cuts off what does not belong there and writes again what may be lost.
    fn mend(&mut self) -> io::Result<()> {
        let handle = self.handle(true)?;
        if self.excess {
            handle.set_len(self.len).map_err(|error| about(&self.path, "cannot be cut", &error))?;
        }
        if self.lost {
            self.write_again()?;
        }
        // The cut as well: what is written behind it must not meet what was cut off.
        self.sync_now()
    }

    /// Writes what is not known to be durable once more: a system that failed to write it takes it for written.
    fn write_again(&mut self) -> io::Result<()> {
        let handle = self.handle(false)?;
        let mut at = self.synced;
        while at < self.len {
            let count = (self.len - at).min(WINDOW as u64) as usize;
            let mut bytes = vec![0; count];
            handle.read_at(at, &mut bytes).map_err(|error| about(&self.path, "cannot be read", &error))?;
            handle.write_at(at, &bytes).map_err(|error| about(&self.path, "cannot be written", &error))?;
            at += count as u64;
        }
        Ok(())
    }

    /// Checks the batches from `from` on, which is the end of one, shows each to `visit`, and cuts the file before the
    /// first that is bad, as a crash leaves it. `file_len` is the file's length. What stays is durable afterwards. Gives
    /// how many bytes were cut off.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn recover(
        &mut self,
        from: u64,
        next_offset: i64,
        file_len: u64,
        visit: &mut dyn FnMut(u64, &Batch),
    ) -> io::Result<u64> {
        (self.len, self.synced) = (file_len, from);
        let mut scan = Scan::new(self, from, file_len);
        let mut expected = next_offset;
        loop {
            match scan.next_batch()? {
                Some((at, batch)) if batch.header().base_offset >= expected && batch.check_crc().is_ok() => {
                    visit(at, &batch);
                    expected = batch.header().next_offset();
                }
                Some((at, _)) => {
                    scan.at = at;
                    break;
                }
                None => break,
            }
        }
        let sound = scan.at;
        drop(scan);
        self.len = sound;
        self.excess = sound < file_len;
        // Whoever wrote it may not have lived to see its sync fail.
        self.lost = from < sound;
        if self.excess || self.lost {
            self.mend()?;
        }
        Ok(file_len - sound)
    }

    /// The bytes at `at`; fewer when the file ends before.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn read(&self, at: u64, count: usize) -> io::Result<Bytes> {
        let count = self.len.saturating_sub(at).min(count as u64) as usize;
        if count == 0 {
            return Ok(Bytes::new());
        }
        let mut bytes = BytesMut::zeroed(count);
        let handle = self.handle(false)?;
        handle.read_at(at, &mut bytes).map_err(|error| about(&self.path, "cannot be read", &error))?;
        Ok(bytes.freeze())
    }

    /// The batches from `from` on.
    pub(crate) fn scan(&self, from: u64) -> Scan<'_> {
        Scan::new(self, from, self.len)
    }

    /// An error that says that the file is not what it should be.
    pub(crate) fn corrupt(&self, at: u64) -> io::Error {
        let message = format!(
            "{} has no record batch at byte {at} where one should be: the file was changed or the disk has lost \
             something; delete the topic, or put the file back from a copy",
            self.path.display()
        );
        io::Error::new(io::ErrorKind::InvalidData, message)
    }
}

impl Drop for BatchFile {
    fn drop(&mut self) {
        self.close();
    }
}

/// Goes through the batches of a file.
pub(crate) struct Scan<'a> {
    file: &'a BatchFile,
    /// Where the next batch begins.
    at: u64,
    end: u64,
    /// What has been read ahead, from `window_at` on.
    window: Bytes,
    window_at: u64,
}

impl<'a> Scan<'a> {
    fn new(file: &'a BatchFile, at: u64, end: u64) -> Self {
        Self { file, at, end, window: Bytes::new(), window_at: at }
    }

    /// Where the next batch begins.
    pub(crate) fn position(&self) -> u64 {
        self.at
    }

    /// The next header and where its batch begins; the records are not read. `None` at the end, and where no whole batch
    /// is: then [`Scan::position`] is before the end.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn next_header(&mut self) -> io::Result<Option<(u64, BatchHeader)>> {
        let bytes = self.ahead(BATCH_OVERHEAD, WINDOW / 4)?;
        let Ok(header) = BatchHeader::decode(&bytes) else { return Ok(None) };
        let at = self.at;
        let next = at + header.size() as u64;
        if next > self.end {
            return Ok(None);
        }
        self.at = next;
        Ok(Some((at, header)))
    }

    /// The next batch and where it begins; otherwise as [`Scan::next_header`].
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn next_batch(&mut self) -> io::Result<Option<(u64, Batch)>> {
        let bytes = self.ahead(BATCH_OVERHEAD, WINDOW)?;
        let Ok(header) = BatchHeader::decode(&bytes) else { return Ok(None) };
        let (at, size) = (self.at, header.size());
        if at + size as u64 > self.end {
            return Ok(None);
        }
        let bytes = self.ahead(size, WINDOW)?;
        let Some(Ok(batch)) = Batches::new(bytes).next() else { return Ok(None) };
        self.at += size as u64;
        Ok(Some((at, batch)))
    }

    /// `count` bytes from here on, or as many as there are; what is read for it is at least `window` bytes long.
    fn ahead(&mut self, count: usize, window: usize) -> io::Result<Bytes> {
        let count = (self.end - self.at).min(count as u64) as usize;
        let skip = (self.at - self.window_at) as usize;
        if skip + count > self.window.len() {
            let wanted = (self.end - self.at).min(count.max(window) as u64) as usize;
            let mut bytes = BytesMut::zeroed(wanted);
            if wanted > 0 {
                let handle = self.file.handle(false)?;
                let read = handle.read_at(self.at, &mut bytes);
                read.map_err(|error| about(&self.file.path, "cannot be read", &error))?;
            }
            (self.window, self.window_at) = (bytes.freeze(), self.at);
            return Ok(self.window.slice(..count));
        }
        Ok(self.window.slice(skip..skip + count))
    }
}
