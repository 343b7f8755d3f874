//! Offsets of source connectors.

mod encoding;
mod file;
mod java_map;
mod listing;
mod memory;
mod offset_file;
mod reader;
mod store;

pub use encoding::{decode_offset, decode_partition, encode_offset, encode_partition};
pub use file::FileOffsetStore;
pub use listing::{StoredPartition, stored_partitions};
pub use memory::MemoryOffsetStore;
pub use offset_file::OffsetFileError;
pub use reader::StoredOffsets;
pub use store::OffsetStore;
