//! The keys of Java's producer, consumer and admin client, as the validation of a connector's overrides tells them:
//! type, default and importance. What each means to our own client is the client's business.

use std::sync::LazyLock;

use kafka_config::{AnyClass, ConfigDef, ConfigError, ConfigKey, ConfigValue, Importance, RawConfig, Type, parse_type};

use crate::later::Client;
use crate::policy::OverridePolicy;

/// One line a key: client, name, type, default (`null`, or `(required)`), importance.
const TABLE: &str = include_str!("client_keys.tsv");

static DEFINITIONS: LazyLock<[ConfigDef; 3]> = LazyLock::new(|| {
    ["producer", "consumer", "admin"].map(|client| of_table(client).fold(ConfigDef::new(), ConfigDef::define))
});

/// The keys of a client.
pub fn definition(client: Client) -> &'static ConfigDef {
    let [producer, consumer, admin] = &*DEFINITIONS;
    match client {
        Client::Producer => producer,
        Client::Consumer => consumer,
        Client::Admin => admin,
    }
}

fn of_table(client: &'static str) -> impl Iterator<Item = ConfigKey> {
    TABLE.lines().filter_map(move |line| {
        let mut columns = line.strip_prefix(client)?.strip_prefix('\t')?.split('\t');
        let (name, kind) = (columns.next()?, kind(columns.next()?)?);
        let key = ConfigKey::new(name, kind).doc(format!("'{name}' of Kafka's {client} client."));
        let key = match columns.next()? {
            "(required)" => key,
            "null" => key.default_null(),
            default => key.default(default),
        };
        // Parity: the one key with a group, without a name.
        let key = if name == "internal.throw.on.fetch.stable.offset.unsupported" { key.group("", -1) } else { key };
        Some(key.importance(match columns.next()? {
            "HIGH" => Importance::High,
            "MEDIUM" => Importance::Medium,
            _ => Importance::Low,
        }))
    })
}

fn kind(name: &str) -> Option<Type> {
    let all = [
        Type::Boolean,
        Type::String,
        Type::Int,
        Type::Short,
        Type::Long,
        Type::Double,
        Type::List,
        Type::Class,
        Type::Password,
    ];
    all.into_iter().find(|kind| kind.name() == name)
}

/// The overrides that a connector's configuration has for a client, named without prefix, in the order of Java's map:
/// each with an error where the policy does not allow it (Apache: `AbstractHerder.validateClientOverrides`).
///
/// # Errors
/// A value is not of its key's type: Java answers the whole validation with that.
pub fn override_values(
    client: Client,
    connector: &RawConfig,
    policy: &OverridePolicy,
) -> Result<Vec<ConfigValue>, ConfigError> {
    let overrides = connector.with_prefix(client.override_prefix());
    let order = kafka_config::hash_order(overrides.keys());
    let values = order.into_iter().map(|name| {
        let mut value = ConfigValue::new(name);
        let kind = definition(client).get(name).map_or(Type::String, |key| key.kind);
        value.value = match overrides.get(name) {
            // Parity: an unknown key keeps its blanks.
            Some(text) if definition(client).get(name).is_none() => Some(text.into()),
            Some(text) => Some(parse_type(name, text, kind, &AnyClass)?),
            None => None,
        };
        value.errors.extend(policy.violation(name));
        Ok(value)
    });
    values.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_key() {
        let keys: usize = [Client::Producer, Client::Consumer, Client::Admin]
            .map(|client| definition(client).keys().len())
            .iter()
            .sum();
        assert_eq!(keys, TABLE.lines().count() - 1);
        let linger = definition(Client::Producer).get("linger.ms").unwrap();
        assert_eq!((linger.kind, linger.importance), (Type::Long, Importance::Medium));
        assert_eq!(linger.default_value(), Some(&5i64.into()));
        assert!(!definition(Client::Consumer).get("bootstrap.servers").unwrap().has_default());
    }

    #[test]
    fn overrides_are_typed_and_the_policy_speaks() {
        let raw = RawConfig::from([
            ("producer.override.linger.ms", " 7 "),
            ("producer.override.free", " x "),
            ("producer.override.ssl.key.password", "p4ss"),
            ("consumer.override.x", "1"),
        ]);
        let values = override_values(Client::Producer, &raw, &OverridePolicy::All).unwrap();
        let value = |name: &str| values.iter().find(|value| value.name == name).unwrap().value.clone().unwrap();
        assert_eq!((values.len(), value("linger.ms")), (3, 7i64.into()));
        assert_eq!(value("free"), " x ".into());
        assert_eq!(kafka_config::convert_to_string(&value("ssl.key.password")), "[hidden]");
        let values = override_values(Client::Producer, &raw, &OverridePolicy::None).unwrap();
        assert!(values.iter().all(|value| value.errors.len() == 1));
        let wrong = RawConfig::from([("producer.override.linger.ms", "soon")]);
        assert_eq!(
            override_values(Client::Producer, &wrong, &OverridePolicy::All).unwrap_err().to_string(),
            "Invalid value soon for configuration linger.ms: Not a number of type LONG"
        );
    }
}
