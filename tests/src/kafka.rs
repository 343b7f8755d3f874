//! Apache Kafka (KRaft) on loopback: one node, or several (what is done to one of them is in `cluster`).

use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tempfile::TempDir;

use crate::driver::{Driver, Produced, Record, Stored};
use crate::node::Node;
use crate::process::Process;
use crate::wait::eventually;

/// How to start Kafka.
#[derive(Debug, Clone)]
pub struct KafkaOptions {
    /// How many nodes, each broker and controller. Up to three of them hold a copy of each partition.
    pub nodes: usize,
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
            nodes: 1,
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

/// A broker, or a cluster of them, with a folder, ports and a driver of its own.
#[derive(Debug)]
pub struct RealKafka {
    // Fields are dropped in this order: the clients, the brokers, their folder.
    driver: Mutex<Option<Driver>>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) options: KafkaOptions,
    bootstrap: String,
    folder: TempDir,
}

impl RealKafka {
    /// Starts a broker and waits until it answers.
    pub fn start() -> Result<Self> {
        Self::start_with(KafkaOptions::default())
    }

    /// One broker for all tests of this process, started by the first that asks. It takes records of up to 20 MB and members of groups
    /// with a session time-out from half a second, and keeps records however old their timestamps are.
    pub fn shared() -> Result<&'static Self> {
        static SHARED: OnceLock<Result<RealKafka, String>> = OnceLock::new();
        let start = || {
            let options = KafkaOptions::default()
                .property("message.max.bytes", "20000000")
                .property("group.min.session.timeout.ms", "500")
                .property("log.retention.ms", "-1");
            let mut kafka = Self::start_with(options)?;
            kafka.remove_with_this_process()?;
            anyhow::Ok(kafka)
        };
        let shared = SHARED.get_or_init(|| start().map_err(|error| format!("{error:#}")));
        shared.as_ref().map_err(|error| anyhow!("{error}"))
    }

    /// Starts Kafka with options and waits until every node answers.
    pub fn start_with(options: KafkaOptions) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("moldau-kafka-").tempdir()?;
        let nodes = Node::reserve(options.nodes, folder.path())?;
        Node::prepare(&nodes, &options)?;
        let bootstrap = nodes.iter().map(Node::address).collect::<Vec<_>>().join(",");
        let mut kafka = Self { driver: Mutex::new(None), nodes, options, bootstrap, folder };
        kafka.start_again()?;
        Ok(kafka)
    }

    /// `host:port` of every node, with commas between.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// The port of the plain listener of the first node.
    pub fn port(&self) -> u16 {
        self.nodes[0].port()
    }

    /// A scratch folder that goes with this Kafka.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// For one in a static, which is never dropped: lets its processes and its folder go when this process ends.
    pub fn remove_with_this_process(&mut self) -> Result<()> {
        let folder = self.folder.path();
        self.nodes.iter_mut().try_for_each(|node| node.remove_with_this_process(folder))
    }

    /// The first node's process while it runs.
    pub fn process(&mut self) -> Option<&mut Process> {
        self.nodes[0].process()
    }

    /// SIGTERM, and waits for the end. Data and ports stay.
    pub fn stop(&mut self) -> Result<()> {
        self.nodes.iter_mut().try_for_each(Node::stop)
    }

    /// SIGKILL. Data and ports stay.
    pub fn kill(&mut self) {
        self.nodes.iter_mut().for_each(Node::kill);
    }

    /// Starts on the same ports and data what does not run.
    pub fn start_again(&mut self) -> Result<()> {
        let options = &self.options;
        self.nodes.iter_mut().try_for_each(|node| node.spawn(options))?;
        self.nodes.iter_mut().try_for_each(Node::wait_until_it_answers)
    }

    /// The first node's log.
    pub fn log(&self) -> String {
        self.nodes[0].log()
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
