//! How fast a broker's data is written, read and opened on this machine's disk:
//! `cargo run --release -p kafka-broker --example log_rate -- FOLDER [MEGABYTES]`. The folder must not be there yet.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use env::Env;
use kafka_broker::{Broker, BrokerConfig, Data, Handle};
use kafka_client::consumer::Event;
use kafka_client::producer::{Row, Rows};
use kafka_client::{Consumer, ConsumerConfig, Producer, ProducerConfig};
use kafka_config::RawConfig;

const TOPIC: &str = "rate";
const RECORD: usize = 1000;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        eprintln!("log_rate FOLDER [MEGABYTES]");
        return ExitCode::from(1);
    };
    let megabytes = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let measured = env_real::runtime(2, 2).map_err(Failure::from).and_then(|runtime| {
        let env = env_real::env(runtime.handle().clone());
        runtime.block_on(measure(&env, folder, megabytes))
    });
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "a measurement reads the machine's clock")]
async fn measure(env: &Env, folder: PathBuf, megabytes: usize) -> Result<(), Failure> {
    let records = megabytes * 1_000_000 / RECORD;
    let (broker, _) = start(env, &folder).await?;
    let began = Instant::now();
    produce(env, &broker, records).await?;
    report("produced", megabytes, began.elapsed());
    let began = Instant::now();
    broker.stop().await;
    println!("stopped in {:?}", began.elapsed());
    let (broker, took) = start(env, &folder).await?;
    println!("started after a clean stop in {took:?}");
    drop(broker);
    let (broker, took) = start(env, &folder).await?;
    println!("started again without one in {took:?}");
    let began = Instant::now();
    consume(env, &broker, records).await?;
    report("consumed", megabytes, began.elapsed());
    broker.stop().await;
    Ok(())
}

#[allow(clippy::disallowed_methods, reason = "a measurement reads the machine's clock")]
async fn start(env: &Env, folder: &std::path::Path) -> Result<(Handle, Duration), Failure> {
    let began = Instant::now();
    // The tasks of a broker that was dropped may hold its data a moment longer.
    let data = loop {
        match Data::open(env, folder) {
            Err(kafka_broker::DataError::InUse(_)) if began.elapsed() < Duration::from_secs(5) => {
                env.sleep(Duration::from_millis(1)).await;
            }
            opened => break opened?,
        }
    };
    let broker = Broker::start_with(env, BrokerConfig::new(([127, 0, 0, 1], 0).into()), data).await?;
    Ok((broker, began.elapsed()))
}

fn report(what: &str, megabytes: usize, took: Duration) {
    println!("{what} {megabytes} MB in {took:?}: {:.0} MB/s", megabytes as f64 / took.as_secs_f64());
}

fn config(broker: &Handle) -> RawConfig {
    let mut config = RawConfig::new();
    config.insert("bootstrap.servers", broker.bootstrap_servers());
    config
}

async fn produce(env: &Env, broker: &Handle, records: usize) -> Result<(), Failure> {
    let mut config = config(broker);
    config.insert("batch.size", "262144");
    config.insert("linger.ms", "5");
    config.insert("enable.idempotence", "false");
    let producer = Producer::new(env.clone(), ProducerConfig::parse(&config)?);
    let topic: std::sync::Arc<str> = TOPIC.into();
    let mut rows = Rows::new();
    let from = rows.position();
    rows.data_mut().extend_from_slice(&[b'x'; RECORD]);
    let value = Some(from..rows.position());
    const ROWS: usize = 500;
    for _ in 0..ROWS {
        let row = Row {
            topic: topic.clone(),
            partition: Some(0),
            timestamp: None,
            key: None,
            value: value.clone(),
            headers: 0..0,
        };
        rows.push(row);
    }
    let (mut appended, mut stored) = (0, 0);
    while stored < records as u64 {
        while appended < records {
            let at = appended % ROWS;
            let more = producer.append(&rows, at..ROWS.min(at + records - appended))?;
            appended += more;
            if more == 0 {
                producer.ready().await?;
            }
        }
        if appended == records {
            producer.flush();
        }
        for done in producer.completions().await {
            if let Some(error) = done.error {
                return Err(error.to_string().into());
            }
            stored += done.len();
        }
    }
    producer.close(Duration::from_secs(30)).await;
    Ok(())
}

async fn consume(env: &Env, broker: &Handle, records: usize) -> Result<(), Failure> {
    let mut config = config(broker);
    config.insert("group.id", "rate");
    config.insert("auto.offset.reset", "earliest");
    config.insert("max.partition.fetch.bytes", "8388608");
    let mut consumer = Consumer::new(env.clone(), ConsumerConfig::parse(&config)?);
    consumer.subscribe([TOPIC])?;
    let mut seen = 0;
    while seen < records {
        if let Event::Records(fetched) = consumer.poll(Duration::from_secs(5)).await? {
            for records in fetched {
                seen += records.records.len();
            }
        }
    }
    consumer.close(Duration::from_secs(5)).await;
    Ok(())
}
