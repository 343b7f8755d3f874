//! Our own broker as a process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};
use tempfile::TempDir;

use crate::ports::Port;
use crate::process::Process;
use crate::wait::eventually;
use crate::worker::Moldau;

const START_LIMIT: Duration = Duration::from_secs(20);
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// `moldau broker`, on a port and a data folder that stay the same when it starts again.
#[derive(Debug)]
pub struct EmbeddedBroker {
    // Dropped before its folder.
    process: Process,
    bootstrap: String,
    _port: Port,
    folder: TempDir,
}

impl EmbeddedBroker {
    /// Starts it and waits until it says that it is ready.
    pub fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("moldau-broker-").tempdir()?;
        let port = Port::reserve()?;
        let bootstrap = format!("127.0.0.1:{}", port.number());
        let process = spawn(&bootstrap, folder.path())?;
        Ok(Self { process, bootstrap, _port: port, folder })
    }

    /// `host:port`.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// A scratch folder that goes with this broker.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// SIGTERM, and waits for the end, which must be a clean one. Data and port stay.
    pub fn stop(&mut self) -> Result<()> {
        match self.process.terminate(STOP_LIMIT)? {
            0 => Ok(()),
            code => bail!("the broker ended with {code}\n{}", self.process.log_tail()),
        }
    }

    /// Starts it on the same port and data after [`Self::stop`]; one that still runs is killed before.
    pub fn start_again(&mut self) -> Result<()> {
        self.process.kill();
        self.process = spawn(&self.bootstrap, self.folder.path())?;
        Ok(())
    }

    /// For one in a static, which is never dropped: lets its process and its folder go when this process ends.
    pub fn remove_with_this_process(&mut self) -> Result<()> {
        self.process.remove_with(self.folder.path())
    }
}

fn spawn(bootstrap: &str, folder: &Path) -> Result<Process> {
    let mut command = Command::new(Moldau::binary()?);
    command.args(["broker", "--listen", bootstrap, "--data"]).arg(folder.join("data"));
    // A log for each start: the old one ends with a broker that was ready, too.
    let mut process = Process::spawn("moldau broker", &mut command, &next_log(folder))?;
    eventually("the broker to be ready", START_LIMIT, || {
        if let Some(status) = process.ended()? {
            bail!("the broker ended ({status})\n{}", process.log_tail());
        }
        Ok(process.log().contains("Ready.").then_some(()))
    })?;
    Ok(process)
}

fn next_log(folder: &Path) -> PathBuf {
    let mut logs = (1_u32..).map(|start| folder.join(format!("broker-{start}.log")));
    logs.find(|log| !log.exists()).unwrap_or_else(|| folder.join("broker.log"))
}
