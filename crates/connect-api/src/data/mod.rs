//! Connect's data model: schemas, values, structs and headers.

mod decimal;
mod headers;
pub mod java_order;
mod map;
mod schema;
mod structs;
mod value;

pub use bytestring::ByteString as Text;

pub use decimal::Decimal;
pub use headers::{Header, Headers};
pub use map::Map;
pub use schema::{Field, LogicalType, Schema, SchemaBuilder, Type};
pub use structs::Struct;
pub use value::{Datum, Value};
