//! The log: for people, to standard error or to a file.

use std::fs::File;
use std::sync::Arc;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Starts the log on standard error. `MOLDAU_LOG` sets levels, in the syntax of `tracing` (`warn`,
/// `connect_worker=debug`); else `level` holds.
pub(crate) fn start(level: &str) {
    start_on(level, std::io::stderr);
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
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false).init();
}
