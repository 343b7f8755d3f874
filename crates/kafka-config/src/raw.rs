//! A configuration as submitted: text by key, sorted, before anything is known about the keys.

use std::collections::{BTreeMap, btree_map};
use std::fmt;

use crate::hash_order::copied_hash_order;

/// Text by key; a value can be null (JSON `null`). Sorted by key, so that everything made from it is the same each
/// time. `Debug` hides values whose key looks like a secret; [`RawConfig::java_text`] does not.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct RawConfig(BTreeMap<String, Option<String>>);

impl RawConfig {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a key; `None` if it is absent or null.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_deref()
    }

    /// The value of a key: `None` if it is absent, `Some(None)` if it is null.
    pub fn entry(&self, name: &str) -> Option<Option<&str>> {
        self.0.get(name).map(Option::as_deref)
    }

    /// Whether the key is there, null or not.
    pub fn contains_key(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Sets a key, replacing what it was.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), Some(value.into()));
    }

    /// Sets a key to a value or to null.
    pub fn insert_entry(&mut self, name: impl Into<String>, value: Option<String>) {
        self.0.insert(name.into(), value);
    }

    /// Sets a key to null.
    pub fn insert_null(&mut self, name: impl Into<String>) {
        self.0.insert(name.into(), None);
    }

    /// Sets a key unless it is there.
    pub fn insert_default(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.entry(name.into()).or_insert_with(|| Some(value.into()));
    }

    /// Removes a key; what it was, `Some(None)` if it was null.
    pub fn remove(&mut self, name: &str) -> Option<Option<String>> {
        self.0.remove(name)
    }

    /// The keys that start with `prefix`, without it; Java's `originalsWithPrefix`. A key equal to the prefix is
    /// left out.
    pub fn with_prefix(&self, prefix: &str) -> RawConfig {
        let own = self.range(prefix).filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
        own.filter(|(name, _)| !name.is_empty())
            .map(|(name, value)| (name.to_owned(), value.map(str::to_owned)))
            .collect()
    }

    /// Whether any key starts with `prefix`.
    pub fn has_prefix(&self, prefix: &str) -> bool {
        self.range(prefix).next().is_some()
    }

    /// The entries whose key starts with `prefix`, sorted, with it.
    pub fn range<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        let from = self.0.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
        from.take_while(move |(name, _)| name.starts_with(prefix))
            .map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    /// Takes over all entries of `other`, which win.
    pub fn extend_from(&mut self, other: &RawConfig) {
        self.0.extend(other.0.iter().map(|(name, value)| (name.clone(), value.clone())));
    }

    /// The keys, sorted.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// All entries, sorted by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of a `java.util.HashMap` that is a copy of a map with these entries: `{k=v, …}` in Java's order. Shows
    /// secrets: it is for answers that Java gives with the submitted values, not for logs.
    pub fn java_text(&self) -> String {
        let order = copied_hash_order(self.keys());
        let entries: Vec<String> =
            order.into_iter().map(|name| format!("{name}={}", self.get(name).unwrap_or("null"))).collect();
        format!("{{{}}}", entries.join(", "))
    }

    /// Whether a key's name says that its value is a secret.
    pub fn is_secret(name: &str) -> bool {
        const SIGNS: [&str; 10] = [
            "password",
            "secret",
            "jaas",
            "credential",
            "token",
            "passphrase",
            "private",
            "api.key",
            "apikey",
            "access.key",
        ];
        let lower = name.to_lowercase();
        // `ssl.keystore.key`, `aws.access.key.id`, `sasl.key`: but not `key.converter` or `message.key.columns`.
        SIGNS.iter().any(|sign| lower.contains(sign)) || lower == "key" || lower.ends_with(".key")
    }
}

impl fmt::Debug for RawConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().map(|(name, value)| match value {
            Some(_) if Self::is_secret(name) => (name, Some("[hidden]")),
            value => (name, value.as_deref()),
        });
        f.debug_map().entries(shown).finish()
    }
}

impl<K: Into<String>, V: Into<String>, const N: usize> From<[(K, V); N]> for RawConfig {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().map(|(name, value)| (name.into(), Some(value.into()))).collect()
    }
}

impl From<BTreeMap<String, Option<String>>> for RawConfig {
    fn from(entries: BTreeMap<String, Option<String>>) -> Self {
        Self(entries)
    }
}

impl From<RawConfig> for BTreeMap<String, Option<String>> {
    fn from(raw: RawConfig) -> Self {
        raw.0
    }
}

impl FromIterator<(String, Option<String>)> for RawConfig {
    fn from_iter<I: IntoIterator<Item = (String, Option<String>)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl FromIterator<(String, String)> for RawConfig {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(name, value)| (name, Some(value))).collect())
    }
}

impl IntoIterator for RawConfig {
    type Item = (String, Option<String>);
    type IntoIter = btree_map::IntoIter<String, Option<String>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_stripped() {
        let raw = RawConfig::from([("producer.", "x"), ("producer.acks", "1"), ("producers", "y"), ("a", "z")]);
        assert_eq!(raw.with_prefix("producer."), RawConfig::from([("acks", "1")]));
        assert!(raw.has_prefix("producer.") && !raw.has_prefix("consumer."));
    }

    #[test]
    fn null_differs_from_absent() {
        let mut raw = RawConfig::new();
        raw.insert_null("a");
        assert_eq!((raw.entry("a"), raw.entry("b"), raw.get("a")), (Some(None), None, None));
        raw.insert_default("a", "x");
        assert_eq!(raw.get("a"), None);
    }

    #[test]
    fn debug_hides_secrets() {
        let raw = RawConfig::from([
            ("connection.password", "p4ss"),
            ("producer.override.sasl.jaas.config", "p4ss"),
            ("ssl.keystore.key", "p4ss"),
            ("aws.secret.access.key", "p4ss"),
            ("key.converter", "Json"),
        ]);
        let text = format!("{raw:?}");
        assert!(!text.contains("p4ss") && text.contains("Json"), "{text}");
    }

    #[test]
    fn java_text_has_javas_order() {
        let mut raw = RawConfig::from([("name", "local-file-source"), ("tasks.max", "1"), ("file", "test.txt")]);
        raw.insert_null("topic");
        // As java.util.HashMap prints it.
        assert_eq!(raw.java_text(), "{name=local-file-source, topic=null, file=test.txt, tasks.max=1}");
    }
}
