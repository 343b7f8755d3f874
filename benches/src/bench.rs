//! What all rows share: the broker, the lines, and fresh names.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use e2e::{KafkaOptions, RealKafka, WorkerFiles};
use tempfile::TempDir;

use crate::arguments::Arguments;
use crate::form::Form;
use crate::lines::{Checker, Lines};
use crate::meter::Meter;
use crate::progress::Lengths;
use crate::wire::Connection;
use crate::worker::Side;

/// A running broker, warmed up, and the lines to move.
#[derive(Debug)]
pub struct Bench {
    arguments: Arguments,
    /// The records of the row at work, and a topic that holds them.
    filled: Option<(Lines, String)>,
    names: u32,
    wire: Connection,
    kafka: RealKafka,
    folder: TempDir,
}

impl Bench {
    /// Starts the broker.
    pub fn start(arguments: Arguments) -> Result<Self> {
        let kafka = RealKafka::start_with(KafkaOptions::default().for_measurements())?;
        let wire = Connection::open(kafka.bootstrap())?;
        let folder = tempfile::Builder::new().prefix("moldau-bench-").tempdir()?;
        Ok(Self { arguments, filled: None, names: 0, wire, kafka, folder })
    }

    /// The command line.
    pub fn arguments(&self) -> &Arguments {
        &self.arguments
    }

    pub(crate) fn lengths(&self) -> Lengths {
        Lengths::of(self.arguments.records)
    }

    pub(crate) fn takes_part(&self, side: Side) -> bool {
        self.arguments.sides.contains(&side)
    }

    pub(crate) fn broker(&mut self) -> Result<Meter> {
        Ok(Meter::of(self.kafka.process().context("the broker has ended")?))
    }

    pub(crate) fn wire(&mut self) -> &mut Connection {
        &mut self.wire
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A name not used before, for a topic or a connector (and so for a consumer group).
    pub(crate) fn fresh(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}-{}", self.names)
    }

    /// A folder for one more worker.
    pub(crate) fn worker_files(&self) -> Result<WorkerFiles> {
        WorkerFiles::new(&self.kafka)
    }

    /// Where the lines stand as a file.
    pub(crate) fn source_file(&self) -> PathBuf {
        self.folder.path().join("source.txt")
    }

    pub(crate) fn lines(&self) -> Result<&Lines> {
        self.filled.as_ref().map(|(lines, _)| lines).context(UNPREPARED)
    }

    /// Makes the records, their file, and a topic that holds them, once for the rows that follow each other with one
    /// form; the broker is warm after that. Gives the topic.
    pub(crate) fn prepare(&mut self, form: Form) -> Result<String> {
        if let Some((lines, topic)) = &self.filled
            && lines.form() == form
        {
            return Ok(topic.clone());
        }
        let lines = Lines::new(form, self.lengths().total);
        if form == Form::Text {
            lines.write(&self.source_file())?;
        }
        let topic = self.fresh("filled");
        self.wire.create_topic(&topic)?;
        self.wire.produce(&topic, &lines)?;
        self.filled = Some((lines, topic.clone()));
        self.check_topic(&topic)?;
        Ok(topic)
    }

    /// Sends the records to a topic over the raw wire.
    pub(crate) fn produce(&mut self, topic: &str) -> Result<()> {
        let (lines, _) = self.filled.as_ref().context(UNPREPARED)?;
        self.wire.produce(topic, lines)
    }

    /// Compares a topic's records with those of the row.
    pub(crate) fn check_topic(&mut self, topic: &str) -> Result<()> {
        let (lines, _) = self.filled.as_ref().context(UNPREPARED)?;
        let mut checker = Checker::new(lines);
        self.wire.consume(topic, lines.count(), |line| checker.add(line)).with_context(|| format!("topic {topic}"))?;
        checker.finish().with_context(|| format!("topic {topic}"))
    }
}

const UNPREPARED: &str = "the records are made by prepare";
