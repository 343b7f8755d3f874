//! TimestampRouter: puts the timestamp of the record into the name of its topic.

use std::fmt::Write as _;
use std::sync::Arc;

use connect_api::plugin::{Plugin, TransformPlugin};
use connect_api::{Datum, Error, Headers, Kind, Origin, Record, Result, Transform, Value, Verdict};
use connect_converters::java_text::{value_text, write_value};
use kafka_config::{ConfigDef, ConfigKey, Importance, RawConfig, Type};

use crate::java_date_format::DateFormat;
use crate::operand::refused;

const TOPIC_FORMAT: &str = "topic.format";
const TIMESTAMP_FORMAT: &str = "timestamp.format";

/// The plug-in `TimestampRouter`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimestampRouterPlugin;

impl Plugin for TimestampRouterPlugin {
    fn class(&self) -> &'static str {
        "org.apache.kafka.connect.transforms.TimestampRouter"
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }

    fn config(&self) -> ConfigDef {
        ConfigDef::new()
            .define(
                ConfigKey::new(TOPIC_FORMAT, Type::String)
                    .default("${topic}-${timestamp}")
                    .importance(Importance::High)
                    .doc("The new topic; `${topic}` stands for the old one, `${timestamp}` for the timestamp."),
            )
            .define(
                ConfigKey::new(TIMESTAMP_FORMAT, Type::String)
                    .default("yyyyMMdd")
                    .importance(Importance::High)
                    .doc("How the timestamp is written, in UTC, as a pattern of java.text.SimpleDateFormat."),
            )
    }
}

impl TransformPlugin for TimestampRouterPlugin {
    fn transform(&self, config: &RawConfig) -> Result<Box<dyn Transform>> {
        let config = self.config().parse(config).map_err(refused)?;
        Ok(Box::new(TimestampRouter {
            topic_format: config.get_string(TOPIC_FORMAT).map(str::to_owned),
            // Parity: a wrong pattern fails every record, and not the start.
            format: config.get_string(TIMESTAMP_FORMAT).map(|pattern| DateFormat::new(pattern, 0)),
            last: None,
        }))
    }
}

struct TimestampRouter {
    topic_format: Option<String>,
    format: Option<Result<DateFormat, String>>,
    /// The last timestamp and topic, and what became of them.
    last: Option<(String, Arc<str>, Arc<str>)>,
}

impl Transform for TimestampRouter {
    fn apply(&mut self, record: &mut Record) -> Result<Verdict> {
        let Some(timestamp) = record.timestamp else {
            return Err(Error::data(format!("Timestamp missing on record: {}", record_text(record))));
        };
        let format = match &self.format {
            Some(Ok(format)) => format,
            Some(Err(message)) => return Err(Error::new(Kind::IllegalArgument, message)),
            None => return Err(null_pointer()),
        };
        let timestamp = format.format(timestamp);
        let topic = match &self.last {
            Some((text, old, new)) if *text == timestamp && *old == record.topic => new.clone(),
            _ => {
                let topic_format = self.topic_format.as_deref().ok_or_else(null_pointer)?;
                let topic = topic_format.replace("${topic}", &record.topic).replace("${timestamp}", &timestamp);
                let topic: Arc<str> = topic.into();
                self.last = Some((timestamp, record.topic.clone(), topic.clone()));
                topic
            }
        };
        record.topic = topic;
        Ok(Verdict::Keep)
    }
}

fn null_pointer() -> Error {
    Error::without_message(Kind::Connect).with_class("java.lang.NullPointerException")
}

/// `SinkRecord.toString` or `SourceRecord.toString`.
fn record_text(record: &Record) -> String {
    let mut out = String::new();
    match &record.origin {
        Origin::Sink(origin) => write!(
            out,
            "SinkRecord{{kafkaOffset={}, timestampType={}, originalTopic={}, originalKafkaPartition={}, \
             originalKafkaOffset={}}}",
            origin.offset, origin.timestamp_type, origin.topic, origin.partition, origin.offset
        ),
        Origin::Source(origin) => {
            let partition = origin.partition.entries().iter().map(|(key, value)| (&**key, value));
            let offset = origin.offset.entries().map(|(key, value)| (&**key, value));
            write!(out, "SourceRecord{{sourcePartition={}, sourceOffset={}}}", entries(partition), entries(offset))
        }
    }
    .and_then(|()| {
        write!(
            out,
            " ConnectRecord{{topic='{}', kafkaPartition={}, key={}, keySchema={}, value={}, valueSchema={}, \
             timestamp={}, headers={}}}",
            record.topic,
            optional(record.partition),
            value_text(&record.key.value),
            schema_text(&record.key),
            value_text(&record.value.value),
            schema_text(&record.value),
            optional(record.timestamp),
            headers_text(&record.headers),
        )
    })
    .expect("writing to a string cannot fail");
    out
}

fn entries<'a>(entries: impl Iterator<Item = (&'a str, &'a Value)>) -> String {
    let map: connect_api::Map = entries.map(|(key, value)| (key, value.clone())).collect();
    value_text(&map.into())
}

fn optional(number: Option<impl ToString>) -> String {
    number.map_or_else(|| "null".to_owned(), |number| number.to_string())
}

fn schema_text(datum: &Datum) -> String {
    datum.schema.as_ref().map_or_else(|| "null".to_owned(), ToString::to_string)
}

fn headers_text(headers: &Headers) -> String {
    if headers.is_empty() {
        return "ConnectHeaders(headers=)".to_owned();
    }
    let mut out = "ConnectHeaders(headers=[".to_owned();
    for (index, header) in headers.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        out.push_str("ConnectHeader(key=");
        out.push_str(&header.key);
        out.push_str(", value=");
        write_value(&header.datum.value, &mut out);
        out.push_str(", schema=");
        out.push_str(&schema_text(&header.datum));
        out.push(')');
    }
    out.push_str("])");
    out
}
