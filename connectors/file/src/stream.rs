//! Input without positions: standard input, pipes. Its reads block until somebody writes, so a thread of its own does
//! them, and stopping a task never waits for it.

use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use connect_api::{Error, Result};
use env::{Env, File, OpenOptions};
use tokio::sync::{Mutex, mpsc, oneshot};
use tracing::info;

use crate::lines::LineBuffer;

/// The most bytes one read takes.
const READ: usize = 64 * 1024;
/// How many reads may wait for the task.
const AHEAD: usize = 4;

/// A file that is being opened. Opening a pipe waits until somebody writes to it.
pub(crate) type Opening = oneshot::Receiver<io::Result<Box<dyn File>>>;

/// Opens a file on a thread, so that the wait can be left.
pub(crate) fn open_aside(env: &Env, path: &Path) -> Opening {
    let (sender, opening) = oneshot::channel();
    let (world, path) = (env.clone(), path.to_owned());
    let open = move || {
        // Nobody may be waiting any more.
        let _ = sender.send(world.disk().open(&path, OpenOptions::READ));
    };
    let _ = env.work().spawn_blocking("file-source-open", Box::new(open));
    opening
}

/// Opens the input again when it has ended; `None` when there is no more.
pub(crate) type Reopen = Box<dyn FnMut() -> Option<io::Result<Box<dyn File>>> + Send>;

/// Input read by a thread.
pub(crate) struct Stream {
    name: String,
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    lines: LineBuffer,
    ended: bool,
}

/// Standard input, which the process has once. A task that ends leaves it, with what was read ahead, to the next one.
#[derive(Clone, Default)]
pub(crate) struct StandardInput(Arc<Mutex<Option<Stream>>>);

impl StandardInput {
    /// Waits for its turn, then as [`Stream::take`].
    pub(crate) async fn take(&self, env: &Env, take: impl FnMut(&mut LineBuffer) -> usize) -> Result<()> {
        let mut stream = self.0.lock().await;
        let stream =
            stream.get_or_insert_with(|| Stream::new(env, "standard input", env.disk().stdin(), Box::new(|| None)));
        stream.take(take).await
    }
}

impl Stream {
    /// Reads `file` on a thread, and what `reopen` gives after that.
    pub(crate) fn new(env: &Env, name: &str, file: Box<dyn File>, reopen: Reopen) -> Self {
        let (sender, pieces) = mpsc::channel(AHEAD);
        let _ = env.work().spawn_blocking("file-source-input", Box::new(move || pump(file, reopen, &sender)));
        Self { name: name.to_owned(), pieces, lines: LineBuffer::at(0, false), ended: false }
    }

    /// Calls `take`, which gives the number of bytes it took, each time input has arrived, until it took some; waits
    /// for ever when the input has ended. Dropping the future loses nothing.
    ///
    /// # Errors
    /// That of the read.
    pub(crate) async fn take(&mut self, mut take: impl FnMut(&mut LineBuffer) -> usize) -> Result<()> {
        while take(&mut self.lines) == 0 {
            self.next_piece().await?;
        }
        Ok(())
    }

    async fn next_piece(&mut self) -> Result<()> {
        if !self.ended {
            match self.pieces.recv().await {
                Some(Ok(piece)) => {
                    let copied = self.lines.fill(piece.len(), |into| {
                        into.copy_from_slice(&piece);
                        Ok::<_, std::convert::Infallible>(piece.len())
                    });
                    debug_assert_eq!(copied, Ok(piece.len()), "a copy cannot fail");
                    return Ok(());
                }
                Some(Err(error)) => {
                    let text = format!("Couldn't read {} for FileStreamSourceTask: {error}", self.name);
                    return Err(Error::connect(text).caused_by(error));
                }
                None => {}
            }
            self.ended = true;
            info!(unfinished = self.lines.partial_len(), "{} has ended", self.name);
        }
        std::future::pending().await
    }
}

/// Reads until the input has ended for good or nobody listens.
fn pump(mut file: Box<dyn File>, mut reopen: Reopen, sender: &mpsc::Sender<io::Result<Bytes>>) {
    let mut buffer = BytesMut::new();
    loop {
        buffer.resize(READ, 0);
        let piece = match file.read(&mut buffer) {
            Ok(0) => match reopen() {
                Some(Ok(next)) => {
                    file = next;
                    continue;
                }
                Some(Err(error)) => Err(error),
                None => return,
            },
            Ok(count) => Ok(Bytes::copy_from_slice(&buffer[..count])),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let failed = piece.is_err();
        if sender.blocking_send(piece).is_err() || failed {
            return;
        }
    }
}
