//! Administering through the native client.

use async_trait::async_trait;
use connect_api::Result;
use kafka_client::ClientError;
use kafka_wire::ErrorCode;

use super::from_client;
use crate::{Admin, ClusterDescription, NewTopic};

pub(crate) struct NativeAdmin(pub(crate) kafka_client::Admin);

#[async_trait]
impl Admin for NativeAdmin {
    async fn describe_cluster(&self) -> Result<ClusterDescription> {
        let cluster = self.0.describe_cluster().await.map_err(from_client)?;
        Ok(ClusterDescription { cluster_id: cluster.id.unwrap_or_default() })
    }

    async fn topic_exists(&self, topic: &str) -> Result<bool> {
        let described = self.0.describe_topics(&[topic]).await.map_err(from_client)?;
        match described.into_values().next() {
            Some(Ok(_)) => Ok(true),
            Some(Err(error)) if error.code() == Some(ErrorCode::UnknownTopicOrPartition) => Ok(false),
            Some(Err(error)) => Err(from_client(error)),
            None => Ok(false),
        }
    }

    async fn create_topic(&self, topic: &NewTopic) -> Result<bool> {
        let request = kafka_client::admin::NewTopic {
            name: topic.name.clone(),
            partitions: Some(topic.partitions).filter(|count| *count >= 0),
            replication_factor: Some(topic.replication_factor).filter(|count| *count >= 0),
            configs: topic.configs.iter().cloned().collect(),
        };
        let created = self.0.create_topics(&[request]).await.map_err(from_client)?;
        match created.into_values().next() {
            Some(Err(ClientError::Broker { code: ErrorCode::TopicAlreadyExists, .. })) => Ok(false),
            Some(Err(error)) => Err(from_client(error)),
            _ => Ok(true),
        }
    }

    async fn close(&self) {}
}
