//! The broker's conformance, by the Java clients of Apache Kafka 4.3.1: one list of cases, the same for Apache Kafka and for ours.
//!
//! The cases are in `java/conformance`, and each asserts by itself; that Apache Kafka passes it is what makes it right.
//! `MOLDAU_CASE=part-of-a-name` runs some cases only.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "black-box tests fail by panicking and measure real time"
)]

#[path = "conformance/cases.rs"]
mod cases;
#[path = "conformance/program.rs"]
mod program;

use std::net::SocketAddr;
use std::time::Duration;

use cases::NOT_YET;
use e2e::{KafkaOptions, RealKafka};
use env::Env;
use kafka_broker::{Broker, BrokerConfig, Data, Handle};
use program::Part;
use tokio::runtime::Runtime;

#[test]
fn apache_kafka() {
    // What a broker for these cases has: short session time-outs, and transactions that expire soon after their time.
    let options = KafkaOptions::default()
        .property("group.min.session.timeout.ms", "500")
        .property("transaction.abort.timed.out.transaction.cleanup.interval.ms", "200");
    let mut kafka = RealKafka::start_with(options).unwrap();
    let bootstrap = kafka.bootstrap().to_owned();
    program::run("Apache Kafka", &bootstrap, Part::All, &[]);
    program::run("Apache Kafka", &bootstrap, Part::BeforeRestart, &[]);
    kafka.stop().unwrap();
    kafka.start_again().unwrap();
    program::run("Apache Kafka", &bootstrap, Part::AfterRestart, &[]);
}

#[test]
fn moldau_in_memory() {
    let data = Data::new();
    moldau("Moldau's broker in memory", |_| data.clone());
}

#[test]
fn moldau_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    moldau("Moldau's broker on a disk", |env| Data::open(env, folder.path()).unwrap());
}

fn moldau(name: &str, open: impl Fn(&Env) -> Data) {
    let broker = Moldau::start(&open);
    broker.run(name, Part::All);
    broker.run(name, Part::BeforeRestart);
    broker.stop();
    let broker = Moldau::start(&open);
    broker.run(name, Part::AfterRestart);
    broker.stop();
}

/// Our broker, in this process.
struct Moldau {
    broker: Handle,
    runtime: Runtime,
}

impl Moldau {
    fn start(open: impl Fn(&Env) -> Data) -> Self {
        let runtime = env_real::runtime(2, 4).unwrap();
        let env = env_real::env(runtime.handle().clone());
        let mut config = BrokerConfig::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        config.min_session_timeout = Duration::from_millis(500);
        let broker = runtime.block_on(Broker::start_with(&env, config, open(&env))).unwrap();
        Self { broker, runtime }
    }

    fn run(&self, name: &str, part: Part) {
        program::run(name, &self.broker.addr().to_string(), part, NOT_YET);
    }

    fn stop(self) {
        self.runtime.block_on(self.broker.stop());
    }
}
