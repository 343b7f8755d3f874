//! The contract of Kafka Connect: everything the author of a connector, a converter or a transform needs, and nothing
//! of the runtime, of Kafka's protocol or of HTTP.
//!
//! Read in this order: [`data`] (what moves), [`Record`], then [`source`] or [`sink`] (who moves it), then [`convert`],
//! [`transform`] and [`plugin`] (how the runtime finds it).

pub mod convert;
pub mod data;
pub mod error;
pub mod plugin;
pub mod record;
pub mod rewrite;
pub mod sink;
pub mod source;
pub mod token;
pub mod transform;

pub use convert::{Converter, DecodeContext, EncodeContext, Encoded, HeaderConverter, Role};
pub use data::{Datum, Decimal, Field, Header, Headers, Map, Schema, SchemaBuilder, Struct, Text, Type, Value};
pub use error::{Error, Kind, Result};
pub use record::{Origin, RawRecord, Record, SinkOrigin, SourceOffset, SourceOrigin, SourcePartition, TimestampType};
pub use rewrite::{Rewrite, Slot};
pub use token::{Signal, Token, TokenSource};
pub use transform::{Exception, Outcomes, Predicate, Selection, Transform, Verdict};
