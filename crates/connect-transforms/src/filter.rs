//! Filter: drops every record; a predicate says which ones come here.

use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{Record, Result, Transform, Verdict};
use kafka_config::{ConfigDef, RawConfig};

/// The plug-in `Filter`.
#[derive(Clone, Copy, Debug, Default)]
pub struct FilterPlugin;

impl Plugin for FilterPlugin {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.transforms.Filter"
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        ConfigDef::new()
    }
}

impl TransformPlugin for FilterPlugin {
    fn transform(&self, _: &RawConfig) -> Result<Box<dyn Transform>> {
        Ok(Box::new(Filter))
    }
}

struct Filter;

impl Transform for Filter {
    fn apply(&mut self, _: &mut Record) -> Result<Verdict> {
        Ok(Verdict::Drop)
    }
}
