//! Building a batch: records are written once, in their final form, into the buffer that is sent.

use bytes::Bytes;

use super::header::{BATCH_OVERHEAD, BatchHeader, NO_PRODUCER, NO_TIMESTAMP};
use super::{BatchError, Compression, ProducerState, varint};

/// Most that a record's length (5), attributes (1), timestamp delta (10) and offset delta (5) take.
const MAX_RECORD_OVERHEAD: usize = 21;

/// How a batch is to be built.
#[derive(Debug, Clone, Copy, Default)]
pub struct BatchOptions {
    /// The codec.
    pub compression: Compression,
    /// The codec's level; `None` for its default.
    pub level: Option<i32>,
    /// Room made at the start, in bytes: the producer's `batch.size`.
    pub capacity: usize,
}

/// Collects records and makes a batch of them.
///
/// Call [`append`](Self::append) for each record, then [`finish`](Self::finish) once. The batch's base offset is 0 (the
/// broker sets it), its base timestamp the first record's.
#[derive(Debug)]
pub struct BatchBuilder {
    /// 61 bytes for the header, then the records, not compressed.
    buffer: Vec<u8>,
    options: BatchOptions,
    count: i32,
    last_offset_delta: i32,
    base_timestamp: i64,
    max_timestamp: i64,
    base_offset: i64,
    partition_leader_epoch: i32,
    delete_horizon: bool,
}

impl BatchBuilder {
    /// An empty batch.
    #[must_use]
    pub fn new(options: BatchOptions) -> Self {
        Self::with_buffer(options, Vec::new())
    }

    /// An empty batch in memory used before; what `buffer` holds is dropped.
    #[must_use]
    pub fn with_buffer(options: BatchOptions, mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        buffer.reserve(options.capacity.max(BATCH_OVERHEAD));
        buffer.resize(BATCH_OVERHEAD, 0);
        Self {
            buffer,
            options,
            count: 0,
            last_offset_delta: -1,
            base_timestamp: NO_TIMESTAMP,
            max_timestamp: NO_TIMESTAMP,
            base_offset: 0,
            partition_leader_epoch: -1,
            delete_horizon: false,
        }
    }

    /// For a broker's log: the offset of the (perhaps already removed) first record and the epoch it was written in.
    #[must_use]
    pub fn at_offset(mut self, base_offset: i64, partition_leader_epoch: i32) -> Self {
        self.base_offset = base_offset;
        self.partition_leader_epoch = partition_leader_epoch;
        self
    }

    /// For compaction: the time (milliseconds since 1970) from which on the batch's tombstones may go. It takes the place of
    /// the base timestamp, so it comes before the first record.
    #[must_use]
    pub fn with_delete_horizon(mut self, horizon: i64) -> Self {
        self.base_timestamp = horizon;
        self.delete_horizon = true;
        self
    }

    /// Adds a record at the next offset. `timestamp` is in milliseconds since 1970, or [`NO_TIMESTAMP`].
    ///
    /// # Errors
    /// [`BatchError::TooLarge`] when the record or the batch would exceed the format's 32-bit lengths; the batch is as
    /// before.
    #[inline]
    pub fn append<'h, H>(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: H,
    ) -> Result<(), BatchError>
    where
        H: IntoIterator<Item = (&'h [u8], Option<&'h [u8]>)>,
        H::IntoIter: Clone,
    {
        let delta = self.last_offset_delta.checked_add(1).ok_or(BatchError::TooLarge("the number of records"))?;
        self.append_at(delta, timestamp, key, value, headers)
    }

    /// Adds a record `offset_delta` after the base offset: for compaction, which leaves gaps. Deltas must rise.
    ///
    /// # Errors
    /// As [`append`](Self::append), and [`BatchError::Corrupt`] when the delta does not rise.
    pub fn append_at<'h, H>(
        &mut self,
        offset_delta: i32,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: H,
    ) -> Result<(), BatchError>
    where
        H: IntoIterator<Item = (&'h [u8], Option<&'h [u8]>)>,
        H::IntoIter: Clone,
    {
        if offset_delta <= self.last_offset_delta {
            return Err(BatchError::Corrupt("offsets do not rise"));
        }
        let headers = headers.into_iter();
        let base_timestamp = if self.count == 0 && !self.delete_horizon { timestamp } else { self.base_timestamp };
        let timestamp_delta = timestamp.wrapping_sub(base_timestamp);
        let (header_count, headers_size) = measure(headers.clone());
        let size = 1
            + varint::size(timestamp_delta)
            + varint::size(i64::from(offset_delta))
            + nullable_size(key)
            + nullable_size(value)
            + varint::size(header_count as i64)
            + headers_size;
        // The parts are within 32 bits when their sum is.
        if size + self.buffer.len() > i32::MAX as usize - MAX_RECORD_OVERHEAD {
            return Err(BatchError::TooLarge("the record"));
        }
        self.buffer.reserve(varint::size(size as i64) + size);
        varint::put(&mut self.buffer, size as i64);
        self.buffer.push(0); // attributes, unused
        varint::put(&mut self.buffer, timestamp_delta);
        varint::put(&mut self.buffer, i64::from(offset_delta));
        put_nullable(&mut self.buffer, key);
        put_nullable(&mut self.buffer, value);
        varint::put(&mut self.buffer, header_count as i64);
        for (name, value) in headers {
            put_nullable(&mut self.buffer, Some(name));
            put_nullable(&mut self.buffer, value);
        }
        self.base_timestamp = base_timestamp;
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.last_offset_delta = offset_delta;
        self.count += 1;
        Ok(())
    }

    /// Records so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The batch's size in bytes so far, before compression.
    #[must_use]
    pub fn size(&self) -> usize {
        self.buffer.len()
    }

    /// The largest timestamp so far, [`NO_TIMESTAMP`] without any.
    #[must_use]
    pub fn max_timestamp(&self) -> i64 {
        self.max_timestamp
    }

    /// The codec.
    #[must_use]
    pub fn compression(&self) -> Compression {
        self.options.compression
    }

    /// An upper bound of [`size`](Self::size) once such a record is in: at most some 20 bytes above the truth, whatever its
    /// timestamp. Null counts as length 0.
    #[inline]
    pub fn size_after<'h, H>(&self, key_len: usize, value_len: usize, headers: H) -> usize
    where
        H: IntoIterator<Item = (&'h [u8], Option<&'h [u8]>)>,
    {
        let (header_count, headers_size) = measure(headers.into_iter());
        let lengths = varint::size(key_len as i64) + varint::size(value_len as i64) + varint::size(header_count as i64);
        self.buffer.len() + MAX_RECORD_OVERHEAD + lengths + key_len + value_len + headers_size
    }

    /// The batch, compressed if so chosen, ready for a Produce request.
    ///
    /// # Errors
    /// [`BatchError::Empty`] without records, [`BatchError::Compress`] for a level the codec does not have.
    pub fn finish(self, producer: Option<ProducerState>, transactional: bool) -> Result<Bytes, BatchError> {
        if self.count == 0 {
            return Err(BatchError::Empty);
        }
        self.finish_with(|header| header.set_producer(producer, transactional))
    }

    /// The batch in the place of `original`, of which it holds some records (added with [`append_at`](Self::append_at)):
    /// for compaction. Offsets, producer, flags and append time stay; no record at all is allowed, so that the producer's
    /// sequence numbers are not forgotten.
    ///
    /// # Errors
    /// [`BatchError::Compress`] for a level the codec does not have.
    pub fn finish_compacted(self, original: &BatchHeader) -> Result<Bytes, BatchError> {
        self.finish_with(|header| header.set_identity(original))
    }

    pub(super) fn finish_with(mut self, adjust: impl FnOnce(&mut BatchHeader)) -> Result<Bytes, BatchError> {
        if self.count == 0 {
            self.options.compression = Compression::None;
        }
        if self.options.compression != Compression::None {
            let mut packed = Vec::with_capacity(BATCH_OVERHEAD + self.buffer.len() / 2);
            packed.resize(BATCH_OVERHEAD, 0);
            let records = &self.buffer[BATCH_OVERHEAD..];
            self.options.compression.compress(records, self.options.level, &mut packed)?;
            self.buffer = packed;
        }
        let mut header = BatchHeader {
            base_offset: self.base_offset,
            length: 0,
            partition_leader_epoch: self.partition_leader_epoch,
            crc: 0,
            attributes: i16::from(self.options.compression.id()),
            last_offset_delta: self.last_offset_delta,
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            producer: NO_PRODUCER,
            count: self.count,
        };
        if self.delete_horizon {
            header.set_delete_horizon();
        }
        adjust(&mut header);
        header.write(&mut self.buffer)?;
        Ok(Bytes::from(self.buffer))
    }
}

/// How many headers there are, and their bytes with the lengths.
fn measure<'h>(headers: impl Iterator<Item = (&'h [u8], Option<&'h [u8]>)>) -> (usize, usize) {
    headers.fold((0, 0), |(count, size), (name, value)| {
        (count + 1, size + nullable_size(Some(name)) + nullable_size(value))
    })
}

#[inline]
fn nullable_size(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| varint::size(bytes.len() as i64) + bytes.len())
}

#[inline]
fn put_nullable(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            varint::put(out, bytes.len() as i64);
            out.extend_from_slice(bytes);
        }
        None => varint::put(out, -1),
    }
}
