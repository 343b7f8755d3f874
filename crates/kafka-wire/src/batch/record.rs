//! The records of a batch, read in place.

use bytes::Bytes;

use super::BatchError;
use super::varint::Cursor;

/// The records of one batch. Yields exactly as many as the header says; after an error it ends.
#[derive(Debug, Clone)]
pub struct Records {
    bytes: Bytes,
    at: usize,
    base_offset: i64,
    base_timestamp: i64,
    append_time: Option<i64>,
    left: i32,
}

type Span = (usize, usize);

/// Where the parts of a record are.
struct Spans {
    offset: i64,
    timestamp: i64,
    key: Option<Span>,
    value: Option<Span>,
    headers: Span,
    header_count: u32,
}

impl Records {
    pub(super) fn new(
        bytes: Bytes,
        base_offset: i64,
        base_timestamp: i64,
        append_time: Option<i64>,
        count: i32,
    ) -> Self {
        Self { bytes, at: 0, base_offset, base_timestamp, append_time, left: count }
    }

    /// Records still to come, if the header tells the truth.
    #[must_use]
    pub fn left(&self) -> usize {
        usize::try_from(self.left).unwrap_or(0)
    }

    /// The next record as a view of this iterator's memory: for a reader that looks and does not keep.
    pub fn next_view(&mut self) -> Option<Result<RecordView<'_>, BatchError>> {
        let spans = match self.advance()? {
            Ok(spans) => spans,
            Err(error) => return Some(Err(error)),
        };
        let slice = |(start, end): Span| &self.bytes[start..end];
        Some(Ok(RecordView {
            offset: spans.offset,
            timestamp: spans.timestamp,
            key: spans.key.map(slice),
            value: spans.value.map(slice),
            headers: HeaderIter { rest: Cursor { bytes: slice(spans.headers), at: 0 }, left: spans.header_count },
        }))
    }

    fn advance(&mut self) -> Option<Result<Spans, BatchError>> {
        if self.left == 0 {
            return None;
        }
        let result = self.read();
        self.left = if result.is_ok() { self.left - 1 } else { 0 };
        Some(result)
    }

    fn read(&mut self) -> Result<Spans, BatchError> {
        let mut prefix = Cursor { bytes: &self.bytes, at: self.at };
        let size = prefix.varint()?;
        let (start, end) = prefix.take(size)?;
        // From here on nothing can be read beyond this record.
        let mut record = Cursor { bytes: &self.bytes[..end], at: start };
        record.byte()?; // attributes, unused
        let timestamp_delta = record.varlong()?;
        let offset_delta = record.varint()?;
        let key = record.nullable()?;
        let value = record.nullable()?;
        let header_count = record.varint()?;
        let header_count = u32::try_from(header_count).map_err(|_| BatchError::Corrupt("negative header count"))?;
        let headers_at = record.at;
        for _ in 0..header_count {
            let key_length = record.varint()?;
            record.take(key_length)?;
            record.nullable()?;
        }
        if record.at != end {
            return Err(BatchError::Corrupt("record shorter than its length"));
        }
        if self.left == 1 && end != self.bytes.len() {
            return Err(BatchError::Corrupt("bytes after the last record"));
        }
        self.at = end;
        let timestamp = self.append_time.unwrap_or_else(|| self.base_timestamp.wrapping_add(timestamp_delta));
        Ok(Spans {
            offset: self.base_offset.wrapping_add(i64::from(offset_delta)),
            timestamp,
            key,
            value,
            headers: (headers_at, end),
            header_count,
        })
    }
}

impl Iterator for Records {
    type Item = Result<Record, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        let spans = match self.advance()? {
            Ok(spans) => spans,
            Err(error) => return Some(Err(error)),
        };
        let slice = |(start, end): Span| self.bytes.slice(start..end);
        let headers = if spans.header_count == 0 { Bytes::new() } else { slice(spans.headers) };
        Some(Ok(Record {
            offset: spans.offset,
            timestamp: spans.timestamp,
            key: spans.key.map(slice),
            value: spans.value.map(slice),
            headers: Headers { raw: headers, count: spans.header_count },
        }))
    }
}

/// A record whose parts share the batch's memory. Keeping any of them keeps the whole batch (or fetch response).
#[derive(Debug, Clone)]
pub struct Record {
    /// Its offset.
    pub offset: i64,
    /// Milliseconds since 1970, or [`NO_TIMESTAMP`](super::NO_TIMESTAMP).
    pub timestamp: i64,
    /// The key; null is not empty.
    pub key: Option<Bytes>,
    /// The value; null (a tombstone) is not empty.
    pub value: Option<Bytes>,
    /// The headers.
    pub headers: Headers,
}

/// A record whose parts are borrowed from its [`Records`].
#[derive(Debug, Clone, Copy)]
pub struct RecordView<'a> {
    /// Its offset.
    pub offset: i64,
    /// Milliseconds since 1970, or [`NO_TIMESTAMP`](super::NO_TIMESTAMP).
    pub timestamp: i64,
    /// The key; null is not empty.
    pub key: Option<&'a [u8]>,
    /// The value; null (a tombstone) is not empty.
    pub value: Option<&'a [u8]>,
    /// The headers.
    pub headers: HeaderIter<'a>,
}

/// A record's headers, still encoded: iterating decodes, and cannot fail, since they were checked with the record.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    raw: Bytes,
    count: u32,
}

impl Headers {
    /// `count` headers encoded in `raw`. Reading ends early where `raw` is no encoding of headers.
    #[must_use]
    pub fn new(raw: Bytes, count: u32) -> Self {
        Self { raw, count }
    }

    /// The encoded headers.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Key and value of each, in order, duplicates and null values included. A key should be UTF-8 but nobody checks.
    #[must_use]
    pub fn iter(&self) -> HeaderIter<'_> {
        HeaderIter { rest: Cursor { bytes: &self.raw, at: 0 }, left: self.count }
    }

    /// As [`iter`](Self::iter), in slices that share the batch's memory.
    pub fn iter_bytes(&self) -> impl Iterator<Item = (Bytes, Option<Bytes>)> + '_ {
        self.iter().map(|(key, value)| (self.raw.slice_ref(key), value.map(|value| self.raw.slice_ref(value))))
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = (&'a [u8], Option<&'a [u8]>);
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

/// Iterates headers as `(key, value)`.
#[derive(Debug, Clone, Copy)]
pub struct HeaderIter<'a> {
    rest: Cursor<'a>,
    left: u32,
}

impl<'a> HeaderIter<'a> {
    fn read(&mut self) -> Result<(&'a [u8], Option<&'a [u8]>), BatchError> {
        let length = self.rest.varint()?;
        let (start, end) = self.rest.take(length)?;
        let value = self.rest.nullable()?;
        Ok((&self.rest.bytes[start..end], value.map(|(start, end)| &self.rest.bytes[start..end])))
    }
}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        self.read().ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for HeaderIter<'_> {}
