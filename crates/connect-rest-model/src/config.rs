//! The configuration of a connector or task as JSON.

use std::fmt;

use indexmap::IndexMap;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// Text by key, in order; a value can be null. `Debug` shows only the keys: values may be secrets.
///
/// Read from JSON, numbers and booleans become the text they are written as; arrays and objects are refused. Of a
/// repeated key the last value counts.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Config(pub IndexMap<String, Option<String>>);

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, Option<V>)> for Config {
    fn from_iter<I: IntoIterator<Item = (K, Option<V>)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(key, value)| (key.into(), value.map(Into::into))).collect())
    }
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Config;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Config, A::Error> {
        let mut config = IndexMap::new();
        while let Some(key) = map.next_key::<String>()? {
            let value: Box<RawValue> = map.next_value()?;
            config.insert(key, text(value.get())?);
        }
        Ok(Config(config))
    }
}

/// The value as text: a string's content, or a number or boolean as written.
pub(crate) fn text<E: Error>(json: &str) -> Result<Option<String>, E> {
    match json.as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'"') => serde_json::from_str(json).map(Some).map_err(E::custom),
        Some(b'[') => Err(no_text("Array", "START_ARRAY")),
        Some(b'{') => Err(no_text("Object", "START_OBJECT")),
        _ => Ok(Some(json.to_owned())),
    }
}

fn no_text<E: Error>(kind: &str, token: &str) -> E {
    E::custom(format!(
        "Cannot deserialize value of type `java.lang.String` from {kind} value (token `JsonToken.{token}`)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_become_the_text_they_are_written_as() {
        // What Jackson 2.20 in Kafka Connect 4.3.1 makes of the same text.
        let json = r#"{"a":1.50,"b":1e10,"c":true,"d":null,"e":12345678901234567890123,"f":-0.0,"g":"\u0041"}"#;
        let config: Config = serde_json::from_str(json).unwrap();
        let values: Vec<_> = config.0.values().map(Option::as_deref).collect();
        let expected = ["1.50", "1e10", "true", "", "12345678901234567890123", "-0.0", "A"];
        assert_eq!(values, expected.map(|text| (!text.is_empty()).then_some(text)));
    }

    #[test]
    fn the_last_of_repeated_keys_counts_and_nesting_is_refused() {
        let config: Config = serde_json::from_str(r#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(serde_json::to_string(&config).unwrap(), r#"{"a":"3","b":"2"}"#);
        for json in [r#"{"a":[]}"#, r#"{"a":{}}"#, "[]", "1", "null", r#"{"a":1"#] {
            assert!(serde_json::from_str::<Config>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn debug_shows_no_values() {
        let config = Config::from_iter([("password", Some("hunter2"))]);
        assert_eq!(format!("{config:?}"), r#"{"password"}"#);
    }
}
