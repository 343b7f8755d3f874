//! A configuration after parsing: a value for each defined key, and the text it came from.

use indexmap::IndexMap;

use crate::error::ConfigError;
use crate::raw::RawConfig;
use crate::value::{Password, Value};

/// Values by key, in the order of definition; `None` is Java's null.
pub type ParsedValues = IndexMap<String, Option<Value>>;

/// Typed values of all defined keys. The `get_…` forms answer `None` for null, the plain forms make null an error
/// (users can submit null for any key), lists treat null as empty.
///
/// # Panics
/// All getters panic on a key that the definition does not have, or has with another type: that is a mistake in the
/// code, no input can cause it.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedConfig {
    values: ParsedValues,
    raw: RawConfig,
    warnings: Vec<String>,
}

macro_rules! getters {
    ($($get:ident, $plain:ident, $pattern:pat => $result:expr, $type:ty, $what:literal;)*) => {$(
        #[doc = concat!("The value of a ", $what, " key; `None` if it is null.")]
        pub fn $get(&self, name: &str) -> Option<$type> {
            match self.value(name) {
                None => None,
                Some($pattern) => Some($result),
                Some(other) => wrong_type(name, other, $what),
            }
        }

        #[doc = concat!("The value of a ", $what, " key.")]
        ///
        /// # Errors
        /// `Invalid value null for configuration <name>: entry must be non null`.
        pub fn $plain(&self, name: &str) -> Result<$type, ConfigError> {
            self.$get(name).ok_or_else(|| ConfigError::invalid(name, "null", "entry must be non null"))
        }
    )*};
}

impl ParsedConfig {
    pub(crate) fn new(values: ParsedValues, raw: RawConfig, warnings: Vec<String>) -> Self {
        Self { values, raw, warnings }
    }

    getters! {
        get_bool, bool, Value::Boolean(flag) => *flag, bool, "BOOLEAN";
        get_int, int, Value::Int(number) => *number, i32, "INT";
        get_short, short, Value::Short(number) => *number, i16, "SHORT";
        get_long, long, Value::Long(number) => *number, i64, "LONG";
        get_double, double, Value::Double(number) => *number, f64, "DOUBLE";
        get_string, string, Value::String(text) => text.as_str(), &str, "STRING";
        get_class, class, Value::Class(class) => class.as_str(), &str, "CLASS";
        get_password, password, Value::Password(password) => password, &Password, "PASSWORD";
    }

    /// The items of a LIST key; none if it is null.
    pub fn list(&self, name: &str) -> &[String] {
        self.get_list(name).unwrap_or_default()
    }

    /// The items of a LIST key; `None` if it is null.
    pub fn get_list(&self, name: &str) -> Option<&[String]> {
        match self.value(name) {
            None => None,
            Some(Value::List(items)) => Some(items),
            Some(other) => wrong_type(name, other, "LIST"),
        }
    }

    /// The value of a key of any type; `None` if it is null.
    pub fn value(&self, name: &str) -> Option<&Value> {
        match self.values.get(name) {
            Some(value) => value.as_ref(),
            None => panic!("the configuration key {name} is not defined"),
        }
    }

    /// Values by key, in the order of definition.
    pub fn values(&self) -> &ParsedValues {
        &self.values
    }

    /// The text as submitted, keys without a definition included.
    pub fn originals(&self) -> &RawConfig {
        &self.raw
    }

    /// What parsing changed, to be logged once.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Submitted keys that have no definition.
    pub fn unknown_keys(&self) -> impl Iterator<Item = &str> {
        self.raw.keys().filter(|name| !self.values.contains_key(*name))
    }
}

fn wrong_type(name: &str, value: &Value, wanted: &str) -> ! {
    panic!("the configuration key {name} is not of type {wanted} but {value:?}")
}

#[cfg(test)]
mod tests {
    use crate::{ConfigDef, ConfigKey, RawConfig, Type};

    #[test]
    fn lists_of_null_are_empty() {
        let def = ConfigDef::new().define(ConfigKey::new("l", Type::List).default_null());
        let parsed = def.parse(&RawConfig::new()).unwrap();
        assert_eq!(parsed.get_list("l"), None);
        assert!(parsed.list("l").is_empty());
    }

    #[test]
    #[should_panic(expected = "not defined")]
    fn a_key_without_definition_is_a_mistake_in_the_code() {
        let _ = ConfigDef::new().parse(&RawConfig::new()).unwrap().get_int("x");
    }
}
