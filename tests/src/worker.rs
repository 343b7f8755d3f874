//! Workers as processes: the real Kafka Connect and ours, started with the same files.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::kafka::RealKafka;
use crate::libs::kafka_libs;
use crate::ports::Port;
use crate::process::{Process, Usage};
use crate::rest::Rest;
use crate::wait::eventually;

const START_LIMIT: Duration = Duration::from_secs(60);
/// Java's REST server alone may take a minute to stop.
const STOP_LIMIT: Duration = Duration::from_secs(120);

/// Writes a `.properties` file; keys and values go out as they are, so they need no characters that would have to be escaped.
pub fn write_properties<K: AsRef<str>, V: AsRef<str>>(path: &Path, lines: &[(K, V)]) -> Result<()> {
    let text: String = lines.iter().map(|(key, value)| format!("{}={}\n", key.as_ref(), value.as_ref())).collect();
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// A folder with a worker file and connector files for one broker, and a REST port that is ours.
#[derive(Debug)]
pub struct WorkerFiles {
    bootstrap: String,
    port: Port,
    folder: TempDir,
}

impl WorkerFiles {
    /// An empty folder.
    pub fn new(kafka: &RealKafka) -> Result<Self> {
        Self::at(kafka.bootstrap())
    }

    /// An empty folder for the broker at `host:port`, whosever it is.
    pub fn at(bootstrap: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("moldau-worker-").tempdir()?;
        Ok(Self { bootstrap: bootstrap.to_owned(), port: Port::reserve()?, folder })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file that a standalone worker of [`Self::standalone`] keeps its offsets in.
    pub fn offsets(&self) -> PathBuf {
        self.folder.path().join("connect.offsets")
    }

    /// The REST port in the worker file.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Writes `worker.properties`: StringConverter for key and value, offsets flushed every second; `lines` win.
    pub fn standalone(&self, lines: &[(&str, &str)]) -> Result<PathBuf> {
        let offsets = self.offsets().display().to_string();
        self.worker(&[("offset.storage.file.filename", &offsets)], lines)
    }

    /// Writes `worker.properties` for a distributed worker of the group `group`, whose topics are `<group>-configs`, `<group>-offsets`
    /// and `<group>-status`; the rest as [`Self::standalone`].
    pub fn distributed(&self, group: &str, lines: &[(&str, &str)]) -> Result<PathBuf> {
        let [configs, offsets, status] = ["configs", "offsets", "status"].map(|topic| format!("{group}-{topic}"));
        let own = [
            ("group.id", group),
            ("config.storage.topic", &configs),
            ("config.storage.replication.factor", "1"),
            ("offset.storage.topic", &offsets),
            ("offset.storage.replication.factor", "1"),
            ("offset.storage.partitions", "5"),
            ("status.storage.topic", &status),
            ("status.storage.replication.factor", "1"),
            ("status.storage.partitions", "2"),
        ];
        self.worker(&own, lines)
    }

    fn worker(&self, mode: &[(&str, &str)], lines: &[(&str, &str)]) -> Result<PathBuf> {
        let string = "org.apache.kafka.connect.storage.StringConverter";
        let own = [
            ("bootstrap.servers", self.bootstrap.clone()),
            ("listeners", format!("http://127.0.0.1:{}", self.port.number())),
            ("key.converter", string.to_owned()),
            ("value.converter", string.to_owned()),
            ("offset.flush.interval.ms", "1000".to_owned()),
            ("plugin.path", kafka_libs()?.plugin_path().display().to_string()),
            ("plugin.discovery", "service_load".to_owned()),
        ];
        let mut all: Vec<(String, String)> = own.map(|(key, value)| (key.to_owned(), value)).to_vec();
        all.extend(mode.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        for (key, value) in lines {
            all.retain(|(known, _)| known != key);
            all.push(((*key).to_owned(), (*value).to_owned()));
        }
        let path = self.folder.path().join("worker.properties");
        write_properties(&path, &all)?;
        Ok(path)
    }

    /// Writes `<name>.properties` with `name` and the lines.
    pub fn connector(&self, name: &str, lines: &[(&str, &str)]) -> Result<PathBuf> {
        let path = self.folder.path().join(format!("{name}.properties"));
        let mut all = vec![("name", name)];
        all.extend(lines);
        write_properties(&path, &all)?;
        Ok(path)
    }
}

/// The real Kafka Connect 4.3.1.
#[derive(Debug)]
pub struct JavaConnect;

/// Our binary: `$MOLDAU_BIN`, else `moldau` in the target folder this program was built in, else its debug build.
#[derive(Debug)]
pub struct Moldau;

impl JavaConnect {
    /// Starts `ConnectStandalone` and waits until REST answers. The worker file needs a `listeners` line with one http URL.
    pub fn standalone(worker: &Path, connectors: &[PathBuf]) -> Result<Worker> {
        Self::standalone_with(worker, connectors, &["-Xmx512m", "-XX:TieredStopAtLevel=1"])
    }

    /// Like [`Self::standalone`] with these JVM options instead of those for a quick start.
    pub fn standalone_with(worker: &Path, connectors: &[PathBuf], jvm: &[&str]) -> Result<Worker> {
        let mut worker = Self::spawn(worker, connectors, jvm)?;
        worker.wait_until_ready(START_LIMIT)?;
        Ok(worker)
    }

    /// Starts `ConnectDistributed` and waits until REST answers. The worker file needs a `listeners` line with one http URL.
    pub fn distributed(worker: &Path) -> Result<Worker> {
        let jvm = ["-Xmx512m", "-XX:TieredStopAtLevel=1"];
        let mut command = kafka_libs()?.java(&jvm, "org.apache.kafka.connect.cli.ConnectDistributed");
        command.arg(worker);
        let mut worker = Worker::spawn("java connect", command, worker)?;
        worker.wait_until_ready(START_LIMIT)?;
        Ok(worker)
    }

    /// Starts `ConnectStandalone` and does not wait.
    pub fn spawn(worker: &Path, connectors: &[PathBuf], jvm: &[&str]) -> Result<Worker> {
        let mut command = kafka_libs()?.java(jvm, "org.apache.kafka.connect.cli.ConnectStandalone");
        command.arg(worker).args(connectors);
        Worker::spawn("java connect", command, worker)
    }
}

impl Moldau {
    /// Starts `moldau standalone` and waits until REST answers. The worker file needs a `listeners` line with one http URL.
    pub fn standalone(worker: &Path, connectors: &[PathBuf]) -> Result<Worker> {
        let mut worker = Self::spawn(worker, connectors, &[])?;
        worker.wait_until_ready(START_LIMIT)?;
        Ok(worker)
    }

    /// Starts `moldau standalone` and does not wait: for starts that fail, with more environment variables.
    pub fn spawn(worker: &Path, connectors: &[PathBuf], environment: &[(&str, &str)]) -> Result<Worker> {
        let mut command = Command::new(Self::binary()?);
        command.arg("standalone").arg(worker).args(connectors).envs(environment.iter().copied());
        Worker::spawn("moldau", command, worker)
    }

    /// Starts our binary through a shell script such as `bin/connect-standalone.sh` and waits until REST answers.
    pub fn by_script(script: &Path, worker: &Path, connectors: &[PathBuf]) -> Result<Worker> {
        Self::by_script_with(script, worker, connectors, &[])
    }

    /// The same with more environment variables. Without `LOG_DIR` the log is kept in the folder `logs` beside the
    /// worker file.
    pub fn by_script_with(
        script: &Path,
        worker: &Path,
        connectors: &[PathBuf],
        environment: &[(&str, &str)],
    ) -> Result<Worker> {
        let mut command = Command::new(script);
        command.arg(worker).args(connectors).env("MOLDAU_BIN", Self::binary()?);
        command.env("LOG_DIR", worker.with_file_name("logs")).envs(environment.iter().copied());
        let mut worker = Worker::spawn("moldau", command, worker)?;
        worker.wait_until_ready(START_LIMIT)?;
        Ok(worker)
    }

    /// Where the binary is; an error says how to build it.
    pub fn binary() -> Result<PathBuf> {
        if let Some(path) = std::env::var_os("MOLDAU_BIN") {
            return Ok(PathBuf::from(path));
        }
        // A test lies in <target>/<profile>/deps, xtask in <target>/<profile>.
        let here = std::env::current_exe()?;
        for folder in here.ancestors().skip(1).take(3) {
            for candidate in [folder.join("moldau"), folder.join("debug/moldau"), folder.join("release/moldau")] {
                if candidate.is_file() {
                    return Ok(candidate);
                }
            }
        }
        bail!("no moldau binary near {}: run `cargo build -p moldau` first, or set MOLDAU_BIN", here.display())
    }
}

/// A running worker, Java's or ours.
#[derive(Debug)]
pub struct Worker {
    process: Process,
    rest: Rest,
}

impl Worker {
    fn spawn(name: &str, mut command: Command, file: &Path) -> Result<Self> {
        let port = rest_port(file)?;
        let folder = file.parent().context("a worker file without folder")?;
        let log = folder.join(format!("{}.log", name.replace(' ', "-")));
        Ok(Self { process: Process::spawn(name, &mut command, &log)?, rest: Rest::new(port) })
    }

    /// Waits until `GET /` is answered with 200; an error, with the log, if the worker ends instead.
    pub fn wait_until_ready(&mut self, limit: Duration) -> Result<()> {
        let (process, rest) = (&mut self.process, &self.rest);
        eventually("REST to answer", limit, || {
            if let Some(status) = process.ended()? {
                bail!("the worker ended ({status})\n{}", process.log_tail());
            }
            Ok(rest.get("/").is_ok_and(|reply| reply.status == 200).then_some(()))
        })
        .with_context(|| process.log_tail())
    }

    /// Its REST API.
    pub fn rest(&self) -> &Rest {
        &self.rest
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// All it logged so far, over restarts with the same worker file.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Processor time and memory.
    pub fn usage(&self) -> Result<Usage> {
        self.process.usage()
    }

    /// For a worker in a static, which is never dropped: lets the folder of its files go when this process ends.
    pub fn remove_with(&mut self, files: &WorkerFiles) -> Result<()> {
        self.process.remove_with(files.folder())
    }

    /// Sends a signal and does not wait.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        self.process.signal(signal)
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.process.ended()
    }

    /// SIGTERM, waits for the end, gives the exit code (Java's is 143).
    pub fn terminate(&mut self) -> Result<i32> {
        self.process.terminate(STOP_LIMIT)
    }

    /// SIGKILL, waits for the end.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Waits until it ends by itself and gives the exit code.
    pub fn wait(&mut self, limit: Duration) -> Result<i32> {
        self.process.wait(limit)
    }

    /// Waits until the connector and all its tasks, at least one, are in `state`.
    pub fn wait_for_state(&mut self, connector: &str, state: &str, limit: Duration) -> Result<()> {
        let mut last = String::new();
        let reached = eventually(&format!("{connector} to be {state}"), limit, || {
            let Ok(reply) = self.rest.get(&format!("/connectors/{connector}/status")) else { return Ok(None) };
            last.clone_from(&reply.body);
            let Ok(status) = reply.json() else { return Ok(None) };
            let tasks = status["tasks"].as_array().map(Vec::as_slice).unwrap_or_default();
            let all = !tasks.is_empty() && tasks.iter().all(|task| task["state"] == state);
            Ok((all && status["connector"]["state"] == state).then_some(()))
        });
        reached.with_context(|| format!("last status: {last}\n{}", self.process.log_tail()))
    }
}

fn rest_port(worker: &Path) -> Result<u16> {
    let text = std::fs::read_to_string(worker).with_context(|| format!("cannot read {}", worker.display()))?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("listeners="))
        .context("the worker file has no line listeners=…")?;
    let port = line.rsplit(':').next().context("no port in listeners")?;
    port.trim().parse().with_context(|| format!("no port in listeners={line}"))
}
