//! Where the lines of the source go: to one topic, or to several that come into being while the history runs.
//!
//! With several, a transform of the source chooses the topic by the line's number and RegexRouter gives it its last name;
//! the source makes topics by its own rules, some are there before; the sink takes those whose whole name matches
//! `topics.regex`. One topic is beside it: its name only holds what matches. Kafka's own topic matches and is not taken.

use std::sync::Arc;

use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{Error, Record, Result, Transform, Verdict};
use kafka_config::{ConfigDef, RawConfig};

use super::dice::Dice;
use super::fates::line_of;
use super::plan::TOPIC;
use super::tally::Tally;

/// A topic of Kafka's own, with what no sink must get.
pub(crate) const INTERNAL: &str = "__consumer_offsets";
/// What it holds.
pub(crate) const INTERNAL_VALUE: &str = "\"of Kafka's own\"";
/// How many topics match, at most.
const FAMILY: usize = 5;

/// A topic that may hold lines.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) name: Arc<str>,
    /// How many partitions it must have.
    pub(crate) partitions: i32,
    /// Whether the sink takes it.
    pub(crate) subscribed: bool,
    /// Whether it is made before the history begins.
    pub(crate) there: bool,
}

/// All of them.
#[derive(Clone, Debug)]
pub(crate) struct Topics {
    pub(crate) list: Vec<Topic>,
    /// How they come into being; `None`: there is one, and the broker makes it.
    pub(crate) rules: Option<Rules>,
}

/// How several topics are made and taken.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// `topic.creation.default.partitions`
    partitions: i32,
    /// `topic.creation.few.include`, and its partitions.
    few: Option<(&'static str, i32)>,
    /// `topics.regex`
    regex: &'static str,
    /// So many lines, then the next topic is used.
    width: usize,
    /// Whether the broker would make topics, too, with partitions of its own.
    pub(crate) broker_makes_topics: bool,
}

impl Topics {
    /// The one topic, which the broker makes, or the operator with so many partitions.
    pub(crate) fn one(partitions: i32) -> Self {
        Self { list: vec![Topic { name: TOPIC.into(), partitions, subscribed: true, there: false }], rules: None }
    }

    /// Several.
    pub(crate) fn several(dice: &Dice) -> Self {
        let few = dice.percent(60).then(|| {
            let pattern = dice.pick(&["lines-[02]", "lines-[1-9]|aside.*", ".*-3"]);
            (pattern, dice.within(1..=3) as i32)
        });
        let rules = Rules {
            partitions: dice.within(1..=3) as i32,
            few,
            regex: dice.pick(&["lines-.*", "lines-.*|__.*"]),
            width: dice.pick(&[4, 15, 40]) as usize,
            broker_makes_topics: dice.percent(60),
        };
        let names = (0..FAMILY).map(|number| format!("lines-{number}")).chain(["aside-lines-x".to_owned()]);
        let list = names.map(|name| {
            let there = dice.percent(20);
            let partitions = if there { dice.within(1..=3) as i32 } else { rules.partitions_of(&name) };
            Topic { subscribed: name.starts_with("lines-"), name: name.into(), partitions, there }
        });
        Self { list: list.collect(), rules: Some(rules) }
    }

    /// The topic of a line.
    pub(crate) fn of_line(&self, line: usize) -> usize {
        match &self.rules {
            None => 0,
            Some(_) if line % 6 == 1 => FAMILY,
            Some(rules) => (line / rules.width + line % 2) % FAMILY,
        }
    }

    /// Whether the sink gets the line.
    pub(crate) fn is_taken(&self, line: usize) -> bool {
        self.list[self.of_line(line)].subscribed
    }

    /// What the source's configuration has more; its lines come with the topic `raw-lines`.
    pub(crate) fn add_to_source(&self, raw: &mut RawConfig) {
        let Some(rules) = &self.rules else { return };
        let mut transforms: Vec<String> =
            raw.get("transforms").unwrap_or_default().split(',').map(str::to_owned).collect();
        transforms.retain(|name| !name.is_empty() && name != "route");
        transforms.extend(["scatter".to_owned(), "route".to_owned()]);
        raw.insert("transforms", transforms.join(","));
        raw.insert("topic", format!("raw-{TOPIC}"));
        raw.insert("transforms.scatter.type", SCATTER);
        raw.insert("transforms.route.type", "org.apache.kafka.connect.transforms.RegexRouter");
        raw.insert("transforms.route.regex", "raw-(.*)");
        raw.insert("transforms.route.replacement", "$1");
        raw.insert("topic.creation.default.partitions", rules.partitions.to_string());
        raw.insert("topic.creation.default.replication.factor", "1");
        if let Some((include, partitions)) = rules.few {
            raw.insert("topic.creation.groups", "few");
            raw.insert("topic.creation.few.include", include);
            raw.insert("topic.creation.few.partitions", partitions.to_string());
        }
    }

    /// What the sink and others in its group take.
    pub(crate) fn add_to_sink(&self, raw: &mut RawConfig) {
        match &self.rules {
            None => raw.insert("topics", TOPIC),
            Some(rules) => raw.insert("topics.regex", rules.regex),
        }
    }
}

impl Rules {
    /// How many partitions the source gives a topic.
    fn partitions_of(&self, name: &str) -> i32 {
        // Each pattern is simple enough to be said here once more.
        let is_in = |pattern: &str| match pattern {
            "lines-[02]" => matches!(name, "lines-0" | "lines-2"),
            ".*-3" => name == "lines-3",
            _ => name != "lines-0",
        };
        self.few.filter(|(pattern, _)| is_in(pattern)).map_or(self.partitions, |(_, partitions)| partitions)
    }
}

const SCATTER: &str = "e2e.Scatter";

/// Gives each line its topic.
pub(crate) struct Scatter {
    pub(crate) topics: Topics,
    pub(crate) tally: Arc<Tally>,
}

impl Plugin for Scatter {
    fn class(&self) -> &'static str {
        SCATTER
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn config(&self) -> ConfigDef {
        ConfigDef::new()
    }
}

impl TransformPlugin for Scatter {
    fn transform(&self, _config: &RawConfig) -> Result<Box<dyn Transform>> {
        Ok(Box::new(Scattering { topics: self.topics.clone(), tally: self.tally.clone() }))
    }
}

struct Scattering {
    topics: Topics,
    tally: Arc<Tally>,
}

impl Transform for Scattering {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        let Some(line) = line_of(record) else { return Err(Error::data("this is no line")) };
        let topic = &self.topics.list[self.topics.of_line(line)];
        self.tally.add(if topic.subscribed { "line for a matching topic" } else { "line for a topic beside" });
        record.topic = format!("raw-{}", topic.name).into();
        Ok(Verdict::Keep)
    }
}
