//! Brokers, topics, partitions and leaders at one time.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_wire::ErrorCode;
use kafka_wire::messages::MetadataResponse;
use kafka_wire::messages::metadata_response::{MetadataResponsePartition, MetadataResponseTopic};

use crate::config::ServerAddress;

/// What a metadata response said, merged with what was known. Never changed: each response makes a new one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Snapshot {
    /// Rises with each response; 0 before the first.
    pub(crate) generation: u64,
    /// The cluster's id.
    pub(crate) cluster_id: Option<Arc<str>>,
    /// Brokers by id.
    pub(crate) brokers: BTreeMap<i32, ServerAddress>,
    /// The topics asked for.
    pub(crate) topics: BTreeMap<Arc<str>, TopicInfo>,
}

/// A topic.
#[derive(Debug, Clone, Default)]
pub(crate) struct TopicInfo {
    /// Its id, zero when the broker is too old to say.
    pub(crate) id: u128,
    /// Whether it is one of Kafka's own.
    pub(crate) internal: bool,
    /// Why nothing is known of it.
    pub(crate) error: Option<ErrorCode>,
    /// Its partitions, by number; empty with an error.
    pub(crate) partitions: Vec<PartitionInfo>,
}

/// A partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartitionInfo {
    /// The leader, when there is one.
    pub(crate) leader: Option<i32>,
    /// The leader's epoch, -1 when the broker is too old to say.
    pub(crate) leader_epoch: i32,
}

impl Snapshot {
    /// This, after `response`. Topics that the response does not name are forgotten.
    pub(crate) fn merge(&self, response: &MetadataResponse) -> Snapshot {
        let brokers = response.brokers.iter().filter_map(|broker| {
            let port = u16::try_from(broker.port).ok()?;
            Some((broker.node_id.0, ServerAddress { host: broker.host.to_string(), port }))
        });
        let topics = response.topics.iter().filter_map(|topic| {
            let name = topic.name.as_ref()?.as_str();
            let known = self.topics.get_key_value(name);
            let name = known.map_or_else(|| Arc::from(name), |(name, _)| name.clone());
            Some((name, TopicInfo::merge(known.map(|(_, info)| info), topic)))
        });
        Snapshot {
            generation: self.generation + 1,
            cluster_id: response
                .cluster_id
                .as_ref()
                .map(|id| Arc::from(id.as_str()))
                .or_else(|| self.cluster_id.clone()),
            brokers: brokers.collect(),
            topics: topics.collect(),
        }
    }

    /// The partition, when topic and partition are known.
    pub(crate) fn partition(&self, topic: &str, partition: i32) -> Option<PartitionInfo> {
        let partitions = &self.topics.get(topic)?.partitions;
        partitions.get(usize::try_from(partition).ok()?).copied()
    }

    /// The address of the partition's leader.
    pub(crate) fn leader(&self, topic: &str, partition: i32) -> Option<(i32, &ServerAddress)> {
        let leader = self.partition(topic, partition)?.leader?;
        self.brokers.get(&leader).map(|address| (leader, address))
    }

    /// Whether something asked for is not there yet and asking again may help.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.topics.values().any(|topic| match topic.error {
            Some(code) => code.is_retriable(),
            None => topic.partitions.iter().any(|partition| partition.leader.is_none()),
        })
    }
}

impl TopicInfo {
    fn merge(known: Option<&TopicInfo>, response: &MetadataResponseTopic) -> TopicInfo {
        let id = response.topic_id.as_u128();
        let error = ErrorCode::from_code(response.error_code);
        let mut partitions = Vec::new();
        if error.is_none() {
            let count =
                response.partitions.iter().map(|each| each.partition_index.saturating_add(1)).max().unwrap_or(0);
            // Partitions are numbered from 0 without a gap; a response with more numbers than entries lies.
            let count = usize::try_from(count).unwrap_or(0).min(response.partitions.len());
            partitions = vec![PartitionInfo { leader: None, leader_epoch: -1 }; count];
            for each in &response.partitions {
                let index = usize::try_from(each.partition_index).unwrap_or(usize::MAX);
                if let Some(slot) = partitions.get_mut(index) {
                    let before = known.filter(|known| known.id == id).and_then(|known| known.partitions.get(index));
                    *slot = PartitionInfo::merge(before, each);
                }
            }
        }
        TopicInfo { id, internal: response.is_internal, error, partitions }
    }
}

impl PartitionInfo {
    /// A broker that is behind may tell of an earlier leader: the later epoch wins (KIP-320).
    fn merge(known: Option<&PartitionInfo>, response: &MetadataResponsePartition) -> PartitionInfo {
        match known {
            Some(known) if response.leader_epoch >= 0 && response.leader_epoch < known.leader_epoch => *known,
            _ => PartitionInfo {
                leader: Some(response.leader_id.0).filter(|id| *id >= 0),
                leader_epoch: response.leader_epoch,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use kafka_wire::StrBytes;
    use kafka_wire::messages::metadata_response::MetadataResponseBroker;
    use kafka_wire::messages::{BrokerId, TopicName};

    use super::*;

    fn partition(index: i32, leader: i32, epoch: i32) -> MetadataResponsePartition {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(BrokerId(leader))
            .with_leader_epoch(epoch)
    }

    fn response(error: i16, partitions: Vec<MetadataResponsePartition>) -> MetadataResponse {
        let topic = MetadataResponseTopic::default()
            .with_name(Some(TopicName(StrBytes::from_static_str("t"))))
            .with_error_code(error)
            .with_partitions(partitions);
        let broker = MetadataResponseBroker::default()
            .with_node_id(BrokerId(1))
            .with_host(StrBytes::from_static_str("a"))
            .with_port(9092);
        MetadataResponse::default().with_brokers(vec![broker]).with_topics(vec![topic])
    }

    #[test]
    fn leaders_by_partition_number() {
        let snapshot = Snapshot::default().merge(&response(0, vec![partition(1, -1, 3), partition(0, 1, 3)]));
        assert_eq!(snapshot.leader("t", 0).map(|(id, address)| (id, address.to_string())), Some((1, "a:9092".into())));
        assert_eq!(snapshot.leader("t", 1), None);
        assert_eq!(snapshot.partition("t", 2), None);
        assert_eq!(snapshot.partition("t", -1), None);
        assert!(snapshot.is_unsettled());
    }

    #[test]
    fn an_older_epoch_does_not_replace_a_newer_one() {
        let first = Snapshot::default().merge(&response(0, vec![partition(0, 1, 5)]));
        let second = first.merge(&response(0, vec![partition(0, 2, 4)]));
        assert_eq!(second.partition("t", 0), Some(PartitionInfo { leader: Some(1), leader_epoch: 5 }));
        let third = second.merge(&response(0, vec![partition(0, 2, 6)]));
        assert_eq!(third.partition("t", 0), Some(PartitionInfo { leader: Some(2), leader_epoch: 6 }));
        assert_eq!(third.generation, 3);
    }

    #[test]
    fn errors_that_pass_are_unsettled() {
        let missing = Snapshot::default().merge(&response(ErrorCode::UnknownTopicOrPartition.code(), Vec::new()));
        assert!(missing.is_unsettled());
        let forbidden = missing.merge(&response(ErrorCode::TopicAuthorizationFailed.code(), Vec::new()));
        assert!(!forbidden.is_unsettled());
        assert_eq!(forbidden.topics["t"].error, Some(ErrorCode::TopicAuthorizationFailed));
    }

    #[test]
    fn lying_partition_numbers_cost_no_memory() {
        let snapshot = Snapshot::default().merge(&response(0, vec![partition(i32::MAX, 1, 0)]));
        assert_eq!(snapshot.topics["t"].partitions.len(), 1);
    }
}
