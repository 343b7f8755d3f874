//! Administering through the native client.

use std::time::Duration;

use async_trait::async_trait;
use connect_api::sink::{Offsets, TopicPartition};
use connect_api::{Error, Kind, Result};
use kafka_client::ClientError;
use kafka_client::admin::PartitionResults;
use kafka_wire::ErrorCode;

use super::{from_client, to_client};
use crate::{Admin, ClusterDescription, NewTopic, TopicOutcome};

pub(crate) struct NativeAdmin {
    pub(crate) client: kafka_client::Admin,
    /// `bootstrap.servers`, for messages.
    pub(crate) bootstrap: String,
}

#[async_trait]
impl Admin for NativeAdmin {
    async fn describe_cluster(&self) -> Result<ClusterDescription> {
        let cluster = self.client.describe_cluster().await.map_err(from_client)?;
        Ok(ClusterDescription { cluster_id: cluster.id.unwrap_or_default() })
    }

    async fn topic_exists(&self, topic: &str) -> Result<bool> {
        self.find(topic).await.map_err(from_client)
    }

    async fn create_topic(&self, topic: &NewTopic) -> Result<bool> {
        match self.create(topic).await {
            Ok(()) => Ok(true),
            Err(ClientError::Broker { code: ErrorCode::TopicAlreadyExists, .. }) => Ok(false),
            Err(error) => Err(from_client(error)),
        }
    }

    async fn find_topic(&self, topic: &str) -> Result<bool> {
        self.find(topic).await.map_err(|error| self.cannot_describe(topic, error))
    }

    async fn create_or_find_topic(&self, topic: &NewTopic) -> Result<TopicOutcome> {
        match self.create(topic).await {
            Ok(()) => Ok(TopicOutcome::Created),
            Err(error) => match error.code() {
                Some(ErrorCode::TopicAlreadyExists) => Ok(TopicOutcome::Existing),
                Some(
                    ErrorCode::ClusterAuthorizationFailed
                    | ErrorCode::TopicAuthorizationFailed
                    | ErrorCode::UnsupportedVersion,
                ) => Ok(TopicOutcome::Refused),
                _ if matches!(error, ClientError::Unsupported(_)) => Ok(TopicOutcome::Refused),
                _ => Err(cannot_create(&topic.name, error)),
            },
        }
    }

    async fn group_offsets(&self, group: &str, limit: Duration) -> Result<Offsets> {
        let listed = self.client.list_group_offsets(group, limit).await.map_err(from_client)?;
        Ok(listed.into_iter().map(|(of, offset)| (TopicPartition::new(of.topic, of.partition), offset)).collect())
    }

    async fn alter_group_offsets(&self, group: &str, offsets: &Offsets, limit: Duration) -> Result<()> {
        let offsets = offsets.iter().map(|(of, offset)| (to_client(of), *offset)).collect();
        all_done(self.client.alter_group_offsets(group, &offsets, limit).await)
    }

    async fn delete_group_offsets(&self, group: &str, partitions: &[TopicPartition], limit: Duration) -> Result<()> {
        let partitions: Vec<_> = partitions.iter().map(to_client).collect();
        all_done(self.client.delete_group_offsets(group, &partitions, limit).await)
    }

    async fn delete_group(&self, group: &str, limit: Duration) -> Result<bool> {
        match self.client.delete_groups(&[group], limit).await.remove(group) {
            None | Some(Ok(())) => Ok(true),
            Some(Err(ClientError::Broker { code: ErrorCode::GroupIdNotFound, .. })) => Ok(false),
            Some(Err(error)) => Err(about_group(error)),
        }
    }

    async fn close(&self) {}
}

impl NativeAdmin {
    async fn find(&self, topic: &str) -> Result<bool, ClientError> {
        match self.client.describe_topics(&[topic]).await?.into_values().next() {
            Some(Ok(_)) => Ok(true),
            Some(Err(error)) if error.code() == Some(ErrorCode::UnknownTopicOrPartition) => Ok(false),
            Some(Err(error)) => Err(error),
            None => Ok(false),
        }
    }

    async fn create(&self, topic: &NewTopic) -> Result<(), ClientError> {
        let request = kafka_client::admin::NewTopic {
            name: topic.name.clone(),
            partitions: Some(topic.partitions).filter(|count| *count >= 0),
            replication_factor: Some(topic.replication_factor).filter(|count| *count >= 0),
            configs: topic.configs.iter().cloned().collect(),
        };
        let created = self.client.create_topics(&[request]).await?;
        created.into_values().next().unwrap_or(Ok(()))
    }

    fn cannot_describe(&self, topic: &str, error: ClientError) -> Error {
        let text = match error.code() {
            Some(ErrorCode::ClusterAuthorizationFailed | ErrorCode::TopicAuthorizationFailed) => {
                format!("Not authorized to describe topic(s) '{topic}' on the brokers {}", self.bootstrap)
            }
            _ if matches!(error, ClientError::Unsupported(_)) => format!(
                "Unable to describe topic(s) '{topic}' since the brokers at {} do not support the DescribeTopics API.",
                self.bootstrap
            ),
            _ if is_timeout(&error) => {
                let class = "org.apache.kafka.connect.errors.RetriableException";
                let text = format!("Timed out while describing topics '{topic}'");
                return Error::new(Kind::Retriable, text).with_class(class).caused_by(from_client(error));
            }
            _ => {
                let text = format!("Error while attempting to describe topics '{topic}'");
                return Error::connect(text).caused_by(in_future(error));
            }
        };
        Error::connect(text).caused_by(from_client(error))
    }
}

fn cannot_create(topic: &str, error: ClientError) -> Error {
    let text = match error.code() {
        // Java's exception for the second one extends that of the first.
        Some(ErrorCode::InvalidConfig | ErrorCode::InvalidReplicationFactor) => {
            format!("Unable to create topic(s) '{topic}': {error}")
        }
        _ if is_timeout(&error) => format!(
            "Timed out while checking for or creating topic(s) '{topic}'. This could indicate a connectivity issue, \
             unavailable topic partitions, or if this is your first use of the topic it may have taken too long to \
             create."
        ),
        _ => {
            let text = format!("Error while attempting to create/find topic(s) '{topic}'");
            return Error::connect(text).caused_by(in_future(error));
        }
    };
    Error::connect(text).caused_by(from_client(error))
}

fn is_timeout(error: &ClientError) -> bool {
    error.java_class() == "org.apache.kafka.common.errors.TimeoutException"
}

/// As Java's futures wrap their errors.
fn in_future(error: ClientError) -> Error {
    let cause = from_client(error);
    let text = format!("{}: {}", cause.class(), cause.message().unwrap_or_default());
    Error::connect(text).with_class("java.util.concurrent.ExecutionException").caused_by(cause)
}

fn all_done(results: Result<PartitionResults, ClientError>) -> Result<()> {
    let results = results.map_err(about_group)?;
    results.into_values().collect::<Result<(), ClientError>>().map_err(about_group)
}

/// A refusal because the group has members is told apart from others.
fn about_group(error: ClientError) -> Error {
    let has_members = matches!(
        error.code(),
        Some(ErrorCode::UnknownMemberId | ErrorCode::GroupSubscribedToTopic | ErrorCode::NonEmptyGroup)
    );
    let class = error.java_class();
    let converted = from_client(error);
    if has_members {
        return Error::new(Kind::IllegalState, converted.message().unwrap_or_default()).with_class(class);
    }
    converted
}
