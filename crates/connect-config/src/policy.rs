//! Which client keys a connector may override (KIP-458, KIP-1188).

use kafka_config::{ConfigDef, ConfigError, ConfigKey, RawConfig, Type, ValidList};

const ALLOWLIST_KEY: &str = "connector.client.config.override.allowlist";
const PRINCIPAL_KEYS: [&str; 3] = ["sasl.jaas.config", "sasl.mechanism", "security.protocol"];

/// The built-in policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OverridePolicy {
    /// Everything.
    All,
    /// Nothing.
    None,
    /// Who the connector is to Kafka.
    Principal,
    /// What the worker lists.
    Allowlist(Vec<String>),
}

impl OverridePolicy {
    /// The policy that `connector.client.config.override.policy` names, by alias or class.
    ///
    /// # Errors
    /// No such policy, or an allow list that is none.
    pub fn from_worker(name: &str, worker: &RawConfig) -> Result<Self, ConfigError> {
        let simple = name.rsplit('.').next().unwrap_or(name);
        match simple.strip_suffix("ConnectorClientConfigOverridePolicy").unwrap_or(simple) {
            "All" => Ok(Self::All),
            "None" => Ok(Self::None),
            "Principal" => Ok(Self::Principal),
            "Allowlist" => {
                let key = ConfigKey::new(ALLOWLIST_KEY, Type::List).default("").validator(ValidList::any(true, false));
                let parsed = ConfigDef::new().define(key).parse(worker)?;
                Ok(Self::Allowlist(parsed.list(ALLOWLIST_KEY).to_vec()))
            }
            _ => Err(ConfigError::invalid(
                "connector.client.config.override.policy",
                name,
                "this version of Moldau cannot load policies of other classes yet; \
                 the policies are All, None, Principal and Allowlist.",
            )),
        }
    }

    /// The name that messages use.
    pub fn name(&self) -> &'static str {
        match self {
            Self::All => "All",
            Self::None => "None",
            Self::Principal => "Principal",
            Self::Allowlist(_) => "Allowlist",
        }
    }

    /// Whether a client key (without prefix) may be overridden.
    pub fn allows(&self, key: &str) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Principal => PRINCIPAL_KEYS.contains(&key),
            Self::Allowlist(keys) => keys.iter().any(|allowed| allowed == key),
        }
    }

    /// The error of a client key that may not be overridden.
    pub fn violation(&self, key: &str) -> Option<String> {
        (!self.allows(key)).then(|| {
            format!(
                "The '{}' policy does not allow '{key}' to be overridden in the connector configuration.",
                self.name()
            )
        })
    }

    /// The overrides under a prefix such as `producer.override.`, stripped.
    ///
    /// # Errors
    /// `Client Config Overrides not allowed […]`, with the keys that are not allowed.
    pub fn overrides(&self, connector: &RawConfig, prefix: &str) -> Result<RawConfig, ConfigError> {
        let overrides = connector.with_prefix(prefix);
        let refused: Vec<String> = overrides
            .iter()
            .filter_map(|(key, value)| {
                let shown = if RawConfig::is_secret(key) { "[hidden]" } else { value.unwrap_or("null") };
                Some(format!("[{key},{shown},[],[{}],true]", self.violation(key)?))
            })
            .collect();
        if refused.is_empty() {
            return Ok(overrides);
        }
        Err(ConfigError::sentence(format!("Client Config Overrides not allowed [{}]", refused.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(name: &str) -> OverridePolicy {
        OverridePolicy::from_worker(name, &RawConfig::from([(ALLOWLIST_KEY, "acks, linger.ms")])).unwrap()
    }

    #[test]
    fn policies_by_alias_and_class() {
        assert_eq!(policy("All"), OverridePolicy::All);
        assert_eq!(
            policy("org.apache.kafka.connect.connector.policy.NoneConnectorClientConfigOverridePolicy"),
            OverridePolicy::None
        );
        assert!(policy("Principal").allows("sasl.mechanism") && !policy("Principal").allows("acks"));
        assert!(policy("Allowlist").allows("linger.ms") && !policy("Allowlist").allows("batch.size"));
        assert!(OverridePolicy::from_worker("x.Mine", &RawConfig::new()).is_err());
    }

    #[test]
    fn refusals_name_the_key_and_hide_secrets() {
        let raw = RawConfig::from([("producer.override.sasl.jaas.config", "p4ss"), ("producer.override.acks", "1")]);
        assert_eq!(policy("All").overrides(&raw, "producer.override.").unwrap().len(), 2);
        let text = policy("None").overrides(&raw, "producer.override.").unwrap_err().to_string();
        assert_eq!(
            text,
            "Client Config Overrides not allowed [[acks,1,[],[The 'None' policy does not allow 'acks' to be overridden \
             in the connector configuration.],true], [sasl.jaas.config,[hidden],[],[The 'None' policy does not allow \
             'sasl.jaas.config' to be overridden in the connector configuration.],true]]"
        );
    }
}
