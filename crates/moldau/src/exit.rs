//! Exit codes, as Apache's command lines have them.

use std::fmt::Display;
use std::process::ExitCode;

/// Why the process ends.
#[derive(Debug)]
pub(crate) struct Exit {
    code: u8,
    message: String,
}

impl Exit {
    /// Wrong command line.
    pub(crate) const USAGE: u8 = 1;

    /// The command line cannot be meant as it stands.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self { code: Self::USAGE, message: message.to_string() }
    }

    /// The worker, the broker or a client cannot start or go on: its configuration, its port, its cluster.
    pub(crate) fn worker(message: impl Display) -> Self {
        Self { code: 2, message: message.to_string() }
    }

    /// A connector of the command line, or the offset file, cannot be used.
    pub(crate) fn connector(message: impl Display) -> Self {
        Self { code: 3, message: message.to_string() }
    }

    /// Says why in the log, and gives the code.
    pub(crate) fn report(self) -> ExitCode {
        let what = if self.code == 3 { "Stopping after connector error" } else { "Stopping due to error" };
        tracing::error!("{what}: {}", self.message);
        ExitCode::from(self.code)
    }

    /// Says why on standard error, and gives the code: for commands that people type.
    pub(crate) fn say(self) -> ExitCode {
        eprintln!("moldau: {}", self.message);
        ExitCode::from(self.code)
    }
}
