//! A map value: keys of any type, in the order of insertion.

use indexmap::IndexMap;

use super::Value;

/// A map. Equality ignores the order, as in Java. Iteration is in order of insertion;
/// [`super::java_order`] gives the order in which a Java `HashMap` of the same keys would be walked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map(IndexMap<Value, Value>);

impl Map {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts `value` under `key`; an existing key keeps its place. Gives the value it replaces.
    pub fn insert(&mut self, key: impl Into<Value>, value: impl Into<Value>) -> Option<Value> {
        self.0.insert(key.into(), value.into())
    }

    /// The value under `key`.
    pub fn get(&self, key: &Value) -> Option<&Value> {
        self.0.get(key)
    }

    /// The value under the string `key`.
    pub fn get_str(&self, key: &str) -> Option<&Value> {
        self.0.get(&Value::from(key))
    }

    /// Removes `key`, keeping the order of the others.
    pub fn remove(&mut self, key: &Value) -> Option<Value> {
        self.0.shift_remove(key)
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Value, &Value)> {
        self.0.iter()
    }
}

impl<K: Into<Value>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

impl IntoIterator for Map {
    type Item = (Value, Value);
    type IntoIter = indexmap::map::IntoIter<Value, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
