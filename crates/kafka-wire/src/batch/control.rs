//! Control batches: the markers a broker writes among an application's records.

use bytes::{Buf, BufMut, Bytes};

use super::{Batch, BatchBuilder, BatchError, BatchOptions, ProducerState};

/// What a control batch says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlType {
    /// The producer's open transaction is aborted.
    Abort,
    /// The producer's open transaction is committed.
    Commit,
    /// The brokers' own affairs (leader changes, snapshots, voters), or one yet to be invented: skip it.
    Other(i16),
}

impl ControlType {
    fn id(self) -> i16 {
        match self {
            ControlType::Abort => 0,
            ControlType::Commit => 1,
            ControlType::Other(id) => id,
        }
    }
}

impl Batch {
    /// What a control batch says; `None` when the batch is not one.
    ///
    /// # Errors
    /// [`BatchError::Corrupt`] when there is no record with a marker's key.
    pub fn control_type(&self) -> Result<Option<ControlType>, BatchError> {
        if !self.header().is_control() {
            return Ok(None);
        }
        // A marker's key is 4 bytes; nobody compresses a control batch.
        const LIMIT: usize = 64 * 1024;
        let mut records = self.records(LIMIT)?;
        // Compaction may empty a control batch, which then says nothing any more.
        let Some(record) = records.next_view() else { return Ok(None) };
        let mut key = record?.key.ok_or(BatchError::Corrupt("control record without key"))?;
        let (Ok(version), Ok(id)) = (key.try_get_i16(), key.try_get_i16()) else {
            return Err(BatchError::Corrupt("control record key too short"));
        };
        if version < 0 {
            return Err(BatchError::Corrupt("negative control record version"));
        }
        Ok(Some(match id {
            0 => ControlType::Abort,
            1 => ControlType::Commit,
            other => ControlType::Other(other),
        }))
    }
}

/// The marker that ends a transaction, as one batch at `base_offset`.
///
/// `timestamp` is in milliseconds since 1970; `coordinator_epoch` that of the transaction coordinator.
///
/// # Errors
/// None in practice; [`BatchError`] for uniformity.
pub fn control_batch(
    marker: ControlType,
    (producer_id, producer_epoch): (i64, i16),
    base_offset: i64,
    partition_leader_epoch: i32,
    timestamp: i64,
    coordinator_epoch: i32,
) -> Result<Bytes, BatchError> {
    const VERSION: i16 = 0;
    let (mut key, mut value) = ([0_u8; 4], [0_u8; 6]);
    let mut out = &mut key[..];
    out.put_i16(VERSION);
    out.put_i16(marker.id());
    let mut out = &mut value[..];
    out.put_i16(VERSION);
    out.put_i32(coordinator_epoch);
    let mut builder = BatchBuilder::new(BatchOptions { capacity: 128, ..BatchOptions::default() })
        .at_offset(base_offset, partition_leader_epoch);
    builder.append(timestamp, Some(&key), Some(&value), [])?;
    builder.finish_with(|header| {
        let producer = ProducerState { id: producer_id, epoch: producer_epoch, base_sequence: -1 };
        header.set_producer(Some(producer), true);
        header.set_control();
    })
}
