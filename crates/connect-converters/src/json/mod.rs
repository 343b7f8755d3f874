//! JSON: Apache's JsonConverter, and plain schemaless JSON for stored offsets.
//!
//! [`JsonConverter`] ties the parts together. Writing: `schema_write`, `value_write`. Reading: `value_scan` is the
//! quick way, `value_read` and `schema_read` the complete one, over the trees of `node`.

mod converter;
pub mod plain;
mod plugin;

mod config;
mod schema_write;
mod value_write;

mod schema_read;
mod value_read;
mod value_scan;

mod base64_text;
mod cache;
mod encoding;
mod logical;
mod mistakes;
mod node;
mod number_scan;
mod scanner;
mod string_scan;
mod syntax;
mod text;

pub use config::{DecimalFormat, JsonConfig};
pub use converter::JsonConverter;
pub use plugin::JsonConverterPlugin;
