//! The broker's conformance, by a sample of what librdkafka and our own client do: the same for Apache Kafka and for ours.
//!
//! `MOLDAU_CASE=part-of-a-name` runs some cases only.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "black-box tests fail by panicking and measure real time"
)]

#[path = "../../crates/kafka-client/tests/clients/mod.rs"]
mod clients;
#[path = "conformance_clients/librdkafka.rs"]
mod librdkafka;
#[path = "conformance_clients/native.rs"]
mod native;
#[path = "conformance_clients/place.rs"]
mod place;

use std::net::SocketAddr;
use std::time::Duration;

use e2e::{KafkaOptions, RealKafka};
use env::Env;
use kafka_broker::{Broker, BrokerConfig, Data, Handle};

#[test]
fn apache_kafka() {
    let kafka = RealKafka::start_with(KafkaOptions::default().property("group.min.session.timeout.ms", "500")).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], kafka.port()));
    place::run("Apache Kafka", async |_| (address, ()));
}

#[test]
fn moldau_in_memory() {
    place::run("Moldau's broker in memory", async |env| moldau(&env, Data::new()).await);
}

#[test]
fn moldau_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    place::run("Moldau's broker on disk", async |env| {
        let data = Data::open(&env, folder.path()).unwrap();
        moldau(&env, data).await
    });
}

async fn moldau(env: &Env, data: Data) -> (SocketAddr, Handle) {
    let mut config = BrokerConfig::new(SocketAddr::from(([127, 0, 0, 1], 0)));
    config.min_session_timeout = Duration::from_millis(500);
    let broker = Broker::start_with(env, config, data).await.unwrap();
    (broker.addr(), broker)
}
