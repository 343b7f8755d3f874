//! Which topics there are. Each is a fact in the journal, under its name; partitions and configuration are part of it.
//! So is what the broker is told while it runs, which topics take their defaults from.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use kafka_wire::ErrorCode;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::append_rules::AppendRules;
use super::check_name;
use super::partition::Partition;
use crate::configs::{Layers, TopicSettings, check_topic};
use crate::journal::{Change, Journal, Kind};
use crate::log::LogSettings;
use crate::storage::Storage;

/// More partitions than a topic may have: Kafka's limit of changes in one request.
const MAX_PARTITIONS: i32 = 10_000;
/// More keys than a broker has; those that nobody knows are kept too.
const MAX_BROKER_KEYS: usize = 1_000;

/// A topic as it is at some moment. A change makes a new one, which shares the partitions.
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) id: Uuid,
    pub(crate) partitions: Vec<Arc<Partition>>,
    /// What was told for this topic.
    pub(crate) configs: Texts,
    settings: Arc<TopicSettings>,
}

/// Keys of a configuration and their values.
type Texts = BTreeMap<String, String>;

/// What the journal says of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Fact {
    id: String,
    partitions: i32,
    #[serde(default)]
    configs: Texts,
}

/// A topic to be made.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewTopic {
    pub(crate) name: String,
    pub(crate) partitions: i32,
    pub(crate) configs: Texts,
}

/// The topics of the broker.
pub(crate) struct Topics {
    storage: Arc<dyn Storage>,
    journal: Arc<Journal>,
    /// Held while topics are made, changed and deleted: the journal and the map change together, and nobody who only
    /// looks a topic up waits for a disk.
    changing: Mutex<()>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    topics: BTreeMap<String, Arc<Topic>>,
    /// What brokers are told while they run, by broker; under no name: all brokers.
    told: BTreeMap<String, Texts>,
    /// The same and what this broker was given at its start, as topics see it.
    layers: Arc<Layers>,
}

/// Why a topic was not made: an error and a sentence.
pub(crate) type Refusal = (ErrorCode, String);

impl Topic {
    /// A partition.
    pub(crate) fn partition(&self, index: i32) -> Option<&Arc<Partition>> {
        self.partitions.get(usize::try_from(index).ok()?)
    }

    /// What its configuration means now.
    pub(crate) fn settings(&self) -> &Arc<TopicSettings> {
        &self.settings
    }

    /// Tells the logs how they are kept. `flush_interval` is for a topic that says nothing of it.
    fn configure_logs(&self, flush_interval: Duration) {
        let settings = LogSettings {
            segment_bytes: self.settings.segment_bytes,
            segment_millis: self.settings.segment_ms,
            flush_messages: u64::try_from(self.settings.flush_messages).unwrap_or(1),
            flush_interval: match self.settings.flush_ms {
                // Parity: that is what Kafka says by default.
                i64::MAX => flush_interval,
                millis => Duration::from_millis(u64::try_from(millis).unwrap_or(0)),
            },
        };
        for partition in &self.partitions {
            partition.with_log(|log, _| log.configure(&settings));
        }
    }

    /// How batches are appended at `now`.
    pub(crate) fn append_rules(&self, now: i64) -> AppendRules {
        AppendRules {
            max_batch_bytes: self.settings.max_batch_bytes,
            retention_bytes: self.settings.retention_bytes.filter(|_| self.settings.deletes),
            append_time: self.settings.appends_time.then_some(now),
            timestamp_before_max: self.settings.timestamp_before_max_ms,
            timestamp_after_max: self.settings.timestamp_after_max_ms,
            compacts: self.settings.compacts,
            now,
        }
    }

    /// The same with another configuration.
    fn with_configs(&self, configs: Texts, settings: TopicSettings) -> Self {
        Self {
            name: self.name.clone(),
            id: self.id,
            partitions: self.partitions.clone(),
            configs,
            settings: Arc::new(settings),
        }
    }
}

impl Topics {
    /// No topics.
    pub(crate) fn new(storage: Arc<dyn Storage>, journal: Arc<Journal>) -> Self {
        Self { storage, journal, changing: Mutex::default(), known: Mutex::default() }
    }

    /// The topics that the journal knows, with the logs that are in `storage`.
    ///
    /// # Errors
    /// When a fact is not one of a topic, or a log cannot be opened; the sentence names the topic.
    pub(crate) fn restore(storage: Arc<dyn Storage>, journal: Arc<Journal>) -> io::Result<Self> {
        let mut known = Known { told: journal.all(Kind::Config)?.into_iter().collect(), ..Known::default() };
        for (name, fact) in journal.all::<Fact>(Kind::Topic)? {
            let about = |error: &dyn std::fmt::Display| io::Error::other(format!("the topic {name}: {error}"));
            let id = Uuid::parse_str(&fact.id).map_err(|error| about(&error))?;
            let open = |index| storage.open_log(&name, index).and_then(Partition::open).map(Arc::new);
            let partitions =
                (0..fact.partitions).map(open).collect::<io::Result<_>>().map_err(|error| about(&error))?;
            let settings = TopicSettings::new(&known.layers, &fact.configs).map_err(|error| about(&error))?;
            let settings = Arc::new(settings);
            let topic = Topic { name: name.clone(), id, partitions, configs: fact.configs, settings };
            known.topics.insert(name, Arc::new(topic));
        }
        Ok(Self { storage, journal, changing: Mutex::default(), known: Mutex::new(known) })
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<Topic>> {
        self.known.lock().topics.get(name).cloned()
    }

    pub(crate) fn by_id(&self, id: Uuid) -> Option<Arc<Topic>> {
        self.known.lock().topics.values().find(|topic| topic.id == id).cloned()
    }

    /// All topics, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Topic>> {
        self.known.lock().topics.values().cloned().collect()
    }

    /// Checks what [`Topics::create`] would do.
    ///
    /// # Errors
    /// As [`Topics::create`].
    pub(crate) fn check(&self, new: &NewTopic) -> Result<(), Refusal> {
        self.check_free(&new.name)?;
        self.check_configs(&new.configs)?;
        if new.partitions <= 0 {
            let message = "Number of partitions was set to an invalid non-positive value.";
            return Err((ErrorCode::InvalidPartitions, message.into()));
        }
        check_count(new.partitions)
    }

    /// Whether a new topic may have this name.
    ///
    /// # Errors
    /// When it is bad or taken, or differs from a taken one only in `.` and `_`, which metrics do not tell apart.
    pub(crate) fn check_free(&self, name: &str) -> Result<(), Refusal> {
        let known = self.known.lock();
        if known.topics.contains_key(name) {
            return Err((ErrorCode::TopicAlreadyExists, format!("Topic '{name}' already exists.")));
        }
        check_name(name).map_err(|message| (ErrorCode::InvalidTopicException, message))?;
        if let Some(other) = known.topics.keys().find(|other| collide(name, other)) {
            let message = format!("Topic '{name}' collides with existing topic: {other}");
            return Err((ErrorCode::InvalidTopicException, message));
        }
        Ok(())
    }

    /// Whether a topic may be told this.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn check_configs(&self, configs: &Texts) -> Result<(), Refusal> {
        self.settings_of(configs).map(|_| ())
    }

    fn settings_of(&self, configs: &Texts) -> Result<TopicSettings, Refusal> {
        check_topic(&self.layers(), configs).map_err(|message| (ErrorCode::InvalidConfig, message))
    }

    /// Makes a topic.
    ///
    /// # Errors
    /// When the name is bad or taken, the configuration or the number of partitions is bad, or it cannot be kept.
    pub(crate) fn create(&self, new: NewTopic, id: Uuid) -> Result<Arc<Topic>, Refusal> {
        let _changing = self.changing.lock();
        self.check(&new)?;
        let settings = Arc::new(self.settings_of(&new.configs)?);
        let partitions = self.new_partitions(&new.name, 0..new.partitions).map_err(|error| not_kept(&error))?;
        let topic = Arc::new(Topic { name: new.name, id, partitions, configs: new.configs, settings });
        self.keep(&topic)?;
        Ok(topic)
    }

    /// Gives a topic more partitions, `count` altogether; with `validate_only` only says whether that is possible.
    ///
    /// # Errors
    /// When there is no such topic, it has as many already, or they cannot be kept.
    pub(crate) fn grow(&self, name: &str, count: i32, validate_only: bool) -> Result<(), Refusal> {
        let _changing = self.changing.lock();
        let topic = self.get(name).ok_or_else(unknown)?;
        let has = topic.partitions.len() as i32;
        let invalid = |message: String| Err((ErrorCode::InvalidPartitions, message));
        if count == has {
            return invalid(format!("Topic already has {has} partition(s)."));
        }
        if count < has {
            return invalid(format!(
                "The topic {name} currently has {has} partition(s); {count} would not be an increase."
            ));
        }
        check_count(count)?;
        if validate_only {
            return Ok(());
        }
        let mut partitions = topic.partitions.clone();
        partitions.extend(self.new_partitions(name, has..count).map_err(|error| not_kept(&error))?);
        let grown = Topic {
            name: topic.name.clone(),
            id: topic.id,
            partitions,
            configs: topic.configs.clone(),
            settings: topic.settings.clone(),
        };
        self.keep(&Arc::new(grown))
    }

    /// Changes what a topic is told, from what it is told now; with `validate_only` only says whether that is possible.
    ///
    /// # Errors
    /// That of `change`; when the result is bad, there is no such topic, or it cannot be kept.
    pub(crate) fn alter(
        &self,
        name: &str,
        validate_only: bool,
        change: impl FnOnce(&Texts) -> Result<Texts, Refusal>,
    ) -> Result<(), Refusal> {
        let _changing = self.changing.lock();
        let topic = self.get(name);
        let configs = change(topic.as_ref().map_or(&Texts::new(), |topic| &topic.configs))?;
        let settings = self.settings_of(&configs)?;
        let gone = || (ErrorCode::UnknownTopicOrPartition, format!("The topic '{name}' does not exist."));
        let topic = topic.ok_or_else(gone)?;
        if validate_only || configs == topic.configs {
            return Ok(());
        }
        self.keep(&Arc::new(topic.with_configs(configs, settings)))
    }

    /// What topics take their defaults from.
    pub(crate) fn layers(&self) -> Arc<Layers> {
        self.known.lock().layers.clone()
    }

    /// A broker starts on these topics: what it was given counts from now on.
    pub(crate) fn serve(&self, node_id: i32, given: Texts) {
        let mut known = self.known.lock();
        let told = |name: &str| known.told.get(name).cloned().unwrap_or_default();
        known.layers = Arc::new(Layers { broker: told(&node_id.to_string()), cluster: told(""), given });
        known.resettle();
        drop(known);
        self.configure_logs();
    }

    /// Tells all logs how they are kept now.
    fn configure_logs(&self) {
        let flush_interval = self.storage.default_settings().flush_interval;
        self.all().iter().for_each(|topic| topic.configure_logs(flush_interval));
    }

    /// Changes what this broker is told, or with `all_brokers` every broker, as [`Topics::alter`].
    ///
    /// # Errors
    /// That of `change`; when there is too much of it, or it cannot be kept.
    pub(crate) fn alter_broker(
        &self,
        node_id: i32,
        all_brokers: bool,
        validate_only: bool,
        change: impl FnOnce(&Texts) -> Result<Texts, Refusal>,
    ) -> Result<(), Refusal> {
        let _changing = self.changing.lock();
        let mut layers = Layers::clone(&self.layers());
        let layer = if all_brokers { &mut layers.cluster } else { &mut layers.broker };
        *layer = change(layer)?;
        if layer.len() > MAX_BROKER_KEYS {
            let message = format!("A broker takes no more than {MAX_BROKER_KEYS} dynamic configs.");
            return Err((ErrorCode::InvalidRequest, message));
        }
        if validate_only {
            return Ok(());
        }
        let name = if all_brokers { String::new() } else { node_id.to_string() };
        let change = Change::put(Kind::Config, name.as_str(), layer).map_err(|error| not_kept(&error))?;
        self.journal.write(vec![change]).map_err(|error| not_kept(&error))?;
        let mut known = self.known.lock();
        known.told.insert(name, layer.clone());
        known.layers = Arc::new(layers);
        known.resettle();
        drop(known);
        self.configure_logs();
        Ok(())
    }

    /// Removes a topic with its records; `false` when there is none.
    ///
    /// # Errors
    /// When that cannot be kept; then the topic is still there.
    pub(crate) fn delete(&self, name: &str) -> Result<bool, Refusal> {
        let _changing = self.changing.lock();
        let Some(topic) = self.get(name) else { return Ok(false) };
        self.journal.write(vec![Change::forget(Kind::Topic, name)]).map_err(|error| not_kept(&error))?;
        self.known.lock().topics.remove(name);
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
            self.storage.open_log(topic, index).and_then(Partition::open).map(Arc::new)
        };
        indexes.map(open).collect()
    }

    /// Writes a topic into the journal and then shows it to everyone.
    fn keep(&self, topic: &Arc<Topic>) -> Result<(), Refusal> {
        let fact = Fact {
            id: topic.id.to_string(),
            partitions: topic.partitions.len() as i32,
            configs: topic.configs.clone(),
        };
        let written =
            Change::put(Kind::Topic, topic.name.as_str(), &fact).and_then(|change| self.journal.write(vec![change]));
        written.map_err(|error| not_kept(&error))?;
        topic.configure_logs(self.storage.default_settings().flush_interval);
        self.known.lock().topics.insert(topic.name.clone(), topic.clone());
        Ok(())
    }
}

impl Known {
    /// Topics have their settings from what the broker is told now.
    fn resettle(&mut self) {
        for topic in self.topics.values_mut() {
            match TopicSettings::new(&self.layers, &topic.configs) {
                Ok(settings) if settings == *topic.settings => {}
                Ok(settings) => *topic = Arc::new(topic.with_configs(topic.configs.clone(), settings)),
                Err(error) => tracing::warn!(topic = topic.name, error, "a topic's configuration cannot be read"),
            }
        }
    }
}

/// Whether metrics take two names for one.
fn collide(name: &str, other: &str) -> bool {
    let plain = |byte| if byte == b'.' { b'_' } else { byte };
    name.len() == other.len() && name.bytes().map(plain).eq(other.bytes().map(plain))
}

fn check_count(partitions: i32) -> Result<(), Refusal> {
    if partitions > MAX_PARTITIONS {
        return Err((ErrorCode::PolicyViolation, "Excessively large number of partitions per request.".into()));
    }
    Ok(())
}

fn unknown() -> Refusal {
    (ErrorCode::UnknownTopicOrPartition, ErrorCode::UnknownTopicOrPartition.message().to_owned())
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
        let topics = Topics::new(Arc::new(Memory::default()), journal.clone());
        let configs = BTreeMap::from([("cleanup.policy".to_owned(), "compact".to_owned())]);
        let made = topics.create(NewTopic { configs, ..topic("a", 3) }, Uuid::from_u128(7)).unwrap();
        topics.create(topic("b", 1), Uuid::from_u128(8)).unwrap();
        assert!(topics.delete("b").unwrap());
        assert!(!topics.delete("b").unwrap());
        let restored = Topics::restore(Arc::new(Memory::default()), journal).unwrap();
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
        let error = Topics::restore(Arc::new(Memory::default()), journal).err().unwrap();
        assert!(error.to_string().contains("the topic odd"), "{error}");
    }

    fn topics() -> Topics {
        Topics::new(Arc::new(Memory::default()), Arc::new(Journal::in_memory()))
    }

    #[test]
    fn the_first_to_take_a_name_has_it() {
        let topics = topics();
        topics.create(topic("a.b", 1), Uuid::from_u128(1)).unwrap();
        let (code, message) = topics.create(topic("a.b", 2), Uuid::from_u128(2)).err().unwrap();
        assert_eq!((code, message.as_str()), (ErrorCode::TopicAlreadyExists, "Topic 'a.b' already exists."));
        assert_eq!(topics.get("a.b").unwrap().partitions.len(), 1);
        let (code, message) = topics.create(topic("a_b", 2), Uuid::from_u128(2)).err().unwrap();
        assert_eq!(code, ErrorCode::InvalidTopicException);
        assert_eq!(message, "Topic 'a_b' collides with existing topic: a.b");
        topics.create(topic("a-b", 1), Uuid::from_u128(3)).unwrap();
    }

    #[test]
    fn a_topic_grows_and_keeps_what_it_has() {
        let topics = topics();
        topics.create(topic("a", 2), Uuid::from_u128(1)).unwrap();
        let before = topics.get("a").unwrap();
        let says = |count| topics.grow("a", count, false).unwrap_err();
        assert_eq!(says(2), (ErrorCode::InvalidPartitions, "Topic already has 2 partition(s).".into()));
        let message = "The topic a currently has 2 partition(s); 1 would not be an increase.";
        assert_eq!(says(1), (ErrorCode::InvalidPartitions, message.into()));
        assert_eq!(says(10_001).0, ErrorCode::PolicyViolation);
        assert_eq!(topics.grow("b", 3, false).unwrap_err().0, ErrorCode::UnknownTopicOrPartition);
        topics.grow("a", 5, true).unwrap();
        assert_eq!(topics.get("a").unwrap().partitions.len(), 2);
        topics.grow("a", 5, false).unwrap();
        let after = topics.get("a").unwrap();
        assert_eq!((after.partitions.len(), after.id), (5, before.id));
        assert!(Arc::ptr_eq(&before.partitions[1], &after.partitions[1]));
        let restored = Topics::restore(Arc::new(Memory::default()), topics.journal.clone()).unwrap();
        assert_eq!(restored.get("a").unwrap().partitions.len(), 5);
    }

    fn set(key: &str, value: &str) -> impl FnOnce(&Texts) -> Result<Texts, Refusal> {
        let (key, value) = (key.to_owned(), value.to_owned());
        move |told| {
            let mut told = told.clone();
            told.insert(key, value);
            Ok(told)
        }
    }

    #[test]
    fn what_topic_and_broker_are_told_counts_at_once_and_after_a_restart() {
        let topics = topics();
        topics.create(topic("a", 1), Uuid::from_u128(1)).unwrap();
        let largest = |topics: &Topics| topics.get("a").unwrap().settings().max_batch_bytes;
        assert_eq!(largest(&topics), 1_048_588);
        topics.serve(7, Texts::from([("message.max.bytes".into(), "9".into())]));
        assert_eq!(largest(&topics), 9);
        topics.alter_broker(7, true, false, set("message.max.bytes", "8")).unwrap();
        assert_eq!(largest(&topics), 8);
        topics.alter_broker(7, false, true, set("message.max.bytes", "5")).unwrap();
        topics.alter_broker(7, false, false, set("message.max.bytes", "7")).unwrap();
        assert_eq!(largest(&topics), 7);
        topics.alter("a", true, set("max.message.bytes", "5")).unwrap();
        assert_eq!(largest(&topics), 7);
        topics.alter("a", false, set("max.message.bytes", "6")).unwrap();
        assert_eq!(largest(&topics), 6);
        topics.alter("a", false, |_| Ok(Texts::new())).unwrap();
        let (code, message) = topics.alter("a", false, set("no.such", "6")).unwrap_err();
        assert_eq!((code, message.as_str()), (ErrorCode::InvalidConfig, "Unknown topic config name: no.such"));
        let restored = Topics::restore(Arc::new(Memory::default()), topics.journal.clone()).unwrap();
        restored.serve(7, Texts::new());
        assert_eq!(largest(&restored), 7);
        restored.serve(6, Texts::new());
        assert_eq!(largest(&restored), 8);
    }
}
