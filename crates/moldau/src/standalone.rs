//! `moldau standalone`: one worker, its connectors given on the command line and over REST.

use std::path::Path;

use connect_config::ConnectorFile;
use env::Env;
use kafka_config::{RawConfig, properties};

use crate::exit::Exit;
use crate::signals::Signals;
use crate::worker::{self, RunningWorker, Setup};
use crate::{logging, machine, memory};

/// How the command is used.
pub(crate) const USAGE: &str = "moldau standalone worker.properties [connector1.properties connector2.json ...]";

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
pub(crate) fn run(arguments: &Arguments) -> Result<(), Exit> {
    memory::use_one_arena();
    logging::start("info");
    let (worker, connectors) = arguments.files.split_first().expect("one file is required");
    machine::run(|env| start(env, worker, connectors))
}

async fn start(env: Env, worker_file: &str, connector_files: &[String]) -> Result<(), Exit> {
    let started = env.clock().now();
    // From here on a signal ends the worker cleanly, also while it waits for Kafka.
    let mut signals = Signals::new()?;
    let worker = tokio::select! {
        biased;
        () = signals.next() => {
            tracing::info!("Kafka Connect stopped before it had started");
            return Ok(());
        }
        prepared = prepare(&env, worker_file) => prepared?,
    };
    let created = tokio::select! {
        biased;
        () = signals.next() => Ok(()),
        created = create_connectors(&env, &worker, connector_files) => {
            let ready = created.is_ok();
            if ready {
                let millis = (env.clock().now() - started).as_millis();
                tracing::info!("Kafka Connect started in {millis} ms");
                worker.list_java_plugins();
                signals.next().await;
            }
            created
        }
    };
    tracing::info!("Kafka Connect stopping");
    worker.stop().await;
    tracing::info!("Kafka Connect stopped");
    created
}

/// Everything but the connectors.
async fn prepare(env: &Env, worker_file: &str) -> Result<RunningWorker, Exit> {
    let raw = worker_properties(env, worker_file)?;
    let setup = Setup::read(env, &raw, worker_file)?;
    let kafka_cluster_id = setup.cluster_id().await?;
    tracing::info!("Kafka cluster ID: {kafka_cluster_id}");
    let sockets = worker::listen(env, &setup.config().listeners).await?;
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
        let connector = ConnectorFile::parse(&bytes, file).map_err(Exit::connector)?;
        worker.create(connector, file).await?;
    }
    Ok(())
}
