//! The codecs of a batch's records: all records of a batch are compressed together, the header never is.

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use super::BatchError;

/// How a batch's records are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub enum Compression {
    /// Not at all.
    #[default]
    None = 0,
    /// RFC 1952, levels 1-9.
    Gzip = 1,
    /// Snappy blocks in the framing of the Java library (xerial).
    Snappy = 2,
    /// LZ4 frames of independent 64 KiB blocks. (The level is ignored: there is one way to compress.)
    Lz4 = 3,
    /// Zstandard, levels -131072 to 22.
    Zstd = 4,
}

impl Compression {
    /// Every codec.
    pub const ALL: [Compression; 5] =
        [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

    /// The codec with this number in a batch's attributes.
    #[must_use]
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.get(usize::from(id)).copied()
    }

    /// The number in a batch's attributes.
    #[must_use]
    pub fn id(self) -> u8 {
        self as u8
    }

    /// The name in configurations (`compression.type`).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        }
    }

    /// Appends `input`, compressed, to `out`. Without a level the codec's own default is taken (gzip 6, zstd 3).
    pub(super) fn compress(self, input: &[u8], level: Option<i32>, out: &mut Vec<u8>) -> Result<(), BatchError> {
        let result = match self {
            Compression::None => {
                out.extend_from_slice(input);
                Ok(())
            }
            Compression::Gzip => gzip(input, level, out),
            Compression::Snappy => snappy(input, out),
            Compression::Lz4 => lz4(input, out),
            Compression::Zstd => zstd(input, level, out),
        };
        result.map_err(|e| BatchError::Compress { codec: self, reason: e.to_string() })
    }

    /// The decompressed form of `input`, at most `limit` bytes.
    pub(super) fn decompress(self, input: &[u8], limit: usize) -> Result<Vec<u8>, BatchError> {
        let broken = |e: io::Error| BatchError::Decompress { codec: self, reason: e.to_string() };
        match self {
            Compression::None if input.len() > limit => Err(BatchError::DecompressedTooLarge { limit }),
            Compression::None => Ok(input.to_vec()),
            Compression::Gzip => read_bounded(flate2::bufread::MultiGzDecoder::new(input), input.len(), limit, broken),
            Compression::Snappy => unsnappy(input, limit),
            Compression::Lz4 => read_bounded(lz4_flex::frame::FrameDecoder::new(input), input.len(), limit, broken),
            Compression::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(input).map_err(broken)?;
                read_bounded(decoder, input.len(), limit, broken)
            }
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name no codec has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Unknown compression name: {0}")]
pub struct UnknownCompressionName(String);

impl FromStr for Compression {
    type Err = UnknownCompressionName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|codec| codec.name() == name).ok_or_else(|| UnknownCompressionName(name.to_owned()))
    }
}

fn gzip(input: &[u8], level: Option<i32>, out: &mut Vec<u8>) -> io::Result<()> {
    let level = match level {
        Some(level @ 0..=9) => flate2::Compression::new(level as u32),
        // Java's -1 is "the default".
        Some(-1) | None => flate2::Compression::default(),
        Some(level) => return Err(io::Error::other(format!("gzip level {level} is not within 1-9"))),
    };
    let mut encoder = flate2::write::GzEncoder::new(out, level);
    encoder.write_all(input)?;
    encoder.finish().map(drop)
}

fn lz4(input: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
    // Java's reader knows independent blocks only.
    let info = FrameInfo::new().block_mode(BlockMode::Independent).block_size(BlockSize::Max64KB);
    let mut encoder = FrameEncoder::with_frame_info(info, out);
    encoder.write_all(input)?;
    encoder.finish().map(drop).map_err(io::Error::from)
}

fn zstd(input: &[u8], level: Option<i32>, out: &mut Vec<u8>) -> io::Result<()> {
    let mut encoder = zstd::stream::write::Encoder::new(out, level.unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL))?;
    encoder.write_all(input)?;
    encoder.finish().map(drop)
}

/// Reads to the end in steps, so that the room made is in proportion to what really comes out.
fn read_bounded(
    mut decoder: impl Read,
    compressed: usize,
    limit: usize,
    broken: impl Fn(io::Error) -> BatchError,
) -> Result<Vec<u8>, BatchError> {
    const FIRST: usize = 256 * 1024;
    let mut out = Vec::with_capacity(compressed.saturating_mul(4).min(limit).min(FIRST));
    let allowed = (limit as u64).saturating_add(1);
    decoder.by_ref().take(allowed).read_to_end(&mut out).map_err(broken)?;
    if out.len() > limit {
        return Err(BatchError::DecompressedTooLarge { limit });
    }
    Ok(out)
}

/// What a stream of the Java library begins with: magic, version 1, compatible from version 1.
const XERIAL_HEADER: [u8; 16] = *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
const XERIAL_MAGIC: usize = 8;
/// The Java library's own block size.
const XERIAL_BLOCK: usize = 32 * 1024;

fn snappy(input: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    let mut encoder = snap::raw::Encoder::new();
    out.extend_from_slice(&XERIAL_HEADER);
    for block in input.chunks(XERIAL_BLOCK) {
        let start = out.len();
        out.resize(start + 4 + snap::raw::max_compress_len(block.len()), 0);
        let size = encoder.compress(block, &mut out[start + 4..])?;
        out[start..start + 4].copy_from_slice(&(size as u32).to_be_bytes());
        out.truncate(start + 4 + size);
    }
    Ok(())
}

/// Both the Java library's framing and one bare block, which other clients write.
fn unsnappy(input: &[u8], limit: usize) -> Result<Vec<u8>, BatchError> {
    let broken = |reason: &str| BatchError::Decompress { codec: Compression::Snappy, reason: reason.to_owned() };
    let mut out = Vec::new();
    if !input.starts_with(&XERIAL_HEADER[..XERIAL_MAGIC]) {
        unsnappy_block(input, limit, &mut out)?;
        return Ok(out);
    }
    let mut rest = input.get(XERIAL_HEADER.len()..).ok_or_else(|| broken("stream header cut short"))?;
    while !rest.is_empty() {
        let (prefix, tail) = rest.split_first_chunk::<4>().ok_or_else(|| broken("block length cut short"))?;
        // Streams one after the other: a header where a length would be.
        if rest.starts_with(&XERIAL_HEADER[..XERIAL_MAGIC]) {
            rest = rest.get(XERIAL_HEADER.len()..).ok_or_else(|| broken("stream header cut short"))?;
            continue;
        }
        let size = u32::from_be_bytes(*prefix) as usize;
        let (block, tail) = tail.split_at_checked(size).ok_or_else(|| broken("block cut short"))?;
        unsnappy_block(block, limit, &mut out)?;
        rest = tail;
    }
    Ok(out)
}

fn unsnappy_block(block: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), BatchError> {
    let broken = |reason: String| BatchError::Decompress { codec: Compression::Snappy, reason };
    let size = snap::raw::decompress_len(block).map_err(|e| broken(e.to_string()))?;
    if size > limit - out.len() {
        return Err(BatchError::DecompressedTooLarge { limit });
    }
    // The densest code is a 3-byte copy of 64 bytes: a length beyond that lies, and costs no memory.
    if size / 32 > block.len() {
        return Err(broken("block length does not fit its content".to_owned()));
    }
    let start = out.len();
    out.resize(start + size, 0);
    let written = snap::raw::Decoder::new().decompress(block, &mut out[start..]).map_err(|e| broken(e.to_string()))?;
    out.truncate(start + written);
    Ok(())
}
