//! The order in which a Java `HashMap` is walked.
//!
//! Java writes schemaless maps, source partitions and source offsets in this order. Partitions are looked up by the
//! bytes they were written as, so the order is part of the format of the offset store.

pub use kafka_config::java_string_hash as string_hash;

/// Gives the indexes of `keys`, which must be distinct and in order of insertion, in the order in which a
/// `HashMap` filled one by one with them is walked.
pub fn hash_map_order<'a>(keys: impl ExactSizeIterator<Item = &'a str>) -> Vec<usize> {
    let capacity = capacity_for(keys.len());
    let mut order: Vec<(u32, usize)> =
        keys.enumerate().map(|(index, key)| (bucket(string_hash(key), capacity), index)).collect();
    // Within a bucket, entries stand in the order of insertion (a resize keeps it), up to the eight that Java turns
    // into a tree, whose walk keeps it too.
    order.sort_by_key(|&(bucket, index)| (bucket, index));
    order.into_iter().map(|(_, index)| index).collect()
}

/// The table size of a `HashMap` that grew one by one to `size` entries: 16, doubled when more than three quarters full.
pub fn capacity_for(size: usize) -> u32 {
    let mut capacity: u32 = 16;
    while size > (capacity as usize / 4) * 3 && capacity < 1 << 30 {
        capacity *= 2;
    }
    capacity
}

fn bucket(hash: i32, capacity: u32) -> u32 {
    let hash = hash as u32;
    (hash ^ (hash >> 16)) & (capacity - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_hash_over_utf16_units() {
        assert_eq!(string_hash(""), 0);
        assert_eq!(string_hash("filename"), -734768633);
        assert_eq!(string_hash("é😀"), (233 * 31 + 0xD83D) * 31 + 0xDE00);
    }

    #[test]
    fn buckets_come_first_then_insertion() {
        // "Aa" and "BB" have the same hash code.
        assert_eq!(hash_map_order(["BB", "Aa"].into_iter()), [0, 1]);
        assert_eq!(hash_map_order(["b", "a", "c"].into_iter()), [1, 0, 2]);
    }

    #[test]
    fn tables_double_at_three_quarters() {
        assert_eq!([0, 12, 13, 24, 25, 48, 49].map(capacity_for), [16, 16, 32, 32, 64, 64, 128]);
    }
}
