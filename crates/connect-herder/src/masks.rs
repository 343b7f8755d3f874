//! `moldau.rest.mask.secrets`: configurations that people read without their secrets, and what comes back when people edit
//! them and send them again.
//!
//! What is hidden: values of keys that the connector, a converter, a transform or a Kafka client defines as PASSWORD, and of
//! keys that nobody defines and whose names speak of secrets. A variable of a config provider is no secret and stays. A
//! configuration that comes back with [`HIDDEN`] in such a key keeps the value that the connector has.

use connect_config::connector::{ConnectorKind, definition};
use connect_config::later::Client;
use connect_config::{PluginKind, Plugins, client_keys};
use kafka_config::provider::{Secrecy, has_variable};
use kafka_config::{ConfigDef, RawConfig, Type};

use crate::HerderError;

/// What stands in the place of a secret.
pub(crate) const HIDDEN: &str = "[hidden]";

/// What the names of keys for secrets have in them.
const WORDS: [&str; 10] = [
    "password",
    "passphrase",
    "passwd",
    "secret",
    "token",
    "credential",
    "jaas",
    "private.key",
    "access.key",
    "api.key",
];

/// Knows the secrets of one connector.
pub(crate) struct Masks<'a> {
    /// The connector's keys; `None` if its class is not known.
    pub(crate) own: Option<&'a ConfigDef>,
    /// The plug-ins.
    pub(crate) plugins: &'a Plugins,
}

impl Masks<'_> {
    /// A configuration of the connector, or of one of its tasks, as people may see it. `connector` is the connector's.
    pub(crate) fn masked(&self, config: &RawConfig, connector: &RawConfig) -> RawConfig {
        let hidden = |name: &str, value: &str| !has_variable(value) && self.is_secret(name, connector);
        let masked = config.in_order().map(|(name, value)| {
            let value = value.map(|value| if hidden(name, value) { HIDDEN } else { value });
            (name.to_owned(), value.map(str::to_owned))
        });
        masked.collect()
    }

    /// A submitted configuration with the secrets that were hidden from whoever submits it; `stored` is the connector's.
    ///
    /// # Errors
    /// There is nothing to put in the place of a hidden value.
    pub(crate) fn unmasked(&self, mut config: RawConfig, stored: Option<&RawConfig>) -> Result<RawConfig, HerderError> {
        let hidden: Vec<String> = config
            .iter()
            .filter(|(name, value)| *value == Some(HIDDEN) && self.is_secret(name, &config))
            .map(|(name, _)| name.to_owned())
            .collect();
        for name in hidden {
            let Some(value) = stored.and_then(|stored| stored.get(&name)) else {
                return Err(HerderError::BadRequest(format!(
                    "Configuration '{name}' is {HIDDEN}, which stands for a value that the connector has, but it has none; \
                     give the value itself"
                )));
            };
            config.insert(name, value);
        }
        Ok(config)
    }

    /// Whether the value of a key is a secret.
    fn is_secret(&self, name: &str, connector: &RawConfig) -> bool {
        match self.kind(name, connector) {
            Some(kind) => kind == Type::Password,
            None => WORDS.iter().any(|word| name.to_lowercase().replace(['_', '-'], ".").contains(word)),
        }
    }

    /// How far what a provider found for a key is a secret.
    pub(crate) fn secrecy(&self, name: &str, connector: &RawConfig) -> Secrecy {
        let common = |kind| definition(kind).get(name).map(|key| key.kind);
        let kind = self.kind(name, connector).or_else(|| common(ConnectorKind::Source));
        Secrecy::of(name, kind.or_else(|| common(ConnectorKind::Sink)))
    }

    /// The type of a key, where anybody defines it.
    fn kind(&self, name: &str, connector: &RawConfig) -> Option<Type> {
        let of = |definition: &ConfigDef, name: &str| definition.get(name).map(|key| key.kind);
        if let Some(kind) = self.own.and_then(|own| of(own, name)) {
            return Some(kind);
        }
        for client in [Client::Producer, Client::Consumer, Client::Admin] {
            if let Some(key) = name.strip_prefix(client.override_prefix()) {
                return of(client_keys::definition(client), key);
            }
        }
        let (kind, class_key, key) = stage(name)?;
        let class = connector.get(&class_key)?;
        of(&self.plugins.find(kind, class.trim())?.definition, key)
    }
}

/// The plug-in that a key is for: its kind, the key of its class, and the key as it knows it.
fn stage(name: &str) -> Option<(PluginKind, String, &str)> {
    for (prefix, kind) in [
        ("key.converter", PluginKind::Converter),
        ("value.converter", PluginKind::Converter),
        ("header.converter", PluginKind::HeaderConverter),
    ] {
        if let Some(key) = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')) {
            return Some((kind, prefix.to_owned(), key));
        }
    }
    for (prefix, kind) in [("transforms.", PluginKind::Transformation), ("predicates.", PluginKind::Predicate)] {
        if let Some((alias, key)) = name.strip_prefix(prefix).and_then(|rest| rest.split_once('.')) {
            return Some((kind, format!("{prefix}{alias}.type"), key));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use connect_config::{PluginInfo, PluginLookup};
    use kafka_config::ConfigKey;

    struct None;

    impl PluginLookup for None {
        fn find(&self, _: PluginKind, _: &str) -> Option<PluginInfo> {
            Option::None
        }

        fn list(&self, _: PluginKind) -> Vec<PluginInfo> {
            Vec::new()
        }
    }

    fn with<T>(use_it: impl FnOnce(&Masks<'_>) -> T) -> T {
        let own = ConfigDef::new()
            .define(ConfigKey::new("pin", Type::Password))
            .define(ConfigKey::new("token.url", Type::String));
        let plugins: Plugins = Arc::new(None);
        use_it(&Masks { own: Some(&own), plugins: &plugins })
    }

    fn config() -> RawConfig {
        RawConfig::from([
            ("pin", "1234"),
            ("token.url", "http://x"),
            ("db_password", "p"),
            ("free", "f"),
            ("my.token", "${file:/a:b}"),
            ("producer.override.sasl.jaas.config", "j"),
            ("producer.override.linger.ms", "5"),
            ("transforms.a.api.key", "k"),
        ])
    }

    #[test]
    fn what_is_found_for_a_key_is_as_secret_as_its_type() {
        let connector = RawConfig::from([("transforms", "a"), ("transforms.a.type", "x.Unknown")]);
        with(|masks| {
            let of = |name: &str| masks.secrecy(name, &connector);
            for open in
                ["tasks.max", "errors.deadletterqueue.topic.replication.factor", "consumer.override.fetch.min.bytes"]
            {
                assert_eq!(of(open), Secrecy::Open, "{open}");
            }
            for plain in ["topics", "connector.class", "errors.tolerance", "producer.override.acks"] {
                assert_eq!(of(plain), Secrecy::Plain, "{plain}");
            }
            for secret in [
                "pin",
                "free",
                "token.url",
                "transforms.a.size",
                "admin.override.ssl.key.password",
                "producer.override.x",
            ] {
                assert_eq!(of(secret), Secrecy::Secret, "{secret}");
            }
        });
    }

    #[test]
    fn people_see_no_secrets() {
        let masked = with(|masks| masks.masked(&config(), &config()));
        let hidden: Vec<&str> =
            masked.iter().filter(|(_, value)| *value == Some(HIDDEN)).map(|(name, _)| name).collect();
        assert_eq!(hidden, ["db_password", "pin", "producer.override.sasl.jaas.config", "transforms.a.api.key"]);
        assert_eq!(masked.get("my.token"), Some("${file:/a:b}"));
    }

    #[test]
    fn what_was_read_can_be_sent_again() {
        with(|masks| {
            let mut edited = masks.masked(&config(), &config());
            edited.insert("free", "other");
            let back = masks.unmasked(edited, Some(&config())).unwrap();
            assert_eq!((back.get("pin"), back.get("db_password")), (Some("1234"), Some("p")));
            assert_eq!(back.get("free"), Some("other"));
        });
    }

    #[test]
    fn hidden_is_no_secret_of_its_own() {
        with(|masks| {
            let masked = masks.masked(&config(), &config());
            let error = masks.unmasked(masked, Option::None).unwrap_err().to_string();
            assert!(error.contains("'db_password' is [hidden]"), "{error}");
            // A key that holds no secret may hold the word.
            let free = RawConfig::from([("free", HIDDEN)]);
            assert_eq!(masks.unmasked(free.clone(), Option::None).unwrap(), free);
        });
    }
}
