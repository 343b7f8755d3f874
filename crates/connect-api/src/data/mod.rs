//! Connect's data model: schemas, values, structs and headers.

mod decimal;
mod headers;
pub mod java_order;
mod map;
mod schema;
mod schema_builder;
mod schema_type;
mod structs;
mod validation;
mod value;

pub use bytestring::ByteString as Text;

pub use decimal::Decimal;
pub use headers::{Header, Headers};
pub use map::Map;
pub use schema::{Field, Schema};
pub use schema_builder::SchemaBuilder;
pub use schema_type::{LogicalType, Type};
pub use structs::Struct;
pub use value::{Datum, Value};
