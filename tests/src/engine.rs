//! Whose worker runs a scenario.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::worker::{JavaConnect, Moldau, Worker};

/// The real Kafka Connect or ours, for scenarios that both can play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The real Kafka Connect 4.3.1.
    Java,
    /// Our binary.
    Moldau,
}

impl Engine {
    /// Ours; with `MOLDAU_TEST_ENGINE=java` in the environment the real one, which shows what a scenario is worth.
    pub fn under_test() -> Self {
        match std::env::var("MOLDAU_TEST_ENGINE").as_deref() {
            Ok("java") => Self::Java,
            _ => Self::Moldau,
        }
    }

    /// A short word for names of topics and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Java => "java",
            Self::Moldau => "moldau",
        }
    }

    /// The exit code of a clean stop. Java's virtual machine always reports the signal.
    pub fn clean_exit(self) -> i32 {
        match self {
            Self::Java => 143,
            Self::Moldau => 0,
        }
    }

    /// Starts a standalone worker and waits until REST answers.
    pub fn standalone(self, worker: &Path, connectors: &[PathBuf]) -> Result<Worker> {
        match self {
            Self::Java => JavaConnect::standalone(worker, connectors),
            Self::Moldau => Moldau::standalone(worker, connectors),
        }
    }
}
