//! A configuration as submitted: text by key, before anything is known about the keys.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::hash_order::{copied_hash_order, grown_hash_order, hash_order};

/// Text by key; a value can be null (JSON `null`). It is gone through sorted by key, so that everything made from it is
/// the same each time; [`RawConfig::in_order`] is for answers, which show a configuration as it was submitted. Two with
/// the same entries are equal, whatever their order. `Debug` hides values whose key looks like a secret;
/// [`RawConfig::java_text`] does not.
#[derive(Clone, Default)]
pub struct RawConfig {
    entries: BTreeMap<String, Entry>,
    /// The place of the next new key.
    next: usize,
}

#[derive(Clone)]
struct Entry {
    value: Option<String>,
    /// Where it stands among those that were submitted.
    place: usize,
}

impl RawConfig {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a key; `None` if it is absent or null.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.entries.get(name)?.value.as_deref()
    }

    /// The value of a key: `None` if it is absent, `Some(None)` if it is null.
    pub fn entry(&self, name: &str) -> Option<Option<&str>> {
        self.entries.get(name).map(|entry| entry.value.as_deref())
    }

    /// Whether the key is there, null or not.
    pub fn contains_key(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// Sets a key; one that was there keeps its place.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.insert_entry(name, Some(value.into()));
    }

    /// Sets a key to a value or to null.
    pub fn insert_entry(&mut self, name: impl Into<String>, value: Option<String>) {
        let entry = self.entries.entry(name.into()).or_insert_with(|| {
            self.next += 1;
            Entry { value: None, place: self.next }
        });
        entry.value = value;
    }

    /// Sets a key to null.
    pub fn insert_null(&mut self, name: impl Into<String>) {
        self.insert_entry(name, None);
    }

    /// Sets a key unless it is there.
    pub fn insert_default(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let name = name.into();
        if !self.entries.contains_key(&name) {
            self.insert_entry(name, Some(value.into()));
        }
    }

    /// Removes a key; what it was, `Some(None)` if it was null.
    pub fn remove(&mut self, name: &str) -> Option<Option<String>> {
        self.entries.remove(name).map(|entry| entry.value)
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
        let from = self.entries.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
        from.take_while(move |(name, _)| name.starts_with(prefix))
            .map(|(name, entry)| (name.as_str(), entry.value.as_deref()))
    }

    /// Takes over all entries of `other`, which win.
    pub fn extend_from(&mut self, other: &RawConfig) {
        for (name, value) in other.in_order() {
            self.insert_entry(name, value.map(str::to_owned));
        }
    }

    /// The keys, sorted.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// All entries, sorted by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Option<&str>)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry.value.as_deref()))
    }

    /// All entries in the order in which their keys came.
    pub fn in_order(&self) -> impl ExactSizeIterator<Item = (&str, Option<&str>)> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_unstable_by_key(|(_, entry)| entry.place);
        entries.into_iter().map(|(name, entry)| (name.as_str(), entry.value.as_deref()))
    }

    /// The same in the order of a `java.util.HashMap` that the entries were put into one by one.
    pub fn in_hash_order(self) -> Self {
        self.reordered(|names| hash_order(names))
    }

    /// The same in the order of a `java.util.HashMap` that is a copy of a map with these entries.
    pub fn in_copied_hash_order(self) -> Self {
        self.reordered(|names| copied_hash_order(names))
    }

    fn reordered(mut self, order: impl FnOnce(Vec<&str>) -> Vec<&str>) -> Self {
        let names: Vec<&str> = self.in_order().map(|(name, _)| name).collect();
        let names: Vec<String> = order(names).into_iter().map(str::to_owned).collect();
        for (place, name) in names.iter().enumerate() {
            if let Some(entry) = self.entries.get_mut(name) {
                entry.place = place;
            }
        }
        self
    }

    /// The configuration with a patch applied, whose nulls remove keys, in Java's order (KIP-477, Apache:
    /// `ConnectUtils.patchConfig`).
    pub fn patched(&self, patch: &RawConfig) -> RawConfig {
        let copied = self.len();
        let mut patched = self.clone();
        for (name, value) in patch.in_order() {
            match value {
                Some(value) => patched.insert(name, value),
                None => drop(patched.remove(name)),
            }
        }
        patched.reordered(|names| grown_hash_order(names, copied))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The text of a `java.util.HashMap` that is a copy of a map with these entries: `{k=v, …}` in Java's order. Shows
    /// secrets: it is for answers that Java gives with the submitted values, not for logs.
    pub fn java_text(&self) -> String {
        let order = copied_hash_order(self.in_order().map(|(name, _)| name));
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
        let shown = self.iter().map(|(name, value)| match value {
            Some(_) if Self::is_secret(name) => (name, Some("[hidden]")),
            value => (name, value),
        });
        f.debug_map().entries(shown).finish()
    }
}

impl<K: Into<String>, V: Into<String>, const N: usize> From<[(K, V); N]> for RawConfig {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().map(|(name, value)| (name.into(), Some(value.into()))).collect()
    }
}

impl PartialEq for RawConfig {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for RawConfig {}

impl Hash for RawConfig {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        self.iter().for_each(|entry| entry.hash(state));
    }
}

impl From<BTreeMap<String, Option<String>>> for RawConfig {
    fn from(entries: BTreeMap<String, Option<String>>) -> Self {
        entries.into_iter().collect()
    }
}

impl From<RawConfig> for BTreeMap<String, Option<String>> {
    fn from(raw: RawConfig) -> Self {
        raw.entries.into_iter().map(|(name, entry)| (name, entry.value)).collect()
    }
}

impl FromIterator<(String, Option<String>)> for RawConfig {
    fn from_iter<I: IntoIterator<Item = (String, Option<String>)>>(entries: I) -> Self {
        let mut raw = Self::new();
        entries.into_iter().for_each(|(name, value)| raw.insert_entry(name, value));
        raw
    }
}

impl FromIterator<(String, String)> for RawConfig {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(entries: I) -> Self {
        entries.into_iter().map(|(name, value)| (name, Some(value))).collect()
    }
}

impl IntoIterator for RawConfig {
    type Item = (String, Option<String>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    /// Sorted by key, as [`RawConfig::iter`].
    fn into_iter(self) -> Self::IntoIter {
        let entries: Vec<Self::Item> = self.entries.into_iter().map(|(name, entry)| (name, entry.value)).collect();
        entries.into_iter()
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

    fn order(raw: &RawConfig) -> String {
        raw.in_order().map(|(name, _)| name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn keys_keep_their_places() {
        let mut raw = RawConfig::from([("z", "1"), ("a", "2"), ("m", "3")]);
        raw.insert("z", "4");
        raw.insert_default("a", "5");
        raw.insert("b", "6");
        assert_eq!(order(&raw), "z a m b");
        raw.remove("z");
        raw.insert("z", "7");
        assert_eq!(order(&raw), "a m b z");
        assert_eq!(raw.keys().collect::<Vec<_>>(), ["a", "b", "m", "z"]);
        assert_eq!(raw, RawConfig::from([("z", "7"), ("b", "6"), ("m", "3"), ("a", "2")]));
        let mut more = RawConfig::from([("y", "1"), ("m", "0")]);
        more.extend_from(&raw);
        assert_eq!((order(&more).as_str(), more.get("m")), ("y m a b z", Some("3")));
    }

    #[test]
    fn hash_maps_have_javas_order() {
        let names = ["name", "connector.class", "topic", "file", "tasks.max"];
        let raw: RawConfig = names.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect();
        // As the real worker shows a connector from a file of properties with these keys.
        assert_eq!(order(&raw.in_hash_order()), "connector.class file tasks.max name topic");
    }

    #[test]
    fn java_text_has_javas_order() {
        let mut raw = RawConfig::from([("name", "local-file-source"), ("tasks.max", "1"), ("file", "test.txt")]);
        raw.insert_null("topic");
        // As java.util.HashMap prints it.
        assert_eq!(raw.java_text(), "{name=local-file-source, topic=null, file=test.txt, tasks.max=1}");
    }
}
