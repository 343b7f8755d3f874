//! RegexRouter: changes the topic, where its whole name matches a pattern.

use std::sync::Arc;

use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{Error, Kind, Record, Result, Transform, Verdict};
use kafka_config::{ConfigDef, ConfigKey, Importance, RawConfig, Type};

use crate::operand::refused;
use connect_config::java_pattern::{JavaPattern, Rewrite, UsablePattern, usable};

const REGEX: &str = "regex";
const REPLACEMENT: &str = "replacement";

/// The plug-in `RegexRouter`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RegexRouterPlugin;

impl Plugin for RegexRouterPlugin {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.transforms.RegexRouter"
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        ConfigDef::new()
            .define(
                ConfigKey::new(REGEX, Type::String)
                    .validator(UsablePattern)
                    .importance(Importance::High)
                    .doc("A regular expression as Java writes them; the whole name of the topic must match it."),
            )
            .define(ConfigKey::new(REPLACEMENT, Type::String).importance(Importance::High).doc(
                "The new name. $1 stands for the first group, ${name} for the group of that name, and a backslash takes \
                 the meaning from the character after it.",
            ))
    }
}

impl TransformPlugin for RegexRouterPlugin {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        let config = self.config().parse(config).map_err(refused)?;
        let pattern = usable(REGEX, config.string(REGEX).map_err(refused)?).map_err(refused)?;
        let rule = match config.get_string(REPLACEMENT) {
            Some(replacement) => Rule::Rewrite(Rewrite::new(pattern, replacement)?),
            None => Rule::Nothing(pattern),
        };
        Ok(Box::new(RegexRouter { rule, last: None }))
    }
}

enum Rule {
    Rewrite(Rewrite),
    /// Parity: a replacement that was set to null is taken, and fails where a topic matches.
    Nothing(JavaPattern),
}

impl Rule {
    fn apply(&self, topic: &str) -> Result<Option<String>> {
        match self {
            Rule::Rewrite(rewrite) => rewrite.apply(topic),
            Rule::Nothing(pattern) if pattern.matches(topic)? => {
                Err(Error::new(Kind::IllegalArgument, REPLACEMENT).with_class("java.lang.NullPointerException"))
            }
            Rule::Nothing(_) => Ok(None),
        }
    }
}

struct RegexRouter {
    rule: Rule,
    /// The topic seen last, and what became of it.
    last: Option<(Arc<str>, Arc<str>)>,
}

impl Transform for RegexRouter {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        match &self.last {
            Some((topic, new)) if Arc::ptr_eq(topic, &record.topic) => record.topic = new.clone(),
            _ => {
                let new = self.rule.apply(&record.topic)?.map_or_else(|| record.topic.clone(), Arc::from);
                let old = std::mem::replace(&mut record.topic, new.clone());
                self.last = Some((old, new));
            }
        }
        Ok(Verdict::Keep)
    }
}
