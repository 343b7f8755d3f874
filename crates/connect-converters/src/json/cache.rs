//! A bounded cache of schemas.

use std::borrow::Borrow;
use std::hash::Hash;

use indexmap::IndexMap;

/// The most memory that keys may take, whatever their number.
const MAX_BYTES: usize = 8 << 20;

/// Keeps what was used last: at most `limit` entries, in two generations. When the young one is full it becomes the
/// old one, and what was old and not asked for since is forgotten; so both looking up and adding cost the same however
/// full the cache is.
#[derive(Debug)]
pub(super) struct Cache<K, V> {
    young: IndexMap<K, V>,
    old: IndexMap<K, V>,
    /// Of one generation.
    limit: usize,
    bytes: usize,
}

impl<K: Hash + Eq, V: Clone> Cache<K, V> {
    /// A cache of `limit` entries; with 0 or less nothing is kept.
    pub(super) fn new(limit: i32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0).div_ceil(2);
        Self { young: IndexMap::new(), old: IndexMap::new(), limit, bytes: 0 }
    }

    /// The value under `key`.
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.swap_remove_entry(key)?;
        self.insert(key, value.clone(), 0);
        Some(value)
    }

    /// Keeps `value` under `key`, whose size in bytes counts against the memory allowed.
    pub(super) fn insert(&mut self, key: K, value: V, size: usize) {
        if self.limit == 0 || size > MAX_BYTES {
            return;
        }
        if self.young.len() >= self.limit || self.bytes + size > MAX_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes += size;
        self.young.insert(key, value);
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_size_is_bounded() {
        let mut cache = Cache::new(10);
        cache.insert(0, "kept", 1);
        for key in 1..1000 {
            cache.insert(key, "passing", 1);
            assert_eq!(cache.get(&0), Some("kept"));
            assert!(cache.len() <= 10, "{}", cache.len());
        }
        assert_eq!(cache.get(&1), None);
    }

    #[test]
    fn memory_is_bounded_too() {
        let mut cache = Cache::new(1000);
        for key in 0..10 {
            cache.insert(key, (), MAX_BYTES / 2);
        }
        assert!(cache.len() <= 4);
        cache.insert(11, (), MAX_BYTES + 1);
        assert_eq!(cache.get(&11), None);
    }

    #[test]
    fn a_cache_of_nothing_keeps_nothing() {
        let mut cache = Cache::new(-1);
        cache.insert(1, (), 0);
        assert_eq!(cache.get(&1), None);
    }
}
