//! HasHeaderKey: the record has a header of that key.

use connect_api::plugin::{Plugin, PredicatePlugin};
use connect_api::{Predicate, Record, Result, Text};
use kafka_config::{ConfigDef, ConfigKey, NonEmptyString, RawConfig, Type};

use crate::operand::refused;

const NAME: &str = "name";

/// The plug-in `HasHeaderKey`.
#[derive(Clone, Copy, Debug, Default)]
pub struct HasHeaderKeyPlugin;

impl Plugin for HasHeaderKeyPlugin {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.transforms.predicates.HasHeaderKey"
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        ConfigDef::new().define(
            ConfigKey::new(NAME, Type::String).validator(NonEmptyString).doc("The key that a header must have."),
        )
    }
}

impl PredicatePlugin for HasHeaderKeyPlugin {
    fn predicate(&self, config: &RawConfig) -> Result<Box<dyn Predicate>> {
        let config = self.config().parse(config).map_err(refused)?;
        Ok(Box::new(HasHeaderKey { name: config.string(NAME).map_err(refused)?.into() }))
    }
}

struct HasHeaderKey {
    name: Text,
}

impl Predicate for HasHeaderKey {
    fn test(&mut self, record: &Record) -> Result<bool> {
        Ok(record.headers.iter().any(|header| header.key == self.name))
    }
}
