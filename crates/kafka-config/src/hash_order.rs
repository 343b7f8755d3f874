//! The order in which Java's `HashMap` and `HashSet` go through strings. Some of Java's texts and files show it.

/// `String.hashCode()`.
pub fn java_string_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// The distinct strings in the order of a `java.util.HashMap` that got them in the given order and grew from its
/// default size of 16.
pub fn hash_order<'a>(strings: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let distinct = distinct(strings);
    let capacity = grown(16, distinct.len());
    in_buckets(distinct, capacity)
}

/// The distinct strings in the order of a `java.util.HashMap` that was made as a copy of a map with so many entries, and
/// changed since.
pub(crate) fn grown_hash_order<'a>(strings: impl IntoIterator<Item = &'a str>, copied: usize) -> Vec<&'a str> {
    let distinct = distinct(strings);
    let capacity = grown(copied_capacity(copied), distinct.len());
    in_buckets(distinct, capacity)
}

/// The distinct strings in the order of a `java.util.HashMap` that was made as a copy of another map, which iterates in
/// the given order: such a table has just the size that its entries need.
pub(crate) fn copied_hash_order<'a>(strings: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let distinct = distinct(strings);
    let capacity = copied_capacity(distinct.len());
    in_buckets(distinct, capacity)
}

fn copied_capacity(entries: usize) -> u32 {
    u32::try_from((entries * 4 / 3 + 1).next_power_of_two()).unwrap_or(1 << 30)
}

fn grown(mut capacity: u32, entries: usize) -> u32 {
    while entries * 4 > capacity as usize * 3 {
        capacity *= 2;
    }
    capacity
}

fn distinct<'a>(strings: impl IntoIterator<Item = &'a str>) -> Vec<(u32, &'a str)> {
    let mut distinct: Vec<(u32, &str)> = Vec::new();
    for text in strings {
        let hash = java_string_hash(text) as u32;
        if !distinct.iter().any(|(seen, other)| *seen == hash && *other == text) {
            distinct.push((hash, text));
        }
    }
    distinct
}

fn in_buckets(mut distinct: Vec<(u32, &str)>, capacity: u32) -> Vec<&str> {
    // Within a bucket the order of insertion stays, also when the table grows: a stable sort does the same. (Buckets
    // of more than eight become trees in Java; nothing here has that many collisions.)
    distinct.sort_by_key(|(hash, _)| (hash ^ (hash >> 16)) & (capacity - 1));
    distinct.into_iter().map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_java_does() {
        assert_eq!(java_string_hash(""), 0);
        assert_eq!(java_string_hash("name"), 3_373_707);
        assert_eq!(java_string_hash("polygenelubricants"), i32::MIN);
        assert_eq!(java_string_hash("é𝟗"), 1_997_035);
    }

    #[test]
    fn sets_of_constants_print_as_java_prints_them() {
        assert_eq!(hash_order(["POLL", "INTERVAL", "CONNECTOR"]), ["INTERVAL", "POLL", "CONNECTOR"]);
        assert_eq!(hash_order(["REQUESTED", "REQUIRED", "REQUIRED"]), ["REQUIRED", "REQUESTED"]);
        let protocols = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"];
        assert_eq!(hash_order(protocols), ["SASL_SSL", "PLAINTEXT", "SSL", "SASL_PLAINTEXT"]);
    }

    #[test]
    fn a_copied_map_is_only_as_large_as_needed() {
        // As java.util.HashMap prints these when made from another map: eight buckets, not sixteen.
        let keys = ["file", "name", "tasks.max", "topic"];
        assert_eq!(copied_hash_order(keys), ["name", "topic", "file", "tasks.max"]);
        assert_eq!(copied_hash_order(["name"]), ["name"]);
        assert_eq!(copied_hash_order([]), [] as [&str; 0]);
    }

    #[test]
    fn grows_at_three_quarters() {
        let names: Vec<String> = (0..13).map(|number| format!("key{number}")).collect();
        let order = hash_order(names.iter().map(String::as_str));
        // As java.util.HashMap with these 13 keys lists them.
        assert_eq!(order.join(" "), "key1 key2 key0 key5 key6 key3 key4 key9 key7 key8 key11 key10 key12");
    }
}
