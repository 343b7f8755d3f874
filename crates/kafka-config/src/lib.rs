//! Kafka's configuration language: what a key is ([`ConfigKey`]), a set of keys ([`ConfigDef`]), how submitted text
//! ([`RawConfig`]) becomes typed values ([`ParsedConfig`]), and what is said when it cannot ([`ConfigError`]).
//!
//! Behaviour and messages follow `org.apache.kafka.common.config` of Apache Kafka 4.3.1. The crate does no input or
//! output: callers hand over bytes and maps, and [`provider::Surroundings`] to config providers.

mod definition;
mod embedding;
mod encoding;
mod error;
mod hash_order;
mod key;
mod number;
mod parsed;
mod pattern;
pub mod properties;
pub mod provider;
mod raw;
mod recommender;
mod validation;
mod validator;
mod value;

pub use definition::{AnyClass, ClassLookup, ConfigDef};
pub use encoding::{json_as_utf8, properties_mark};
pub use error::ConfigError;
pub use hash_order::{hash_order, java_string_hash};
pub use key::{ConfigKey, DefaultValue, Importance, Width};
pub use number::{decimal_digit, format_double, parse_double, parse_integer};
pub use parsed::{ParsedConfig, ParsedValues};
pub use pattern::check_pattern;
pub use raw::RawConfig;
pub use recommender::{FixedValues, Recommender};
pub use validation::ConfigValue;
pub use validator::{
    CaseInsensitiveValidString, Composite, Lambda, ListSize, NonEmptyString, NonEmptyStringWithoutControlChars,
    NonNull, Range, ValidList, ValidPattern, ValidString, Validator,
};
pub use value::{Password, Type, Value, convert_to_string, parse_type};
