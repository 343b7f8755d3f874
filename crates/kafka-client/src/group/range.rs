//! The `range` assignor: per topic, consecutive partitions to the members in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::topic_partition::TopicPartition;

/// The name under which members offer it.
pub const NAME: &str = "range";

/// A member and what it subscribed to. Members sort by instance id where they have one, before those that have none,
/// then by member id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// The member's id.
    pub member_id: String,
    /// `group.instance.id`.
    pub instance_id: Option<String>,
    /// Its topics.
    pub topics: Vec<Arc<str>>,
}

/// Which partitions each member gets, by member id; every member is there, perhaps with none. `partitions` has the number
/// of partitions of each topic; a topic that is not there has none.
///
/// Does what Java's RangeAssignor does for members without racks.
pub fn assign(
    partitions: &BTreeMap<Arc<str>, i32>,
    subscribers: &[Subscriber],
) -> BTreeMap<String, Vec<TopicPartition>> {
    let mut assignment: BTreeMap<String, Vec<TopicPartition>> =
        subscribers.iter().map(|subscriber| (subscriber.member_id.clone(), Vec::new())).collect();
    let mut by_topic: BTreeMap<&Arc<str>, Vec<&Subscriber>> = BTreeMap::new();
    for subscriber in subscribers {
        for topic in &subscriber.topics {
            let of_topic = by_topic.entry(topic).or_default();
            if !of_topic.iter().any(|other| other.member_id == subscriber.member_id) {
                of_topic.push(subscriber);
            }
        }
    }
    for (topic, mut members) in by_topic {
        let count = partitions.get(topic).copied().unwrap_or(0).max(0);
        members.sort_by(|a, b| order(a).cmp(&order(b)));
        let among = i32::try_from(members.len()).unwrap_or(i32::MAX);
        let (each, extra) = (count / among, count % among);
        let mut next = 0;
        for (at, member) in members.iter().enumerate() {
            let share = each + i32::from((at as i64) < i64::from(extra));
            let range = next..next + share;
            next += share;
            if let Some(assigned) = assignment.get_mut(&member.member_id) {
                assigned.extend(range.map(|partition| TopicPartition::new(topic.clone(), partition)));
            }
        }
    }
    assignment
}

fn order(subscriber: &Subscriber) -> (bool, &str, &str) {
    let instance = subscriber.instance_id.as_deref();
    (instance.is_none(), instance.unwrap_or_default(), &subscriber.member_id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn subscriber(id: &str, topics: &[&str]) -> Subscriber {
        let topics = topics.iter().map(|topic| Arc::from(*topic)).collect();
        Subscriber { member_id: id.to_owned(), instance_id: None, topics }
    }

    fn assigned(counts: &[(&str, i32)], subscribers: &[Subscriber]) -> Vec<(String, String)> {
        let counts = counts.iter().map(|(topic, count)| (Arc::from(*topic), *count)).collect();
        let text =
            |partitions: Vec<TopicPartition>| partitions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assign(&counts, subscribers).into_iter().map(|(member, partitions)| (member, text(partitions))).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    // The cases and results of Java's RangeAssignorTest.

    #[test]
    fn one_member_one_topic() {
        assert_eq!(assigned(&[("t", 3)], &[subscriber("c1", &["t"])]), pairs(&[("c1", "t-0 t-1 t-2")]));
        assert_eq!(assigned(&[], &[subscriber("c1", &["t"])]), pairs(&[("c1", "")]));
        assert_eq!(assigned(&[("t", 3)], &[subscriber("c1", &[])]), pairs(&[("c1", "")]));
    }

    #[test]
    fn only_subscribed_topics() {
        let all = [("t", 3), ("other", 3)];
        assert_eq!(assigned(&all, &[subscriber("c1", &["t"])]), pairs(&[("c1", "t-0 t-1 t-2")]));
    }

    #[test]
    fn two_members_one_partition() {
        let two = [subscriber("c1", &["t"]), subscriber("c2", &["t"])];
        assert_eq!(assigned(&[("t", 1)], &two), pairs(&[("c1", "t-0"), ("c2", "")]));
        assert_eq!(assigned(&[("t", 2)], &two), pairs(&[("c1", "t-0"), ("c2", "t-1")]));
    }

    #[test]
    fn mixed_topics() {
        let three = [subscriber("c1", &["t1"]), subscriber("c2", &["t1", "t2"]), subscriber("c3", &["t1"])];
        assert_eq!(
            assigned(&[("t1", 3), ("t2", 2)], &three),
            pairs(&[("c1", "t1-0"), ("c2", "t1-1 t2-0 t2-1"), ("c3", "t1-2")])
        );
    }

    #[test]
    fn two_members_two_topics_six_partitions() {
        let two = [subscriber("c1", &["t1", "t2"]), subscriber("c2", &["t1", "t2"])];
        assert_eq!(
            assigned(&[("t1", 3), ("t2", 3)], &two),
            pairs(&[("c1", "t1-0 t1-1 t2-0 t2-1"), ("c2", "t1-2 t2-2")])
        );
    }

    #[test]
    fn static_members_come_first_by_instance() {
        let mut members = [subscriber("c1", &["t"]), subscriber("c2", &["t"]), subscriber("c3", &["t"])];
        members[2].instance_id = Some("a".to_owned());
        members[1].instance_id = Some("b".to_owned());
        assert_eq!(assigned(&[("t", 5)], &members), pairs(&[("c1", "t-4"), ("c2", "t-2 t-3"), ("c3", "t-0 t-1")]));
    }

    proptest! {
        #[test]
        fn each_partition_goes_to_exactly_one_member(
            counts in proptest::collection::vec(0..9_i32, 1..4),
            members in 1..6_usize,
        ) {
            let names: Vec<String> = (0..counts.len()).map(|at| format!("t{at}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let members: Vec<_> = (0..members).map(|at| subscriber(&format!("c{at}"), &names)).collect();
            let by_topic: BTreeMap<Arc<str>, i32> =
                names.iter().zip(&counts).map(|(name, count)| (Arc::from(*name), *count)).collect();
            let mut all: Vec<TopicPartition> = assign(&by_topic, &members).into_values().flatten().collect();
            all.sort();
            let mut expected: Vec<TopicPartition> = Vec::new();
            for (topic, count) in &by_topic {
                expected.extend((0..*count).map(|partition| TopicPartition::new(topic.clone(), partition)));
            }
            prop_assert_eq!(all, expected);
        }
    }
}
