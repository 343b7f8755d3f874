//! All offsets of one connector: for people who want to see or change them.

use bytes::Bytes;
use connect_api::{Result, SourceOffset, SourcePartition};
use connect_converters::json::plain;
use indexmap::IndexMap;

use super::{OffsetStore, decode_offset, decode_partition, encode_partition};

/// A partition that has an offset.
#[derive(Clone, Debug)]
pub struct StoredPartition {
    /// The partition, with the types that stored numbers have.
    pub partition: SourcePartition,
    /// The keys it is stored under: more than one when they differ in the order of their fields.
    pub keys: Vec<Bytes>,
    /// The value that counts.
    value: Bytes,
}

impl StoredPartition {
    /// The offset; `None` when the store holds a JSON null.
    ///
    /// # Errors
    /// When the stored bytes are no offset.
    pub fn offset(&self) -> Result<Option<SourceOffset>> {
        decode_offset(&self.value)
    }
}

/// The partitions of `connector` that have an offset, in the order in which they were first stored.
pub async fn stored_partitions(store: &dyn OffsetStore, connector: &str) -> Vec<StoredPartition> {
    let mut start = b"[".to_vec();
    plain::write_string(connector, &mut start);
    let mut found: IndexMap<SourcePartition, Vec<(Bytes, Option<Bytes>)>> = IndexMap::new();
    for (key, value) in store.entries().await {
        if !key.starts_with(&start) {
            continue;
        }
        match decode_partition(&key) {
            Ok((_, Some(partition))) => found.entry(partition).or_default().push((key, value)),
            // Offsets of a connector that names no partition are not shown.
            Ok((_, None)) => {}
            Err(error) => tracing::warn!(key = %String::from_utf8_lossy(&key), %error, "a stored key is left out"),
        }
    }
    let stored = found.into_iter().filter_map(|(partition, entries)| {
        let own = encode_partition(connector, &partition).ok()?;
        // As for a task that reads: the own order of fields counts, also when it says "removed", then the last stored.
        let (_, value) = entries.iter().find(|(key, _)| *key == own).or(entries.last())?;
        let value = value.clone()?;
        let keys = entries.into_iter().map(|(key, _)| key).collect();
        Some(StoredPartition { partition, keys, value })
    });
    stored.collect()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::offsets::MemoryOffsetStore;

    fn stored(entries: &[(&str, Option<&str>)]) -> Vec<StoredPartition> {
        let store = MemoryOffsetStore::new();
        let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
        let entries = entries.iter().map(|(key, value)| (bytes(key), value.map(bytes)));
        store.set(entries.collect()).now_or_never().unwrap().unwrap();
        stored_partitions(&store, "c").now_or_never().unwrap()
    }

    #[test]
    fn only_what_has_an_offset_is_listed() {
        let found = stored(&[
            (r#"["c",{"p":1}]"#, Some(r#"{"n":1}"#)),
            (r#"["c",{"p":2}]"#, None),
            (r#"["cc",{"p":3}]"#, Some(r#"{"n":3}"#)),
            (r#"["c",null]"#, Some(r#"{"n":4}"#)),
            (r#"["c",[1]]"#, Some(r#"{"n":5}"#)),
            (r#"["c",{"p":6}]"#, Some("null")),
            (r#"["c",{"p":7}]"#, Some("no json")),
        ]);
        let partitions: Vec<_> = found.iter().map(|each| each.partition.get("p").unwrap().as_i64().unwrap()).collect();
        assert_eq!(partitions, [1, 6, 7]);
        assert_eq!(found[0].offset().unwrap(), Some(SourceOffset::of([("n", 1_i64)])));
        assert_eq!(found[1].offset().unwrap(), None);
        assert!(found[2].offset().is_err());
    }

    #[test]
    fn keys_that_differ_in_order_are_one_partition() {
        let (one, other) = (r#"["c",{"a":1,"b":2}]"#, r#"["c",{"b":2,"a":1}]"#);
        let found = stored(&[(other, Some(r#"{"n":1}"#)), (one, Some(r#"{"n":2}"#))]);
        assert_eq!((found.len(), found[0].keys.len()), (1, 2));
        assert_eq!(found[0].offset().unwrap(), Some(SourceOffset::of([("n", 2_i64)])));
        // Removed under the own order of fields is removed.
        assert!(stored(&[(other, Some(r#"{"n":1}"#)), (one, None)]).is_empty());
        assert_eq!(stored(&[(other, Some(r#"{"n":1}"#))]).len(), 1);
    }
}
