//! The command line tools of Apache Kafka, one after the other in one JVM.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::json;

use crate::libs::kafka_libs;
use crate::process::Process;

const SOURCE: &str = include_str!("../../java/tools/Tools.java");
const JVM: [&str; 3] = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

/// A JVM in which the main classes behind Apache Kafka's scripts run, one at a time: most of them need less time than a JVM to start.
#[derive(Debug)]
pub struct JavaTools {
    process: Process,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// How a tool ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ToolEnd {
    /// The exit code of its process; 124 if it still ran after a minute.
    pub code: i32,
    /// What it wrote to standard output.
    pub output: String,
    /// What it wrote to standard error, logged warnings included.
    pub errors: String,
}

impl JavaTools {
    /// Starts the JVM.
    pub fn start(log: &Path) -> Result<Self> {
        let libs = kafka_libs()?;
        let classes = libs.compile("tools", &[("Tools.java", SOURCE)])?;
        let mut command = libs.java_with(&[&classes], &JVM, "Tools");
        let (process, input, output) = Process::piped("tools", &mut command, log)?;
        Ok(Self { process, input, output: BufReader::new(output) })
    }

    /// Runs a tool, named as its class without the package, with these arguments and this text on its standard input.
    pub fn run(&mut self, tool: &str, arguments: &[&str], input: &str) -> Result<ToolEnd> {
        let mut line = json!({"class": class(tool), "arguments": arguments, "input": input}).to_string();
        line.push('\n');
        let mut answer = String::new();
        let sent = self.input.write_all(line.as_bytes()).and_then(|()| self.input.flush());
        if sent.is_err() || self.output.read_line(&mut answer)? == 0 {
            bail!("the JVM of the tools has ended\n{}", self.process.log_tail());
        }
        serde_json::from_str(&answer).with_context(|| format!("not an answer: {answer}"))
    }

    /// A tool as a process of its own, to be started by the caller: for one that runs until it is told to end.
    pub fn alone(tool: &str, arguments: &[&str]) -> Result<Command> {
        let mut command = kafka_libs()?.java(&JVM, &class(tool));
        command.args(arguments);
        Ok(command)
    }

    /// For one in a static, which is never dropped: lets it and `folder` go when this process ends.
    pub fn remove_with_this_process(&mut self, folder: &Path) -> Result<()> {
        self.process.remove_with(folder)
    }
}

fn class(tool: &str) -> String {
    let package = match tool {
        "ConfigCommand" => "kafka.admin",
        "ConsoleConsumer" => "org.apache.kafka.tools.consumer",
        "ConsumerGroupCommand" => "org.apache.kafka.tools.consumer.group",
        _ => "org.apache.kafka.tools",
    };
    format!("{package}.{tool}")
}
