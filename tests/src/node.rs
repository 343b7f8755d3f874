//! One process of Apache Kafka (KRaft, broker and controller in one) on loopback.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::kafka::KafkaOptions;
use crate::libs::{KafkaLibs, kafka_libs};
use crate::ports::Port;
use crate::process::Process;
use crate::wait::eventually;
use crate::worker::write_properties;

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(30);
const CLUSTER_ID: &str = "MoldauTestCluster00000";

/// A node with its folder and ports, which stay when its process ends.
#[derive(Debug)]
pub(crate) struct Node {
    id: usize,
    process: Option<Process>,
    port: Port,
    controller: Port,
    folder: PathBuf,
    /// See [`Node::remove_with_this_process`].
    removes: Option<PathBuf>,
}

impl Node {
    /// Reserves the ports of nodes 1 to `count`, with folders below `folder`.
    pub(crate) fn reserve(count: usize, folder: &Path) -> Result<Vec<Self>> {
        let node = |id: usize| {
            let (port, controller) = (Port::reserve()?, Port::reserve()?);
            Ok(Self { id, process: None, port, controller, folder: folder.join(format!("node-{id}")), removes: None })
        };
        (1..=count).map(node).collect()
    }

    /// Formats the storage of all nodes and writes their `server.properties`.
    pub(crate) fn prepare(nodes: &[Self], options: &KafkaOptions) -> Result<()> {
        let libs = kafka_libs()?;
        for node in nodes {
            std::fs::create_dir(&node.folder)?;
            let data = node.folder.join("data");
            node.format_storage(libs, &data)?;
            write_properties(&node.properties(), &node.lines(nodes, options, &data))?;
        }
        Ok(())
    }

    /// Its number in the cluster.
    pub(crate) fn id(&self) -> usize {
        self.id
    }

    /// The port of the plain listener.
    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    /// `host:port` of the plain listener.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    /// Its process while it runs.
    pub(crate) fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }

    /// What it logged so far, while it runs.
    pub(crate) fn log(&self) -> String {
        self.process.as_ref().map(Process::log).unwrap_or_default()
    }

    /// Starts the process, if it does not run, and does not wait until it answers.
    pub(crate) fn spawn(&mut self, options: &KafkaOptions) -> Result<()> {
        if self.process.is_some() {
            return Ok(());
        }
        let heap = format!("-Xmx{}", options.heap);
        let mut jvm: Vec<&str> = vec![&heap];
        jvm.extend(options.jvm.iter().map(String::as_str));
        let mut command = kafka_libs()?.java(&jvm, "kafka.Kafka");
        command.arg(self.properties());
        let mut process = Process::spawn("kafka", &mut command, &self.folder.join("kafka.log"))?;
        if let Some(folder) = &self.removes {
            process.remove_with(folder)?;
        }
        self.process = Some(process);
        Ok(())
    }

    /// For a node in a static, which is never dropped: lets its process and `folder` go when this process ends.
    pub(crate) fn remove_with_this_process(&mut self, folder: &Path) -> Result<()> {
        self.removes = Some(folder.to_owned());
        self.process.as_mut().map_or(Ok(()), |process| process.remove_with(folder))
    }

    /// Waits until the process that was spawned answers; one that does not is ended.
    pub(crate) fn wait_until_it_answers(&mut self) -> Result<()> {
        let port = self.port();
        let mut process = self.process.take().context("the node was not started")?;
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

    /// SIGTERM, and waits for the end.
    pub(crate) fn stop(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.terminate(STOP_LIMIT)?;
        }
        Ok(())
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    fn properties(&self) -> PathBuf {
        self.folder.join("server.properties")
    }

    fn lines(&self, nodes: &[Self], options: &KafkaOptions, data: &Path) -> Vec<(String, String)> {
        let (port, controller) = (self.port(), self.controller.number());
        let voters: Vec<String> =
            nodes.iter().map(|node| format!("{}@127.0.0.1:{}", node.id, node.controller.number())).collect();
        let copies = nodes.len().min(3);
        let (copies, quorum) = (copies.to_string(), (copies / 2 + 1).to_string());
        let own = [
            ("process.roles", "broker,controller".to_owned()),
            ("node.id", self.id.to_string()),
            ("controller.quorum.voters", voters.join(",")),
            ("listeners", format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}")),
            ("advertised.listeners", format!("PLAINTEXT://127.0.0.1:{port}")),
            ("controller.listener.names", "CONTROLLER".to_owned()),
            ("inter.broker.listener.name", "PLAINTEXT".to_owned()),
            ("listener.security.protocol.map", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT".to_owned()),
            ("log.dirs", data.display().to_string()),
            ("default.replication.factor", copies.clone()),
            ("offsets.topic.replication.factor", copies.clone()),
            ("offsets.topic.num.partitions", "3".to_owned()),
            ("transaction.state.log.replication.factor", copies.clone()),
            ("transaction.state.log.min.isr", quorum.clone()),
            ("transaction.state.log.num.partitions", "3".to_owned()),
            ("share.coordinator.state.topic.replication.factor", copies),
            ("share.coordinator.state.topic.min.isr", quorum),
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

    /// A formatted log folder. Formatting costs a JVM, and with a static quorum its outcome depends on the node's number alone: done once
    /// for each number, then copied.
    fn format_storage(&self, libs: &KafkaLibs, data: &Path) -> Result<()> {
        let template = match self.id {
            1 => libs.folder().join("formatted"),
            id => libs.folder().join(format!("formatted-{id}")),
        };
        if !template.is_dir() {
            let work = tempfile::tempdir_in(libs.folder())?;
            let target = work.path().join("data");
            let properties = work.path().join("server.properties");
            let lines = self.lines(std::slice::from_ref(self), &KafkaOptions::default(), &target);
            write_properties(&properties, &lines)?;
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
