//! VerifiableSink: each record printed when it is received and when its offset is committed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use async_trait::async_trait;
use connect_api::plugin::{Plugin, SinkPlugin};
use connect_api::sink::{Offsets, SinkConnector, SinkTask, SinkTaskContext, TopicPartition};
use connect_api::{Error, Kind, Record, Result};
use connect_load::{Numbered, Printer, int};
use kafka_config::{ConfigDef, RawConfig};

use crate::line;

/// With more lines waiting for their commit, it is asked for.
const MANY: usize = 65_536;

/// The plug-in.
#[derive(Clone, Copy, Debug, Default)]
pub struct VerifiableSink;

impl Plugin for VerifiableSink {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.tools.VerifiableSinkConnector"
    }

    fn version(&self) -> &'static str {
        connect_load::VERSION
    }

    /// Parity: no key is declared, so none is checked before a task starts.
    fn config(&self) -> ConfigDef {
        ConfigDef::new()
    }
}

impl SinkPlugin for VerifiableSink {
    fn connector(&self) -> Box<dyn SinkConnector> {
        Box::<Numbered>::default()
    }

    fn task(&self) -> Box<dyn SinkTask> {
        Box::<Task>::default()
    }

    fn task_class(&self) -> &'static str {
        "org.apache.kafka.connect.tools.VerifiableSinkTask"
    }
}

#[derive(Default)]
struct Task {
    running: Option<Running>,
    assigned: BTreeSet<TopicPartition>,
    /// What was printed and not committed, in the order of its records. Only of partitions the task has: of others,
    /// to which a transform moved a record, nothing is ever committed.
    unflushed: BTreeMap<TopicPartition, Vec<Line>>,
}

struct Running {
    context: SinkTaskContext,
    printer: Printer,
    /// `,"name":<name>,"topic":`
    name: String,
    /// `,"sinkTask":<id>`
    id: String,
}

/// A line that can be printed with any time.
enum Line {
    /// What stands before the time, and the topic.
    Good(String, Arc<str>),
    /// The whole line, for data that cannot be printed.
    Bad(String),
}

impl Line {
    /// The keys stand in the order in which Java walks its `HashMap`.
    fn of(record: &Record, offset: i64) -> Self {
        let mut start = "{".to_owned();
        for (key, datum) in [("task", &record.key), ("seqno", &record.value)] {
            start.push_str(&format!("\"{key}\":"));
            if let Err(error) = line::write(&datum.value, &mut start) {
                return Line::Bad(error.line(key));
            }
            start.push(',');
        }
        start.push_str(&format!("\"offset\":{offset},\"time_ms\":"));
        Line::Good(start, record.topic.clone())
    }
}

impl Running {
    fn push(&self, line: &Line, now: i64, end: &str, lines: &mut String) {
        let written = match line {
            Line::Good(start, topic) => {
                writeln!(lines, "{start}{now}{}{}{}{end}", self.name, line::quoted(Some(topic)), self.id)
            }
            Line::Bad(line) => writeln!(lines, "{line}"),
        };
        written.expect("writing to a string cannot fail");
    }
}

#[async_trait]
impl SinkTask for Task {
    async fn start(&mut self, context: SinkTaskContext, config: RawConfig) -> Result<()> {
        // Parity: the text names the source.
        let id = int(config.get("id"))
            .map_err(|error| Error::connect("Invalid VerifiableSourceTask configuration").caused_by(error))?;
        self.running = Some(Running {
            printer: Printer::new(&context.env),
            context,
            name: format!(",\"name\":{},\"topic\":", line::quoted(config.get("name"))),
            id: format!(",\"sinkTask\":{id}"),
        });
        Ok(())
    }

    async fn open(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.assigned.extend(partitions.iter().cloned());
        Ok(())
    }

    async fn close(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        for partition in partitions {
            self.assigned.remove(partition);
            self.unflushed.remove(partition);
        }
        Ok(())
    }

    async fn put(&mut self, records: &[Record]) -> Result<()> {
        let running = self.running.as_mut().ok_or_else(not_running)?;
        let now = running.context.env.clock().unix_millis();
        let mut lines = String::new();
        for record in records {
            let line = Line::of(record, record.sink_origin().map_or(-1, |origin| origin.offset));
            running.push(&line, now, "}", &mut lines);
            let partition = TopicPartition::new(record.topic.clone(), record.partition.unwrap_or(-1));
            if self.assigned.contains(&partition) {
                self.unflushed.entry(partition).or_default().push(line);
            }
        }
        running.printer.print(&lines);
        if self.unflushed.values().map(Vec::len).sum::<usize>() > MANY {
            running.context.runtime.request_commit();
        }
        Ok(())
    }

    async fn flush(&mut self, offsets: &Offsets) -> Result<()> {
        let running = self.running.as_mut().ok_or_else(not_running)?;
        let now = running.context.env.clock().unix_millis();
        let mut lines = String::new();
        for partition in offsets.keys() {
            for line in self.unflushed.remove(partition).unwrap_or_default() {
                running.push(&line, now, ",\"flushed\":true}", &mut lines);
            }
        }
        running.printer.print(&lines);
        Ok(())
    }

    async fn stop(&mut self) -> Result<()> {
        self.running = None;
        Ok(())
    }
}

fn not_running() -> Error {
    Error::new(Kind::IllegalState, "VerifiableSinkTask is not started")
}
