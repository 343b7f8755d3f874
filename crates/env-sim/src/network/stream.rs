//! One end of a connection, as its process holds it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use env::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::link::{Outcome, Side};
use crate::host::Process;
use crate::world::World;

/// One end of a connection.
pub(crate) struct SimStream {
    world: Arc<World>,
    process: Arc<Process>,
    link: u64,
    side: Side,
    peer: SocketAddr,
    read_timer: Option<Alarm>,
    write_timer: Option<Alarm>,
}

/// Wakes a reader or writer when what it waits for arrives.
struct Alarm {
    at: Duration,
    timer: Pin<Box<Sleep>>,
}

impl SimStream {
    pub(super) fn new(world: Arc<World>, process: Arc<Process>, link: u64, side: Side, peer: SocketAddr) -> Self {
        Self { world, process, link, side, peer, read_timer: None, write_timer: None }
    }
}

/// Waits for `at`; without a time, for whoever holds the waker.
fn wait(world: &World, alarm: &mut Option<Alarm>, at: Option<Duration>, cx: &mut Context<'_>) -> Poll<()> {
    let Some(at) = at else {
        *alarm = None;
        return Poll::Pending;
    };
    if alarm.as_ref().is_none_or(|alarm| alarm.at != at) {
        *alarm = Some(Alarm { at, timer: Box::pin(world.time.timer(at)) });
    }
    let set = alarm.as_mut().expect("it was just set");
    ready!(set.timer.as_mut().poll(cx));
    *alarm = None;
    Poll::Ready(())
}

impl Stream for SimStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl AsyncRead for SimStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            this.process.check_alive()?;
            let most = into.remaining();
            if most == 0 {
                return Poll::Ready(Ok(()));
            }
            let (fabric, trace) = (&this.world.network, &this.world.trace);
            let outcome =
                fabric.read(&this.world, this.link, this.side, most, cx.waker(), |bytes| into.put_slice(bytes));
            match outcome {
                Outcome::Moved(count) => {
                    trace.mix(&[this.link, this.side as u64, count as u64]);
                    return Poll::Ready(Ok(()));
                }
                Outcome::Finished => return Poll::Ready(Ok(())),
                Outcome::Reset => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
                Outcome::Wait(at) => ready!(wait(&this.world, &mut this.read_timer, at, cx)),
            }
        }
    }
}

impl AsyncWrite for SimStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        loop {
            this.process.check_alive()?;
            match this.world.network.write(&this.world, this.link, this.side, bytes, cx.waker()) {
                Outcome::Moved(count) => {
                    this.world.trace.mix(&[this.link, this.side as u64]);
                    this.world.trace.mix_bytes(&bytes[..count]);
                    return Poll::Ready(Ok(count));
                }
                Outcome::Finished => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
                Outcome::Reset => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
                Outcome::Wait(at) => ready!(wait(&this.world, &mut this.write_timer, at, cx)),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.process.check_alive())
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.process.check_alive()?;
        self.world.network.finish(&self.world, self.link, self.side);
        Poll::Ready(Ok(()))
    }
}

impl Drop for SimStream {
    fn drop(&mut self) {
        // The end of a killed process was closed when it was killed.
        self.world.network.close(&self.world, self.link, self.side);
    }
}
