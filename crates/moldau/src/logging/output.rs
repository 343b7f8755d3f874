//! Where lines go: a queue, and a thread that writes what comes out of it.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::time::{Duration, Instant};

/// So much may wait for an output that is slow; what comes then is dropped and counted.
const MOST_LINES: usize = 10_000;
const MOST_BYTES: usize = 8 << 20;
const STACK: usize = 128 << 10;

/// One output. Writing to it never waits.
pub(super) struct Output {
    queue: SyncSender<Piece>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    waiting: AtomicUsize,
    dropped: AtomicU64,
}

enum Piece {
    Text(Arc<str>),
    /// Says that everything before it is written.
    Mark(SyncSender<()>),
}

/// The lines that tell of `n` dropped ones.
pub(super) type Complaint = Box<dyn Fn(u64) -> String + Send>;

impl Output {
    /// An output that writes to `writer` by a thread called `name`.
    ///
    /// # Errors
    /// When the machine has no thread for it.
    pub(super) fn new(name: &str, writer: impl Write + Send + 'static, complaint: Complaint) -> io::Result<Self> {
        let (queue, pieces) = sync_channel(MOST_LINES);
        let counts = Arc::new(Counts::default());
        let what = name.to_owned();
        let thread = Thread { what, writer, pieces, counts: counts.clone(), complaint, broken: false, torn: false };
        std::thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(move || thread.run())?;
        Ok(Self { queue, counts })
    }

    /// Writes these lines soon, or drops them when too much waits already.
    pub(super) fn write(&self, text: &Arc<str>) {
        let waiting = self.counts.waiting.fetch_add(text.len(), Ordering::Relaxed);
        // A single long text always finds room in an empty queue.
        let fits = waiting == 0 || waiting + text.len() <= MOST_BYTES;
        if !fits || self.queue.try_send(Piece::Text(text.clone())).is_err() {
            self.counts.waiting.fetch_sub(text.len(), Ordering::Relaxed);
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until what was said before is written, at most until `deadline`.
    pub(super) fn flush(&self, deadline: Instant) {
        const GLANCE: Duration = Duration::from_millis(2);
        let (done, written) = sync_channel(1);
        let mut mark = Piece::Mark(done);
        while let Err(error) = self.queue.try_send(mark) {
            let TrySendError::Full(again) = error else { return };
            if Instant::now() >= deadline {
                return;
            }
            std::thread::sleep(GLANCE);
            mark = again;
        }
        match written.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(()) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }
}

struct Thread<W> {
    /// What the output is called.
    what: String,
    writer: W,
    pieces: Receiver<Piece>,
    counts: Arc<Counts>,
    complaint: Complaint,
    /// Whether the last write failed.
    broken: bool,
    /// Whether the last line was written in part.
    torn: bool,
}

impl<W: Write> Thread<W> {
    fn run(mut self) {
        while let Ok(piece) = self.pieces.recv() {
            self.take(piece);
            loop {
                match self.pieces.try_recv() {
                    Ok(piece) => self.take(piece),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            self.complain();
            // What cannot be written was counted already.
            let _ = self.writer.flush();
        }
    }

    fn take(&mut self, piece: Piece) {
        match piece {
            Piece::Text(text) => {
                self.write(&text, 1);
                self.counts.waiting.fetch_sub(text.len(), Ordering::Relaxed);
            }
            Piece::Mark(done) => {
                self.complain();
                let _ = self.writer.flush();
                let _ = done.try_send(());
            }
        }
    }

    fn write(&mut self, text: &str, lines: u64) {
        match self.put(text.as_bytes()) {
            Ok(()) => self.broken = false,
            Err(error) => {
                self.counts.dropped.fetch_add(lines, Ordering::Relaxed);
                // Once per failure, and never to what has just failed itself.
                if !std::mem::replace(&mut self.broken, true) {
                    let what = &self.what;
                    let _ = writeln!(io::stderr(), "moldau: {what} cannot be written, its lines are dropped: {error}");
                }
            }
        }
    }

    /// Writes a whole line. One that a full disk cut off before is ended first, so that no two stand in one line.
    fn put(&mut self, line: &[u8]) -> io::Result<()> {
        if self.torn {
            self.writer.write_all(b"\n")?;
            self.torn = false;
        }
        let mut rest = line;
        while !rest.is_empty() {
            match self.writer.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            self.torn = !rest.is_empty();
        }
        Ok(())
    }

    fn complain(&mut self) {
        if self.broken {
            return;
        }
        let dropped = self.counts.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let text = (self.complaint)(dropped);
            self.write(&text, dropped);
        }
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    /// Keeps what is written; a write waits for the gate, and fails while it is broken.
    #[derive(Clone, Default)]
    struct Slow(Arc<(Mutex<()>, Mutex<Vec<u8>>, AtomicU64)>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _gate = self.0.0.lock();
            if self.0.2.load(Ordering::Relaxed) > 0 {
                return Err(io::Error::other("no space"));
            }
            self.0.1.lock().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn output(writer: &Slow) -> Output {
        Output::new("log", writer.clone(), Box::new(|dropped| format!("{dropped} dropped\n"))).unwrap()
    }

    fn text(writer: &Slow) -> String {
        String::from_utf8(writer.0.1.lock().clone()).unwrap()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn lines_come_in_order_and_a_flush_waits_for_them() {
        let writer = Slow::default();
        let output = output(&writer);
        let expected: String = (0..5_000).map(|number| format!("{number}\n")).collect();
        for number in 0..5_000 {
            output.write(&format!("{number}\n").into());
        }
        output.flush(soon());
        assert_eq!(text(&writer), expected);
    }

    #[test]
    fn an_output_that_nobody_reads_holds_up_nobody_and_drops_are_counted_and_said() {
        let writer = Slow::default();
        let output = output(&writer);
        let gate = writer.0.0.lock();
        let line: Arc<str> = "x".repeat(1023).as_str().into();
        let all = 2 * MOST_BYTES / line.len();
        for _ in 0..all {
            output.write(&line);
        }
        let before = Instant::now();
        output.flush(before + Duration::from_millis(50));
        assert!(before.elapsed() < Duration::from_secs(10));
        assert!(output.counts.waiting.load(Ordering::Relaxed) <= MOST_BYTES);
        drop(gate);
        output.flush(soon());
        output.flush(soon());
        let written = text(&writer);
        let kept = written.matches(&*line).count();
        assert!(kept < all && kept >= MOST_BYTES / line.len() - 1, "{kept} of {all}");
        assert!(written.ends_with(&format!("{} dropped\n", all - kept)), "{}", &written[written.len() - 30..]);
        assert_eq!(output.counts.waiting.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_could_not_be_written_is_said_when_it_can_again() {
        let writer = Slow::default();
        let output = output(&writer);
        writer.0.2.store(1, Ordering::Relaxed);
        output.write(&"a\n".into());
        output.write(&"b\n".into());
        output.flush(soon());
        writer.0.2.store(0, Ordering::Relaxed);
        output.write(&"c\n".into());
        output.flush(soon());
        assert_eq!(text(&writer), "c\n2 dropped\n");
    }

    /// A disk with so much room.
    #[derive(Clone, Default)]
    struct Small(Arc<Mutex<(usize, Vec<u8>)>>);

    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (room, written) = &mut *self.0.lock();
            let count = bytes.len().min(*room);
            if count == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            *room -= count;
            written.extend(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_a_full_disk_cut_off_is_ended_before_the_next() {
        let disk = Small::default();
        let output = Output::new("log", disk.clone(), Box::new(|dropped| format!("{dropped} dropped\n"))).unwrap();
        for (room, line) in [(8, "first\n"), (0, "second\n"), (0, "third\n"), (1, "fourth\n"), (100, "fifth\n")] {
            disk.0.lock().0 += room;
            output.write(&line.into());
            output.flush(soon());
        }
        let text = String::from_utf8(disk.0.lock().1.clone()).unwrap();
        assert_eq!(text, "first\nse\nfifth\n3 dropped\n");
    }
}
