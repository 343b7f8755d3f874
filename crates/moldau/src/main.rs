//! The moldau binary: reads the command line, wires the parts together, waits for a signal.

// The binary is where the process meets its machine: files of the command line and the machine's memory size.
#![allow(clippy::disallowed_methods)]

mod exit;
mod logging;
mod memory;
mod standalone;

use std::process::ExitCode;

use exit::Exit;

const USAGE: &str = "Usage: moldau standalone worker.properties [connector1.properties connector2.json ...]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((command, rest)) if command == "standalone" && !rest.is_empty() && !asks_for_help(rest) => {
            memory::use_one_arena();
            logging::start();
            match standalone::run(&rest[0], &rest[1..]) {
                Ok(()) => ExitCode::SUCCESS,
                Err(exit) => exit.report(),
            }
        }
        Some((command, _)) if command == "--version" => {
            println!("moldau {} (Kafka Connect 4.3.1)", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(Exit::USAGE)
        }
    }
}

fn asks_for_help(arguments: &[String]) -> bool {
    arguments.iter().any(|argument| argument == "--help")
}
