//! The moldau binary: reads the command line, wires the parts together, waits for a signal. One file or folder per command.

// The binary is where the process meets its machine: files of the command line and the machine's memory size.
#![allow(clippy::disallowed_methods)]

mod command_line;
mod exit;
mod logging;
mod machine;
mod memory;
mod signals;

mod address;
mod cluster;
mod properties;

mod java_habits;
mod surroundings;
mod worker;

mod broker;
mod connect_plugin_path;
mod consume;
mod produce;
mod quickstart;
mod standalone;

use std::process::ExitCode;

use command_line::Command;
use exit::Exit;

fn main() -> ExitCode {
    let line = match command_line::read(std::env::args_os()) {
        Ok(line) => line,
        Err(code) => return code,
    };
    let (result, report): (_, fn(Exit) -> ExitCode) = match line.command {
        Command::Standalone(arguments) => (standalone::run(&arguments, &line.log), Exit::report),
        Command::Quickstart(arguments) => (quickstart::run(&arguments, &line.log), Exit::say),
        Command::Broker(arguments) => (broker::run(&arguments, &line.log), Exit::say),
        Command::Consume(arguments) => (consume::run(&arguments, &line.log), Exit::say),
        Command::Produce(arguments) => (produce::run(&arguments, &line.log), Exit::say),
        Command::ConnectPluginPath(arguments) => return connect_plugin_path::run(&arguments),
    };
    let code = result.map_or_else(report, |()| ExitCode::SUCCESS);
    logging::finish();
    code
}
