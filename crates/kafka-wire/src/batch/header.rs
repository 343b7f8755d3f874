//! The 61 bytes before a batch's records.
//!
//! ```text
//!  0 base offset i64        8 length i32 (of what follows)    12 partition leader epoch i32   16 magic i8 (2)
//! 17 crc u32 (of 21..end)  21 attributes i16                  23 last offset delta i32        27 base timestamp i64
//! 35 max timestamp i64     43 producer id i64                 51 producer epoch i16           53 base sequence i32
//! 57 record count i32      61 records
//! ```
//! Offset and leader epoch are outside the checksum, so that a broker can set them.

use super::{BatchError, Compression};

/// Bytes before the records.
pub const BATCH_OVERHEAD: usize = 61;
/// The timestamp of a record without one.
pub const NO_TIMESTAMP: i64 = -1;
/// The producer fields of a batch that is neither idempotent nor transactional.
pub const NO_PRODUCER: ProducerState = ProducerState { id: -1, epoch: -1, base_sequence: -1 };

pub(super) const MAGIC: i8 = 2;
/// Base offset and length: needed to know where a batch ends.
pub(super) const LOG_OVERHEAD: usize = 12;
pub(super) const MAGIC_AT: usize = 16;
pub(super) const CRC_AT: usize = 17;
pub(super) const ATTRIBUTES_AT: usize = 21;
pub(super) const MAX_TIMESTAMP_AT: usize = 35;

const COMPRESSION_MASK: i16 = 0x07;
const LOG_APPEND_TIME: i16 = 0x08;
const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;
const DELETE_HORIZON: i16 = 0x40;

/// Who wrote a batch and where it stands in that producer's sequence (per partition).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerState {
    /// The producer id from InitProducerId.
    pub id: i64,
    /// Its epoch.
    pub epoch: i16,
    /// The sequence number of the batch's first record.
    pub base_sequence: i32,
}

/// Whose clock a batch's timestamps come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's: each record has its own.
    CreateTime,
    /// The broker's: every record has the batch's max timestamp.
    LogAppendTime,
}

/// A batch's header, decoded. Timestamps are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchHeader {
    /// The offset of the first record (kept when compaction removes that record).
    pub base_offset: i64,
    /// Bytes after the length field: the whole batch is 12 bytes longer.
    pub length: i32,
    /// The leader epoch the broker appended it in; -1 from a producer.
    pub partition_leader_epoch: i32,
    /// CRC-32C over everything from the attributes on.
    pub crc: u32,
    /// Compression, timestamp type and flags as on the wire.
    pub attributes: i16,
    /// The last record's offset less the base offset.
    pub last_offset_delta: i32,
    /// What the records' timestamp deltas add to (or the delete horizon).
    pub base_timestamp: i64,
    /// The largest timestamp, or the append time.
    pub max_timestamp: i64,
    /// -1, -1, -1 when the producer is not idempotent.
    pub producer: ProducerState,
    /// Records in the batch.
    pub count: i32,
}

impl BatchHeader {
    /// The whole batch's size in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        LOG_OVERHEAD + usize::try_from(self.length).unwrap_or(0)
    }

    /// The offset of the last record.
    #[must_use]
    pub fn last_offset(&self) -> i64 {
        self.base_offset.wrapping_add(i64::from(self.last_offset_delta))
    }

    /// The offset after the last record: where to fetch next.
    #[must_use]
    pub fn next_offset(&self) -> i64 {
        self.last_offset().wrapping_add(1)
    }

    /// The sequence number of the last record, -1 without one; wraps from 2147483647 to 0.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        if self.producer.base_sequence < 0 {
            return -1;
        }
        self.producer.base_sequence.wrapping_add(self.last_offset_delta) & i32::MAX
    }

    /// How the records are compressed.
    ///
    /// # Errors
    /// [`BatchError::UnknownCompression`].
    pub fn compression(&self) -> Result<Compression, BatchError> {
        let id = (self.attributes & COMPRESSION_MASK) as u8;
        Compression::from_id(id).ok_or(BatchError::UnknownCompression(id))
    }

    /// Whose clock the timestamps come from.
    #[must_use]
    pub fn timestamp_type(&self) -> TimestampType {
        if self.attributes & LOG_APPEND_TIME == 0 { TimestampType::CreateTime } else { TimestampType::LogAppendTime }
    }

    /// Whether it belongs to a transaction.
    #[must_use]
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    /// Whether it holds a broker's marker instead of an application's records.
    #[must_use]
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    /// When compaction may drop the batch's tombstones, if it has decided so (it then stands in the base timestamp).
    #[must_use]
    pub fn delete_horizon(&self) -> Option<i64> {
        (self.attributes & DELETE_HORIZON != 0).then_some(self.base_timestamp)
    }

    /// Decodes the header at the start of `bytes`, which may be shorter than the batch.
    ///
    /// # Errors
    /// [`BatchError::UnsupportedMagic`], or [`BatchError::Corrupt`] when there are fewer than 61 bytes or the lengths and
    /// counts are impossible.
    pub fn decode(bytes: &[u8]) -> Result<Self, BatchError> {
        if let Some(magic) = bytes.get(MAGIC_AT).map(|byte| *byte as i8)
            && magic != MAGIC
        {
            return Err(BatchError::UnsupportedMagic(magic));
        }
        let Some(raw) = bytes.first_chunk::<BATCH_OVERHEAD>() else {
            return Err(BatchError::Corrupt("shorter than a batch header"));
        };
        let header = Self {
            base_offset: i64::from_be_bytes(part(raw, 0)),
            length: i32::from_be_bytes(part(raw, 8)),
            partition_leader_epoch: i32::from_be_bytes(part(raw, 12)),
            crc: u32::from_be_bytes(part(raw, CRC_AT)),
            attributes: i16::from_be_bytes(part(raw, ATTRIBUTES_AT)),
            last_offset_delta: i32::from_be_bytes(part(raw, 23)),
            base_timestamp: i64::from_be_bytes(part(raw, 27)),
            max_timestamp: i64::from_be_bytes(part(raw, MAX_TIMESTAMP_AT)),
            producer: ProducerState {
                id: i64::from_be_bytes(part(raw, 43)),
                epoch: i16::from_be_bytes(part(raw, 51)),
                base_sequence: i32::from_be_bytes(part(raw, 53)),
            },
            count: i32::from_be_bytes(part(raw, 57)),
        };
        if header.length < (BATCH_OVERHEAD - LOG_OVERHEAD) as i32 {
            return Err(BatchError::Corrupt("length smaller than the header"));
        }
        if header.count < 0 || header.last_offset_delta < 0 {
            return Err(BatchError::Corrupt("negative record count"));
        }
        Ok(header)
    }

    /// Writes the header over the first 61 bytes of `batch` (the whole batch), with length and checksum computed anew.
    pub(super) fn write(&self, batch: &mut [u8]) -> Result<(), BatchError> {
        let length = i32::try_from(batch.len() - LOG_OVERHEAD).map_err(|_| BatchError::TooLarge("the batch"))?;
        batch[..8].copy_from_slice(&self.base_offset.to_be_bytes());
        batch[8..12].copy_from_slice(&length.to_be_bytes());
        batch[12..16].copy_from_slice(&self.partition_leader_epoch.to_be_bytes());
        batch[MAGIC_AT] = MAGIC as u8;
        batch[21..23].copy_from_slice(&self.attributes.to_be_bytes());
        batch[23..27].copy_from_slice(&self.last_offset_delta.to_be_bytes());
        batch[27..35].copy_from_slice(&self.base_timestamp.to_be_bytes());
        batch[35..43].copy_from_slice(&self.max_timestamp.to_be_bytes());
        batch[43..51].copy_from_slice(&self.producer.id.to_be_bytes());
        batch[51..53].copy_from_slice(&self.producer.epoch.to_be_bytes());
        batch[53..57].copy_from_slice(&self.producer.base_sequence.to_be_bytes());
        batch[57..61].copy_from_slice(&self.count.to_be_bytes());
        write_crc(batch);
        Ok(())
    }

    pub(super) fn set_producer(&mut self, producer: Option<ProducerState>, transactional: bool) {
        self.producer = producer.unwrap_or(NO_PRODUCER);
        self.attributes = self.attributes & !TRANSACTIONAL | if transactional { TRANSACTIONAL } else { 0 };
    }

    /// Takes over everything but compression, record count and, where there are records, their timestamps.
    pub(super) fn set_identity(&mut self, original: &BatchHeader) {
        const COPIED: i16 = LOG_APPEND_TIME | TRANSACTIONAL | CONTROL;
        self.base_offset = original.base_offset;
        self.partition_leader_epoch = original.partition_leader_epoch;
        self.last_offset_delta = original.last_offset_delta;
        self.producer = original.producer;
        self.attributes |= original.attributes & COPIED;
        // A batch without records is as old as it was.
        if original.timestamp_type() == TimestampType::LogAppendTime || self.count == 0 {
            self.max_timestamp = original.max_timestamp;
        }
    }

    pub(super) fn set_delete_horizon(&mut self) {
        self.attributes |= DELETE_HORIZON;
    }

    pub(super) fn set_control(&mut self) {
        self.attributes |= CONTROL;
    }

    pub(super) fn set_log_append_time(&mut self, timestamp: i64) {
        self.attributes |= LOG_APPEND_TIME;
        self.max_timestamp = timestamp;
    }
}

/// Checksums everything from the attributes on.
pub(super) fn compute_crc(batch: &[u8]) -> u32 {
    crc32c::crc32c(&batch[ATTRIBUTES_AT..])
}

fn write_crc(batch: &mut [u8]) {
    let crc = compute_crc(batch);
    batch[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
}

/// The `N` bytes at `at`, for constant positions within the header.
fn part<const N: usize>(raw: &[u8; BATCH_OVERHEAD], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&raw[at..at + N]);
    bytes
}
