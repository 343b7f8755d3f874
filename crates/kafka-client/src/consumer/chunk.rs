//! What one fetch brought for one partition, read bit by bit.

use bytes::Bytes;
use kafka_wire::batch::{DEFAULT_MAX_DECOMPRESSED, Records, TimestampType};
use kafka_wire::{BatchError, Batches, Record};

/// Batches of one partition, and how far they were read. Decompressing and decoding happens when records are asked for.
#[derive(Debug)]
pub(super) struct Chunk {
    batches: Batches,
    current: Option<Open>,
    bytes: usize,
}

#[derive(Debug)]
struct Open {
    records: Records,
    timestamp_type: TimestampType,
    next_offset: i64,
}

/// How far reading got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Enough was read, or the next records have another timestamp type.
    Paused,
    /// Nothing is left.
    Exhausted,
}

impl Chunk {
    /// The chunk, and the offset after its last whole batch; `None` when it holds no whole batch.
    pub(super) fn new(bytes: Bytes) -> (Self, Option<i64>) {
        let headers = Batches::new(bytes.clone()).map_while(Result::ok);
        let next = headers.last().map(|batch| batch.header().next_offset());
        (Self { bytes: bytes.len(), batches: Batches::new(bytes), current: None }, next)
    }

    /// The memory it holds.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Reads up to `max` records of one timestamp type from `position` on, which moves along.
    ///
    /// # Errors
    /// What is wrong with the bytes; `position` stays at the first record that cannot be read.
    pub(super) fn read(
        &mut self,
        position: &mut i64,
        max: usize,
        check_crcs: bool,
        out: &mut Vec<Record>,
    ) -> Result<(Progress, TimestampType), BatchError> {
        let mut kind = None;
        loop {
            let Some(open) = &mut self.current else {
                if !self.open_next(position, check_crcs)? {
                    return Ok((Progress::Exhausted, kind.unwrap_or(TimestampType::CreateTime)));
                }
                continue;
            };
            let of = *kind.get_or_insert(open.timestamp_type);
            if of != open.timestamp_type {
                if out.is_empty() {
                    kind = Some(open.timestamp_type);
                    continue;
                }
                return Ok((Progress::Paused, of));
            }
            out.reserve(open.records.left().min(max - out.len()));
            while out.len() < max {
                match open.records.next() {
                    // A fetch brings whole batches, so the first may begin before what was asked for.
                    Some(record) => {
                        let record = record?;
                        if record.offset >= *position {
                            *position = record.offset + 1;
                            out.push(record);
                        }
                    }
                    None => break,
                }
            }
            if open.records.left() > 0 {
                return Ok((Progress::Paused, of));
            }
            // Compaction and markers leave gaps at the end.
            *position = (*position).max(open.next_offset);
            self.current = None;
            if out.len() >= max {
                return Ok((Progress::Paused, of));
            }
        }
    }

    /// Opens the next batch that has something to read; false when there is none.
    fn open_next(&mut self, position: &mut i64, check_crcs: bool) -> Result<bool, BatchError> {
        for batch in self.batches.by_ref() {
            let batch = batch?;
            let next_offset = batch.header().next_offset();
            if next_offset <= *position {
                continue;
            }
            if check_crcs {
                batch.check_crc()?;
            }
            if batch.header().is_control() {
                *position = next_offset;
                continue;
            }
            let timestamp_type = batch.header().timestamp_type();
            let records = batch.records(DEFAULT_MAX_DECOMPRESSED)?;
            self.current = Some(Open { records, timestamp_type, next_offset });
            return Ok(true);
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use kafka_wire::batch::{ControlType, control_batch, set_log_append_time};
    use kafka_wire::{BatchBuilder, BatchOptions};

    use super::*;

    fn batch(base: i64, values: &[&str]) -> Vec<u8> {
        let mut builder = BatchBuilder::new(BatchOptions::default()).at_offset(base, 0);
        for value in values {
            builder.append(7, None, Some(value.as_bytes()), std::iter::empty::<(&[u8], Option<&[u8]>)>()).unwrap();
        }
        builder.finish(None, false).unwrap().to_vec()
    }

    fn read(chunk: &mut Chunk, position: &mut i64, max: usize) -> (Vec<String>, Progress) {
        let mut out = Vec::new();
        let (progress, _) = chunk.read(position, max, true, &mut out).unwrap();
        let text = |record: &Record| String::from_utf8(record.value.as_ref().unwrap().to_vec()).unwrap();
        (out.iter().map(text).collect(), progress)
    }

    #[test]
    fn reads_in_bits_across_batches() {
        let bytes = [batch(10, &["a", "b", "c"]), batch(13, &["d"])].concat();
        let (mut chunk, next) = Chunk::new(bytes.into());
        assert_eq!(next, Some(14));
        // The position is inside the first batch.
        let mut position = 11;
        assert_eq!(read(&mut chunk, &mut position, 1), (vec!["b".into()], Progress::Paused));
        assert_eq!(position, 12);
        assert_eq!(read(&mut chunk, &mut position, 9), (vec!["c".into(), "d".into()], Progress::Exhausted));
        assert_eq!(position, 14);
    }

    #[test]
    fn a_batch_cut_off_is_not_there() {
        let mut bytes = [batch(0, &["a"]), batch(1, &["b"])].concat();
        bytes.truncate(bytes.len() - 1);
        let (mut chunk, next) = Chunk::new(bytes.into());
        assert_eq!(next, Some(1));
        let mut position = 0;
        assert_eq!(read(&mut chunk, &mut position, 9).0, ["a"]);
        let (_, next) = Chunk::new(batch(0, &["a"])[..30].to_vec().into());
        assert_eq!(next, None);
    }

    #[test]
    fn markers_move_the_position_only() {
        let marker = control_batch(ControlType::Commit, (1, 0), 1, 0, 5, 0).unwrap();
        let bytes = [batch(0, &["a"]), marker.to_vec()].concat();
        let (mut chunk, next) = Chunk::new(bytes.into());
        assert_eq!(next, Some(2));
        let mut position = 0;
        assert_eq!(read(&mut chunk, &mut position, 9), (vec!["a".into()], Progress::Exhausted));
        assert_eq!(position, 2);
    }

    #[test]
    fn timestamp_types_do_not_mix() {
        let mut appended = batch(1, &["b"]);
        set_log_append_time(&mut appended, 99).unwrap();
        let (mut chunk, _) = Chunk::new([batch(0, &["a"]), appended].concat().into());
        let (mut position, mut out) = (0, Vec::new());
        let first = chunk.read(&mut position, 9, true, &mut out).unwrap();
        assert_eq!((first, out.len()), ((Progress::Paused, TimestampType::CreateTime), 1));
        out.clear();
        let second = chunk.read(&mut position, 9, true, &mut out).unwrap();
        assert_eq!((second, out[0].timestamp), ((Progress::Exhausted, TimestampType::LogAppendTime), 99));
    }

    #[test]
    fn a_broken_batch_stops_at_its_offset() {
        let mut bytes = [batch(0, &["a"]), batch(1, &["b"])].concat();
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
        let (mut chunk, _) = Chunk::new(bytes.into());
        let (mut position, mut out) = (0, Vec::new());
        let error = chunk.read(&mut position, 9, true, &mut out).unwrap_err();
        assert!(matches!(error, BatchError::Crc { base_offset: 1, .. }));
        assert_eq!((position, out.len()), (1, 1));
    }
}
