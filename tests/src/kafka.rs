//! A single-node Apache Kafka (KRaft) on loopback.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use tempfile::TempDir;

use crate::driver::{Driver, Produced, Record, Stored};
use crate::libs::{KafkaLibs, kafka_libs};
use crate::ports::Port;
use crate::process::Process;
use crate::wait::eventually;
use crate::worker::write_properties;

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(30);
const CLUSTER_ID: &str = "MoldauTestCluster00000";

/// How to start a broker.
#[derive(Debug, Clone)]
pub struct KafkaOptions {
    /// Lines for `server.properties`, which win over the fixture's own.
    pub properties: Vec<(String, String)>,
    /// Heap, e.g. `384m`.
    pub heap: String,
    /// Further JVM options. The default starts quickly; empty them for measurements.
    pub jvm: Vec<String>,
}

impl Default for KafkaOptions {
    fn default() -> Self {
        Self {
            properties: Vec::new(),
            heap: "384m".to_owned(),
            jvm: ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"].map(str::to_owned).to_vec(),
        }
    }
}

impl KafkaOptions {
    /// Adds a line to `server.properties`.
    #[must_use]
    pub fn property(mut self, key: &str, value: &str) -> Self {
        self.properties.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The JVM as an operator would run it: the optimising compiler and 512 MB of heap.
    #[must_use]
    pub fn for_measurements(mut self) -> Self {
        self.heap = "512m".to_owned();
        self.jvm = vec!["-XX:+UseG1GC".to_owned()];
        self
    }
}

/// A broker with a folder, ports and a driver of its own.
#[derive(Debug)]
pub struct RealKafka {
    // Fields are dropped in this order: the clients, the broker, its folder.
    driver: Mutex<Option<Driver>>,
    process: Option<Process>,
    options: KafkaOptions,
    bootstrap: String,
    port: Port,
    _controller: Port,
    folder: TempDir,
}

impl RealKafka {
    /// Starts a broker and waits until it answers.
    pub fn start() -> Result<Self> {
        Self::start_with(KafkaOptions::default())
    }

    /// One broker for all tests of this process, started by the first that asks. It takes records of up to 20 MB and members of groups
    /// with a session time-out from half a second.
    pub fn shared() -> Result<&'static Self> {
        static SHARED: OnceLock<Result<RealKafka, String>> = OnceLock::new();
        let start = || {
            let options = KafkaOptions::default()
                .property("message.max.bytes", "20000000")
                .property("group.min.session.timeout.ms", "500");
            let mut kafka = Self::start_with(options)?;
            let folder = kafka.folder().to_owned();
            kafka.process().context("a broker that has started")?.remove_with(&folder)?;
            anyhow::Ok(kafka)
        };
        let shared = SHARED.get_or_init(|| start().map_err(|error| format!("{error:#}")));
        shared.as_ref().map_err(|error| anyhow!("{error}"))
    }

    /// Starts a broker with options and waits until it answers.
    pub fn start_with(options: KafkaOptions) -> Result<Self> {
        let libs = kafka_libs()?;
        let (port, controller) = (Port::reserve()?, Port::reserve()?);
        let folder = tempfile::Builder::new().prefix("moldau-kafka-").tempdir()?;
        let data = folder.path().join("data");
        format_storage(libs, &data)?;
        write_properties(
            &folder.path().join("server.properties"),
            &server_properties(&options, &port, &controller, &data),
        )?;
        let bootstrap = format!("127.0.0.1:{}", port.number());
        let mut kafka =
            Self { driver: Mutex::new(None), process: None, options, bootstrap, port, _controller: controller, folder };
        kafka.start_again()?;
        Ok(kafka)
    }

    /// `host:port`.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// The port of the plain listener.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// A scratch folder that goes with this broker.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The broker's process while it runs.
    pub fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }

    /// SIGTERM, and waits for the end. Data and ports stay.
    pub fn stop(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.terminate(STOP_LIMIT)?;
        }
        Ok(())
    }

    /// SIGKILL. Data and ports stay.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts on the same ports and data, if it does not run.
    pub fn start_again(&mut self) -> Result<()> {
        if self.process.is_some() {
            return Ok(());
        }
        let heap = format!("-Xmx{}", self.options.heap);
        let mut jvm: Vec<&str> = vec![&heap];
        jvm.extend(self.options.jvm.iter().map(String::as_str));
        let mut command = kafka_libs()?.java(&jvm, "kafka.Kafka");
        command.arg(self.folder.path().join("server.properties"));
        let mut process = Process::spawn("kafka", &mut command, &self.folder.path().join("kafka.log"))?;
        let port = self.port.number();
        eventually("Kafka to answer", START_LIMIT, || {
            if let Some(status) = process.ended()? {
                bail!("Kafka ended ({status})\n{}", process.log_tail());
            }
            Ok(answers(port).then_some(()))
        })
        .with_context(|| process.log_tail())?;
        self.process = Some(process);
        Ok(())
    }

    /// The broker's log.
    pub fn log(&self) -> String {
        self.process.as_ref().map(Process::log).unwrap_or_default()
    }

    /// Kafka's own clients; the JVM starts with the first call. Held by one caller at a time.
    pub fn driver(&self) -> Result<DriverGuard<'_>> {
        let mut guard = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        if guard.is_none() {
            *guard = Some(Driver::start(&self.bootstrap, &self.folder.path().join("driver.log"))?);
        }
        Ok(DriverGuard(guard))
    }

    /// See [`Driver::create_topic`].
    pub fn create_topic(&self, topic: &str, partitions: i32, config: &[(&str, &str)]) -> Result<()> {
        self.driver()?.create_topic(topic, partitions, config)
    }

    /// See [`Driver::produce`].
    pub fn produce(&self, records: &[Record]) -> Result<Vec<Produced>> {
        self.driver()?.produce(records)
    }

    /// See [`Driver::consume_all`].
    pub fn consume_all(&self, topic: &str) -> Result<Vec<Stored>> {
        self.driver()?.consume_all(topic)
    }

    /// Waits until the topic exists and holds at least `count` records; gives all it holds, each partition's in order.
    pub fn wait_for_records(&self, topic: &str, count: usize, limit: Duration) -> Result<Vec<Stored>> {
        let mut held = 0;
        let enough = eventually(&format!("{count} records in {topic}"), limit, || {
            let ends = self.driver()?.end_offsets(topic).unwrap_or_default();
            held = ends.values().sum::<i64>();
            Ok((usize::try_from(held)? >= count).then_some(()))
        });
        enough.with_context(|| format!("it holds {held}"))?;
        self.consume_all(topic)
    }

    /// See [`Driver::consume_count`].
    pub fn consume_count(&self, topic: &str, count: usize, limit: Duration) -> Result<Vec<Stored>> {
        self.driver()?.consume_count(topic, count, limit)
    }
}

/// The driver while a caller holds it.
#[derive(Debug)]
pub struct DriverGuard<'a>(MutexGuard<'a, Option<Driver>>);

impl std::ops::Deref for DriverGuard<'_> {
    type Target = Driver;

    fn deref(&self) -> &Driver {
        self.0.as_ref().expect("a guard is made with a driver inside")
    }
}

impl std::ops::DerefMut for DriverGuard<'_> {
    fn deref_mut(&mut self) -> &mut Driver {
        self.0.as_mut().expect("a guard is made with a driver inside")
    }
}

fn server_properties(options: &KafkaOptions, port: &Port, controller: &Port, data: &Path) -> Vec<(String, String)> {
    let (port, controller) = (port.number(), controller.number());
    let own = [
        ("process.roles", "broker,controller".to_owned()),
        ("node.id", "1".to_owned()),
        ("controller.quorum.voters", format!("1@127.0.0.1:{controller}")),
        ("listeners", format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}")),
        ("advertised.listeners", format!("PLAINTEXT://127.0.0.1:{port}")),
        ("controller.listener.names", "CONTROLLER".to_owned()),
        ("inter.broker.listener.name", "PLAINTEXT".to_owned()),
        ("listener.security.protocol.map", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT".to_owned()),
        ("log.dirs", data.display().to_string()),
        ("offsets.topic.replication.factor", "1".to_owned()),
        ("offsets.topic.num.partitions", "3".to_owned()),
        ("transaction.state.log.replication.factor", "1".to_owned()),
        ("transaction.state.log.min.isr", "1".to_owned()),
        ("transaction.state.log.num.partitions", "3".to_owned()),
        ("share.coordinator.state.topic.replication.factor", "1".to_owned()),
        ("share.coordinator.state.topic.min.isr", "1".to_owned()),
        ("group.initial.rebalance.delay.ms", "0".to_owned()),
        ("num.network.threads", "2".to_owned()),
        ("num.io.threads", "4".to_owned()),
        ("broker.heartbeat.interval.ms", "500".to_owned()),
        ("log.cleaner.dedupe.buffer.size", "4194304".to_owned()),
    ];
    let mut lines: Vec<(String, String)> = own.map(|(key, value)| (key.to_owned(), value)).to_vec();
    for (key, value) in &options.properties {
        lines.retain(|(known, _)| known != key);
        lines.push((key.clone(), value.clone()));
    }
    lines
}

/// A formatted log folder. Formatting costs a JVM, and with a static quorum its outcome does not depend on ports: done once, then copied.
fn format_storage(libs: &KafkaLibs, data: &Path) -> Result<()> {
    let template = libs.folder().join("formatted");
    if !template.is_dir() {
        let work = tempfile::tempdir_in(libs.folder())?;
        let target = work.path().join("data");
        let properties = work.path().join("server.properties");
        let (port, controller) = (Port::reserve()?, Port::reserve()?);
        write_properties(&properties, &server_properties(&KafkaOptions::default(), &port, &controller, &target))?;
        let mut command = libs.java(&["-Xmx256m", "-XX:TieredStopAtLevel=1"], "kafka.tools.StorageTool");
        command.args(["format", "-t", CLUSTER_ID, "-c"]).arg(&properties);
        let log = work.path().join("format.log");
        let mut process = Process::spawn("StorageTool", &mut command, &log)?;
        if process.wait(START_LIMIT)? != 0 {
            bail!("formatting failed\n{}", process.log_tail());
        }
        // Somebody else may have been quicker, with the same outcome.
        if let Err(error) = std::fs::rename(&target, &template)
            && !template.is_dir()
        {
            return Err(error).context("cannot keep the formatted folder");
        }
    }
    std::fs::create_dir(data)?;
    for entry in std::fs::read_dir(&template)? {
        let entry = entry?;
        let to: PathBuf = data.join(entry.file_name());
        std::fs::copy(entry.path(), to)?;
    }
    Ok(())
}

/// Whether an `ApiVersions` request is answered: a broker accepts connections before it serves them.
fn answers(port: u16) -> bool {
    // Length 10, API key 18, version 0, correlation id 7, client id null.
    const REQUEST: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff];
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let mut answer = [0; 8];
    stream.set_read_timeout(Some(Duration::from_secs(5))).is_ok()
        && stream.write_all(&REQUEST).is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer[4..] == [0, 0, 0, 7]
}
