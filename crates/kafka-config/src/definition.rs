//! A set of keys, in the order of their definition.

use indexmap::{IndexMap, IndexSet};

use crate::error::ConfigError;
use crate::key::{ConfigKey, DefaultValue};
use crate::parsed::{ParsedConfig, ParsedValues};
use crate::raw::RawConfig;
use crate::value::{Value, parse_type};

/// Knows which classes exist; what a class loader is in Java.
pub trait ClassLookup {
    /// The full name of the class that `name` (a full name or an alias) stands for, if there is one.
    fn find_class(&self, name: &str) -> Option<String>;

    /// What to say of a name that stands for no class.
    fn missing(&self, name: &str) -> String {
        format!("Class {name} could not be found.")
    }
}

/// Takes every name for the name of a class.
#[derive(Debug, Clone, Copy, Default)]
pub struct AnyClass;

impl ClassLookup for AnyClass {
    fn find_class(&self, name: &str) -> Option<String> {
        Some(name.to_owned())
    }
}

/// Java's `ConfigDef`: keys in the order of their definition.
#[derive(Debug, Clone, Default)]
pub struct ConfigDef {
    keys: IndexMap<String, ConfigKey>,
    groups: Vec<String>,
}

impl ConfigDef {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key.
    ///
    /// # Panics
    /// As [`ConfigDef::try_define`] fails: for definitions written in code.
    #[must_use]
    pub fn define(mut self, key: ConfigKey) -> Self {
        self.try_define(key).expect("a key is defined once, with a default that its validator accepts");
        self
    }

    /// Adds a key.
    ///
    /// # Errors
    /// `Configuration <name> is defined twice.`, and whatever the validator says about the default.
    pub fn try_define(&mut self, key: ConfigKey) -> Result<(), ConfigError> {
        if self.keys.contains_key(&key.name) {
            let message = format!("Configuration {} is defined twice.", key.name);
            return Err(ConfigError::about(key.name, message));
        }
        if let (Some(validator), true) = (&key.validator, key.has_default()) {
            validator.ensure_valid(&key.name, key.default_value())?;
        }
        if let Some(group) = &key.group
            && !self.groups.contains(group)
        {
            self.groups.push(group.clone());
        }
        self.keys.insert(key.name.clone(), key);
        Ok(())
    }

    /// The key of that name.
    pub fn get(&self, name: &str) -> Option<&ConfigKey> {
        self.keys.get(name)
    }

    /// All keys, in the order of their definition.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &ConfigKey> + Clone {
        self.keys.values()
    }

    /// The groups, in the order of their first key.
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// Parses and validates; every class name is taken for granted.
    ///
    /// # Errors
    /// The first thing wrong, in the order of the keys.
    pub fn parse(&self, raw: &RawConfig) -> Result<ParsedConfig, ConfigError> {
        self.parse_with(raw, &AnyClass)
    }

    /// Parses and validates, looking classes up.
    ///
    /// # Errors
    /// The first thing wrong, in the order of the keys.
    pub fn parse_with(&self, raw: &RawConfig, classes: &dyn ClassLookup) -> Result<ParsedConfig, ConfigError> {
        let undefined = self.undefined_dependents();
        if !undefined.is_empty() {
            let names = undefined.join(",");
            return Err(ConfigError::sentence(format!(
                "Some configurations in are referred in the dependents, but not defined: {names}"
            )));
        }
        let mut values = ParsedValues::new();
        let mut warnings = Vec::new();
        for key in self.keys.values() {
            let value = match raw.entry(&key.name) {
                // Parity: a key that is present without a value is null; it does not fall back to the default.
                Some(text) => text.map(|text| parse_type(&key.name, text, key.kind, classes)).transpose()?,
                None => match &key.default {
                    DefaultValue::Required => return Err(ConfigError::missing(&key.name)),
                    DefaultValue::Null => None,
                    DefaultValue::Value(value) => Some(value.clone()),
                },
            };
            let value = without_duplicates(key, value, &mut warnings);
            check(key, value.as_ref())?;
            values.insert(key.name.clone(), value);
        }
        Ok(ParsedConfig::new(values, raw.clone(), warnings))
    }

    /// Names that keys call their dependents and nobody defined, in order.
    pub(crate) fn undefined_dependents(&self) -> Vec<String> {
        let mut undefined: Vec<String> = Vec::new();
        for dependent in self.keys.values().flat_map(|key| &key.dependents) {
            if !self.keys.contains_key(dependent) && !undefined.contains(dependent) {
                undefined.push(dependent.clone());
            }
        }
        undefined
    }

    pub(crate) fn map(&self) -> &IndexMap<String, ConfigKey> {
        &self.keys
    }
}

/// Parity: since 4.3 a list that may not have duplicates loses them when it is parsed, and is refused only when it is
/// validated with all other keys.
fn without_duplicates(key: &ConfigKey, value: Option<Value>, warnings: &mut Vec<String>) -> Option<Value> {
    match value {
        Some(Value::List(items)) if key.validator.as_ref().is_some_and(|validator| validator.removes_duplicates()) => {
            let distinct: IndexSet<String> = items.iter().cloned().collect();
            let distinct = Value::List(distinct.into_iter().collect());
            let original = Value::List(items);
            if distinct != original {
                warnings.push(format!(
                    "Configuration key \"{}\" contains duplicate values. Duplicates will be removed. The original value \
                     is: {original}, the updated value is: {distinct}",
                    key.name
                ));
            }
            Some(distinct)
        }
        other => other,
    }
}

fn check(key: &ConfigKey, value: Option<&Value>) -> Result<(), ConfigError> {
    key.validator.as_ref().map_or(Ok(()), |validator| validator.ensure_valid(&key.name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validator::{NonEmptyString, Range, ValidList};
    use crate::value::Type;

    fn definition() -> ConfigDef {
        ConfigDef::new()
            .define(ConfigKey::new("name", Type::String).validator(NonEmptyString))
            .define(ConfigKey::new("tasks.max", Type::Int).default(1).validator(Range::at_least(1)))
            .define(ConfigKey::new("wait.ms", Type::Long).default("60000"))
            .define(ConfigKey::new("converter", Type::Class).default_null())
    }

    fn says(raw: RawConfig) -> String {
        definition().parse(&raw).unwrap_err().to_string()
    }

    #[test]
    fn parses_with_defaults() {
        let parsed =
            definition().parse(&RawConfig::from([("name", " a "), ("tasks.max", "3"), ("extra", "x")])).unwrap();
        assert_eq!(parsed.string("name").unwrap(), "a");
        assert_eq!(parsed.int("tasks.max").unwrap(), 3);
        assert_eq!(parsed.long("wait.ms").unwrap(), 60_000);
        assert_eq!(parsed.get_string("converter"), None);
        assert_eq!(parsed.unknown_keys().collect::<Vec<_>>(), ["extra"]);
    }

    #[test]
    fn says_the_first_thing_wrong() {
        assert_eq!(says(RawConfig::new()), "Missing required configuration \"name\" which has no default value.");
        assert_eq!(
            says(RawConfig::from([("name", "a"), ("tasks.max", "0")])),
            "Invalid value 0 for configuration tasks.max: Value must be at least 1"
        );
        assert_eq!(
            says(RawConfig::from([("name", "")])),
            "Invalid value  for configuration name: String must be non-empty"
        );
    }

    #[test]
    fn null_is_not_the_default() {
        let mut raw = RawConfig::from([("name", "a")]);
        raw.insert_null("tasks.max");
        assert_eq!(says(raw), "Invalid value null for configuration tasks.max: Value must be non-null");
        let mut raw = RawConfig::from([("name", "a")]);
        raw.insert_null("wait.ms");
        let parsed = definition().parse(&raw).unwrap();
        assert_eq!(parsed.get_long("wait.ms"), None);
        assert_eq!(
            parsed.long("wait.ms").unwrap_err().to_string(),
            "Invalid value null for configuration wait.ms: entry must be non null"
        );
    }

    #[test]
    fn classes_are_looked_up() {
        struct Known;
        impl ClassLookup for Known {
            fn find_class(&self, name: &str) -> Option<String> {
                matches!(name, "Json" | "x.Json").then(|| "x.Json".to_owned())
            }
        }
        let raw = RawConfig::from([("name", "a"), ("converter", "Json")]);
        assert_eq!(definition().parse_with(&raw, &Known).unwrap().get_class("converter"), Some("x.Json"));
        let raw = RawConfig::from([("name", "a"), ("converter", "Avro")]);
        assert_eq!(
            definition().parse_with(&raw, &Known).unwrap_err().to_string(),
            "Invalid value Avro for configuration converter: Class Avro could not be found."
        );
    }

    #[test]
    fn duplicates_go_where_a_list_is_parsed() {
        let def = ConfigDef::new().define(ConfigKey::new("l", Type::List).validator(ValidList::any(false, false)));
        let raw = RawConfig::from([("l", "b,a,b")]);
        let parsed = def.parse(&raw).unwrap();
        assert_eq!(parsed.list("l"), ["b", "a"]);
        assert_eq!(
            parsed.warnings(),
            ["Configuration key \"l\" contains duplicate values. Duplicates will be removed. The original value is: \
              [b, a, b], the updated value is: [b, a]"]
        );
        assert_eq!(def.validate_all(&raw)[0].errors, ["Configuration 'l' values must not be duplicated."]);
    }

    #[test]
    fn a_key_is_defined_once_with_a_sound_default() {
        let mut def = definition();
        assert_eq!(
            def.try_define(ConfigKey::new("name", Type::Int)).unwrap_err().to_string(),
            "Configuration name is defined twice."
        );
        let bad = ConfigKey::new("n", Type::Int).default(0).validator(Range::at_least(1));
        assert_eq!(
            def.try_define(bad).unwrap_err().to_string(),
            "Invalid value 0 for configuration n: Value must be at least 1"
        );
    }

    #[test]
    fn undefined_dependents_are_an_error() {
        let def = ConfigDef::new().define(ConfigKey::new("a", Type::Int).default(1).dependents(["b", "c"]));
        assert_eq!(
            def.parse(&RawConfig::new()).unwrap_err().to_string(),
            "Some configurations in are referred in the dependents, but not defined: b,c"
        );
    }
}
