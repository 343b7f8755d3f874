//! The rules by which a source's topics are created (KIP-158): `topic.creation.<group>.*`.

use kafka_config::{
    ConfigDef, ConfigError, ConfigKey, Importance, Lambda, NonNull, ParsedConfig, RawConfig, Type, Value, check_pattern,
};

use super::keys::definition;
use super::settings::ConnectorKind;
use crate::java_pattern::{JavaPattern, unusable};

const PREFIX: &str = "topic.creation.";
const GROUPS: &str = "topic.creation.groups";
const DEFAULT: &str = "default";
const INCLUDE: &str = "include";
const EXCLUDE: &str = "exclude";
const REPLICATION_FACTOR: &str = "replication.factor";
const PARTITIONS: &str = "partitions";

/// Topics that are created alike.
#[derive(Debug, Clone)]
pub struct TopicGroup {
    /// Its name.
    pub name: String,
    /// How many partitions; -1: the broker decides.
    pub partitions: i32,
    /// How many replicas; -1: the broker decides.
    pub replication_factor: i16,
    /// Settings of the topics, as written.
    pub configs: Vec<(String, String)>,
    include: JavaPattern,
    exclude: JavaPattern,
}

impl TopicGroup {
    fn read(parsed: &ParsedConfig, name: &str) -> Result<Self, ConfigError> {
        let prefix = format!("{PREFIX}{name}.");
        let key = |end: &str| format!("{prefix}{end}");
        let own = [INCLUDE, EXCLUDE, REPLICATION_FACTOR, PARTITIONS];
        let others = parsed.originals().with_prefix(&prefix);
        let others = others.iter().filter(|(end, _)| !own.contains(end));
        let joined = |end: &str| -> Result<JavaPattern, ConfigError> {
            let pattern = parsed.list(&key(end)).join("|");
            JavaPattern::new(&pattern).map_err(|reason| unusable(&key(end), &pattern, &reason))
        };
        Ok(Self {
            name: name.to_owned(),
            partitions: parsed.int(&key(PARTITIONS))?,
            replication_factor: parsed.short(&key(REPLICATION_FACTOR))?,
            configs: others.filter_map(|(end, value)| Some((end.to_owned(), value?.to_owned()))).collect(),
            include: joined(INCLUDE)?,
            exclude: joined(EXCLUDE)?,
        })
    }

    /// What is excluded never matches. A name that takes too many steps is not included.
    fn matches(&self, topic: &str) -> bool {
        !self.exclude.matches(topic).unwrap_or(true) && self.include.matches(topic).unwrap_or(false)
    }
}

/// The rules of one connector.
#[derive(Debug, Clone)]
pub struct TopicCreationRules {
    groups: Vec<TopicGroup>,
    default: TopicGroup,
}

impl TopicCreationRules {
    /// The rules in a connector's configuration; `None` when it has no `topic.creation.` key. Read when the connector
    /// and its tasks start, not before: Java does not validate them earlier. The keys that all sources have are taken
    /// to be sound.
    ///
    /// # Errors
    /// The first thing wrong, with its key.
    pub fn read(raw: &RawConfig) -> Result<Option<Self>, ConfigError> {
        if !raw.has_prefix(PREFIX) {
            return Ok(None);
        }
        let mut groups = ConfigDef::new();
        groups.try_define(definition(ConnectorKind::Source).get(GROUPS).expect("a source's own key").clone())?;
        let names = distinct(groups.parse(raw)?.list(GROUPS));
        if names.iter().any(|name| name == DEFAULT) {
            tracing::warn!("'default' topic creation group always exists and does not need to be listed explicitly");
        }
        let mut keys = groups;
        keys.embed(&format!("{PREFIX}{DEFAULT}."), DEFAULT, 0, &default_keys())?;
        let default = keys.parse(raw)?;
        let key = |end: &str| format!("{PREFIX}{DEFAULT}.{end}");
        let (replicas, partitions) = (default.short(&key(REPLICATION_FACTOR))?, default.int(&key(PARTITIONS))?);
        for name in names.iter().filter(|name| *name != DEFAULT) {
            let group = format!("Topic Creation: {name}");
            keys.embed(&format!("{PREFIX}{name}."), &group, 0, &group_keys(&group, replicas, partitions))?;
        }
        let mut raw = raw.clone();
        // Parity: the default group takes what no other does, whatever it says itself.
        for end in [INCLUDE, EXCLUDE] {
            raw.remove(&key(end));
        }
        let parsed = keys.parse(&raw)?;
        let named = names.iter().filter(|name| *name != DEFAULT);
        Ok(Some(Self {
            groups: named.map(|name| TopicGroup::read(&parsed, name)).collect::<Result<_, _>>()?,
            default: TopicGroup::read(&parsed, DEFAULT)?,
        }))
    }

    /// The first group, in the order of the list, that the topic belongs to; else the default.
    pub fn group_of(&self, topic: &str) -> &TopicGroup {
        self.groups.iter().find(|group| group.matches(topic)).unwrap_or(&self.default)
    }
}

fn distinct(names: &[String]) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for name in names {
        if !distinct.contains(name) {
            distinct.push(name.clone());
        }
    }
    distinct
}

fn default_keys() -> ConfigDef {
    ConfigDef::new()
        .define(patterns(INCLUDE, DEFAULT, 1, ".*").validator(NonNull))
        .define(patterns(EXCLUDE, DEFAULT, 2, "").validator(NonNull))
        .define(replication_factor(DEFAULT))
        .define(partitions(DEFAULT))
}

fn group_keys(group: &str, replicas: i16, partition_count: i32) -> ConfigDef {
    let syntax = || Lambda::new("A list of regular expressions", check_patterns);
    ConfigDef::new()
        .define(patterns(INCLUDE, group, 1, "").validator(syntax()))
        .define(patterns(EXCLUDE, group, 2, "").validator(syntax()))
        .define(replication_factor(group).default(replicas))
        .define(partitions(group).default(partition_count))
}

fn key(name: &str, kind: Type, group: &str, order: i32) -> ConfigKey {
    ConfigKey::new(name, kind).importance(Importance::Low).group(group, order)
}

fn patterns(name: &str, group: &str, order: i32, default: &str) -> ConfigKey {
    key(name, Type::List, group, order).default(default)
}

fn replication_factor(group: &str) -> ConfigKey {
    const RULE: &str = "Replication factor must be positive and not larger than the number of brokers in the Kafka \
                        cluster, or -1 to use the broker's default";
    key(REPLICATION_FACTOR, Type::Short, group, 3)
        .validator(Lambda::new(RULE, |name: &str, value: Option<&Value>| counts(name, value, RULE)))
}

fn partitions(group: &str) -> ConfigKey {
    const RULE: &str = "Number of partitions must be positive, or -1 to use the broker's default";
    key(PARTITIONS, Type::Int, group, 4)
        .validator(Lambda::new(RULE, |name: &str, value: Option<&Value>| counts(name, value, RULE)))
}

fn counts(name: &str, value: Option<&Value>, rule: &str) -> Result<(), ConfigError> {
    let number = match value {
        Some(Value::Short(number)) => i32::from(*number),
        Some(Value::Int(number)) => *number,
        _ => return Ok(()),
    };
    if number == -1 || number >= 1 { Ok(()) } else { Err(ConfigError::invalid(name, number, rule)) }
}

fn check_patterns(name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
    let list = value.and_then(Value::as_list).unwrap_or_default();
    match list.iter().find_map(|pattern| check_pattern(pattern).err()) {
        Some(fault) => {
            let list = Value::List(list.to_vec());
            Err(ConfigError::invalid(name, list, format!("Syntax error in regular expression: {fault}")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTOR: (&str, &str) = ("topic.creation.default.replication.factor", "1");
    const COUNT: (&str, &str) = ("topic.creation.default.partitions", "3");

    fn read(entries: &[(&str, &str)]) -> Result<Option<TopicCreationRules>, String> {
        let raw = entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        TopicCreationRules::read(&raw).map_err(|error| error.to_string())
    }

    fn with(more: &[(&str, &str)]) -> Result<TopicCreationRules, String> {
        Ok(read(&[&[FACTOR, COUNT], more].concat())?.unwrap())
    }

    #[test]
    fn no_rules_without_keys() {
        assert!(read(&[("topic", "x")]).unwrap().is_none());
    }

    #[test]
    fn the_first_group_that_matches_wins_and_exclusions_win_over_inclusions() {
        let rules = with(&[
            ("topic.creation.groups", "logs, rest,default"),
            ("topic.creation.logs.include", "log-.*,trace"),
            ("topic.creation.logs.exclude", "log-x,log-y.*"),
            ("topic.creation.logs.partitions", "-1"),
            ("topic.creation.logs.cleanup.policy", "compact"),
            ("topic.creation.rest.include", "log-.*|t[a-z]+"),
            ("topic.creation.rest.replication.factor", "2"),
            ("topic.creation.default.include", "nothing"),
            ("topic.creation.default.exclude", ".*"),
            ("topic.creation.default.retention.ms", "7"),
        ])
        .unwrap();
        let group = |topic: &str| rules.group_of(topic).name.as_str();
        for (topic, name) in [
            ("log-a", "logs"),
            ("trace", "logs"),
            ("log-x", "rest"),
            ("log-yes", "rest"),
            ("traces", "rest"),
            ("a-log-a", "default"),
            ("", "default"),
        ] {
            assert_eq!(group(topic), name, "{topic}");
        }
        let logs = rules.group_of("trace");
        assert_eq!((logs.partitions, logs.replication_factor), (-1, 1));
        assert_eq!(logs.configs, [("cleanup.policy".to_owned(), "compact".to_owned())]);
        let rest = rules.group_of("tt");
        assert_eq!((rest.partitions, rest.replication_factor, rest.configs.len()), (3, 2, 0));
        assert_eq!(rules.group_of("!").configs, [("retention.ms".to_owned(), "7".to_owned())]);
    }

    #[test]
    fn a_group_without_inclusions_takes_nothing() {
        let rules = with(&[("topic.creation.groups", "g")]).unwrap();
        assert_eq!(rules.group_of("t").name, "default");
    }

    #[test]
    fn faults_in_javas_words() {
        let missing = "Missing required configuration \"topic.creation.default.replication.factor\" which has no \
                       default value.";
        assert_eq!(read(&[("topic.creation.groups", "")]).unwrap_err(), missing);
        let missing =
            "Missing required configuration \"topic.creation.default.partitions\" which has no default value.";
        assert_eq!(read(&[FACTOR]).unwrap_err(), missing);
        let group = ("topic.creation.groups", "g");
        for (key, value, text) in [
            (
                "topic.creation.g.partitions",
                "0",
                "Invalid value 0 for configuration partitions: Number of partitions must be positive, or -1 to use the \
                 broker's default",
            ),
            (
                "topic.creation.g.replication.factor",
                "-2",
                "Invalid value -2 for configuration replication.factor: Replication factor must be positive and not \
                 larger than the number of brokers in the Kafka cluster, or -1 to use the broker's default",
            ),
            (
                "topic.creation.g.include",
                "a,(",
                "Invalid value [a, (] for configuration include: Syntax error in regular expression: Unclosed group \
                 near index 1\n(",
            ),
            (
                "topic.creation.g.partitions",
                "many",
                "Invalid value many for configuration topic.creation.g.partitions: Not a number of type INT",
            ),
        ] {
            assert_eq!(with(&[group, (key, value)]).unwrap_err(), text);
        }
        let own = with(&[group, ("topic.creation.g.include", "\\X")]).unwrap_err();
        assert!(own.contains("This regular expression cannot be used"), "{own}");
    }
}
