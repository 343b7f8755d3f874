//! Workers that are measured: the real Kafka Connect as an operator runs it, and Moldau.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use e2e::{Moldau, Process, kafka_libs};

const LOGGING: &str = include_str!("../log4j2.properties");
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// The heap of the comparison, else what Kafka's own scripts pass.
pub(crate) const JAVA_OPTIONS: [&str; 2] = ["-Xms256m", "-Xmx1g"];

/// Who does the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Kafka Connect 4.3.1.
    Java,
    /// Our release build.
    Moldau,
    /// A loop over `kafka-wire`.
    Wire,
}

/// How the clients inside a connector are configured; the same keys on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Batches of 1 MB, 5 ms of linger, 5,000 records per poll.
    Tuned,
    /// Nothing set.
    Default,
}

/// One side with one setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// Who.
    pub side: Side,
    /// How.
    pub setting: Setting,
}

impl Subject {
    /// A subject.
    pub const fn new(side: Side, setting: Setting) -> Self {
        Self { side, setting }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let setting = match self.setting {
            Setting::Tuned => "tuned",
            Setting::Default => "default",
        };
        match self.side {
            Side::Java => write!(f, "Java {setting}"),
            Side::Moldau => write!(f, "Moldau {setting}"),
            Side::Wire => write!(f, "raw wire"),
        }
    }
}

impl Setting {
    /// Lines for a source connector's file.
    pub(crate) fn source(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Setting::Tuned => &[("producer.override.linger.ms", "5"), ("producer.override.batch.size", "1000000")],
            Setting::Default => &[],
        }
    }

    /// Lines for a sink connector's file.
    pub(crate) fn sink(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Setting::Tuned => &[("consumer.override.max.poll.records", "5000")],
            Setting::Default => &[],
        }
    }
}

/// Starts a standalone worker and does not wait for anything. The log goes beside the worker file.
pub(crate) fn start(side: Side, worker: &Path, connectors: &[PathBuf]) -> Result<Process> {
    let folder = worker.parent().unwrap_or(Path::new("."));
    let (name, mut command) = match side {
        Side::Java => ("java connect", java(folder)?),
        Side::Moldau => ("moldau", moldau()?),
        Side::Wire => anyhow::bail!("the raw wire is no worker"),
    };
    command.arg(worker).args(connectors);
    Process::spawn(name, &mut command, &folder.join("worker.log"))
}

/// SIGTERM; a worker that does not obey is killed and that is an error.
pub(crate) fn stop(mut process: Process) -> Result<()> {
    process.terminate(STOP_LIMIT)?;
    Ok(())
}

fn java(folder: &Path) -> Result<Command> {
    let logging = folder.join("log4j2.properties");
    std::fs::write(&logging, LOGGING)?;
    let mut command = Command::new("java");
    command
        .args(JAVA_OPTIONS)
        .arg(format!("-Dlog4j2.configurationFile={}", logging.display()))
        .arg("-cp")
        .arg(kafka_libs()?.class_path(&[]))
        .arg("org.apache.kafka.connect.cli.ConnectStandalone");
    Ok(command)
}

fn moldau() -> Result<Command> {
    let mut command = Command::new(Moldau::binary()?);
    command.arg("standalone").env("MOLDAU_LOG", "warn");
    Ok(command)
}
