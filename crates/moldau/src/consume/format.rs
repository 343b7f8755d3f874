//! How a record is printed: Java's default formatter, under its property names.

use kafka_client::consumer::{FetchedRecords, Record, TimestampType};

use crate::exit::Exit;
use crate::properties::{self, switch, text};

const KNOWN: [&str; 13] = [
    "print.key",
    "print.value",
    "print.timestamp",
    "print.partition",
    "print.offset",
    "print.headers",
    "key.separator",
    "line.separator",
    "headers.separator",
    "null.literal",
    "key.deserializer",
    "value.deserializer",
    "headers.deserializer",
];

/// Which parts of a record are printed, and what stands between them.
#[derive(Debug)]
pub(super) struct Format {
    timestamp: bool,
    partition: bool,
    offset: bool,
    headers: bool,
    key: bool,
    value: bool,
    separator: Vec<u8>,
    line_separator: Vec<u8>,
    headers_separator: Vec<u8>,
    null: Vec<u8>,
}

impl Format {
    /// Reads the properties.
    ///
    /// # Errors
    /// An unknown one, or a deserializer that would change the bytes.
    pub(super) fn parse(given: &[(String, String)]) -> Result<Self, Exit> {
        properties::refuse_unknown(given, &KNOWN)?;
        for (key, class) in given.iter().filter(|(key, _)| key.ends_with(".deserializer")) {
            let name = class.trim().rsplit('.').next().unwrap_or_default();
            if !["StringDeserializer", "ByteArrayDeserializer"].contains(&name) {
                return Err(Exit::usage(format!(
                    "--property {key}={class}: records are printed as they are, other deserializers do not work here"
                )));
            }
        }
        let bytes = |key: &str, default: &str| text(given, key).unwrap_or(default).as_bytes().to_vec();
        Ok(Self {
            timestamp: switch(given, "print.timestamp", false),
            partition: switch(given, "print.partition", false),
            offset: switch(given, "print.offset", false),
            headers: switch(given, "print.headers", false),
            key: switch(given, "print.key", false),
            value: switch(given, "print.value", true),
            separator: bytes("key.separator", "\t"),
            line_separator: bytes("line.separator", "\n"),
            headers_separator: bytes("headers.separator", ","),
            null: bytes("null.literal", "null"),
        })
    }

    /// Appends the first `count` records as lines.
    pub(super) fn write(&self, fetched: &FetchedRecords, count: usize, out: &mut Vec<u8>) {
        for record in fetched.records.iter().take(count) {
            self.write_record(fetched.partition, fetched.timestamp_type, record, out);
        }
    }

    fn write_record(&self, partition: i32, timestamp_type: TimestampType, record: &Record, out: &mut Vec<u8>) {
        let mut first = true;
        let mut column = |out: &mut Vec<u8>| {
            if !std::mem::take(&mut first) {
                out.extend_from_slice(&self.separator);
            }
        };
        if self.timestamp {
            column(out);
            let kind = match timestamp_type {
                TimestampType::CreateTime => "CreateTime",
                TimestampType::LogAppendTime => "LogAppendTime",
            };
            out.extend_from_slice(format!("{kind}:{}", record.timestamp).as_bytes());
        }
        if self.partition {
            column(out);
            out.extend_from_slice(format!("Partition:{partition}").as_bytes());
        }
        if self.offset {
            column(out);
            out.extend_from_slice(format!("Offset:{}", record.offset).as_bytes());
        }
        if self.headers {
            column(out);
            self.write_headers(record, out);
        }
        if self.key {
            column(out);
            out.extend_from_slice(record.key.as_deref().unwrap_or(&self.null));
        }
        if self.value {
            column(out);
            out.extend_from_slice(record.value.as_deref().unwrap_or(&self.null));
        }
        if !first {
            out.extend_from_slice(&self.line_separator);
        }
    }

    fn write_headers(&self, record: &Record, out: &mut Vec<u8>) {
        if record.headers.is_empty() {
            out.extend_from_slice(b"NO_HEADERS");
        }
        for (index, (key, value)) in record.headers.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(&self.headers_separator);
            }
            out.extend_from_slice(key);
            out.push(b':');
            out.extend_from_slice(value.unwrap_or(&self.null));
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use kafka_wire::batch::Headers;

    use super::*;

    fn format(properties: &[&str]) -> Result<Format, Exit> {
        let given: Vec<_> = properties.iter().map(|text| properties::parse(text).unwrap()).collect();
        Format::parse(&given)
    }

    fn printed(properties: &[&str], key: Option<&'static str>, value: Option<&'static str>) -> String {
        let record = Record {
            offset: 7,
            timestamp: 1_700_000_000_000,
            key: key.map(|key| Bytes::from_static(key.as_bytes())),
            value: value.map(|value| Bytes::from_static(value.as_bytes())),
            headers: Headers::new(Bytes::from_static(b"\x02a\x02b\x02c\x01"), 2),
        };
        let fetched = FetchedRecords {
            topic: "t".into(),
            partition: 3,
            timestamp_type: TimestampType::CreateTime,
            records: vec![record.clone(), record],
            next_offset: 8,
        };
        let mut out = Vec::new();
        format(properties).unwrap().write(&fetched, 1, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_alone_by_default() {
        assert_eq!(printed(&[], Some("k"), Some("v")), "v\n");
        assert_eq!(printed(&[], None, None), "null\n");
        assert_eq!(printed(&[], None, Some("")), "\n");
    }

    #[test]
    fn all_parts_in_javas_order() {
        let all = ["print.value", "print.key", "print.headers", "print.offset", "print.partition", "print.timestamp"]
            .map(|key| format!("{key}=true"));
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        assert_eq!(
            printed(&all, Some("k"), Some("v")),
            "CreateTime:1700000000000\tPartition:3\tOffset:7\ta:b,c:null\tk\tv\n"
        );
        assert_eq!(printed(&["print.key=true", "print.value=false"], Some("k"), Some("v")), "k\n");
    }

    #[test]
    fn separators_and_the_word_for_null_can_be_chosen() {
        let chosen = ["print.key=true", "key.separator=: ", "null.literal=NIL", "line.separator=;"];
        assert_eq!(printed(&chosen, None, Some("v")), "NIL: v;");
        assert_eq!(printed(&["print.headers=true", "headers.separator=|"], None, None), "a:b|c:null\tnull\n");
        assert_eq!(printed(&["print.key=true"], Some(""), Some("")), "\t\n");
    }

    #[test]
    fn what_has_no_effect_is_refused() {
        assert!(format(&["print.keys=true"]).is_err());
        assert!(format(&["key.deserializer=org.apache.kafka.common.serialization.LongDeserializer"]).is_err());
        assert!(format(&["key.deserializer=org.apache.kafka.common.serialization.StringDeserializer"]).is_ok());
    }
}
