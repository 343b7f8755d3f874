//! Offsets of source connectors.

mod encoding;
mod file;
mod java_map;
mod memory;
mod offset_file;
mod reader;
mod store;

pub use encoding::{decode_offset, decode_partition, encode_offset, encode_partition};
pub use file::FileOffsetStore;
pub use memory::MemoryOffsetStore;
pub use offset_file::OffsetFileError;
pub use reader::StoredOffsets;
pub use store::OffsetStore;
