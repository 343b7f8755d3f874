//! Headers of consumed records.

use bytes::Bytes;
use connect_api::{Error, RawRecord, Result, Text};
use kafka_wire::batch::Headers;

/// The headers of a consumed record, in order; keys may repeat.
pub fn raw_headers(record: &RawRecord) -> Vec<Result<(Text, Option<Bytes>)>> {
    let (raw, count) = record.headers();
    let headers = Headers::new(raw.clone(), count);
    let read = headers.iter_bytes().map(|(key, value)| match Text::try_from(key) {
        Ok(key) => Ok((key, value)),
        Err(_) => Err(Error::data("The key of a header is not UTF-8")),
    });
    read.collect()
}
