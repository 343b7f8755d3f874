//! What is known of a segment without reading it: where some of its batches are, and their times.
//!
//! It lies in a file beside the segment, which is a copy of what a look at every header would give: when it is missing or
//! bad, that look is taken. As far as it covers the segment, the segment is durable.
//!
//! ```text
//!  0 magic "MLIX"            4 version u32 (1)          8 bytes of the segment covered u64   16 next offset i64
//! 24 first timestamp i64    32 max timestamp i64       40 number of entries u32
//! 44 entries, 16 bytes each: offset less the segment's base u32, position u32, max timestamp of all before i64
//! then CRC-32C over everything before it u32; all numbers big-endian
//! ```

use bytes::{Buf, BufMut};
use kafka_wire::BatchHeader;
use kafka_wire::batch::NO_TIMESTAMP;

/// An entry for every so many bytes. Less than Kafka's 4 KiB (`index.interval.bytes`) would find places more exactly than
/// the reads ahead are long.
const INTERVAL: u64 = 32 * 1024;
const MAGIC: &[u8; 4] = b"MLIX";
const VERSION: u32 = 1;
const HEADER: usize = 44;
const ENTRY: usize = 16;

/// What is known of a segment's batches, up to some position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    base: i64,
    entries: Vec<Entry>,
    covered: u64,
    next_offset: i64,
    first_timestamp: i64,
    max_timestamp: i64,
}

/// Where a batch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    /// Its base offset, less the segment's.
    offset: u32,
    position: u32,
    /// The largest timestamp of the batches before it.
    max_before: i64,
}

impl Index {
    /// Of a segment without batches that begins at offset `base`.
    pub(crate) fn new(base: i64) -> Self {
        Self {
            base,
            entries: Vec::new(),
            covered: 0,
            next_offset: base,
            first_timestamp: NO_TIMESTAMP,
            max_timestamp: NO_TIMESTAMP,
        }
    }

    /// The next batch, which begins at `position`.
    pub(crate) fn add(&mut self, position: u64, header: &BatchHeader) {
        let far = self.entries.last().is_none_or(|last| position >= u64::from(last.position) + INTERVAL);
        let place = (u32::try_from(header.base_offset - self.base), u32::try_from(position));
        if let (true, (Ok(offset), Ok(position))) = (far, place) {
            self.entries.push(Entry { offset, position, max_before: self.max_timestamp });
        }
        if self.covered == 0 {
            self.first_timestamp = header.max_timestamp;
        }
        self.covered = position + header.size() as u64;
        self.next_offset = header.next_offset();
        self.max_timestamp = self.max_timestamp.max(header.max_timestamp);
    }

    /// Bytes of batches it knows of.
    pub(crate) fn covered(&self) -> u64 {
        self.covered
    }

    /// The offset after the last of them.
    pub(crate) fn next_offset(&self) -> i64 {
        self.next_offset
    }

    /// The first batch's largest timestamp.
    pub(crate) fn first_timestamp(&self) -> i64 {
        self.first_timestamp
    }

    /// The largest timestamp of all.
    pub(crate) fn max_timestamp(&self) -> i64 {
        self.max_timestamp
    }

    /// A position at or shortly before the batch that holds `offset`.
    pub(crate) fn position_before(&self, offset: i64) -> u64 {
        let behind = self.entries.partition_point(|entry| self.base + i64::from(entry.offset) <= offset);
        self.at(behind)
    }

    /// A position at or shortly before the first batch whose largest timestamp is `timestamp` or later.
    pub(crate) fn position_before_time(&self, timestamp: i64) -> u64 {
        self.at(self.entries.partition_point(|entry| entry.max_before < timestamp))
    }

    /// The position of the last entry of the first `count`.
    fn at(&self, count: usize) -> u64 {
        let entry = count.checked_sub(1).and_then(|last| self.entries.get(last));
        entry.map_or(0, |entry| u64::from(entry.position))
    }

    /// The file's content.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + self.entries.len() * ENTRY + 4);
        out.put_slice(MAGIC);
        out.put_u32(VERSION);
        out.put_u64(self.covered);
        out.put_i64(self.next_offset);
        out.put_i64(self.first_timestamp);
        out.put_i64(self.max_timestamp);
        out.put_u32(self.entries.len() as u32);
        for entry in &self.entries {
            out.put_u32(entry.offset);
            out.put_u32(entry.position);
            out.put_i64(entry.max_before);
        }
        out.put_u32(crc32c::crc32c(&out));
        out
    }

    /// From a file's content; `None` when that is not one.
    pub(crate) fn decode(base: i64, content: &[u8]) -> Option<Self> {
        let (body, crc) = content.split_last_chunk::<4>()?;
        if body.len() < HEADER || crc32c::crc32c(body) != u32::from_be_bytes(*crc) {
            return None;
        }
        let mut rest = body.strip_prefix(MAGIC)?;
        if rest.get_u32() != VERSION {
            return None;
        }
        let mut index = Self { covered: rest.get_u64(), ..Self::new(base) };
        index.next_offset = rest.get_i64();
        index.first_timestamp = rest.get_i64();
        index.max_timestamp = rest.get_i64();
        let count = rest.get_u32() as usize;
        if rest.len() != count.checked_mul(ENTRY)? || index.next_offset < base {
            return None;
        }
        index.entries.reserve_exact(count);
        while rest.has_remaining() {
            let entry = Entry { offset: rest.get_u32(), position: rest.get_u32(), max_before: rest.get_i64() };
            index.entries.push(entry);
        }
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use kafka_wire::batch::NO_PRODUCER;
    use proptest::prelude::*;

    use super::*;

    fn header(base_offset: i64, count: i32, size: usize, max_timestamp: i64) -> BatchHeader {
        BatchHeader {
            base_offset,
            length: size as i32 - 12,
            partition_leader_epoch: 0,
            crc: 0,
            attributes: 0,
            last_offset_delta: count - 1,
            base_timestamp: max_timestamp,
            max_timestamp,
            producer: NO_PRODUCER,
            count,
        }
    }

    proptest! {
        #[test]
        fn what_is_found_is_close_before_what_is_sought(
            batches in prop::collection::vec((1_i32..50, 61_usize..20_000, -1_i64..500), 1..200),
            base in 0_i64..1_000_000,
        ) {
            let mut index = Index::new(base);
            let mut known = Vec::new();
            for (count, size, time) in batches {
                let header = header(index.next_offset(), count, size, time);
                known.push((index.covered(), header.clone()));
                index.add(index.covered(), &header);
            }
            let decoded = Index::decode(base, &index.encode());
            prop_assert_eq!(decoded.as_ref(), Some(&index));
            for (position, header) in &known {
                let found = index.position_before(header.last_offset());
                prop_assert!(found <= *position && position - found < INTERVAL + 20_000);
                prop_assert!(known.iter().any(|(position, _)| *position == found));
            }
            for time in -1..=500 {
                let sought = known.iter().find(|(_, header)| header.max_timestamp >= time);
                let found = index.position_before_time(time);
                if let Some((position, _)) = sought {
                    prop_assert!(found <= *position && position - found < INTERVAL + 20_000);
                }
            }
        }

        #[test]
        fn a_changed_file_is_none(at: prop::sample::Index, by in 1_u8..) {
            let mut index = Index::new(5);
            for _ in 0..20 {
                index.add(index.covered(), &header(index.next_offset(), 2, 20_000, 7));
            }
            let mut content = index.encode();
            let at = at.index(content.len());
            prop_assert!(Index::decode(5, &content[..at]).is_none());
            content[at] ^= by;
            prop_assert!(Index::decode(5, &content).is_none());
        }
    }
}
