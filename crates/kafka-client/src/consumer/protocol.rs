//! The group protocol of consumers: what members tell their leader, and how it answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use env::BoxFuture;
use kafka_wire::StrBytes;
use kafka_wire::messages::consumer_protocol_assignment::TopicPartition as AssignedTopic;
use kafka_wire::messages::{ConsumerProtocolAssignment, ConsumerProtocolSubscription, TopicName};
use kafka_wire::protocol::{Decodable, Encodable};
use parking_lot::Mutex;

use crate::cluster::{Cluster, Interest};
use crate::error::ClientError;
use crate::group::range::{self, Subscriber};
use crate::group::{GroupProtocol, Member};
use crate::topic_partition::TopicPartition;

/// The newest version of subscription and assignment.
const VERSION: i16 = 3;

/// The consumers' protocol, with the `range` assignor.
pub(super) struct ConsumerProtocol {
    cluster: Arc<Cluster>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What this member subscribed to.
    topics: BTreeSet<Arc<str>>,
    /// Whether every topic's metadata is wanted, to match names against.
    all: bool,
    /// On the leader: the numbers of partitions that the assignment was made with.
    assigned_with: Option<BTreeMap<Arc<str>, i32>>,
}

impl ConsumerProtocol {
    pub(super) fn new(cluster: Arc<Cluster>) -> Self {
        Self { cluster, state: Mutex::default() }
    }

    /// Subscribes; whether that is a change.
    pub(super) fn subscribe(&self, topics: BTreeSet<Arc<str>>, all: bool) -> bool {
        let mut state = self.state.lock();
        let changed = state.topics != topics || state.all != all;
        state.topics = topics;
        state.all = all;
        drop(state);
        if changed {
            self.want(&BTreeSet::new());
        }
        changed
    }

    /// Follows the metadata of the own topics and of others.
    fn want(&self, others: &BTreeSet<Arc<str>>) {
        let interest = {
            let state = self.state.lock();
            Interest { all: state.all, topics: state.topics.union(others).cloned().collect() }
        };
        self.cluster.set_interest(interest);
    }

    /// Whether the assignment this leader made does not fit the topics any more.
    pub(super) fn is_outdated(&self) -> bool {
        let assigned_with = self.state.lock().assigned_with.clone();
        assigned_with.is_some_and(|before| self.counts(before.keys()) != before)
    }

    /// The member is no leader (any more).
    pub(super) fn follow(&self) {
        let led = self.state.lock().assigned_with.take().is_some();
        if led {
            self.want(&BTreeSet::new());
        }
    }

    fn counts<'a>(&self, topics: impl Iterator<Item = &'a Arc<str>>) -> BTreeMap<Arc<str>, i32> {
        let snapshot = self.cluster.snapshot();
        topics
            .map(|topic| {
                let count = snapshot.topics.get(topic).map_or(0, |info| info.partitions.len());
                (topic.clone(), i32::try_from(count).unwrap_or(i32::MAX))
            })
            .collect()
    }

    /// Waits for fresh metadata of all topics.
    async fn fresh_counts(&self, topics: &BTreeSet<Arc<str>>) -> Result<BTreeMap<Arc<str>, i32>, ClientError> {
        self.want(topics);
        let limit = self.cluster.config().request_timeout;
        let mut changes = self.cluster.changes();
        let asked = self.cluster.request_update();
        let served = async {
            while !self.cluster.is_served(asked) {
                if changes.changed().await.is_err() {
                    break;
                }
            }
        };
        if self.cluster.env().timeout(limit, served).await.is_err() {
            let millis = limit.as_millis();
            return Err(ClientError::timeout(format!("no metadata of the group's topics within {millis} ms")));
        }
        Ok(self.counts(topics.iter()))
    }

    async fn assign(&self, members: Vec<Member>) -> Result<BTreeMap<String, Bytes>, ClientError> {
        let subscribers = members.into_iter().map(|member| {
            let topics = decode_subscription(member.metadata)?;
            Ok(Subscriber { member_id: member.id, instance_id: member.instance_id, topics })
        });
        let subscribers: Vec<Subscriber> = subscribers.collect::<Result<_, ClientError>>()?;
        let topics: BTreeSet<Arc<str>> =
            subscribers.iter().flat_map(|subscriber| subscriber.topics.iter().cloned()).collect();
        let counts = self.fresh_counts(&topics).await?;
        let missing: Vec<&str> = counts.iter().filter(|(_, count)| **count == 0).map(|(topic, _)| &**topic).collect();
        if !missing.is_empty() {
            tracing::warn!(topics = missing.join(","), "topics subscribed to do not exist (yet)");
        }
        let assignment = range::assign(&counts, &subscribers);
        self.state.lock().assigned_with = Some(counts);
        assignment.into_iter().map(|(member, partitions)| Ok((member, encode_assignment(&partitions)?))).collect()
    }
}

impl GroupProtocol for ConsumerProtocol {
    fn protocol_type(&self) -> &str {
        "consumer"
    }

    fn protocols(&self) -> Vec<(String, Bytes)> {
        let topics = self.state.lock().topics.clone();
        // Everything is given up before a join (eager), so nothing is owned; a group whose other members also offer
        // cooperative-sticky agrees on range, which all have.
        match encode_subscription(&topics) {
            Ok(metadata) => vec![(range::NAME.to_owned(), metadata)],
            Err(error) => {
                tracing::error!(%error, "cannot express the subscription");
                Vec::new()
            }
        }
    }

    fn assign<'a>(
        &'a self,
        _protocol: &'a str,
        members: Vec<Member>,
    ) -> BoxFuture<'a, Result<BTreeMap<String, Bytes>, ClientError>> {
        Box::pin(self.assign(members))
    }
}

fn encode_subscription(topics: &BTreeSet<Arc<str>>) -> Result<Bytes, ClientError> {
    let topics = topics.iter().map(|topic| StrBytes::from_string(topic.to_string()));
    let subscription = ConsumerProtocolSubscription::default().with_topics(topics.collect()).with_generation_id(-1);
    encode(&subscription)
}

fn encode<M: Encodable>(message: &M) -> Result<Bytes, ClientError> {
    let mut out = BytesMut::new();
    out.put_i16(VERSION);
    message.encode(&mut out, VERSION).map_err(|error| ClientError::protocol(error.to_string()))?;
    Ok(out.freeze())
}

/// Newer versions begin as the newest known: read as that.
fn decode<M: Decodable>(mut bytes: Bytes) -> Result<M, ClientError> {
    let version = bytes.try_get_i16().map_err(|_| ClientError::protocol("group metadata shorter than its version"))?;
    if version < 0 {
        return Err(ClientError::protocol(format!("group metadata of version {version}")));
    }
    M::decode(&mut bytes, version.min(VERSION)).map_err(|error| ClientError::protocol(error.to_string()))
}

fn decode_subscription(bytes: Bytes) -> Result<Vec<Arc<str>>, ClientError> {
    let subscription: ConsumerProtocolSubscription = decode(bytes)?;
    Ok(subscription.topics.iter().map(|topic| Arc::from(topic.as_str())).collect())
}

fn encode_assignment(partitions: &[TopicPartition]) -> Result<Bytes, ClientError> {
    let mut topics: BTreeMap<&Arc<str>, Vec<i32>> = BTreeMap::new();
    for each in partitions {
        topics.entry(&each.topic).or_default().push(each.partition);
    }
    let topics = topics.into_iter().map(|(topic, partitions)| {
        AssignedTopic::default()
            .with_topic(TopicName(StrBytes::from_string(topic.to_string())))
            .with_partitions(partitions)
    });
    encode(&ConsumerProtocolAssignment::default().with_assigned_partitions(topics.collect()))
}

/// What was assigned to this member. No bytes at all are no partitions.
pub(super) fn decode_assignment(bytes: Bytes) -> Result<Vec<TopicPartition>, ClientError> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let assignment: ConsumerProtocolAssignment = decode(bytes)?;
    let mut partitions = Vec::new();
    for assigned in assignment.assigned_partitions {
        let topic: Arc<str> = assigned.topic.as_str().into();
        partitions.extend(assigned.partitions.into_iter().map(|each| TopicPartition::new(topic.clone(), each)));
    }
    partitions.sort();
    partitions.dedup();
    Ok(partitions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_are_javas_bytes() {
        let topics = BTreeSet::from([Arc::from("b"), Arc::from("a")]);
        let bytes = encode_subscription(&topics).unwrap();
        // Version 3; 2 topics; no user data; no owned partitions; generation -1; no rack.
        let expected = [
            &[0, 3][..],
            &[0, 0, 0, 2],
            &[0, 1, b'a', 0, 1, b'b'],
            &[0xff, 0xff, 0xff, 0xff],
            &[0, 0, 0, 0],
            &[0xff, 0xff, 0xff, 0xff],
            &[0xff, 0xff],
        ]
        .concat();
        assert_eq!(bytes, expected);
        assert_eq!(decode_subscription(bytes).unwrap(), [Arc::from("a"), Arc::from("b")]);
    }

    #[test]
    fn subscriptions_of_any_version_are_read() {
        // Version 0: topics and user data only.
        let old = [0, 0, 0, 0, 0, 1, 0, 1, b't', 0xff, 0xff, 0xff, 0xff];
        assert_eq!(decode_subscription(Bytes::copy_from_slice(&old)).unwrap(), [Arc::from("t")]);
        let mut newer = encode_subscription(&BTreeSet::from([Arc::from("t")])).unwrap().to_vec();
        newer[1] = 9;
        newer.extend_from_slice(b"something new");
        assert_eq!(decode_subscription(newer.into()).unwrap(), [Arc::from("t")]);
        for bad in [&b""[..], &[0], &[0xff, 0xff], &[0, 3, 0, 0, 0, 9]] {
            assert!(decode_subscription(Bytes::copy_from_slice(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn assignments_round_trip() {
        let partitions = vec![TopicPartition::new("a", 0), TopicPartition::new("a", 2), TopicPartition::new("b", 1)];
        assert_eq!(decode_assignment(encode_assignment(&partitions).unwrap()).unwrap(), partitions);
        assert_eq!(decode_assignment(Bytes::new()).unwrap(), []);
    }
}
