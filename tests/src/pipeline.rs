//! Numbered lines from a file to a topic to a file, and what came of them at each end.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::driver::Stored;
use crate::kafka::RealKafka;
use crate::numbered::NumberedLines;
use crate::wait::wait_until;
use crate::worker::WorkerFiles;

const PAUSE: Duration = Duration::from_millis(200);
const LOG_TAIL: usize = 6_000;

/// A FileStreamSource `<topic>-source` and a FileStreamSink `<topic>-sink` over one topic.
#[derive(Debug, Clone)]
pub struct Pipeline {
    topic: String,
    to: PathBuf,
    connectors: [PathBuf; 2],
}

impl Pipeline {
    /// Writes the connector files.
    pub fn new(files: &WorkerFiles, topic: &str, from: &Path, to: &Path) -> Result<Self> {
        let text = |path: &Path| path.to_str().map(str::to_owned).context("a path that is no text");
        let (from, out) = (text(from)?, text(to)?);
        let source =
            [("connector.class", "FileStreamSource"), ("topic", topic), ("file", &from), ("batch.size", "100")];
        let sink = [("connector.class", "FileStreamSink"), ("topics", topic), ("file", &out)];
        let [source_name, sink_name] = Self::names(topic);
        let connectors = [files.connector(&source_name, &source)?, files.connector(&sink_name, &sink)?];
        Ok(Self { topic: topic.to_owned(), to: to.to_owned(), connectors })
    }

    fn names(topic: &str) -> [String; 2] {
        [format!("{topic}-source"), format!("{topic}-sink")]
    }

    /// The names of source and sink.
    pub fn connector_names(&self) -> [String; 2] {
        Self::names(&self.topic)
    }

    /// The files of source and sink.
    pub fn connectors(&self) -> &[PathBuf; 2] {
        &self.connectors
    }

    /// The topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// How many lines the sink file has.
    pub fn lines_out(&self) -> u64 {
        std::fs::read(&self.to).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count() as u64
    }

    /// What is whole in the sink file; of `fragments` writes that a killed process may have torn, the rest of the line is cut off.
    pub fn in_sink_file(&self, fragments: usize) -> Result<NumberedLines> {
        let text = std::fs::read_to_string(&self.to).unwrap_or_default();
        let mut torn = 0;
        let lines: Vec<&str> = text
            .lines()
            .map(|line| {
                // A torn line has no end, so the next one was written right behind it.
                let is_whole =
                    |from: &usize| line.get(*from..).is_some_and(|tail| NumberedLines::parse([tail]).is_ok());
                let whole = (0..line.len()).find(is_whole);
                torn += usize::from(whole != Some(0));
                whole.map_or(line, |from| &line[from..])
            })
            .collect();
        ensure!(torn <= fragments, "{torn} lines are not whole");
        NumberedLines::parse(lines)
    }

    /// Waits until the sink file holds every one of so many lines; an error ends with what `log` gives.
    pub fn wait_for_all_lines(
        &self,
        lines: u64,
        fragments: usize,
        limit: Duration,
        log: impl Fn() -> String,
    ) -> Result<()> {
        let complete = wait_until(&format!("{lines} lines in {}", self.to.display()), limit, || {
            std::thread::sleep(PAUSE);
            let found = || self.in_sink_file(fragments).and_then(|found| found.complete(lines));
            self.lines_out() >= lines && found().is_ok()
        });
        let Err(error) = complete else { return Ok(()) };
        let found = self.in_sink_file(fragments).and_then(|found| found.complete(lines));
        let log = log();
        let from = log.len().saturating_sub(LOG_TAIL);
        bail!("{error}\n{found:?}\n{}", log.get(from..).unwrap_or(&log));
    }

    /// What the topic holds, by partition.
    pub fn in_topic(&self, kafka: &RealKafka) -> Result<Vec<(i32, NumberedLines)>> {
        let mut stored = kafka.consume_all(&self.topic)?;
        stored.sort_by_key(|record| (record.partition, record.offset));
        let partitions = stored.chunk_by(|one, other| one.partition == other.partition);
        let parse = |records: &[Stored]| {
            let texts: Vec<String> = records.iter().map(Stored::text).collect();
            Ok((records[0].partition, NumberedLines::parse(texts.iter().map(String::as_str))?))
        };
        partitions.map(parse).collect()
    }

    /// An error unless the topic holds every one of so many lines, each partition's in order but for repeats; gives how many came again.
    pub fn check_topic(&self, kafka: &RealKafka, lines: u64) -> Result<usize> {
        let partitions = self.in_topic(kafka)?;
        for (partition, found) in &partitions {
            found.in_order().with_context(|| format!("{}-{partition}", self.topic))?;
        }
        let all: NumberedLines = partitions.iter().flat_map(|(_, found)| found.numbers().iter().copied()).collect();
        all.complete(lines).with_context(|| self.topic.clone())
    }
}
