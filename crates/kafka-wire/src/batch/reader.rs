//! Reading batches: from a fetch response, or from a log segment.

use bytes::{Buf, Bytes};

use super::header::{BATCH_OVERHEAD, LOG_OVERHEAD, MAGIC_AT, compute_crc};
use super::{BatchError, BatchHeader, Compression, Records, TimestampType};

/// A sensible limit for [`Batch::records`]: a fetch brings 50 MiB by default, well-compressed JSON shrinks to a tenth.
pub const DEFAULT_MAX_DECOMPRESSED: usize = 512 * 1024 * 1024;

/// Below this a length cannot be any batch's or message's: the smallest there ever was, of magic 0.
const MIN_LENGTH: i32 = 14;

/// The batches in a run of bytes. A batch cut off at the end is ignored: brokers cut where the client's limit is.
///
/// After an error the iterator ends, since the next batch cannot be found.
#[derive(Debug, Clone)]
pub struct Batches {
    rest: Bytes,
}

impl Batches {
    /// The batches in `bytes`, which begins with one.
    #[must_use]
    pub fn new(bytes: Bytes) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read: once the iterator has ended without an error, the batch cut off.
    #[must_use]
    pub fn remaining(&self) -> &Bytes {
        &self.rest
    }

    fn read(&mut self) -> Result<Option<Batch>, BatchError> {
        let Some(prefix) = self.rest.first_chunk::<LOG_OVERHEAD>() else { return Ok(None) };
        let length = i32::from_be_bytes([prefix[8], prefix[9], prefix[10], prefix[11]]);
        if length < MIN_LENGTH {
            return Err(BatchError::Corrupt("length smaller than the smallest batch"));
        }
        let size = LOG_OVERHEAD + length as usize;
        if self.rest.len() < size {
            return Ok(None);
        }
        let header = BatchHeader::decode(&self.rest[..size])?;
        let bytes = self.rest.split_to(size);
        Ok(Some(Batch { header, bytes }))
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.read() {
            Ok(batch) => batch.map(Ok),
            Err(error) => {
                self.rest.clear();
                Some(Err(error))
            }
        }
    }
}

/// One batch: its header decoded, its records not yet.
#[derive(Debug, Clone)]
pub struct Batch {
    pub(super) header: BatchHeader,
    bytes: Bytes,
}

impl Batch {
    /// The one batch `bytes` consists of.
    ///
    /// # Errors
    /// [`BatchError::Corrupt`] when it is less or more than one batch, [`BatchError::UnsupportedMagic`].
    pub fn new(bytes: Bytes) -> Result<Self, BatchError> {
        if bytes.len() <= MAGIC_AT {
            return Err(BatchError::Corrupt("shorter than a batch header"));
        }
        let header = BatchHeader::decode(&bytes)?;
        if header.size() != bytes.len() {
            return Err(BatchError::Corrupt("length does not match the bytes"));
        }
        Ok(Self { header, bytes })
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The whole batch with its header, as on the wire.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The whole batch with its header, as on the wire.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// Compares the checksum.
    ///
    /// # Errors
    /// [`BatchError::Crc`].
    pub fn check_crc(&self) -> Result<(), BatchError> {
        let computed = compute_crc(&self.bytes);
        if computed == self.header.crc {
            return Ok(());
        }
        Err(BatchError::Crc { base_offset: self.header.base_offset, stored: self.header.crc, computed })
    }

    /// The records, decompressed when they are compressed, else slices of this batch's memory.
    ///
    /// Does not check the checksum. `max_decompressed` bounds the memory a compressed batch may take, in bytes (see
    /// [`DEFAULT_MAX_DECOMPRESSED`]); it does not matter for a batch that is not compressed.
    ///
    /// # Errors
    /// Those of decompression; what is wrong with a record comes from the iterator.
    pub fn records(&self, max_decompressed: usize) -> Result<Records, BatchError> {
        let codec = self.header.compression()?;
        let mut bytes = self.bytes.clone();
        bytes.advance(BATCH_OVERHEAD);
        // A batch emptied by compaction keeps its header alone.
        if codec != Compression::None && self.header.count > 0 {
            bytes = Bytes::from(codec.decompress(&bytes, max_decompressed)?);
        } else if self.header.count == 0 {
            bytes.clear();
        }
        let append_time =
            (self.header.timestamp_type() == TimestampType::LogAppendTime).then_some(self.header.max_timestamp);
        Ok(Records::new(bytes, self.header.base_offset, self.header.base_timestamp, append_time, self.header.count))
    }
}
