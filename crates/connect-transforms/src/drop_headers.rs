//! DropHeaders: removes the headers of some names.

use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{Record, Result, Transform, Verdict};
use kafka_config::{ConfigDef, ConfigKey, Importance, RawConfig, Type, ValidList};

use crate::operand::refused;

const HEADERS: &str = "headers";

/// The plug-in `DropHeaders`.
#[derive(Clone, Copy, Debug, Default)]
pub struct DropHeadersPlugin;

impl Plugin for DropHeadersPlugin {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.transforms.DropHeaders"
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        ConfigDef::new().define(
            ConfigKey::new(HEADERS, Type::List)
                .validator(ValidList::any(false, false))
                .importance(Importance::High)
                .doc("The names of the headers to remove."),
        )
    }
}

impl TransformPlugin for DropHeadersPlugin {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        let config = self.config().parse(config).map_err(refused)?;
        Ok(Box::new(DropHeaders { names: config.list(HEADERS).to_vec() }))
    }
}

struct DropHeaders {
    names: Vec<String>,
}

impl Transform for DropHeaders {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        if !record.headers.is_empty() {
            self.names.iter().for_each(|name| record.headers.remove(name));
        }
        Ok(Verdict::Keep)
    }
}
