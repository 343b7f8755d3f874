//! Transforms and converters that do what the test says.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use connect_api::plugin::{ConverterPlugin, Plugin, TransformPlugin};
use connect_api::{
    Converter, Datum, DecodeContext, EncodeContext, Encoded, Record, Result, Role, Transform, Value, Verdict,
};
use connect_converters::StringConverter;
use kafka_config::{ConfigDef, ConfigKey, RawConfig, Type};
use parking_lot::Mutex;

/// Changes, drops or refuses a record, whose value is text.
pub(crate) type Change = Arc<dyn Fn(&mut Record) -> Result<Verdict> + Send + Sync>;
/// Refuses text that a converter would write or read.
pub(crate) type Refuse = Arc<dyn Fn(&str) -> Result<()> + Send + Sync>;

fn definition() -> ConfigDef {
    ConfigDef::new().define(ConfigKey::new("script", Type::String).default(""))
}

fn scripted<T: Clone>(scripts: &Mutex<BTreeMap<String, T>>, config: &RawConfig) -> T {
    let name = config.get("script").unwrap_or_default();
    scripts.lock().get(name).cloned().unwrap_or_else(|| panic!("no script {name}"))
}

/// `test.Change`: its `script` names what it does.
#[derive(Clone, Default)]
pub(crate) struct ChangePlugin(pub Arc<Mutex<BTreeMap<String, Change>>>);

impl Plugin for ChangePlugin {
    fn class(&self) -> &'static str {
        "test.Change"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn config(&self) -> ConfigDef {
        definition()
    }
}

impl TransformPlugin for ChangePlugin {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        Ok(Box::new(ChangeStage(scripted(&self.0, config))))
    }
}

struct ChangeStage(Change);

impl Transform for ChangeStage {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        (self.0)(record)
    }
}

/// `test.Refusing`: strings, except those that its `script` refuses.
#[derive(Clone, Default)]
pub(crate) struct RefusingPlugin(pub Arc<Mutex<BTreeMap<String, Refuse>>>);

impl Plugin for RefusingPlugin {
    fn class(&self) -> &'static str {
        "test.Refusing"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn config(&self) -> ConfigDef {
        definition()
    }
}

impl ConverterPlugin for RefusingPlugin {
    fn converter(&self, config: &RawConfig, _role: Role) -> Result<Box<dyn Converter>> {
        Ok(Box::new(Refusing(scripted(&self.0, config), StringConverter::default())))
    }
}

struct Refusing(Refuse, StringConverter);

impl Converter for Refusing {
    fn encode(&mut self, context: EncodeContext<'_>, datum: &Datum, out: &mut Vec<u8>) -> Result<Encoded> {
        if let Value::String(text) = &datum.value {
            (self.0)(text)?;
        }
        self.1.encode(context, datum, out)
    }

    fn decode(&mut self, context: DecodeContext<'_>, bytes: Option<&Bytes>) -> Result<Datum> {
        if let Some(bytes) = bytes {
            (self.0)(&String::from_utf8_lossy(bytes))?;
        }
        self.1.decode(context, bytes)
    }
}
