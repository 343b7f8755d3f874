//! Which topics there are. Each is a fact in the journal, under its name; partitions and settings are part of it.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use kafka_wire::ErrorCode;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::check_name;
use super::partition::{AppendRules, Partition};
use crate::journal::{Change, Journal, Kind};
use crate::storage::Storage;

/// More partitions than one node can have.
const MAX_PARTITIONS: i32 = 10_000;

/// A topic as it is at some moment. A change makes a new one, which shares the partitions.
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) id: Uuid,
    pub(crate) partitions: Vec<Arc<Partition>>,
    /// What was set for this topic.
    pub(crate) configs: BTreeMap<String, String>,
}

/// What the journal says of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Fact {
    id: String,
    partitions: i32,
    #[serde(default)]
    configs: BTreeMap<String, String>,
}

/// A topic to be made.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewTopic {
    pub(crate) name: String,
    pub(crate) partitions: i32,
    pub(crate) configs: BTreeMap<String, String>,
}

/// The topics of the broker.
pub(crate) struct Topics {
    storage: Arc<dyn Storage>,
    journal: Arc<Journal>,
    /// Held while topics are made, changed and deleted: the journal and the map change together, and nobody who only
    /// looks a topic up waits for a disk.
    changing: Mutex<()>,
    topics: Mutex<BTreeMap<String, Arc<Topic>>>,
}

/// Why a topic was not made: an error and a sentence.
pub(crate) type Refusal = (ErrorCode, String);

impl Topic {
    /// A partition.
    pub(crate) fn partition(&self, index: i32) -> Option<&Arc<Partition>> {
        self.partitions.get(usize::try_from(index).ok()?)
    }

    /// How batches are appended at `now`, where the broker's largest batch is `max_batch_bytes`.
    pub(crate) fn append_rules(&self, max_batch_bytes: usize, now: i64) -> AppendRules {
        let number = |key: &str| self.configs.get(key).and_then(|text| text.parse().ok());
        let appends_time =
            self.configs.get("message.timestamp.type").is_some_and(|text| text.eq_ignore_ascii_case("LogAppendTime"));
        AppendRules {
            max_batch_bytes: number("max.message.bytes").map_or(max_batch_bytes, |bytes: u64| bytes as usize),
            retention_bytes: number("retention.bytes"),
            append_time: appends_time.then_some(now),
        }
    }
}

impl Topics {
    /// No topics.
    pub(crate) fn new(storage: Arc<dyn Storage>, journal: Arc<Journal>) -> Self {
        Self { storage, journal, changing: Mutex::default(), topics: Mutex::default() }
    }

    /// The topics that the journal knows, with the logs that are in `storage`.
    ///
    /// # Errors
    /// When a fact is not one of a topic, or a log cannot be opened; the sentence names the topic.
    #[allow(dead_code, reason = "in memory, topics outlive the broker by themselves")]
    pub(crate) fn restore(storage: Arc<dyn Storage>, journal: Arc<Journal>) -> io::Result<Self> {
        let mut topics = BTreeMap::new();
        for (name, fact) in journal.all::<Fact>(Kind::Topic)? {
            let about = |error: &dyn std::fmt::Display| io::Error::other(format!("the topic {name}: {error}"));
            let id = Uuid::parse_str(&fact.id).map_err(|error| about(&error))?;
            let open = |index| storage.open_log(&name, index).map(|log| Arc::new(Partition::new(log)));
            let partitions =
                (0..fact.partitions).map(open).collect::<io::Result<_>>().map_err(|error| about(&error))?;
            let topic = Topic { name: name.clone(), id, partitions, configs: fact.configs };
            topics.insert(name, Arc::new(topic));
        }
        Ok(Self { storage, journal, changing: Mutex::default(), topics: Mutex::new(topics) })
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<Topic>> {
        self.topics.lock().get(name).cloned()
    }

    pub(crate) fn by_id(&self, id: Uuid) -> Option<Arc<Topic>> {
        self.topics.lock().values().find(|topic| topic.id == id).cloned()
    }

    /// All topics, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Topic>> {
        self.topics.lock().values().cloned().collect()
    }

    /// Checks what [`Topics::create`] would do.
    ///
    /// # Errors
    /// As [`Topics::create`].
    pub(crate) fn check(&self, new: &NewTopic) -> Result<(), Refusal> {
        check_name(&new.name).map_err(|message| (ErrorCode::InvalidTopicException, message))?;
        if self.topics.lock().contains_key(&new.name) {
            return Err((ErrorCode::TopicAlreadyExists, format!("Topic '{}' already exists.", new.name)));
        }
        if new.partitions <= 0 {
            let message = "Number of partitions was set to an invalid non-positive value.";
            return Err((ErrorCode::InvalidPartitions, message.into()));
        }
        if new.partitions > MAX_PARTITIONS {
            let message = format!("This broker does not make topics of more than {MAX_PARTITIONS} partitions.");
            return Err((ErrorCode::InvalidPartitions, message));
        }
        Ok(())
    }

    /// Makes a topic.
    ///
    /// # Errors
    /// When the name is bad or taken, the number of partitions is bad, or it cannot be kept.
    pub(crate) fn create(&self, new: NewTopic, id: Uuid) -> Result<Arc<Topic>, Refusal> {
        let _changing = self.changing.lock();
        self.check(&new)?;
        let partitions = self.new_partitions(&new.name, 0..new.partitions).map_err(|error| not_kept(&error))?;
        let topic = Arc::new(Topic { name: new.name, id, partitions, configs: new.configs });
        self.keep(&topic).map_err(|error| not_kept(&error))?;
        Ok(topic)
    }

    /// Removes a topic with its records; `false` when there is none.
    ///
    /// # Errors
    /// When that cannot be kept; then the topic is still there.
    pub(crate) fn delete(&self, name: &str) -> Result<bool, Refusal> {
        let _changing = self.changing.lock();
        let Some(topic) = self.get(name) else { return Ok(false) };
        self.journal.write(vec![Change::forget(Kind::Topic, name)]).map_err(|error| not_kept(&error))?;
        self.topics.lock().remove(name);
        for (partition, index) in topic.partitions.iter().zip(0..) {
            partition.delete();
            // The topic is gone all the same; what is left is cleared away before a new topic takes the name.
            if let Err(error) = self.storage.delete_log(name, index) {
                tracing::warn!(topic = name, partition = index, %error, "the log of a deleted topic cannot be removed");
            }
        }
        Ok(true)
    }

    /// Opens new, empty logs.
    fn new_partitions(&self, topic: &str, indexes: std::ops::Range<i32>) -> io::Result<Vec<Arc<Partition>>> {
        let open = |index| {
            // A crash between the deletion of a topic and that of its logs, or between the making of logs and that of
            // their topic, leaves logs that belong to nobody.
            self.storage.delete_log(topic, index)?;
            self.storage.open_log(topic, index).map(|log| Arc::new(Partition::new(log)))
        };
        indexes.map(open).collect()
    }

    /// Writes a topic into the journal and then shows it to everyone.
    fn keep(&self, topic: &Arc<Topic>) -> io::Result<()> {
        let fact = Fact {
            id: topic.id.to_string(),
            partitions: topic.partitions.len() as i32,
            configs: topic.configs.clone(),
        };
        self.journal.write(vec![Change::put(Kind::Topic, topic.name.as_str(), &fact)?])?;
        self.topics.lock().insert(topic.name.clone(), topic.clone());
        Ok(())
    }
}

fn not_kept(error: &io::Error) -> Refusal {
    (ErrorCode::KafkaStorageError, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Memory;

    fn topic(name: &str, partitions: i32) -> NewTopic {
        NewTopic { name: name.into(), partitions, ..NewTopic::default() }
    }

    #[test]
    fn topics_come_back_from_the_journal() {
        let journal = Arc::new(Journal::in_memory());
        let topics = Topics::new(Arc::new(Memory), journal.clone());
        let configs = BTreeMap::from([("cleanup.policy".to_owned(), "compact".to_owned())]);
        let made = topics.create(NewTopic { configs, ..topic("a", 3) }, Uuid::from_u128(7)).unwrap();
        topics.create(topic("b", 1), Uuid::from_u128(8)).unwrap();
        assert!(topics.delete("b").unwrap());
        assert!(!topics.delete("b").unwrap());
        let restored = Topics::restore(Arc::new(Memory), journal).unwrap();
        assert_eq!(restored.all().len(), 1);
        let found = restored.get("a").unwrap();
        assert_eq!((found.id, found.partitions.len(), &found.configs), (made.id, 3, &made.configs));
        assert_eq!(restored.by_id(made.id).unwrap().name, "a");
    }

    #[test]
    fn a_fact_that_is_none_is_an_error_with_its_name() {
        let journal = Arc::new(Journal::in_memory());
        let fact = Fact { id: "x".into(), partitions: 1, configs: BTreeMap::new() };
        journal.write(vec![Change::put(Kind::Topic, "odd", &fact).unwrap()]).unwrap();
        let error = Topics::restore(Arc::new(Memory), journal).err().unwrap();
        assert!(error.to_string().contains("the topic odd"), "{error}");
    }

    #[test]
    fn the_first_to_take_a_name_has_it() {
        let topics = Topics::new(Arc::new(Memory), Arc::new(Journal::in_memory()));
        topics.create(topic("a", 1), Uuid::from_u128(1)).unwrap();
        let (code, message) = topics.create(topic("a", 2), Uuid::from_u128(2)).err().unwrap();
        assert_eq!((code, message.as_str()), (ErrorCode::TopicAlreadyExists, "Topic 'a' already exists."));
        assert_eq!(topics.get("a").unwrap().partitions.len(), 1);
    }
}
