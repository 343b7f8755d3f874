//! Offsets that live as long as the process.

use async_trait::async_trait;
use bytes::Bytes;
use connect_api::Result;
use indexmap::IndexMap;
use parking_lot::Mutex;

use super::OffsetStore;

/// An [`OffsetStore`] in memory.
#[derive(Default)]
pub struct MemoryOffsetStore {
    map: Mutex<IndexMap<Bytes, Option<Bytes>>>,
}

impl MemoryOffsetStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl OffsetStore for MemoryOffsetStore {
    async fn get(&self, keys: &[Bytes]) -> Result<Vec<Option<Bytes>>> {
        let map = self.map.lock();
        Ok(keys.iter().map(|key| map.get(key).cloned().flatten()).collect())
    }

    async fn set(&self, entries: Vec<(Bytes, Option<Bytes>)>) -> Result<()> {
        self.map.lock().extend(entries);
        Ok(())
    }

    async fn entries(&self) -> Vec<(Bytes, Option<Bytes>)> {
        self.map.lock().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}
