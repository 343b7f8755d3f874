//! The console tools that users of Apache Kafka know, as a second opinion beside the driver. Each call costs a JVM.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::kafka::RealKafka;
use crate::libs::kafka_libs;
use crate::process::Process;

const JVM: [&str; 3] = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

/// How the console consumer reads.
#[derive(Debug, Clone)]
pub struct ConsoleOptions {
    /// Ends after so many records.
    pub max_messages: Option<usize>,
    /// Ends when no record came for so long.
    pub idle: Duration,
    /// `--formatter-property key=value`, such as `print.key=true`.
    pub properties: Vec<(String, String)>,
    /// The limit for the whole call.
    pub limit: Duration,
}

impl Default for ConsoleOptions {
    fn default() -> Self {
        Self {
            max_messages: None,
            idle: Duration::from_secs(5),
            properties: Vec::new(),
            limit: Duration::from_secs(60),
        }
    }
}

impl ConsoleOptions {
    /// Ends after so many records.
    pub fn count(count: usize) -> Self {
        Self { max_messages: Some(count), idle: Duration::from_secs(30), ..Self::default() }
    }

    /// Adds a formatter property.
    #[must_use]
    pub fn property(mut self, key: &str, value: &str) -> Self {
        self.properties.push((key.to_owned(), value.to_owned()));
        self
    }
}

/// The lines that `kafka-console-consumer.sh --from-beginning` prints.
pub fn java_console_consume(kafka: &RealKafka, topic: &str, options: &ConsoleOptions) -> Result<Vec<String>> {
    let mut command = kafka_libs()?.java(&JVM, "org.apache.kafka.tools.consumer.ConsoleConsumer");
    command.args(["--bootstrap-server", kafka.bootstrap(), "--topic", topic, "--from-beginning"]);
    command.args(["--timeout-ms", &options.idle.as_millis().to_string()]);
    if let Some(count) = options.max_messages {
        command.args(["--max-messages", &count.to_string()]);
    }
    for (key, value) in &options.properties {
        command.arg("--formatter-property").arg(format!("{key}={value}"));
    }
    let output = tempfile::NamedTempFile::new_in(kafka.folder())?;
    let log = tempfile::NamedTempFile::new_in(kafka.folder())?;
    let mut wrapped = redirected(&command, output.path());
    let mut process = Process::spawn("console consumer", &mut wrapped, log.path())?;
    process.wait(options.limit)?;
    let text = String::from_utf8_lossy(&std::fs::read(output.path())?).into_owned();
    Ok(text.lines().map(str::to_owned).collect())
}

/// Feeds lines to `kafka-console-producer.sh`.
pub fn console_produce(kafka: &RealKafka, topic: &str, lines: &[&str]) -> Result<()> {
    let mut command = kafka_libs()?.java(&JVM, "org.apache.kafka.tools.ConsoleProducer");
    command.args(["--bootstrap-server", kafka.bootstrap(), "--topic", topic]);
    let log = tempfile::NamedTempFile::new_in(kafka.folder())?;
    let (mut process, mut input, _output) = Process::piped("console producer", &mut command, log.path())?;
    for line in lines {
        writeln!(input, "{line}").context("the console producer has ended")?;
    }
    drop(input);
    let code = process.wait(Duration::from_secs(60))?;
    if code != 0 {
        bail!("the console producer ended with {code}\n{}", process.log_tail());
    }
    Ok(())
}

/// The same command under a shell that sends its output to a file, so that no pipe can fill up while we wait.
fn redirected(command: &Command, output: &std::path::Path) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "out=$1; shift; exec \"$@\" >\"$out\"", "sh"])
        .arg(output)
        .arg(command.get_program())
        .args(command.get_args());
    shell.stdin(Stdio::null());
    shell
}
