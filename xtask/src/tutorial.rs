//! `cargo xtask tutorial`: the tutorial every Kafka user has done once, on a real Apache Kafka, with the sample files of `config/`.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use e2e::{JavaConnect, Moldau, RealKafka, Worker, WorkerFiles, kafka_libs, wait_until};

use crate::repository;

const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the tutorial; every step says what it does and fails if the lines do not arrive.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let java = match arguments {
        [] => false,
        [flag] if flag == "--java" => true,
        _ => bail!("usage: cargo xtask tutorial [--java]"),
    };
    if !java && std::env::var_os("MOLDAU_BIN").is_none() {
        build()?;
    }
    println!("Starting a real Apache Kafka 4.3.1 …");
    let mut kafka = RealKafka::start()?;
    println!("Kafka listens on {}.\n", kafka.bootstrap());
    let files = Files::write(&kafka, java)?;
    append(&files.source, "foo\nbar\n")?;
    println!("{} holds two lines: foo, bar.\n", files.source.display());

    let start = Instant::now();
    let mut worker = files.start(java)?;
    println!(
        "The worker answers on {} after {:.2} s (process {}).",
        worker.rest().base(),
        start.elapsed().as_secs_f64(),
        worker.pid()
    );
    println!("GET / says {}", worker.rest().get("/")?.body);
    for connector in ["local-file-source", "local-file-sink"] {
        worker.wait_for_state(connector, "RUNNING", PATIENCE)?;
    }
    println!("GET /connectors says {}\n", worker.rest().get("/connectors")?.body);

    show(&kafka, &files, "foo\nbar\n").with_context(|| worker.log())?;
    append(&files.source, "Another line\n")?;
    println!("\nAppended a third line to {}.", files.source.display());
    show(&kafka, &files, "foo\nbar\nAnother line\n").with_context(|| worker.log())?;

    println!("\nStopping the worker (SIGTERM) …");
    let code = worker.terminate()?;
    println!("It ended with code {code}; its offsets are in {}.", files.offsets.display());
    if !files.offsets.is_file() {
        bail!("there is no offset file");
    }
    append(&files.source, "Written while nobody looked\n")?;
    println!("Appended a fourth line and start the worker again: it goes on where it stopped.");
    let mut worker = files.start(java)?;
    show(&kafka, &files, "foo\nbar\nAnother line\nWritten while nobody looked\n").with_context(|| worker.log())?;
    worker.terminate()?;
    kafka.stop()?;
    println!("\nEverything arrived once and in order. Worker and Kafka have ended.");
    Ok(())
}

fn build() -> Result<()> {
    println!("Building moldau …");
    let status =
        Command::new("cargo").current_dir(repository::root()).args(["build", "--quiet", "-p", "moldau"]).status()?;
    if !status.success() {
        bail!("moldau does not build");
    }
    Ok(())
}

/// The sample files with this run's ports and paths.
struct Files {
    // Keeps the folder.
    _folder: WorkerFiles,
    worker: PathBuf,
    connectors: [PathBuf; 2],
    source: PathBuf,
    sink: PathBuf,
    offsets: PathBuf,
}

impl Files {
    fn write(kafka: &RealKafka, java: bool) -> Result<Self> {
        let folder = WorkerFiles::new(kafka)?;
        let path = |name: &str| folder.folder().join(name);
        let (source, sink, offsets) = (path("test.txt"), path("test.sink.txt"), folder.offsets());
        let worker = path("connect-standalone.properties");
        let text = |path: &Path| path.display().to_string();
        let mut lines = vec![
            ("bootstrap.servers", kafka.bootstrap().to_owned()),
            ("offset.storage.file.filename", text(&offsets)),
            ("listeners", format!("http://127.0.0.1:{}", folder.port())),
        ];
        if java {
            lines.push(("plugin.path", text(&kafka_libs()?.plugin_path())));
            lines.push(("plugin.discovery", "service_load".to_owned()));
        }
        substitute("connect-standalone.properties", &worker, &lines)?;
        let connectors = [path("connect-file-source.properties"), path("connect-file-sink.properties")];
        substitute("connect-file-source.properties", &connectors[0], &[("file", text(&source))])?;
        substitute("connect-file-sink.properties", &connectors[1], &[("file", text(&sink))])?;
        Ok(Self { worker, connectors, source, sink, offsets, _folder: folder })
    }

    fn start(&self, java: bool) -> Result<Worker> {
        if java {
            println!("Starting ConnectStandalone of Apache Kafka 4.3.1 …");
            return JavaConnect::standalone(&self.worker, &self.connectors);
        }
        let script = repository::path("bin/connect-standalone.sh");
        println!(
            "$ bin/connect-standalone.sh connect-standalone.properties connect-file-source.properties connect-file-sink.properties"
        );
        Moldau::by_script(&script, &self.worker, &self.connectors)
    }
}

/// Copies a sample file with new values for some keys; keys that it lacks are added.
fn substitute(sample: &str, to: &Path, values: &[(&str, String)]) -> Result<()> {
    let from = repository::path("config").join(sample);
    let mut text = std::fs::read_to_string(&from).with_context(|| format!("cannot read {}", from.display()))?;
    for (key, value) in values {
        let line = format!("{key}={value}");
        let prefix = format!("{key}=");
        match text.lines().find(|known| known.starts_with(&prefix)).map(str::to_owned) {
            Some(known) => text = text.replacen(&format!("{known}\n"), &format!("{line}\n"), 1),
            None => text.push_str(&format!("{line}\n")),
        }
    }
    std::fs::write(to, text).with_context(|| format!("cannot write {}", to.display()))
}

fn append(file: &Path, lines: &str) -> Result<()> {
    File::options().create(true).append(true).open(file)?.write_all(lines.as_bytes())?;
    Ok(())
}

/// Waits until the sink file holds exactly `expected`, then prints it and the topic.
fn show(kafka: &RealKafka, files: &Files, expected: &str) -> Result<()> {
    let read = || std::fs::read_to_string(&files.sink).unwrap_or_default();
    wait_until("the lines in the sink file", PATIENCE, || read().len() >= expected.len())?;
    let found = read();
    println!("Topic connect-test holds:");
    for record in kafka.consume_count("connect-test", expected.lines().count(), PATIENCE)? {
        println!("  {}", record.text());
    }
    println!("{} holds:", files.sink.display());
    for line in found.lines() {
        println!("  {line}");
    }
    if found != expected {
        bail!("the sink file should hold\n{expected}");
    }
    Ok(())
}
