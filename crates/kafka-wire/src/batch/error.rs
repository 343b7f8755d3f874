//! Why a batch could not be read or written.

use super::Compression;

/// Why a batch could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The bytes break the format.
    #[error("corrupt record batch: {0}")]
    Corrupt(&'static str),
    /// The checksum does not match: the bytes changed on the way or on disk.
    #[error("record batch at offset {base_offset} is corrupt (stored crc = {stored}, computed crc = {computed})")]
    Crc {
        /// The batch's base offset.
        base_offset: i64,
        /// The checksum in the header.
        stored: u32,
        /// The checksum of the bytes.
        computed: u32,
    },
    /// Magic 0 or 1 (before Kafka 0.11), or one yet to be invented.
    #[error("record batch of magic {0} is not supported, only magic 2 is")]
    UnsupportedMagic(i8),
    /// A compression the format does not define.
    #[error("unknown compression type id: {0}")]
    UnknownCompression(u8),
    /// The compressed bytes are not what the codec expects.
    #[error("cannot decompress {codec} records: {reason}")]
    Decompress {
        /// The codec in the header.
        codec: Compression,
        /// The codec's own words.
        reason: String,
    },
    /// The codec refused to compress, e.g. for its level.
    #[error("cannot compress records with {codec}: {reason}")]
    Compress {
        /// The codec asked for.
        codec: Compression,
        /// The codec's own words.
        reason: String,
    },
    /// Decompression would exceed the limit given.
    #[error("decompressed records exceed {limit} bytes")]
    DecompressedTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A record, or the whole batch, does not fit the format's 32-bit lengths.
    #[error("{0} is too large for a record batch")]
    TooLarge(&'static str),
    /// A batch without records cannot be finished.
    #[error("a record batch needs at least one record")]
    Empty,
}
