//! Where values come from: what was told while the broker runs counts before what was given at its start, and that
//! before the defaults.

use std::collections::BTreeMap;

use kafka_config::{RawConfig, convert_to_string};

use super::topic_keys::synonyms;
use super::{broker_keys, topic_keys};

/// Keys and values as text.
pub(crate) type Texts = BTreeMap<String, String>;

/// Where a value comes from, by Kafka's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i8)]
pub(crate) enum Source {
    /// Told for the topic.
    Topic = 1,
    /// Told for this broker.
    Broker = 2,
    /// Told for all brokers.
    Cluster = 3,
    /// Given at the broker's start.
    Given = 4,
    /// Nobody said anything.
    Default = 5,
}

/// What the broker was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Layers {
    /// For this broker, while it runs.
    pub(crate) broker: Texts,
    /// For all brokers, while they run.
    pub(crate) cluster: Texts,
    /// At its start.
    pub(crate) given: Texts,
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) source: Source,
}

impl Layers {
    /// Every value that one of `names` has, the one that counts first.
    pub(super) fn find(&self, names: &[&str]) -> Vec<Found> {
        let mut found = Vec::new();
        let told = [(&self.broker, Source::Broker), (&self.cluster, Source::Cluster), (&self.given, Source::Given)];
        let mut add = |name: &str, value: String, source| found.push(Found { name: name.to_owned(), value, source });
        for (layer, source) in told {
            for name in names {
                if let Some(value) = layer.get(*name) {
                    add(name, value.clone(), source);
                }
            }
        }
        for name in names {
            let default = broker_keys::DEFINITION.get(name).and_then(|key| key.default_value());
            if let Some(default) = default {
                add(name, convert_to_string(default), Source::Default);
            }
        }
        found
    }

    /// What a topic gets from the broker, completed by what it was told itself; without the defaults of topics.
    pub(super) fn topic(&self, told: &Texts) -> RawConfig {
        let mut all = RawConfig::new();
        for key in topic_keys::DEFINITION.keys() {
            if let Some(value) = told.get(&key.name).cloned().or_else(|| self.inherited(&key.name)) {
                all.insert(key.name.clone(), value);
            }
        }
        all
    }

    /// The value that a topic's key gets from the broker.
    fn inherited(&self, key: &str) -> Option<String> {
        synonyms(key).iter().find_map(|synonym| {
            let value = [&self.broker, &self.cluster, &self.given].iter().find_map(|layer| layer.get(synonym.name))?;
            if synonym.factor == 1 {
                return Some(value.clone());
            }
            let number: i64 = value.trim().parse().ok()?;
            Some(number.saturating_mul(synonym.factor).to_string())
        })
    }
}
