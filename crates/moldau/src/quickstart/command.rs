//! The command: starts the parts in order, shows what moves, ends them in the other order.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use connect_config::ConnectorFile;
use connect_herder::LogLevel;
use env::{Env, Instant, Listener, Task};
use kafka_broker::{Broker, BrokerConfig, Data, Handle, StartError};
use kafka_config::RawConfig;

use super::flow::Flow;
use super::folder::Folder;
use super::sample::Sample;
use super::saved::SavedConnectors;
use super::steps::{Places, SINK_FILE, SOURCE_FILE, TOPIC};
use super::view::View;
use crate::exit::Exit;
use crate::java_habits::JavaOptions;
use crate::signals::{self, Signals};
use crate::worker::{RunningWorker, Setup, Sockets};
use crate::{broker, logging, machine, memory};

const KAFKA_PORT: u16 = 9092;
const REST_PORT: u16 = 8083;
/// The view is brought up to date so often.
const TICK: Duration = Duration::from_millis(500);
/// So often it is looked whether the first record has come.
const GLANCE: Duration = Duration::from_millis(5);
/// How long after a signal the parts may take to end, and after how long the process ends whatever they do.
const STOP: Duration = Duration::from_millis(1_700);
const GRACE: Duration = Duration::from_millis(1_900);
const CONNECTORS: &str = "connectors.json";

/// What can be chosen.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder to keep everything in, so that the next start goes on from there; without it a temporary one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Runs until a signal comes.
pub(crate) fn run(arguments: &Arguments, log: &logging::Settings) -> Result<(), Exit> {
    memory::use_one_arena();
    let folder = Folder::open(arguments.data.as_deref())?;
    logging::start_in(log, LogLevel::Warn, folder.log()?);
    let result = machine::run(|env| play(env, &folder));
    folder.close();
    result
}

async fn play(env: Env, folder: &Folder) -> Result<(), Exit> {
    let started = env.clock().now();
    let mut signals = Signals::new()?;
    signals::end_anyway(&env, GRACE)?;
    let mut parts = tokio::select! {
        biased;
        () = signals.next() => return Ok(()),
        parts = Parts::start(&env, folder) => parts?,
    };
    let mut view = View::of_standard_output();
    let result = tokio::select! {
        biased;
        () = signals.next() => Ok(()),
        failed = parts.show(started, &mut view) => failed,
    };
    let kept = if folder.is_temporary() { "removed" } else { "kept" };
    let stopped = env.timeout(STOP, parts.stop()).await;
    if let Err(elapsed) = stopped {
        tracing::error!(%elapsed, "the worker did not stop in time and was given up");
    }
    if result.is_ok() {
        view.say(&format!("Ended. {} is {kept}.\n", folder.root().display()));
    }
    result
}

/// Broker and worker.
struct Parts<'a> {
    env: Env,
    folder: &'a Folder,
    broker: Handle,
    worker: RunningWorker,
    rest: String,
    notes: Vec<String>,
    saved: SavedConnectors,
    connectors: Vec<ConnectorFile>,
}

impl<'a> Parts<'a> {
    /// Starts everything but the connectors.
    async fn start(env: &Env, folder: &'a Folder) -> Result<Self, Exit> {
        let mut notes = Vec::new();
        let path = folder.path(CONNECTORS);
        let (saved, connectors) = SavedConnectors::open(env, Path::new(&path), tutorial(folder))?;
        let data = broker::open(env, folder.broker().as_deref())?;
        let broker = start_broker(env, data, &mut notes).await?;
        let (listener, address) = listen(env, &mut notes).await?;
        let rest = format!("http://{address}");
        let raw = worker_config(folder, &broker.bootstrap_servers(), &rest);
        let setup = Setup::read(env, &raw, "moldau quickstart", &JavaOptions::default())?;
        let worker = setup.start(broker.cluster_id().to_owned(), Sockets::one(listener, address)).await?;
        Ok(Self { env: env.clone(), folder, broker, worker, rest, notes, saved, connectors })
    }

    /// Lets everything move and shows it; ends only with an error.
    async fn show(&mut self, started: Instant, view: &mut View) -> Result<(), Exit> {
        let data = self.broker.data();
        let source = self.folder.path(SOURCE_FILE);
        let unusable = |error: io::Error| Exit::worker(format!("{source} cannot be written: {error}"));
        let sample = Sample::open(&self.env, Path::new(&source)).map_err(unusable)?;
        let before = data.end_offset(TOPIC, 0);
        let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("moldau"));
        let places = Places {
            folder: self.folder,
            servers: self.broker.bootstrap_servers(),
            rest: self.rest.clone(),
            notes: std::mem::take(&mut self.notes),
            program: &program,
        };
        view.say(&places.introduction());
        for connector in std::mem::take(&mut self.connectors) {
            self.worker.create(connector, &self.folder.path(CONNECTORS)).await?;
        }
        self.worker.ready();
        let _growing = Growing(self.env.work().spawn("sample file", Box::pin(sample.grow())));
        while data.end_offset(TOPIC, 0) == before && self.elapsed(started) < TICK {
            self.env.sleep(GLANCE).await;
        }
        if data.end_offset(TOPIC, 0) > before {
            let millis = self.elapsed(started).as_millis();
            view.say(&format!("The first record came {millis} ms after the start.\n\n"));
        }
        let mut flow = Flow::new(self.env.clone(), data, self.worker.herder().clone());
        loop {
            let mut look = || {
                view.show(self.env.clock().now() - started, &flow.look());
                if let Err(error) = self.saved.update(self.worker.herder()) {
                    tracing::error!(%error, "the connectors could not be saved");
                }
            };
            self.env.work().in_place(&mut look);
            self.env.sleep(TICK).await;
        }
    }

    fn elapsed(&self, started: Instant) -> Duration {
        self.env.clock().now() - started
    }

    async fn stop(self) {
        let mut saved = self.saved;
        if let Err(error) = saved.update(self.worker.herder()) {
            tracing::error!(%error, "the connectors could not be saved");
        }
        self.worker.stop().await;
        self.broker.stop().await;
    }
}

/// The sample file grows until this is dropped.
struct Growing(Box<dyn Task>);

impl Drop for Growing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The two connectors of Kafka Connect's tutorial.
fn tutorial(folder: &Folder) -> Vec<ConnectorFile> {
    let connector = |name: &str, class: &str, topic_key: &str, file: &str| {
        let file = folder.path(file);
        let config = [
            ("name", name),
            ("connector.class", class),
            ("tasks.max", "1"),
            (topic_key, TOPIC),
            ("file", file.as_str()),
        ];
        ConnectorFile { name: name.to_owned(), config: config.into(), initial_state: None }
    };
    vec![
        connector("local-file-source", "FileStreamSource", "topic", SOURCE_FILE),
        connector("local-file-sink", "FileStreamSink", "topics", SINK_FILE),
    ]
}

fn worker_config(folder: &Folder, servers: &str, listener: &str) -> RawConfig {
    let offsets = folder.path("connect.offsets");
    // Lines stay lines on the topic, so that they can be read there.
    let string = "org.apache.kafka.connect.storage.StringConverter";
    RawConfig::from([
        ("bootstrap.servers", servers),
        ("listeners", listener),
        ("key.converter", string),
        ("value.converter", string),
        ("offset.storage.file.filename", offsets.as_str()),
        ("offset.flush.interval.ms", "1000"),
        ("task.shutdown.graceful.timeout.ms", "1000"),
        // After a kill the sinks of the next start wait for those of the last to be given up.
        ("consumer.session.timeout.ms", "6000"),
        ("consumer.heartbeat.interval.ms", "1500"),
    ])
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// On the usual port, or on a free one when somebody has that.
async fn start_broker(env: &Env, data: Data, notes: &mut Vec<String>) -> Result<Handle, Exit> {
    let started = match Broker::start_with(env, BrokerConfig::new(local(KAFKA_PORT)), data.clone()).await {
        Err(StartError::Listen { source, .. }) if source.kind() == io::ErrorKind::AddrInUse => {
            let started = Broker::start_with(env, BrokerConfig::new(local(0)), data).await;
            let port = started.as_ref().map_or(0, |broker| broker.addr().port());
            notes.push(format!("port {KAFKA_PORT} is taken; Kafka has {port} instead"));
            started
        }
        started => started,
    };
    started.map_err(|error| Exit::worker(format!("the broker cannot start: {error}")))
}

/// The same for REST.
async fn listen(env: &Env, notes: &mut Vec<String>) -> Result<(Box<dyn Listener>, SocketAddr), Exit> {
    let failed = |error: io::Error| Exit::worker(format!("REST cannot be served on this machine: {error}"));
    let usual = env.network().listen(local(REST_PORT)).await;
    let is_usual = usual.is_ok();
    let listener = match usual {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => env.network().listen(local(0)).await,
        listening => listening,
    };
    let listener = listener.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    if !is_usual {
        notes.push(format!("port {REST_PORT} is taken; REST has {} instead", address.port()));
    }
    Ok((listener, address))
}
