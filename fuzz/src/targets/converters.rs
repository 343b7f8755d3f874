//! Keys, values and headers of records.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use connect_api::plugin::{ConverterPlugin, HeaderConverterPlugin};
use connect_api::{Converter, Datum, DecodeContext, EncodeContext, Encoded, Role, Value};
use connect_converters::{
    ByteArrayConverterPlugin, JsonConverterPlugin, Primitive, PrimitiveConverterPlugin, SimpleHeaderConverterPlugin,
    StringConverterPlugin, java_text, values,
};
use kafka_config::RawConfig;

use super::{lines, text};
use crate::target::{Outcome, Target, outcome};

const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u12",
    "\\ud83d",
    "\\ude00",
    "null",
    "true",
    "false",
    "NaN",
    "-",
    "1",
    "0.5",
    "e9",
    "00",
    " ",
    "\n",
    "\"schema\":",
    "\"payload\":",
    "\"a\":1",
    "{\"type\":\"int32\"}",
    "é",
    "\0",
    "{\"type\":\"struct\",\"fields\":[",
    "\"field\":\"a\"",
    "\"default\":",
    "123456789012345678901234567890",
    "\"optional\":true",
    "\"type\":\"array\",\"items\":",
    "\"type\":\"map\",\"keys\":{\"type\":\"string\"},\"values\":",
    "\"name\":\"org.apache.kafka.connect.data.Decimal\",\"parameters\":{\"scale\":\"2\"}",
    "org.apache.kafka.connect.data.Date",
    "org.apache.kafka.connect.data.Timestamp",
    "\u{feff}",
    "bytes",
    "\"AQI=\"",
    "1e400",
];

fn json(entries: &[(&str, &str)]) -> Box<dyn Converter> {
    let mut config = RawConfig::new();
    for (name, value) in entries {
        config.insert(*name, *value);
    }
    JsonConverterPlugin.converter(&config, Role::Value).expect("the configuration is sound")
}

fn decode(converter: &mut dyn Converter, bytes: &Bytes) -> Result<Datum, String> {
    converter.decode(DecodeContext::new("t"), Some(bytes)).map_err(|error| error.trace().to_string())
}

/// Reads twice, and what was read is written and read again; the same must come out. What a number loses by being
/// written (a Decimal of another scale than its schema's, NaN) does not count.
fn there_and_back(converter: &mut dyn Converter, bytes: &Bytes) -> Outcome {
    let first = decode(converter, bytes);
    let second = decode(converter, bytes);
    assert_eq!(format!("{first:?}"), format!("{second:?}"), "the second reading differs");
    let datum = match first {
        Ok(datum) => datum,
        Err(error) => return outcome(0, error.rsplit("Exception").next().unwrap_or_default()),
    };
    java_text::value_text(&datum.value);
    let mut out = Vec::new();
    match converter.encode(EncodeContext::new("t"), &datum, &mut out) {
        Err(error) => outcome(1, &error.to_string()),
        Ok(Encoded::Null) => outcome(2, ""),
        Ok(Encoded::Written) => {
            let again = decode(converter, &out.clone().into()).expect("what was written can be read");
            let mut twice = Vec::new();
            converter.encode(EncodeContext::new("t"), &again, &mut twice).expect("and written again");
            assert_eq!(text(&out), text(&twice));
            outcome((3, shape(&datum.value)), "")
        }
    }
}

fn shape(value: &Value) -> u32 {
    match value {
        Value::Array(items) => 100 + items.first().map_or(0, shape).min(900),
        Value::Map(map) => 1000 + map.iter().next().map_or(0, |(_, value)| shape(value).min(900)),
        Value::Struct(value) => 2000 + value.slots().iter().map(shape).sum::<u32>().min(900),
        Value::Null => 1,
        Value::Boolean(_) => 2,
        Value::Int64(_) => 3,
        Value::Float64(_) => 4,
        Value::String(_) => 5,
        Value::Bytes(_) => 6,
        Value::Decimal(_) => 7,
        Value::Date(_) => 8,
        _ => 9,
    }
}

pub(super) const JSON_ENVELOPE: Target = Target {
    name: "json-envelope",
    about: "JsonConverter with schemas, its own and a configured one",
    words: JSON,
    longest: 64 << 10,
    run: |input| {
        let bytes = Bytes::copy_from_slice(input);
        let content = "{\"type\":\"struct\",\"fields\":[{\"type\":\"int8\",\"field\":\"a\"},{\"type\":\"string\",\"optional\":true,\"field\":\"b\"}]}";
        let _ = decode(&mut *json(&[("schema.content", content)]), &bytes);
        let numeric =
            [("decimal.format", "NUMERIC"), ("replace.null.with.default", "false"), ("schemas.cache.size", "0")];
        there_and_back(&mut *json(&numeric), &bytes);
        // The text as the schema itself.
        let mut config = RawConfig::new();
        config.insert("schema.content", text(input));
        let _ = JsonConverterPlugin.converter(&config, Role::Value);
        let mut converter = json(&[]);
        match decode(&mut *converter, &bytes) {
            // A number keeps its own scale when it is read, and Base64 refuses another one than the schema's.
            Ok(_) => outcome(1, ""),
            Err(error) => outcome(0, error.rsplit("Exception").next().unwrap_or_default()),
        }
    },
};

pub(super) const JSON_PLAIN: Target = Target {
    name: "json-plain",
    about: "JsonConverter without schemas; what is read can be written and read again",
    words: JSON,
    longest: 256 << 10,
    run: |input| there_and_back(&mut *json(&[("schemas.enable", "false")]), &Bytes::copy_from_slice(input)),
};

const VALUE_WORDS: &[&str] = &[
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"",
    "\\",
    " ",
    "null",
    "true",
    "false",
    "1",
    "-1.5",
    "1e400",
    "2020-01-02",
    "12:34:56.789Z",
    "2020-01-02T12:34:56.789Z",
    "é",
    "٣",
    "+",
    ".",
    "E",
    "\u{0}",
    "1e-2147483647",
    "99999999999999999999",
];

pub(super) const VALUES: Target = Target {
    name: "values",
    about: "text whose type is guessed (Values.parseString)",
    words: VALUE_WORDS,
    longest: 64 << 10,
    run: |input| match values::parse_string(&text(input)) {
        Err(error) => outcome(0, &error.to_string()),
        Ok(datum) => {
            java_text::value_text(&datum.value);
            values::convert_to_string(&datum.value);
            outcome((1, shape(&datum.value)), "")
        }
    },
};

pub(super) const HEADERS: Target = Target {
    name: "headers",
    about: "headers through SimpleHeaderConverter, there and back",
    words: VALUE_WORDS,
    longest: 64 << 10,
    run: |input| {
        let mut converter = SimpleHeaderConverterPlugin.header_converter(&RawConfig::new()).expect("it has no keys");
        let bytes = Bytes::copy_from_slice(input);
        let datum = converter.decode(DecodeContext::new("t"), "k", Some(&bytes)).expect("every header is read");
        let mut out = Vec::new();
        let encoded = converter.encode(EncodeContext::new("t"), "k", &datum, &mut out).expect("and written");
        outcome((encoded == Encoded::Written, shape(&datum.value)), "")
    },
};

/// StringConverters by encoding, so that the tables of a character set are unpacked once.
static STRINGS: Mutex<BTreeMap<String, Box<dyn Converter>>> = Mutex::new(BTreeMap::new());

pub(super) const PLAIN: Target =
    Target {
        name: "plain-converters",
        about: "StringConverter in the encoding on the first line, and the converters of bytes and numbers",
        words: &[
            "UTF-8\n",
            "UTF-16\n",
            "UTF-32\n",
            "CESU-8\n",
            "cp1252\n",
            "x-UTF-16LE-BOM\n",
            "GB18030\n",
            "EUC-JP\n",
            "Cp930\n",
            "x-SJIS_0213\n",
            "ISO-2022-JP-2\n",
            "ISO-2022-KR\n",
            "x-ISO-2022-CN-CNS\n",
            "JISAutoDetect\n",
            "ISCII91\n",
            "\u{1b}$B",
            "\u{1b}$)C",
            "\u{e}",
            "\u{feff}",
            "\n",
            "\u{10ffff}",
            "é",
        ],
        longest: 16 << 10,
        run: |input| {
            let [name, rest] = lines::<2>(input);
            let bytes = Bytes::copy_from_slice(rest);
            let mut known =
                ByteArrayConverterPlugin.converter(&RawConfig::new(), Role::Key).into_iter().collect::<Vec<_>>();
            known.extend(Primitive::ALL.iter().filter_map(|primitive| {
                PrimitiveConverterPlugin(*primitive).converter(&RawConfig::new(), Role::Key).ok()
            }));
            for converter in &mut known {
                if let Ok(datum) = decode(&mut **converter, &bytes) {
                    let mut out = Vec::new();
                    converter.encode(EncodeContext::new("t"), &datum, &mut out).expect("what was read can be written");
                    // Java has one NaN when it writes.
                    let nan = match datum.value {
                        Value::Float32(number) => number.is_nan(),
                        Value::Float64(number) => number.is_nan(),
                        _ => false,
                    };
                    assert!(nan || out == rest, "{out:?} but {rest:?}");
                }
            }
            let name = text(name);
            let mut strings = STRINGS.lock().unwrap_or_else(PoisonError::into_inner);
            let converter = match strings.entry(name.to_string()) {
                Entry::Occupied(kept) => kept.into_mut(),
                Entry::Vacant(place) => {
                    let config = RawConfig::from([("converter.encoding", &*name)]);
                    match StringConverterPlugin.converter(&config, Role::Key) {
                        Err(error) => return outcome(0, &error.to_string()),
                        Ok(converter) => place.insert(converter),
                    }
                }
            };
            let datum = decode(&mut **converter, &bytes).expect("all bytes are some text");
            let mut out = Vec::new();
            // Some sets are only read.
            let written = converter.encode(EncodeContext::new("t"), &datum, &mut out).is_ok();
            outcome((1, written, out == rest), &name)
        },
    };
