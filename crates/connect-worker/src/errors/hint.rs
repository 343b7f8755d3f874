//! Hints for people whose records cannot be read: what the bytes look like, and which line to change. They go to the log
//! only, at most once in a while for each reason.

use std::collections::BTreeMap;
use std::time::Duration;

use connect_api::RawRecord;
use env::Instant;
use parking_lot::Mutex;

use super::Stage;
use crate::TaskId;

/// How long a hint is not repeated.
const QUIET: Duration = Duration::from_secs(300);

const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";
const STRING: &str = "org.apache.kafka.connect.storage.StringConverter";

/// What records look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Format {
    /// JSON with the fields `schema` and `payload`, and no others.
    Envelope,
    /// Other JSON.
    Json,
    /// The magic byte 0 and the id of a schema, then JSON.
    RegistryJson,
    /// The same, then a message of Protobuf, most likely: a list of indexes comes first.
    RegistryProtobuf,
    /// The same, then Avro, most likely.
    RegistryAvro,
    /// A file of Avro.
    AvroFile,
    /// Text.
    Text,
    /// As many bytes as a number of that converter has.
    Number(&'static str),
}

/// The converter of keys or values, as the hints must know it.
#[derive(Clone, Debug)]
pub struct ConverterFacts {
    /// Its class.
    pub class: String,
    /// `schemas.enable`, where that means something.
    pub schemas: bool,
}

/// Gives hints about the records of one task.
#[derive(Debug)]
pub struct Hints {
    task: TaskId,
    key: ConverterFacts,
    value: ConverterFacts,
    given: Mutex<BTreeMap<Reason, Given>>,
}

/// `key` or `value`, and what it looks like.
type Reason = (&'static str, Format);

/// When a hint was given last, and how often it was held back since.
type Given = (Instant, u64);

/// A consumed record that could not be converted.
#[derive(Clone, Copy, Debug)]
pub struct Unreadable<'a> {
    /// Topic.
    pub topic: &'a str,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// The bytes.
    pub raw: &'a RawRecord,
}

impl Hints {
    /// For a task with these converters.
    pub fn new(task: TaskId, key: ConverterFacts, value: ConverterFacts) -> Self {
        Self { task, key, value, given: Mutex::default() }
    }

    /// The sentence for a record that failed in `stage`, unless there is nothing to say, or it was said a short time ago.
    pub fn about(&self, stage: Stage, record: Unreadable<'_>, now: Instant) -> Option<String> {
        let (what, facts, bytes) = match stage {
            Stage::KeyConverter => ("key", &self.key, record.raw.key()?),
            Stage::ValueConverter => ("value", &self.value, record.raw.value()?),
            _ => return None,
        };
        let format = format_of(bytes)?;
        let advice = advice(what, format, facts, bytes)?;
        let held_back = {
            let mut given = self.given.lock();
            match given.get_mut(&(what, format)) {
                Some((last, held_back)) if now - *last < QUIET => {
                    *held_back += 1;
                    return None;
                }
                known => {
                    let held_back = known.map_or(0, |(_, held_back)| *held_back);
                    given.insert((what, format), (now, 0));
                    held_back
                }
            }
        };
        let Unreadable { topic, partition, offset, .. } = record;
        let more = if held_back > 0 { format!(" ({held_back} more since the last such hint)") } else { String::new() };
        let (task, stage, class) = (&self.task, stage.name(), &facts.class);
        Some(format!(
            "task {task}: the {what} of {topic}-{partition}@{offset} cannot be read in stage {stage} by {class}: {advice}{more}"
        ))
    }
}

fn format_of(bytes: &[u8]) -> Option<Format> {
    if bytes.starts_with(b"Obj\x01") {
        return Some(Format::AvroFile);
    }
    if bytes.len() > 5 && bytes[0] == 0 {
        return Some(match bytes[5] {
            b'{' | b'[' | b'"' => Format::RegistryJson,
            0 => Format::RegistryProtobuf,
            _ => Format::RegistryAvro,
        });
    }
    let text = std::str::from_utf8(bytes).ok();
    let printable = |text: &&str| !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    if let Some(text) = text.filter(printable).filter(|text| !text.trim().is_empty()) {
        let trimmed = text.trim();
        let json = trimmed.starts_with('{') && trimmed.ends_with('}')
            || trimmed.starts_with('[') && trimmed.ends_with(']')
            || trimmed.starts_with('"') && trimmed.ends_with('"') && trimmed.len() > 1;
        return Some(match json {
            true if trimmed.starts_with('{') && trimmed.contains("\"schema\"") && trimmed.contains("\"payload\"") => {
                Format::Envelope
            }
            true => Format::Json,
            false => Format::Text,
        });
    }
    match bytes.len() {
        2 => Some(Format::Number("Short")),
        4 => Some(Format::Number("Integer")),
        8 => Some(Format::Number("Long")),
        _ => None,
    }
}

/// Whether a class as configured, by its name or its alias, is this one.
fn is(class: &str, full: &str) -> bool {
    class == full || full.rsplit('.').next() == Some(class)
}

/// What it looks like and the line to change; `None`: that is what the converter reads, so the record itself is at fault.
fn advice(what: &str, format: Format, facts: &ConverterFacts, bytes: &[u8]) -> Option<String> {
    let is_json = is(&facts.class, JSON);
    let id = || bytes.get(1..5).map_or(0, |id| id.iter().fold(0_u32, |id, byte| id << 8 | u32::from(*byte)));
    Some(match format {
        Format::Json if is_json && facts.schemas => format!(
            "it looks like JSON without the fields schema and payload; set {what}.converter.schemas.enable=false"
        ),
        Format::Envelope | Format::Json if is_json => return None,
        Format::Envelope => format!("it looks like JSON with a schema; set {what}.converter={JSON}"),
        Format::Json => {
            format!("it looks like JSON; set {what}.converter={JSON} and {what}.converter.schemas.enable=false")
        }
        Format::RegistryJson => format!(
            "it looks like JSON of a schema registry (schema id {}); {what}.converter must be its JSON Schema converter",
            id()
        ),
        Format::RegistryProtobuf => format!(
            "it looks like Protobuf of a schema registry (schema id {}); {what}.converter must be its Protobuf converter",
            id()
        ),
        Format::RegistryAvro => format!(
            "it looks like Avro of a schema registry (schema id {}); {what}.converter must be its Avro converter",
            id()
        ),
        Format::AvroFile => format!("it looks like a file of Avro; no converter of {what}s reads files"),
        Format::Text if is(&facts.class, STRING) => return None,
        Format::Text => format!("it looks like plain text; set {what}.converter={STRING}"),
        Format::Number(kind) => format!(
            "it may be a number of {} bytes; set {what}.converter=org.apache.kafka.connect.converters.{kind}Converter",
            bytes.len()
        ),
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn hints(class: &str, schemas: bool) -> Hints {
        let facts = ConverterFacts { class: class.to_owned(), schemas };
        Hints::new(TaskId::new("c", 0), facts.clone(), facts)
    }

    fn hint(hints: &Hints, value: &[u8], seconds: u64) -> Option<String> {
        let raw = RawRecord::new(None, Some(Bytes::copy_from_slice(value)), Bytes::new(), 0);
        let record = Unreadable { topic: "t", partition: 3, offset: 7, raw: &raw };
        let now = Instant::from_origin(Duration::from_secs(seconds));
        hints.about(Stage::ValueConverter, record, now)
    }

    #[test]
    fn a_hint_names_the_record_the_stage_the_converter_and_the_line_to_change() {
        assert_eq!(
            hint(&hints(JSON, true), b"{\"a\":1}", 0).unwrap(),
            "task c-0: the value of t-3@7 cannot be read in stage VALUE_CONVERTER by \
             org.apache.kafka.connect.json.JsonConverter: it looks like JSON without the fields schema and payload; set \
             value.converter.schemas.enable=false"
        );
    }

    #[test]
    fn formats_are_told_apart() {
        let said = |class: &str, schemas, value: &[u8]| hint(&hints(class, schemas), value, 0).unwrap_or_default();
        let long = "org.apache.kafka.connect.converters.LongConverter";
        for (class, schemas, value, expected) in [
            (JSON, false, &b"\x00\x00\x00\x01\x02\x06abc"[..], "Avro of a schema registry (schema id 258)"),
            (JSON, false, b"\x00\x00\x00\x00\x05\x00\x0a\x01a", "Protobuf of a schema registry (schema id 5)"),
            (JSON, true, b"\x00\x00\x00\x00\x05{\"a\":1}", "JSON of a schema registry (schema id 5)"),
            (JSON, true, b"Obj\x01\x02", "a file of Avro"),
            (JSON, true, b"plain text", "set value.converter=org.apache.kafka.connect.storage.StringConverter"),
            (JSON, true, b"[1,2]", "value.converter.schemas.enable=false"),
            (JSON, true, b"\x00\x00\x01\x02", "IntegerConverter"),
            (long, true, b"{\"a\":1}", "JsonConverter and value.converter.schemas.enable=false"),
            (long, true, b"{\"schema\":null,\"payload\":1}", "JSON with a schema"),
        ] {
            let said = said(class, schemas, value);
            assert!(said.contains(expected), "{value:?}: {said}");
        }
        for (schemas, value) in [
            (true, &b"{\"schema\":{},\"payload\":1}"[..]),
            (false, b"{\"a\":01x}"),
            (true, b"\xff\xfe\xfd"),
            (true, b""),
        ] {
            assert_eq!(said(JSON, schemas, value), "", "{value:?}");
        }
    }

    #[test]
    fn a_hint_is_not_repeated_for_a_while_and_then_says_how_often_it_was_held_back() {
        let hints = hints(JSON, true);
        assert!(hint(&hints, b"one", 0).is_some());
        assert!(hint(&hints, b"{}", 1).is_some(), "another reason");
        for second in 1..300 {
            assert_eq!(hint(&hints, b"two", second), None);
        }
        assert!(hint(&hints, b"three", 300).unwrap().ends_with("(299 more since the last such hint)"));
        assert_eq!(hint(&hints, b"four", 301), None);
    }

    #[test]
    fn headers_and_missing_values_get_no_hint() {
        let raw = RawRecord::new(None, None, Bytes::new(), 0);
        let record = Unreadable { topic: "t", partition: 0, offset: 0, raw: &raw };
        let now = Instant::from_origin(Duration::ZERO);
        for stage in [Stage::KeyConverter, Stage::ValueConverter, Stage::HeaderConverter, Stage::Transformation] {
            assert_eq!(hints(JSON, true).about(stage, record, now), None);
        }
    }
}
