//! The command: joins a group or reads one partition, prints, ends when told.

use std::collections::BTreeMap;
use std::time::Duration;

use connect_herder::LogLevel;
use env::{Env, Instant};
use kafka_client::consumer::{Event, FetchedRecords, StartAt};
use kafka_client::{ClientError, Consumer, ConsumerConfig, TopicPartition};
use kafka_config::RawConfig;

use super::format::Format;
use super::output::{self, Reader};
use crate::exit::Exit;
use crate::signals::{self, Signals};
use crate::{address, cluster, logging, machine, properties};

/// The longest wait for records between two looks at what else has happened.
const POLL: Duration = Duration::from_millis(250);
/// Parity: `auto.commit.interval.ms` of Java's consumer.
const COMMIT_INTERVAL: Duration = Duration::from_secs(5);
/// How long leaving the group may take.
const CLOSE: Duration = Duration::from_secs(1);
/// How long after a signal the process ends even if its output is stuck.
const GRACE: Duration = Duration::from_millis(1_500);

/// What is read, and how it is printed.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The topic to read
    #[arg(long)]
    topic: String,
    /// Where Kafka is; several addresses are separated by commas
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:9092", value_parser = address::parse_list)]
    bootstrap_server: String,
    /// Begin at the first record, unless the group has committed another place
    #[arg(long)]
    from_beginning: bool,
    /// The consumer group, in which the place reached is kept; without it nothing is kept
    #[arg(long)]
    group: Option<String>,
    /// End after so many records
    #[arg(long, value_name = "N")]
    max_messages: Option<u64>,
    /// End when no record has come for so long
    #[arg(long, value_name = "MILLISECONDS")]
    timeout_ms: Option<u64>,
    /// Read this partition only
    #[arg(long, conflicts_with = "group")]
    partition: Option<i32>,
    /// Where to begin in the partition: earliest, latest, or an offset
    #[arg(long, requires = "partition", conflicts_with = "from_beginning", value_parser = start_at)]
    offset: Option<StartAt>,
    /// How records are printed, such as print.key=true, key.separator=: or print.timestamp=true; may be repeated
    #[arg(long = "property", alias = "formatter-property", value_name = "KEY=VALUE", value_parser = properties::parse)]
    properties: Vec<(String, String)>,
    /// A property of the consumer, such as fetch.min.bytes=1000; may be repeated
    #[arg(long = "command-property", alias = "consumer-property", value_name = "KEY=VALUE", value_parser = properties::parse)]
    client: Vec<(String, String)>,
}

fn start_at(text: &str) -> Result<StartAt, String> {
    match text {
        "earliest" => Ok(StartAt::Earliest),
        "latest" => Ok(StartAt::Latest),
        _ => match text.parse::<i64>() {
            Ok(offset) if offset >= 0 => Ok(StartAt::Offset(offset)),
            _ => Err("it must be earliest, latest or a number from 0 on".to_owned()),
        },
    }
}

/// Prints records until it is told to end.
pub(crate) fn run(arguments: &Arguments, log: &logging::Settings) -> Result<(), Exit> {
    logging::start(log, LogLevel::Warn);
    let format = Format::parse(&arguments.properties)?;
    machine::run(|env| print(env, arguments, format))
}

async fn print(env: Env, arguments: &Arguments, format: Format) -> Result<(), Exit> {
    let mut signals = Signals::new()?;
    signals::end_anyway(&env, GRACE)?;
    let started = tokio::select! {
        biased;
        () = signals.next() => return Ok(()),
        started = start(&env, arguments) => started?,
    };
    let mut session = Session {
        env,
        consumer: started,
        format,
        commits: arguments.group.is_some(),
        left: arguments.max_messages,
        idle_limit: arguments.timeout_ms.map(Duration::from_millis),
        positions: BTreeMap::new(),
        text: Vec::new(),
    };
    let printed = tokio::select! {
        biased;
        () = signals.next() => Ok(()),
        printed = session.run() => printed,
    };
    session.commit().await;
    session.consumer.close(CLOSE).await;
    printed
}

/// A consumer of a cluster that answers.
async fn start(env: &Env, arguments: &Arguments) -> Result<Consumer, Exit> {
    let raw = configuration(env, arguments);
    let config = ConsumerConfig::parse(&raw).map_err(Exit::usage)?;
    let mut admin_raw = RawConfig::from([("bootstrap.servers", arguments.bootstrap_server.as_str())]);
    if let Some(protocol) = raw.get("security.protocol") {
        admin_raw.insert("security.protocol", protocol);
    }
    let admin = cluster::reach(env, &arguments.bootstrap_server, &admin_raw).await?;
    let consumer = Consumer::new(env.clone(), config);
    let Some(partition) = arguments.partition else {
        consumer.subscribe([arguments.topic.as_str()]).map_err(Exit::worker)?;
        return Ok(consumer);
    };
    let described = admin.describe_topics(&[&arguments.topic]).await.map_err(Exit::worker)?;
    if let Some(Ok(topic)) = described.get(&arguments.topic) {
        let count = topic.leaders.len();
        if !usize::try_from(partition).is_ok_and(|partition| partition < count) {
            return Err(Exit::usage(format!(
                "--partition {partition}: topic {} has {count}, numbered from 0",
                arguments.topic
            )));
        }
    }
    let begin = if arguments.from_beginning { StartAt::Earliest } else { StartAt::Latest };
    let of = TopicPartition::new(arguments.topic.as_str(), partition);
    consumer.assign(BTreeMap::from([(of, arguments.offset.unwrap_or(begin))])).map_err(Exit::worker)?;
    Ok(consumer)
}

fn configuration(env: &Env, arguments: &Arguments) -> RawConfig {
    // Parity: without a group of the user's a new one each time, so that everybody gets every record.
    let own_group = format!("console-consumer-{}", env.random().below(100_000));
    let own = [
        ("bootstrap.servers", arguments.bootstrap_server.as_str()),
        ("client.id", "console-consumer"),
        ("group.id", arguments.group.as_deref().unwrap_or(&own_group)),
        ("auto.offset.reset", if arguments.from_beginning { "earliest" } else { "latest" }),
        ("enable.auto.commit", "false"),
    ];
    properties::client(&own, &arguments.client)
}

struct Session {
    env: Env,
    consumer: Consumer,
    format: Format,
    /// Whether the group is the user's.
    commits: bool,
    /// How many records are still to be printed, if there is a limit.
    left: Option<u64>,
    idle_limit: Option<Duration>,
    /// What was printed and is not committed yet.
    positions: BTreeMap<TopicPartition, i64>,
    text: Vec<u8>,
}

impl Session {
    async fn run(&mut self) -> Result<(), Exit> {
        let (mut last_record, mut last_commit) = (self.now(), self.now());
        while self.left != Some(0) {
            match self.consumer.poll(POLL).await {
                Ok(Event::Records(fetched)) => {
                    last_record = self.now();
                    if self.show(&fetched)? == Reader::Gone {
                        return Ok(());
                    }
                }
                // Until it is dropped the partitions are ours, and what was printed can be committed.
                Ok(Event::Revoked(_revoked)) => self.commit().await,
                Ok(Event::Lost(_)) => self.positions.clear(),
                Ok(Event::Assigned(_) | Event::Idle) => {
                    if output::reader() == Reader::Gone {
                        return Ok(());
                    }
                }
                Err(error) if error.is_retriable() => {
                    tracing::warn!(%error, "trying again");
                    self.env.sleep(POLL).await;
                }
                Err(error) => return Err(refused(&error)),
            }
            if self.now().saturating_since(last_commit) >= COMMIT_INTERVAL {
                self.commit().await;
                last_commit = self.now();
            }
            if self.idle_limit.is_some_and(|limit| self.now().saturating_since(last_record) >= limit) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Prints what the limit allows.
    fn show(&mut self, fetched: &[FetchedRecords]) -> Result<Reader, Exit> {
        let mut reached = Vec::new();
        for each in fetched {
            let most = self.left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
            let count = each.records.len().min(most);
            self.format.write(each, count, &mut self.text);
            if let Some(left) = &mut self.left {
                *left -= count as u64;
            }
            let next = each.records.get(count).map_or(each.next_offset, |record| record.offset);
            reached.push((TopicPartition::new(each.topic.clone(), each.partition), next));
        }
        let (env, text) = (&self.env, &self.text);
        let mut written = Ok(Reader::There);
        env.work().in_place(&mut || written = output::write(text));
        self.text.clear();
        let reader = written.map_err(|error| Exit::worker(format!("standard output cannot be written: {error}")))?;
        if reader == Reader::There {
            self.positions.extend(reached);
        }
        Ok(reader)
    }

    /// Stores the place reached in the user's group.
    async fn commit(&mut self) {
        let positions = std::mem::take(&mut self.positions);
        if !self.commits || positions.is_empty() {
            return;
        }
        match self.env.timeout(CLOSE, self.consumer.commit(&positions)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the place reached was not stored"),
            Err(elapsed) => tracing::warn!(%elapsed, "the place reached was not stored"),
        }
    }

    fn now(&self) -> Instant {
        self.env.clock().now()
    }
}

fn refused(error: &ClientError) -> Exit {
    Exit::worker(format!("the topic cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_where_java_would() {
        assert_eq!(start_at("earliest"), Ok(StartAt::Earliest));
        assert_eq!(start_at("latest"), Ok(StartAt::Latest));
        assert_eq!(start_at("9223372036854775807"), Ok(StartAt::Offset(i64::MAX)));
        for wrong in ["-1", "first", "", "1.5"] {
            assert!(start_at(wrong).is_err(), "{wrong}");
        }
    }
}
