//! `moldau standalone`: one worker, its connectors given on the command line and over REST.

use std::path::Path;

use connect_config::ConnectorFile;
use connect_herder::LogLevel;
use connect_rest::{PROTOCOL_COMMIT, PROTOCOL_VERSION};
use env::Env;
use kafka_config::{RawConfig, json_as_utf8, properties, properties_mark};

use crate::exit::Exit;
use crate::java_habits::{self, JavaOptions};
use crate::signals::Signals;
use crate::worker::{self, RunningWorker, Setup};
use crate::{logging, machine, memory};

/// How the command is used.
pub(crate) const USAGE: &str = "moldau standalone worker.properties [connector1.properties connector2.json ...]";

/// What lines of the log are called that Java's Connect, AppInfoParser and WorkerConfig write.
const CONNECT: &str = "moldau::connect";
const APP_INFO: &str = "moldau::app_info";
const WORKER_CONFIG: &str = "moldau::worker";

/// The files of the command line.
#[derive(clap::Args)]
#[command(override_usage = USAGE, disable_help_flag = true)]
pub(crate) struct Arguments {
    /// The worker's properties, then files with one connector each, as properties or JSON
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "FILE")]
    files: Vec<String>,
}

impl Arguments {
    /// Whether one of them is `--help`.
    pub(crate) fn ask_for_help(&self) -> bool {
        self.files.iter().any(|file| file == "--help")
    }
}

/// Runs until a signal comes.
pub(crate) fn run(arguments: &Arguments, log: &logging::Settings) -> Result<(), Exit> {
    memory::use_one_arena();
    logging::start(log, LogLevel::Info);
    let (worker, connectors) = arguments.files.split_first().expect("one file is required");
    machine::run(|env| start(env, worker, connectors))
}

async fn start(env: Env, worker_file: &str, connector_files: &[String]) -> Result<(), Exit> {
    let started = env.clock().now();
    tracing::info!("Kafka Connect worker initializing ... (Moldau {})", env!("CARGO_PKG_VERSION"));
    tell_version(&env);
    // From here on a signal ends the worker cleanly, also while it waits for Kafka.
    let mut signals = Signals::new()?;
    let worker = tokio::select! {
        biased;
        () = signals.next() => {
            tracing::info!(target: CONNECT, "Kafka Connect stopped before it had started");
            return Ok(());
        }
        prepared = prepare(&env, worker_file) => prepared?,
    };
    let millis = (env.clock().now() - started).as_millis();
    tracing::info!("Kafka Connect worker initialization took {millis}ms");
    // Parity: connectors of the command line are created after this line, which tools wait for.
    tracing::info!(target: CONNECT, "Kafka Connect started");
    let mut created = tokio::select! {
        biased;
        () = signals.next() => Ok(()),
        created = create_connectors(&env, &worker, connector_files) => {
            if created.is_ok() {
                worker.ready();
                worker.list_java_plugins();
                signals.next().await;
            }
            created
        }
    };
    if let Err(exit) = &mut created {
        exit.tell();
    }
    tracing::info!(target: CONNECT, "Kafka Connect stopping");
    worker.stop().await;
    tracing::info!(target: CONNECT, "Kafka Connect stopped");
    created
}

/// What tools look for to know which Kafka Connect this is.
fn tell_version(env: &Env) {
    tracing::info!(target: APP_INFO, "Kafka version: {PROTOCOL_VERSION}");
    tracing::info!(target: APP_INFO, "Kafka commitId: {PROTOCOL_COMMIT}");
    tracing::info!(target: APP_INFO, "Kafka startTimeMs: {}", env.clock().unix_millis());
}

/// Everything but the connectors.
async fn prepare(env: &Env, worker_file: &str) -> Result<RunningWorker, Exit> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let options = JavaOptions::read(&variable);
    for sentence in java_habits::sentences(&variable, &options) {
        tracing::warn!("{sentence}");
    }
    let raw = worker_properties(env, worker_file)?;
    let setup = Setup::read(env, &raw, worker_file, &options)?;
    let kafka_cluster_id = setup.cluster_id().await?;
    tracing::info!(target: WORKER_CONFIG, "Kafka cluster ID: {kafka_cluster_id}");
    let sockets = worker::listen(env, setup.config()).await?;
    setup.start(kafka_cluster_id, sockets).await
}

/// The worker's properties; the empty name stands for none.
fn worker_properties(env: &Env, file: &str) -> Result<RawConfig, Exit> {
    if file.is_empty() {
        return Ok(RawConfig::new());
    }
    let bytes = env.disk().read(Path::new(file)).map_err(|error| {
        Exit::worker(format!("worker configuration '{file}' cannot be read: {error}; give the path of a readable file"))
    })?;
    tell_of_mark(&bytes, file);
    let read = properties::read(&bytes).map_err(|error| Exit::worker(format!("{file}: {error}")))?;
    Ok(read.into_iter().collect())
}

async fn create_connectors(env: &Env, worker: &RunningWorker, files: &[String]) -> Result<(), Exit> {
    for file in files {
        let bytes = env.disk().read(Path::new(file)).map_err(|error| {
            Exit::connector(format!(
                "connector file '{file}' cannot be read: {error}; give the path of a readable file"
            ))
        })?;
        // JSON may begin with a mark.
        if !json_as_utf8(&bytes).trim_ascii_start().starts_with(b"{") {
            tell_of_mark(&bytes, file);
        }
        let connector = ConnectorFile::parse(&bytes, file).map_err(Exit::connector)?;
        worker.create(connector, file).await?;
    }
    Ok(())
}

/// What follows from it is said elsewhere, in Java's words, which do not show that the first key is the fault.
fn tell_of_mark(bytes: &[u8], file: &str) {
    if let Some(mark) = properties_mark(bytes) {
        tracing::warn!("{file} begins with {mark}; save the file without it, as UTF-8 or ASCII");
    }
}
