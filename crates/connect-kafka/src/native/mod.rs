//! The traits over the native client.

mod admin;
mod consumer;
mod producer;

use std::sync::Arc;

use connect_api::sink::TopicPartition;
use connect_api::{Error, Kind, Result};
use env::Env;
use kafka_client::{AdminConfig, ClientConfig, ClientError, ConsumerConfig, ProducerConfig};
use kafka_config::RawConfig;

use crate::{Admin, Clients, Consumer, Memory, Producer};

/// Makes native clients.
pub struct NativeClients {
    env: Env,
}

impl NativeClients {
    /// Clients that live in `env`.
    pub fn new(env: Env) -> Self {
        Self { env }
    }
}

impl Clients for NativeClients {
    fn producer(&self, config: &RawConfig) -> Result<Arc<dyn Producer>> {
        let config = ProducerConfig::parse(config).map_err(from_client)?;
        tell_of_ignored("producer", &config.client);
        Ok(Arc::new(producer::NativeProducer(kafka_client::Producer::new(self.env.clone(), config))))
    }

    fn consumer(&self, config: &RawConfig, memory: Arc<dyn Memory>) -> Result<Box<dyn Consumer>> {
        let mut config = ConsumerConfig::parse(config).map_err(from_client)?;
        tell_of_ignored("consumer", &config.client);
        config.client.memory = Some(memory);
        Ok(Box::new(consumer::NativeConsumer::new(kafka_client::Consumer::new(self.env.clone(), config))))
    }

    fn admin(&self, config: &RawConfig) -> Result<Arc<dyn Admin>> {
        let bootstrap = config.get("bootstrap.servers").unwrap_or_default().to_owned();
        let config = AdminConfig::parse(config).map_err(from_client)?;
        Ok(Arc::new(admin::NativeAdmin { client: kafka_client::Admin::new(self.env.clone(), config), bootstrap }))
    }
}

/// Not for admin clients: they are given all of the worker's keys.
fn tell_of_ignored(kind: &str, config: &ClientConfig) {
    if !config.ignored.is_empty() {
        let (client, keys) = (&config.client_id, config.ignored.join(", "));
        tracing::warn!("The {kind} {client} does not know these configurations, which have no effect: {keys}");
    }
}

pub(crate) fn to_client(partition: &TopicPartition) -> kafka_client::TopicPartition {
    kafka_client::TopicPartition::new(partition.topic.clone(), partition.partition)
}

/// A client's error as Connect shows it.
pub(crate) fn from_client(error: ClientError) -> Error {
    let kind = match &error {
        ClientError::Fenced(_) => Kind::Fenced,
        ClientError::Config(_) => Kind::Config,
        error if error.is_retriable() => Kind::Retriable,
        _ => Kind::Connect,
    };
    let converted = Error::new(kind, error.to_string()).with_class(error.java_class());
    match &error {
        ClientError::RecordTooLarge { topic, size, .. } => {
            converted.with_context("topic", topic).with_context("size", size)
        }
        _ => converted,
    }
}
