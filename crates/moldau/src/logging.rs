//! The log: for people, to standard error or to a file. What came out of config providers is hidden in it.

use std::fs::File;
use std::io;
use std::sync::{Arc, LazyLock};

use kafka_config::provider::Secrets;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

static SECRETS: LazyLock<Arc<Secrets>> = LazyLock::new(Arc::default);

/// What the log hides.
pub(crate) fn secrets() -> &'static Arc<Secrets> {
    &SECRETS
}

/// Starts the log on standard error. `MOLDAU_LOG` sets levels, in the syntax of `tracing` (`warn`,
/// `connect_worker=debug`); else `level` holds.
pub(crate) fn start(level: &str) {
    start_on(level, io::stderr);
}

/// The same, to a file.
pub(crate) fn start_in(level: &str, file: File) {
    start_on(level, Arc::new(file));
}

fn start_on<W>(level: &str, writer: W)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_from_env("MOLDAU_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let writer = Discreet { inner: writer, secrets: SECRETS.clone() };
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false).init();
}

/// Writes what another writes, without secrets. Every event comes in one piece.
struct Discreet<W> {
    inner: W,
    secrets: Arc<Secrets>,
}

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Discreet<W> {
    type Writer = Discreet<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Discreet { inner: self.inner.make_writer(), secrets: self.secrets.clone() }
    }
}

impl<W: io::Write> io::Write for Discreet<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.inner.write_all(self.secrets.hide(&String::from_utf8_lossy(piece)).as_bytes())?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
