//! The converters and header converters of Apache Kafka Connect.
//!
//! [`json`] is the default of most installations; [`StringConverter`], [`ByteArrayConverter`] and
//! [`PrimitiveConverter`] know no schemas; [`SimpleHeaderConverter`] is the default for headers and rests on [`values`].
//! Each has a plug-in that describes it. [`calendar`], [`java_text`] and [`java_map`] hold what Java prints and in which order.

pub mod json;

mod bytes;
mod primitive;
mod string;

mod simple_header;
pub mod values;

pub mod calendar;
pub mod java_map;
pub mod java_text;

mod charset;
mod plugin;
mod printer;

pub use bytes::{ByteArrayConverter, ByteArrayConverterPlugin};
pub use json::{JsonConfig, JsonConverter, JsonConverterPlugin};
pub use primitive::{Primitive, PrimitiveConverter, PrimitiveConverterPlugin};
pub use printer::Printer;
pub use simple_header::{SimpleHeaderConverter, SimpleHeaderConverterPlugin};
pub use string::{StringConverter, StringConverterPlugin};
