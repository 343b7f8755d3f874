//! What a broker sends, frame by frame; a large answer waits for room first.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use env::{BoxFuture, Stream};
use kafka_wire::FrameReader;
use tokio::io::ReadHalf;

use crate::memory::{Memory, Reserved};

/// Answers up to this size need no room: it has been read with the length already, or nearly.
const SMALL: usize = 64 * 1024;

/// What came.
pub(super) enum Arrival {
    /// A frame without its length.
    Frame(Bytes),
    /// Room for a frame; the frame itself comes next.
    Room,
}

/// The reading half of a connection.
pub(super) struct Incoming {
    stream: ReadHalf<Box<dyn Stream>>,
    reader: FrameReader,
    memory: Option<Arc<dyn Memory>>,
    room: Room,
}

enum Room {
    /// Not asked for.
    None,
    /// Asked for; the future stays, and with it the place in the queue.
    Awaited(BoxFuture<'static, Reserved>),
    /// For the frame that is being read.
    Given(Reserved),
}

/// A frame with the room it takes.
struct Roomy {
    frame: Bytes,
    _room: Reserved,
}

impl AsRef<[u8]> for Roomy {
    fn as_ref(&self) -> &[u8] {
        &self.frame
    }
}

impl Incoming {
    pub(super) fn new(stream: ReadHalf<Box<dyn Stream>>, reader: FrameReader, memory: Option<Arc<dyn Memory>>) -> Self {
        Self { stream, reader, memory, room: Room::None }
    }

    /// Whether the next frame waits for room.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.room, Room::Awaited(_))
    }

    /// The next arrival; `None` when the stream ended between two frames. May be dropped at any await.
    ///
    /// # Errors
    /// As [`FrameReader::read`].
    pub(super) async fn next(&mut self, needs_room: bool) -> io::Result<Option<Arrival>> {
        loop {
            if let Room::Awaited(awaited) = &mut self.room {
                self.room = Room::Given(awaited.await);
                self.reader.reserve_announced()?;
                return Ok(Some(Arrival::Room));
            }
            let announced = self.reader.announced()?.unwrap_or(0);
            if needs_room
                && announced > SMALL
                && let (Some(memory), Room::None) = (&self.memory, &self.room)
            {
                self.room = Room::Awaited(memory.reserve(announced));
                continue;
            }
            if let Some(frame) = self.reader.buffered()? {
                let frame = match std::mem::replace(&mut self.room, Room::None) {
                    Room::Given(room) => Bytes::from_owner(Roomy { frame, _room: room }),
                    _ => frame,
                };
                return Ok(Some(Arrival::Frame(frame)));
            }
            if !self.reader.read_more(&mut self.stream).await? {
                return Ok(None);
            }
        }
    }
}
