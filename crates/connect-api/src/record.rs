//! A record on its way, and where it came from.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::data::{Datum, Headers, Text, Value};

/// A record between a connector and Kafka: what transforms see, in both directions.
#[derive(Clone, Debug)]
pub struct Record {
    /// The Kafka topic.
    pub topic: Arc<str>,
    /// The Kafka partition; `None` lets the producer's partitioner choose.
    pub partition: Option<i32>,
    /// The key.
    pub key: Datum,
    /// The value.
    pub value: Datum,
    /// Milliseconds since 1970; `None` lets the producer put its own time.
    pub timestamp: Option<i64>,
    /// The headers.
    pub headers: Headers,
    /// Where the record came from. Transforms leave it alone.
    pub origin: Origin,
}

/// Where a record came from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A source connector read it.
    Source(SourceOrigin),
    /// It was consumed from Kafka.
    Sink(SinkOrigin),
}

/// Where in the source system a record came from.
#[derive(Clone, Debug)]
pub struct SourceOrigin {
    /// The part of the source system.
    pub partition: SourcePartition,
    /// The position after the record.
    pub offset: SourceOffset,
    /// A number the connector chose; acknowledgements carry it back.
    pub tag: u64,
    /// The record before any transform, when somebody may have to be told of it. The runtime keeps it here.
    pub original: Option<Arc<Record>>,
}

/// Where in Kafka a record came from, before any transform (KIP-793).
#[derive(Clone, Debug)]
pub struct SinkOrigin {
    /// The topic it was consumed from.
    pub topic: Arc<str>,
    /// The partition it was consumed from.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// What its timestamp means.
    pub timestamp_type: TimestampType,
    /// The bytes it was consumed as.
    pub raw: RawRecord,
}

/// What the timestamp of a consumed record means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimestampType {
    /// There is none.
    #[default]
    NoTimestampType,
    /// The producer's time.
    CreateTime,
    /// The broker's time.
    LogAppendTime,
}

impl fmt::Display for TimestampType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TimestampType::NoTimestampType => "NoTimestampType",
            TimestampType::CreateTime => "CreateTime",
            TimestampType::LogAppendTime => "LogAppendTime",
        })
    }
}

impl Record {
    /// A record read by a source connector, without key, timestamp and headers, and with tag 0.
    pub fn source(topic: Arc<str>, partition: SourcePartition, offset: SourceOffset, value: Datum) -> Self {
        Self {
            topic,
            partition: None,
            key: Datum::NULL,
            value,
            timestamp: None,
            headers: Headers::new(),
            origin: Origin::Source(SourceOrigin { partition, offset, tag: 0, original: None }),
        }
    }

    /// The same with the number by which acknowledgements will name it.
    #[must_use]
    pub fn with_tag(mut self, tag: u64) -> Self {
        if let Origin::Source(origin) = &mut self.origin {
            origin.tag = tag;
        }
        self
    }

    /// The origin, when it was consumed from Kafka.
    pub fn sink_origin(&self) -> Option<&SinkOrigin> {
        match &self.origin {
            Origin::Sink(origin) => Some(origin),
            Origin::Source(_) => None,
        }
    }

    /// The origin, when a source connector read it.
    pub fn source_origin(&self) -> Option<&SourceOrigin> {
        match &self.origin {
            Origin::Source(origin) => Some(origin),
            Origin::Sink(_) => None,
        }
    }

    /// Keeps what the record is now as its original; only source records have one.
    pub fn keep_original(&mut self) {
        let original = Arc::new(self.clone());
        if let Origin::Source(origin) = &mut self.origin {
            origin.original = Some(original);
        }
    }

    /// Bytes of memory this record holds, as an estimate for budgets.
    pub fn memory_size(&self) -> usize {
        let headers: usize =
            self.headers.iter().map(|header| size_of_val(header) + header.datum.value.heap_size()).sum();
        size_of::<Self>() + self.key.value.heap_size() + self.value.value.heap_size() + headers
    }

    /// Copies what points into a fetched batch, so that keeping this record no longer keeps the batch. A sink that
    /// buffers records across `put`s calls it.
    pub fn detach(&mut self) {
        if let Origin::Sink(origin) = &mut self.origin {
            origin.raw.detach();
        }
        detach(&mut self.key.value);
        detach(&mut self.value.value);
    }
}

fn detach(value: &mut Value) {
    match value {
        Value::String(text) => *text = Text::from(text.to_string()),
        Value::Bytes(bytes) => *bytes = Bytes::copy_from_slice(bytes),
        Value::Array(items) => items.iter_mut().for_each(detach),
        Value::Struct(_) | Value::Map(_) => {
            // Converters copy nested text out of the batch, or own it already.
        }
        _ => {}
    }
}

/// The bytes of a consumed record. They share the memory of the fetched batch until [`RawRecord::detach`].
#[derive(Clone, Debug, Default)]
pub struct RawRecord {
    key: Option<Bytes>,
    value: Option<Bytes>,
    headers: Bytes,
    header_count: u32,
}

impl RawRecord {
    /// A record of these parts. `headers` are `header_count` headers in the encoding of Kafka's record format (varint
    /// length, key, varint length or -1, value; each).
    pub fn new(key: Option<Bytes>, value: Option<Bytes>, headers: Bytes, header_count: u32) -> Self {
        Self { key, value, headers, header_count }
    }

    /// The key.
    pub fn key(&self) -> Option<&Bytes> {
        self.key.as_ref()
    }

    /// The value.
    pub fn value(&self) -> Option<&Bytes> {
        self.value.as_ref()
    }

    /// The headers, as they stand in Kafka's record format, and how many there are.
    pub fn headers(&self) -> (&Bytes, u32) {
        (&self.headers, self.header_count)
    }

    /// Whether there are headers.
    pub fn has_headers(&self) -> bool {
        self.header_count > 0
    }

    /// Copies the bytes out of the fetched batch.
    pub fn detach(&mut self) {
        let copy = |bytes: &mut Bytes| *bytes = Bytes::copy_from_slice(bytes);
        self.key.iter_mut().for_each(copy);
        self.value.iter_mut().for_each(copy);
        copy(&mut self.headers);
    }
}

/// A part of the source system: a map with string keys, made once and shared by all its records.
/// Comparing two that are one object costs nothing.
#[derive(Clone)]
pub struct SourcePartition(Arc<[(Text, Value)]>);

impl SourcePartition {
    /// The partition with these entries. Of a repeated key the last value counts.
    pub fn new<K: Into<Text>, V: Into<Value>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let map: indexmap::IndexMap<Text, Value> =
            entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        Self(map.into_iter().collect())
    }

    /// The entries, in the order given.
    pub fn entries(&self) -> &[(Text, Value)] {
        &self.0
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Whether both are one object.
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Maps are equal when they hold the same entries, in any order.
impl PartialEq for SourcePartition {
    fn eq(&self, other: &Self) -> bool {
        self.same(other)
            || (self.0.len() == other.0.len() && self.0.iter().all(|(key, value)| other.get(key) == Some(value)))
    }
}

impl Eq for SourcePartition {}

impl Hash for SourcePartition {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The order of entries is no part of the identity: the sum of the entries' hashes.
        let sum = self.0.iter().fold(0_u64, |sum, entry| {
            let mut hasher = std::hash::DefaultHasher::new();
            entry.hash(&mut hasher);
            sum.wrapping_add(hasher.finish())
        });
        state.write_u64(sum);
    }
}

impl fmt::Debug for SourcePartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(key, value)| (&**key, value))).finish()
    }
}

/// A position in a source partition: a map with string keys, whose keys are shared by all offsets of a connector, so
/// that a position with one entry costs no allocation.
#[derive(Clone)]
pub struct SourceOffset {
    keys: Arc<[Text]>,
    values: SmallVec<[Value; 1]>,
}

impl SourceOffset {
    /// The keys of a connector's offsets, made once.
    pub fn keys<K: Into<Text>>(keys: impl IntoIterator<Item = K>) -> Arc<[Text]> {
        keys.into_iter().map(Into::into).collect()
    }

    /// An offset: one value for each of `keys`, in their order.
    ///
    /// # Panics
    /// When there are not as many values as keys.
    pub fn new(keys: &Arc<[Text]>, values: impl IntoIterator<Item = Value>) -> Self {
        let values: SmallVec<[Value; 1]> = values.into_iter().collect();
        assert_eq!(keys.len(), values.len(), "one value per key");
        Self { keys: keys.clone(), values }
    }

    /// An offset from entries, for code that makes few.
    pub fn of<K: Into<Text>, V: Into<Value>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let (keys, values): (Vec<Text>, SmallVec<[Value; 1]>) =
            entries.into_iter().map(|(key, value)| (key.into(), value.into())).unzip();
        Self { keys: keys.into(), values }
    }

    /// The entries.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&Text, &Value)> {
        self.keys.iter().zip(&self.values)
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries().find(|(name, _)| *name == key).map(|(_, value)| value)
    }
}

impl PartialEq for SourceOffset {
    fn eq(&self, other: &Self) -> bool {
        self.values.len() == other.values.len() && self.entries().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl fmt::Debug for SourceOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries().map(|(key, value)| (&**key, value))).finish()
    }
}
