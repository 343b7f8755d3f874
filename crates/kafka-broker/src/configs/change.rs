//! Changes of a configuration: one key at a time (KIP-339).

use std::collections::BTreeSet;

use kafka_config::{AnyClass, Type, convert_to_string, parse_type};
use kafka_wire::ErrorCode;

use super::layers::Texts;
use super::{broker_keys, topic_keys};

/// What happens to a key, by Kafka's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// It gets this value.
    Set(String),
    /// It goes back to its default.
    Delete,
    /// These items are added to the list.
    Append(String),
    /// These items are taken from the list.
    Subtract(String),
}

/// Whose configuration it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Topic,
    Broker,
}

type Refusal = (ErrorCode, String);

/// The configuration after the changes.
///
/// # Errors
/// When a key is not a list and is treated as one; for a broker also when a key cannot be changed or a value cannot be
/// understood. What a topic has is checked when all of it is known.
pub(crate) fn apply(scope: Scope, told: &Texts, changes: &[(String, Change)]) -> Result<Texts, Refusal> {
    let mut after = told.clone();
    for (key, change) in changes {
        match change {
            Change::Set(value) => drop(after.insert(key.clone(), value.clone())),
            Change::Delete => drop(after.remove(key)),
            Change::Append(items) | Change::Subtract(items) => {
                let adds = matches!(change, Change::Append(_));
                let list = changed_list(scope, key, after.get(key), items, adds)?;
                after.insert(key.clone(), list);
            }
        }
    }
    if scope == Scope::Broker {
        check_broker(&after)?;
    }
    Ok(after)
}

fn changed_list(scope: Scope, key: &str, now: Option<&String>, items: &str, adds: bool) -> Result<String, Refusal> {
    let definition = match scope {
        Scope::Topic => topic_keys::DEFINITION.get(key),
        Scope::Broker => broker_keys::DEFINITION.get(key),
    };
    let invalid = |message: String| Err((ErrorCode::InvalidConfig, message));
    let known = match (definition, scope) {
        (Some(known), _) if known.kind == Type::List => known,
        (_, Scope::Topic) => {
            let what = if adds { "APPEND" } else { "SUBTRACT" };
            return invalid(format!("Can't {what} to key {key} because its type is not LIST."));
        }
        (None, Scope::Broker) => return invalid(format!("Unknown config name: {key}")),
        (Some(_), Scope::Broker) => {
            let what = if adds { "append" } else { "subtract" };
            return invalid(format!("Config value {what} is not allowed for config key: {key}"));
        }
    };
    // Parity: the list starts from the key's own default, not from the one that the broker has for topics.
    let start = now.cloned().or_else(|| known.default_value().map(convert_to_string)).unwrap_or_default();
    let mut list: Vec<&str> = start.split(',').filter(|item| !item.is_empty()).collect();
    for item in items.split(',') {
        if !adds {
            list.retain(|each| *each != item);
        } else if !list.contains(&item) {
            list.push(item);
        }
    }
    Ok(list.join(","))
}

/// Keys that nobody knows are kept: in Kafka they may belong to a plug-in.
fn check_broker(told: &Texts) -> Result<(), Refusal> {
    let fixed: BTreeSet<&str> = told.keys().map(String::as_str).filter(|key| broker_keys::is_fixed(key)).collect();
    if !fixed.is_empty() {
        let fixed: Vec<&str> = fixed.into_iter().collect();
        let message = format!("Cannot update these configs dynamically: [{}]", fixed.join(", "));
        return Err((ErrorCode::InvalidRequest, message));
    }
    for (name, text) in told {
        let Some(key) = broker_keys::DEFINITION.get(name) else { continue };
        let checked = parse_type(name, text, key.kind, &AnyClass).and_then(|value| match &key.validator {
            Some(validator) => validator.ensure_valid(name, Some(&value)),
            None => Ok(()),
        });
        checked.map_err(|error| (ErrorCode::InvalidRequest, error.to_string()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(scope: Scope, told: &[(&str, &str)], key: &str, change: Change) -> Result<String, Refusal> {
        let told = told.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let after = apply(scope, &told, &[(key.to_owned(), change)])?;
        Ok(after.into_iter().map(|(key, value)| format!("{key}={value};")).collect())
    }

    #[test]
    fn each_change_does_its_own() {
        let topic = |told: &[(&str, &str)], key: &str, change| after(Scope::Topic, told, key, change).unwrap();
        assert_eq!(topic(&[], "a", Change::Set("1".into())), "a=1;");
        assert_eq!(topic(&[("a", "1"), ("b", "2")], "a", Change::Delete), "b=2;");
        assert_eq!(topic(&[], "a", Change::Delete), "");
        let policy = "cleanup.policy";
        assert_eq!(topic(&[], policy, Change::Append("compact".into())), "cleanup.policy=delete,compact;");
        assert_eq!(topic(&[(policy, "compact")], policy, Change::Append("compact".into())), "cleanup.policy=compact;");
        assert_eq!(
            topic(&[(policy, "delete,compact")], policy, Change::Subtract("delete".into())),
            "cleanup.policy=compact;"
        );
        assert_eq!(topic(&[(policy, "compact")], policy, Change::Subtract("compact".into())), "cleanup.policy=;");
        assert_eq!(topic(&[(policy, "")], policy, Change::Append("compact".into())), "cleanup.policy=compact;");
    }

    #[test]
    fn what_is_refused() {
        let says = |scope, key: &str, change| after(scope, &[], key, change).unwrap_err();
        let five = || Change::Append("5".into());
        for (scope, key, change, code, sentence) in [
            (
                Scope::Topic,
                "retention.ms",
                five(),
                40,
                "Can't APPEND to key retention.ms because its type is not LIST.",
            ),
            (
                Scope::Topic,
                "x",
                Change::Subtract("5".into()),
                40,
                "Can't SUBTRACT to key x because its type is not LIST.",
            ),
            (Scope::Broker, "x", five(), 40, "Unknown config name: x"),
            (
                Scope::Broker,
                "log.retention.ms",
                five(),
                40,
                "Config value append is not allowed for config key: log.retention.ms",
            ),
            (
                Scope::Broker,
                "num.partitions",
                Change::Set("2".into()),
                42,
                "Cannot update these configs dynamically: [num.partitions]",
            ),
            (
                Scope::Broker,
                "log.retention.ms",
                Change::Set("x".into()),
                42,
                "Invalid value x for configuration log.retention.ms: Not a number of type LONG",
            ),
            (
                Scope::Broker,
                "message.max.bytes",
                Change::Set("-1".into()),
                42,
                "Invalid value -1 for configuration message.max.bytes: Value must be at least 0",
            ),
        ] {
            let (said, message) = says(scope, key, change);
            assert_eq!((said.code(), message.as_str()), (code, sentence));
        }
    }
}
