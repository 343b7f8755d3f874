//! Makes the doubles of Kafka clients, and finds them by client id.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connect_api::sink::{Offsets, TopicPartition};
use connect_api::{Error, Kind, Result};
use connect_kafka::{Admin, Clients, ClusterDescription, Consumer, Memory, NewTopic, Producer, TopicOutcome};
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
    admins: AdminControl,
}

/// The test's hand on all admin clients.
#[derive(Clone, Default)]
pub(crate) struct AdminControl(Arc<Mutex<AdminScript>>);

#[derive(Default)]
struct AdminScript {
    calls: Vec<String>,
    configs: Vec<RawConfig>,
    time_outs: usize,
    refuses: bool,
}

impl AdminControl {
    /// The topics looked for and created, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.0.lock().calls.clone()
    }

    /// What admin clients were made with.
    pub(crate) fn configs(&self) -> Vec<RawConfig> {
        self.0.lock().configs.clone()
    }

    /// So many look-ups time out.
    pub(crate) fn time_outs(&self, count: usize) {
        self.0.lock().time_outs = count;
    }

    /// Nobody may create topics.
    pub(crate) fn refuse(&self) {
        self.0.lock().refuses = true;
    }
}

impl TestClients {
    pub(crate) fn new(env: Env, cluster: Cluster, journal: Journal) -> Self {
        Self {
            env,
            cluster,
            journal,
            producers: Mutex::default(),
            consumers: Mutex::default(),
            admins: AdminControl::default(),
        }
    }

    /// The admin clients.
    pub(crate) fn admins(&self) -> &AdminControl {
        &self.admins
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

    fn admin(&self, config: &RawConfig) -> Result<Arc<dyn Admin>> {
        self.admins.0.lock().configs.push(config.clone());
        Ok(Arc::new(TestAdmin(self.cluster.clone(), self.admins.clone())))
    }
}

struct TestAdmin(Cluster, AdminControl);

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

    async fn find_topic(&self, topic: &str) -> Result<bool> {
        let mut script = self.1.0.lock();
        script.calls.push(format!("find {topic}"));
        if script.time_outs > 0 {
            script.time_outs -= 1;
            return Err(Error::new(Kind::Retriable, format!("Timed out while describing topics '{topic}'")));
        }
        Ok(self.0.has_topic(topic))
    }

    async fn create_or_find_topic(&self, topic: &NewTopic) -> Result<TopicOutcome> {
        let mut script = self.1.0.lock();
        script.calls.push(format!("create {topic}"));
        if script.refuses {
            return Ok(TopicOutcome::Refused);
        }
        Ok(if self.0.create_topic(&topic.name) { TopicOutcome::Created } else { TopicOutcome::Existing })
    }

    async fn group_offsets(&self, group: &str, _limit: Duration) -> Result<Offsets> {
        Ok(self.0.group_offsets(group))
    }

    async fn alter_group_offsets(&self, group: &str, offsets: &Offsets, _limit: Duration) -> Result<()> {
        self.0.commit(group, offsets);
        Ok(())
    }

    async fn delete_group_offsets(&self, group: &str, partitions: &[TopicPartition], _limit: Duration) -> Result<()> {
        self.0.forget_offsets(group, partitions);
        Ok(())
    }

    async fn delete_group(&self, group: &str, _limit: Duration) -> Result<bool> {
        let all: Vec<TopicPartition> = self.0.group_offsets(group).into_keys().collect();
        self.0.forget_offsets(group, &all);
        Ok(!all.is_empty())
    }

    async fn close(&self) {}
}
