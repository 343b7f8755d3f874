//! How a configuration is shown.

use kafka_config::{ConfigKey, Type, convert_to_string};

use super::layers::{Found, Layers, Source, Texts};
use super::topic_keys::{INTERNAL, synonyms};
use super::{broker_keys, topic_keys};

/// A key as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) name: String,
    /// `None`: it has none, or it may be a secret.
    pub(crate) value: Option<String>,
    pub(crate) source: Source,
    /// Kafka's number of the type.
    pub(crate) kind: i8,
    pub(crate) fixed: bool,
    pub(crate) sensitive: bool,
    /// Every value that was told, the one that counts first.
    pub(crate) synonyms: Vec<Found>,
    pub(crate) doc: String,
}

/// All keys of a topic that was told `told`.
pub(crate) fn describe_topic(layers: &Layers, told: &Texts) -> Vec<Described> {
    let all = layers.topic(told);
    // Every value was checked when it was told; what is refused all the same is shown as it stands.
    let parsed = topic_keys::DEFINITION.parse(&all).ok();
    let shown = topic_keys::DEFINITION.keys().filter(|key| key.name != INTERNAL || told.contains_key(INTERNAL));
    let shown = shown.map(|key| {
        let value = match &parsed {
            Some(parsed) => parsed.value(&key.name).map(convert_to_string),
            None => all.get(&key.name).map(str::to_owned).or_else(|| key.default_value().map(convert_to_string)),
        };
        let names: Vec<&str> = synonyms(&key.name).iter().map(|synonym| synonym.name).collect();
        let mut found = from_the_first(layers.find(&names), names.first().copied());
        if let Some(value) = value.as_ref().filter(|_| told.contains_key(&key.name)) {
            let own = Found { name: key.name.clone(), value: value.clone(), source: Source::Topic };
            found.insert(0, own);
        }
        described(key, value, found, false)
    });
    shown.collect()
}

/// All keys of the broker, or only what was told for all brokers.
pub(crate) fn describe_broker(layers: &Layers, all_brokers: bool) -> Vec<Described> {
    let told = if all_brokers {
        layers.cluster.keys().cloned().collect()
    } else {
        let mut names: Vec<String> = broker_keys::DEFINITION.keys().map(|key| key.name.clone()).collect();
        let unknown = layers.broker.keys().chain(layers.cluster.keys());
        let unknown: std::collections::BTreeSet<&String> =
            unknown.filter(|name| broker_keys::DEFINITION.get(name).is_none()).collect();
        names.extend(unknown.into_iter().cloned());
        names
    };
    let shown = told.iter().map(|name| {
        let mut found = from_the_first(layers.find(&family(name)), Some(name));
        if all_brokers {
            found.retain(|each| each.source == Source::Cluster);
        }
        let value = found.first().filter(|first| first.name == **name).map(|first| first.value.clone());
        match broker_keys::DEFINITION.get(name) {
            Some(key) => described(key, value, found, broker_keys::is_fixed(name)),
            // Nobody knows whether it is a secret: nothing of it is shown.
            None => Described {
                name: name.clone(),
                value: None,
                source: found.first().map_or(Source::Default, |first| first.source),
                kind: 0,
                fixed: true,
                sensitive: true,
                synonyms: Vec::new(),
                doc: String::new(),
            },
        }
    });
    shown.collect()
}

/// The broker's keys that stand for the same, `name` among them.
fn family(name: &str) -> Vec<&str> {
    let all = topic_keys::DEFINITION.keys().map(|key| synonyms(&key.name));
    let mut of = all.filter(|synonyms| synonyms.iter().any(|synonym| synonym.name == name));
    of.next().map_or_else(|| vec![name], |synonyms| synonyms.iter().map(|synonym| synonym.name).collect())
}

/// Parity: what comes before the first value of the key itself is not shown; of a key without a value, nothing.
fn from_the_first(found: Vec<Found>, name: Option<&str>) -> Vec<Found> {
    found.into_iter().skip_while(|each| Some(each.name.as_str()) != name).collect()
}

fn described(key: &ConfigKey, value: Option<String>, found: Vec<Found>, fixed: bool) -> Described {
    let source = found.first().map_or(Source::Default, |first| first.source);
    Described {
        name: key.name.clone(),
        value,
        source,
        kind: number(key.kind),
        fixed,
        sensitive: key.kind == Type::Password,
        synonyms: found,
        doc: key.documentation.clone(),
    }
}

fn number(kind: Type) -> i8 {
    match kind {
        Type::Boolean => 1,
        Type::String => 2,
        Type::Int => 3,
        Type::Short => 4,
        Type::Long => 5,
        Type::Double => 6,
        Type::List => 7,
        Type::Class => 8,
        Type::Password => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pairs: &[(&str, &str)]) -> Texts {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn line(all: &[Described], name: &str) -> String {
        let found = all.iter().find(|each| each.name == name).unwrap();
        let synonyms = found.synonyms.iter().map(|each| format!("{}={}:{:?}", each.name, each.value, each.source));
        let synonyms: Vec<String> = synonyms.collect();
        format!("{} {:?} [{}]", found.value.as_deref().unwrap_or("null"), found.source, synonyms.join(", "))
    }

    #[test]
    fn a_topic_shows_every_key_and_where_it_has_it_from() {
        let topic = describe_topic(&Layers::default(), &texts(&[("retention.ms", "1000")]));
        assert_eq!(topic.len(), 33);
        assert_eq!(line(&topic, "retention.ms"), "1000 Topic [retention.ms=1000:Topic]");
        assert_eq!(line(&topic, "cleanup.policy"), "delete Default [log.cleanup.policy=delete:Default]");
        assert_eq!(line(&topic, "flush.ms"), "9223372036854775807 Default []");
        assert_eq!(line(&topic, "segment.ms"), "604800000 Default []");
        assert_eq!(
            line(&topic, "min.cleanable.dirty.ratio"),
            "0.5 Default [log.cleaner.min.cleanable.ratio=0.5:Default]"
        );
        assert_eq!(line(&topic, "remote.storage.enable"), "false Default []");
        let internal = describe_topic(&Layers::default(), &texts(&[("internal.segment.bytes", "5")]));
        assert_eq!(
            (internal.len(), line(&internal, INTERNAL)),
            (34, "5 Topic [internal.segment.bytes=5:Topic]".into())
        );
    }

    #[test]
    fn each_layer_is_shown() {
        let layers = Layers {
            broker: texts(&[("log.retention.ms", "123456"), ("no.such", "secret")]),
            cluster: texts(&[("log.retention.ms", "654321")]),
            given: texts(&[("num.partitions", "3")]),
        };
        let layered =
            "log.retention.ms=123456:Broker, log.retention.ms=654321:Cluster, log.retention.hours=168:Default";
        let topic = describe_topic(&layers, &Texts::new());
        assert_eq!(line(&topic, "retention.ms"), format!("123456 Broker [{layered}]"));
        let broker = describe_broker(&layers, false);
        assert_eq!(line(&broker, "log.retention.ms"), format!("123456 Broker [{layered}]"));
        assert_eq!(line(&broker, "log.retention.hours"), "168 Default [log.retention.hours=168:Default]");
        assert_eq!(line(&broker, "log.retention.minutes"), "null Default []");
        assert_eq!(line(&broker, "num.partitions"), "3 Given [num.partitions=3:Given, num.partitions=1:Default]");
        assert_eq!(line(&broker, "no.such"), "null Broker []");
        let all = describe_broker(&layers, true);
        assert_eq!(all.len(), 1);
        assert_eq!(line(&all, "log.retention.ms"), "654321 Cluster [log.retention.ms=654321:Cluster]");
    }
}
