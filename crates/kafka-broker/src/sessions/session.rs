//! One session: its partitions in the order in which they are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_wire::StrBytes;
use kafka_wire::messages::TopicName;
use kafka_wire::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use kafka_wire::messages::fetch_response::PartitionData;

use crate::topics::{Partition, Topics};

/// The partitions that are fetched. Those that had records go to the end of the order, so that each has its turn when
/// not all fit into an answer.
#[derive(Default)]
pub(crate) struct Session {
    /// The next request's; that of a session that is not kept means nothing.
    pub(crate) epoch: i32,
    /// By their place in the order.
    partitions: BTreeMap<u64, Watched>,
    places: BTreeMap<(TopicName, i32), u64>,
    next_place: u64,
}

/// What of a session changes with a request.
pub(crate) struct Changes {
    pub(crate) topics: Vec<FetchTopic>,
    pub(crate) forgotten: Vec<ForgottenTopic>,
}

/// A partition that is fetched.
pub(crate) struct Watched {
    pub(crate) topic: TopicName,
    pub(crate) index: i32,
    pub(crate) position: Position,
    /// Where it was found last.
    found: Option<Arc<Partition>>,
    /// What the client was told last; −1: nothing, or an error.
    high_watermark: i64,
    start_offset: i64,
}

/// What a client says about a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) offset: i64,
    pub(crate) max_bytes: usize,
    /// The leader's epoch as far as the client knows; −1: it does not.
    pub(crate) leader_epoch: i32,
}

impl Session {
    /// With the partitions of a request.
    pub(crate) fn new(topics: Vec<FetchTopic>) -> Self {
        let mut session = Self::default();
        session.change(Changes { topics, forgotten: Vec::new() });
        session
    }

    /// Takes in what a request says: partitions that are new come last, others stay where they are.
    pub(crate) fn change(&mut self, changes: Changes) {
        for topic in changes.topics {
            // The name in the request is part of its bytes, and would keep all of them.
            let mut own: Option<TopicName> = None;
            for asked in topic.partitions {
                let position = Position::from(&asked);
                let place = self.places.get(&(topic.topic.clone(), asked.partition));
                if let Some(watched) = place.and_then(|place| self.partitions.get_mut(place)) {
                    watched.position = position;
                    continue;
                }
                let name = own.get_or_insert_with(|| TopicName(StrBytes::from_string(topic.topic.to_string()))).clone();
                self.add(Watched {
                    topic: name,
                    index: asked.partition,
                    position,
                    found: None,
                    high_watermark: -1,
                    start_offset: -1,
                });
            }
        }
        for topic in changes.forgotten {
            for index in topic.partitions {
                if let Some(place) = self.places.remove(&(topic.topic.clone(), index)) {
                    self.partitions.remove(&place);
                }
            }
        }
    }

    fn add(&mut self, watched: Watched) {
        self.places.insert((watched.topic.clone(), watched.index), self.next_place);
        self.partitions.insert(self.next_place, watched);
        self.next_place += 1;
    }

    /// How many partitions there are.
    pub(crate) fn len(&self) -> usize {
        self.partitions.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    /// The partitions and their places, in order.
    pub(crate) fn partitions(&mut self) -> impl Iterator<Item = (u64, &mut Watched)> {
        self.partitions.iter_mut().map(|(place, watched)| (*place, watched))
    }

    /// The topic of the partition at a place.
    pub(crate) fn topic_at(&self, place: u64) -> Option<&TopicName> {
        self.partitions.get(&place).map(|watched| &watched.topic)
    }

    /// The client is told `data` of the partition at a place. With `moves`, one with records goes to the end.
    pub(crate) fn told(&mut self, place: u64, data: &PartitionData, moves: bool) {
        let Some(watched) = self.partitions.get_mut(&place) else { return };
        watched.high_watermark = if data.error_code == 0 { data.high_watermark } else { -1 };
        watched.start_offset = data.log_start_offset;
        let has_records = data.records.as_ref().is_some_and(|records| !records.is_empty());
        if moves
            && has_records
            && let Some(watched) = self.partitions.remove(&place)
        {
            self.add(watched);
        }
    }
}

impl Watched {
    /// The partition, if there is one.
    pub(crate) fn partition(&mut self, topics: &Topics) -> Option<&Arc<Partition>> {
        if self.found.is_none() {
            self.found = topics.get(&self.topic).and_then(|topic| topic.partition(self.index).cloned());
        }
        self.found.as_ref()
    }

    /// What was found last is no more: it is looked for again.
    pub(crate) fn lose(&mut self) {
        self.found = None;
    }

    /// Whether a client that has a session is told this.
    pub(crate) fn is_news(&self, data: &PartitionData) -> bool {
        data.error_code != 0
            || data.records.as_ref().is_some_and(|records| !records.is_empty())
            || self.high_watermark != data.high_watermark
            || self.start_offset != data.log_start_offset
    }
}

impl From<&FetchPartition> for Position {
    fn from(asked: &FetchPartition) -> Self {
        Self {
            offset: asked.fetch_offset,
            max_bytes: usize::try_from(asked.partition_max_bytes).unwrap_or(0),
            leader_epoch: asked.current_leader_epoch,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn topic(name: &str, partitions: &[(i32, i64)]) -> FetchTopic {
        let partitions = partitions
            .iter()
            .map(|(partition, offset)| FetchPartition::default().with_partition(*partition).with_fetch_offset(*offset));
        FetchTopic::default()
            .with_topic(TopicName(StrBytes::from_string(name.to_owned())))
            .with_partitions(partitions.collect())
    }

    fn forgotten(name: &str, partitions: &[i32]) -> ForgottenTopic {
        ForgottenTopic::default()
            .with_topic(TopicName(StrBytes::from_string(name.to_owned())))
            .with_partitions(partitions.to_vec())
    }

    fn shown(session: &mut Session) -> Vec<(String, i32, i64)> {
        let all = session.partitions();
        all.map(|(_, watched)| (watched.topic.to_string(), watched.index, watched.position.offset)).collect()
    }

    fn data(records: &'static str) -> PartitionData {
        PartitionData::default().with_records(Some(Bytes::from_static(records.as_bytes())))
    }

    #[test]
    fn partitions_come_change_and_go() {
        let mut session = Session::new(vec![topic("a", &[(0, 5), (1, 6)]), topic("b", &[(0, 7)])]);
        let at = |name: &str, index, offset| (name.to_owned(), index, offset);
        session.change(Changes {
            topics: vec![topic("a", &[(2, 1), (0, 8)])],
            forgotten: vec![forgotten("a", &[1, 9]), forgotten("c", &[0])],
        });
        assert_eq!(shown(&mut session), [at("a", 0, 8), at("b", 0, 7), at("a", 2, 1)]);
        session.change(Changes { topics: vec![], forgotten: vec![forgotten("a", &[0, 2]), forgotten("b", &[0])] });
        assert!(session.is_empty() && session.places.is_empty());
    }

    #[test]
    fn only_news_are_told() {
        let mut session = Session::new(vec![topic("a", &[(0, 0)])]);
        let news = |session: &mut Session, data: &PartitionData| session.partitions().next().unwrap().1.is_news(data);
        let empty = data("").with_high_watermark(3).with_log_start_offset(0);
        assert!(news(&mut session, &empty));
        session.told(0, &empty, true);
        assert!(!news(&mut session, &empty));
        assert!(news(&mut session, &empty.clone().with_high_watermark(4)));
        assert!(news(&mut session, &empty.clone().with_log_start_offset(1)));
        assert!(news(&mut session, &data("x").with_high_watermark(3).with_log_start_offset(0)));
        // After an error everything is news.
        let error = data("").with_error_code(1).with_high_watermark(3).with_log_start_offset(0);
        session.told(0, &error, true);
        assert!(news(&mut session, &error) && news(&mut session, &empty));
    }

    proptest! {
        /// Whatever had records comes after everything that had none.
        #[test]
        fn each_partition_has_its_turn(rounds in prop::collection::vec(prop::collection::vec(any::<bool>(), 4), 1..20)) {
            let mut session = Session::new(vec![topic("a", &[(0, 0), (1, 0), (2, 0), (3, 0)])]);
            let mut model = vec![0, 1, 2, 3];
            for round in rounds {
                let order: Vec<(u64, i32)> = session.partitions().map(|(place, each)| (place, each.index)).collect();
                prop_assert_eq!(order.iter().map(|(_, index)| *index).collect::<Vec<_>>(), model.clone());
                let had = |index: &i32| round[*index as usize];
                for (place, index) in &order {
                    session.told(*place, &data(if had(index) { "x" } else { "" }), true);
                }
                let (with, without): (Vec<i32>, Vec<i32>) = model.into_iter().partition(had);
                model = [without, with].concat();
            }
            prop_assert_eq!(session.len(), session.places.len());
        }
    }
}
