//! The properties of each Kafka client: Connect's base, the worker's prefixed keys over it, the connector's overrides
//! over those (`Worker.baseProducerConfigs` and its neighbours). Names and values are Java's.

use kafka_config::{ConfigError, RawConfig};

use crate::later::Client;
use crate::worker::WorkerConfig;

/// Whose clients they are.
#[derive(Debug, Clone, Copy)]
pub struct ClientOwner<'a> {
    /// The worker.
    pub worker: &'a WorkerConfig,
    /// The id of the worker's Kafka cluster, for metrics.
    pub cluster_id: Option<&'a str>,
    /// The connector's name.
    pub connector: &'a str,
    /// The connector's (or task's) configuration, variables resolved.
    pub config: &'a RawConfig,
}

/// The `batch.size` of producers for which nobody set one, in bytes.
const BATCH_SIZE: usize = 256 << 10;

impl ClientOwner<'_> {
    /// The producer of a source task.
    ///
    /// # Errors
    /// The worker does not allow an override.
    pub fn source_producer(&self, task: u32) -> Result<RawConfig, ConfigError> {
        self.producer(&format!("connector-producer-{}-{task}", self.connector))
    }

    /// The producer of a sink task's dead letter queue.
    ///
    /// # Errors
    /// The worker does not allow an override.
    pub fn dead_letter_producer(&self, task: u32) -> Result<RawConfig, ConfigError> {
        self.producer(&format!("connector-dlq-producer-{}-{task}", self.connector))
    }

    /// The consumer of a sink task.
    ///
    /// # Errors
    /// The worker does not allow an override.
    pub fn sink_consumer(&self, task: u32) -> Result<RawConfig, ConfigError> {
        const BYTES: &str = "org.apache.kafka.common.serialization.ByteArrayDeserializer";
        let mut client = RawConfig::from([
            ("group.id", format!("connect-{}", self.connector)),
            ("client.id", format!("connector-consumer-{}-{task}", self.connector)),
            ("bootstrap.servers", self.worker.bootstrap_servers.join(",")),
            ("enable.auto.commit", "false".to_owned()),
            ("auto.offset.reset", "earliest".to_owned()),
            ("key.deserializer", BYTES.to_owned()),
            ("value.deserializer", BYTES.to_owned()),
        ]);
        self.layer(Client::Consumer, &mut client)?;
        Ok(client)
    }

    /// The admin client that creates a source task's topics.
    ///
    /// # Errors
    /// The worker does not allow an override.
    pub fn topic_admin(&self, task: u32) -> Result<RawConfig, ConfigError> {
        self.admin(&format!("connector-adminclient-{}-{task}", self.connector))
    }

    /// The admin client that creates a sink task's dead letter queue.
    ///
    /// # Errors
    /// The worker does not allow an override.
    pub fn dead_letter_admin(&self, task: u32) -> Result<RawConfig, ConfigError> {
        self.admin(&format!("connector-dlq-adminclient-{}-{task}", self.connector))
    }

    /// The admin client for a sink's offsets.
    ///
    /// # Errors
    /// The worker does not allow an override.
    pub fn offsets_admin(&self) -> Result<RawConfig, ConfigError> {
        self.admin(&format!("connector-worker-adminclient-{}", self.connector))
    }

    fn producer(&self, client_id: &str) -> Result<RawConfig, ConfigError> {
        const BYTES: &str = "org.apache.kafka.common.serialization.ByteArraySerializer";
        let mut client = RawConfig::from([
            ("bootstrap.servers", self.worker.bootstrap_servers.join(",")),
            ("key.serializer", BYTES.to_owned()),
            ("value.serializer", BYTES.to_owned()),
            ("max.block.ms", i64::MAX.to_string()),
            ("enable.idempotence", "false".to_owned()),
            ("acks", "all".to_owned()),
            ("max.in.flight.requests.per.connection", "1".to_owned()),
            ("delivery.timeout.ms", i32::MAX.to_string()),
            // Larger than Java's 16 KiB: a batch goes out at once when the source has nothing more, so a larger limit
            // costs no latency and saves requests under load.
            ("batch.size", BATCH_SIZE.to_string()),
            ("client.id", client_id.to_owned()),
        ]);
        self.layer(Client::Producer, &mut client)?;
        Ok(client)
    }

    fn layer(&self, kind: Client, client: &mut RawConfig) -> Result<(), ConfigError> {
        client.extend_from(&self.worker.originals().with_prefix(kind.worker_prefix()));
        self.add_metrics_context(client);
        client.extend_from(&self.worker.override_policy.overrides(self.config, kind.override_prefix())?);
        Ok(())
    }

    fn admin(&self, client_id: &str) -> Result<RawConfig, ConfigError> {
        let mut client = RawConfig::from([
            ("bootstrap.servers", self.worker.bootstrap_servers.join(",")),
            ("client.id", client_id.to_owned()),
        ]);
        // Parity: an admin client takes every worker key without a client's prefix, also the worker's own client.id.
        let prefixes = [Client::Admin, Client::Producer, Client::Consumer].map(Client::worker_prefix);
        for (name, value) in self.worker.originals().iter() {
            if !prefixes.iter().any(|prefix| name.starts_with(prefix)) {
                client.insert_entry(name, value.map(str::to_owned));
            }
        }
        client.extend_from(&self.worker.originals().with_prefix(Client::Admin.worker_prefix()));
        let overrides = self.worker.override_policy.overrides(self.config, Client::Admin.override_prefix())?;
        client.extend_from(&overrides);
        self.add_metrics_context(&mut client);
        Ok(client)
    }

    fn add_metrics_context(&self, client: &mut RawConfig) {
        for (name, value) in self.worker.originals().range("metrics.context.") {
            client.insert_entry(name, value.map(str::to_owned));
        }
        if let Some(cluster_id) = self.cluster_id {
            client.insert("metrics.context.connect.kafka.cluster.id", cluster_id);
        }
        if let Some(group_id) = self.worker.originals().get("group.id") {
            client.insert("metrics.context.connect.group.id", group_id);
        }
    }
}

/// The worker's own admin client, with which it looks up its cluster: all of the worker's keys.
pub fn worker_admin(worker: &WorkerConfig) -> RawConfig {
    worker.originals().clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin_lookup::tests::Some5;

    fn worker(entries: &[(&str, &str)]) -> WorkerConfig {
        let mut raw = RawConfig::from([
            ("bootstrap.servers", "a:1, b:2"),
            ("key.converter", "JsonConverter"),
            ("value.converter", "JsonConverter"),
            ("offset.storage.file.filename", "f"),
        ]);
        for (name, value) in entries {
            raw.insert(*name, *value);
        }
        WorkerConfig::standalone(&raw, &Some5).unwrap()
    }

    fn owner<'a>(worker: &'a WorkerConfig, config: &'a RawConfig) -> ClientOwner<'a> {
        ClientOwner { worker, cluster_id: Some("cluster"), connector: "conn", config }
    }

    #[test]
    fn producers() {
        let worker = worker(&[("producer.linger.ms", "5"), ("producer.acks", "1"), ("metrics.context.x", "y")]);
        let config = RawConfig::from([("producer.override.acks", "0"), ("consumer.override.x", "1")]);
        let client = owner(&worker, &config).source_producer(3).unwrap();
        let expected = RawConfig::from([
            ("bootstrap.servers", "a:1,b:2"),
            ("key.serializer", "org.apache.kafka.common.serialization.ByteArraySerializer"),
            ("value.serializer", "org.apache.kafka.common.serialization.ByteArraySerializer"),
            ("max.block.ms", "9223372036854775807"),
            ("enable.idempotence", "false"),
            ("acks", "0"),
            ("batch.size", "262144"),
            ("max.in.flight.requests.per.connection", "1"),
            ("delivery.timeout.ms", "2147483647"),
            ("client.id", "connector-producer-conn-3"),
            ("linger.ms", "5"),
            ("metrics.context.x", "y"),
            ("metrics.context.connect.kafka.cluster.id", "cluster"),
        ]);
        assert_eq!(client, expected);
        let client = owner(&worker, &config).dead_letter_producer(0).unwrap();
        assert_eq!(client.get("client.id"), Some("connector-dlq-producer-conn-0"));
    }

    #[test]
    fn consumers() {
        let worker = worker(&[("consumer.max.poll.records", "7"), ("consumer.auto.offset.reset", "latest")]);
        let config = RawConfig::from([("consumer.override.group.id", "mine")]);
        let client = owner(&worker, &config).sink_consumer(0).unwrap();
        for (name, value) in [
            ("group.id", "mine"),
            ("client.id", "connector-consumer-conn-0"),
            ("enable.auto.commit", "false"),
            ("auto.offset.reset", "latest"),
            ("max.poll.records", "7"),
        ] {
            assert_eq!(client.get(name), Some(value), "{name}");
        }
        let none = RawConfig::new();
        assert_eq!(owner(&worker, &none).sink_consumer(0).unwrap().get("group.id"), Some("connect-conn"));
    }

    #[test]
    fn admin_clients() {
        let worker = worker(&[("admin.retries", "3"), ("producer.acks", "1"), ("client.id", "own"), ("group.id", "g")]);
        let config = RawConfig::from([("admin.override.retries", "4")]);
        let client = owner(&worker, &config).topic_admin(1).unwrap();
        assert_eq!(client.get("retries"), Some("4"));
        assert_eq!(client.get("client.id"), Some("own"));
        assert_eq!(client.get("key.converter"), Some("JsonConverter"));
        assert_eq!(client.get("metrics.context.connect.group.id"), Some("g"));
        assert!(!client.contains_key("producer.acks") && !client.contains_key("admin.retries"));
        let plain = self::worker(&[]);
        assert_eq!(
            owner(&plain, &config).dead_letter_admin(1).unwrap().get("client.id"),
            Some("connector-dlq-adminclient-conn-1")
        );
        assert_eq!(
            owner(&plain, &config).offsets_admin().unwrap().get("client.id"),
            Some("connector-worker-adminclient-conn")
        );
    }

    #[test]
    fn overrides_need_the_policy() {
        let worker = worker(&[("connector.client.config.override.policy", "None")]);
        let config = RawConfig::from([("producer.override.acks", "0")]);
        let error = owner(&worker, &config).source_producer(0).unwrap_err().to_string();
        assert!(error.contains("The 'None' policy does not allow 'acks' to be overridden"), "{error}");
        assert!(owner(&worker, &config).sink_consumer(0).is_ok());
    }
}
