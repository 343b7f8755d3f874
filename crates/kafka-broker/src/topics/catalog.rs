//! Which topics there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_wire::ErrorCode;
use parking_lot::Mutex;
use uuid::Uuid;

use super::check_name;
use super::partition::{AppendRules, Partition};
use crate::storage::Storage;

/// More partitions than one node can have.
const MAX_PARTITIONS: i32 = 10_000;

/// A topic.
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) id: Uuid,
    pub(crate) partitions: Vec<Partition>,
    /// What was set when it was created.
    pub(crate) configs: BTreeMap<String, String>,
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
    topics: Mutex<BTreeMap<String, Arc<Topic>>>,
}

/// Why a topic was not made: an error and a sentence.
pub(crate) type Refusal = (ErrorCode, String);

impl Topic {
    /// A partition.
    pub(crate) fn partition(&self, index: i32) -> Option<&Partition> {
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
    pub(crate) fn new(storage: Arc<dyn Storage>) -> Self {
        Self { storage, topics: Mutex::default() }
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
    /// When the name is bad or taken, or the number of partitions is bad.
    pub(crate) fn create(&self, new: NewTopic, id: Uuid) -> Result<Arc<Topic>, Refusal> {
        self.check(&new)?;
        let open = |index| self.storage.open_log(&new.name, index).map(Partition::new);
        let partitions = (0..new.partitions).map(open).collect::<Result<_, _>>();
        let partitions = partitions.map_err(|error| (ErrorCode::KafkaStorageError, error.to_string()))?;
        let topic = Arc::new(Topic { name: new.name.clone(), id, partitions, configs: new.configs });
        // Two requests may create it at the same time: the first counts.
        let topic = self.topics.lock().entry(new.name).or_insert(topic).clone();
        if topic.id == id {
            Ok(topic)
        } else {
            Err((ErrorCode::TopicAlreadyExists, format!("Topic '{}' already exists.", topic.name)))
        }
    }

    /// Removes a topic with its records; `false` when there is none.
    pub(crate) fn delete(&self, name: &str) -> bool {
        let removed = self.topics.lock().remove(name);
        if let Some(topic) = &removed {
            topic.partitions.iter().for_each(Partition::delete);
        }
        removed.is_some()
    }
}
