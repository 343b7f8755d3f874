//! RecordIsTombstone: the record has no value.

use connect_api::plugin::{Plugin, PredicatePlugin};
use connect_api::{Predicate, Record, Result};
use kafka_config::{ConfigDef, RawConfig};

/// The plug-in `RecordIsTombstone`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecordIsTombstonePlugin;

impl Plugin for RecordIsTombstonePlugin {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone"
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        ConfigDef::new()
    }
}

impl PredicatePlugin for RecordIsTombstonePlugin {
    fn predicate(&self, _config: &RawConfig) -> Result<Box<dyn Predicate>> {
        Ok(Box::new(RecordIsTombstone))
    }
}

struct RecordIsTombstone;

impl Predicate for RecordIsTombstone {
    fn test(&mut self, record: &Record) -> Result<bool> {
        Ok(record.value.value.is_null())
    }
}
