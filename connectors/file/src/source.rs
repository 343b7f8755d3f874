//! FileStreamSource: one record per line of a file or of standard input.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connect_api::plugin::{Plugin, SourcePlugin};
use connect_api::source::{
    ExactlyOnceSupport, SourceBatch, SourceConnector, SourceConnectorContext, SourceHalves, SourceReader, SourceTask,
    SourceTaskContext, Unacknowledged,
};
use connect_api::{Datum, Error, Record, Result, Schema, Signal, SourceOffset, SourcePartition, Text, Value};
use env::{Env, OpenOptions};
use kafka_config::{ConfigDef, RawConfig};
use tracing::{info, warn};

use crate::blocking::blocking;
use crate::config::{self, SourceConfig};
use crate::lines::LineBuffer;
use crate::stream::{Opening, StandardInput, Stream, open_aside};
use crate::tail::{Adopted, End, Tail};

/// The key of stored partitions: the file as configured.
const FILENAME: &str = "filename";
/// The key of stored offsets: the number of bytes before the next line.
const POSITION: &str = "position";

/// The first wait at the end of a file, doubled up to the last one: a busy file is followed closely, an idle one costs
/// a look per second (Java's wait).
const FIRST_WAIT: Duration = Duration::from_millis(10);
const LAST_WAIT: Duration = Duration::from_millis(1000);

/// The most bytes read in a row without a whole line, before the signal is looked at again.
const READ_AT_ONCE: usize = 4 << 20;

/// The plug-in. Tasks made by one instance share the process's standard input.
#[derive(Clone, Default)]
pub struct FileStreamSource {
    standard_input: StandardInput,
}

impl Plugin for FileStreamSource {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.file.FileStreamSourceConnector"
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        config::source_keys()
    }
}

impl SourcePlugin for FileStreamSource {
    fn connector(&self) -> Box<dyn SourceConnector> {
        Box::<Connector>::default()
    }

    fn task(&self) -> Box<dyn SourceTask> {
        Box::new(Task { standard_input: self.standard_input.clone() })
    }

    fn task_class(&self) -> &'static str {
        "org.apache.kafka.connect.file.FileStreamSourceTask"
    }

    /// Supported for a file, as long as it is only appended to; standard input has no offsets.
    fn exactly_once_support(&self, config: &RawConfig) -> Option<ExactlyOnceSupport> {
        let file = SourceConfig::parse(config).is_ok_and(|config| config.named_file().is_some());
        Some(if file { ExactlyOnceSupport::Supported } else { ExactlyOnceSupport::Unsupported })
    }

    fn alter_offsets(
        &self,
        config: &RawConfig,
        offsets: &[(Option<SourcePartition>, Option<SourceOffset>)],
    ) -> Result<bool> {
        if SourceConfig::parse(config)?.named_file().is_none() {
            return Err(Error::connect(
                "Offsets cannot be modified if the 'file' configuration is unspecified. This is because stdin is used \
                 for input and offsets are not tracked.",
            ));
        }
        for (partition, offset) in offsets {
            // Removing is allowed for anything, so that users can clean up.
            if let Some(offset) = offset {
                check_offset(offset).and_then(|()| check_partition(partition.as_ref())).map_err(Error::connect)?;
            }
        }
        Ok(true)
    }
}

fn check_offset(offset: &SourceOffset) -> Result<(), &'static str> {
    match offset.get(POSITION) {
        None => Err("Offset objects should either be null or contain the key 'position'"),
        Some(Value::Int64(0..)) => Ok(()),
        Some(Value::Int64(_)) => Err("The value for the 'position' key in the offset should be a non-negative value"),
        Some(_) => Err("The value for the 'position' key in the offset is expected to be a Long value"),
    }
}

fn check_partition(partition: Option<&SourcePartition>) -> Result<(), &'static str> {
    match partition.map(|partition| partition.get(FILENAME)) {
        None => Err("Partition objects cannot be null"),
        Some(None) => Err("Partition objects should contain the key 'filename'"),
        Some(Some(_)) => Ok(()),
    }
}

#[derive(Default)]
struct Connector {
    config: RawConfig,
}

#[async_trait]
impl SourceConnector for Connector {
    async fn start(&mut self, _context: SourceConnectorContext, config: RawConfig) -> Result<()> {
        let parsed = SourceConfig::parse(&config)?;
        info!("Starting file source connector reading from {}", parsed.named_file().unwrap_or("standard input"));
        self.config = config;
        Ok(())
    }

    async fn task_configs(&mut self, _max_tasks: usize) -> Result<Vec<RawConfig>> {
        // A file has one reader.
        Ok(vec![self.config.clone()])
    }
}

struct Task {
    standard_input: StandardInput,
}

#[async_trait]
impl SourceTask for Task {
    async fn start(self: Box<Self>, context: SourceTaskContext, config: RawConfig) -> Result<SourceHalves> {
        let config = SourceConfig::parse(&config)?;
        let input = match config.named_file() {
            Some(file) => Input::File(Box::new(Tail::new(context.env.clone(), file))),
            None => Input::Standard(self.standard_input),
        };
        let reader = Reader { records: Records::new(config), stored: None, opening: None, context, input };
        Ok(SourceHalves { reader: Box::new(reader), acknowledger: Box::new(Unacknowledged) })
    }
}

enum Input {
    File(Box<Tail>),
    Pipe(Stream),
    Standard(StandardInput),
}

struct Reader {
    context: SourceTaskContext,
    input: Input,
    records: Records,
    /// Where to go on, once it was looked up.
    stored: Option<u64>,
    /// The file, while it is being opened.
    opening: Option<Opening>,
}

#[async_trait]
impl SourceReader for Reader {
    async fn poll(&mut self, batch: &mut SourceBatch) -> Result<()> {
        let token = self.context.token.clone();
        let mut wait = FIRST_WAIT;
        while batch.is_empty() && token.signal() == Signal::Run {
            let pause = self.advance(batch, wait).await?;
            if let Some(pause) = pause {
                tokio::select! {
                    biased;
                    _ = token.changed_from(Signal::Run) => {}
                    () = self.context.env.sleep(pause) => {}
                }
                wait = (pause * 2).min(LAST_WAIT);
            }
        }
        Ok(())
    }
}

impl Reader {
    /// Adds records if there are any now; says how long to wait for more.
    async fn advance(&mut self, batch: &mut SourceBatch, wait: Duration) -> Result<Option<Duration>> {
        let (env, token) = (&self.context.env, &self.context.token);
        match &mut self.input {
            Input::File(tail) if !tail.is_open() => return self.open().await,
            Input::File(tail) if tail.is_quiet() => return Ok(Some(wait)),
            Input::File(tail) => {
                let records = &self.records;
                let end = blocking(env, || records.read(tail, batch, env))?;
                return Ok(match end {
                    Some(End::Quiet) => Some(wait),
                    Some(End::Replaced) => Some(LAST_WAIT),
                    Some(End::Anew) | None => None,
                });
            }
            Input::Pipe(stream) => {
                let take = |lines: &mut LineBuffer| self.records.take(lines, batch, SourceBatch::TARGET_BYTES, env);
                tokio::select! {
                    biased;
                    _ = token.changed_from(Signal::Run) => {}
                    taken = stream.take(take) => taken?,
                }
            }
            Input::Standard(input) => {
                let take = |lines: &mut LineBuffer| self.records.take(lines, batch, SourceBatch::TARGET_BYTES, env);
                tokio::select! {
                    biased;
                    _ = token.changed_from(Signal::Run) => {}
                    taken = input.take(env, take) => taken?,
                }
            }
        }
        Ok(None)
    }

    async fn open(&mut self) -> Result<Option<Duration>> {
        let stored = self.stored().await?;
        let (env, token) = (&self.context.env, &self.context.token);
        let Input::File(tail) = &mut self.input else {
            return Ok(None);
        };
        if self.opening.is_none() && !tail.exists() {
            return Ok(Some(LAST_WAIT));
        }
        let opening = self.opening.get_or_insert_with(|| open_aside(env, tail.path()));
        let opened = tokio::select! {
            biased;
            _ = token.changed_from(Signal::Run) => return Ok(None),
            opened = opening => opened,
        };
        self.opening = None;
        let opened = opened.unwrap_or_else(|_| Err(io::Error::other("the thread that opens it has ended")));
        if opened.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            // It went away after the look.
            return Ok(Some(FIRST_WAIT));
        }
        match blocking(env, || tail.adopt(opened, stored))? {
            // A file that replaces this one is read from its start.
            Adopted::File => self.stored = Some(0),
            Adopted::Stream(file) => {
                let path = tail.path().to_owned();
                let name = path.display().to_string();
                if stored > 0 {
                    warn!(file = name, stored, "this is a pipe, which has no positions; reading what comes");
                }
                let world = env.clone();
                let reopen = Box::new(move || Some(world.disk().open(&path, OpenOptions::READ)));
                self.input = Input::Pipe(Stream::new(env, &name, file, reopen));
            }
        }
        Ok(None)
    }

    /// The stored position, 0 when there is none.
    async fn stored(&mut self) -> Result<u64> {
        if let Some(stored) = self.stored {
            return Ok(stored);
        }
        let offset = self.context.offsets.offset(&self.records.partition).await?;
        let stored = match offset.as_ref().and_then(|offset| offset.get(POSITION)) {
            None | Some(Value::Null) => 0,
            Some(Value::Int64(position)) => u64::try_from(*position).unwrap_or(0),
            Some(_) => return Err(Error::connect("Offset position is the incorrect type")),
        };
        self.stored = Some(stored);
        Ok(stored)
    }
}

/// Makes records of lines.
struct Records {
    /// Whether there are positions.
    tracked: bool,
    topic: Arc<str>,
    partition: SourcePartition,
    offset_keys: Arc<[Text]>,
    schema: Schema,
    limit: usize,
}

impl Records {
    fn new(config: SourceConfig) -> Self {
        let name = config.file.as_deref().map_or(Value::Null, Value::from);
        Self {
            tracked: config.named_file().is_some(),
            partition: SourcePartition::new([(FILENAME, name)]),
            offset_keys: SourceOffset::keys([POSITION]),
            schema: Schema::string(),
            limit: config.batch_size.min(SourceBatch::TARGET_RECORDS),
            topic: config.topic,
        }
    }

    /// Reads until the batch is full or the file has no more for now; at its end, and without records, what became of
    /// it. Blocks.
    fn read(&self, tail: &mut Tail, batch: &mut SourceBatch, env: &Env) -> Result<Option<End>> {
        let (mut taken, mut read) = (0, 0);
        loop {
            taken += self.take(tail.lines(), batch, SourceBatch::TARGET_BYTES - taken, env);
            if batch.len() >= self.limit || taken >= SourceBatch::TARGET_BYTES || read >= READ_AT_ONCE {
                return Ok(None);
            }
            match tail.read()? {
                0 if batch.is_empty() => return tail.look().map(Some),
                0 => return Ok(None),
                count => read += count,
            }
        }
    }

    /// Makes records of the lines that have arrived, until the batch is full or their bytes are at
    /// least `bytes`; the number of their bytes.
    fn take(&self, lines: &mut LineBuffer, batch: &mut SourceBatch, bytes: usize, env: &Env) -> usize {
        let mut timestamp = None;
        let room = self.limit.saturating_sub(batch.len());
        lines.take(room, bytes, |text, position| {
            let timestamp = *timestamp.get_or_insert_with(|| env.clock().unix_millis());
            // Java has no positions for standard input either.
            let position = if self.tracked { Value::Int64(position as i64) } else { Value::Null };
            let offset = SourceOffset::new(&self.offset_keys, [position]);
            let value = Datum::new(self.schema.clone(), text);
            let mut record = Record::source(self.topic.clone(), self.partition.clone(), offset, value);
            record.timestamp = Some(timestamp);
            batch.push(record);
        })
    }
}
