//! One connection: two pipes, each from one end to the other. Pure: time comes as an argument, and whoever has to be woken
//! is returned.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use crate::host::Host;

/// How many bytes may be on their way or unread in one direction.
pub(crate) const PIPE_CAPACITY: usize = 64 * 1024;

/// One of a connection's two ends: 0 asked for the connection, 1 accepted it.
pub(crate) type Side = usize;

/// Who has to be woken, after all locks are released.
pub(crate) type Wakes = Vec<Waker>;

/// A connection.
pub(crate) struct Link {
    pub(crate) ends: [End; 2],
    pub(crate) latency: Duration,
    /// `pipes[side]` carries what that side writes.
    pipes: [Pipe; 2],
    /// Both ends see a reset, whatever was on its way.
    cut: bool,
}

/// One end of a connection.
pub(crate) struct End {
    pub(crate) host: Arc<Host>,
    pub(crate) address: SocketAddr,
    /// Whether someone still holds it.
    pub(crate) open: bool,
    /// When the news that the connection is reset arrives here.
    reset_at: Option<Duration>,
}

#[derive(Default)]
struct Pipe {
    segments: VecDeque<Segment>,
    buffered: usize,
    /// When the last of what was written arrives; nothing later overtakes it.
    last_at: Duration,
    /// When the end of the stream arrives.
    finished_at: Option<Duration>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

struct Segment {
    arrives_at: Duration,
    bytes: Vec<u8>,
    read: usize,
}

/// What a read or write comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// So many bytes.
    Moved(usize),
    /// The end of the stream.
    Finished,
    /// The connection is reset.
    Reset,
    /// Nothing before that time, if a time is known; the waker is kept.
    Wait(Option<Duration>),
}

/// The time, and since when nothing passes from the other end to this one, if so.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: Duration,
    pub(crate) blocked_since: Option<Duration>,
}

impl Moment {
    fn has_arrived(self, at: Duration) -> bool {
        at <= self.now && self.blocked_since.is_none_or(|since| at <= since)
    }

    fn wait_for(self, at: Option<Duration>) -> Outcome {
        Outcome::Wait(if self.blocked_since.is_some() { None } else { at })
    }
}

impl End {
    pub(crate) fn new(host: Arc<Host>, address: SocketAddr) -> Self {
        Self { host, address, open: true, reset_at: None }
    }
}

impl Link {
    pub(crate) fn new(client: End, server: End, latency: Duration) -> Self {
        Self { ends: [client, server], latency, pipes: Default::default(), cut: false }
    }

    pub(crate) fn is_unused(&self) -> bool {
        self.ends.iter().all(|end| !end.open)
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }

    /// How many bytes the next read of `side` could return at most; 0 when none has arrived.
    pub(crate) fn readable(&self, side: Side, moment: Moment) -> usize {
        let segment = self.pipes[1 - side].segments.front().filter(|segment| moment.has_arrived(segment.arrives_at));
        segment.filter(|_| !self.cut).map_or(0, |segment| segment.bytes.len() - segment.read)
    }

    /// Moves at most `limit` bytes that have arrived at `side` to `take`.
    pub(crate) fn read(
        &mut self,
        side: Side,
        moment: Moment,
        limit: usize,
        waker: &Waker,
        take: impl FnOnce(&[u8]),
        wakes: &mut Wakes,
    ) -> Outcome {
        if self.cut {
            return Outcome::Reset;
        }
        let pipe = &mut self.pipes[1 - side];
        let next = match pipe.segments.front_mut() {
            Some(segment) if moment.has_arrived(segment.arrives_at) => {
                let count = limit.min(segment.bytes.len() - segment.read);
                take(&segment.bytes[segment.read..segment.read + count]);
                segment.read += count;
                if segment.read == segment.bytes.len() {
                    pipe.segments.pop_front();
                }
                pipe.buffered -= count;
                wakes.extend(pipe.writer.take());
                return Outcome::Moved(count);
            }
            Some(segment) => Some(segment.arrives_at),
            None => match pipe.finished_at {
                Some(at) if moment.has_arrived(at) => return Outcome::Finished,
                at => at,
            },
        };
        match self.ends[side].reset_at {
            Some(at) if moment.has_arrived(at) => Outcome::Reset,
            at => {
                pipe.reader = Some(waker.clone());
                moment.wait_for(next.into_iter().chain(at).min())
            }
        }
    }

    /// Puts as many of `bytes` as fit on their way, to arrive after latency and `delay`.
    pub(crate) fn write(
        &mut self,
        side: Side,
        moment: Moment,
        bytes: &[u8],
        delay: Duration,
        waker: &Waker,
        wakes: &mut Wakes,
    ) -> Outcome {
        let reset_at = self.ends[side].reset_at;
        if self.cut || reset_at.is_some_and(|at| moment.has_arrived(at)) {
            return Outcome::Reset;
        }
        if reset_at.is_some() {
            // The reset is on its way: nothing written behind it arrives.
            return Outcome::Moved(bytes.len());
        }
        if !self.ends[1 - side].open {
            // Nobody is there to read: the other machine answers with a reset.
            self.ends[side].reset_at.get_or_insert(moment.now + self.latency * 2);
            wakes.extend(self.pipes[1 - side].reader.take());
            return Outcome::Moved(bytes.len());
        }
        let pipe = &mut self.pipes[side];
        if pipe.finished_at.is_some() {
            return Outcome::Finished;
        }
        let count = bytes.len().min(PIPE_CAPACITY - pipe.buffered);
        if count == 0 && !bytes.is_empty() {
            pipe.writer = Some(waker.clone());
            return moment.wait_for(reset_at);
        }
        if count > 0 {
            pipe.last_at = pipe.last_at.max(moment.now + self.latency + delay);
            pipe.buffered += count;
            let segment = Segment { arrives_at: pipe.last_at, bytes: bytes[..count].to_vec(), read: 0 };
            pipe.segments.push_back(segment);
            wakes.extend(pipe.reader.take());
        }
        Outcome::Moved(count)
    }

    /// `side` will write no more.
    pub(crate) fn finish(&mut self, side: Side, now: Duration, wakes: &mut Wakes) {
        let pipe = &mut self.pipes[side];
        if pipe.finished_at.is_none() {
            pipe.last_at = pipe.last_at.max(now + self.latency);
            pipe.finished_at = Some(pipe.last_at);
            wakes.extend(pipe.reader.take());
        }
    }

    /// Nobody holds `side` any more. The other side sees the end of the stream, or a reset when data was left unread.
    pub(crate) fn close(&mut self, side: Side, now: Duration, wakes: &mut Wakes) {
        let unread = !self.pipes[1 - side].segments.is_empty();
        if unread {
            self.close_with_reset(side, now, wakes);
        } else {
            self.finish(side, now, wakes);
            self.abandon(side, wakes);
        }
    }

    /// Nobody holds `side` any more; the other side sees a reset after what is on its way.
    pub(crate) fn close_with_reset(&mut self, side: Side, now: Duration, wakes: &mut Wakes) {
        let pipe = &mut self.pipes[side];
        self.ends[1 - side].reset_at.get_or_insert(pipe.last_at.max(now + self.latency));
        wakes.extend(pipe.reader.take());
        self.abandon(side, wakes);
    }

    fn abandon(&mut self, side: Side, wakes: &mut Wakes) {
        self.ends[side].open = false;
        let incoming = &mut self.pipes[1 - side];
        incoming.segments.clear();
        incoming.buffered = 0;
        incoming.reader = None;
        self.pipes[side].writer = None;
        wakes.extend(self.pipes[1 - side].writer.take());
    }

    /// Both ends see a reset at once; what was on its way is lost.
    pub(crate) fn cut(&mut self, wakes: &mut Wakes) {
        self.cut = true;
        for pipe in &mut self.pipes {
            pipe.segments.clear();
            wakes.extend(pipe.reader.take());
            wakes.extend(pipe.writer.take());
        }
    }

    /// Both ends see a reset once what `side` wrote last has arrived there.
    pub(crate) fn reset_after_last_write(&mut self, side: Side, wakes: &mut Wakes) {
        let at = self.pipes[side].last_at;
        for end in &mut self.ends {
            end.reset_at.get_or_insert(at);
        }
        for pipe in &mut self.pipes {
            wakes.extend(pipe.reader.take());
            wakes.extend(pipe.writer.take());
        }
    }

    /// What could not pass from `side` since `since` is sent again.
    pub(crate) fn resend(&mut self, side: Side, since: Duration, now: Duration, wakes: &mut Wakes) {
        let again = now + self.latency;
        let held = |at: &mut Duration| {
            if *at > since {
                *at = (*at).max(again);
            }
        };
        let pipe = &mut self.pipes[side];
        pipe.segments.iter_mut().for_each(|segment| held(&mut segment.arrives_at));
        held(&mut pipe.last_at);
        pipe.finished_at.iter_mut().for_each(held);
        self.ends[1 - side].reset_at.iter_mut().for_each(held);
        wakes.extend(pipe.reader.take());
        wakes.extend(self.pipes[1 - side].writer.take());
    }
}
