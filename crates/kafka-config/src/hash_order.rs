//! The order in which Java's `HashMap` and `HashSet` go through strings. Some of Java's texts and files show it.

/// `String.hashCode()`.
pub fn java_string_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// The distinct strings in the order of a `java.util.HashMap` that got them in the given order and grew from its
/// default size of 16.
pub fn hash_order<'a>(strings: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut distinct: Vec<(u32, &str)> = Vec::new();
    for text in strings {
        let hash = java_string_hash(text) as u32;
        if !distinct.iter().any(|(seen, other)| *seen == hash && *other == text) {
            distinct.push((hash, text));
        }
    }
    let mut capacity = 16u32;
    while distinct.len() > capacity as usize / 4 * 3 {
        capacity *= 2;
    }
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
    fn grows_at_three_quarters() {
        let names: Vec<String> = (0..13).map(|number| format!("key{number}")).collect();
        let order = hash_order(names.iter().map(String::as_str));
        // As java.util.HashMap with these 13 keys lists them.
        assert_eq!(order.join(" "), "key1 key2 key0 key5 key6 key3 key4 key9 key7 key8 key11 key10 key12");
    }
}
