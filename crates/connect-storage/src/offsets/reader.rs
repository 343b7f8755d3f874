//! What a connector sees of an offset store.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use connect_api::source::OffsetReader;
use connect_api::{Error, Result, SourceOffset, SourcePartition};
use connect_converters::json::plain;
use tokio::sync::Notify;

use super::{OffsetStore, decode_offset, decode_partition, encode_partition};

/// The stored offsets of one connector, until closed.
pub struct StoredOffsets {
    connector: Arc<str>,
    store: Arc<dyn OffsetStore>,
    closed: AtomicBool,
    closing: Notify,
}

impl StoredOffsets {
    /// The offsets of `connector` in `store`.
    pub fn new(connector: impl Into<Arc<str>>, store: Arc<dyn OffsetStore>) -> Self {
        Self { connector: connector.into(), store, closed: AtomicBool::new(false), closing: Notify::new() }
    }

    /// Refuses every read from now on, those under way included: the task has been given up.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.closing.notify_waiters();
    }

    async fn read(&self, partitions: &[SourcePartition]) -> Result<Vec<Option<SourceOffset>>> {
        let keys: Result<Vec<Bytes>> =
            partitions.iter().map(|partition| encode_partition(&self.connector, partition)).collect();
        let keys = keys?;
        let mut values = self.store.get(&keys).await?;
        if values.iter().any(Option::is_none) {
            self.find_in_other_orders(&keys, &mut values).await;
        }
        Ok(values.into_iter().zip(&keys).map(|(value, key)| decode(value?, key)).collect())
    }

    /// Partitions whose key is stored with its fields in another order than a Java `HashMap`'s: a Java connector may
    /// have used a map of another kind. Of several orders the one stored last counts.
    async fn find_in_other_orders(&self, keys: &[Bytes], values: &mut [Option<Bytes>]) {
        let mut missing: HashMap<SourcePartition, Vec<usize>> = HashMap::new();
        for (index, _) in values.iter().enumerate().filter(|(_, value)| value.is_none()) {
            // Read back, so that numbers have the type they have in the stored keys.
            if let Ok((_, Some(partition))) = decode_partition(&keys[index]) {
                missing.entry(partition).or_default().push(index);
            }
        }
        let mut start = b"[".to_vec();
        plain::write_string(&self.connector, &mut start);
        for (key, value) in self.store.entries().await {
            if !key.starts_with(&start) {
                continue;
            }
            let Ok((_, Some(partition))) = decode_partition(&key) else { continue };
            let Some(indexes) = missing.get(&partition) else { continue };
            // A removed offset stays removed, whatever is stored in another order.
            let removed = indexes.iter().any(|&index| keys[index] == key);
            for &index in indexes {
                values[index] = if removed { None } else { value.clone() };
            }
            if removed {
                missing.remove(&partition);
            }
        }
    }
}

fn decode(value: Bytes, key: &Bytes) -> Option<SourceOffset> {
    // Parity: an offset that cannot be read is left out and the task starts without it.
    decode_offset(&value).unwrap_or_else(|error| {
        tracing::error!(key = %String::from_utf8_lossy(key), %error, "a stored offset cannot be read");
        None
    })
}

#[async_trait]
impl OffsetReader for StoredOffsets {
    async fn offsets(&self, partitions: &[SourcePartition]) -> Result<Vec<Option<SourceOffset>>> {
        let closing = self.closing.notified();
        tokio::pin!(closing);
        // From here on no closing is missed.
        closing.as_mut().enable();
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::connect(
                "Offset reader is closed. This is likely because the task has already been scheduled to stop but has \
                 taken longer than the graceful shutdown period to do so.",
            ));
        }
        tokio::select! {
            biased;
            () = closing => Err(Error::connect(
                "Offset reader closed while attempting to read offsets. This is likely because the task was been \
                 scheduled to stop but has taken longer than the graceful shutdown period to do so.",
            )),
            read = self.read(partitions) => read,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::offsets::{MemoryOffsetStore, encode_offset};
    use connect_api::Value;

    fn now<T>(future: impl Future<Output = T>) -> T {
        future.now_or_never().expect("memory never waits")
    }

    fn partition() -> SourcePartition {
        SourcePartition::new([("server", Value::from("s")), ("filename", Value::from("f")), ("n", Value::Int32(7))])
    }

    fn position(position: i64) -> SourceOffset {
        SourceOffset::of([("position", position)])
    }

    fn store(entries: &[(&str, Option<&str>)]) -> Arc<MemoryOffsetStore> {
        let store = Arc::new(MemoryOffsetStore::new());
        let entries = entries.iter().map(|(key, value)| {
            (Bytes::copy_from_slice(key.as_bytes()), value.map(|value| Bytes::copy_from_slice(value.as_bytes())))
        });
        now(store.set(entries.collect())).unwrap();
        store
    }

    fn read(store: &Arc<MemoryOffsetStore>) -> Option<SourceOffset> {
        now(StoredOffsets::new("c", store.clone()).offset(&partition())).unwrap()
    }

    #[test]
    fn a_key_in_another_order_is_found_and_the_own_order_wins() {
        let own = encode_partition("c", &partition()).unwrap();
        let other = r#"["c",{"n":7,"filename":"f","server":"s"}]"#;
        assert_ne!(own, other);
        let store = store(&[
            (r#"["cc",{"n":7,"filename":"f","server":"s"}]"#, Some(r#"{"position":1}"#)),
            (r#"["c",{"n":8,"filename":"f","server":"s"}]"#, Some(r#"{"position":2}"#)),
            ("nonsense", Some("x")),
            (r#"["c",null]"#, Some("x")),
            (other, Some(r#"{"position":3}"#)),
        ]);
        assert_eq!(read(&store), Some(position(3)));
        now(store.set(vec![(own.clone(), Some(encode_offset(&position(4)).unwrap()))])).unwrap();
        assert_eq!(read(&store), Some(position(4)));
        now(store.set(vec![(own, None)])).unwrap();
        assert_eq!(read(&store), None);
    }

    #[test]
    fn answers_stand_in_the_order_asked_for() {
        let partitions: Vec<_> = (0..3_i64).map(|n| SourcePartition::new([("n", n)])).collect();
        let store = store(&[(r#"["c",{"n":2}]"#, Some(r#"{"position":2}"#)), (r#"["c",{"n":0}]"#, Some("no json"))]);
        let offsets = now(StoredOffsets::new("c", store).offsets(&partitions)).unwrap();
        assert_eq!(offsets, [None, None, Some(position(2))]);
    }

    #[test]
    fn a_closed_reader_refuses() {
        let reader = StoredOffsets::new("c", store(&[]));
        reader.close();
        let error = now(reader.offset(&partition())).unwrap_err();
        assert!(error.message().unwrap().starts_with("Offset reader is closed. This is likely because"));
    }

    struct Stuck;

    #[async_trait]
    impl OffsetStore for Stuck {
        async fn get(&self, _: &[Bytes]) -> Result<Vec<Option<Bytes>>> {
            std::future::pending().await
        }
        async fn set(&self, _: Vec<(Bytes, Option<Bytes>)>) -> Result<()> {
            Ok(())
        }
        async fn entries(&self) -> Vec<(Bytes, Option<Bytes>)> {
            Vec::new()
        }
    }

    #[test]
    fn closing_ends_a_read_under_way() {
        let reader = StoredOffsets::new("c", Arc::new(Stuck));
        let asked = partition();
        let mut read = Box::pin(reader.offset(&asked));
        assert!((&mut read).now_or_never().is_none());
        reader.close();
        let error = read.now_or_never().expect("ended").unwrap_err();
        assert!(error.message().unwrap().starts_with("Offset reader closed while attempting to read offsets."));
    }
}
