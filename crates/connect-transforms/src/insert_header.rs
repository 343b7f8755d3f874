//! InsertHeader: adds a header with a fixed value to every record.

use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{Datum, Record, Result, Text, Transform, Verdict};
use connect_converters::values;
use kafka_config::{ConfigDef, ConfigKey, Importance, NonNull, RawConfig, Type};

use crate::operand::refused;

const HEADER: &str = "header";
const LITERAL: &str = "value.literal";

/// The plug-in `InsertHeader`.
#[derive(Clone, Copy, Debug, Default)]
pub struct InsertHeaderPlugin;

impl Plugin for InsertHeaderPlugin {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.transforms.InsertHeader"
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        let text = |name| ConfigKey::new(name, Type::String).validator(NonNull).importance(Importance::High);
        ConfigDef::new().define(text(HEADER).doc("The name of the header.")).define(
            text(LITERAL).doc(
                "The value as text; what looks like a number, a list or another type becomes a value of that type.",
            ),
        )
    }
}

impl TransformPlugin for InsertHeaderPlugin {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        let config = self.config().parse(config).map_err(refused)?;
        let name = config.string(HEADER).map_err(refused)?.into();
        let datum = values::parse_string(config.string(LITERAL).map_err(refused)?)?;
        Ok(Box::new(InsertHeader { name, datum }))
    }
}

struct InsertHeader {
    name: Text,
    datum: Datum,
}

impl Transform for InsertHeader {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        record.headers.add(self.name.clone(), self.datum.clone());
        Ok(Verdict::Keep)
    }
}
