//! What both directions do with records: the transform chain, and conversion to and from bytes.

mod chain;
mod decode;
mod dropped;
mod encode;
mod rewriting;

pub use chain::{Chain, Condition, Link};
pub use decode::Decoder;
pub use dropped::{DropCounts, DroppedRecords};
pub use encode::Encoder;

use connect_api::{Converter, HeaderConverter};

/// The converters of one task, with the Java class names that error reports show.
pub struct Converters {
    /// For keys.
    pub key: Box<dyn Converter>,
    /// For values.
    pub value: Box<dyn Converter>,
    /// For headers.
    pub header: Box<dyn HeaderConverter>,
    /// Class of the key converter.
    pub key_class: String,
    /// Class of the value converter.
    pub value_class: String,
    /// Class of the header converter.
    pub header_class: String,
}
