//! Which converter a worker or a connector asks for.

use kafka_config::{ParsedConfig, RawConfig};

/// A converter's class with the configuration that goes with it.
#[derive(Debug, Clone, PartialEq)]
pub struct ConverterChoice {
    /// Full class name.
    pub class: String,
    /// The version or range asked for.
    pub version: Option<String>,
    /// Its keys without the prefix, and `converter.type`.
    pub config: RawConfig,
}

/// What a converter converts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConverterUse {
    /// Record keys.
    Key,
    /// Record values.
    Value,
    /// Header values.
    Header,
}

impl ConverterUse {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Key, Self::Value, Self::Header];

    /// The value of `converter.type`.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Value => "value",
            Self::Header => "header",
        }
    }

    /// The key that names the class: `key.converter`, …
    pub fn class_key(self) -> &'static str {
        match self {
            Self::Key => "key.converter",
            Self::Value => "value.converter",
            Self::Header => "header.converter",
        }
    }

    /// The key that names the version.
    pub fn version_key(self) -> &'static str {
        match self {
            Self::Key => "key.converter.plugin.version",
            Self::Value => "value.converter.plugin.version",
            Self::Header => "header.converter.plugin.version",
        }
    }
}

impl ConverterChoice {
    /// The converter that a parsed configuration names for a use; `None` where it names none.
    pub(crate) fn from_parsed(parsed: &ParsedConfig, what: ConverterUse) -> Option<Self> {
        let class = parsed.get_class(what.class_key())?.to_owned();
        let mut config = parsed.originals().with_prefix(&format!("{}.", what.class_key()));
        config.insert("converter.type", what.type_name());
        Some(Self { class, version: parsed.get_string(what.version_key()).map(str::to_owned), config })
    }
}
