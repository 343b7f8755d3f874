//! Topics: create, describe, list.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_wire::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_wire::messages::metadata_request::MetadataRequestTopic;
use kafka_wire::messages::{CreateTopicsRequest, CreateTopicsResponse, MetadataRequest, MetadataResponse, TopicName};
use kafka_wire::{ErrorCode, StrBytes};

use super::client::Admin;
use crate::error::ClientError;
use crate::net::Link;

/// A topic to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions; `None`: the broker's default.
    pub partitions: Option<i32>,
    /// How many replicas; `None`: the broker's default.
    pub replication_factor: Option<i16>,
    /// Settings such as `cleanup.policy`.
    pub configs: BTreeMap<String, String>,
}

/// A topic that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicDescription {
    /// Whether it is one of Kafka's own.
    pub internal: bool,
    /// The leader of each partition, by the partition's number; `None` while there is none.
    pub leaders: Vec<Option<i32>>,
}

impl Admin {
    /// Creates topics; what came of each. A topic that exists is `TOPIC_ALREADY_EXISTS`.
    ///
    /// # Errors
    /// When no answer came at all, as [`Admin::describe_cluster`].
    pub async fn create_topics(
        &self,
        topics: &[NewTopic],
    ) -> Result<BTreeMap<String, Result<(), ClientError>>, ClientError> {
        let limit = self.config.api_timeout;
        let response: CreateTopicsResponse = self
            .retry(limit, "createTopics", async || {
                let link = self.controller().await?;
                let timeout = self.config.client.request_timeout;
                let response = link.call(timeout, |version| create_request(topics, version, timeout)).await?;
                // Only another broker can do it: ask again who.
                let refused = response.topics.iter().find_map(|topic| {
                    ErrorCode::from_code(topic.error_code).filter(|code| is_for_another_broker(*code))
                });
                refused.map_or(Ok(response), |code| Err(ClientError::timeout(code.message())))
            })
            .await?;
        let results = response.topics.into_iter().map(|topic| {
            let result = match ErrorCode::from_code(topic.error_code) {
                None => Ok(()),
                Some(code) => Err(ClientError::broker_said(code, topic.error_message.as_deref())),
            };
            (topic.name.0.to_string(), result)
        });
        Ok(results.collect())
    }

    /// What is known of topics, by name; those that do not exist (or may not be seen) have an error. Creates none.
    ///
    /// # Errors
    /// When no answer came at all, as [`Admin::describe_cluster`].
    pub async fn describe_topics(
        &self,
        names: &[&str],
    ) -> Result<BTreeMap<String, Result<TopicDescription, ClientError>>, ClientError> {
        let named = |name: &&str| {
            let name = TopicName(StrBytes::from_string((*name).to_owned()));
            MetadataRequestTopic::default().with_name(Some(name))
        };
        let topics: Vec<MetadataRequestTopic> = names.iter().map(named).collect();
        if topics.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.topics(Some(topics)).await
    }

    /// Every topic that may be seen, by name.
    ///
    /// # Errors
    /// When no answer came at all, as [`Admin::describe_cluster`].
    pub async fn list_topics(&self) -> Result<BTreeMap<String, TopicDescription>, ClientError> {
        let topics = self.topics(None).await?;
        Ok(topics.into_iter().filter_map(|(name, topic)| Some((name, topic.ok()?))).collect())
    }

    async fn topics(
        &self,
        topics: Option<Vec<MetadataRequestTopic>>,
    ) -> Result<BTreeMap<String, Result<TopicDescription, ClientError>>, ClientError> {
        let limit = self.config.api_timeout;
        let response: MetadataResponse = self
            .retry(limit, "describeTopics", async || {
                self.topology
                    .ask_any(|version| {
                        // Version 0 has an empty list where later ones have none.
                        let all = if version == 0 { Some(Vec::new()) } else { None };
                        let request = MetadataRequest::default().with_topics(topics.clone().or(all));
                        if version >= 4 { request.with_allow_auto_topic_creation(false) } else { request }
                    })
                    .await
            })
            .await?;
        let described = response.topics.into_iter().filter_map(|topic| {
            let name = topic.name.as_ref()?.to_string();
            if let Some(code) = ErrorCode::from_code(topic.error_code) {
                return Some((name.clone(), Err(ClientError::about_topic(code, &name))));
            }
            let mut partitions = topic.partitions;
            partitions.sort_by_key(|partition| partition.partition_index);
            let leaders =
                partitions.iter().map(|partition| Some(partition.leader_id.0).filter(|id| *id >= 0)).collect();
            Some((name, Ok(TopicDescription { internal: topic.is_internal, leaders })))
        });
        Ok(described.collect())
    }

    /// The way to the broker that takes administrative requests.
    async fn controller(&self) -> Result<Arc<Link>, ClientError> {
        let cluster = self.describe_cluster().await?;
        match cluster.controller.and_then(|id| cluster.brokers.get(&id)) {
            Some(address) => Ok(self.topology.link(address)),
            None => self.topology.any_link().await,
        }
    }
}

fn is_for_another_broker(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::NotController | ErrorCode::CoordinatorLoadInProgress)
}

fn create_request(topics: &[NewTopic], version: i16, timeout: std::time::Duration) -> CreateTopicsRequest {
    let topics = topics.iter().map(|topic| {
        let configs = topic.configs.iter().map(|(name, value)| {
            CreatableTopicConfig::default()
                .with_name(StrBytes::from_string(name.clone()))
                .with_value(Some(StrBytes::from_string(value.clone())))
        });
        // Brokers before version 4 have no "default": 1 is what they are shipped with.
        let default = if version >= 4 { -1 } else { 1 };
        CreatableTopic::default()
            .with_name(TopicName(StrBytes::from_string(topic.name.clone())))
            .with_num_partitions(topic.partitions.unwrap_or(default))
            .with_replication_factor(topic.replication_factor.unwrap_or(default as i16))
            .with_configs(configs.collect())
    });
    CreateTopicsRequest::default()
        .with_topics(topics.collect())
        .with_timeout_ms(i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_the_brokers_where_it_has_them() {
        let topic = NewTopic { name: "t".into(), partitions: None, replication_factor: None, configs: BTreeMap::new() };
        let request = create_request(std::slice::from_ref(&topic), 7, std::time::Duration::from_secs(30));
        assert_eq!((request.topics[0].num_partitions, request.topics[0].replication_factor), (-1, -1));
        let request = create_request(&[topic], 2, std::time::Duration::from_secs(30));
        assert_eq!((request.topics[0].num_partitions, request.topics[0].replication_factor), (1, 1));
        assert_eq!(request.timeout_ms, 30_000);
    }
}
