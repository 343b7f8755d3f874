//! The embedded broker, killed with -9 while an idempotent producer writes: what it acknowledged is there, once and in
//! order.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "black-box tests measure real time and start real processes"
)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use e2e::{Moldau, Port, Process, wait_until};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};

/// Records, all together.
const RECORDS: u64 = 100_000;
const TOPIC: &str = "numbers";
const LONG: Duration = Duration::from_secs(60);

/// How often the broker is killed: `$MOLDAU_TEST_KILLS`, else five times.
fn kills() -> u64 {
    std::env::var("MOLDAU_TEST_KILLS").map_or(5, |kills| kills.parse().expect("MOLDAU_TEST_KILLS is a number"))
}

/// A broker's process, always on the same port and folder.
struct Broker {
    process: Process,
    listen: String,
    folder: std::path::PathBuf,
    _port: Port,
}

impl Broker {
    fn start(folder: &Path) -> Self {
        let port = Port::reserve().unwrap();
        let listen = format!("127.0.0.1:{}", port.number());
        let process = spawn(folder, &listen);
        Self { process, listen, folder: folder.to_owned(), _port: port }
    }

    /// `kill -9`, and a new process on what it left. Gives how long it took until that listened.
    fn kill(&mut self) -> Duration {
        self.process.kill();
        let begun = Instant::now();
        self.process = spawn(&self.folder, &self.listen);
        begun.elapsed()
    }

    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.listen);
        config.set("reconnect.backoff.ms", "10").set("reconnect.backoff.max.ms", "200");
        config
    }
}

fn spawn(folder: &Path, listen: &str) -> Process {
    let mut command = Command::new(Moldau::binary().unwrap());
    command.args(["broker", "--listen", listen, "--data"]).arg(folder.join("data"));
    let process = Process::spawn("moldau broker", &mut command, &folder.join("broker.log")).unwrap();
    let listens = || std::net::TcpStream::connect(listen).is_ok();
    wait_until("the broker to listen", LONG, listens).unwrap_or_else(|error| panic!("{error}\n{}", process.log_tail()));
    process
}

fn create_topic(broker: &Broker) {
    let admin: AdminClient<DefaultClientContext> = broker.client().create().unwrap();
    // Segments that the test fills: the next start also reads closed ones.
    let topic = NewTopic::new(TOPIC, 1, TopicReplication::Fixed(1)).set("segment.bytes", "1048576");
    let created = futures_util::FutureExt::now_or_never(admin.create_topics(&[topic], &AdminOptions::new()));
    drop(created);
    wait_until("the topic", LONG, || {
        let metadata = admin.inner().fetch_metadata(Some(TOPIC), Duration::from_secs(1));
        metadata.is_ok_and(|metadata| metadata.topics()[0].partitions().len() == 1)
    })
    .unwrap();
}

/// Counts what was acknowledged.
#[derive(Clone, Default)]
struct Acknowledged(Arc<AtomicU64>);

impl ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let message = result.as_ref().unwrap_or_else(|(error, _)| panic!("a record was given up: {error}"));
        assert!(message.offset() >= 0);
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Kills the broker beside the producer, spread over its whole run.
struct Killer(std::thread::JoinHandle<Broker>);

impl Killer {
    fn start(mut broker: Broker, acknowledged: Acknowledged) -> Self {
        Self(std::thread::spawn(move || {
            let kills = kills();
            for kill in 1..=kills {
                let until = RECORDS / (kills + 1) * kill;
                while acknowledged.0.load(Ordering::Relaxed) < until {
                    std::thread::yield_now();
                }
                // At another moment of a request each time.
                std::thread::sleep(Duration::from_micros(kill * 137 % 1000));
                let took = broker.kill();
                println!("kill {kill} after about {until} records; listens again after {took:?}");
            }
            broker
        }))
    }

    fn end(self) -> Broker {
        self.0.join().expect("the broker starts again after each kill")
    }
}

#[test]
fn a_broker_that_is_killed_again_and_again_keeps_every_record_once_and_in_order() {
    let folder = tempfile::Builder::new().prefix("moldau-broker-").tempdir().unwrap();
    let broker = Broker::start(folder.path());
    create_topic(&broker);
    let acknowledged = Acknowledged::default();
    let mut config = broker.client();
    config.set("enable.idempotence", "true").set("linger.ms", "2").set("batch.num.messages", "200");
    // What is sent is never far ahead of what is acknowledged, so each kill finds records on their way.
    config.set("message.timeout.ms", "300000").set("queue.buffering.max.messages", "2000");
    let producer: BaseProducer<Acknowledged> = config.create_with_context(acknowledged.clone()).unwrap();

    let killer = Killer::start(broker, acknowledged.clone());
    for number in 0..RECORDS {
        let text = format!("{number:09}{:0width$}", 0, width = (number % 200) as usize);
        loop {
            match producer.send(BaseRecord::<(), String>::to(TOPIC).partition(0).payload(&text)) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                    producer.poll(Duration::from_millis(5));
                }
                Err((error, _)) => panic!("record {number}: {error}"),
            }
        }
        if number % 100 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(Duration::from_secs(120)).unwrap();
    let mut broker = killer.end();
    assert_eq!(acknowledged.0.load(Ordering::Relaxed), RECORDS);

    broker.kill();
    let found = read_all(&broker);
    let mut numbers = found.iter().map(|text| text[..9].parse::<u64>().unwrap());
    let wrong = (0..RECORDS).find(|expected| numbers.next() != Some(*expected));
    assert_eq!((wrong, found.len() as u64), (None, RECORDS), "records lost, repeated or out of order");
}

/// Every record of the topic.
fn read_all(broker: &Broker) -> Vec<String> {
    let mut config = broker.client();
    config.set("group.id", "reader").set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut from = TopicPartitionList::new();
    from.add_partition_offset(TOPIC, 0, Offset::Beginning).unwrap();
    consumer.assign(&from).unwrap();
    let (_, end) = consumer.fetch_watermarks(TOPIC, 0, LONG).unwrap();
    let (mut found, mut next) = (Vec::new(), 0);
    while next < end {
        let message = consumer.poll(LONG).expect("a record within a minute").unwrap();
        next = message.offset() + 1;
        found.push(String::from_utf8(message.payload().unwrap().to_vec()).unwrap());
    }
    found
}
