//! The interface of offset stores.

use async_trait::async_trait;
use bytes::Bytes;
use connect_api::Result;

/// Where source offsets live: values by key, both encoded (see [`super::encode_partition`] and
/// [`super::encode_offset`]). A value of `None` says that the partition's offset was removed.
#[async_trait]
pub trait OffsetStore: Send + Sync {
    /// The value of each key, in the order asked for; `None` where there is none. May already show what a
    /// [`OffsetStore::set`] that has not returned yet is storing.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn get(&self, keys: &[Bytes]) -> Result<Vec<Option<Bytes>>>;

    /// Stores all entries, or, on an error, possibly none of them. Durable when it returns. Dropping the future does
    /// not stop what has begun.
    ///
    /// # Errors
    /// When they could not be made durable.
    async fn set(&self, entries: Vec<(Bytes, Option<Bytes>)>) -> Result<()>;

    /// Everything stored.
    async fn entries(&self) -> Vec<(Bytes, Option<Bytes>)>;
}
