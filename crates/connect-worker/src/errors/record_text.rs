//! A source record as Java's `SourceRecord.toString` writes it, for the lines of the log.

use std::fmt::Write as _;

use connect_api::{Headers, Record, Schema, Value};
use connect_converters::java_text::write_value;

/// The text of a record that a source connector made.
pub(super) fn source_text(record: &Record) -> String {
    let mut out = String::from("SourceRecord{sourcePartition=");
    match record.source_origin() {
        Some(origin) => {
            write_map(origin.partition.entries().iter().map(|(key, value)| (&**key, value)), &mut out);
            out.push_str(", sourceOffset=");
            write_map(origin.offset.entries().map(|(key, value)| (&**key, value)), &mut out);
        }
        None => out.push_str("null, sourceOffset=null"),
    }
    let _ = write!(out, "}} ConnectRecord{{topic='{}', kafkaPartition={}", record.topic, or_null(record.partition));
    out.push_str(", key=");
    write_value(&record.key.value, &mut out);
    let _ = write!(out, ", keySchema={}, value=", schema_text(record.key.schema.as_ref()));
    write_value(&record.value.value, &mut out);
    let schema = schema_text(record.value.schema.as_ref());
    let _ = write!(out, ", valueSchema={schema}, timestamp={}, headers=", or_null(record.timestamp));
    write_headers(&record.headers, &mut out);
    out.push('}');
    out
}

fn or_null(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| value.to_string())
}

fn write_map<'a>(entries: impl Iterator<Item = (&'a str, &'a Value)>, out: &mut String) {
    out.push('{');
    for (index, (key, value)) in entries.enumerate() {
        out.push_str(if index > 0 { ", " } else { "" });
        out.push_str(key);
        out.push('=');
        write_value(value, out);
    }
    out.push('}');
}

fn schema_text(schema: Option<&Schema>) -> String {
    match schema {
        None => "null".to_owned(),
        Some(schema) => match schema.name() {
            Some(name) => format!("Schema{{{name}:{}}}", schema.kind()),
            None => format!("Schema{{{}}}", schema.kind()),
        },
    }
}

fn write_headers(headers: &Headers, out: &mut String) {
    out.push_str("ConnectHeaders(headers=");
    let mut headers = headers.iter().peekable();
    let any = headers.peek().is_some();
    out.push_str(if any { "[" } else { "" });
    for (index, header) in headers.enumerate() {
        let _ = write!(out, "{}ConnectHeader(key={}, value=", if index > 0 { ", " } else { "" }, header.key);
        write_value(&header.datum.value, out);
        let _ = write!(out, ", schema={})", schema_text(header.datum.schema.as_ref()));
    }
    out.push_str(if any { "])" } else { ")" });
}

#[cfg(test)]
mod tests {
    use connect_api::{Datum, SchemaBuilder, SourceOffset, SourcePartition, Type};

    use super::*;

    #[test]
    fn a_record_is_written_as_java_writes_it() {
        let partition = SourcePartition::new([("filename", "/a")]);
        let offset = SourceOffset::of([("position", 3_i64)]);
        let value = Datum { schema: Some(Schema::string()), value: Value::from("x") };
        let mut record = Record::source("t".into(), partition, offset, value);
        assert_eq!(
            source_text(&record),
            "SourceRecord{sourcePartition={filename=/a}, sourceOffset={position=3}} ConnectRecord{topic='t', \
             kafkaPartition=null, key=null, keySchema=null, value=x, valueSchema=Schema{STRING}, timestamp=null, \
             headers=ConnectHeaders(headers=)}"
        );
        record.partition = Some(2);
        record.timestamp = Some(7);
        let named = SchemaBuilder::new(Type::Int32).name("n").build();
        record.key = Datum { schema: Some(named), value: Value::Int32(1) };
        record.headers.add("h", Datum::schemaless(Value::Boolean(true)));
        record.headers.add("h", Datum::NULL);
        assert!(
            source_text(&record).ends_with(
                "kafkaPartition=2, key=1, keySchema=Schema{n:INT32}, value=x, valueSchema=Schema{STRING}, \
                 timestamp=7, headers=ConnectHeaders(headers=[ConnectHeader(key=h, value=true, schema=null), \
                 ConnectHeader(key=h, value=null, schema=null)])}"
            ),
            "{}",
            source_text(&record)
        );
    }
}
