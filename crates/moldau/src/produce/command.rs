//! The command: reads lines, appends them to a producer, ends when the input does or when told.

use std::sync::Arc;
use std::time::Duration;

use connect_herder::LogLevel;
use env::Env;
use kafka_client::producer::{Completion, Rows};
use kafka_client::{ClientError, Producer, ProducerConfig};
use kafka_config::RawConfig;

use super::input::{self, Lines, Pieces};
use super::line::LineFormat;
use crate::exit::Exit;
use crate::signals::Signals;
use crate::{address, cluster, logging, machine, properties};

/// How long what was read may take to be stored once the input has ended.
const CLOSE: Duration = Duration::from_secs(35);
/// The same after a signal.
const CLOSE_ON_SIGNAL: Duration = Duration::from_secs(5);

/// Where lines go, and what they mean.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The topic to send to
    #[arg(long)]
    topic: String,
    /// Where Kafka is; several addresses are separated by commas
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:9092", value_parser = address::parse_list)]
    bootstrap_server: String,
    /// What a line means, such as parse.key=true, key.separator=: or null.marker=NULL; may be repeated
    #[arg(long = "property", alias = "reader-property", value_name = "KEY=VALUE", value_parser = properties::parse)]
    properties: Vec<(String, String)>,
    /// A property of the producer, such as compression.type=zstd; may be repeated
    #[arg(long = "command-property", alias = "producer-property", value_name = "KEY=VALUE", value_parser = properties::parse)]
    client: Vec<(String, String)>,
}

/// Sends lines until the input ends.
pub(crate) fn run(arguments: &Arguments, log: &logging::Settings) -> Result<(), Exit> {
    logging::start(log, LogLevel::Warn);
    let format = LineFormat::parse(&arguments.properties)?;
    machine::run(|env| send(env, arguments, format))
}

async fn send(env: Env, arguments: &Arguments, format: LineFormat) -> Result<(), Exit> {
    let mut signals = Signals::new()?;
    let producer = tokio::select! {
        biased;
        () = signals.next() => return Ok(()),
        started = start(&env, arguments) => started?,
    };
    let mut session = Session {
        producer,
        format,
        topic: arguments.topic.as_str().into(),
        pieces: input::start(&env),
        lines: Lines::default(),
        line: 0,
        rows: Rows::new(),
        next_row: 0,
        last_row_line: 0,
        tally: Tally::default(),
    };
    let read = tokio::select! {
        biased;
        () = signals.next() => None,
        read = session.run() => Some(read),
    };
    let (read, limit) = match read {
        Some(read) => (read, CLOSE),
        None => (session.take_what_was_read(&env).await, CLOSE_ON_SIGNAL),
    };
    tokio::select! {
        biased;
        // Told twice: what is on its way is given up.
        () = signals.next() => session.producer.abort_now(),
        _ = session.producer.close(limit) => {}
    }
    session.tally.add(&session.producer.try_completions());
    read.and(session.tally.verdict(session.producer.accepted()))
}

/// A producer for a cluster that answers.
async fn start(env: &Env, arguments: &Arguments) -> Result<Producer, Exit> {
    let own = [
        ("bootstrap.servers", arguments.bootstrap_server.as_str()),
        ("client.id", "console-producer"),
        ("enable.idempotence", "false"),
        ("max.in.flight.requests.per.connection", "1"),
        ("request.timeout.ms", "10000"),
        ("delivery.timeout.ms", "30000"),
        ("max.block.ms", "30000"),
    ];
    let raw = properties::client(&own, &arguments.client);
    let config = ProducerConfig::parse(&raw).map_err(Exit::usage)?;
    let mut admin = RawConfig::from([("bootstrap.servers", arguments.bootstrap_server.as_str())]);
    if let Some(protocol) = raw.get("security.protocol") {
        admin.insert("security.protocol", protocol);
    }
    cluster::reach(env, &arguments.bootstrap_server, &admin).await?;
    Ok(Producer::new(env.clone(), config))
}

struct Session {
    producer: Producer,
    format: LineFormat,
    topic: Arc<str>,
    pieces: Pieces,
    lines: Lines,
    /// The line that was read last, counted from 1.
    line: u64,
    /// What the producer has not taken yet, from `next_row` on.
    rows: Rows,
    next_row: usize,
    /// The line of the last row.
    last_row_line: u64,
    tally: Tally,
}

impl Session {
    async fn run(&mut self) -> Result<(), Exit> {
        loop {
            let piece = tokio::select! {
                biased;
                completions = self.producer.completions(), if self.producer.outstanding() > 0 => {
                    self.tally.add(&completions);
                    continue;
                }
                piece = self.pieces.recv() => piece,
            };
            let Some(piece) = piece else { break };
            let read = self.read(piece);
            // What stood before a line that is wrong is sent.
            self.append().await?;
            read?;
        }
        let mut lines = std::mem::take(&mut self.lines);
        let read = lines.finish(|line| self.line(line));
        self.append().await?;
        read.map_err(Exit::worker)
    }

    /// What has been read when a signal comes; a line without an end is none.
    async fn take_what_was_read(&mut self, env: &Env) -> Result<(), Exit> {
        let take = async {
            self.append().await?;
            while let Ok(piece) = self.pieces.try_recv() {
                let read = self.read(piece);
                self.append().await?;
                read?;
            }
            Ok(())
        };
        let late = |elapsed| Exit::worker(format!("what was read before the signal was not all sent: {elapsed}"));
        env.timeout(CLOSE_ON_SIGNAL, take).await.map_err(late)?
    }

    fn read(&mut self, piece: std::io::Result<Vec<u8>>) -> Result<(), Exit> {
        let piece = piece.map_err(|error| Exit::worker(format!("standard input cannot be read: {error}")))?;
        let mut lines = std::mem::take(&mut self.lines);
        let fed = lines.feed(&piece, |line| self.line(line));
        self.lines = lines;
        fed.map_err(Exit::worker)
    }

    fn line(&mut self, line: &[u8]) -> Result<(), String> {
        self.line += 1;
        self.format.push(line, self.line, &self.topic, &mut self.rows)?;
        self.last_row_line = self.line;
        Ok(())
    }

    /// Hands over all rows; one that is refused is told and left out. Goes on where it was dropped.
    async fn append(&mut self) -> Result<(), Exit> {
        while self.next_row < self.rows.len() {
            match self.producer.append(&self.rows, self.next_row..self.rows.len()) {
                Ok(count) => self.next_row += count,
                Err(refused) => {
                    let line = self.last_row_line - (self.rows.len() - 1 - refused.row) as u64;
                    self.tally.refuse(line, &refused.error);
                    self.next_row = refused.row + 1;
                    continue;
                }
            }
            if self.next_row < self.rows.len() {
                // Memory is full, or the topic is not known yet.
                tokio::select! {
                    biased;
                    completions = self.producer.completions(), if self.producer.outstanding() > 0 => {
                        self.tally.add(&completions);
                    }
                    ready = self.producer.ready() => ready.map_err(|error| self.stuck(&error))?,
                }
            }
        }
        self.rows.clear();
        self.next_row = 0;
        Ok(())
    }

    fn stuck(&self, error: &ClientError) -> Exit {
        Exit::worker(format!("topic {} takes no records: {error}", self.topic))
    }
}

/// What became of the records.
#[derive(Default)]
struct Tally {
    stored: u64,
    refused: u64,
    first_failure: Option<ClientError>,
}

impl Tally {
    fn add(&mut self, completions: &[Completion<ClientError>]) {
        for completion in completions {
            match &completion.error {
                None => self.stored += completion.len(),
                Some(error) => {
                    self.first_failure.get_or_insert_with(|| error.clone());
                }
            }
        }
    }

    fn refuse(&mut self, line: u64, error: &ClientError) {
        eprintln!("moldau: line {line} was not sent: {error}");
        self.refused += 1;
        self.first_failure.get_or_insert_with(|| error.clone());
    }

    /// An error when something was not stored.
    fn verdict(self, accepted: u64) -> Result<(), Exit> {
        let lost = accepted.saturating_sub(self.stored) + self.refused;
        match (lost, self.first_failure) {
            (0, _) => Ok(()),
            (_, Some(error)) => {
                Err(Exit::worker(format!("{lost} of {} records were not stored: {error}", accepted + self.refused)))
            }
            (_, None) => Err(Exit::worker(format!(
                "{lost} of {accepted} records may not have been stored: no answer came in time"
            ))),
        }
    }
}
