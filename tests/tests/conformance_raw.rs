//! The broker's conformance, by raw requests: one list of cases, the same for Apache Kafka and for ours.
//!
//! That Apache Kafka passes a case is what makes the case right. `MOLDAU_CASE=part-of-a-name` runs some cases only.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "black-box tests fail by panicking and measure real time"
)]

#[path = "conformance_raw/mod.rs"]
mod raw;

use std::net::SocketAddr;
use std::time::Duration;

use e2e::{KafkaOptions, RealKafka};
use env::Env;
use kafka_broker::{Broker, BrokerConfig, Data, Handle};

/// The cases that ours does not pass yet. One that passes must leave the list.
const NOT_YET: &[&str] = &[];

#[test]
fn apache_kafka() {
    // What a broker for these cases has: short session time-outs, and transactions that expire soon after their time.
    let options = KafkaOptions::default()
        .property("group.min.session.timeout.ms", "500")
        .property("transaction.abort.timed.out.transaction.cleanup.interval.ms", "200");
    let kafka = RealKafka::start_with(options).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], kafka.port()));
    raw::run("Apache Kafka", &[], move |_| async move { (address, ()) });
}

#[test]
fn moldau_in_memory() {
    raw::run("Moldau's broker in memory", NOT_YET, |env| async move { moldau(&env, Data::new()).await });
}

#[test]
fn moldau_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_owned();
    raw::run("Moldau's broker on disk", NOT_YET, |env| async move {
        let data = Data::open(&env, &data).unwrap();
        moldau(&env, data).await
    });
}

async fn moldau(env: &Env, data: Data) -> (SocketAddr, Handle) {
    let mut config = BrokerConfig::new(SocketAddr::from(([127, 0, 0, 1], 0)));
    config.min_session_timeout = Duration::from_millis(500);
    let broker = Broker::start_with(env, config, data).await.unwrap();
    (broker.addr(), broker)
}
