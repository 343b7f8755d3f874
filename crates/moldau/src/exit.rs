//! Exit codes, as Apache's command lines have them.

use std::fmt::Display;
use std::process::ExitCode;

const WORKER: &str = "Stopping due to error";
const CONNECTOR: &str = "Stopping after connector error";

/// Why the process ends.
#[derive(Debug)]
pub(crate) struct Exit {
    code: u8,
    /// What Java says before the reason.
    heading: &'static str,
    message: String,
    /// Whether the log has it.
    told: bool,
}

/// What lines of the log are called that Java's ConnectStandalone writes.
const CONNECT_STANDALONE: &str = "moldau::connectors";

impl Exit {
    /// Wrong command line.
    pub(crate) const USAGE: u8 = 1;

    /// The command line cannot be meant as it stands.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self::new(Self::USAGE, WORKER, message)
    }

    /// The worker, the broker or a client cannot start or go on: its configuration, its port, its cluster.
    pub(crate) fn worker(message: impl Display) -> Self {
        Self::new(2, WORKER, message)
    }

    /// The offset file cannot be used.
    pub(crate) fn offsets(message: impl Display) -> Self {
        Self::new(3, "Failed to start Connect", message)
    }

    /// A connector of the command line cannot be used.
    pub(crate) fn connector(message: impl Display) -> Self {
        Self::new(3, CONNECTOR, message)
    }

    fn new(code: u8, heading: &'static str, message: impl Display) -> Self {
        Self { code, heading, message: message.to_string(), told: false }
    }

    /// Says why in the log, before the worker is stopped.
    pub(crate) fn tell(&mut self) {
        let Self { heading, message, .. } = self;
        match *heading {
            CONNECTOR => tracing::error!(target: CONNECT_STANDALONE, "{heading}: {message}"),
            _ => tracing::error!("{heading}: {message}"),
        }
        self.told = true;
    }

    /// Says why in the log unless that was done, and gives the code.
    pub(crate) fn report(mut self) -> ExitCode {
        if !self.told {
            self.tell();
        }
        ExitCode::from(self.code)
    }

    /// Says why on standard error, and gives the code: for commands that people type.
    pub(crate) fn say(self) -> ExitCode {
        eprintln!("moldau: {}", self.message);
        ExitCode::from(self.code)
    }
}
