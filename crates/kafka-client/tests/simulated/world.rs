//! Machines, and a broker on one of them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use env_sim::SimHandle;
use kafka_broker::{Broker, BrokerConfig, Data, Faults, Handle};
use kafka_client::admin::NewTopic;

use crate::clients::admin;

/// The machine the broker is on.
pub(crate) const BROKER: &str = "broker";
/// The machine the clients are on.
pub(crate) const CLIENT: &str = "client";

/// How clients find the broker.
pub(crate) const BOOTSTRAP: &str = "broker:9092";

/// Starts a broker with this data, which the last one has left.
pub(crate) async fn start(sim: &SimHandle, data: &Data, faults: Option<Arc<dyn Faults>>) -> Handle {
    let mut config = BrokerConfig::new(SocketAddr::new(sim.ip_of(BROKER), 9092));
    config.advertised_host = Some(BROKER.to_owned());
    config.auto_create_topics = false;
    config.faults = faults;
    let env = sim.env_for(BROKER);
    loop {
        match Broker::start_with(&env, config.clone(), data.clone()).await {
            Ok(broker) => return broker,
            Err(error) => {
                sim.trace(error);
                env.sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Creates a topic, before anything goes wrong.
pub(crate) async fn create(sim: &SimHandle, topic: &str, partitions: i32) {
    let admin = admin(&sim.env_for(CLIENT), BOOTSTRAP);
    let topic = NewTopic {
        name: topic.to_owned(),
        partitions: Some(partitions),
        replication_factor: Some(1),
        configs: Default::default(),
    };
    let created = admin.create_topics(std::slice::from_ref(&topic)).await.unwrap();
    created[&topic.name].clone().unwrap();
}
