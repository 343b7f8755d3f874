//! `moldau broker`: the embedded Kafka broker alone, for development and tests.

use std::io::Write;
use std::path::{Path, PathBuf};

use connect_herder::LogLevel;
use env::Env;
use kafka_broker::{Broker, BrokerConfig, Data, StartError};
use kafka_client::config::ServerAddress;

use crate::exit::Exit;
use crate::signals::Signals;
use crate::{address, logging, machine, memory};

/// What the broker is told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where to listen; only this machine can connect unless told otherwise
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9092", value_parser = address::parse)]
    listen: ServerAddress,
    /// What clients are told to connect to, where that is not the address it listens on
    #[arg(long, value_name = "HOST:PORT", value_parser = address::parse)]
    advertise: Option<ServerAddress>,
    /// The folder that topics and offsets are kept in; without it they are gone when the process ends
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Runs until a signal comes.
pub(crate) fn run(arguments: &Arguments, log: &logging::Settings) -> Result<(), Exit> {
    memory::use_one_arena();
    logging::start(log, LogLevel::Warn);
    machine::run(|env| serve(env, arguments))
}

async fn serve(env: Env, arguments: &Arguments) -> Result<(), Exit> {
    let mut signals = Signals::new()?;
    let unusable = |error: &dyn std::fmt::Display| {
        Exit::worker(format!(
            "--listen {} cannot be used: {error}; end what uses the port, or give another one, such as --listen \
             127.0.0.1:0 for any that is free",
            arguments.listen
        ))
    };
    let address = address::resolve(&env, &arguments.listen).await.map_err(|error| unusable(&error))?;
    let mut config = BrokerConfig::new(address);
    if let Some(advertise) = &arguments.advertise {
        config.advertised_host = Some(advertise.host.clone());
        config.advertised_port = Some(advertise.port);
    }
    let data = open(&env, arguments.data.as_deref())?;
    let started = Broker::start_with(&env, config, data).await;
    let broker = started.map_err(|error| match error {
        StartError::Listen { source, .. } => unusable(&source),
        error => Exit::worker(error),
    })?;
    introduce(arguments, &broker.bootstrap_servers(), address.ip().is_loopback());
    signals.next().await;
    broker.stop().await;
    Ok(())
}

/// Topics and offsets of a folder, or none in memory.
///
/// # Errors
/// When the folder cannot be used.
pub(crate) fn open(env: &Env, folder: Option<&Path>) -> Result<Data, Exit> {
    match folder {
        Some(folder) => Data::open(env, folder).map_err(Exit::worker),
        None => Ok(Data::new()),
    }
}

fn introduce(arguments: &Arguments, servers: &str, loopback: bool) {
    let data = match &arguments.data {
        Some(folder) => format!(
            "{}; it outlives a kill at once, and a loss of power a second after it was written\n                     \
             (before it is acknowledged, for topics with flush.messages=1)",
            folder.display()
        ),
        None => "in memory, gone when this process ends (--data DIR keeps it)".to_owned(),
    };
    let reach = if loopback { "" } else { " (without any access control: whoever reaches the port reads and writes)" };
    let mut text = format!(
        "Moldau broker {}: one Kafka node for development and tests, not for production.\n",
        env!("CARGO_PKG_VERSION")
    );
    text += &format!("  bootstrap.servers  {servers}{reach}\n  data               {data}\n");
    text += "Ready. Ctrl-C ends it.\n";
    // Whoever started it may not care to read.
    let _ = std::io::stdout().write_all(text.as_bytes());
}
