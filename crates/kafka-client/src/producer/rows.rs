//! What goes into the producer and what comes back.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

/// Encoded records, ready to be appended: one memory area for all their bytes, so that a row costs no allocation.
///
/// Build a row by writing its headers, key and value into [`Rows::data_mut`] and ending it with [`Rows::push`].
#[derive(Debug, Default)]
pub struct Rows {
    data: Vec<u8>,
    rows: Vec<Row>,
    headers: Vec<(Range<u32>, Option<Range<u32>>)>,
}

/// One record to be produced.
#[derive(Clone, Debug)]
pub struct Row {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition; `None`: by the key's murmur2 hash, or sticky without a key.
    pub partition: Option<i32>,
    /// Milliseconds since 1970; `None`: the time of the append.
    pub timestamp: Option<i64>,
    /// The key, in [`Rows::bytes`].
    pub key: Option<Range<u32>>,
    /// The value.
    pub value: Option<Range<u32>>,
    /// The headers, in [`Rows::headers`].
    pub headers: Range<u32>,
}

impl Rows {
    /// No rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// The memory area that keys, values and headers are written to, before [`Rows::push`] names where they stand.
    pub fn data_mut(&mut self) -> &mut Vec<u8> {
        &mut self.data
    }

    /// Where the next byte is written.
    pub fn position(&self) -> u32 {
        self.data.len() as u32
    }

    /// Adds a header to the row that is pushed next.
    pub fn push_header(&mut self, key: Range<u32>, value: Option<Range<u32>>) {
        self.headers.push((key, value));
    }

    /// The number of headers so far: a row's headers start at the number before its first.
    pub fn header_position(&self) -> u32 {
        self.headers.len() as u32
    }

    /// Ends a row.
    pub fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Takes back everything written since the given positions: a row that could not be completed.
    pub fn rewind(&mut self, position: u32, header_position: u32) {
        self.data.truncate(position as usize);
        self.headers.truncate(header_position as usize);
    }

    /// The rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of a key, value or header part.
    pub fn bytes(&self, range: &Range<u32>) -> &[u8] {
        &self.data[range.start as usize..range.end as usize]
    }

    /// The headers of a row, in order.
    pub fn headers(&self, row: &Row) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> + Clone {
        self.headers[row.headers.start as usize..row.headers.end as usize]
            .iter()
            .map(|(key, value)| (self.bytes(key), value.as_ref().map(|value| self.bytes(value))))
    }

    /// Bytes in the memory area.
    pub fn data_len(&self) -> usize {
        self.data.len()
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.data.clear();
        self.rows.clear();
        self.headers.clear();
    }

    /// A copy of the bytes of one part, for errors and reports.
    pub fn copy(&self, range: &Range<u32>) -> Bytes {
        Bytes::copy_from_slice(self.bytes(range))
    }
}

/// A run of rows that stand one after the other both in the producer's count of rows and in the partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The number of the first row: rows are numbered from 0 in the order in which a producer accepted them.
    pub first_row: u64,
    /// How many rows.
    pub count: u32,
    /// The offset of the first; -1 when the broker did not say (acks=0) or the rows failed.
    pub base_offset: i64,
}

/// What became of the rows of one batch. Per partition, completions come in the order of acceptance.
#[derive(Clone, Debug)]
pub struct Completion<E> {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The rows, in the order in which they stand in the partition.
    pub runs: Vec<Run>,
    /// The timestamp the broker put (`LogAppendTime`); `None`: each record has its own.
    pub log_append_time: Option<i64>,
    /// Why they were not stored.
    pub error: Option<E>,
}

impl<E> Completion<E> {
    /// The number of rows.
    pub fn len(&self) -> u64 {
        self.runs.iter().map(|run| u64::from(run.count)).sum()
    }

    /// Whether there are none; never so for a completion a producer gives.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}
