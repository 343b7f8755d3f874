//! `cargo xtask bench`: parses the command line, builds what is to be measured, prints the rows.

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};
use benches::{Arguments, Bench, Side, USAGE};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match measure(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(words: &[String]) -> Result<()> {
    if words.iter().any(|word| word == "--help") {
        println!("{USAGE}");
        return Ok(());
    }
    let arguments = Arguments::parse(words)?;
    if cfg!(debug_assertions) {
        bail!("a debug build measures nothing: run `cargo xtask bench`, or `cargo run --release -p benches -- …`");
    }
    if arguments.sides.contains(&Side::Moldau) && std::env::var_os("MOLDAU_BIN").is_none() {
        build()?;
    }
    println!("$ cargo xtask bench {}", words.join(" "));
    println!("{}", benches::facts(&arguments)?);
    let mut bench = Bench::start(arguments)?;
    for row in bench.arguments().rows.clone() {
        println!("\n{}", benches::run(&mut bench, row)?);
    }
    Ok(())
}

fn build() -> Result<()> {
    let status = Command::new("cargo")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args(["build", "--quiet", "--release", "-p", "moldau"])
        .status()?;
    if !status.success() {
        bail!("moldau does not build");
    }
    Ok(())
}
