//! Lines on standard output.

use env::{Env, File};
use tracing::warn;

/// Prints lines to the process's standard output. Lines of one call stand together.
pub struct Printer {
    env: Env,
    output: Box<dyn File>,
    failed: bool,
}

impl Printer {
    /// Prints to the standard output of `env`.
    pub fn new(env: &Env) -> Self {
        Self { env: env.clone(), output: env.disk().stdout(), failed: false }
    }

    /// Prints `lines`, each with its line feed. To be called once per batch: it may block.
    ///
    /// Parity: output that cannot be written (a closed pipe) is no failure; the first time is said in the log.
    pub fn print(&mut self, lines: &str) {
        if lines.is_empty() {
            return;
        }
        let mut printed = Ok(());
        let output = &mut self.output;
        let mut print = || printed = output.write_all(lines.as_bytes()).and_then(|()| output.flush());
        self.env.work().in_place(&mut print);
        if let Err(error) = printed
            && !std::mem::replace(&mut self.failed, true)
        {
            warn!(%error, "standard output cannot be written; lines are lost from here on");
        }
    }
}
