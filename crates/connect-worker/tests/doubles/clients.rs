//! Makes the doubles of Kafka clients, and finds them by client id.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use connect_api::{Error, Result};
use connect_kafka::{Admin, Clients, ClusterDescription, Consumer, Memory, NewTopic, Producer};
use env::Env;
use kafka_config::RawConfig;
use parking_lot::Mutex;

use super::{Cluster, ConsumerControl, Journal, ProducerControl};

/// Clients of one cluster in memory.
pub(crate) struct TestClients {
    env: Env,
    cluster: Cluster,
    journal: Journal,
    producers: Mutex<BTreeMap<String, ProducerControl>>,
    consumers: Mutex<BTreeMap<String, ConsumerControl>>,
}

impl TestClients {
    pub(crate) fn new(env: Env, cluster: Cluster, journal: Journal) -> Self {
        Self { env, cluster, journal, producers: Mutex::default(), consumers: Mutex::default() }
    }

    /// The producers of that client id, also before there is one.
    pub(crate) fn producer_of(&self, client_id: &str) -> ProducerControl {
        self.producers.lock().entry(client_id.to_owned()).or_default().clone()
    }

    /// The consumers of a sink's task, also before there is one.
    pub(crate) fn consumer_of(&self, connector: &str, task: u32) -> ConsumerControl {
        let make = || {
            let group = format!("connect-{connector}");
            ConsumerControl::new(self.env.clone(), self.cluster.clone(), self.journal.clone(), group)
        };
        let client_id = format!("connector-consumer-{connector}-{task}");
        self.consumers.lock().entry(client_id).or_insert_with(make).clone()
    }
}

fn client_id(config: &RawConfig) -> &str {
    config.get("client.id").expect("every client has an id")
}

impl Clients for TestClients {
    fn producer(&self, config: &RawConfig) -> Result<Arc<dyn Producer>> {
        let control = self.producer_of(client_id(config));
        Ok(control.make(&self.env, &self.cluster, config.get("transactional.id")))
    }

    fn consumer(&self, config: &RawConfig, _memory: Arc<dyn Memory>) -> Result<Box<dyn Consumer>> {
        let id = client_id(config);
        let (connector, task) = id.strip_prefix("connector-consumer-").unwrap().rsplit_once('-').unwrap();
        assert_eq!(config.get("group.id"), Some(format!("connect-{connector}").as_str()));
        Ok(self.consumer_of(connector, task.parse().unwrap()).make())
    }

    fn admin(&self, _config: &RawConfig) -> Result<Arc<dyn Admin>> {
        Ok(Arc::new(TestAdmin(self.cluster.clone())))
    }
}

struct TestAdmin(Cluster);

#[async_trait]
impl Admin for TestAdmin {
    async fn describe_cluster(&self) -> Result<ClusterDescription> {
        Ok(ClusterDescription { cluster_id: "in-memory".into() })
    }

    async fn topic_exists(&self, topic: &str) -> Result<bool> {
        Ok(self.0.has_topic(topic))
    }

    async fn create_topic(&self, topic: &NewTopic) -> Result<bool> {
        if topic.name.starts_with("forbidden") {
            return Err(Error::connect("Not authorized to create this topic"));
        }
        Ok(self.0.create_topic(&topic.name))
    }

    async fn close(&self) {}
}
