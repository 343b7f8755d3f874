//! B: the embedded broker beside Apache Kafka, both with their data on a disk: start, produce, consume, memory, idle.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use e2e::{KafkaOptions, Moldau, Port, Process, RealKafka};
use env::Env;
use kafka_client::{Consumer, ConsumerConfig};
use kafka_config::RawConfig;
use tempfile::TempDir;

use crate::bench::Bench;
use crate::form::{Form, TEXT};
use crate::lines::{Checker, Lines};
use crate::meter::{Meter, machine_cpu, own_cpu};
use crate::statistics::Spread;
use crate::table::{megabytes, percent, table, thousands};
use crate::wire::Connection;

const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(2);
/// Memory is looked at after this time of rest.
const SETTLE: Duration = Duration::from_secs(3);
/// How long the idle consumers are watched.
const IDLE: Duration = Duration::from_secs(20);
const IDLE_CONSUMERS: usize = 50;
/// What the partitions hold in the end.
const FULL: u64 = 1 << 30;

/// A broker that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Apache,
    Moldau,
}

/// One broker's figures.
#[derive(Debug, Clone, Copy, Default)]
struct Sample {
    /// Seconds from the start of the process to the first acknowledged record.
    start: f64,
    /// Bytes of memory without data, and with [`FULL`] bytes.
    empty: f64,
    full: f64,
    produce: Pass,
    consume: Pass,
    /// Share of a core with [`IDLE_CONSUMERS`] idle consumers.
    idle: f64,
}

/// All lines, once through.
#[derive(Debug, Clone, Copy, Default)]
struct Pass {
    /// CPU seconds of the broker per million lines.
    cpu: f64,
    per_second: f64,
    /// Share of the whole machine that neither broker nor client used.
    others: f64,
}

/// A running broker; dropping it ends it.
enum Broker {
    Apache(Box<RealKafka>),
    Moldau { process: Process, bootstrap: String, _folder: TempDir, _port: Port },
}

/// B.
pub(super) fn brokers(bench: &mut Bench) -> Result<String> {
    let lines = Lines::new(Form::Text, bench.arguments().records);
    let (mut apache, mut moldau) = (Vec::new(), Vec::new());
    for pair in 0..bench.arguments().pairs {
        let mut turns = [Kind::Apache, Kind::Moldau];
        if !pair.is_multiple_of(2) {
            turns.reverse();
        }
        for kind in turns {
            let sample = measure(kind, &lines).with_context(|| format!("B, {kind:?}"))?;
            eprintln!("B pair {}: {kind:?}: {sample:?}", pair + 1);
            if kind == Kind::Apache { &mut apache } else { &mut moldau }.push(sample);
        }
    }
    let mut text = format!(
        "B  brokers: {} lines of {TEXT} B over one raw connection, data on a disk\n",
        thousands(lines.count() as f64)
    );
    text.push_str(&report(&[("Apache Kafka", &apache), ("Moldau", &moldau)]));
    text.push_str("  content: every topic held its lines, once, in order");
    Ok(text)
}

fn measure(kind: Kind, lines: &Lines) -> Result<Sample> {
    let (mut broker, start) = Broker::start(kind)?;
    let meter = Meter::of(broker.process()?);
    let mut wire = Connection::open(broker.bootstrap())?;
    std::thread::sleep(SETTLE);
    let empty = meter.memory()?.resident as f64;

    wire.create_topic("lines")?;
    let produce = pass(meter, lines, || wire.produce("lines", lines))?;
    let mut checker = Checker::new(lines);
    let consume = pass(meter, lines, || wire.consume("lines", lines.count(), |line| checker.add(line)))?;
    checker.finish()?;

    let bytes = lines.count() * TEXT as u64;
    for more in 1..FULL.div_ceil(bytes) {
        let topic = format!("more-{more}");
        wire.create_topic(&topic)?;
        wire.produce(&topic, lines)?;
    }
    std::thread::sleep(SETTLE);
    let full = meter.memory()?.resident as f64;
    wire.create_topic("quiet")?;
    let idle = idle(meter, broker.bootstrap())?;
    Ok(Sample { start, empty, full, produce, consume, idle })
}

fn pass(meter: Meter, lines: &Lines, mut run: impl FnMut() -> Result<()>) -> Result<Pass> {
    let marks = || Ok::<_, anyhow::Error>((meter.cpu()?, own_cpu()?, machine_cpu()?));
    let (from, begun) = (marks()?, Instant::now());
    run()?;
    let (to, seconds) = (marks()?, begun.elapsed().as_secs_f64());
    let (broker, own, machine) =
        (to.0.saturating_sub(from.0), to.1.saturating_sub(from.1), to.2.saturating_sub(from.2));
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    Ok(Pass {
        cpu: broker.as_secs_f64() / (lines.count() as f64 / 1e6),
        per_second: lines.count() as f64 / seconds,
        others: machine.saturating_sub(broker + own).as_secs_f64() / seconds / cores,
    })
}

/// The broker's share of a core while consumers, each in a group of its own, wait for records that do not come.
fn idle(meter: Meter, bootstrap: &str) -> Result<f64> {
    let runtime = env_real::runtime(1, 4)?;
    let env = env_real::env(runtime.handle().clone());
    let consumers = (0..IDLE_CONSUMERS).map(|number| consumer(&env, bootstrap, number)).collect::<Result<Vec<_>>>()?;
    for mut consumer in consumers {
        runtime.spawn(async move { while consumer.poll(Duration::from_secs(1)).await.is_ok() {} });
    }
    // Until all have their partition.
    std::thread::sleep(Duration::from_secs(10));
    let (used, from) = (meter.cpu()?, Instant::now());
    std::thread::sleep(IDLE);
    let share = meter.cpu()?.saturating_sub(used).as_secs_f64() / from.elapsed().as_secs_f64();
    runtime.shutdown_background();
    Ok(share)
}

fn consumer(env: &Env, bootstrap: &str, number: usize) -> Result<Consumer> {
    let group = format!("idle-{number}");
    let config = [("bootstrap.servers", bootstrap), ("group.id", &group), ("enable.auto.commit", "false")];
    let consumer = Consumer::new(env.clone(), ConsumerConfig::parse(&RawConfig::from(config))?);
    consumer.handle().subscribe(["quiet"])?;
    Ok(consumer)
}

impl Broker {
    /// Starts a broker, and says how long it took until it had acknowledged a record.
    fn start(kind: Kind) -> Result<(Self, f64)> {
        match kind {
            Kind::Apache => {
                // Its storage has to be formatted first, which is not counted.
                let mut kafka = RealKafka::start_with(KafkaOptions::default().for_measurements())?;
                kafka.stop()?;
                let begin = Instant::now();
                kafka.start_again()?;
                first_record(kafka.bootstrap())?;
                Ok((Self::Apache(Box::new(kafka)), begin.elapsed().as_secs_f64()))
            }
            Kind::Moldau => {
                let (folder, port) = (tempfile::Builder::new().prefix("moldau-bench-").tempdir()?, Port::reserve()?);
                let bootstrap = format!("127.0.0.1:{}", port.number());
                let begin = Instant::now();
                let process = spawn(folder.path(), &bootstrap)?;
                while std::net::TcpStream::connect(&bootstrap).is_err() {
                    anyhow::ensure!(begin.elapsed() < PATIENCE, "the broker does not start\n{}", process.log_tail());
                    std::thread::sleep(PAUSE);
                }
                first_record(&bootstrap)?;
                let seconds = begin.elapsed().as_secs_f64();
                Ok((Self::Moldau { process, bootstrap, _folder: folder, _port: port }, seconds))
            }
        }
    }

    fn bootstrap(&self) -> &str {
        match self {
            Self::Apache(kafka) => kafka.bootstrap(),
            Self::Moldau { bootstrap, .. } => bootstrap,
        }
    }

    fn process(&mut self) -> Result<&Process> {
        match self {
            Self::Apache(kafka) => kafka.process().map(|process| &*process).context("the broker has ended"),
            Self::Moldau { process, .. } => Ok(process),
        }
    }
}

fn spawn(folder: &Path, listen: &str) -> Result<Process> {
    let mut command = Command::new(Moldau::binary()?);
    command.args(["broker", "--listen", listen, "--data"]).arg(folder.join("data"));
    Process::spawn("moldau broker", &mut command, &folder.join("broker.log"))
}

fn first_record(bootstrap: &str) -> Result<()> {
    let mut wire = Connection::open(bootstrap)?;
    wire.create_topic("first")?;
    wire.produce("first", &Lines::new(Form::Text, 1))
}

fn report(subjects: &[(&str, &[Sample])]) -> String {
    let heading = [
        "",
        "start, s",
        "produce, CPU-s/M",
        "records/s",
        "consume, CPU-s/M",
        "records/s",
        "RSS empty",
        "RSS with 1 GB",
        "idle, share of a core",
        "others",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for (name, samples) in subjects {
        let spread = |field: fn(&Sample) -> f64| Spread::of(&samples.iter().map(field).collect::<Vec<_>>());
        let text = |field| spread(field).map(|spread| spread.to_string()).unwrap_or_default();
        let median = |field| spread(field).map_or(0.0, |spread| spread.median);
        rows.push(vec![
            (*name).to_owned(),
            text(|sample| sample.start),
            text(|sample| sample.produce.cpu),
            thousands(median(|sample| sample.produce.per_second)),
            text(|sample| sample.consume.cpu),
            thousands(median(|sample| sample.consume.per_second)),
            megabytes(median(|sample| sample.empty)),
            megabytes(median(|sample| sample.full)),
            format!("{:.2} %", median(|sample| sample.idle) * 100.0),
            percent(median(|sample| sample.produce.others.max(sample.consume.others))),
        ]);
    }
    table(&rows)
}
