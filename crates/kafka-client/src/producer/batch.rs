//! A batch on its way: which rows are in it, and their bytes.

use bytes::Bytes;
use env::Instant;
use kafka_wire::batch::BATCH_OVERHEAD;
use kafka_wire::{BatchBuilder, BatchOptions};

use super::rows::{Row, Rows, Run};
use crate::config::ProducerConfig;
use crate::error::ClientError;

/// Most a record adds to its parts, and a batch to its records, as Java counts them.
const RECORD_OVERHEAD: usize = 21;
/// Room made for a batch at first; it grows with what comes.
const FIRST_ROOM: usize = 16 * 1024;

/// A batch that is not in flight.
pub(super) struct Batch {
    pub(super) meta: Meta,
    pub(super) body: Body,
}

/// What is remembered of a batch while its bytes are in flight.
#[derive(Debug, Clone)]
pub(super) struct Meta {
    /// Its rows, in order.
    pub(super) runs: Vec<Run>,
    /// How many records it has.
    pub(super) count: u32,
    /// Bytes counted against `buffer.memory`: its size before compression.
    pub(super) memory: usize,
    /// When its first record came.
    pub(super) created: Instant,
    /// How often it was sent in vain.
    pub(super) attempts: u32,
}

/// The records.
pub(super) enum Body {
    /// Not yet compressed, and without a checksum.
    Open(BatchBuilder),
    /// As on the wire.
    Sealed(Bytes),
}

impl Batch {
    /// An empty batch, in memory used before if there is some.
    pub(super) fn new(config: &ProducerConfig, created: Instant, spare: Option<Vec<u8>>) -> Self {
        let builder = BatchBuilder::with_buffer(options(config), spare.unwrap_or_default());
        let meta = Meta { runs: Vec::new(), count: 0, memory: builder.size(), created, attempts: 0 };
        Self { meta, body: Body::Open(builder) }
    }

    /// Whether a record of at most `size` bytes still fits below `limit`. An empty batch takes any.
    pub(super) fn has_room(&self, size: usize, limit: usize) -> bool {
        match &self.body {
            Body::Open(builder) => builder.is_empty() || builder.size() + size <= limit,
            Body::Sealed(_) => false,
        }
    }

    /// Adds a row, the `number`th accepted; how many bytes it took.
    pub(super) fn append(&mut self, rows: &Rows, row: &Row, number: u64, timestamp: i64) -> Result<usize, ClientError> {
        let Body::Open(builder) = &mut self.body else { return Err(ClientError::protocol("the batch is closed")) };
        let before = builder.size();
        let key = row.key.as_ref().map(|range| rows.bytes(range));
        let value = row.value.as_ref().map(|range| rows.bytes(range));
        builder.append(timestamp, key, value, rows.headers(row))?;
        let added = builder.size() - before;
        self.meta.memory += added;
        self.meta.push(number);
        Ok(added)
    }
}

impl Meta {
    fn push(&mut self, number: u64) {
        self.count += 1;
        match self.runs.last_mut() {
            Some(last) if last.first_row + u64::from(last.count) == number => last.count += 1,
            _ => self.runs.push(Run { first_row: number, count: 1, base_offset: -1 }),
        }
    }

    /// Gives each run its offset, when the first record has `base_offset`; -1 stays unknown.
    pub(super) fn place(&mut self, base_offset: i64) {
        let mut next = base_offset;
        for run in &mut self.runs {
            run.base_offset = next;
            if next >= 0 {
                next += i64::from(run.count);
            }
        }
    }
}

/// Takes the first `count` rows off `runs`.
pub(super) fn take_rows(runs: &mut Vec<Run>, mut count: u32) -> Vec<Run> {
    let mut taken = Vec::new();
    while count > 0
        && let Some(first) = runs.first_mut()
    {
        if first.count <= count {
            count -= first.count;
            taken.push(runs.remove(0));
        } else {
            taken.push(Run { count, ..*first });
            first.first_row += u64::from(count);
            first.count -= count;
            count = 0;
        }
    }
    taken
}

/// How batches are built.
pub(super) fn options(config: &ProducerConfig) -> BatchOptions {
    BatchOptions {
        compression: config.compression,
        level: config.compression_level,
        capacity: config.batch_size.min(FIRST_ROOM),
    }
}

/// Most a row takes in a batch.
pub(super) fn record_size(rows: &Rows, row: &Row) -> usize {
    let nullable = |length: Option<usize>| length.map_or(1, |length| varint_size(length) + length);
    let length = |range: &std::ops::Range<u32>| (range.end - range.start) as usize;
    let count = row.headers.end.saturating_sub(row.headers.start) as usize;
    let headers: usize = if count == 0 {
        0
    } else {
        let headers = rows.headers(row);
        headers.map(|(name, value)| nullable(Some(name.len())) + nullable(value.map(<[u8]>::len))).sum()
    };
    RECORD_OVERHEAD
        + nullable(row.key.as_ref().map(length))
        + nullable(row.value.as_ref().map(length))
        + varint_size(count)
        + headers
}

/// The size of a batch of that record alone: what Java compares with `max.request.size`.
pub(super) fn alone(record_size: usize) -> usize {
    BATCH_OVERHEAD + record_size
}

/// Bytes of a length as a zigzag varint.
fn varint_size(length: usize) -> usize {
    let bits = 64 - ((length as u64) << 1 | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(first_row: u64, count: u32) -> Run {
        Run { first_row, count, base_offset: -1 }
    }

    #[test]
    fn rows_are_taken_off_in_order() {
        let mut runs = vec![run(0, 2), run(5, 1), run(9, 4)];
        assert_eq!(take_rows(&mut runs, 4), [run(0, 2), run(5, 1), run(9, 1)]);
        assert_eq!(runs, [run(10, 3)]);
        assert_eq!(take_rows(&mut runs, 9), [run(10, 3)]);
        assert!(runs.is_empty());
    }

    #[test]
    fn runs_get_their_offsets() {
        let created = Instant::from_origin(std::time::Duration::ZERO);
        let mut meta = Meta { runs: Vec::new(), count: 0, memory: 0, created, attempts: 0 };
        for number in [3, 4, 8] {
            meta.push(number);
        }
        meta.place(100);
        let placed: Vec<_> = meta.runs.iter().map(|run| (run.first_row, run.count, run.base_offset)).collect();
        assert_eq!(placed, [(3, 2, 100), (8, 1, 102)]);
    }

    #[test]
    fn sizes_are_javas() {
        let mut rows = Rows::new();
        rows.data_mut().resize(1_048_574, b'x');
        rows.push(Row {
            topic: "t".into(),
            partition: None,
            timestamp: None,
            key: None,
            value: Some(0..1_048_572),
            headers: 0..0,
        });
        // What KafkaProducer reports for a value of that length.
        assert_eq!(alone(record_size(&rows, &rows.rows()[0])), 1_048_659);
    }

    #[test]
    fn varint_sizes() {
        assert_eq!([0, 63, 64, 8191, 8192, 1 << 20].map(varint_size), [1, 1, 2, 2, 3, 4]);
    }
}
