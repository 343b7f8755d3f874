//! What must hold for every input: what is written reads back, and no input makes a converter panic.

#![allow(clippy::unwrap_used, reason = "what a test prepares must work")]

use std::cell::RefCell;
use std::collections::BTreeMap;

use bytes::Bytes;
use connect_api::plugin::{ConverterPlugin, HeaderConverterPlugin};
use connect_api::{
    Converter, Datum, Decimal, DecodeContext, EncodeContext, Map, Role, Schema, SchemaBuilder, Struct, Value,
};
use connect_converters::{JsonConverterPlugin, SimpleHeaderConverterPlugin, StringConverterPlugin, java_text, values};
use kafka_config::RawConfig;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;

const DAY: i64 = 86_400_000;

thread_local! {
    /// Converters in use, so that the tables of their character sets are unpacked once.
    static STRINGS: RefCell<BTreeMap<&'static str, Box<dyn Converter>>> = const { RefCell::new(BTreeMap::new()) };
}

fn json(entries: &[(&str, &str)]) -> Box<dyn Converter> {
    let mut config = RawConfig::new();
    for (name, value) in entries {
        config.insert(*name, *value);
    }
    JsonConverterPlugin.converter(&config, Role::Value).unwrap()
}

fn encode(converter: &mut dyn Converter, datum: &Datum) -> Bytes {
    let mut out = Vec::new();
    converter.encode(EncodeContext::new("t"), datum, &mut out).unwrap();
    out.into()
}

fn decode(converter: &mut dyn Converter, bytes: &Bytes) -> connect_api::Result<Datum> {
    converter.decode(DecodeContext::new("t"), Some(bytes))
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![select(vec!["id", "name", "amount"]).prop_map(str::to_owned), "\\PC{1,8}", "[\"\\\\\n\u{1}é😀]{1,4}"]
}

/// A schema and a value that fits it.
fn datum() -> impl Strategy<Value = (Schema, Value)> {
    let leaf = prop_oneof![
        any::<i8>().prop_map(|n| (Schema::int8(), n.into())),
        any::<i16>().prop_map(|n| (Schema::int16(), n.into())),
        any::<i32>().prop_map(|n| (Schema::int32(), n.into())),
        any::<i64>().prop_map(|n| (Schema::int64(), n.into())),
        proptest::num::f32::NORMAL.prop_map(|n| (Schema::float32(), n.into())),
        (proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL).prop_map(|n| (Schema::float64(), n.into())),
        any::<bool>().prop_map(|b| (Schema::boolean(), b.into())),
        ".{0,20}".prop_map(|text: String| (Schema::string(), Value::string(text))),
        vec(any::<u8>(), 0..20).prop_map(|b| (Schema::bytes(), Value::Bytes(b.into()))),
        (any::<i128>(), -5..20_i32)
            .prop_map(|(n, scale)| (SchemaBuilder::decimal(scale).build(), Decimal::new(n, scale).into())),
        any::<i32>().prop_map(|days| (SchemaBuilder::date().build(), Value::Date(i64::from(days) * DAY))),
        (0..=DAY).prop_map(|millis| (SchemaBuilder::time().build(), Value::Date(millis))),
        any::<i64>().prop_map(|millis| (Schema::timestamp(), Value::Date(millis))),
    ];
    let leaf =
        (leaf, any::<Option<bool>>()).prop_map(
            |((schema, value), extra): ((Schema, Value), Option<bool>)| match extra {
                Some(true) => (SchemaBuilder::basics_of(&schema).optional().build(), Value::Null),
                Some(false) => {
                    (SchemaBuilder::basics_of(&schema).doc("d\"").default_value(value.clone()).build(), value)
                }
                None => (schema, value),
            },
        );
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            (inner.clone(), 0..4_usize).prop_map(|((schema, value), count)| {
                (SchemaBuilder::array(Some(schema)).build(), Value::Array(vec![value; count]))
            }),
            (btree_map(name(), Just(()), 0..4), inner.clone()).prop_map(|(keys, (schema, value))| {
                let map: Map = keys.into_keys().map(|key| (Value::string(key), value.clone())).collect();
                (SchemaBuilder::map(Some(Schema::string()), Some(schema)).build(), map.into())
            }),
            (btree_map(any::<i32>(), Just(()), 0..4), inner.clone()).prop_map(|(keys, (schema, value))| {
                let map: Map = keys.into_keys().map(|key| (key, value.clone())).collect();
                (SchemaBuilder::map(Some(Schema::int32()), Some(schema)).optional().build(), map.into())
            }),
            (btree_map(name(), inner, 0..12), any::<bool>()).prop_map(|(fields, named)| structure(fields, named)),
        ]
    })
}

fn structure(fields: std::collections::BTreeMap<String, (Schema, Value)>, named: bool) -> (Schema, Value) {
    let mut builder = SchemaBuilder::structure();
    if named {
        builder = builder.name("n.é\"").version(3).parameter("k", "v\\").doc("");
    }
    let mut slots = Vec::new();
    for (name, (schema, value)) in fields {
        builder = builder.field(name, schema);
        slots.push(value);
    }
    let schema = builder.build();
    (schema.clone(), Value::Struct(Struct::from_slots(schema, slots)))
}

/// JSON text that is often nearly right.
fn nearly_json() -> impl Strategy<Value = Vec<u8>> {
    let parts = select(vec![
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
        "null",
        "true",
        "fals",
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
        "\u{0}",
        "{\"type\":\"struct\",\"fields\":[",
        "\"field\":\"a\"",
        "\"default\":",
        "123456789012345678901234567890",
    ]);
    let text = vec(parts, 0..24).prop_map(|parts| parts.concat().into_bytes());
    prop_oneof![4 => text, 1 => vec(any::<u8>(), 0..40)]
}

proptest! {
    #[test]
    fn data_with_a_schema_come_back(data in vec(datum(), 1..4)) {
        for numeric in ["BASE64", "NUMERIC"] {
            let settings = [("decimal.format", numeric), ("replace.null.with.default", "false")];
            let (mut writer, mut reader) = (json(&settings), json(&settings));
            for (schema, value) in &data {
                let datum = Datum::new(schema.clone(), value.clone());
                let bytes = encode(&mut *writer, &datum);
                // Once as something new, once recognised.
                for _ in 0..2 {
                    let read = decode(&mut *reader, &bytes).unwrap();
                    prop_assert_eq!(&read, &datum, "{}", String::from_utf8_lossy(&bytes));
                    prop_assert_eq!(encode(&mut *writer, &read), bytes.clone());
                }
            }
        }
    }

    #[test]
    fn written_json_is_json((schema, value) in datum()) {
        let bytes = encode(&mut *json(&[]), &Datum::new(schema, value));
        let parsed: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(parsed.as_object().unwrap().len(), 2);
    }

    #[test]
    fn no_text_makes_the_reader_panic(texts in vec(nearly_json(), 1..4)) {
        let content = [("schema.content", "{\"type\":\"struct\",\"fields\":[{\"type\":\"int8\",\"field\":\"a\"}]}")];
        for mut reader in [json(&[]), json(&[("schemas.enable", "false")]), json(&content)] {
            for text in &texts {
                let bytes = Bytes::from(text.clone());
                let first = decode(&mut *reader, &bytes);
                let second = decode(&mut *reader, &bytes);
                prop_assert_eq!(first.ok(), second.ok());
            }
        }
    }

    #[test]
    fn a_damaged_record_is_an_error_or_another_record(
        (schema, value) in datum(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let whole = encode(&mut *json(&[]), &Datum::new(schema, value));
        let mut damaged = whole.to_vec();
        *at.get_mut(&mut damaged) = byte;
        let damaged = Bytes::from(damaged);
        // A reader that has just read the whole record must say the same as one that has not.
        let (mut fresh, mut taught) = (json(&[]), json(&[]));
        decode(&mut *taught, &whole).unwrap();
        match (decode(&mut *fresh, &damaged), decode(&mut *taught, &damaged)) {
            (Ok(fresh), Ok(taught)) => prop_assert_eq!(fresh, taught),
            (Err(fresh), Err(taught)) => prop_assert_eq!(fresh.trace(), taught.trace()),
            (fresh, taught) => prop_assert!(false, "{fresh:?} but {taught:?}"),
        }
    }

    #[test]
    fn every_header_is_read_and_written(text in "([\\[\\]{}:,\"\\\\]|null|true|-?[0-9.e]{1,4}|2020-01-02|12:34:56\\.789Z|\\PC| ){0,12}") {
        let datum = values::parse_string(&text).unwrap();
        prop_assert!(datum.schema.is_some() || datum.value.is_null());
        java_text::value_text(&datum.value);
        let mut converter = SimpleHeaderConverterPlugin.header_converter(&RawConfig::new()).unwrap();
        let mut out = Vec::new();
        converter.encode(EncodeContext::new("t"), "k", &datum, &mut out).unwrap();
        converter.decode(DecodeContext::new("t"), "k", Some(&out.into())).unwrap();
    }

    #[test]
    fn no_bytes_and_no_text_are_too_odd_for_a_character_set(
        name in select(vec![
            "Big5-HKSCS", "Cp930", "EUC-JP", "EUC-TW", "GB18030", "GBK", "ISO-2022-CN-GB", "ISO-2022-JP-2", "ISO-2022-KR", "Shift_JIS",
            "x-IBM33722", "x-ISCII91", "x-IBM964", "x-ISO-2022-CN-CNS", "x-JIS0208", "x-SJIS_0213", "x-windows-50220",
        ]),
        bytes in vec(any::<u8>(), 0..64),
        text in "(\\PC|[\n\u{1B}\u{E}\u{F}é表한😀]){0,20}",
    ) {
        STRINGS.with_borrow_mut(|strings| {
            let converter = &mut **strings.entry(name).or_insert_with(|| {
                StringConverterPlugin.converter(&RawConfig::from([("converter.encoding", name)]), Role::Value).unwrap()
            });
            let read = decode(converter, &bytes.into()).unwrap();
            for datum in [read, Datum { schema: None, value: Value::string(text) }] {
                let written = encode(converter, &datum);
                let again = decode(converter, &written).unwrap();
                prop_assert!(again.value.as_str().is_some());
            }
            Ok(())
        })?;
    }

    #[test]
    fn numbers_read_back(double in any::<f64>(), float in any::<f32>()) {
        if double.is_finite() {
            prop_assert_eq!(java_text::double_text(double).parse::<f64>().unwrap().to_bits(), double.to_bits());
        }
        if float.is_finite() {
            prop_assert_eq!(java_text::float_text(float).parse::<f32>().unwrap().to_bits(), float.to_bits());
        }
    }
}

#[test]
fn deep_nesting_fits_the_stack_of_a_thread() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(1000), close.repeat(1000));
        let mut plain = json(&[("schemas.enable", "false")]);
        let datum = decode(&mut *plain, &deep.clone().into()).unwrap();
        assert_eq!(encode(&mut *plain, &datum), deep);
        java_text::value_text(&datum.value);
        values::convert_to_string(&datum.value).unwrap();
        let envelope = format!("{{\"payload\":{},\"schema\":null}}", &deep[open.len()..deep.len() - close.len()]);
        decode(&mut *json(&[]), &envelope.into()).unwrap();
        let deeper = format!("{open}{deep}{close}");
        assert!(decode(&mut *plain, &deeper.into()).is_err());
    }
    let lists = "[".repeat(100_000);
    assert!(values::parse_string(&lists).is_err());
}
