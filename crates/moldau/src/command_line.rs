//! The command line: which command, and what it is told.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::exit::Exit;
use crate::{broker, connect_plugin_path, consume, logging, produce, quickstart, standalone};

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (Kafka Connect 4.3.1)");

const USAGE: &str = "moldau quickstart [--data DIR]
       moldau standalone worker.properties [connector1.properties connector2.json ...]
       moldau broker [--listen HOST:PORT] [--data DIR]
       moldau consume --topic TOPIC [--from-beginning] [--bootstrap-server HOST:PORT]
       moldau produce --topic TOPIC [--bootstrap-server HOST:PORT]
       moldau connect-plugin-path list|sync-manifests --plugin-path PATH
       moldau COMMAND --help
       every command: [--log-format people|json|java] [--log-level LEVELS]";

/// Kafka Connect, rebuilt in Rust.
#[derive(Parser)]
#[command(name = "moldau", version = VERSION, override_usage = USAGE, disable_help_subcommand = true)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) log: logging::Settings,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the process is to do.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Start a broker, a worker and two connectors, and watch data move
    Quickstart(quickstart::Arguments),
    /// Run a worker with the connectors of files, as connect-standalone.sh does
    Standalone(standalone::Arguments),
    /// Run the embedded Kafka broker alone, for development and tests
    Broker(broker::Arguments),
    /// Print the records of a topic, as kafka-console-consumer.sh does
    Consume(consume::Arguments),
    /// Send lines of standard input to a topic, as kafka-console-producer.sh does
    Produce(produce::Arguments),
    /// List the Java plug-ins of a plugin.path or write their manifests, as connect-plugin-path.sh does
    ConnectPluginPath(connect_plugin_path::Arguments),
}

/// Reads the command line. What needs no command (help, the version, a complaint) is printed here, and the code to end
/// with is the error.
pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<CommandLine, ExitCode> {
    match CommandLine::try_parse_from(arguments) {
        // Parity: Apache's script answers --help, wherever it stands, with the usage and 1.
        Ok(CommandLine { command: Command::Standalone(arguments), .. }) if arguments.ask_for_help() => {
            eprintln!("Usage: {}", standalone::USAGE);
            Err(ExitCode::from(Exit::USAGE))
        }
        Ok(line) => Ok(line),
        Err(error) => {
            // Nobody reads it any more when this fails.
            let _ = error.print();
            Err(match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
                _ => ExitCode::from(Exit::USAGE),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_command_is_in_the_usage() {
        for command in CommandLine::command().get_subcommands() {
            assert!(USAGE.contains(&format!("moldau {}", command.get_name())), "{}", command.get_name());
        }
    }
}
