//! Changes to a finished batch: by a producer that retries or splits it, by a broker that appends it.

use bytes::{Bytes, BytesMut};

use super::header::BATCH_OVERHEAD;
use super::{Batch, BatchBuilder, BatchError, BatchHeader, BatchOptions, ProducerState};

/// Puts the records of `batch` into new batches of at most `max_size` bytes before compression, each of at least one record,
/// in order: for a batch the broker refuses as too large. [`BatchBuilder::count`] tells how many records went where;
/// the caller finishes each with the producer state it gets.
///
/// # Errors
/// As [`Batch::records`] and its iterator.
pub fn split(
    batch: &Batch,
    options: BatchOptions,
    max_size: usize,
    max_decompressed: usize,
) -> Result<Vec<BatchBuilder>, BatchError> {
    let options = BatchOptions { capacity: options.capacity.min(max_size), ..options };
    let mut done = Vec::new();
    let mut current = BatchBuilder::new(options);
    let mut records = batch.records(max_decompressed)?;
    while let Some(record) = records.next_view() {
        let record = record?;
        let (key_len, value_len) = (record.key.map_or(0, <[u8]>::len), record.value.map_or(0, <[u8]>::len));
        if !current.is_empty() && current.size_after(key_len, value_len, record.headers) > max_size {
            done.push(std::mem::replace(&mut current, BatchBuilder::new(options)));
        }
        current.append(record.timestamp, record.key, record.value, record.headers)?;
    }
    if !current.is_empty() {
        done.push(current);
    }
    Ok(done)
}

/// The batch with another producer state: when an idempotent producer's epoch or sequence numbers begin anew before a retry.
///
/// Works in place when nobody else holds the memory, else on a copy.
///
/// # Errors
/// As [`Batch::new`].
pub fn set_producer(batch: Bytes, producer: Option<ProducerState>, transactional: bool) -> Result<Bytes, BatchError> {
    let mut header = Batch::new(batch.clone())?.header;
    header.set_producer(producer, transactional);
    let mut bytes = batch.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
    header.write(&mut bytes)?;
    Ok(bytes.freeze())
}

/// Sets the offset a broker gives to the batch and the epoch it does so in; the checksum does not cover them.
///
/// # Errors
/// [`BatchError::Corrupt`] when `batch` is shorter than a header.
pub fn assign_offsets(batch: &mut [u8], base_offset: i64, partition_leader_epoch: i32) -> Result<(), BatchError> {
    if batch.len() < BATCH_OVERHEAD {
        return Err(BatchError::Corrupt("shorter than a batch header"));
    }
    batch[..8].copy_from_slice(&base_offset.to_be_bytes());
    batch[12..16].copy_from_slice(&partition_leader_epoch.to_be_bytes());
    Ok(())
}

/// Makes `timestamp` (milliseconds since 1970) the time of every record, as `message.timestamp.type=LogAppendTime` wants.
///
/// # Errors
/// As [`BatchHeader::decode`]; [`BatchError::Corrupt`] when `batch` is not exactly one batch.
pub fn set_log_append_time(batch: &mut [u8], timestamp: i64) -> Result<(), BatchError> {
    let mut header = BatchHeader::decode(batch)?;
    if header.size() != batch.len() {
        return Err(BatchError::Corrupt("length does not match the bytes"));
    }
    header.set_log_append_time(timestamp);
    header.write(batch)
}
