//! Validation of all keys at once: every error of every key, recommended values and visibility.

use indexmap::IndexMap;

use crate::definition::{AnyClass, ClassLookup, ConfigDef};
use crate::error::ConfigError;
use crate::key::{ConfigKey, DefaultValue};
use crate::parsed::ParsedValues;
use crate::raw::RawConfig;
use crate::value::{Value, parse_type};

/// What validation found out about one key.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigValue {
    /// The key.
    pub name: String,
    /// Its value; `None` where it is null, missing or bad.
    pub value: Option<Value>,
    /// Values a form should offer.
    pub recommended_values: Vec<Value>,
    /// Everything wrong with it.
    pub errors: Vec<String>,
    /// Whether a form should show it.
    pub visible: bool,
}

impl ConfigValue {
    /// A key without a value or an error.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), value: None, recommended_values: Vec::new(), errors: Vec::new(), visible: true }
    }
}

impl ConfigDef {
    /// Validates every key, in the order of definition, then names that keys depend on and nobody defined.
    pub fn validate_all(&self, raw: &RawConfig) -> Vec<ConfigValue> {
        self.validate_all_with(raw, &AnyClass)
    }

    /// As [`ConfigDef::validate_all`], looking classes up.
    pub fn validate_all_with(&self, raw: &RawConfig, classes: &dyn ClassLookup) -> Vec<ConfigValue> {
        let mut found: IndexMap<String, ConfigValue> =
            self.keys().map(|key| (key.name.clone(), ConfigValue::new(&key.name))).collect();
        for name in self.undefined_dependents() {
            let mut value = ConfigValue::new(&name);
            value.errors.push(format!("{name} is referred in the dependents, but not defined."));
            value.visible = false;
            found.insert(name, value);
        }
        let order = self.parents_first();
        let mut parsed = ParsedValues::new();
        for key in &order {
            if let Some(entry) = found.get_mut(&key.name) {
                entry.value = value_of(key, raw, classes, &mut entry.errors);
                parsed.insert(key.name.clone(), entry.value.clone());
            }
        }
        for key in &order {
            if let Some(entry) = found.get_mut(&key.name) {
                recommend(key, &parsed, entry);
            }
        }
        found.into_values().collect()
    }

    /// Keys nobody depends on, each followed by its dependents. A key with two parents comes twice, as in Java; keys
    /// that only depend on each other do not come at all.
    fn parents_first(&self) -> Vec<&ConfigKey> {
        let mut order = Vec::new();
        for key in self.keys() {
            if !self.keys().any(|other| other.dependents.contains(&key.name)) {
                self.descend(key, &mut Vec::new(), &mut order);
            }
        }
        order
    }

    fn descend<'a>(&'a self, key: &'a ConfigKey, above: &mut Vec<&'a str>, order: &mut Vec<&'a ConfigKey>) {
        // Java recurses into a cycle until its stack overflows.
        if above.contains(&key.name.as_str()) {
            return;
        }
        order.push(key);
        above.push(&key.name);
        for dependent in key.dependents.iter().filter_map(|name| self.map().get(name)) {
            self.descend(dependent, above, order);
        }
        above.pop();
    }
}

fn value_of(key: &ConfigKey, raw: &RawConfig, classes: &dyn ClassLookup, errors: &mut Vec<String>) -> Option<Value> {
    let mut note = |error: ConfigError| errors.push(error.to_string());
    let value = match raw.entry(&key.name) {
        Some(None) => None,
        Some(Some(text)) => match parse_type(&key.name, text, key.kind, classes) {
            Ok(value) => Some(value),
            Err(error) => {
                note(error);
                None
            }
        },
        None => match &key.default {
            DefaultValue::Required => {
                note(ConfigError::missing(&key.name));
                None
            }
            DefaultValue::Null => None,
            DefaultValue::Value(value) => Some(value.clone()),
        },
    };
    // Parity: the validator also sees the null of a value that did not parse, so such a key can have two errors.
    if let Some(Err(error)) = key.validator.as_ref().map(|validator| validator.ensure_valid(&key.name, value.as_ref()))
    {
        note(error);
    }
    value
}

fn recommend(key: &ConfigKey, parsed: &ParsedValues, entry: &mut ConfigValue) {
    let Some(recommender) = &key.recommender else { return };
    match recommender.valid_values(&key.name, parsed) {
        Ok(mut values) => {
            if !entry.recommended_values.is_empty() {
                values.retain(|value| entry.recommended_values.contains(value));
            }
            entry.recommended_values = values;
            entry.visible = recommender.visible(&key.name, parsed);
        }
        Err(error) => entry.errors.push(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommender::{FixedValues, Recommender};
    use crate::validator::Range;
    use crate::value::Type;

    struct OnlyWith(&'static str);

    impl Recommender for OnlyWith {
        fn valid_values(&self, name: &str, parsed: &ParsedValues) -> Result<Vec<Value>, ConfigError> {
            match parsed.get(self.0) {
                Some(Some(value)) => Ok(vec![value.clone()]),
                _ => Err(ConfigError::invalid(name, "null", "no parent")),
            }
        }

        fn visible(&self, _name: &str, parsed: &ParsedValues) -> bool {
            parsed.get(self.0) == Some(&Some(Value::Int(1)))
        }
    }

    fn definition() -> ConfigDef {
        ConfigDef::new()
            .define(ConfigKey::new("child", Type::Int).default(7).recommender(OnlyWith("parent")))
            .define(ConfigKey::new("parent", Type::Int).validator(Range::at_least(1)).dependents(["child"]))
            .define(ConfigKey::new("word", Type::String).default("a").recommender(FixedValues(vec!["a".into()])))
    }

    #[test]
    fn collects_every_error_in_the_order_of_definition() {
        let values = definition().validate_all(&RawConfig::from([("parent", "many")]));
        let names: Vec<_> = values.iter().map(|value| value.name.as_str()).collect();
        assert_eq!(names, ["child", "parent", "word"]);
        assert_eq!(
            values[1].errors,
            [
                "Invalid value many for configuration parent: Not a number of type INT",
                "Invalid value null for configuration parent: Value must be non-null",
            ]
        );
        assert_eq!(values[0].errors, ["Invalid value null for configuration child: no parent"]);
        assert_eq!(values[0].value, Some(Value::Int(7)));
        assert_eq!(values[2].recommended_values, [Value::from("a")]);
    }

    #[test]
    fn a_missing_key_is_named_once_more_by_its_validator() {
        let values = definition().validate_all(&RawConfig::new());
        assert_eq!(
            values[1].errors,
            [
                "Missing required configuration \"parent\" which has no default value.",
                "Invalid value null for configuration parent: Value must be non-null",
            ]
        );
    }

    #[test]
    fn dependents_follow_their_parent() {
        let values = definition().validate_all(&RawConfig::from([("parent", "2")]));
        assert_eq!((values[0].recommended_values.clone(), values[0].visible), (vec![Value::Int(2)], false));
        let values = definition().validate_all(&RawConfig::from([("parent", "1")]));
        assert!(values[0].visible && values[0].errors.is_empty());
    }

    #[test]
    fn undefined_dependents_and_cycles_do_no_harm() {
        let def = ConfigDef::new()
            .define(ConfigKey::new("a", Type::Int).default(1).dependents(["ghost", "b"]))
            .define(ConfigKey::new("b", Type::Int).default(1).dependents(["c"]))
            .define(ConfigKey::new("c", Type::Int).default(1).dependents(["b"]));
        let values = def.validate_all(&RawConfig::new());
        let ghost = values.last().unwrap();
        assert_eq!(ghost.errors, ["ghost is referred in the dependents, but not defined."]);
        assert!(!ghost.visible);
        assert_eq!(values.len(), 4);
    }
}
