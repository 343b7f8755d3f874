//! The log: to standard error, for people.

use tracing_subscriber::EnvFilter;

/// Starts the log. `MOLDAU_LOG` sets levels, in the syntax of `tracing` (`warn`, `connect_worker=debug`); default `info`.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_env("MOLDAU_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    subscriber.init();
}
