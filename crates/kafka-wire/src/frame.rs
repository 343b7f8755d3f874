//! Frames on a byte stream: a signed 32-bit length, then that many bytes.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The largest frame read unless told otherwise: `socket.request.max.bytes` of a broker.
pub const DEFAULT_MAX_FRAME: usize = 100 * 1024 * 1024;

/// Room made before any byte of a frame has arrived; from there on the room doubles with what arrives, so a length that
/// lies costs no memory.
const FIRST_READ: usize = 64 * 1024;
/// Room for a read while no frame is begun: small responses come whole, with their length, in one read.
const IDLE_READ: usize = 8 * 1024;
const LENGTH: usize = 4;

/// Reads the frames of one stream, keeping what was read too far for the next frame.
///
/// # Cancel safety
/// [`FrameReader::read`] may be dropped at any await: what has arrived stays in the reader and the next call goes on from
/// there. Use one reader for the whole life of a stream.
#[derive(Debug)]
pub struct FrameReader {
    buffer: BytesMut,
    max: usize,
}

impl FrameReader {
    /// A reader that refuses frames of more than `max` bytes (the length itself not counted).
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { buffer: BytesMut::new(), max }
    }

    /// The next frame without its length; `None` when the stream ended between two frames.
    ///
    /// # Errors
    /// `UnexpectedEof` when the stream ends inside a frame, `InvalidData` for a negative length or one above the maximum
    /// (the stream cannot be used after that), and whatever the stream itself reports.
    pub async fn read<R: AsyncRead + Unpin>(&mut self, stream: &mut R) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(frame) = self.buffered()? {
                return Ok(Some(frame));
            }
            if !self.read_more(stream).await? {
                return Ok(None);
            }
        }
    }

    /// The length of the frame that has begun to arrive, once it is known. Of its content little more than what one read
    /// brings is here, until [`FrameReader::read_more`] is called again.
    ///
    /// # Errors
    /// As [`FrameReader::read`], for a bad length.
    pub fn announced(&self) -> io::Result<Option<usize>> {
        self.length()
    }

    /// Reads once; false when the stream ended between two frames.
    ///
    /// # Errors
    /// As [`FrameReader::read`].
    pub async fn read_more<R: AsyncRead + Unpin>(&mut self, stream: &mut R) -> io::Result<bool> {
        self.make_room()?;
        match stream.read_buf(&mut self.buffer).await? {
            0 if self.buffer.is_empty() => Ok(false),
            0 => Err(ended_inside()),
            _ => Ok(true),
        }
    }

    /// A frame that has already arrived whole, without reading.
    ///
    /// # Errors
    /// As [`FrameReader::read`], for a bad length.
    pub fn buffered(&mut self) -> io::Result<Option<Bytes>> {
        let Some(length) = self.length()? else { return Ok(None) };
        if self.buffer.len() < LENGTH + length {
            return Ok(None);
        }
        self.buffer.advance(LENGTH);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }

    fn length(&self) -> io::Result<Option<usize>> {
        match self.buffer.first_chunk::<LENGTH>() {
            Some(prefix) => check_length(*prefix, self.max).map(Some),
            None => Ok(None),
        }
    }

    /// Makes room for the whole of the frame that has begun to arrive. For one whose length is believed: a longer one than
    /// arrives wastes the memory.
    ///
    /// # Errors
    /// As [`FrameReader::read`], for a bad length.
    pub fn reserve_announced(&mut self) -> io::Result<()> {
        if let Some(length) = self.length()? {
            self.buffer.reserve((LENGTH + length).saturating_sub(self.buffer.len()));
        }
        Ok(())
    }

    fn make_room(&mut self) -> io::Result<()> {
        let Some(length) = self.length()? else {
            self.buffer.reserve(IDLE_READ);
            return Ok(());
        };
        let missing = LENGTH + length - self.buffer.len();
        // Making room moves what is there, so it is made only when there is next to none.
        if self.buffer.capacity() - self.buffer.len() < missing.min(IDLE_READ) {
            self.buffer.reserve(step(LENGTH + length, self.buffer.len()));
        }
        Ok(())
    }
}

/// Reads one frame and not a byte more; `None` when the stream is at its end.
///
/// # Cancel safety
/// Not cancel safe: dropped halfway, the bytes read so far are lost and the stream is of no more use. A [`FrameReader`] is.
///
/// # Errors
/// As [`FrameReader::read`].
pub async fn read_frame<R: AsyncRead + Unpin>(stream: &mut R, max: usize) -> io::Result<Option<Bytes>> {
    let mut prefix = [0; LENGTH];
    let mut have = 0;
    while have < LENGTH {
        match stream.read(&mut prefix[have..]).await? {
            0 if have == 0 => return Ok(None),
            0 => return Err(ended_inside()),
            n => have += n,
        }
    }
    let length = check_length(prefix, max)?;
    let mut frame = BytesMut::new();
    while frame.len() < length {
        frame.reserve(step(length, frame.len()));
        let missing = (length - frame.len()) as u64;
        if (&mut *stream).take(missing).read_buf(&mut frame).await? == 0 {
            return Err(ended_inside());
        }
    }
    Ok(Some(frame.freeze()))
}

/// Writes `payload` as one frame and flushes. (What [`crate::request`] encodes has its length already: write it as it is.)
///
/// # Errors
/// `InvalidInput` when the payload is longer than a frame can be, and whatever the stream reports.
pub async fn write_frame<W: AsyncWrite + Unpin>(stream: &mut W, payload: &[u8]) -> io::Result<()> {
    let length = i32::try_from(payload.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a frame cannot be longer than 2147483647 bytes"))?;
    let prefix = length.to_be_bytes();
    let mut chain = Buf::chain(&prefix[..], payload);
    stream.write_all_buf(&mut chain).await?;
    stream.flush().await
}

/// How much more room to make when `have` of `whole` bytes have arrived.
fn step(whole: usize, have: usize) -> usize {
    (whole - have).min(have.max(FIRST_READ))
}

fn check_length(prefix: [u8; LENGTH], max: usize) -> io::Result<usize> {
    let length = i32::from_be_bytes(prefix);
    match usize::try_from(length) {
        Ok(length) if length <= max => Ok(length),
        Ok(length) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "frame of {length} bytes is larger than the {max} bytes allowed (does the other side speak Kafka, with the same security protocol?)"
            ),
        )),
        Err(_) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "frame with negative length {length} (does the other side speak Kafka, with the same security protocol?)"
            ),
        )),
    }
}

fn ended_inside() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed inside a frame")
}
