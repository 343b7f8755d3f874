//! Converters: Connect data to and from the bytes of Kafka records.

use bytes::Bytes;

use crate::{Datum, Result};

/// What a converter is used for (`converter.type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Keys of records.
    Key,
    /// Values of records.
    Value,
    /// Values of headers.
    Header,
}

/// What a converter may know of the record whose data it writes.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EncodeContext<'a> {
    /// The topic the record goes to.
    pub topic: &'a str,
}

impl<'a> EncodeContext<'a> {
    /// For a record that goes to `topic`.
    pub fn new(topic: &'a str) -> Self {
        Self { topic }
    }
}

/// What a converter may know of the record whose data it reads.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DecodeContext<'a> {
    /// The topic the record came from.
    pub topic: &'a str,
}

impl<'a> DecodeContext<'a> {
    /// For a record that came from `topic`.
    pub fn new(topic: &'a str) -> Self {
        Self { topic }
    }
}

/// What [`Converter::encode`] made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoded {
    /// No bytes at all: a tombstone.
    Null,
    /// The bytes appended to the output, which may be none.
    Written,
}

/// Converts keys or values. One instance belongs to one task, so it may keep caches; they must be bounded.
///
/// The errors are handled by the error policy of the connector (`errors.tolerance`, retries when retriable).
pub trait Converter: Send {
    /// Appends the bytes of `datum` to `out`. On an error the caller drops what was appended.
    ///
    /// # Errors
    /// When the data do not fit.
    fn encode(&mut self, context: EncodeContext<'_>, datum: &Datum, out: &mut Vec<u8>) -> Result<Encoded>;

    /// Reads bytes; the datum may point into them.
    ///
    /// # Errors
    /// When the bytes are not what this converter reads.
    fn decode(&mut self, context: DecodeContext<'_>, bytes: Option<&Bytes>) -> Result<Datum>;
}

/// Converts values of headers.
pub trait HeaderConverter: Send {
    /// Appends the bytes of a header's value to `out`. On an error the caller drops what was appended.
    ///
    /// # Errors
    /// When the data do not fit.
    fn encode(&mut self, context: EncodeContext<'_>, key: &str, datum: &Datum, out: &mut Vec<u8>) -> Result<Encoded>;

    /// Reads the bytes of a header's value.
    ///
    /// # Errors
    /// When the bytes are not what this converter reads.
    fn decode(&mut self, context: DecodeContext<'_>, key: &str, bytes: Option<&Bytes>) -> Result<Datum>;
}

/// A [`Converter`] used for headers: ignores the key, as Java's converters that are both do.
pub struct AsHeaderConverter<C>(pub C);

impl<C: Converter> HeaderConverter for AsHeaderConverter<C> {
    fn encode(&mut self, context: EncodeContext<'_>, _key: &str, datum: &Datum, out: &mut Vec<u8>) -> Result<Encoded> {
        self.0.encode(context, datum, out)
    }

    fn decode(&mut self, context: DecodeContext<'_>, _key: &str, bytes: Option<&Bytes>) -> Result<Datum> {
        self.0.decode(context, bytes)
    }
}
