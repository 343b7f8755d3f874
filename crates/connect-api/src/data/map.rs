//! A map value: keys of any type, in the order of insertion.

use indexmap::IndexMap;
use smallvec::SmallVec;

use super::Value;

/// A map. Equality ignores the order, as in Java, and iteration is in order of insertion. What writes a map writes it in
/// the order in which Java walks it, which depends on how Java would have made it; [`Map::tables`] tells.
#[derive(Clone, Debug, Default)]
pub struct Map {
    entries: IndexMap<Value, Value>,
    table: Table,
    /// The maps that this one was copied from, oldest first: their table, and how many of the entries were there.
    past: SmallVec<[(Table, usize); 2]>,
}

/// What Java keeps the entries in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Table {
    /// A `HashMap` made without a size.
    #[default]
    Plain,
    /// A `HashMap` of at least this capacity.
    Sized(u32),
    /// A `LinkedHashMap`.
    Linked,
}

impl Table {
    /// The number of buckets with so many entries; `None` where entries keep their order.
    fn capacity(self, len: usize) -> Option<u32> {
        let mut capacity: u32 = match self {
            Table::Plain => 16,
            Table::Sized(least) => least,
            Table::Linked => return None,
        };
        while len > capacity as usize * 3 / 4 && capacity < 1 << 30 {
            capacity *= 2;
        }
        Some(capacity)
    }
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Eq for Map {}

impl Map {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same map as a `LinkedHashMap`: written in the order of insertion.
    #[must_use]
    pub fn linked(self) -> Self {
        Self { table: Table::Linked, past: SmallVec::new(), ..self }
    }

    /// The same map copied into a new `HashMap`, whose table is as large as these entries need.
    #[must_use]
    pub fn copied(mut self) -> Self {
        if !self.is_empty() {
            self.past.push((self.table, self.len()));
        }
        self.table = match self.len() {
            0 => Table::Plain,
            // Parity: as in JDK 17; from JDK 19 on 3, 6, 12, … entries get a table of half the size.
            len => Table::Sized(((len * 4 / 3 + 1) as u32).next_power_of_two()),
        };
        self
    }

    /// An empty map for so many entries: `new HashMap<>(size)`.
    pub fn sized(size: usize) -> Self {
        Self { table: Table::Sized((size as u32).next_power_of_two()), ..Self::default() }
    }

    /// How Java came to the order of the entries: the number of buckets (`None` where entries keep their order) and of
    /// the first entries that were put in, for each map that this one was copied from and for itself.
    pub fn tables(&self) -> impl Iterator<Item = (Option<u32>, usize)> {
        self.past.iter().copied().chain([(self.table, self.len())]).map(|(table, len)| (table.capacity(len), len))
    }

    /// Whether the map is a `HashMap` that was filled entry by entry.
    pub fn is_plain(&self) -> bool {
        self.table == Table::Plain && self.past.is_empty()
    }

    /// Puts `value` under `key`; an existing key keeps its place. Gives the value it replaces.
    pub fn insert(&mut self, key: impl Into<Value>, value: impl Into<Value>) -> Option<Value> {
        self.entries.insert(key.into(), value.into())
    }

    /// The value under `key`.
    pub fn get(&self, key: &Value) -> Option<&Value> {
        self.entries.get(key)
    }

    /// The value under the string `key`.
    pub fn get_str(&self, key: &str) -> Option<&Value> {
        self.entries.get(&Value::from(key))
    }

    /// Removes `key`, keeping the order of the others.
    pub fn remove(&mut self, key: &Value) -> Option<Value> {
        let (index, _, value) = self.entries.shift_remove_full(key)?;
        // A table does not shrink.
        if let Some(capacity) = self.table.capacity(self.len() + 1)
            && (self.table != Table::Plain || capacity > 16)
        {
            self.table = Table::Sized(capacity);
        }
        for (_, len) in &mut self.past {
            *len -= usize::from(index < *len);
        }
        Some(value)
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Value, &Value)> {
        self.entries.iter()
    }
}

impl<K: Into<Value>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self {
            entries: entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect(),
            ..Self::default()
        }
    }
}

impl IntoIterator for Map {
    type Item = (Value, Value);
    type IntoIter = indexmap::map::IntoIter<Value, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(range: std::ops::Range<i64>) -> Map {
        range.map(|number| (number, number)).collect()
    }

    fn tables(map: &Map) -> Vec<(Option<u32>, usize)> {
        map.tables().collect()
    }

    #[test]
    fn a_table_grows_and_does_not_shrink() {
        let mut map = numbers(0..13);
        assert_eq!(tables(&map), [(Some(32), 13)]);
        map.remove(&Value::Int64(12));
        assert_eq!(tables(&map), [(Some(32), 12)]);
        let mut small = numbers(0..1).copied();
        small.insert(1_i64, 1_i64);
        small.insert(2_i64, 2_i64);
        small.insert(3_i64, 3_i64);
        assert_eq!(tables(&small), [(Some(16), 1), (Some(8), 4)]);
        small.remove(&Value::Int64(1));
        small.remove(&Value::Int64(2));
        assert_eq!(tables(&small), [(Some(16), 1), (Some(8), 2)]);
        small.remove(&Value::Int64(0));
        assert_eq!(tables(&small), [(Some(16), 0), (Some(8), 1)]);
    }

    #[test]
    fn a_copy_remembers_what_it_was_copied_from() {
        let map = numbers(0..3).linked();
        assert!(!map.is_plain());
        let copy = map.clone().copied().copied();
        assert_eq!(tables(&copy), [(None, 3), (Some(8), 3), (Some(8), 3)]);
        assert_eq!(copy, map);
        assert!(Map::new().copied().is_plain());
        assert_eq!(tables(&Map::sized(3)), [(Some(4), 0)]);
    }
}
