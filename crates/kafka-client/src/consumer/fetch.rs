//! Fetch requests and what their answers mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use env::Instant;
use kafka_wire::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_wire::messages::fetch_response::PartitionData;
use kafka_wire::messages::{BrokerId, FetchRequest, FetchResponse, TopicName};
use kafka_wire::{ErrorCode, StrBytes};

use super::partitions::{Asked, EARLIEST, LATEST, Partitions};
use crate::cluster::Snapshot;
use crate::config::{AutoOffsetReset, ConsumerConfig};
use crate::error::ClientError;

/// A request for the negotiated version.
pub(super) fn request(config: &ConsumerConfig, snapshot: &Snapshot, asked: &[Asked], version: i16) -> FetchRequest {
    let mut topics: BTreeMap<&Arc<str>, Vec<FetchPartition>> = BTreeMap::new();
    for each in asked {
        let mut partition = FetchPartition::default()
            .with_partition(each.of.partition)
            .with_fetch_offset(each.at)
            .with_partition_max_bytes(config.max_partition_fetch_bytes);
        if version >= 9 {
            let known = snapshot.partition(&each.of.topic, each.of.partition);
            partition = partition.with_current_leader_epoch(known.map_or(-1, |known| known.leader_epoch));
        }
        topics.entry(&each.of.topic).or_default().push(partition);
    }
    let topics = topics.into_iter().map(|(topic, partitions)| {
        FetchTopic::default()
            .with_topic(TopicName(StrBytes::from_string(topic.to_string())))
            .with_partitions(partitions)
    });
    let most =
        config.client.memory.as_ref().map_or(i32::MAX, |memory| i32::try_from(memory.most()).unwrap_or(i32::MAX));
    // No fetch session: every request says everything, and the broker keeps nothing of it.
    FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_wait_ms(i32::try_from(config.fetch_max_wait.as_millis()).unwrap_or(i32::MAX))
        .with_min_bytes(config.fetch_min_bytes)
        .with_max_bytes(config.fetch_max_bytes.min(most))
        .with_topics(topics.collect())
}

/// What to do after an answer, besides what was done to the partitions.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Aftermath {
    /// Ask for metadata.
    pub(super) stale: bool,
}

/// Takes an answer in. Partitions that cannot be fetched now are not asked again before `retry_at`.
pub(super) fn take(
    partitions: &mut Partitions,
    config: &ConsumerConfig,
    asked: &[Asked],
    response: FetchResponse,
    retry_at: Instant,
) -> Aftermath {
    let mut aftermath = Aftermath::default();
    if let Some(code) = ErrorCode::from_code(response.error_code) {
        tracing::debug!(error = code.name(), "fetch refused");
        asked.iter().for_each(|each| partitions.delay(each, retry_at));
        aftermath.stale = code.invalidates_metadata();
        return aftermath;
    }
    for topic in response.responses {
        for data in topic.partitions {
            let is_it = |each: &&Asked| each.of.partition == data.partition_index && *each.of.topic == *topic.topic.0;
            if let Some(asked) = asked.iter().find(is_it) {
                take_partition(partitions, config, asked, data, retry_at, &mut aftermath);
            }
        }
    }
    aftermath
}

fn take_partition(
    partitions: &mut Partitions,
    config: &ConsumerConfig,
    asked: &Asked,
    data: PartitionData,
    retry_at: Instant,
    aftermath: &mut Aftermath,
) {
    let Some(code) = ErrorCode::from_code(data.error_code) else {
        partitions.put(asked, data.records.unwrap_or_default());
        return;
    };
    tracing::debug!(partition = %asked.of, offset = asked.at, error = code.name(), "cannot fetch");
    match code {
        ErrorCode::OffsetOutOfRange => {
            partitions.delay(asked, retry_at);
            out_of_range(partitions, config.auto_offset_reset, asked);
        }
        ErrorCode::TopicAuthorizationFailed => {
            partitions.fail(asked, ClientError::about_topic(code, &asked.of.topic));
        }
        // Parity: Java logs these and tries again.
        ErrorCode::UnknownServerError | ErrorCode::OffsetNotAvailable => partitions.delay(asked, retry_at),
        ErrorCode::UnknownLeaderEpoch => {
            partitions.delay(asked, retry_at);
            aftermath.stale = true;
        }
        code if code.invalidates_metadata() => {
            partitions.delay(asked, retry_at);
            aftermath.stale = true;
        }
        ErrorCode::CorruptMessage => {
            let (topic, partition) = (asked.of.topic.clone(), asked.of.partition);
            let reason = "Encountered corrupt message when fetching".into();
            partitions.fail(asked, ClientError::CorruptRecord { topic, partition, offset: asked.at, reason });
        }
        code if code.is_retriable() => partitions.delay(asked, retry_at),
        code => partitions.fail(asked, ClientError::broker(code)),
    }
}

fn out_of_range(partitions: &mut Partitions, policy: AutoOffsetReset, asked: &Asked) {
    let time = match policy {
        AutoOffsetReset::Earliest => EARLIEST,
        AutoOffsetReset::Latest => LATEST,
        AutoOffsetReset::None => {
            let (topic, partition) = (asked.of.topic.clone(), asked.of.partition);
            return partitions.fail(asked, ClientError::OffsetOutOfRange { topic, partition, offset: asked.at });
        }
    };
    tracing::info!(partition = %asked.of, offset = asked.at, ?policy, "the offset is out of range, starting elsewhere");
    partitions.reset(asked, time);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kafka_config::RawConfig;
    use kafka_wire::messages::fetch_response::FetchableTopicResponse;
    use kafka_wire::{encode_request, versions};

    use super::super::event::StartAt;
    use super::*;
    use crate::topic_partition::TopicPartition;

    fn config(reset: &str) -> ConsumerConfig {
        ConsumerConfig::parse(&RawConfig::from([("bootstrap.servers", "a:1"), ("auto.offset.reset", reset)])).unwrap()
    }

    fn at(seconds: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(seconds))
    }

    fn asked(partitions: &Partitions) -> Vec<Asked> {
        partitions.fetchable(at(0)).map(|each| each.asked).collect()
    }

    fn one() -> Partitions {
        let mut partitions = Partitions::default();
        partitions.assign([(TopicPartition::new("t", 0), StartAt::Offset(5))]);
        partitions
    }

    fn refused(code: ErrorCode) -> FetchResponse {
        let data = PartitionData::default().with_partition_index(0).with_error_code(code.code());
        let topic = FetchableTopicResponse::default()
            .with_topic(TopicName(StrBytes::from_static_str("t")))
            .with_partitions(vec![data]);
        FetchResponse::default().with_responses(vec![topic])
    }

    #[test]
    fn can_be_expressed_in_every_version_spoken() {
        let partitions = one();
        let range = versions::client_range(kafka_wire::ApiKey::Fetch).unwrap();
        for version in range.min..=range.max {
            let request = request(&config("latest"), &Snapshot::default(), &asked(&partitions), version);
            encode_request(1, Some("c"), version, &request).unwrap();
        }
    }

    #[test]
    fn a_moved_leader_makes_metadata_stale() {
        let mut partitions = one();
        let asked = asked(&partitions);
        let aftermath =
            take(&mut partitions, &config("latest"), &asked, refused(ErrorCode::NotLeaderOrFollower), at(9));
        assert!(aftermath.stale);
        assert!(partitions.fetchable(at(8)).next().is_none());
        assert!(partitions.fetchable(at(9)).next().is_some());
        assert_eq!(partitions.next_retry(at(0)), Some(at(9)));
    }

    #[test]
    fn out_of_range_follows_the_policy() {
        let mut partitions = one();
        let asked = asked(&partitions);
        take(&mut partitions, &config("earliest"), &asked, refused(ErrorCode::OffsetOutOfRange), at(1));
        assert_eq!(partitions.ask_times(at(1), |_| true)[0].at, EARLIEST);
        let mut partitions = one();
        let asked = super::tests::asked(&partitions);
        take(&mut partitions, &config("none"), &asked, refused(ErrorCode::OffsetOutOfRange), at(1));
        assert!(matches!(partitions.take(1, true), Err(ClientError::OffsetOutOfRange { offset: 5, .. })));
    }

    #[test]
    fn what_nobody_may_read_is_told() {
        let mut partitions = one();
        let asked = asked(&partitions);
        take(&mut partitions, &config("latest"), &asked, refused(ErrorCode::TopicAuthorizationFailed), at(1));
        assert_eq!(partitions.take(1, true).unwrap_err().to_string(), "Not authorized to access topics: [t]");
    }
}
