//! A worker's configuration: its keys, and what they mean.

mod headers;
mod keys;
mod settings;
mod tls_keys;
mod typos;

pub use headers::{HeaderRule, HeaderRuleValue};
pub use keys::{MASK_SECRETS, MEMORY_BYTES, standalone_definition};
pub use settings::WorkerConfig;
