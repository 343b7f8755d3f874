//! The single message transforms and predicates of Apache Kafka Connect: one file each, with Java's class names, keys,
//! results and messages.
//!
//! A transform that changes structs makes a plan per input schema and keeps it: the next record of that
//! schema costs one comparison of pointers. A record that cannot be transformed is left as it was.

mod cast;
mod drop_headers;
mod extract_field;
mod filter;
mod flatten;
mod header_from;
mod hoist_field;
mod insert_field;
mod insert_header;
mod mask_field;
mod regex_router;
mod replace_field;
mod set_schema_metadata;
mod timestamp_converter;
mod timestamp_router;
mod value_to_key;

pub mod predicates;

mod field_path;
pub mod java_date_format;
mod java_float;
mod operand;
mod plan;

pub use cast::CastPlugin;
pub use drop_headers::DropHeadersPlugin;
pub use extract_field::ExtractFieldPlugin;
pub use filter::FilterPlugin;
pub use flatten::FlattenPlugin;
pub use header_from::HeaderFromPlugin;
pub use hoist_field::HoistFieldPlugin;
pub use insert_field::InsertFieldPlugin;
pub use insert_header::InsertHeaderPlugin;
pub use mask_field::MaskFieldPlugin;
pub use operand::Side;
pub use regex_router::RegexRouterPlugin;
pub use replace_field::ReplaceFieldPlugin;
pub use set_schema_metadata::SetSchemaMetadataPlugin;
pub use timestamp_converter::TimestampConverterPlugin;
pub use timestamp_router::TimestampRouterPlugin;
pub use value_to_key::ValueToKeyPlugin;

/// The version all of them report: that of the Apache Kafka whose behaviour they follow.
const VERSION: &str = "4.3.1";
