//! TopicNameMatches: the whole name of the topic matches a pattern.

use std::sync::Arc;

use connect_api::plugin::{Plugin, PredicatePlugin};
use connect_api::{Predicate, Record, Result};
use kafka_config::{ConfigDef, ConfigError, ConfigKey, NonEmptyString, RawConfig, Type, Validator};

use crate::operand::refused;
use connect_config::java_pattern::{JavaPattern, UsablePattern, usable};

const PATTERN: &str = "pattern";

/// The plug-in `TopicNameMatches`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TopicNameMatchesPlugin;

impl Plugin for TopicNameMatchesPlugin {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.transforms.predicates.TopicNameMatches"
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        ConfigDef::new().define(
            ConfigKey::new(PATTERN, Type::String)
                .validator(NonEmptyPattern)
                .doc("A regular expression as Java writes them; the whole name of the topic must match it."),
        )
    }
}

impl PredicatePlugin for TopicNameMatchesPlugin {
    fn predicate(&self, config: &RawConfig) -> Result<Box<dyn Predicate>> {
        let config = self.config().parse(config).map_err(refused)?;
        let pattern = usable(PATTERN, config.string(PATTERN).map_err(refused)?).map_err(refused)?;
        Ok(Box::new(TopicNameMatches { pattern, last: None }))
    }
}

/// Text that is a usable pattern and not empty.
struct NonEmptyPattern;

impl Validator for NonEmptyPattern {
    fn ensure_valid(&self, name: &str, value: Option<&kafka_config::Value>) -> Result<(), ConfigError> {
        NonEmptyString.ensure_valid(name, value)?;
        UsablePattern.ensure_valid(name, value)
    }

    fn describe(&self) -> String {
        format!("{}, {}", NonEmptyString.describe(), UsablePattern.describe())
    }
}

struct TopicNameMatches {
    pattern: JavaPattern,
    /// The answer for the topic seen last.
    last: Option<(Arc<str>, bool)>,
}

impl Predicate for TopicNameMatches {
    fn test(&mut self, record: &Record) -> Result<bool> {
        if let Some((topic, answer)) = &self.last
            && Arc::ptr_eq(topic, &record.topic)
        {
            return Ok(*answer);
        }
        let answer = self.pattern.matches(&record.topic)?;
        self.last = Some((record.topic.clone(), answer));
        Ok(answer)
    }
}
